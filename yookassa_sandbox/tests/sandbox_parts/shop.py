"""A shop whose payments are held against their story, step by step."""

import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from sandbox.clock import Clock
from sandbox.creation import parse_creation
from sandbox.errors import ProviderError
from sandbox.payments import Payments
from sandbox.settings import Settings
from sandbox.state import State

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
# Of what was held, in ten-thousandths; None asks for all of it without saying how much.
SHARES = (None, 1, 5_000, 9_999, 10_000, 10_001, 12_000)
SHOP = "100500"
ORDER = ("pending", "waiting_for_capture", "succeeded", "canceled")
LEGAL = {
    *(("pending", end) for end in ORDER[1:]),
    *(("waiting_for_capture", end) for end in ORDER[2:]),
}


class HandClock(Clock):
    """Time that nothing moves but the test."""

    def __init__(self) -> None:
        super().__init__()
        self.ms = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms


@dataclass
class Expected:
    """One payment as the rules of the provider have it; sums in kopecks."""

    asked: int
    captures_at_once: bool
    deadline_ms: int | None
    status: str = "pending"
    held: int = 0
    taken: int = 0
    returned: int = 0

    def end(self, status: str, taken: int = 0) -> None:
        self.taken, self.returned = taken, self.held - taken
        self.status, self.held, self.deadline_ms = status, 0, None


def kopecks(amount: dict[str, str]) -> int:
    return int(Decimal(amount["value"]) * 100)


class Shop(RuleBasedStateMachine):
    kind = Payments
    payments = Bundle("payments")

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._state = State(Path(self._folder.name) / "state.sqlite")
        self._clock = HandClock()
        self._settings = Settings()
        self._events: dict[str, list[str]] = {}
        self._shop = self.kind(self._state, self._settings, self._clock, self._heard)
        self._model: dict[str, Expected] = {}

    def _heard(self, event: str, shown: dict[str, Any], before: dict[str, Any]) -> None:
        assert (before["status"], shown["status"]) in LEGAL
        self._events.setdefault(shown["id"], []).append(event)

    def teardown(self) -> None:
        self._state.close()
        self._folder.cleanup()

    @rule(target=payments, asked=st.integers(100, 35_000_000), captures=st.booleans())
    def create(self, asked: int, captures: bool) -> str:
        body = {
            "amount": {"value": f"{asked // 100}.{asked % 100:02}", "currency": "RUB"},
            "capture": captures,
            "confirmation": {"type": "external"},
        }
        made = self._shop.create(SHOP, parse_creation(body, self._settings))
        self._model[made.id] = Expected(asked, captures, self._clock.ms + HOUR_MS)
        return made.id

    @rule(target=payments, asked=st.integers(200, 35_000_000))
    def hold(self, asked: int) -> str:
        which = self.create(asked, captures=False)
        self.pay(which)
        return which

    @rule(hours=st.integers(0, 100))
    def wait(self, hours: int) -> None:
        self._clock.ms += hours * HOUR_MS
        for one in self._model.values():
            if one.deadline_ms is not None and one.deadline_ms <= self._clock.ms:
                one.end("canceled")
        self._shop.sweep()

    @rule(which=payments)
    def pay(self, which: str) -> None:
        one = self._model[which]
        assert self._allowed(lambda: self._shop.pay(self._get(which))) is (one.status != "canceled")
        if one.status != "pending":
            return
        one.held = one.asked
        if one.captures_at_once:
            one.end("succeeded", one.asked)
        else:
            one.status, one.deadline_ms = "waiting_for_capture", self._clock.ms + 7 * DAY_MS

    @rule(which=payments, share=st.sampled_from(SHARES))
    def capture(self, which: str, share: int | None) -> None:
        one = self._model[which]
        amount = None if share is None else Decimal(one.asked * share // 10_000) / 100
        wanted = one.asked if amount is None else int(amount * 100)
        fits = amount is None or 100 <= wanted <= one.held
        is_allowed = self._allowed(lambda: self._shop.capture(self._get(which), amount))
        assert is_allowed is (one.status == "waiting_for_capture" and fits)
        if is_allowed:
            one.end("succeeded", wanted)

    @rule(which=payments)
    def give_back(self, which: str) -> None:
        one = self._model[which]
        is_allowed = self._allowed(lambda: self._shop.cancel_hold(self._get(which)))
        assert is_allowed is (one.status == "waiting_for_capture")
        if is_allowed:
            one.end("canceled")

    @rule(which=payments)
    def decline(self, which: str) -> None:
        one = self._model[which]
        is_allowed = self._allowed(lambda: self._shop.decline(self._get(which), "call_issuer"))
        assert is_allowed is (one.status != "succeeded")
        if one.status in ("pending", "waiting_for_capture"):
            one.end("canceled")

    @invariant()
    def every_payment_is_what_its_story_says(self) -> None:
        for which, one in self._model.items():
            shown = self._get(which).document
            assert shown["status"] == one.status
            assert shown["paid"] is (one.held > 0 or one.taken > 0)
            assert kopecks(shown["amount"]) == (one.taken or one.asked)
            assert ("income_amount" in shown) is (one.status == "succeeded")
            if one.taken:
                fee = (Decimal(one.taken) * 35 / 100_000).quantize(Decimal("0.01"))
                assert abs(kopecks(shown["income_amount"]) - (one.taken - fee * 100)) <= 1

    @invariant()
    def money_is_conserved(self) -> None:
        for which, one in self._model.items():
            came_in = one.asked if one.held or one.taken or one.returned else 0
            assert came_in == one.held + one.taken + one.returned
            assert len(self._events.get(which, [])) <= 2 - one.captures_at_once

    def _get(self, which: str) -> Any:
        return self._shop.get(which, SHOP)

    @staticmethod
    def _allowed(act: Any) -> bool:
        try:
            act()
        except ProviderError as refusal:
            return refusal.status not in (400, 409)
        return True
