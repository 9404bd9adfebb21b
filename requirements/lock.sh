#!/bin/sh
# Resolves all versions anew: one set for development, and one a service that agrees with it.
# Hashed and without addresses, so that a lock says what to install and not where from.
set -eu
cd "$(dirname "$0")/.."

compile() { .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-header --no-annotate "$@"; }

printf 'uv>=0.13\n' | compile --output-file requirements/uv.txt -
compile --output-file requirements/dev.txt --group build --group test --group lint \
    pyproject.toml billing_api/pyproject.toml auth_api/pyproject.toml admin_panel/pyproject.toml \
    yookassa_sandbox/pyproject.toml
printf 'fastapi-users[sqlalchemy]\nasyncpg\nuvicorn[standard]\ndjango-hordak\npsycopg2-binary\n' |
    compile --output-file requirements/bench.txt -
for service in billing_api auth_api admin_panel yookassa_sandbox; do
    compile --constraint requirements/dev.txt --output-file "$service/requirements.txt" "$service/pyproject.toml"
done
