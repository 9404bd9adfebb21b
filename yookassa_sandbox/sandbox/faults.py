"""Faults on demand: which are armed, how often they still fire and what has fired."""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sandbox.clock import real_ms, to_wire
from sandbox.errors import CODES
from sandbox.ids import random_id
from sandbox.state import State

API_MODES = frozenset({
    *("timeout_after_accept", "drop_before", "drop_after", "error_500_before", "error_500_after"),
    *("processing_202", "rate_429", "html_502", "html_503", "html_504", "truncated_json"),
    *("html_403", "html_404", "html_413", "wrong_content_type", "empty_200", "slow", "drip"),
    *("auth_401", "forbidden_403", "refusal", "strange_words"),
})  # fmt: skip
EVENT_MODES = frozenset({
    *("webhook_lost", "webhook_duplicate", "webhook_late", "webhook_out_of_order"),
    "webhook_stale",
})  # fmt: skip
# Fires where an operation is answered, though what it disturbs is the notification.
BEFORE_RESPONSE = "webhook_before_response"
# What becomes of a new refund, if it is not to succeed at once.
REFUND_MODES = frozenset({"refund_pending", "refund_canceled"})
MODES = API_MODES | EVENT_MODES | REFUND_MODES | {BEFORE_RESPONSE}
_WORD = r"^[a-z0-9_]{1,64}$"


class FaultSpec(BaseModel):
    """What a test asks for. Notification and refund modes ignore method and path."""

    model_config = ConfigDict(extra="forbid", strict=True)

    mode: str
    method: str = "*"
    path: str = "*"
    times: int = Field(1, ge=1, le=1_000_000)
    probability: float | None = Field(None, gt=0, le=1)  # of each call that matches
    seed: int | None = None  # the same seed, the same calls met
    # Only the notifications and refunds of this payment, or the notifications of this refund.
    object_id: str | None = None
    # Seconds: slow, drip, late, out of order; of a pending refund, and without it until told.
    delay: float | None = Field(None, ge=0, le=10_000_000)
    spread: float | None = Field(None, ge=0, le=3600)  # slow: up to so many seconds more
    copies: int = Field(2, ge=2, le=100)  # webhook_duplicate
    retry_after: int | None = Field(None, ge=0, le=86_400)  # seconds: rate_429, html_503
    processed: bool | None = None  # html_50x: whether the request reached the shop before
    status: int | None = None  # refusal: a code of the provider's table below 500
    # Why a refund ends in canceled; unknown ones pass, for the provider's lists grow too.
    reason: str | None = Field(None, pattern=_WORD)
    party: str | None = Field(None, pattern=_WORD)

    @field_validator("mode")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in MODES:
            raise ValueError(f"unknown mode; known are {', '.join(sorted(MODES))}")
        return value

    @model_validator(mode="after")
    def _status_of_a_refusal(self) -> "FaultSpec":
        if (self.mode == "refusal") is not (self.status is not None):
            raise ValueError("a refusal, and nothing else, has a status")
        if self.status is not None and not (self.status < 500 and self.status in CODES):
            raise ValueError("no status of a refusal")
        return self

    @model_validator(mode="after")
    def _reason_of_a_refund(self) -> "FaultSpec":
        if (self.reason or self.party) and self.mode not in REFUND_MODES:
            raise ValueError("only refunds are canceled for a reason")
        if self.party and not self.reason:
            raise ValueError("a party says no for a reason")
        return self

    @field_validator("method")
    @classmethod
    def _upper(cls, value: str) -> str:
        return value.upper() or "*"

    def meets(self, method: str, path: str) -> bool:
        """`/v3/payments` exactly, or a beginning with `*`; the `/v3` may be left out."""
        if self.method not in ("*", method):
            return False
        wanted = self.path if self.path.startswith(("/v3", "*")) else f"/v3{self.path}"
        if wanted.endswith("*"):
            return path.startswith(wanted[:-1])
        return path == wanted


@dataclass(slots=True)
class Armed:
    """A fault that still has something to do."""

    id: str
    spec: FaultSpec
    remaining: int
    fired: int
    chance: Random

    def happens(self) -> bool:
        """Whether this call is one of those that are met; always, without a probability."""
        wanted = self.spec.probability
        return wanted is None or self.chance.random() < wanted

    def drawn(self) -> FaultSpec:
        """What to do this time: of a spread, one value."""
        if self.spec.spread is None:
            return self.spec
        delay = (self.spec.delay or 0.0) + self.chance.uniform(0, self.spec.spread)
        return self.spec.model_copy(update={"delay": delay})


def _arm(identity: str, spec: FaultSpec, *, remaining: int, fired: int) -> Armed:
    return Armed(identity, spec, remaining, fired, Random(spec.seed))  # noqa: S311 - no secret


class Faults:
    """Kept in the state file, so that a restart in the middle of an experiment changes nothing."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._armed = [
            _arm(
                row["id"],
                FaultSpec.model_validate_json(row["spec"]),
                remaining=row["remaining"],
                fired=row["fired"],
            )
            for row in state.all("SELECT * FROM faults WHERE remaining > 0 ORDER BY seq")
        ]
        self._journal: deque[dict[str, Any]] = deque(maxlen=500)

    def arm(self, spec: FaultSpec) -> Armed:
        """The oldest of several that match fires first."""
        armed = _arm(random_id(), spec, remaining=spec.times, fired=0)
        self._state.run(
            "INSERT INTO faults (id, spec, remaining) VALUES (?, ?, ?)",
            *(armed.id, spec.model_dump_json(), spec.times),
        )
        self._armed.append(armed)
        return armed

    def clear(self) -> None:
        """Nothing is armed any more; the journal stays until the next start."""
        self._armed.clear()
        self._state.run("DELETE FROM faults")

    def take_for_request(self, method: str, path: str) -> FaultSpec | None:
        """The fault for this call of the API, counted."""
        return self._take(
            f"{method} {path}", lambda spec: spec.mode in API_MODES and spec.meets(method, path)
        )

    def take_for_event(self, payload: dict[str, Any], event: str) -> FaultSpec | None:
        """The fault for this notification, counted; a refund's is also its payment's."""
        whose = (None, payload["id"], payload.get("payment_id"))
        return self._take(
            f"{event} {payload['id']}",
            lambda spec: spec.mode in EVENT_MODES and spec.object_id in whose,
        )

    def take_for_refund(self, payment_id: str) -> FaultSpec | None:
        """What is to become of a new refund of this payment, counted."""
        return self._take(
            f"refund of {payment_id}",
            lambda spec: spec.mode in REFUND_MODES and spec.object_id in (None, payment_id),
        )

    def take_before_response(self, what: str) -> FaultSpec | None:
        """Whether this operation's notification has to overtake its answer."""
        return self._take(what, lambda spec: spec.mode == BEFORE_RESPONSE)

    def show(self) -> dict[str, Any]:
        """For GET /_sandbox/faults."""
        rows = self._state.all("SELECT * FROM faults ORDER BY seq DESC LIMIT 200")
        items = [
            {
                "id": row["id"],
                **FaultSpec.model_validate_json(row["spec"]).model_dump(exclude_none=True),
                "remaining": row["remaining"],
                "fired": row["fired"],
            }
            for row in rows
        ]
        return {"items": items, "journal": list(self._journal)}

    def _take(self, what: str, matches: Callable[[FaultSpec], bool]) -> FaultSpec | None:
        for armed in self._armed:
            if matches(armed.spec) and armed.happens():
                return self._fire(armed, what)
        return None

    def _fire(self, armed: Armed, what: str) -> FaultSpec:
        armed.remaining -= 1
        armed.fired += 1
        if armed.remaining == 0:
            self._armed.remove(armed)
        self._state.run(
            "UPDATE faults SET remaining = ?, fired = ? WHERE id = ?",
            *(armed.remaining, armed.fired, armed.id),
        )
        entry = {"fault_id": armed.id, "mode": armed.spec.mode, "what": what}
        self._journal.append({"at": to_wire(real_ms()), **entry})
        return armed.drawn()


def show_armed(armed: Armed) -> dict[str, Any]:
    """A fault as the control API answers it."""
    spec = json.loads(armed.spec.model_dump_json(exclude_none=True))
    return {"id": armed.id, **spec, "remaining": armed.remaining, "fired": armed.fired}
