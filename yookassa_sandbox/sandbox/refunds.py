"""A refund's life: pending -> succeeded | canceled, no step back; what a payment may give back."""

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox import money
from sandbox.clock import Clock, to_wire
from sandbox.errors import ProviderError, invalid, not_found
from sandbox.faults import FaultSpec
from sandbox.ids import object_id
from sandbox.payment_store import Payment
from sandbox.payments import Payments, Publish
from sandbox.refund_creation import RefundOrder
from sandbox.refund_store import Refund, RefundStore
from sandbox.settings import Settings
from sandbox.state import State

# What a test wants to become of a new refund of this payment; None for success at once.
Switch = Callable[[str], FaultSpec | None]

REASONS = (
    *("insufficient_funds", "general_decline", "rejected_by_payee", "rejected_by_timeout"),
    *("yoo_money_account_closed", "payment_basket_id_not_found"),
    *("payment_article_number_not_found", "payment_tru_code_not_found"),
    *("too_many_refunding_articles", "some_articles_already_refunded"),
)
DEFAULT_REASON = "general_decline"
# Who says no, where it is not the bank or whoever else is on the way to the payer.
_BY_PROVIDER = ("insufficient_funds", "rejected_by_timeout", "yoo_money_account_closed")
_MEMORY_MS = 3 * 365 * 86_400_000


class Refunds:
    """Every change is one transaction: the row, the payment's sum, the notification, the key."""

    def __init__(
        self,
        state: State,
        settings: Settings,
        clock: Clock,
        *,
        payments: Payments,
        publish: Publish,
        switch: Switch,
    ) -> None:
        self._state, self._settings, self._clock = state, settings, clock
        self._payments, self._publish, self._switch = payments, publish, switch
        self.store = RefundStore(state)

    def create(self, payment: Payment, order: RefundOrder) -> Refund:
        """Succeeded at once unless a switch says otherwise.

        Raises ProviderError 400 where the payment cannot give this back: then nothing is made.
        """
        self.sweep()
        self._check(payment, order.amount)
        now = self._clock.now_ms()
        refund = Refund(
            id=object_id(now),
            shop_id=payment.shop_id,
            payment_id=payment.id,
            document={},
            amount_minor=int(order.amount * 100),
            created_ms=now,
        )
        refund.document = self._new_document(refund, order)
        with self._state.transaction():
            wanted = self._switch(payment.id)
            if wanted is not None and wanted.mode == "refund_pending":
                refund.reason, refund.party = wanted.reason, wanted.party
                if wanted.delay is not None:
                    refund.due_ms = now + round(wanted.delay * 1000)
            self.store.insert(refund)
            if wanted is None:
                self.succeed(refund)
            elif wanted.mode == "refund_canceled":
                self.cancel(refund, wanted.reason or DEFAULT_REASON, wanted.party)
        return refund

    def get(self, refund_id: str, shop_id: str | None = None) -> Refund:
        """As it is now: a date that has come is applied on the way. ProviderError 404."""
        refund = self.store.find(refund_id)
        if refund is None or (shop_id is not None and refund.shop_id != shop_id):
            raise not_found("Refund", "refund_id")
        if refund.due_ms is not None and refund.due_ms <= self._clock.now_ms():
            self._end(refund)
        return refund

    def left(self, payment: Payment) -> Decimal:
        """What may still be given back; pending refunds count as given."""
        captured = money.from_wire(payment.document["amount"])
        return captured - Decimal(self.store.taken_minor(payment.id)) / 100

    def succeed(self, refund: Refund) -> Refund:
        """The payer has the money. A repeat changes nothing; ProviderError 409 once canceled."""
        if refund.status == "canceled":
            raise ProviderError(409, "Refund is already canceled")
        if refund.status == "succeeded":
            return refund
        before = copy.deepcopy(refund.document)
        refund.document["status"] = "succeeded"
        with self._state.transaction():
            self._payments.add_refunded(
                refund.payment_id, money.from_wire(refund.document["amount"])
            )
            self._save(refund)
            self._publish("refund.succeeded", refund.document, before)
        return refund

    def cancel(self, refund: Refund, reason: str, party: str | None = None) -> Refund:
        """The money stays with the shop, and the provider has no event that would say so.

        A repeat changes nothing; ProviderError 409 once succeeded.
        """
        if refund.status == "succeeded":
            raise ProviderError(409, "Refund is already succeeded")
        if refund.status == "canceled":
            return refund
        refund.document["status"] = "canceled"
        refund.document["cancellation_details"] = {
            "party": party or party_of(reason),
            "reason": reason,
        }
        self._save(refund)
        return refund

    def sweep(self, limit: int = 200) -> int:
        """Ends those whose date has come; how many."""
        due = self.store.due(self._clock.now_ms(), limit)
        for refund in due:
            self._end(refund)
        return len(due)

    def _check(self, payment: Payment, amount: Decimal) -> None:
        is_old = payment.created_ms <= self._clock.now_ms() - _MEMORY_MS
        if payment.status != "succeeded" or is_old:
            raise invalid("Payment can not be refunded in current status", "payment_id")
        least, currency, left = (
            self._settings.amount_min,
            self._settings.currency,
            self.left(payment),
        )
        if not left:
            raise invalid("Payment is already completely refunded", "payment_id")
        if amount < least:
            raise invalid(f"Refund amount must be at least {least} {currency}", "amount.value")
        if amount > left:
            raise invalid("Refund sum exceeded", "amount.value")
        if 0 < left - amount < least:
            # The provider's words, though exactly as much as the least may remain.
            raise invalid(
                f"Remaining payment amount after refund must be greater than {least} {currency}",
                "amount.value",
            )

    def _end(self, refund: Refund) -> None:
        if refund.reason is None:
            self.succeed(refund)
        else:
            self.cancel(refund, refund.reason, refund.party)

    def _save(self, refund: Refund) -> None:
        refund.due_ms = None
        if "receipt_registration" in refund.document:
            refund.document["receipt_registration"] = refund.status
        self.store.update(refund)

    def _new_document(self, refund: Refund, order: RefundOrder) -> dict[str, Any]:
        document = {
            "id": refund.id,
            "payment_id": refund.payment_id,
            "status": "pending",
            "created_at": to_wire(refund.created_ms),
            "amount": money.to_wire(order.amount, self._settings.currency),
            **order.echoed,
        }
        if order.receipt:
            document["receipt_registration"] = "pending"
        return document


def party_of(reason: str) -> str:
    """Who says no for this reason."""
    return "yoo_money" if reason in _BY_PROVIDER else "refund_network"
