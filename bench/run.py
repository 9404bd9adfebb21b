"""`make bench`: each row against its own limit in the same run, as a ratio; see README.md."""

import json
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from alembic import command
from charge import Charging
from joserfc import jwt
from joserfc.jwk import ECKey
from parts import (
    CACHE,
    CLIENTS,
    REPOSITORY,
    cluster,
    interleaved,
    pgbench,
    process,
    row,
    wrk,
)
from settle import Settling
from whole import PAYMENTS, measure

from billing.wiring.migrating import migration_config
from launcher import postgres
from launcher.ports import free_ports
from launcher.testing import create_database

ISSUER = "https://bench.test/auth"
HEAD = "| figure | ours | against | ratio | goal |\n|---|---|---|---|---|\n"


class Issuer:
    """Auth's part: a key set over HTTP and tokens signed by it."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "bench", "use": "sig", "alg": "ES256"})
        document = json.dumps({"keys": [self.key.as_dict(private=False)]}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(document)))
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks.json"

    def token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER, "aud": ["billing"], "sub": "customer-7", "iat": now, "nbf": now,
            "exp": now + 3600, "jti": secrets.token_hex(8), "type": "access",
            "scope": "payments:read payments:write balance:read",
        }  # fmt: skip
        head = {"alg": "ES256", "kid": "bench", "typ": "at+jwt"}
        return jwt.encode(head, claims, self.key, algorithms=["ES256"])


def peer_python() -> Path:
    """fastapi-users in an environment of its own, from a hashed lock."""
    home = CACHE / "peers"
    lock = REPOSITORY / "requirements" / "bench.txt"
    stamp = home / ".installed"
    if not stamp.exists() or stamp.read_text() != lock.read_text():
        uv = REPOSITORY / ".venv" / "bin" / "uv"
        subprocess.run([uv, "venv", "--quiet", "--clear", home], check=True)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", home / "bin/python", "-r", lock],
            check=True,
        )
        stamp.write_text(lock.read_text())
    return home / "bin" / "python"


def http_rows(server: postgres.Cluster, owner_url: str) -> None:
    issuer = Issuer()
    bearer = {"Authorization": f"Bearer {issuer.token()}"}
    ours, theirs = free_ports(2)
    environment = {
        "PYTHONPATH": str(REPOSITORY / "bench"),
        "VAR_DIR": tempfile.gettempdir(),
        "BILLING_DATABASE_URL": owner_url,
        "AUTH_JWKS_URL": issuer.url,
        "TOKEN_ISSUER": ISSUER,
        "YOOKASSA_SHOP_ID": "100500",
        "YOOKASSA_SECRET_KEY": "bench-only",
        "NOTIFICATION_SECRET": "bench-only-notification-secret",
        "LOG_LEVEL": "WARNING",
    }
    peer_url = create_database(server.url(), "peer")
    serve = ["-m", "uvicorn", "--log-level", "warning", "--no-access-log", "--port"]
    billing = [sys.executable, *serve, str(ours), "--factory", "service:make"]
    peer = [str(peer_python()), *serve, str(theirs), "users:app"]
    peer_environment = {
        "PYTHONPATH": str(REPOSITORY / "bench" / "peers"),
        "PEER_DATABASE_URL": peer_url.replace("postgresql://", "postgresql+asyncpg://"),
    }
    here, there = f"http://127.0.0.1:{ours}", f"http://127.0.0.1:{theirs}"
    with (
        process(billing, environment, f"{here}/health/ready"),
        process(peer, peer_environment, f"{there}/openapi.json"),
    ):
        create = interleaved(
            ours=lambda: wrk(f"{here}/api/v1/payment", bearer, "create.lua"),
            floor=lambda: pgbench(server, owner_url, "create.sql"),
        )
        _ratio("1 `POST /api/v1/payment`, provider in the process", create, "pgbench", "≥ 16 %")
        login(there)
        peer_bearer = {"Authorization": f"Bearer {login(there)}"}
        read = interleaved(
            ours=lambda: wrk(f"{here}/api/v1/balance", bearer),
            floor=lambda: wrk(f"{there}/users/me", peer_bearer),
        )
        times = read["ours"] / read["floor"]
        row(
            "5 authenticated read, `GET /api/v1/balance`",
            f"{read['ours']:.0f}/s", f"fastapi-users `/me` {read['floor']:.0f}/s",
            f"{times:.1f} times", "≥ 5 times",
        )  # fmt: skip


def login(url: str) -> str:
    """A token of the peer's one user."""
    user = {"email": "bench@example.com", "password": "newpassword1"}
    httpx.post(f"{url}/auth/register", json=user)
    form = {"username": user["email"], "password": user["password"]}
    answer = httpx.post(f"{url}/auth/login", data=form)
    answer.raise_for_status()
    token: str = answer.json()["access_token"]
    return token


def charge_row(server: postgres.Cluster, owner_url: str) -> None:
    charging = Charging(owner_url, create_database(server.url(), "accounting"), peer_python())
    figures = interleaved(ours=charging.ours, theirs=charging.theirs)
    times = figures["ours"] / figures["theirs"]
    row(
        "4 `charge_balance` called directly, with a key",
        f"{figures['ours']:.0f}/s", f"django-hordak {figures['theirs']:.0f}/s",
        f"{times:.1f} times", "≥ 4 times",
    )  # fmt: skip


def _ratio(name: str, figures: dict[str, float], against: str, goal: str) -> None:
    share = figures["ours"] / figures["floor"] * 100
    ours, floor = f"{figures['ours']:.0f}/s", f"{against} {figures['floor']:.0f}/s"
    row(name, ours, floor, f"{share:.0f} %", goal)


def main() -> None:
    sys.stdout.write(f"{CLIENTS} clients, medians of interleaved rounds\n\n{HEAD}")
    with cluster() as server:
        owner_url = create_database(server.url(), "bench")
        command.upgrade(migration_config(owner_url), "head")
        http_rows(server, owner_url)
        settling = Settling(server, owner_url)
        settle = interleaved(ours=settling.ours, floor=settling.floor)
        _ratio("2 `settle_payment` called directly", settle, "pgbench", "≥ 55 %")
        charge_row(server, owner_url)
    spent = measure()
    parts = ", ".join(f"{name} {ms:.1f}" for name, ms in sorted(spent.items()))
    total = f"{sum(spent.values()):.1f} ms"
    row(f"3 a whole payment, CPU of ours ({PAYMENTS} payments)", total, parts, "", "report")


if __name__ == "__main__":
    main()
