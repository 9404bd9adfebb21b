"""Settings from the environment, else from `$VAR_DIR/env/auth.env`; read by the roots only.

Production refuses to start on anything that looks like an example.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parents[2]
MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"

_PLACEHOLDERS = ("changeme", "change-me", "change_me", "placeholder", "example", "secret", "xxx")
_WEAK_PASSWORDS = frozenset({"", "postgres", "password", "auth", "admin", "123456"})


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


class Settings(BaseSettings):
    # A refusal would show all settings, secrets too.
    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    environment: Literal["development", "production"] = Field(
        default="development", validation_alias="ENVIRONMENT"
    )
    base_url: str = Field(default="https://127.0.0.1:8443", validation_alias="BASE_URL")
    database_url: str = Field(validation_alias="AUTH_DATABASE_URL")
    port: int = Field(default=8001, ge=1, le=65535, validation_alias="AUTH_PORT")
    token_issuer: str = Field(min_length=1, validation_alias="TOKEN_ISSUER")
    token_audiences: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("auth", "billing"), validation_alias="TOKEN_AUDIENCES"
    )
    signing_key_dir: Path = Field(validation_alias="AUTH_SIGNING_KEY_DIR")
    access_token_seconds: int = Field(
        default=900, ge=60, le=3600, validation_alias="ACCESS_TOKEN_SECONDS"
    )
    refresh_grace_seconds: int = Field(
        default=10, ge=0, le=60, validation_alias="REFRESH_GRACE_SECONDS"
    )
    # Each of one source: an IPv4 address, or an IPv6 network of /64.
    registrations_per_minute: int = Field(
        default=60, ge=1, validation_alias="REGISTRATIONS_PER_MINUTE"
    )
    logins_per_minute: int = Field(default=120, ge=1, validation_alias="LOGINS_PER_MINUTE")
    # Of one name, in a row: so many failures are free, then each costs a growing pause.
    login_failures_free: int = Field(default=5, ge=1, validation_alias="LOGIN_FAILURES_FREE")
    login_delay_max_seconds: int = Field(
        default=60, ge=1, le=900, validation_alias="LOGIN_DELAY_MAX_SECONDS"
    )
    hash_workers: int = Field(default_factory=_cores, ge=1, le=64, validation_alias="HASH_WORKERS")

    @field_validator("token_audiences", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        if isinstance(given, str):
            return tuple(part.strip() for part in given.split(",") if part.strip())
        return given

    @model_validator(mode="after")
    def _refuse_placeholders(self) -> Self:
        if "auth" not in self.token_audiences:
            raise ValueError("TOKEN_AUDIENCES must name auth itself")
        if self.environment != "production":
            return self
        password = unquote(urlsplit(self.database_url).password or "")
        if password.lower() in _WEAK_PASSWORDS or _looks_like_an_example(password):
            raise ValueError("AUTH_DATABASE_URL has no password of its own")
        if _looks_like_an_example(self.token_issuer) or not self.base_url.startswith("https://"):
            raise ValueError("TOKEN_ISSUER and BASE_URL must be the real ones, over https")
        return self


def _looks_like_an_example(value: str) -> bool:
    return any(word in value.lower() for word in _PLACEHOLDERS)


def load_settings() -> Settings:
    """Raises pydantic's ValidationError, which names the variables."""
    var_dir = Path(os.environ.get("VAR_DIR") or REPOSITORY / "var")
    # The signing key's folder and the rest come by environment or from the launcher's file.
    sources: dict[str, Any] = {
        "_env_file": var_dir / "env" / "auth.env",
        "_env_file_encoding": "utf-8",
    }
    return Settings(**sources)
