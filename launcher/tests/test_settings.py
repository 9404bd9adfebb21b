"""What the launcher writes for services and scripts, and what it refuses."""

import shlex
import socket

import pytest

from launcher import environment
from launcher.layout import Layout, read_env_file
from launcher.state import State, Trouble, load, load_or_create, outer_port, require_outer_ports


@pytest.fixture
def layout(tmp_path):
    layout = Layout(tmp_path / "a suite")
    layout.make_folders()
    return layout


@pytest.fixture
def state(layout):
    state = load_or_create(layout)
    state.https_port, state.http_port = 9443, 9080
    return state


def test_secrets_are_made_once_and_readable_by_their_owner_alone(layout):
    first = load_or_create(layout)
    assert load_or_create(layout) == first
    assert len(set(first.secrets.values())) == len(first.secrets)
    assert layout.state_file.stat().st_mode & 0o777 == 0o600
    assert layout.var.stat().st_mode & 0o777 == 0o700


def test_a_state_file_that_cannot_be_read_is_one_sentence(layout):
    layout.state_file.write_text('{"instance": ')
    with pytest.raises(Trouble, match="make reset"):
        load(layout)


def test_a_taken_outer_port_names_its_variable(state):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        state.https_port = holder.getsockname()[1]
        with pytest.raises(Trouble, match=f"{state.https_port} is taken .* HTTPS_PORT"):
            require_outer_ports(state)


@pytest.mark.parametrize("text", ["abc", "0", "65536", "-1"])
def test_an_outer_port_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv("HTTPS_PORT", text)
    with pytest.raises(Trouble, match="HTTPS_PORT"):
        outer_port("HTTPS_PORT", 8443)


def test_the_providers_secret_goes_to_billing_alone_and_the_sandbox_is_not_started(
    layout, state, monkeypatch
):
    monkeypatch.setenv("YOOKASSA_SHOP_ID", "123456")
    monkeypatch.setenv("YOOKASSA_SECRET_KEY", "test_key")
    environments = environment.service_environments(layout, state)
    assert "sandbox" not in environments
    holders = [name for name, values in environments.items() if "test_key" in values.values()]
    assert holders == ["billing"]
    assert environments["billing"]["YOOKASSA_API_URL"] == "https://api.yookassa.ru/v3"
    environment.write_service_files(layout, environments)
    assert environment.for_scripts(layout, state)["SANDBOX_URL"] == ""


def test_what_make_env_prints_is_safe_to_export(layout, state, monkeypatch):
    before = environment.service_environments(layout, state)
    for key, value in environment.for_scripts(layout, state).items():
        assert shlex.split(f"x={shlex.quote(value)}") == [f"x={value}"]
        monkeypatch.setenv(key, value)
    assert environment.service_environments(layout, state) == before


def test_a_database_from_outside_is_used(layout, state, monkeypatch):
    url = "postgresql://me:pw@db.example:5432/billing"
    monkeypatch.setenv("BILLING_DATABASE_URL", url)
    billing = environment.service_environments(layout, state)["billing"]
    assert billing["BILLING_DATABASE_URL"] == billing["BILLING_MIGRATIONS_URL"] == url
    assert environment.needs_own_server(state)


def test_service_files_hold_what_was_meant_and_are_private(layout, state):
    environments = environment.service_environments(layout, state)
    environment.write_service_files(layout, environments)
    assert environment.read_service_files(layout) == environments
    for path in layout.env_dir.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert read_env_file(path)["VAR_DIR"] == str(layout.var)


def test_a_persons_settings_file_is_read_and_unknown_names_are_left_out(layout):
    layout.settings_file.write_text("# mine\nPAYMENT_MAX=10.00\nPATH=/tmp\nRATE_LOGIN='5'\n")
    assert environment.personal_settings(layout) == {"PAYMENT_MAX": "10.00", "RATE_LOGIN": "5"}


def test_the_state_of_a_new_suite_has_an_identity():
    assert State(instance="a").ports == {}
