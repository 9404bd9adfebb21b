"""Appends a snapshot, in the same transaction as the change it shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from auth.changes.tables import Change


def append(
    session: Session,
    *,
    kind: str,
    object_id: str,
    version: int,
    at: datetime,
    data: Mapping[str, Any],
) -> None:
    session.execute(
        insert(Change).values(
            kind=kind, object_id=object_id, version=version, at=at, data=dict(data)
        )
    )
