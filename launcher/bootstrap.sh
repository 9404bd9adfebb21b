#!/bin/sh
# Makes .venv from the hashed locks: uv comes first (itself by hash), then everything else through it.
set -eu

python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; then
    echo "error: Python 3.11 to 3.14 is needed; PYTHON=/path/to/python3.11 make ... names one" >&2
    exit 1
fi

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c '' 2>/dev/null; then
    rm -rf .venv
    # Debian's own Python has venv without ensurepip; its pip can install into the environment.
    if ! "$python" -m venv .venv >/dev/null 2>&1; then
        rm -rf .venv
        "$python" -m venv --without-pip .venv
    fi
fi

if [ ! -x .venv/bin/uv ]; then
    echo "installing uv"
    if .venv/bin/python -m pip --version >/dev/null 2>&1; then
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
    elif "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m pip --python .venv/bin/python install --quiet --disable-pip-version-check \
            --require-hashes -r requirements/uv.txt
    else
        echo "error: this Python has neither venv with pip nor pip (Debian: apt-get install python3-venv)" >&2
        exit 1
    fi
fi

# uv reads none of pip's settings: a mirror that pip was told of is passed on.
index=${PIP_INDEX_URL:-$("$python" -m pip config get global.index-url 2>/dev/null || true)}
if [ -n "$index" ] && [ -z "${UV_DEFAULT_INDEX:-}" ]; then
    export UV_DEFAULT_INDEX="$index"
fi
export UV_LINK_MODE=copy VIRTUAL_ENV="$PWD/.venv"

install() { .venv/bin/uv pip install --quiet --python .venv/bin/python "$@"; }

echo "installing packages"
# A machine may trust an authority of its own that uv's built-in list does not have.
if ! install --require-hashes -r requirements/dev.txt 2>/dev/null; then
    export UV_SYSTEM_CERTS=1
    install --require-hashes -r requirements/dev.txt
fi
install --no-deps --no-build-isolation -e . -e ./billing_api -e ./auth_api -e ./admin_panel -e ./yookassa_sandbox
