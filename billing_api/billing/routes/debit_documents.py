"""Shapes of charges, holds and adjustments for the description; the slices make the bytes."""

from typing import Literal

from pydantic import BaseModel, Field


class ChargeView(BaseModel):
    id: str
    value: str = Field(description="What was taken", examples=["199.00"])
    currency: str = Field(examples=["RUB"])
    reason: str
    metadata: dict[str, str]
    reversed_value: str = Field(description="What of it was given back", examples=["0.00"])
    created_at: str


class ChargePage(BaseModel):
    items: list[ChargeView]
    next_cursor: str | None


class HoldView(BaseModel):
    id: str
    status: Literal["held", "captured", "released", "expired"]
    value: str = Field(examples=["500.00"])
    captured_value: str = Field(examples=["0.00"])
    currency: str = Field(examples=["RUB"])
    reason: str
    expires_at: str
    created_at: str


class HoldPage(BaseModel):
    items: list[HoldView]
    next_cursor: str | None


class AdjustmentView(BaseModel):
    id: str
    customer_id: str
    kind: Literal["paid", "promo"]
    value: str = Field(examples=["300.00"])
    currency: str = Field(examples=["RUB"])
    reason: str
    expires_at: str | None
    created_at: str


class AdjustmentPage(BaseModel):
    items: list[AdjustmentView]
    next_cursor: str | None
