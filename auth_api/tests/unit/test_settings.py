"""Settings: the launcher's file, the environment above it, and production's refusals."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from auth.settings import Settings, load_settings

GOOD = {
    "ENVIRONMENT": "production",
    "BASE_URL": "https://pay.shop.ru",
    "AUTH_DATABASE_URL": "postgresql://auth:g7Jq2mZr8Wb4@db/auth",
    "TOKEN_ISSUER": "https://pay.shop.ru/auth",
    "AUTH_SIGNING_KEY_DIR": "/run/keys",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in (*GOOD, "AUTH_PORT", "TOKEN_AUDIENCES", "HASH_WORKERS", "ACCESS_TOKEN_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    return monkeypatch


def test_the_launchers_file_is_read_and_the_environment_wins(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "env").mkdir()
    lines = [f'{name}="{value}"' for name, value in GOOD.items()] + ['AUTH_PORT="8101"']
    (tmp_path / "env" / "auth.env").write_text("\n".join(lines))
    environment.setenv("AUTH_PORT", "8102")
    settings = load_settings()
    assert settings.port == 8102
    assert settings.token_issuer == GOOD["TOKEN_ISSUER"]
    assert settings.token_audiences == ("auth", "billing")


def test_a_missing_secret_stops_the_start(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="AUTH_DATABASE_URL"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTH_DATABASE_URL", "postgresql://auth:change-me@db/auth"),
        ("AUTH_DATABASE_URL", "postgresql://auth:postgres@db/auth"),
        ("AUTH_DATABASE_URL", "postgresql://auth@db/auth"),
        ("BASE_URL", "http://pay.shop.ru"),
        ("TOKEN_ISSUER", "https://placeholder/auth"),
        ("TOKEN_AUDIENCES", "billing"),
        ("ACCESS_TOKEN_SECONDS", "86400"),
    ],
)
def test_production_refuses_placeholders(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for each, good in GOOD.items():
        environment.setenv(each, good)
    assert load_settings().environment == "production"
    environment.setenv(name, value)
    with pytest.raises(ValidationError):
        load_settings()


def test_settings_cannot_be_changed_after_the_start(settings: Settings) -> None:
    with pytest.raises(ValidationError):
        settings.port = 1
