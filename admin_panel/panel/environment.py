"""What the admin is told from outside: variables first, then the file the launcher wrote.

Production refuses to start with anything missing or left at its placeholder.
"""

import os
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parents[2]
PLACEHOLDER = "placeholder"


def var_dir() -> Path:
    """Where local state lives; the launcher's VAR_DIR moves it."""
    return Path(os.environ.get("VAR_DIR") or REPOSITORY / "var")


class Environment(BaseSettings):
    """One field a variable; names are the variables' in lower case."""

    # A refusal would show all settings, secrets too.
    model_config = SettingsConfigDict(
        extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    environment: Literal["development", "production"] = "development"
    base_url: str = "https://127.0.0.1:8443"
    ca_file: str = ""
    business_clock_file: str = ""
    admin_database_url: str = ""
    admin_port: int = 8011
    admin_secret_key: str = PLACEHOLDER
    auth_url: str = "http://127.0.0.1:8001"
    billing_url: str = "http://127.0.0.1:8010"
    token_issuer: str = "https://127.0.0.1:8443/auth"  # noqa: S105
    token_audience: str = "auth"  # noqa: S105
    service_client_id: str = "admin-sync"
    service_client_secret: str = PLACEHOLDER
    forwarded_allow_ips: str = "127.0.0.1"

    @property
    def host(self) -> str:
        """The public host name, without the port."""
        return urlsplit(self.base_url).hostname or "127.0.0.1"

    @model_validator(mode="after")
    def refuse_placeholders(self) -> Self:
        """Secrets are never defaults in production."""
        if self.environment != "production":
            return self
        required = ("admin_secret_key", "service_client_secret", "admin_database_url")
        missing = [n.upper() for n in required if getattr(self, n) in ("", PLACEHOLDER)]
        if missing:
            raise ValueError(f"production needs {', '.join(missing)}")
        if len(self.admin_secret_key) < 32:
            raise ValueError("ADMIN_SECRET_KEY is shorter than 32 characters")
        return self


def read_environment() -> Environment:
    """The variables, falling back to $VAR_DIR/env/admin.env for commands typed by hand."""
    return Environment(_env_file=var_dir() / "env" / "admin.env")  # type: ignore[call-arg]
