"""Whatever order and however often pages come, the mirror ends the same."""

from typing import Any
from uuid import UUID

from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from panel.mirror.models import Journal, JournalLine, Payment
from panel.sync.apply import put_changes
from panel.sync.statements import MIRROR

STATUSES = ("pending", "waiting_for_capture", "succeeded")


def payment(number: int, version: int) -> dict[str, Any]:
    data = {"status": STATUSES[version % 3], "value": f"{number}.0{version}", "currency": "RUB"}
    return {"kind": "payment", "id": str(UUID(int=number)), "version": version, "data": data}


def journal(number: int, version: int) -> dict[str, Any]:
    """Not one that billing makes, whose journals never change: the last version has fewer lines."""
    lines = [
        {"line_no": line, "account": f"a{version}", "amount": f"{line}.00", "currency": "RUB"}
        for line in range(1, 5 - version)
    ]
    data = {"kind": "payment", "at": "2026-11-22T20:16:00.000Z", "lines": lines}
    return {"kind": "journal", "id": str(UUID(int=number)), "version": version, "data": data}


TOLD = [make(number, version) for make in (payment, journal) for number in range(1, 5)
        for version in range(1, 4)]  # fmt: skip


def mirrored() -> list[Any]:
    return [
        list(Payment.objects.order_by("pk").values()),
        list(Journal.objects.order_by("pk").values()),
        list(JournalLine.objects.order_by("journal_id", "line_no").values_list(
            "journal_id", "line_no", "at", "account", "amount_minor")),
    ]  # fmt: skip


def pages_of(order: list[dict[str, Any]], size: int) -> list[Any]:
    """What the mirror is after the changes have come in that order, in pages of that size."""
    with connection.cursor() as sql:
        sql.execute("TRUNCATE mirror_payment, mirror_journal, mirror_journalline")
    for start in range(0, len(order), size):
        assert put_changes(order[start : start + size], MIRROR) == []
    return mirrored()


@settings(max_examples=60, deadline=None)
@given(
    order=st.permutations(TOLD),
    again=st.lists(st.sampled_from(TOLD), max_size=20),
    size=st.integers(1, 12),
)
def test_shuffled_and_repeated_pages_give_the_same_mirror(order, again, size):
    in_order = pages_of(TOLD, len(TOLD))
    assert [row["version"] for row in in_order[0]] == [3] * 4
    assert len(in_order[2]) == 4, "one line is left to each journal"
    assert pages_of([*order, *again], size) == in_order
    assert pages_of([*again, *order], size) == in_order
