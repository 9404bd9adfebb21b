"""An operator gives a program its id, secret and scopes; again with others replaces them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from auth.audit.rules import Event, Origin
from auth.audit.store import record
from auth.clients.rules import CLIENT_ID_PATTERN, SECRET_LENGTH_MIN, hash_secret, parse_scope
from auth.clients.store import put_client
from auth.platform.clock import Clock
from auth.platform.database import Database


def ensure_client(
    db: Database, clock: Clock, *, client_id: str, secret: str, scopes: Sequence[str]
) -> None:
    """Raises ValueError for an id, a secret or a scope that cannot be."""
    if not re.fullmatch(CLIENT_ID_PATTERN, client_id):
        raise ValueError("a client id is 3 to 64 letters, digits or . _ -")
    if len(secret) < SECRET_LENGTH_MIN:
        raise ValueError(
            f"a client secret is random and has {SECRET_LENGTH_MIN} characters or more"
        )
    parsed = parse_scope(" ".join(scopes))
    if parsed is None:
        raise ValueError("a client needs one scope or more, separated by spaces")
    now = clock.now()
    with db.begin() as session:
        put_client(
            session, client_id=client_id, secret_hash=hash_secret(secret), scopes=parsed, now=now
        )
        record(
            session,
            Event.CLIENT_PUT,
            now=now,
            origin=Origin(address="cli"),
            client_id=client_id,
            detail={"scope": " ".join(parsed)},
        )
