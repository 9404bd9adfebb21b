"""Compares what the clients heard, our payments and books, and the provider's list."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from billing.flows.compare_provider import compare_provider
from billing.flows.verify_books import verify_books
from billing.gateway.port import PaymentList, ProviderPayment
from billing.platform.money import Money
from harness.scenes import Trial
from harness.world import World

_PAYMENTS = text("""
    SELECT p.*, b.paid_minor, (SELECT count(*) FROM journals j WHERE j.payment_id = p.id) AS booked,
           EXISTS (SELECT FROM payment_attempts a WHERE a.payment_id = p.id
                   AND a.state IN ('sent', 'unknown', 'lookup', 'waiting')) AS unresolved
    FROM payments p LEFT JOIN customer_balances b USING (customer_id, currency)
""")
_INBOX = text("SELECT object_id FROM inbox WHERE outcome IS DISTINCT FROM 'settled'")
UNMADE = "provider_never_received"


@dataclass(frozen=True)
class Facts:
    ours: dict[str, list[Any]]  # payments by customer
    theirs: dict[str | None, list[ProviderPayment]]  # the provider's by our id


async def read_facts(world: World) -> Facts:
    ours = defaultdict(list)
    async with world.database.read() as session:
        for row in await session.all(_PAYMENTS):
            ours[row["customer_id"]].append(row)
    theirs = defaultdict(list)
    span = timedelta(seconds=world.elapsed) + timedelta(hours=2)
    until, cursor = world.clock.now() + timedelta(hours=1), None
    while True:
        page = await world.gateway.list_payments(until - span, until, cursor)
        assert isinstance(page, PaymentList), page
        for item in page.items:
            theirs[item.payment_uid].append(item)
        cursor = page.next_cursor
        if cursor is None:
            return Facts(ours, theirs)


async def audit(world: World, trials: list[Trial]) -> list[str]:
    """A sentence for each thing that is not as it must be; none where all is well."""
    facts = await read_facts(world)
    failures = [
        f"{trial.scene.name} / {trial.point.name} / {trial.customer}: {what}"
        for trial in trials
        for what in _judge(trial, facts)
    ]
    known = {str(row["id"]) for rows in facts.ours.values() for row in rows}
    failures += [
        f"the provider has a payment of nobody: {item.id} {item.status}"
        for uid, items in facts.theirs.items()
        if uid not in known
        for item in items
    ]
    customers = {trial.customer for trial in trials}
    failures += [f"{c}: a payment nobody asked for" for c in facts.ours if c not in customers]
    async with world.database.read() as session:
        waiting = await session.all(_INBOX)
    failures += [f"a notification of {row['object_id']} is not settled" for row in waiting]
    for check in await verify_books(world.database):
        failures += [f"books: {check.name}"] * check.violations
    days = world.elapsed // 86_400 + 1
    compared = await compare_provider(world.database, world.gateway, world.clock, days=days)
    for name, count in compared.items():
        failures += [f"provider: {name}"] * count
    return failures


def _judge(trial: Trial, facts: Facts) -> Iterator[str]:
    if trial.signal != 9:
        yield f"the process did not die at its point, but by {trial.signal}"
    ours = facts.ours.get(trial.customer, [])
    if len(ours) != 1:
        yield f"{len(ours)} payments instead of one"
        return
    [payment] = ours
    told = {answer.payment_id for answer in trial.answers}
    if told != {str(payment["id"])}:
        yield f"the client heard of {told}, kept is {payment['id']}"
    yield from _judge_state(trial, payment)
    yield from _judge_provider(trial, payment, facts.theirs.get(str(payment["id"]), []))
    yield from _judge_answers(trial, payment)
    if trial.scene.two_stages:
        yield from _judge_captures(trial, facts.theirs.get(str(payment["id"]), []))


def _judge_state(trial: Trial, payment: Any) -> Iterator[str]:
    taken = trial.pays and not trial.scene.unmade and not trial.scene.cancels
    expected = "succeeded" if taken else "canceled"
    if payment["status"] != expected:
        yield f"{payment['status']} instead of {expected}"
    if payment["undecided"] or payment["unresolved"] or payment["quarantine_reason"]:
        yield "unresolved"
    credited = int(payment["status"] == "succeeded")
    if payment["booked"] != credited:
        yield f"{payment['booked']} journals"
    if (payment["paid_minor"] or 0) != credited * trial.taken:
        yield f"a balance of {payment['paid_minor']} after {trial.taken}"
    if payment["amount_minor"] != trial.minor:
        yield f"asked for {payment['amount_minor']} instead of {trial.minor}"


def _judge_provider(trial: Trial, payment: Any, theirs: list[ProviderPayment]) -> Iterator[str]:
    if trial.scene.unmade:
        if theirs or payment["cancellation_reason"] != UNMADE:
            yield f"{len(theirs)} payments at the provider of one that never arrived"
        return
    if len(theirs) != 1:
        yield f"{len(theirs)} payments at the provider instead of one"
        return
    [item] = theirs
    if payment["provider_id"] != item.id or payment["status"] != item.status:
        yield f"{payment['status']} {payment['provider_id']}, there {item.status} {item.id}"


def _judge_captures(trial: Trial, theirs: list[ProviderPayment]) -> Iterator[str]:
    """Taken once, the part asked for, and every repeat hears the same."""
    *_, before_last, last = trial.captures
    if (last.answer.status, last.replayed) != (200, True) or last.answer != before_last.answer:
        yield f"the last capture is answered {last.answer.status}, replayed: {last.replayed}"
    if trial.scene.cancels:
        return  # the provider's status was judged already
    if [item.amount for item in theirs] != [Money(trial.taken, "RUB")]:
        yield f"{theirs} at the provider instead of {trial.taken} taken"


def _judge_answers(trial: Trial, payment: Any) -> Iterator[str]:
    *_, before_last, last = trial.answers
    if last.answer.status != 201 or not last.replayed:
        yield f"the last answer is {last.answer.status}, replayed: {last.replayed}"
    if last.answer != before_last.answer:
        yield "two repeats were answered differently"
    finals = Counter(a.answer.body for a in trial.answers if a.answer.status == 201)
    if len(finals) != 1:
        yield f"{len(finals)} different final answers"
    shown = json.loads(last.answer.body)
    if shown["id"] != str(payment["id"]) or shown["value"] != f"{trial.minor / 100:.2f}":
        yield f"the client was shown {shown['id']} of {shown['value']}"
