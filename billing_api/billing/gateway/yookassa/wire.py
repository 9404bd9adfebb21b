"""YooKassa's documents: ours to them as bytes, theirs to us as port values, read tolerantly.

Fields and words we do not know are passed over: the provider adds them without notice.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any

from billing.gateway.port import PaymentIntent, ProviderPayment, ProviderRefund, RefundIntent
from billing.platform.money import Money, MoneyError, format_minor, parse_minor
from billing.platform.strict_json import dump_json
from billing.platform.texts import is_kept

# What the provider takes; a reason of ours may be longer.
REFUND_DESCRIPTION_MAX = 250
PROVIDER_ID = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)


class UnreadableError(ValueError):
    """Not a document we can act on; its meaning is unknown."""


def create_body(intent: PaymentIntent) -> bytes:
    body: dict[str, object] = {
        "amount": _write_amount(intent.amount),
        "capture": intent.capture,
        "confirmation": {"type": "redirect", "return_url": intent.return_url},
        "metadata": {"payment_uid": str(intent.payment_id), "request_id": intent.request_id},
    }
    if intent.description:
        body["description"] = intent.description
    return dump_json(body)


def capture_body(part: Money | None) -> bytes:
    """An empty object takes everything."""
    return dump_json({} if part is None else {"amount": _write_amount(part)})


def refund_body(intent: RefundIntent) -> bytes:
    return dump_json(
        {
            "payment_id": intent.payment_id,
            "amount": _write_amount(intent.amount),
            "description": intent.reason[:REFUND_DESCRIPTION_MAX],
            "metadata": {"refund_uid": str(intent.refund_id), "request_id": intent.request_id},
        }
    )


def _write_amount(amount: Money) -> dict[str, object]:
    return {"value": format_minor(amount.minor, amount.currency), "currency": amount.currency}


def read_object(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise UnreadableError("not JSON") from None
    if not isinstance(document, dict):
        raise UnreadableError("not an object")
    return document


def _identity(document: dict[str, Any]) -> tuple[str, str]:
    """Id and status, without which there is no object at all."""
    identity, status = document.get("id"), read_text(document.get("status"))
    if not isinstance(identity, str) or not PROVIDER_ID.fullmatch(identity):
        raise UnreadableError("no id")
    if status is None:
        raise UnreadableError("no status")
    return identity, status[:64]


def read_payment(document: dict[str, Any]) -> ProviderPayment:
    identity, status = _identity(document)
    cancellation = _inner(document, "cancellation_details")
    return ProviderPayment(
        id=identity,
        status=status,
        amount=_money(_inner(document, "amount")),
        account_id=str(_inner(document, "recipient").get("account_id", "")),
        test=document.get("test") is True,
        payment_uid=read_text(_inner(document, "metadata").get("payment_uid")),
        created_at=_instant(document.get("created_at")),
        captured_at=_instant(document.get("captured_at")),
        confirmation_url=read_text(_inner(document, "confirmation").get("confirmation_url")),
        cancellation_party=read_text(cancellation.get("party")),
        cancellation_reason=read_text(cancellation.get("reason")),
        expires_at=_instant(document.get("expires_at")),
    )


def read_refund(document: dict[str, Any]) -> ProviderRefund:
    identity, status = _identity(document)
    return ProviderRefund(
        id=identity,
        status=status,
        amount=_money(_inner(document, "amount")),
        payment_id=read_text(document.get("payment_id")),
        refund_uid=read_text(_inner(document, "metadata").get("refund_uid")),
        created_at=_instant(document.get("created_at")),
        cancellation_reason=read_text(_inner(document, "cancellation_details").get("reason")),
    )


def _inner(document: dict[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def read_text(value: object) -> str | None:
    """None for what is no text a database keeps."""
    if not isinstance(value, str) or not value or not is_kept(value):
        return None
    return value[:2048]


def _money(amount: dict[str, Any]) -> Money | None:
    value, currency = amount.get("value"), amount.get("currency")
    if not isinstance(value, str) or not isinstance(currency, str):
        return None
    try:
        return Money(parse_minor(value, currency), currency)
    except MoneyError:
        return None


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None
