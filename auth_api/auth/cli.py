"""The operator's command: migrate, first staff account, programs, the API description.

Secrets come by environment, never as arguments: arguments are shown to every user of the machine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from flask_migrate import upgrade

from auth.app import create_app, create_operator_app, password_pool
from auth.flows.ensure_client import ensure_client
from auth.flows.ensure_staff import Staff, ensure_staff
from auth.flows.rotate_keys import rotate_keys
from auth.keys.keyring import Keyring
from auth.platform.clock import SystemClock
from auth.platform.database import Database
from auth.platform.logs import configure_logs
from auth.platform.problems import Problem
from auth.roles.rules import Role
from auth.settings import MIGRATIONS, Settings, load_settings

Result = TypeVar("Result")

cli = typer.Typer(no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)


@cli.command()
def migrate() -> None:
    """Brings the database to this version's tables; does nothing when it is there."""
    with create_operator_app(load_settings()).app_context():
        upgrade(directory=str(MIGRATIONS))
    typer.echo("auth: the database is migrated")


@cli.command("create-staff")
def create_staff(
    username: Annotated[str, typer.Option()],
    email: Annotated[str, typer.Option()],
    role: Annotated[Role, typer.Option()] = Role.ADMIN,
) -> None:
    """Makes a staff account, or sets an existing one's password; password in STAFF_PASSWORD."""
    settings = load_settings()
    command = Staff(username, email, _secret("STAFF_PASSWORD"), role)
    with create_operator_app(settings).app_context():
        made = _or_say_why(
            lambda: ensure_staff(Database(), SystemClock(), password_pool(settings), command)
        )
    typer.echo(f"auth: staff account {username} {'made' if made else 'was there, password set'}")


@cli.command("create-client")
def create_client(
    client_id: Annotated[str, typer.Option()],
    scopes: Annotated[str, typer.Option(help="Separated by spaces")],
) -> None:
    """Makes a program's credentials, or replaces them; secret in CLIENT_SECRET."""
    secret = _secret("CLIENT_SECRET")
    with create_operator_app(load_settings()).app_context():
        _or_say_why(
            lambda: ensure_client(
                Database(),
                SystemClock(),
                client_id=client_id,
                secret=secret,
                scopes=scopes.split(),
            )
        )
    typer.echo(f"auth: client {client_id} is ready")


@cli.command("rotate-keys")
def rotate() -> None:
    """Publishes a new signing key and removes those whose last token is dead."""
    settings = load_settings()
    done = _or_say_why(
        lambda: rotate_keys(
            settings.signing_key_dir,
            SystemClock(),
            token_seconds=settings.access_token_seconds,
        )
    )
    typer.echo(f"auth: key {done.added} is published and signs in {done.signs_after_seconds} s")
    for kid in done.removed:
        typer.echo(f"auth: key {kid} is removed, its last token is dead")


@cli.command()
def openapi() -> None:
    """Prints the API description; needs neither settings nor a database."""
    settings = Settings(
        database_url="postgresql://127.0.0.1/none",
        token_issuer="none",  # noqa: S106  not a token but its issuer, and none at that
        signing_key_dir=Path(),
    )
    app = create_app(settings, Keyring.throwaway())
    typer.echo(json.dumps(app.api_doc, ensure_ascii=False, indent=2))


def _secret(variable: str) -> str:
    value = os.environ.get(variable, "")
    if not value:
        raise typer.BadParameter(f"the environment variable {variable} is empty")
    return value


def _or_say_why(work: Callable[[], Result]) -> Result:
    try:
        return work()
    except (Problem, ValueError) as fault:
        typer.echo(f"auth: {fault}", err=True)
        raise typer.Exit(1) from None


def main() -> None:
    configure_logs("WARNING")
    cli()


if __name__ == "__main__":
    main()
