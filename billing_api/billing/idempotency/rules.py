"""A caller's key: its form, and what a repeat meets. Pure."""

import hashlib
import re
from dataclasses import dataclass
from uuid import UUID

from billing.platform.strict_json import dump_json

_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeyScope:
    """One key of one caller on one route; the same word elsewhere is another key."""

    caller: str
    route: str
    key: str
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """`replayed`: the very bytes given before, about the object made then."""

    object_id: UUID
    answer: StoredAnswer
    replayed: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """What stands behind a key. Without an answer the object shows how far it went."""

    object_id: UUID
    is_new: bool
    same_body: bool
    in_progress: bool
    answer: StoredAnswer | None


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def hash_request(meaning: dict[str, object]) -> bytes:
    """Of what is asked, not of its spelling: blanks and 1342.00 against "1342.00" are one."""
    return hashlib.sha256(dump_json(dict(sorted(meaning.items())))).digest()
