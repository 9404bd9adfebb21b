"""Migrations: where they are, and how far they go."""

from pathlib import Path

from alembic.config import Config

PROJECT = Path(__file__).resolve().parents[2]


def migration_config(url: str) -> Config:
    config = Config(str(PROJECT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config
