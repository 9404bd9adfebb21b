"""Positions of the feed: `<xid>-<seq>`, opaque to readers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from auth.changes.problems import BadPosition

_POSITION = re.compile(r"([0-9]{1,20})-([0-9]{1,19})")
_XID_MAX = 2**64 - 1
_SEQ_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True, order=True)
class Position:
    xid: int = 0
    seq: int = 0

    def __str__(self) -> str:
        return f"{self.xid}-{self.seq}"


def parse_position(given: str) -> Position:
    """The beginning for an empty string; BadPosition for what we never gave out."""
    if not given:
        return Position()
    match = _POSITION.fullmatch(given)
    if match is None:
        raise BadPosition
    position = Position(int(match[1]), int(match[2]))
    if position.xid > _XID_MAX or position.seq > _SEQ_MAX:
        raise BadPosition
    return position
