"""The statement says what the journal says, for every period and however it is paged."""

import random
from datetime import timedelta

import pytest

from billing.flows.poll_payment import poll_payment
from billing.ledger.chart import AccountKind
from billing.ledger.kinds import JournalKind
from billing.ledger.queries import read_statement
from billing.ledger.rules import Journal, Line
from billing.ledger.statement import Period, decode_place, encode_place, parse_period
from billing.ledger.store import post_journal
from billing.platform.ids import new_id
from billing.platform.money import Money

WHOLE = Period(None, None)
OWN = (
    AccountKind.CUSTOMER_PAID,
    AccountKind.CUSTOMER_PROMO,
    AccountKind.CUSTOMER_HELD,
    AccountKind.CUSTOMER_RECEIVABLE,
)


@pytest.fixture
def database(own_database):
    return own_database


@pytest.fixture
def post(database, clock, customer):
    """Books (account, minor) pairs of the customer against the revenue account."""

    async def call(*parts, at=None, owner=customer):
        lines = [Line(kind, Money(minor, "RUB"), owner) for kind, minor in parts if minor]
        rest = -sum(minor for _, minor in parts)
        if rest:
            lines.append(Line(AccountKind.REVENUE, Money(rest, "RUB")))
        journal = Journal(new_id(), JournalKind.ADJUSTMENT, at or clock.now(), tuple(lines))
        async with database.begin() as session:
            await post_journal(session, journal)
        return journal

    return call


@pytest.fixture
def read_page(database, customer):
    async def call(period=WHOLE, after=None, limit=100, owner=customer):
        async with database.read() as session:
            return await read_statement(session, owner, "RUB", period, after=after, limit=limit)

    return call


@pytest.fixture
def read_all(read_page):
    """Every line of a statement, page by page, and its two balances."""

    async def call(period=WHOLE, limit=100):
        page = await read_page(period, None, limit)
        opening, closing, lines = page.opening_minor, page.closing_minor, list(page.lines)
        while page.next_place is not None:
            place = decode_place(encode_place(page.next_place))
            page = await read_page(period, place, limit)
            assert (page.opening_minor, page.closing_minor) == (opening, closing)
            lines += page.lines
        return opening, lines, closing

    return call


async def test_a_payment_is_one_line_and_the_closing_balance_is_the_balance(
    create, read, sandbox, database, gateway, clock, read_page, rows, customer
):
    for minor in (10000, 250):
        payment = await read((await create(minor)).payment_id)
        sandbox.succeed(payment.provider_id)
        clock.advance(seconds=5)
        await poll_payment(database, gateway, clock, payment.id)
    statement = await read_page()
    assert [line.value_minor for line in statement.lines] == [10000, 250]
    assert [line.balance_minor for line in statement.lines] == [10000, 10250]
    assert statement.lines[1].payment_id == payment.id
    [balance] = await rows(
        "SELECT paid_minor + promo_minor AS n FROM customer_balances WHERE customer_id = :c",
        c=customer,
    )
    assert (statement.opening_minor, statement.closing_minor) == (0, balance["n"])


async def test_a_customer_without_a_journal_has_an_empty_statement(read_page):
    statement = await read_page(owner=str(new_id()))
    assert (statement.opening_minor, statement.lines, statement.closing_minor) == (0, [], 0)


@pytest.mark.parametrize("seed", range(5))
async def test_every_period_and_page_length_agrees_with_the_journals(post, read_all, clock, seed):
    """The oracle is a list kept here; several journals share an instant on purpose."""
    chance = random.Random(seed)
    booked = []
    for _ in range(40):
        at = clock.now() + timedelta(hours=chance.randrange(30))
        parts = [(kind, chance.randrange(-300, 500)) for kind in OWN if chance.random() < 0.6]
        if not any(minor for _, minor in parts):
            continue
        journal = await post(*parts, at=at)
        value = sum(minor for kind, minor in parts if kind in OWN[:2])
        booked.append((at, journal.id, value))
    booked.sort()
    for _ in range(12):
        bounds = sorted(clock.now() + timedelta(hours=chance.randrange(-1, 32)) for _ in "ab")
        since, until = (None if chance.random() < 0.2 else bound for bound in bounds)
        before = [line for line in booked if since is not None and line[0] < since]
        inside = [
            line for line in booked if line not in before and (until is None or line[0] < until)
        ]
        opening, lines, closing = await read_all(Period(since, until), chance.randrange(1, 9))
        assert [(line.at, line.journal_id, line.value_minor) for line in lines] == inside
        assert opening == sum(value for _, _, value in before)
        assert closing == opening + sum(value for _, _, value in inside)
        balance = opening
        for line in lines:
            balance += line.value_minor
            assert line.balance_minor == balance


async def test_what_is_booked_between_two_pages_does_not_change_the_statement(
    post, read_page, clock
):
    for hour in range(4):
        await post((AccountKind.CUSTOMER_PAID, 100), at=clock.now() + timedelta(hours=hour))
    first = await read_page(limit=2)
    # Dated between the two pages, as a slow transaction's journal would be.
    late = await post((AccountKind.CUSTOMER_PAID, 7), at=clock.now() + timedelta(minutes=90))
    second = await read_page(after=first.next_place, limit=2)
    assert second.closing_minor == first.closing_minor == 400
    assert late.id not in {line.journal_id for line in (*first.lines, *second.lines)}
    assert second.lines[-1].balance_minor == second.closing_minor
    assert (await read_page()).closing_minor == 407


async def test_a_transaction_still_open_at_the_first_page_stays_out_of_all_of_them(
    post, read_page, database, clock, customer
):
    await post((AccountKind.CUSTOMER_PAID, 100))
    await post((AccountKind.CUSTOMER_PAID, 100))
    lines = (
        Line(AccountKind.CUSTOMER_PAID, Money(5, "RUB"), customer),
        Line(AccountKind.REVENUE, Money(-5, "RUB")),
    )
    async with database.begin() as session:
        slow = Journal(new_id(), JournalKind.ADJUSTMENT, clock.now(), lines)
        await post_journal(session, slow)
        first = await read_page(limit=1)
    second = await read_page(after=first.next_place, limit=9)
    assert first.closing_minor == second.closing_minor == 200
    assert slow.id not in {line.journal_id for line in second.lines}


async def test_one_customer_never_sees_the_lines_of_another(post, read_page):
    other = str(new_id())
    await post((AccountKind.CUSTOMER_PAID, 100))
    await post((AccountKind.CUSTOMER_PAID, 900), owner=other)
    assert (await read_page()).closing_minor == 100
    assert (await read_page(owner=other)).closing_minor == 900


def test_days_are_days_of_moscow_and_both_are_included():
    period = parse_period("2026-01-31", "2026-01-31")
    assert period.since.isoformat() == "2026-01-31T00:00:00+03:00"
    assert period.until.isoformat() == "2026-02-01T00:00:00+03:00"
    assert parse_period("", "") == WHOLE
    instants = parse_period("2026-01-31T12:00:00Z", "2026-01-31T15:00:00+03:00")
    assert instants.since == instants.until
