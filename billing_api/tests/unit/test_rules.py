"""Pure rules: states, calendars, journals, positions, keys, hints, checks."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.changes.rules import Position, parse_position
from billing.idempotency.rules import hash_request, is_key
from billing.inbox.rules import read_hint
from billing.ledger.chart import AccountKind
from billing.ledger.kinds import JournalKind
from billing.ledger.rules import (
    Journal,
    Line,
    UnbalancedJournalError,
    check_journal,
    top_up_lines,
    total_of,
)
from billing.payments.attempts import PAUSES_SECONDS, pause_after, spread
from billing.payments.checks import Claimed, disagreement, is_foreign, is_strange
from billing.payments.rules import (
    FINAL,
    RANK,
    Payment,
    PaymentStatus,
    contradicts,
    moves_forward,
    next_poll,
)
from billing.platform.ids import new_id, parse_id
from billing.platform.money import Money

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STATUSES = st.sampled_from(PaymentStatus)


@given(STATUSES, STATUSES)
def test_a_final_state_never_moves_and_nothing_moves_back(current, seen):
    if moves_forward(current, seen):
        assert current not in FINAL
        assert RANK[seen] > RANK[current]


@given(STATUSES)
def test_a_state_does_not_contradict_itself(status):
    assert not contradicts(payment(status=status), status.value)


def test_two_ends_contradict_each_other_until_that_is_noted():
    paid = payment(status=PaymentStatus.SUCCEEDED, provider_status="succeeded")
    assert contradicts(paid, "canceled")
    assert not contradicts(paid, "pending")
    assert not contradicts(paid, "a word of a later version")
    assert not contradicts(replace(paid, provider_status="canceled"), "canceled")


@pytest.mark.parametrize(
    ("age", "pause"),
    [
        (timedelta(0), timedelta(seconds=10)),
        (timedelta(minutes=3), timedelta(seconds=30)),
        (timedelta(minutes=20), timedelta(minutes=5)),
        (timedelta(hours=2), timedelta(hours=1)),
        (timedelta(days=3), timedelta(days=1)),
        (timedelta(days=31), None),
    ],
)
def test_polls_grow_rarer_with_age(age, pause):
    expected = None if pause is None else NOW + age + pause
    assert next_poll(NOW, NOW + age) == expected


def test_repeats_follow_the_written_pauses_then_every_few_minutes():
    pauses = [pause_after(sends).total_seconds() for sends in range(1, 12)]
    assert pauses[:3] == [5, 15, 60]
    assert pauses == sorted(pauses)
    assert pauses[-1] == PAUSES_SECONDS[-1] == 240
    assert pause_after(0) == pause_after(1), "what was not sent at all comes up as soon"


def test_pauses_are_spread_by_the_attempt_and_only_lengthened():
    pause = pause_after(1)
    spread_out = {
        attempt_id: spread(pause, attempt_id) for attempt_id in (new_id() for _ in range(50))
    }
    assert all(pause <= longer < pause * 1.2 for longer in spread_out.values())
    assert len(set(spread_out.values())) > 25
    assert {attempt_id: spread(pause, attempt_id) for attempt_id in spread_out} == spread_out
    longest = max(spread(pause_after(99), attempt_id) for attempt_id in spread_out)
    assert longest < timedelta(minutes=5)


@given(st.integers(1, 10**12), st.integers(0, 10**12))
def test_a_top_up_balances_and_repays_what_is_owed_first(amount, owed):
    lines = top_up_lines("customer", Money(amount, "RUB"), owed)
    check_journal(Journal(new_id(), JournalKind.PAYMENT, NOW, lines))
    repaid = total_of(lines, AccountKind.CUSTOMER_RECEIVABLE)
    assert repaid == min(amount, owed)
    assert total_of(lines, AccountKind.CUSTOMER_PAID) == amount - repaid
    assert total_of(lines, AccountKind.PROVIDER) == -amount


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (Line(AccountKind.PROVIDER, Money(1, "RUB")),),
        (Line(AccountKind.PROVIDER, Money(0, "RUB")),),
        (
            Line(AccountKind.PROVIDER, Money(-1, "RUB")),
            Line(AccountKind.REVENUE, Money(1, "USD")),
        ),
        (
            Line(AccountKind.PROVIDER, Money(-1, "RUB")),
            Line(AccountKind.CUSTOMER_PAID, Money(1, "RUB")),
        ),
    ],
)
def test_a_journal_that_does_not_balance_is_refused(lines):
    with pytest.raises(UnbalancedJournalError):
        check_journal(Journal(new_id(), JournalKind.PAYMENT, NOW, lines))


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**63 - 1))
def test_a_position_is_read_back(xid, seq):
    assert parse_position(str(Position(xid, seq))) == Position(xid, seq)


@pytest.mark.parametrize(
    "text", ["x", "1", "-", "1-", "-1", "01-1", "1-1-1", "1 - 1", f"{2**64}-0", f"0-{2**63}", "١-١"]
)
def test_other_texts_are_no_positions(text):
    assert parse_position(text) is None


def test_an_empty_position_is_the_beginning():
    assert parse_position("") == Position(0, 0)


@pytest.mark.parametrize("key", ["", "a b", "ключ", "a" * 256, "a\n", "\x7f"])
def test_keys_are_visible_ascii_up_to_255(key):
    assert not is_key(key)
    assert is_key("a" * 255)


def test_a_request_is_hashed_by_meaning():
    assert hash_request({"a": 1, "b": None}) == hash_request({"b": None, "a": 1})
    assert hash_request({"a": 1}) != hash_request({"a": 2})


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"null", b'{"event": 1}', b'{"event": "x y", "object": []}']
)
def test_a_body_that_is_no_notification_has_no_hint(body):
    hint = read_hint(body)
    assert (hint.event, hint.object_id) == (None, None)


@pytest.mark.parametrize("identity", [".", "..", "a.b", "a/b", "a%2fb", "x" * 65])
def test_an_id_that_would_lead_to_another_address_is_no_hint(identity):
    body = json.dumps({"event": "payment.succeeded", "object": {"id": identity}})
    assert read_hint(body.encode()).object_id is None


def test_a_deep_body_has_no_hint():
    assert read_hint(b"[" * 100_000).event is None


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "x" * 36, "{0196f3a0-7d5e-7cc3-98a5-6c1f0e0d1b2a}",
        "0196f3a07d5e7cc398a56c1f0e0d1b2a", "0196f3a0-7d5e-7cc3-98a5-6c1f0e0d1b2", "\x00" * 36,
        "urn:uuid:0196f3a0-7d5e-7cc3-98a5-6c1",
    ],
)  # fmt: skip
def test_other_spellings_of_ids_are_no_ids(text):
    assert parse_id(text) is None


def test_an_id_is_read_back():
    identity = new_id()
    assert parse_id(str(identity)) == identity
    assert identity.version == 7


def payment(**changes) -> Payment:
    sound = Payment(
        id=new_id(), customer_id="c", status=PaymentStatus.PENDING, amount=Money(100, "RUB"),
        description=None, return_url="", confirmation_url=None, provider_id="p1",
        provider_status=None, undecided=False, test=True, created_at=NOW, updated_at=NOW,
        paid_at=None, canceled_at=None, cancellation_party=None, cancellation_reason=None,
        quarantine_reason=None, version=1,
    )  # fmt: skip
    return replace(sound, **changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"payment_uid": None}, "metadata_mismatch"),
        ({"payment_uid": str(new_id())}, "metadata_mismatch"),
        ({"amount": None}, "currency_mismatch"),
        ({"amount": Money(101, "RUB")}, "amount_mismatch"),
        ({"amount": Money(100, "USD")}, "currency_mismatch"),
        ({"account_id": "999"}, "shop_mismatch"),
        ({"test": False}, "test_flag_changed"),
        ({"status": "half_done"}, "unknown_status"),
        *(({"status": word}, None) for word in PaymentStatus),
    ],
)
def test_an_object_that_does_not_agree_is_named(changes, reason):
    ours = payment()
    claimed = replace(
        Claimed("p1", str(ours.id), Money(100, "RUB"), "100500", test=True, status="pending"),
        **changes,
    )
    assert disagreement(ours, claimed, account_id="100500", accepts_test=True) == reason


def test_a_strange_word_about_what_is_over_is_looked_at_once():
    over = payment(status=PaymentStatus.SUCCEEDED, provider_status="succeeded")
    assert is_strange(over, "half_done")
    assert not is_strange(replace(over, provider_status="half_done"), "half_done")
    assert is_strange(replace(over, provider_status="half_done"), "half_made")
    assert is_strange(payment(provider_status="half_done"), "half_done"), "not over: never passed"


def test_a_test_payment_is_not_taken_for_money_in_production():
    ours = payment(test=None)
    claimed = Claimed("p1", str(ours.id), Money(100, "RUB"), "100500", test=True, status="pending")
    found = disagreement(ours, claimed, account_id="100500", accepts_test=False)
    assert found == "test_payment_in_production"


def test_another_object_is_foreign_only_when_ours_is_known():
    claimed = Claimed("p2", None, None, "", test=True, status="pending")
    assert is_foreign(payment(), claimed)
    assert not is_foreign(payment(provider_id=None), claimed)
