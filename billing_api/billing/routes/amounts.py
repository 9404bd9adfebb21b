"""Amounts and texts in request bodies, the same wherever money is asked for."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator

from billing.platform.money import DECIMALS, Money, MoneyError, format_minor, parse_minor
from billing.platform.problems import ValidationFailed
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


def known_currency(currency: str) -> str:
    if currency not in DECIMALS:
        raise ValueError(f"expected one of {', '.join(DECIMALS)}")
    return currency


class MoneyBody(StrictBody):
    """`value` is read exactly as written, number or string."""

    # Before `value`: how many decimals an amount may have depends on it.
    currency: Annotated[str, Field(examples=["RUB"], json_schema_extra={"enum": sorted(DECIMALS)})]
    value: Value

    _known = field_validator("currency")(known_currency)


class PartBody(StrictBody):
    """A part of an amount, or all of it where `value` is left out."""

    currency: Annotated[
        str, Field(examples=["RUB"], json_schema_extra={"enum": sorted(DECIMALS)})
    ] = "RUB"
    value: Value | None = None

    _known = field_validator("currency")(known_currency)

    def amount(self, min_minor: int, max_minor: int) -> Money | None:
        """Raises ValidationFailed."""
        if self.value is None:
            return None
        return read_amount(self.value, self.currency, min_minor, max_minor)


def read_amount(value: str, currency: str, low: int, high: int) -> Money:
    """From `low` to `high` minor units; raises ValidationFailed."""
    try:
        return Money(minor_within(value, currency, low, high), currency)
    except ValueError as error:
        raise ValidationFailed(errors=[("/value", str(error))]) from None


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
