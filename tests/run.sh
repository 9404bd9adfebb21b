#!/bin/sh
# Everything that must pass. Uses databases, ports and folders of its own, whatever the shell exported.
set -eu

for name in $(env | sed -n 's/^\([A-Z0-9_]*\(_PORT\|_DATABASE_URL\)\)=.*/\1/p') BASE_URL VAR_DIR; do
    unset "$name"
done

# The browser tests need Chromium; root may install it, others are told how.
if ! command -v chromium >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing Chromium for the browser tests"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            chromium fonts-dejavu-core; } >/dev/null 2>&1 || echo "Chromium could not be installed"
    fi
fi
command -v chromium >/dev/null 2>&1 ||
    echo "browser tests are skipped: install Debian's chromium (apt-get install chromium) and run make test again"

# The Postman collection needs Node.
if command -v npm >/dev/null 2>&1; then
    if [ ! -x tests/postman/node_modules/.bin/newman ]; then
        echo "installing newman for the Postman collection"
        npm ci --prefix tests/postman --silent --no-audit --no-fund >/dev/null 2>&1 || echo "newman could not be installed"
    fi
else
    echo "the Postman collection is skipped: install Node.js (apt-get install nodejs npm) and run make test again"
fi

# Much of it waits (for leases, restarts, time-outs), so two processes side by side take about half the time.
exec .venv/bin/python -m pytest -n "${TEST_PROCESSES:-2}" --dist loadscope "$@"
