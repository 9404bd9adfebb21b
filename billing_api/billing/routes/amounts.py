"""Amounts and texts in request bodies, the same wherever money is asked for."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator

from billing.platform.money import DECIMALS, MoneyError, format_minor, parse_minor
from billing.platform.strict_json import JsonNumber

AMOUNT_SCHEMA = {
    "description": "Read exactly as written, never through a binary float",
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,2})?$"}],
    "examples": [1342.00, "1342.00"],
}
# A number as it was written, or a string: the one member of a body that may be either.
Value = Annotated[str, WithJsonSchema(AMOUNT_SCHEMA)]


class StrictBody(BaseModel):
    """Nothing unknown, nothing converted; a number where a text is expected is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_number(cls, given: object, info: ValidationInfo) -> object:
        # A number keeps its spelling and so looks like text; only `value` may be one.
        if isinstance(given, JsonNumber) and info.field_name != "value":
            raise ValueError("a string is expected")
        return given


class MoneyBody(StrictBody):
    """`value` is read exactly as written, number or string."""

    # Before `value`: how many decimals an amount may have depends on it.
    currency: Annotated[str, Field(examples=["RUB"])]
    value: Value

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, currency: str) -> str:
        if currency not in DECIMALS:
            raise ValueError(f"expected one of {', '.join(DECIMALS)}")
        return currency


def minor_within(value: str, currency: str, low: int, high: int) -> int:
    """Minor units from `low` to `high`; ValueError for what is no amount or is outside."""
    try:
        minor = parse_minor(value, currency)
    except MoneyError as error:
        raise ValueError(str(error)) from None
    if not low <= minor <= high:
        bounds = f"from {format_minor(low, currency)} to {format_minor(high, currency)}"
        raise ValueError(bounds)
    return minor
