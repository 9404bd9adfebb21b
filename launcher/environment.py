"""What every service is told (VAR_DIR/env/<service>.env), and what `make env` prints."""

import os
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

from launcher.layout import Layout, read_env_file, write_private
from launcher.state import State

SANDBOX_SHOP_ID = "100500"
SANDBOX_GATEWAY_ID = "100700"
SANDBOX_SOURCE = "127.0.0.53"
STAFF_USERNAME = "staff"
LOCAL_ADMIN_USERNAME = "local_admin"

# What a person may set, in the environment of `make up` or in VAR_DIR/settings.env, and who is
# told: the provider's secret goes to billing alone.
PERSONAL_SETTINGS = {
    "YOOKASSA_SHOP_ID": ("billing",),
    "YOOKASSA_SECRET_KEY": ("billing",),
    "YOOKASSA_API_URL": ("billing",),
    "BREAKER_OPENS_AFTER": ("billing",),
    "BREAKER_PAUSE_SECONDS": ("billing",),
    "REPEATS_PER_SECOND": ("billing",),
    "NOTIFICATION_NETWORKS": ("billing", "nginx"),
    "NOTIFICATION_SOURCE_CHECK": ("billing",),
    "RETURN_URL_HOSTS": ("billing",),
    "PAYMENT_MIN": ("billing",),
    "PAYMENT_MAX": ("billing",),
    "HOLD_MARGIN_MINUTES": ("billing",),
    "HASH_WORKERS": ("auth",),
    "ACCESS_TOKEN_SECONDS": ("auth",),
    "REFRESH_GRACE_SECONDS": ("auth",),
    "REGISTRATIONS_PER_MINUTE": ("auth",),
    "LOGINS_PER_MINUTE": ("auth",),
    "LOGIN_FAILURES_FREE": ("auth",),
    "LOGIN_DELAY_MAX_SECONDS": ("auth",),
    "SERVER_NAMES": ("nginx", "admin"),
    "RATE_LOGIN": ("nginx",),
    "RATE_REGISTRATION": ("nginx",),
    "RATE_PAYMENT": ("nginx",),
    "SANDBOX_CANCEL_ON_DECLINE": ("sandbox",),
    "LOG_LEVEL": ("billing", "auth", "admin", "sandbox"),
}
_OWNERS = {
    "BILLING_DATABASE_URL": ("billing_owner", "billing_db"),
    "AUTH_DATABASE_URL": ("auth", "auth_db"),
    "ADMIN_DATABASE_URL": ("admin", "admin_db"),
}
Env = dict[str, str]


def personal_settings(layout: Layout) -> Env:
    """A person's settings; the environment wins over the file."""
    values = read_env_file(layout.settings_file)
    values |= {name: os.environ[name] for name in PERSONAL_SETTINGS if os.environ.get(name)}
    return {name: value for name, value in values.items() if name in PERSONAL_SETTINGS and value}


def uses_real_provider(settings: Env) -> bool:
    """Keys of a real shop are given: the sandbox is not started."""
    return bool(settings.get("YOOKASSA_SHOP_ID") and settings.get("YOOKASSA_SECRET_KEY"))


def base_url(state: State) -> str:
    """The address people use. 127.0.0.1, since HSTS on `localhost` would bind all its ports."""
    return f"https://127.0.0.1:{state.https_port}"


def own_database_url(state: State, role: str, database: str) -> str:
    """The URL of one of our own server's databases."""
    password = quote(state.secrets[f"{role}_password"])
    return f"postgresql://{role}:{password}@127.0.0.1:{state.ports['postgres']}/{database}"


def external_database_url(state: State, variable: str) -> str | None:
    """A database given from outside. One that names our own server counts as not given, so that
    what `make env` prints is safe to export."""
    given = os.environ.get(variable)
    if not given:
        return None
    parts = urlsplit(given)
    own = parts.hostname == "127.0.0.1" and parts.port == state.ports["postgres"]
    return None if own else given


def owner_url(state: State, variable: str) -> str:
    """The owner's URL of a service's database."""
    return external_database_url(state, variable) or own_database_url(state, *_OWNERS[variable])


def needs_own_server(state: State) -> bool:
    """Whether any service has no database from outside."""
    return any(external_database_url(state, name) is None for name in _OWNERS)


def service_environments(layout: Layout, state: State) -> dict[str, Env]:
    """Each service's settings by the service's name."""
    settings = personal_settings(layout)
    common = {
        "BASE_URL": base_url(state),
        "CA_FILE": str(layout.authority),
        "VAR_DIR": str(layout.var),
        "ENVIRONMENT": "development",
        "BUSINESS_CLOCK_FILE": str(layout.clock_file),
        "TOKEN_ISSUER": f"{base_url(state)}/auth",
        "SANDBOX_ENABLED": "0" if uses_real_provider(settings) else "1",
    }
    environments = {
        "billing": _billing(layout, state, settings),
        "auth": _auth(layout, state),
        "admin": _admin(layout, state),
        "nginx": {},
    }
    if not uses_real_provider(settings):
        environments["sandbox"] = _sandbox(layout, state)
    return {
        name: {
            **common,
            **own,
            **{k: v for k, v in settings.items() if name in PERSONAL_SETTINGS[k]},
        }
        for name, own in environments.items()
    }


def _billing(layout: Layout, state: State, settings: Env) -> Env:
    external = external_database_url(state, "BILLING_DATABASE_URL")
    provider = {
        "YOOKASSA_API_URL": f"https://127.0.0.1:{state.ports['sandbox']}/v3",
        "YOOKASSA_SHOP_ID": SANDBOX_SHOP_ID,
        "YOOKASSA_SECRET_KEY": state.secrets["sandbox_secret_key"],
        "YOOKASSA_CA_FILE": str(layout.authority),
    }
    if uses_real_provider(settings):
        provider = {"YOOKASSA_API_URL": "https://api.yookassa.ru/v3", "YOOKASSA_CA_FILE": ""}
    return {
        "BILLING_DATABASE_URL": external or own_database_url(state, "billing", "billing_db"),
        "BILLING_MIGRATIONS_URL": owner_url(state, "BILLING_DATABASE_URL"),
        "BILLING_PORT": str(state.ports["billing"]),
        "AUTH_JWKS_URL": f"http://127.0.0.1:{state.ports['auth']}/.well-known/jwks.json",
        "TOKEN_AUDIENCE": "billing",
        "NOTIFICATION_SECRET": state.secrets["notification_secret"],
        "FORWARDED_ALLOW_IPS": "127.0.0.1",
        **provider,
    }


def _auth(layout: Layout, state: State) -> Env:
    return {
        "AUTH_DATABASE_URL": owner_url(state, "AUTH_DATABASE_URL"),
        "AUTH_PORT": str(state.ports["auth"]),
        "TOKEN_AUDIENCES": "auth,billing",
        "AUTH_SIGNING_KEY_DIR": str(layout.signing_keys),
    }


def _admin(layout: Layout, state: State) -> Env:
    return {
        "ADMIN_DATABASE_URL": owner_url(state, "ADMIN_DATABASE_URL"),
        "ADMIN_PORT": str(state.ports["admin"]),
        "ADMIN_SECRET_KEY": state.secrets["admin_secret_key"],
        "AUTH_URL": f"http://127.0.0.1:{state.ports['auth']}",
        "BILLING_URL": f"http://127.0.0.1:{state.ports['billing']}",
        "TOKEN_AUDIENCE": "auth",
        "SERVICE_CLIENT_ID": "admin-sync",
        "SERVICE_CLIENT_SECRET": state.secrets["service_client_secret"],
        "STATIC_ROOT": str(layout.static_root),
    }


def _sandbox(layout: Layout, state: State) -> Env:
    secret = state.secrets["notification_secret"]
    return {
        "SANDBOX_PORT": str(state.ports["sandbox"]),
        "SANDBOX_SHOP_ID": SANDBOX_SHOP_ID,
        "SANDBOX_GATEWAY_ID": SANDBOX_GATEWAY_ID,
        "SANDBOX_SECRET_KEY": state.secrets["sandbox_secret_key"],
        "SANDBOX_TLS_CERT": str(layout.certificate),
        "SANDBOX_TLS_KEY": str(layout.certificate_key),
        "SANDBOX_STATE_FILE": str(layout.sandbox_state),
        "SANDBOX_PAGE_URL": f"{base_url(state)}/sandbox",
        "SANDBOX_NOTIFICATION_URL": f"{base_url(state)}/api/v1/notification/{secret}",
        "SANDBOX_NOTIFICATION_SOURCE": SANDBOX_SOURCE,
    }


def write_service_files(layout: Layout, environments: dict[str, Env]) -> None:
    """VAR_DIR/env/<service>.env, 0600; a service that is not started has none."""
    for old in layout.env_dir.glob("*.env"):
        if old.stem not in environments:
            old.unlink()
    for name, values in environments.items():
        lines = "".join(f'{key}="{value}"\n' for key, value in values.items())
        write_private(layout.env_dir / f"{name}.env", lines)


def runs_sandbox(layout: Layout) -> bool:
    """Whether the suite as it was last started has the sandbox, whatever this shell says now."""
    return (layout.env_dir / "sandbox.env").exists()


def read_service_files(layout: Layout) -> dict[str, Env]:
    """What `write_service_files` wrote last."""
    return {path.stem: read_env_file(path) for path in layout.env_dir.glob("*.env")}


def for_scripts(layout: Layout, state: State) -> Env:
    """What `make env` prints: the addresses and credentials a script needs."""
    sandbox = runs_sandbox(layout)
    return {
        "BASE_URL": base_url(state),
        "CA_FILE": str(layout.authority),
        "SANDBOX_URL": f"https://127.0.0.1:{state.ports['sandbox']}" if sandbox else "",
        "SANDBOX_SHOP_ID": SANDBOX_SHOP_ID if sandbox else "",
        "SANDBOX_SECRET_KEY": state.secrets["sandbox_secret_key"] if sandbox else "",
        "STAFF_USERNAME": STAFF_USERNAME,
        "STAFF_PASSWORD": state.secrets["staff_password"],
        **{name: owner_url(state, name) for name in _OWNERS},
        "VAR_DIR": str(layout.var),
    }


def clean_process_environment(layout: Layout, state: State) -> Env:
    """What the supervisor and its children inherit: nothing a shell may have exported for others.

    SUITE_INSTANCE marks every process of this suite, so that what an ended supervisor left behind
    can be found again.
    """
    kept = ("PATH", "HOME", "LANG", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR")
    values = {name: os.environ[name] for name in kept if name in os.environ}
    return {
        **values,
        "PYTHONUNBUFFERED": "1",
        "VAR_DIR": str(layout.var),
        "SUITE_INSTANCE": state.instance,
        "PATH": f"{Path(sys.executable).parent}:{values.get('PATH', '/usr/bin:/bin')}",
    }
