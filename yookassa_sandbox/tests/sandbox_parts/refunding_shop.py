"""A shop that also gives back what it has taken."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, multiple, rule

from sandbox.faults import FaultSpec
from sandbox.refund_creation import RefundOrder
from sandbox.refunds import Refunds
from sandbox_parts.shop import HOUR_MS, SHOP, Shop, kopecks

# What becomes of a refund: at once, at once not, when told, in an hour, in an hour not.
FATES = (
    None,
    FaultSpec(mode="refund_canceled"),
    FaultSpec(mode="refund_pending"),
    FaultSpec(mode="refund_pending", delay=3600),
    FaultSpec(mode="refund_pending", delay=3600, reason="insufficient_funds"),
)
# How much of what is left, in ten-thousandths, and what becomes of it.
PARTS = st.tuples(st.integers(1, 10_001), st.sampled_from(FATES))


@dataclass
class Expected:
    """One refund: its payment, its sum in kopecks, and how it ends if nobody does anything."""

    of: str
    sum: int
    status: str
    due_ms: int | None
    due_status: str


class RefundingShop(Shop):
    refund_kind = Refunds
    refunds = Bundle("refunds")

    def __init__(self) -> None:
        super().__init__()
        self._fate: FaultSpec | None = None
        self._back = self.refund_kind(
            *(self._state, self._settings, self._clock),
            payments=self._shop,
            publish=self._told,
            switch=lambda _: self._fate,
        )
        self._refunds: dict[str, Expected] = {}

    def _told(self, event: str, shown: dict[str, Any], before: dict[str, Any]) -> None:
        assert (before["status"], shown["status"]) == ("pending", "succeeded")
        self._events.setdefault(shown["id"], []).append(event)

    @rule(target=refunds, asked=st.integers(100, 35_000_000), parts=st.lists(PARTS, min_size=1))
    def sell_and_refund(self, asked: int, parts: list[tuple[int, FaultSpec | None]]) -> Any:
        which = self.create(asked, captures=True)
        self.pay(which)
        made = [self._ask(which, *part) for part in parts]
        return multiple(*(refund_id for refund_id in made if refund_id))

    @rule(hours=st.integers(0, 100))
    def wait(self, hours: int) -> None:
        super().wait(hours)
        for one in self._refunds.values():
            if one.due_ms is not None and one.due_ms <= self._clock.ms:
                one.status, one.due_ms = one.due_status, None
        self._back.sweep()

    @rule(target=refunds, which=Shop.payments, part=PARTS)
    def refund(self, which: str, part: tuple[int, FaultSpec | None]) -> Any:
        made = self._ask(which, *part)
        return multiple() if made is None else made

    def _ask(self, which: str, share: int, fate: FaultSpec | None) -> str | None:
        payment, self._fate = self._model[which], fate
        left = payment.taken - self._sum(which, "pending", "succeeded")
        asked = max(100, (left or payment.asked) * share // 10_000)
        fits = left == asked or left >= asked + 100
        order, made = RefundOrder(which, Decimal(asked) / 100), []
        is_allowed = self._allowed(lambda: made.append(self._back.create(self._get(which), order)))
        assert is_allowed is (payment.status == "succeeded" and fits)
        if not is_allowed:
            return None
        is_pending = fate is not None and fate.mode == "refund_pending"
        fails = fate is not None and (fate.reason is not None or not is_pending)
        end = "canceled" if fails else "succeeded"
        due_ms = self._clock.ms + HOUR_MS if fate is not None and fate.delay else None
        status = "pending" if is_pending else end
        self._refunds[made[0].id] = Expected(which, asked, status, due_ms, end)
        return str(made[0].id)

    @rule(which=refunds, end=st.sampled_from(("succeeded", "canceled")))
    def end_refund(self, which: str, end: str) -> None:
        refund, one = self._back.get(which, SHOP), self._refunds[which]
        if end == "succeeded":
            is_allowed = self._allowed(lambda: self._back.succeed(refund))
        else:
            is_allowed = self._allowed(lambda: self._back.cancel(refund, "rejected_by_payee"))
        assert is_allowed is (one.status in ("pending", end))
        if one.status == "pending":
            one.status, one.due_ms = end, None

    @invariant()
    def no_more_goes_back_than_was_taken(self) -> None:
        for which, payment in self._model.items():
            assert self._sum(which, "pending", "succeeded") <= payment.taken
            shown = self._get(which).document.get("refunded_amount", {"value": "0.00"})
            assert kopecks(shown) == self._sum(which, "succeeded")

    @invariant()
    def every_refund_is_what_its_story_says(self) -> None:
        for which, one in self._refunds.items():
            shown = self._back.get(which, SHOP).document
            assert (shown["status"], shown["payment_id"]) == (one.status, one.of)
            assert kopecks(shown["amount"]) == one.sum
            told = ["refund.succeeded"] if one.status == "succeeded" else []
            assert self._events.get(which, []) == told

    def _sum(self, which: str, *statuses: str) -> int:
        known = self._refunds.values()
        return sum(one.sum for one in known if one.of == which and one.status in statuses)
