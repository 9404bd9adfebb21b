"""Daily seals: a day is sealed once it is over and closed, and no later change goes unseen."""

import asyncio
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import psycopg2
import psycopg2.errors
import pytest
from sqlalchemy import text

from billing.flows.seal_days import seal_days
from billing.flows.verify_books import verify_books
from billing.ledger.chart import AccountKind
from billing.ledger.kinds import JournalKind
from billing.ledger.rules import Journal, Line
from billing.ledger.store import post_journal
from billing.platform.budget import Budget
from billing.platform.clock import ManualClock
from billing.platform.database import Database
from billing.platform.ids import new_id
from billing.platform.money import Money
from billing.seals.queries import broken_seals, last_seal, read_figures
from billing.seals.rules import BEFORE_ALL, Limits
from billing.worker import Tools, run_every
from billing.worker import seal as do_seal

# Noon in Moscow.
NOON = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def place(make_migrated, postgres_url):
    """A database of its own; as the service and as who may switch triggers off."""
    urls = make_migrated()
    service = Database(urls.service)
    superuser = urlsplit(postgres_url)._replace(path=urlsplit(urls.owner).path).geturl()
    almighty = Database(superuser)
    yield urls, service, almighty
    await service.close()
    await almighty.close()


def journal(at: datetime, minor: int, customer: str = "c") -> Journal:
    lines = (
        Line(AccountKind.PROVIDER, Money(-minor, "RUB")),
        Line(AccountKind.CUSTOMER_PAID, Money(minor, "RUB"), customer),
    )
    return Journal(new_id(), JournalKind.PAYMENT, at, lines)


async def book(database, at, minor, customer="c"):
    made = journal(at, minor, customer)
    async with database.begin() as session:
        await post_journal(session, made)
    return made.id


async def seals(database):
    async with database.read() as session:
        return await session.all(text("SELECT * FROM seals ORDER BY day"))


async def seal(database, now, expected):
    """Until the transactions of other tests on this server have ended too."""
    done = 0
    for _ in range(20):
        done += await seal_days(database, ManualClock(now))
        if done >= expected:
            break
    assert done == expected


@pytest.fixture
async def sealed(place):
    """Three days of journals, all sealed: 2, 3 (nothing), 4 March."""
    _, service, _ = place
    await book(service, NOON, 100, "a")
    await book(service, NOON, 250, "b")
    await book(service, NOON + 2 * DAY, 700, "a")
    await book(service, NOON + 3 * DAY, 900, "a")
    await seal(service, NOON + 3 * DAY, 3)
    return place


async def test_each_day_that_is_over_has_a_seal_chained_to_the_one_before(sealed):
    _, service, _ = sealed
    kept = await seals(service)
    assert [(str(row["day"]), row["journals"], row["postings"], row["totals"]) for row in kept] == [
        ("2026-03-02", 2, 4, {"RUB": 700}),
        ("2026-03-03", 0, 0, {}),
        ("2026-03-04", 1, 2, {"RUB": 1400}),
    ]
    assert [row["previous"] for row in kept] == [bytes(32), kept[0]["hash"], kept[1]["hash"]]
    assert await seal_days(service, ManualClock(NOON + 3 * DAY)) == 0
    found = {check.name: check.violations for check in await verify_books(service)}
    assert found["every sealed day holds"] == 0


async def test_a_day_ends_at_midnight_in_moscow(place):
    _, service, _ = place
    midnight = datetime(2026, 3, 2, 21, tzinfo=UTC)
    await book(service, midnight - timedelta(microseconds=1), 1)
    await book(service, midnight, 2)
    assert await seal_days(service, ManualClock(midnight - timedelta(seconds=1))) == 0
    await seal(service, midnight, 1)
    [row] = await seals(service)
    assert (str(row["day"]), row["journals"]) == ("2026-03-02", 1)


@pytest.fixture
def slow_one():
    """A connection that is left open by no failure: it would hold every horizon back."""
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(closing(psycopg2.connect(url)))


async def test_a_day_stays_open_while_a_transaction_could_add_to_it(place, slow_one):
    urls, service, _ = place
    await book(service, NOON, 100)
    slow = slow_one(urls.service)
    late = str(new_id())
    with slow.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journals (id, kind, at, description) VALUES (%s, 'test', %s, '')",
            (late, NOON),
        )
        cursor.execute(
            "INSERT INTO postings SELECT %s::uuid, n, a.id, 'RUB', CASE n WHEN 1 THEN 5 ELSE -5 END"
            " FROM accounts a, generate_series(1, 2) n WHERE a.kind = 'provider'",
            (late,),
        )
    assert await seal_days(service, ManualClock(NOON + DAY), wait_seconds=0.5) == 0
    assert not await seals(service)
    slow.commit()
    await seal(service, NOON + DAY, 1)
    [row] = await seals(service)
    assert (row["journals"], row["late"]) == (2, 0)


async def test_what_is_dated_into_a_sealed_day_is_under_the_next_seal(sealed):
    """A clock set back, or a commit after all: nothing is outside of every seal."""
    _, service, _ = sealed
    await book(service, NOON, 33)
    async with service.read() as session:
        assert not await broken_seals(session)
    await seal(service, NOON + 4 * DAY, 1)
    row = (await seals(service))[-1]
    assert (row["journals"], row["late"], row["totals"]) == (2, 1, {"RUB": 1866})
    async with service.read() as session:
        assert not await broken_seals(session)


async def test_the_worker_seals_without_being_asked(place, gateway):
    _, service, _ = place
    await book(service, NOON, 100)
    tools = Tools(service, gateway, ManualClock(NOON + DAY), timedelta(hours=1), Budget(10))
    stopping = asyncio.Event()
    task = asyncio.create_task(run_every(0.1, do_seal, tools, stopping))
    try:
        for _ in range(300):
            await asyncio.sleep(0.1)
            if await seals(service):
                break
    finally:
        stopping.set()
        await task
    assert len(await seals(service)) == 1


async def test_two_that_seal_at_once_make_one_chain(place):
    _, service, _ = place
    await book(service, NOON, 100)
    other = Database(place[0].service)
    try:
        done = 0
        for _ in range(20):
            done += await seal_days(service, ManualClock(NOON + 9 * DAY))
            done += await seal_days(other, ManualClock(NOON + 9 * DAY))
            if done >= 9:
                break
    finally:
        await other.close()
    assert (done, len(await seals(service))) == (9, 9)


BREAKS = {
    "a posting changed": (
        "UPDATE postings SET amount_minor = amount_minor * 2 WHERE journal_id = (:first)",
        {"2026-03-02"},
    ),
    "a journal deleted": ("DELETE FROM journals WHERE id = (:first)", {"2026-03-02"}),
    "a journal put into a sealed day": (
        """INSERT INTO journals (id, kind, at, description, made_by)
           SELECT gen_random_uuid(), 'test', at, '', made_by FROM journals WHERE id = (:first)""",
        {"2026-03-02"},
    ),
    "two swapped": (
        """UPDATE postings p SET account_id = (
               SELECT o.account_id FROM postings o
               WHERE o.line_no = 2 AND o.journal_id <> p.journal_id
                 AND o.journal_id IN ((:first), (:second)))
           WHERE p.line_no = 2 AND p.journal_id IN ((:first), (:second))""",
        {"2026-03-02"},
    ),
    "a journal moved to another day": (
        "UPDATE journals SET at = at + interval '2 days' WHERE id = (:first)",
        {"2026-03-02", "2026-03-04"},
    ),
    "a word changed": ("UPDATE journals SET description = '' WHERE id = (:first)", {"2026-03-02"}),
    "an account given to another": (
        "UPDATE accounts SET customer_id = 'thief' WHERE customer_id = 'b'",
        {"2026-03-02"},
    ),
    "a seal rewritten": ("UPDATE seals SET journals = 1 WHERE day = '2026-03-03'", {"2026-03-03"}),
    "a seal deleted": ("DELETE FROM seals WHERE day = '2026-03-03'", {"2026-03-04"}),
    "nothing": ("SELECT 1", set()),
}
FIRST = "SELECT id FROM journals ORDER BY at, id LIMIT 1"
SECOND = "SELECT id FROM journals ORDER BY at, id OFFSET 1 LIMIT 1"


async def broken_by(almighty, statement, look):
    """What `look` sees of a break, which is rolled back then."""
    spelled = statement.replace("(:first)", f"({FIRST})").replace("(:second)", f"({SECOND})")
    found = None
    with suppress(ZeroDivisionError):
        async with almighty.begin() as session:
            await session.run(text("SET LOCAL session_replication_role = replica"))
            await session.run(text(spelled))
            found = await look(session)
            raise ZeroDivisionError
    return found


@pytest.mark.parametrize("how", BREAKS)
async def test_books_broken_by_sql_with_the_triggers_off_are_found_and_the_day_is_named(
    sealed, how
):
    _, _, almighty = sealed
    statement, days = BREAKS[how]
    broken = await broken_by(almighty, statement, broken_seals)
    assert {str(day) for day, _ in broken} == days, broken


async def test_counts_and_sums_without_the_hash_miss_the_swap(sealed):
    """The control: so it is the hash that finds it."""
    _, service, almighty = sealed
    kept = (await seals(service))[0]
    async with service.read() as session:
        last = await last_seal(session)
    limits = Limits(kept["ends_at"], last.limits.horizon)

    async def counted(session):
        figures = await read_figures(session, limits, BEFORE_ALL)
        counts = (figures.journals, figures.postings, figures.totals)
        return counts != (kept["journals"], kept["postings"], kept["totals"])

    assert await broken_by(almighty, BREAKS["a posting changed"][0], counted)
    assert not await broken_by(almighty, BREAKS["two swapped"][0], counted)


async def test_the_proof_names_the_day(sealed):
    _, service, almighty = sealed
    async with almighty.begin() as session:
        await session.run(text("SET LOCAL session_replication_role = replica"))
        await session.run(text("UPDATE postings SET amount_minor = 2 * amount_minor"))
    found = {check.name: check.violations for check in await verify_books(service)}
    assert found["every sealed day holds"] == 2
    assert any(name.startswith("seal of 2026-03-04") for name in found)


@pytest.mark.parametrize("role", ["service", "owner"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE seals SET journals = 0", "DELETE FROM seals", "TRUNCATE seals"],
)
def test_a_seal_stays_as_it_was_made(urls, role, statement):
    connection = psycopg2.connect(getattr(urls, role))
    with connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(statement)
    connection.close()
