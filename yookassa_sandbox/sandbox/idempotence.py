"""One key, one operation: within 24 hours a repeat shows its object and does nothing."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.clock import Clock
from sandbox.errors import ProviderError, invalid
from sandbox.settings import Settings
from sandbox.state import State

_KEY = re.compile(r"[0-9a-zA-Z+\-_.]{1,64}", re.ASCII)
_HEADER = "Idempotence-Key"


@dataclass(frozen=True, slots=True)
class Operation:
    """What a key stands for."""

    shop_id: str
    key: str
    fingerprint: bytes


def operation(shop_id: str, key: str | None, *, method: str, path: str, body: bytes) -> Operation:
    """Refuses a key that is missing or malformed."""
    if not key:
        raise invalid("Idempotence key is empty", _HEADER)
    if not _KEY.fullmatch(key):
        raise invalid("Idempotence key is illegal or longer than 64 characters", _HEADER)
    digest = hashlib.sha256(f"{method} {path}\n".encode() + body)
    return Operation(shop_id, key, digest.digest())


class Idempotence:
    """Requests do not interleave inside `once` (the state is synchronous), so the second of two
    at once finds what the first has made: no lock is needed and exactly one object appears."""

    def __init__(self, state: State, settings: Settings, clock: Clock) -> None:
        self._state, self._settings, self._clock = state, settings, clock

    def once(
        self,
        asked: Operation,
        act: Callable[[], dict[str, Any]],
        show: Callable[[str], dict[str, Any]],
    ) -> tuple[dict[str, Any], bool]:
        """The object and whether it is new; `show` reads a known one as it is now."""
        row = self._find(asked)
        if row is not None:
            if row["fingerprint"] != asked.fingerprint:
                raise invalid("Idempotence key duplicated", _HEADER)
            return self._repeat(row["object_id"], json.loads(row["answer"]), show), False
        try:
            with self._state.transaction():
                answer = act()
                original = answer if self._settings.replay == "original" else {}
                self._keep(asked, answer["id"], original)
        except ProviderError as refusal:
            if refusal.status == 400 and self._settings.refusal_uses_key:
                kept = {"description": refusal.description, "parameter": refusal.parameter}
                self._keep(asked, None, kept)
            raise
        return answer, True

    def forget_old(self) -> int:
        """Drops the keys past their day; how many."""
        return self._state.run("DELETE FROM idempotence WHERE created_ms <= ?", self._horizon())

    def _find(self, asked: Operation) -> Any:
        return self._state.one(
            "SELECT fingerprint, object_id, answer FROM idempotence"
            " WHERE shop_id = ? AND key = ? AND created_ms > ?",
            *(asked.shop_id, asked.key, self._horizon()),
        )

    def _repeat(
        self,
        object_id: str | None,
        answer: dict[str, Any],
        show: Callable[[str], dict[str, Any]],
    ) -> dict[str, Any]:
        if object_id is None:
            raise invalid(answer["description"], answer["parameter"])
        return show(object_id) if self._settings.replay == "current" else answer

    def _keep(self, asked: Operation, object_id: str | None, answer: dict[str, Any]) -> None:
        self._state.run(
            "INSERT OR REPLACE INTO idempotence"
            " (shop_id, key, fingerprint, object_id, answer, created_ms)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            *(asked.shop_id, asked.key, asked.fingerprint, object_id),
            *(json.dumps(answer, ensure_ascii=False), self._clock.now_ms()),
        )

    def _horizon(self) -> int:
        return self._clock.now_ms() - self._settings.key_seconds * 1000
