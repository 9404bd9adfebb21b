"""Reads of clients."""

from __future__ import annotations

from sqlalchemy.orm import Session

from auth.clients.tables import Client


def find_client(session: Session, client_id: str) -> Client | None:
    return session.get(Client, client_id)
