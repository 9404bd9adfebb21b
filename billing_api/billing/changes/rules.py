"""Positions in the feed: (transaction, number), opaque to consumers. Pure."""

import re
from dataclasses import dataclass

_POSITION = re.compile(r"(0|[1-9][0-9]{0,19})-(0|[1-9][0-9]{0,18})", re.ASCII)
XID_MAX = 2**64 - 1
SEQ_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True, order=True)
class Position:
    xid: int = 0
    seq: int = 0

    def __str__(self) -> str:
        return f"{self.xid}-{self.seq}"


def parse_position(text: str) -> Position | None:
    """Empty is the beginning; None is not a position."""
    if not text:
        return Position()
    match = _POSITION.fullmatch(text)
    if match is None:
        return None
    position = Position(int(match[1]), int(match[2]))
    return position if position.xid <= XID_MAX and position.seq <= SEQ_MAX else None
