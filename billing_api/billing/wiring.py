"""What both processes are made of, from settings; used by the roots only."""

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from billing.gateway.yookassa.client import YooKassaAccount, YooKassaGateway
from billing.platform.clock import SystemClock
from billing.platform.database import Database
from billing.platform.logs import configure_logs
from billing.settings import Settings

ALEMBIC_INI = Path(__file__).resolve().parents[1] / "alembic.ini"


def make_clock(settings: Settings) -> SystemClock:
    return SystemClock(settings.clock_file)


def make_database(settings: Settings) -> Database:
    return Database(settings.billing_database_url)


def make_gateway(settings: Settings) -> YooKassaGateway:
    return YooKassaGateway(
        YooKassaAccount(
            api_url=settings.yookassa_api_url.rstrip("/"),
            shop_id=settings.yookassa_shop_id,
            secret_key=settings.yookassa_secret_key,
            accepts_test=settings.accepts_test,
            ca_file=settings.yookassa_ca_file,
        )
    )


def start_logs(settings: Settings, service: str) -> None:
    configure_logs(service, settings.log_level)


def migration_config(url: str) -> Config:
    config = Config(str(ALEMBIC_INI))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def migration_head() -> str:
    return ScriptDirectory.from_config(Config(str(ALEMBIC_INI))).get_current_head() or ""
