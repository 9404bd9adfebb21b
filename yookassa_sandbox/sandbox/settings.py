"""What the sandbox is told from outside: the environment first, then VAR_DIR/env/sandbox.env."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parents[2]
# Seconds after the event, read from a support note of the provider; the last is 23.9 hours.
REDELIVERY_OFFSETS = (0, 10, 42, 84, 168, 672, 5376, 86016)


class RefusedSettingsError(Exception):
    """Why the sandbox does not start."""


class Settings(BaseSettings):
    """Names in the environment are these in capitals; only the sandbox's own carry SANDBOX_."""

    # A refusal would show all settings, secrets too.
    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, populate_by_name=True, hide_input_in_errors=True
    )

    environment: Literal["development", "test", "production"] = "development"
    ca_file: str = ""
    business_clock_file: str = ""

    port: int = Field(8020, alias="SANDBOX_PORT")
    shop_id: str = Field("100500", alias="SANDBOX_SHOP_ID")
    secret_key: str = Field("test_sandbox", alias="SANDBOX_SECRET_KEY", repr=False)
    gateway_id: str = Field("100700", alias="SANDBOX_GATEWAY_ID")
    shop_name: str = Field("Тестовый магазин", alias="SANDBOX_SHOP_NAME")
    tls_cert: str = Field("", alias="SANDBOX_TLS_CERT")
    tls_key: str = Field("", alias="SANDBOX_TLS_KEY")
    state_file: Path = Field(Path("var/sandbox.sqlite"), alias="SANDBOX_STATE_FILE")
    page_url: str = Field("", alias="SANDBOX_PAGE_URL")

    notification_url: str = Field("", alias="SANDBOX_NOTIFICATION_URL", repr=False)
    notification_source: str = Field("", alias="SANDBOX_NOTIFICATION_SOURCE")
    notification_verify: bool = Field(default=False, alias="SANDBOX_NOTIFICATION_VERIFY")
    # Which events the shop wants to hear of; empty for all.
    notification_events: Annotated[tuple[str, ...], NoDecode] = Field(
        (), alias="SANDBOX_NOTIFICATION_EVENTS"
    )
    notification_timeout: float = Field(10.0, alias="SANDBOX_NOTIFICATION_TIMEOUT")
    redelivery_offsets: Annotated[tuple[int, ...], NoDecode] = Field(
        REDELIVERY_OFFSETS, alias="SANDBOX_REDELIVERY_OFFSETS"
    )

    currency: str = Field("RUB", alias="SANDBOX_CURRENCY")
    amount_min: Decimal = Field(Decimal("1.00"), alias="SANDBOX_AMOUNT_MIN")
    amount_max: Decimal = Field(Decimal("350000.00"), alias="SANDBOX_AMOUNT_MAX")
    fee_percent: Decimal = Field(Decimal("3.5"), alias="SANDBOX_FEE_PERCENT")
    confirm_seconds: int = Field(3600, alias="SANDBOX_CONFIRM_SECONDS")
    hold_seconds: int = Field(7 * 86400, alias="SANDBOX_HOLD_SECONDS")
    key_seconds: int = Field(86400, alias="SANDBOX_KEY_SECONDS")
    hang_seconds: float = Field(60.0, alias="SANDBOX_HANG_SECONDS")
    # What the documentation leaves open; each default is the reading that forgives a client least.
    strict_amounts: bool = Field(default=True, alias="SANDBOX_STRICT_AMOUNTS")
    replay: Literal["current", "original"] = Field("current", alias="SANDBOX_REPLAY")
    refusal_uses_key: bool = Field(default=True, alias="SANDBOX_REFUSAL_USES_KEY")
    cancel_on_decline: bool = Field(default=False, alias="SANDBOX_CANCEL_ON_DECLINE")

    @field_validator("redelivery_offsets", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [int(part) for part in value.split(",")] if isinstance(value, str) else value

    @field_validator("notification_events", mode="before")
    @classmethod
    def _split_words(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(word for part in value.split(",") if (word := part.strip()))

    @property
    def uses_tls(self) -> bool:
        """Both files are given."""
        return bool(self.tls_cert and self.tls_key)

    @property
    def pages(self) -> str:
        """Where a browser reaches our pages: behind nginx, or directly when run alone."""
        own = f"{'https' if self.uses_tls else 'http'}://127.0.0.1:{self.port}"
        return (self.page_url or own).rstrip("/")


def load_settings() -> Settings:
    """The environment wins over the file that the launcher writes.

    Raises RefusedSettingsError, or pydantic's ValidationError, which names the variables.
    """
    var = Path(os.environ.get("VAR_DIR") or REPOSITORY / "var")
    settings = Settings(_env_file=var / "env" / "sandbox.env")  # type: ignore[call-arg]
    if settings.environment == "production":
        raise RefusedSettingsError("The sandbox imitates a bank: it does not start in production.")
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise RefusedSettingsError("SANDBOX_TLS_CERT and SANDBOX_TLS_KEY go together.")
    return settings
