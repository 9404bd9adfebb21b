"""Auth's part: a key set over real HTTP, and tokens as tests ask for them."""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

ISSUER = "https://suite.test/auth"


@dataclass
class Issuer:
    """Plays auth: publishes its key over real HTTP and signs what tests ask for."""

    key: ECKey
    jwks_url: str
    served: list[dict[str, Any]]
    asked: list[str] = field(default_factory=list)
    is_down: bool = False

    def sign(
        self,
        subject: str,
        scope: str = "payments:read payments:write balance:read",
        *,
        header: dict[str, Any] | None = None,
        key: Any = None,
        algorithms: list[str] | None = None,
        **claims: Any,
    ) -> str:
        now = int(time.time())
        full = {
            "iss": ISSUER,
            "aud": ["auth", "billing"],
            "sub": subject,
            "iat": now,
            "nbf": now,
            "exp": now + 900,
            "jti": secrets.token_hex(8),
            "type": "access",
            "roles": ["customer"],
            "scope": scope,
            **claims,
        }
        head = {"alg": "ES256", "kid": self.key.kid, "typ": "at+jwt", **(header or {})}
        payload = {name: value for name, value in full.items() if value is not None}
        return jwt.encode(head, payload, key or self.key, algorithms=algorithms or ["ES256"])


@contextmanager
def serve_issuer() -> Iterator[Issuer]:
    key = ECKey.generate_key("P-256", {"kid": "test-1", "use": "sig", "alg": "ES256"})
    made = Issuer(key, "", [key.as_dict(private=False)])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            body = json.dumps({"keys": made.served}).encode()
            self.send_response(503 if made.is_down else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.jwks_url = f"http://127.0.0.1:{server.server_port}/jwks.json"
    yield made
    server.shutdown()
    server.server_close()
