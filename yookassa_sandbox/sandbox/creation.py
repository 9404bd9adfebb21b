"""POST /payments: what the provider refuses, in the provider's words, and what it keeps."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from sandbox.errors import invalid
from sandbox.money import parse_amount
from sandbox.settings import Settings

METHODS = (
    *("bank_card", "yoo_money", "sberbank", "tinkoff_bank", "sbp", "alfa_pay", "sber_bnpl"),
    *("sber_loan", "mobile_balance", "cash", "b2b_sberbank", "electronic_certificate"),
)
CONFIRMATIONS = ("redirect", "embedded", "qr", "mobile_application", "external")
_RUNNING_SCHEMES = ("javascript", "data", "vbscript", "file", "blob")
_SOURCES = ("payment_method_data", "payment_method_id", "payment_token")


@dataclass(frozen=True, slots=True)
class Creation:
    """A request that may become a payment."""

    amount: Decimal
    capture: bool
    save: bool
    confirmation: dict[str, Any]
    method: str | None
    gateway_id: str
    receipt: bool
    echoed: dict[str, Any] = field(default_factory=dict)


def parse_creation(body: dict[str, Any], settings: Settings) -> Creation:
    """Unknown fields are accepted and forgotten, as the provider does."""
    amount = parse_amount(
        body.get("amount"),
        currency=settings.currency,
        parameter="amount",
        strict=settings.strict_amounts,
    )
    if not settings.amount_min <= amount <= settings.amount_max:
        raise invalid("Amount is out of the limits of the shop", "amount.value")
    method = _method(body)
    recipient = body.get("recipient")
    gateway = recipient.get("gateway_id") if isinstance(recipient, dict) else None
    return Creation(
        amount=amount,
        capture=_flag(body, "capture"),
        save=_flag(body, "save_payment_method"),
        confirmation=_confirmation(body),
        method=method,
        gateway_id=str(gateway or settings.gateway_id),
        receipt=has_receipt(body),
        echoed=echoed(body, description=128, merchant_customer_id=200),
    )


def _flag(body: dict[str, Any], name: str) -> bool:
    """The SDK may send "true" and "false"."""
    value = body.get(name)
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise invalid(f"{name} is illegal", name)


def echoed(body: dict[str, Any], **texts: int) -> dict[str, Any]:
    """The metadata, and those texts that are given; each with the longest it may be."""
    kept: dict[str, Any] = {}
    for name, longest in texts.items():
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise invalid(f"{name.capitalize()} is illegal", name)
        if len(value) > longest:
            title = name.replace("_", " ").capitalize()
            raise invalid(f"{title} is too long. Max. length is {longest}", name)
        kept[name] = value
    metadata = body.get("metadata")
    if metadata:
        kept["metadata"] = _metadata(metadata)
    return kept


def _metadata(metadata: Any) -> dict[str, str]:
    if not isinstance(metadata, dict):
        raise invalid("Metadata is illegal", "metadata")
    if len(metadata) > 16:
        raise invalid("Metadata object is limited to 16 keys", "metadata")
    for key, value in metadata.items():
        if not 0 < len(key) <= 32:
            raise invalid("Metadata key is limited to 32 characters", "metadata")
        if not isinstance(value, str) or len(value) > 512:
            raise invalid("Metadata value is a string of at most 512 characters", "metadata")
    return metadata


def _method(body: dict[str, Any]) -> str | None:
    given = [name for name in _SOURCES if body.get(name) is not None]
    if len(given) > 1:
        raise invalid(f"Only one of {', '.join(_SOURCES)} is allowed", given[1])
    if not given:
        return None
    if given[0] == "payment_method_id":
        raise invalid("Payment method is not found", "payment_method_id")
    if given[0] == "payment_token":
        raise invalid("Payment token is not found", "payment_token")
    data = body["payment_method_data"]
    if not isinstance(data, dict) or data.get("type") not in METHODS:
        raise invalid("Payment method type is illegal", "payment_method_data.type")
    if "card" in data:
        # Card numbers are typed on the checkout page alone; real shops need PCI DSS for this.
        raise invalid("Card data is not accepted from this shop", "payment_method_data.card")
    return str(data["type"])


def has_receipt(body: dict[str, Any]) -> bool:
    """Whether there is one; what stands in it is not kept."""
    receipt = body.get("receipt")
    if receipt is not None and (not isinstance(receipt, dict) or not receipt.get("items")):
        raise invalid("Receipt is missing or illegal", "receipt")
    return receipt is not None


def _confirmation(body: dict[str, Any]) -> dict[str, Any]:
    asked = body.get("confirmation")
    if asked is None:
        raise invalid("Confirmation is missing", "confirmation")
    if not isinstance(asked, dict) or asked.get("type") not in CONFIRMATIONS:
        raise invalid("Confirmation type is illegal", "confirmation.type")
    kept: dict[str, Any] = {"type": asked["type"]}
    if asked.get("return_url") is not None:
        kept["return_url"] = _return_url(asked["return_url"], asked["type"])
    elif asked["type"] in ("redirect", "mobile_application"):
        raise invalid("Return url is missing", "confirmation.return_url")
    if asked.get("locale") is not None:
        if asked["locale"] not in ("ru_RU", "en_US"):
            raise invalid("Locale is illegal", "confirmation.locale")
        kept["locale"] = asked["locale"]
    if asked.get("enforce") is not None:
        kept["enforce"] = _flag(asked, "enforce")
    return kept


def _return_url(value: Any, kind: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 2048 or not value.isprintable():
        raise invalid("Return url is illegal", "confirmation.return_url")
    try:
        parts = urlsplit(value)
        usable = bool(parts.scheme and (parts.hostname or kind == "mobile_application"))
    except ValueError:
        usable = False
    if usable and kind == "redirect":
        usable = parts.scheme in ("http", "https")
    if not usable or parts.scheme in _RUNNING_SCHEMES:
        raise invalid("Return url is illegal", "confirmation.return_url")
    return value
