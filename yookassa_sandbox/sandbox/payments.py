"""A payment's life: pending -> (waiting_for_capture) -> succeeded | canceled, and no step back."""

import copy
import os
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox import cards, money
from sandbox.clock import Clock, to_wire
from sandbox.creation import Creation
from sandbox.errors import ProviderError, invalid, not_found
from sandbox.ids import object_id
from sandbox.payment_store import Payment, PaymentStore
from sandbox.settings import Settings
from sandbox.state import State

# event, the object as of the event, the object just before it
Publish = Callable[[str, dict[str, Any], dict[str, Any]], None]

_CAPTURE_REFUSED = "Payment can not be captured in current status"
_CANCEL_REFUSED = "Payment can not be canceled in current status"


class Payments:
    """Every change is one transaction: the row, its notification and the caller's key."""

    def __init__(self, state: State, settings: Settings, clock: Clock, publish: Publish) -> None:
        self._state, self._settings = state, settings
        self._clock, self._publish = clock, publish
        self.store = PaymentStore(state)

    def create(self, shop_id: str, creation: Creation) -> Payment:
        """A pending payment with somewhere to send its payer."""
        now = self._clock.now_ms()
        payment = Payment(
            id=object_id(now),
            shop_id=shop_id,
            document={},
            created_ms=now,
            deadline_ms=now + self._settings.confirm_seconds * 1000,
            private={"capture": creation.capture, "save": creation.save, **creation.confirmation},
        )
        payment.document = self._new_document(payment, creation)
        self.store.insert(payment)
        return payment

    def get(self, payment_id: str, shop_id: str | None = None) -> Payment:
        """As it is now: a deadline that has passed is applied on the way."""
        payment = self.store.find(payment_id)
        if payment is None or (shop_id is not None and payment.shop_id != shop_id):
            raise not_found("Payment", "payment_id")
        if payment.deadline_ms is not None and payment.deadline_ms <= self._clock.now_ms():
            self._expire(payment)
        return payment

    def pay(
        self, payment: Payment, card: dict[str, Any] | None = None, *, three_ds: bool = False
    ) -> Payment:
        """The bank says yes. A repeat changes nothing."""
        if payment.status == "canceled":
            raise ProviderError(409, "Payment is already canceled")
        if payment.status != "pending":
            return payment
        before = copy.deepcopy(payment.document)
        now = self._clock.now_ms()
        document = payment.document
        document.pop("confirmation", None)
        document["paid"] = True
        document["payment_method"] = self._paid_method(payment, card)
        if document["payment_method"]["type"] == "bank_card":
            document["authorization_details"] = _authorization(three_ds=three_ds)
        payment.private.pop("attempt", None)
        if payment.private["capture"]:
            self._succeed(payment, now)
        else:
            document["status"] = "waiting_for_capture"
            payment.deadline_ms = now + self._settings.hold_seconds * 1000
            document["expires_at"] = to_wire(payment.deadline_ms)
        self._save(payment, before)
        return payment

    def capture(self, payment: Payment, amount: Decimal | None) -> Payment:
        """Takes the held money, or a part of it: the rest returns by itself."""
        if payment.status != "waiting_for_capture":
            raise invalid(_CAPTURE_REFUSED)
        held = money.from_wire(payment.document["amount"])
        if amount is not None and not self._settings.amount_min <= amount <= held:
            raise invalid("Illegal amount for capture", "amount.value")
        before = copy.deepcopy(payment.document)
        if amount is not None:
            payment.document["amount"] = money.to_wire(amount, self._settings.currency)
        self._succeed(payment, self._clock.now_ms())
        self._save(payment, before)
        return payment

    def cancel_hold(self, payment: Payment) -> Payment:
        """The shop gives the held money back."""
        if payment.status != "waiting_for_capture":
            autocapture = payment.private["capture"] and payment.status != "canceled"
            text = "You can not cancel payment with autocapture" if autocapture else _CANCEL_REFUSED
            raise invalid(text)
        return self.decline(payment, "canceled_by_merchant")

    def decline(self, payment: Payment, reason: str, party: str | None = None) -> Payment:
        """Canceled for good. A repeat changes nothing; a success is never taken back."""
        if payment.status == "succeeded":
            raise ProviderError(409, "Payment is already succeeded")
        if payment.status == "canceled":
            return payment
        before = copy.deepcopy(payment.document)
        document = payment.document
        document["status"] = "canceled"
        document["paid"] = False
        document["refundable"] = False
        document.pop("confirmation", None)
        document.pop("expires_at", None)
        document["cancellation_details"] = {
            "party": party or cards.party_of(reason),
            "reason": reason,
        }
        _receipt(document, "canceled")
        payment.deadline_ms = None
        payment.private.pop("attempt", None)
        self._save(payment, before)
        return payment

    def add_refunded(self, payment_id: str, amount: Decimal) -> None:
        """A refund has succeeded: the sum grows, all else stays, and no event is the payment's."""
        payment = self.get(payment_id)
        total = money.from_wire(payment.document["refunded_amount"]) + amount
        payment.document["refunded_amount"] = money.to_wire(total, self._settings.currency)
        self.store.update(payment)

    def sweep(self, limit: int = 200) -> int:
        """Applies deadlines nobody looked at; how many."""
        overdue = self.store.overdue(self._clock.now_ms(), limit)
        for payment in overdue:
            self._expire(payment)
        return len(overdue)

    def keep_attempt(self, payment: Payment, attempt: dict[str, Any] | None) -> None:
        """Remembers between two pages which card asks for 3-D Secure: never its number."""
        payment.private["attempt"] = attempt
        self.store.update(payment)

    def _expire(self, payment: Payment) -> None:
        held = payment.status == "waiting_for_capture"
        self.decline(payment, "expired_on_capture" if held else "expired_on_confirmation")

    def _save(self, payment: Payment, before: dict[str, Any]) -> None:
        with self._state.transaction():
            self.store.update(payment)
            self._publish(f"payment.{payment.status}", payment.document, before)

    def _succeed(self, payment: Payment, now: int) -> None:
        document, currency = payment.document, self._settings.currency
        income = money.without_fee(money.from_wire(document["amount"]), self._settings.fee_percent)
        document["status"] = "succeeded"
        document["refundable"] = True
        document["captured_at"] = to_wire(now)
        document["income_amount"] = money.to_wire(income, currency)
        document["refunded_amount"] = money.to_wire(Decimal(0), currency)
        document.pop("expires_at", None)
        _receipt(document, "succeeded")
        payment.captured_ms, payment.deadline_ms = now, None

    def _new_document(self, payment: Payment, creation: Creation) -> dict[str, Any]:
        document = {
            "id": payment.id,
            "status": "pending",
            "amount": money.to_wire(creation.amount, self._settings.currency),
            **creation.echoed,
            "recipient": {"account_id": payment.shop_id, "gateway_id": creation.gateway_id},
            "created_at": to_wire(payment.created_ms),
            "confirmation": self._confirmation(payment.id, creation.confirmation),
            "test": True,
            "paid": False,
            "refundable": False,
        }
        if creation.method:
            document["payment_method"] = {
                "type": creation.method,
                "id": payment.id,
                "saved": False,
                "status": "pending",
            }
        if creation.receipt:
            document["receipt_registration"] = "pending"
        return document

    def _confirmation(self, payment_id: str, asked: dict[str, Any]) -> dict[str, Any]:
        kind = asked["type"]
        answer = {key: value for key, value in asked.items() if key != "locale"}
        page = f"{self._settings.pages}/checkout?orderId={payment_id}"
        if kind in ("redirect", "mobile_application"):
            answer["confirmation_url"] = page
        elif kind == "qr":
            answer["confirmation_data"] = page
        elif kind == "embedded":
            answer["confirmation_token"] = f"ct-{payment_id}"
        return answer

    def _paid_method(self, payment: Payment, card: dict[str, Any] | None) -> dict[str, Any]:
        kind = payment.document.get("payment_method", {}).get("type", "bank_card")
        saved = bool(payment.private["save"])
        method: dict[str, Any] = {
            "type": kind,
            "id": payment.id,
            "saved": saved,
            "status": "active" if saved else "inactive",
        }
        if kind == "bank_card":
            year = str(self._clock.now().year + 3)
            method["card"] = card or cards.describe(cards.DEFAULT_CARD, "12", year)
            method["title"] = f"Bank card *{method['card']['last4']}"
        return method


def _authorization(*, three_ds: bool) -> dict[str, Any]:
    digits = str(int.from_bytes(os.urandom(8), "big")).zfill(20)
    return {
        "rrn": digits[-12:],
        "auth_code": digits[:6],
        "three_d_secure": {"applied": three_ds},
    }


def _receipt(document: dict[str, Any], status: str) -> None:
    if "receipt_registration" in document:
        document["receipt_registration"] = status
