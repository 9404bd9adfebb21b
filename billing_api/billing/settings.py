"""Settings of the roots, from the environment and else from the suite's own file of variables.

Production refuses to start on placeholders; everything else receives values, never this module.
"""

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from billing.platform.money import parse_minor

ROOT = Path(__file__).resolve().parents[2]
# Published by the provider; wider than what its SDK knows of the IPv6 range.
PROVIDER_NETWORKS = (
    "185.71.76.0/27,185.71.77.0/27,77.75.153.0/25,77.75.154.128/25,"
    "77.75.156.11/32,77.75.156.35/32,2a02:5180::/32"
)
SANDBOX_SOURCE = "127.0.0.53/32"
Network = IPv4Network | IPv6Network


def var_dir() -> Path:
    return Path(os.environ.get("VAR_DIR") or ROOT / "var")


class Settings(BaseSettings):
    # A refusal would show all settings, secrets too.
    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    environment: Literal["development", "production"] = "development"
    base_url: str = "https://127.0.0.1:8443"
    business_clock_file: Path | None = None

    billing_database_url: str = ""
    billing_migrations_url: str = ""
    billing_port: int = 8010
    forwarded_allow_ips: str = "127.0.0.1"

    auth_jwks_url: str = "http://127.0.0.1:8001/.well-known/jwks.json"
    token_issuer: str = ""
    token_audience: str = "billing"  # noqa: S105 - a name

    yookassa_api_url: str = "https://api.yookassa.ru/v3"
    yookassa_shop_id: str = ""
    yookassa_secret_key: str = Field(default="", repr=False)
    yookassa_ca_file: str = ""
    yookassa_accept_test: bool | None = None
    # So many calls in a row without an answer, then none for so long; repeats of one worker.
    breaker_opens_after: int = Field(default=8, ge=1)
    breaker_pause_seconds: float = Field(default=10, ge=0, le=600)
    repeats_per_second: float = Field(default=10, gt=0, le=1000)

    notification_secret: str = Field(default="", repr=False)
    notification_networks: str = ""
    notification_source_check: Literal["enforce", "log"] = "enforce"

    return_url_hosts: str = ""
    payment_min: str = "1.00"
    payment_max: str = "350000.00"
    hold_margin_minutes: int = Field(default=60, ge=5, le=24 * 60)
    adjustment_max_finance: str = "10000.00"
    adjustment_max_admin: str = "100000.00"
    log_level: str = "INFO"

    @model_validator(mode="after")
    def _refuse_placeholders(self) -> "Settings":
        if self.environment != "production":
            return self
        secrets = (self.yookassa_secret_key, self.notification_secret)
        if any(len(secret) < 16 or "change" in secret.lower() for secret in secrets):
            raise ValueError("production needs a real secret key and a long notification secret")
        if not self.base_url.startswith("https://") or not self.billing_database_url:
            raise ValueError("production needs an https BASE_URL and BILLING_DATABASE_URL")
        return self

    @property
    def in_production(self) -> bool:
        return self.environment == "production"

    @property
    def clock_file(self) -> Path | None:
        """None in production: its clock cannot be moved."""
        return None if self.in_production else self.business_clock_file

    @property
    def issuer(self) -> str:
        return self.token_issuer or f"{self.base_url}/auth"

    @property
    def accepts_test(self) -> bool:
        if self.yookassa_accept_test is not None:
            return self.yookassa_accept_test
        return not self.in_production

    @property
    def networks(self) -> tuple[Network, ...]:
        fallback = PROVIDER_NETWORKS
        if not self.in_production:
            fallback += f",{SANDBOX_SOURCE}"
        listed = (self.notification_networks or fallback).split(",")
        return tuple(ip_network(entry.strip()) for entry in listed if entry.strip())

    @property
    def return_hosts(self) -> frozenset[str]:
        own = urlsplit(self.base_url).netloc
        listed = (host.strip().lower() for host in self.return_url_hosts.split(","))
        return frozenset({own.lower(), *(host for host in listed if host)})

    @property
    def payment_limits(self) -> tuple[int, int]:
        return parse_minor(self.payment_min, "RUB"), parse_minor(self.payment_max, "RUB")

    @property
    def adjustment_limits(self) -> tuple[int, int]:
        finance, admin = self.adjustment_max_finance, self.adjustment_max_admin
        return parse_minor(finance, "RUB"), parse_minor(admin, "RUB")


def load_settings(**given: Any) -> Settings:
    """The environment first, then `$VAR_DIR/env/billing.env`."""
    return Settings(_env_file=var_dir() / "env" / "billing.env", **given)  # type: ignore[call-arg]
