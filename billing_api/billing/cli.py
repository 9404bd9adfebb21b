"""The operator's command: `billing migrate`, `verify`, `clock`, `review`, `openapi`.

Reads the running suite's settings; prints tables for people and exits 1 where something is wrong.
"""

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from getpass import getuser
from typing import Annotated
from uuid import UUID

import structlog
import typer

from billing.flows.compare_provider import compare_provider
from billing.flows.compare_refunds import compare_refunds
from billing.flows.decide_payment import decide_payment
from billing.flows.decide_refund import decide_refund
from billing.flows.verify_books import verify_books
from billing.gateway.lists import ListUnreadableError
from billing.inbox.queries import list_doubtful
from billing.ledger.debts import OWES
from billing.ledger.queries import list_debts
from billing.platform.clock import format_instant
from billing.platform.clock_file import parse_duration, write_offset
from billing.platform.grants import grant_service_role
from billing.platform.problems import Problem
from billing.review.queries import find_kind, get_reviewed, list_for_review
from billing.review.rules import (
    Action,
    Decision,
    KeptDecision,
    Kind,
    Subject,
    kind_of,
    waits_since,
    why_in_review,
)
from billing.settings import Settings, load_settings
from billing.wiring.parts import make_clock, make_gateway, open_database

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
clock_app = typer.Typer(no_args_is_help=True, help="Show or move the business clock.")
review_app = typer.Typer(help="What waits for a person, and what a person decides about it.")
app.add_typer(clock_app, name="clock")
app.add_typer(review_app, name="review")
DECIDE = {Kind.PAYMENT: decide_payment, Kind.REFUND: decide_refund}


@app.command()
def migrate() -> None:
    """Bring the database to the newest version; give the service's role its rights."""
    # Imported here: the other commands need not wait for it.
    from alembic import command  # noqa: PLC0415

    from billing.wiring.migrating import migration_config  # noqa: PLC0415

    settings = load_settings()
    owner = settings.billing_migrations_url or settings.billing_database_url
    command.upgrade(migration_config(owner), "head")
    grant_service_role(owner, settings.billing_database_url or owner)
    typer.echo("billing: the database is up to date")


@app.command()
def verify(
    *,
    provider: Annotated[bool, typer.Option(help="Compare with the provider's list too")] = False,
    days: Annotated[int, typer.Option(min=1, help="How far back to compare")] = 7,
) -> None:
    """Prove the books; exit 1 where anything does not hold."""
    figures = asyncio.run(_figures(load_settings(), days if provider else 0))
    width = max(len(name) for name in figures)
    for name, violations in figures.items():
        word = "ok" if not violations else f"{violations} VIOLATIONS"
        typer.echo(f"{name:<{width}}  {word}")
    if any(figures.values()):
        raise typer.Exit(1)


async def _figures(settings: Settings, provider_days: int) -> dict[str, int]:
    async with open_database(settings) as database:
        figures = {check.name: check.violations for check in await verify_books(database)}
        if not provider_days:
            return figures
        clock = make_clock(settings)
        try:
            async with make_gateway(settings) as gateway:
                seen = await compare_provider(database, gateway, clock, days=provider_days)
                seen |= await compare_refunds(database, gateway, clock, days=provider_days)
        except ListUnreadableError as error:
            typer.echo(f"the provider's list cannot be read: {error}", err=True)
            raise typer.Exit(1) from None
    return figures | seen


@review_app.callback(invoke_without_command=True)
def review(
    context: typer.Context, *, limit: Annotated[int, typer.Option(min=1, max=1000)] = 100
) -> None:
    """What waits for a person, newest first: payments, refunds, debts, notifications that did not
    fit.
    """
    if context.invoked_subcommand is not None:
        return
    lines = asyncio.run(_review(load_settings(), limit))
    for line in lines or ["nothing waits for review"]:
        typer.echo(line)


async def _review(settings: Settings, limit: int) -> list[str]:
    now = make_clock(settings).now()
    async with open_database(settings) as database, database.read() as session:
        items = [item for kind in Kind for item in await list_for_review(session, kind, now, limit)]
        debts = await list_debts(session, limit)
        notifications = await list_doubtful(session, limit)
    lines = [
        f"{_line(row)}  {why_in_review(row)}"
        f"  since {format_instant(waits_since(row))}  provider {row.provider_id or '-'}"
        f" {row.provider_status or '-'}"
        for row in (item.subject for item in items)
    ]
    lines += [
        f"receivable {debt.id}  {debt.owed}  {OWES}  {debt.customer_id}"
        f"  since {format_instant(debt.at)}"
        for debt in debts
    ]
    lines += [
        f"notification {row['id']}  {row['event']}  {row['object_id']}  {row['outcome']}"
        f"  {format_instant(row['received_at'])}  copies {row['copies']}"
        for row in notifications
    ]
    return lines


def _line(subject: Subject) -> str:
    return f"{kind_of(subject)} {subject.id}  {subject.amount}  {subject.status}"


ItemId = Annotated[UUID, typer.Argument(help="Our id of the payment or the refund")]
Reason = Annotated[str, typer.Option(help="Why; kept for good")]
DecidedBy = Annotated[str, typer.Option("--by", help="Who; the operating system's user if not")]


@review_app.command("release")
def release(
    item: ItemId,
    *,
    reason: Reason,
    decided_by: DecidedBy = "",
    provider_id: Annotated[str | None, typer.Option(help="Where we do not know it")] = None,
) -> None:
    """Ask the provider about a held one again and apply what it says, if it agrees now."""
    _decide(item, Action.RELEASE, reason, decided_by, provider_id)


@review_app.command("close")
def close(item: ItemId, *, reason: Reason, decided_by: DecidedBy = "") -> None:
    """Nothing more is to be done about it: off the list; a held one that is open is canceled."""
    _decide(item, Action.CLOSE, reason, decided_by)


@review_app.command("history")
def history(item: ItemId) -> None:
    """Who decided what about it, and why."""
    try:
        decisions = asyncio.run(_history(load_settings(), item))
    except Problem as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    for kept in decisions:
        found = f"{kept.action}  found {kept.found}"
        typer.echo(f"{format_instant(kept.at)}  {kept.decided_by}  {found}  {kept.reason}")


async def _history(settings: Settings, item_id: UUID) -> list[KeptDecision]:
    now = make_clock(settings).now()
    async with open_database(settings) as database, database.read() as session:
        return (await get_reviewed(session, item_id, now)).decisions


def _decide(
    item_id: UUID, action: Action, reason: str, decided_by: str, provider_id: str | None = None
) -> None:
    try:
        decision = Decision(item_id, action, reason, decided_by or getuser(), provider_id)
        decided = asyncio.run(_decided(load_settings(), decision))
    except Problem as error:
        typer.echo(f"nothing is changed: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(_line(decided))


async def _decided(settings: Settings, decision: Decision) -> Subject:
    clock = make_clock(settings)
    async with open_database(settings) as database, make_gateway(settings) as gateway:
        async with database.read() as session:
            kind = await find_kind(session, decision.item_id)
        await DECIDE[kind](database, gateway, clock, decision)
        async with database.read() as session:
            return (await get_reviewed(session, decision.item_id, clock.now())).subject


@app.command()
def openapi() -> None:
    """Print the API's description."""
    from billing.wiring.app import create_app  # noqa: PLC0415

    typer.echo(json.dumps(create_app(load_settings()).openapi(), ensure_ascii=False, indent=2))


@clock_app.command("show")
def show_clock() -> None:
    """The business time and how far it is moved."""
    _show(load_settings())


@clock_app.command("advance")
def advance_clock(duration: Annotated[str, typer.Argument(help="like 30d, 12h, 90m, 45s")]) -> None:
    """Move the business clock forward."""
    settings = _movable()
    clock = make_clock(settings)
    _move(settings, clock.now() - clock.real_now() + _duration(duration))


@clock_app.command("set")
def set_clock(instant: Annotated[str, typer.Argument(help="like 2026-03-01T12:00:00Z")]) -> None:
    """Set the business clock to an instant."""
    settings = _movable()
    try:
        wanted = datetime.fromisoformat(instant)
    except ValueError:
        raise typer.BadParameter("not an ISO 8601 instant") from None
    wanted = wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC)
    _move(settings, wanted - make_clock(settings).real_now())


@clock_app.command("reset")
def reset_clock() -> None:
    """Back to real time."""
    _move(_movable(), timedelta(0))


def _movable() -> Settings:
    settings = load_settings()
    if settings.clock_file is None:
        typer.echo("the clock cannot be moved: production, or BUSINESS_CLOCK_FILE is not set")
        raise typer.Exit(1)
    return settings


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _move(settings: Settings, offset: timedelta) -> None:
    if settings.clock_file is not None:
        write_offset(settings.clock_file, offset)
    _show(settings)


def _show(settings: Settings) -> None:
    clock = make_clock(settings)
    offset = round((clock.now() - clock.real_now()).total_seconds())
    typer.echo(f"{format_instant(clock.now())}  offset {offset} s")


def main() -> None:
    # Tables for people: only what is wrong is worth a line of the log between them.
    quiet = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=quiet)
    app()


if __name__ == "__main__":
    main()
