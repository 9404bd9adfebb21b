"""Every statement that the API, the worker and the command send, on big tables: each finds its
rows by an index.

The rows are few in `make test`; a million, as was looked at:

    PLAN_ROWS=1000000 .venv/bin/python -m pytest billing_api/tests/db/test_plans.py

All of our packages are searched for statements, one made inside a function would hide and fails,
and so does one without values to plan it with: a new one cannot be forgotten.
"""

import ast
import importlib
import json
import os
import pkgutil
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from sqlalchemy import TextClause, text

import billing
from billing.platform.clock import SystemClock
from billing.platform.database import Database
from billing.platform.ids import new_id

ROWS = int(os.environ.get("PLAN_ROWS", "30000"))
BIG = {
    "payments", "payment_attempts", "payment_polls", "accounts", "journals", "postings",
    "payment_decisions", "customer_balances", "idempotency_keys", "inbox", "outbox", "changes",
    "charges", "charge_reversals", "balance_holds", "balance_adjustments", "promo_grants",
    "promo_uses", "promo_expiries", "seals", "refunds",
}  # fmt: skip
# Read whole on purpose, and by nobody who waits for an answer.
WHOLE = {
    "billing.changes.queries._PARITY": "a proof over everything, asked by an operator",
    "billing.flows.verify_books._COUNTS": "the proof of the books, asked by an operator",
    "billing.seals.queries._ALL": "a row a day, for the proof of the books",
}
# Where a name means something else than in the other slices.
HERE = {
    **{
        f"billing.{place}": {"object_id": "an id as text"}
        for place in ("outbox.store._ADD", "inbox.store._KEEP")
    },
    "billing.idempotency.store._ANSWER": {"status": 201},
    "billing.review.store._ADD": {"action": "close"},
}
# Money moves, time passes: the shape of a year of one busy shop. Triggers are off for the filling.
FILL = """
SET session_replication_role = replica;
INSERT INTO payments (id, customer_id, status, amount_minor, currency, return_url, provider_id,
        undecided, created_at, updated_at, paid_at, canceled_at, version)
    SELECT ('019a' || lpad(to_hex(n), 8, '0') || '70008000000000000000')::uuid,
        'customer-' || n % {c},
        CASE WHEN n % 1000 = 0 THEN 'pending' WHEN n % 10 = 0 THEN 'canceled' ELSE 'succeeded' END,
        10000, 'RUB', 'https://shop.test/', 'provider-' || n, n % 5000 = 0,
        now() - n * interval '1 year' / {n}, now(),
        CASE WHEN n % 10 <> 0 THEN now() END,
        CASE WHEN n % 10 = 0 AND n % 1000 <> 0 THEN now() END, 3
    FROM generate_series(1, {n}) AS n;
UPDATE payments SET captured_minor = amount_minor WHERE status = 'succeeded';
UPDATE payments SET status = 'waiting_for_capture', capture = false, on_expiry = 'release',
        capture_before = created_at + interval '7 days', captured_minor = 0, paid_at = NULL
    WHERE status = 'succeeded' AND created_at > now() - interval '7 days'
      AND right(id::text, 1) = '0' AND hashtext(id::text) % 3 = 0;
INSERT INTO payment_attempts (id, payment_id, number, body, state, sends, created_at)
    SELECT id, id, 1, '{{}}', CASE WHEN undecided THEN 'unknown' ELSE 'accepted' END, 1, created_at
    FROM payments;
INSERT INTO payment_decisions (id, payment_id, action, found, reason, decided_by, at)
    SELECT id, id, 'close', 'amount_mismatch', 'r', 'b', created_at FROM payments;
INSERT INTO payment_polls (payment_id, next_at)
    SELECT id, CASE WHEN status = 'pending' THEN now() END FROM payments;
INSERT INTO accounts (kind, currency) VALUES ('provider', 'RUB');
INSERT INTO accounts (kind, customer_id, currency)
    SELECT 'customer_paid', 'customer-' || n, 'RUB' FROM generate_series(0, {c} - 1) AS n;
ANALYZE accounts;
ANALYZE payments;
INSERT INTO journals (id, kind, payment_id, at, description)
    SELECT id, 'payment', id, created_at, 'Payment received' FROM payments
    WHERE status = 'succeeded';
INSERT INTO postings (journal_id, line_no, account_id, currency, amount_minor)
    SELECT p.id, line, a.id, 'RUB', CASE line WHEN 1 THEN -10000 ELSE 10000 END
    FROM payments p CROSS JOIN generate_series(1, 2) AS line
    JOIN accounts a ON a.kind = CASE line WHEN 1 THEN 'provider' ELSE 'customer_paid' END
         AND coalesce(a.customer_id, '') = CASE line WHEN 2 THEN p.customer_id ELSE '' END
    WHERE p.status = 'succeeded';
INSERT INTO customer_balances
    SELECT 'customer-' || n, 'RUB', 90000, 0, 0, 0, 9, now() FROM generate_series(0, {c} - 1) AS n;
INSERT INTO idempotency_keys (caller, route, key, body_hash, object_id, created_at)
    SELECT customer_id, 'POST /api/v1/payment', id::text, '', id, created_at FROM payments;
INSERT INTO inbox (id, event, object_id, body, body_hash, source, request_id, copies, received_at,
        last_received_at, attempts, next_at, outcome, processed_at)
    SELECT id, 'payment.succeeded', provider_id, '', '', '127.0.0.53', 'r', 1, created_at,
        created_at, 1, CASE WHEN undecided THEN now() END,
        CASE WHEN NOT undecided THEN 'settled' END, now() FROM payments;
INSERT INTO outbox (id, event, object_id, at, data, delivered_at)
    SELECT id, 'payment.succeeded', id::text, created_at, '{{}}', now() FROM payments;
INSERT INTO changes (xid, kind, object_id, version, at, data)
    SELECT '700'::xid8, 'payment', id::text, v, created_at, '{{}}'
    FROM payments CROSS JOIN generate_series(1, 3) AS v;
INSERT INTO balance_holds (id, customer_id, status, paid_minor, promo_minor, captured_minor,
        currency, reason, metadata, requested_by, created_at, expires_at, ended_at)
    SELECT id, customer_id, CASE WHEN undecided THEN 'held' ELSE 'captured' END, 90, 10,
        CASE WHEN undecided THEN 0 ELSE 100 END, 'RUB', 'r', '{{}}', 'shop', created_at,
        created_at, CASE WHEN NOT undecided THEN created_at END FROM payments;
INSERT INTO charges (id, customer_id, paid_minor, promo_minor, currency, reason, metadata, hold_id,
        requested_by, created_at, reversed_paid_minor)
    SELECT id, customer_id, 90, 10, 'RUB', 'r', '{{}}', id, 'shop', created_at, 90 FROM payments;
INSERT INTO charge_reversals (id, charge_id, paid_minor, promo_minor, requested_by, created_at)
    SELECT id, id, 90, 0, 'shop', created_at FROM payments;
INSERT INTO balance_adjustments (id, customer_id, kind, amount_minor, currency, reason, expires_at,
        made_by, created_at)
    SELECT id, customer_id, 'promo', 10, 'RUB', 'r', now(), 'f', created_at FROM payments;
INSERT INTO promo_grants (id, customer_id, currency, amount_minor, rest_minor, expires_at)
    SELECT id, customer_id, 'RUB', 10, CASE WHEN undecided THEN 10 ELSE 0 END, now()
    FROM payments;
INSERT INTO promo_uses (owner_id, grant_id, amount_minor) SELECT id, id, 10 FROM payments;
INSERT INTO promo_expiries (id, grant_id, amount_minor, at) SELECT id, id, 10, now() FROM payments;
INSERT INTO refunds (id, payment_id, customer_id, status, amount_minor, currency, reason, sent_to,
        origin, requested_by, provider_id, provider_status, undecided, created_at, updated_at,
        ended_at, next_poll_at)
    SELECT id, id, customer_id, CASE WHEN undecided THEN 'pending' ELSE 'succeeded' END, 100, 'RUB',
        'r', 'card', 'ours', 'support', 'refund-' || id, 'succeeded', undecided, created_at,
        created_at, CASE WHEN NOT undecided THEN created_at END,
        CASE WHEN undecided THEN now() END FROM payments;
INSERT INTO seals (day, ends_at, horizon, journals, late, postings, totals, previous, hash,
        sealed_at)
    SELECT current_date - n, now(), '700', 1, 0, 2, '{{}}', sha256(int4send(n + 1)),
        sha256(int4send(n)), now() FROM generate_series(1, 3650) AS n;
SET session_replication_role = origin;
"""


def statements() -> dict[str, TextClause]:
    found = {}
    for module in pkgutil.walk_packages(billing.__path__, "billing."):
        for attribute, value in vars(importlib.import_module(module.name)).items():
            many = value if isinstance(value, dict) else {"": value}
            for key, statement in many.items():
                if isinstance(statement, TextClause) and not statement.text.startswith("SET "):
                    found[f"{module.name}.{attribute}{key or ''}"] = statement
    return found


def hidden(source: str) -> list[int]:
    """Lines where a statement is made inside a function, out of the search's sight."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    return [
        call.lineno
        for function in ast.walk(ast.parse(source))
        if isinstance(function, functions)
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func).rpartition(".")[2] in {"text", "exec_driver_sql"}
    ]


# Filling a million rows takes minutes.
pytestmark = pytest.mark.timeout(3600)
STATEMENTS = statements()


@pytest.fixture(scope="module")
def filled(make_migrated, postgres_url):
    urls = make_migrated()
    superuser = urlsplit(postgres_url)._replace(path=urlsplit(urls.owner).path).geturl()
    connection = psycopg2.connect(superuser)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(n=ROWS, c=max(ROWS // 3, 1)))
        cursor.execute("VACUUM ANALYZE")
    connection.close()
    return urls


@pytest.fixture(scope="module")
async def big(filled):
    database = Database(filled.owner)
    yield database
    await database.close()


@pytest.fixture(scope="module")
def values():
    """A value of the right type for every name that occurs in a statement."""
    now = SystemClock().now()
    an_id, soon = new_id(), now + timedelta(minutes=1)
    texts = (
        "customer_id", "owner", "currency", "status", "description", "return_url", "caller",
        "route", "key", "event", "source", "request_id", "kind", "outcome", "state", "provider_id",
        "confirmation_url", "provider_status", "cancellation_party", "cancellation_reason",
        "quarantine_reason", "cancel_requested_by", "name", "on_expiry",
        "action", "found", "reason", "decided_by", "requested_by", "made_by", "sent_to", "origin",
        "shop_id",
    )  # fmt: skip
    times = (
        "at", "now", "real_now", "next_at", "lease_until", "too_far", "before", "since", "stale",
        "until", "after_at", "updated_at", "next_poll", "paid_at", "canceled_at", "created_at",
        "cancel_requested_at", "expires_at", "capture_before", "ended_at",
    )  # fmt: skip
    numbers = (
        "limit", "amount_minor", "version", "number", "sends", "paid", "promo", "held",
        "receivable", "seq", "attempts", "captured_minor", "capture_wish_minor",
        "refunded_minor", "refunding_minor", "minor",
    )  # fmt: skip
    ids = (
        "id", "payment_id", "object_id", "subject_id", "charge_id", "hold_id", "grant_id",
        "owner_id", "heir_id", "after", "after_id", "refund_id",
    )  # fmt: skip
    return {
        **dict.fromkeys(texts, "customer-7"),
        **dict.fromkeys(times, soon),
        **dict.fromkeys(numbers, 20),
        **dict.fromkeys(ids, an_id),
        **dict.fromkeys(("body", "body_hash"), b"{}"),
        **dict.fromkeys(("undecided", "test", "capture", "over", "refunds"), True),
        **{name: ["customer_paid"] for name in ("kinds", "customers", "currencies")},
        "amounts": [100],
        "object_ids": ["an id as text"],
        "ids": ["provider-7"],
        "versions": [20],
        "documents": ["{}"],
        "currency": "RUB",
        "status": "succeeded",
        # Long ago: what is old enough to go, or too old to be right, is little.
        **dict.fromkeys(("before", "stale"), now - timedelta(days=400)),
        "xid": "800",
        **dict.fromkeys(("data", "metadata"), "{}"),
        "grants": [an_id],
        **{name: [an_id] for name in ("payment_ids", "item_ids")},
        "snapshot": "800:800:",
        **dict.fromkeys(("horizon", "after_horizon"), "800"),
        **dict.fromkeys(("previous", "hash"), bytes(32)),
        "day": now.date(),
        "totals": "{}",
        "ends_at": soon + timedelta(days=1),
        **dict.fromkeys(("journals", "late", "postings"), 2),
        "sealed_at": now,
    }


def scans(plan: dict) -> list[tuple[str, str]]:
    """(kind of node, relation) of every scan in a plan."""
    found = [(plan["Node Type"], plan.get("Relation Name", ""))]
    for inner in plan.get("Plans", ()):
        found += scans(inner)
    return found


@pytest.mark.parametrize("name", sorted(STATEMENTS))
async def test_a_statement_reads_no_big_table_whole(big, values, name):
    statement = STATEMENTS[name]
    wanted = {bind: values[bind] for bind in statement._bindparams}
    wanted |= {bind: value for bind, value in HERE.get(name, {}).items() if bind in wanted}
    async with big.begin() as session:
        row = await session.one(text(f"EXPLAIN (FORMAT JSON) {statement.text}"), wanted)
    [explained] = json.loads(row["QUERY PLAN"])
    plan = explained["Plan"]
    whole = {relation for node, relation in scans(plan) if node == "Seq Scan"} & BIG
    assert not whole or may_read_whole(name), f"{name} reads {whole} whole"


def may_read_whole(name: str) -> bool:
    return name.startswith(tuple(WHOLE))


def test_what_may_be_read_whole_is_still_a_statement():
    for allowed in WHOLE:
        assert any(name.startswith(allowed) for name in STATEMENTS)


def test_no_statement_hides_in_a_function():
    for path in sorted(Path(billing.__file__).parent.rglob("*.py")):
        assert hidden(path.read_text()) == [], path
    assert hidden("def f(session):\n    return session.run(text('SELECT 1'))") == [2]


def test_the_programs_are_searched_as_well():
    """Worker, command and health page: each brings a statement of its own or of a slice."""
    homes = {name.split(".")[1] for name in STATEMENTS}
    assert {"flows", "platform", "routes", "payments", "ledger", "changes"} <= homes


async def test_a_statement_without_an_index_is_found(big, values):
    """The control: the same search on the same tables says so where one reads a table whole."""
    async with big.begin() as session:
        row = await session.one(
            text("EXPLAIN (FORMAT JSON) SELECT * FROM payments WHERE description = :description"),
            {"description": values["description"]},
        )
    [explained] = json.loads(row["QUERY PLAN"])
    assert ("Seq Scan", "payments") in scans(explained["Plan"])
