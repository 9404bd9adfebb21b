"""Writes to clients."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from auth.clients.tables import Client


def put_client(
    session: Session, *, client_id: str, secret_hash: bytes, scopes: list[str], now: datetime
) -> None:
    """Makes the client, or gives it this secret and these scopes."""
    values = {"secret_hash": secret_hash, "scopes": scopes, "updated_at": now}
    session.execute(
        insert(Client)
        .values(client_id=client_id, created_at=now, **values)
        .on_conflict_do_update(index_elements=[Client.client_id], set_=values)
    )
