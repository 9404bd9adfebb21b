"""Production refuses to start on what is not safe there; the SDK agrees on the vocabulary."""

from ipaddress import ip_address, ip_network

import pytest
from pydantic import ValidationError

from billing.settings import PROVIDER_NETWORKS, Settings

SOUND = {
    "environment": "production",
    "base_url": "https://pay.example.ru",
    "billing_database_url": "postgresql://u:p@db/billing",
    "yookassa_secret_key": "live_0123456789abcdef",
    "notification_secret": "0123456789abcdef0123456789abcdef",
}


def make(**changes) -> Settings:
    return Settings(_env_file=None, **{**SOUND, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"yookassa_secret_key": ""},
        {"yookassa_secret_key": "change_me_change_me"},
        {"notification_secret": "short"},
        {"base_url": "http://pay.example.ru"},
        {"billing_database_url": ""},
    ],
)
def test_production_refuses_placeholders(changes, monkeypatch):
    monkeypatch.delenv("BILLING_DATABASE_URL", raising=False)
    with pytest.raises(ValidationError):
        make(**changes)


def test_production_ignores_the_movable_clock_and_refuses_test_payments(tmp_path):
    settings = make(business_clock_file=tmp_path / "clock.json")
    assert settings.clock_file is None
    assert not settings.accepts_test


def test_the_sandbox_may_notify_in_development_only():
    sandbox = ip_address("127.0.0.53")
    assert not any(sandbox in network for network in make().networks)
    development = make(environment="development")
    assert any(sandbox in network for network in development.networks)


def test_secrets_are_not_shown():
    shown = repr(make())
    assert SOUND["yookassa_secret_key"] not in shown
    assert SOUND["notification_secret"] not in shown


def test_the_sdk_trusts_no_network_that_we_do_not():
    helper = pytest.importorskip("yookassa.domain.common.security_helper")
    ours = [ip_network(entry) for entry in PROVIDER_NETWORKS.split(",")]
    for entry in helper.SecurityHelper.YOOKASSA_NETWORKS:
        theirs = ip_network(entry)
        assert any(
            theirs.version == network.version and theirs.subnet_of(network) for network in ours
        )
