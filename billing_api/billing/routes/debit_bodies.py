"""Request bodies of charges and holds: what is taken, of whom, for what."""

from typing import Annotated

from pydantic import Field, field_validator

from billing.platform.clock import parse_instant
from billing.platform.strict_json import JsonNumber
from billing.routes.amounts import MoneyBody

REASON_LENGTH_MAX = 500
METADATA_KEYS_MAX = 16
Reason = Annotated[str, Field(min_length=1, max_length=REASON_LENGTH_MAX)]
Key = Annotated[str, Field(min_length=1, max_length=32)]
Word = Annotated[str, Field(max_length=512)]
CustomerId = Annotated[str, Field(min_length=1, max_length=255)]
Instant = Annotated[
    str, Field(examples=["2026-12-31T21:00:00Z"], json_schema_extra={"format": "date-time"})
]


def check_instant(text: str | None) -> str | None:
    if text is not None:
        parse_instant(text)
    return text


class DebitBody(MoneyBody):
    """`customer_id` is for programs, which may debit anybody's balance."""

    reason: Reason
    metadata: Annotated[dict[Key, Word], Field(default_factory=dict, max_length=METADATA_KEYS_MAX)]
    customer_id: CustomerId | None = None

    @field_validator("reason")
    @classmethod
    def _said(cls, reason: str) -> str:
        return said(reason)

    @field_validator("metadata", mode="before")
    @classmethod
    def _texts(cls, given: object) -> object:
        if isinstance(given, dict) and any(isinstance(word, JsonNumber) for word in given.values()):
            raise ValueError("texts are expected")
        return given


class ChargeBody(DebitBody):
    """`allow_partial`: take what there is, where it is not enough."""

    allow_partial: bool = False


class HoldBody(DebitBody):
    """`expires_at` is a week from now where it is left out, a month at most."""

    expires_at: Instant | None = None

    _instant = field_validator("expires_at")(check_instant)


def said(reason: str) -> str:
    if not reason.strip():
        raise ValueError("a reason is needed")
    return reason
