"""The application with its limits on and a clock to move, for what is counted."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.test import Client

from auth.app import create_app
from auth.keys.keyring import Keyring
from auth.platform.clock import ManualClock
from auth.platform.database import db
from auth.settings import Settings


@pytest.fixture
def clock() -> ManualClock:
    """A minute's first second, so that windows begin where the tests begin."""
    return ManualClock(datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC))


@pytest.fixture
def limited(settings: Settings, operator_app: Any, clock: ManualClock) -> Iterator[Client]:
    """The application with the limits as they are when nobody has set them."""
    fields = ("registrations_per_minute", "logins_per_minute", "login_failures_free")
    usual = {name: Settings.model_fields[name].default for name in fields}
    app = create_app(settings.model_copy(update=usual), Keyring.throwaway(), clock)
    yield app.test_client()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def source() -> str:
    """An address that no other test has come from."""
    return f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
