"""The request's body of a refund, and the answers' shapes for the description."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator

from billing.refunds.rules import CARD_MIN_MINOR
from billing.routes.amounts import PartBody
from billing.routes.debit_bodies import Reason, said


class RefundBody(PartBody):
    """Without `value` all that is left of the payment. `to` the card it was paid with, or back to
    the balance what was spent.
    """

    payment_id: Annotated[str, Field(min_length=1, max_length=64)]
    # Asked for, unlike that of a part of something whose currency is known from its address.
    currency: Annotated[str, Field(examples=["RUB"])]
    reason: Reason
    to: Literal["card", "balance"] = "card"

    @field_validator("reason")
    @classmethod
    def _said(cls, reason: str) -> str:
        return said(reason)

    @property
    def min_minor(self) -> int:
        return CARD_MIN_MINOR if self.to == "card" else 1


class RefundView(BaseModel):
    id: str
    payment_id: str
    status: Literal["pending", "succeeded", "canceled"]
    value: str = Field(examples=["500.00"])
    currency: str = Field(examples=["RUB"])
    reason: str
    to: Literal["card", "balance"]
    created_at: str


class RefundPage(BaseModel):
    items: list[RefundView]
    next_cursor: str | None
