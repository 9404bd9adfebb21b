"""A new signing key is published, and keys whose last token is dead are removed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from auth.keys.keyring import publication_times, remove_leftovers, write_key
from auth.keys.rules import MARGIN_SECONDS, PUBLISH_SECONDS, outlived_kids
from auth.platform.clock import Clock


@dataclass(frozen=True, slots=True)
class Rotation:
    added: str
    signs_after_seconds: int
    removed: list[str]


def rotate_keys(folder: Path, clock: Clock, *, token_seconds: int) -> Rotation:
    """Raises KeyringError. Safe to repeat: a key goes only once nothing it signed can live."""
    now = clock.now()
    kid = f"{now:%Y%m%d%H%M%S}-{secrets.token_hex(4)}"
    known = publication_times(folder)
    removed = outlived_kids(known, now.timestamp(), token_seconds + MARGIN_SECONDS)
    remove_leftovers(folder)
    write_key(folder, kid)
    for old in removed:
        (folder / f"{old}.pem").unlink()
    return Rotation(kid, PUBLISH_SECONDS, removed)
