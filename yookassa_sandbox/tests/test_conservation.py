"""Whatever is done in whatever order: held money is taken once, given back, or held still, and of
what was taken no more is refunded than there was."""

from decimal import Decimal

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sandbox_parts.refunding_shop import RefundingShop
from sandbox_parts.shop import Shop

from sandbox.payment_store import Payment
from sandbox.payments import Payments
from sandbox.refunds import Refunds


class GreedyPayments(Payments):
    """Takes all that is held, whatever was asked."""

    def capture(self, payment: Payment, amount: Decimal | None) -> Payment:
        return super().capture(payment, None)


class GreedyShop(Shop):
    kind = GreedyPayments


class SlackPayments(Payments):
    """Gives back what it has already taken."""

    def cancel_hold(self, payment: Payment) -> Payment:
        payment.document["status"] = "waiting_for_capture"
        return super().cancel_hold(payment)


class SlackShop(Shop):
    kind = SlackPayments


class ForgetfulPayments(Payments):
    """Keeps no sum of what went back."""

    def add_refunded(self, payment_id: str, amount: Decimal) -> None:
        pass


class ForgetfulShop(RefundingShop):
    kind = ForgetfulPayments


class BlindRefunds(Refunds):
    """Does not see what is under way."""

    def left(self, payment: Payment) -> Decimal:
        document = payment.document
        captured, refunded = document["amount"], document.get("refunded_amount", {"value": 0})
        return Decimal(captured["value"]) - Decimal(refunded["value"])


class BlindShop(RefundingShop):
    refund_kind = BlindRefunds


TestShop, TestRefundingShop = Shop.TestCase, RefundingShop.TestCase
TestShop.settings = TestRefundingShop.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, derandomize=True
)


@pytest.mark.parametrize("naive", [GreedyShop, SlackShop, ForgetfulShop, BlindShop])
def test_a_shop_that_loses_or_makes_money_is_found(naive):
    """The control."""
    quick = settings(
        TestShop.settings,
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(naive, settings=quick)
