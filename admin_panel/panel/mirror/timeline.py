"""What happened to a customer, newest first; told from the copies, it adds nothing of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from panel.mirror import cells
from panel.mirror.models import JournalLine, Payment, Person
from panel.mirror.words import account_word, journal_word, reason_words
from panel.site.display import NOTHING, moment
from panel.site.wording import say

LENGTH = 30
"""Events shown."""
_LOOKED_AT = 60
"""Payments and journal lines read for them."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line: when, what, how much (an unsigned amount is a wish, a signed one moved)."""

    at: datetime
    what: Any
    amount: Any
    payment_id: UUID | None
    note: str = ""


def timeline_panel(person_id: UUID) -> dict[str, Any]:
    """A table of the newest events of a customer."""
    return {
        "title": say("Хронология", "Timeline"),
        "table": {
            "headers": [
                say("Время", "Time"),
                say("Событие", "Event"),
                say("Сумма", "Amount"),
                say("Платёж", "Payment"),
                say("Примечание", "Note"),
            ],
            "rows": [_row(event) for event in timeline(person_id)],
        },
    }


def timeline(person_id: UUID) -> list[Event]:
    """Newest first. Four statements at most, however long the history is.

    A payment's events are no later than its last change. So where more payments exist than were
    read, everything after the oldest change that was read is complete, and the rest is left out.
    """
    payments = list(
        Payment.objects.filter(person_id=person_id).order_by("-updated_at")[:_LOOKED_AT]
    )
    lines = list(
        JournalLine.objects.filter(person_id=person_id)
        .select_related("journal")
        .order_by("-at", "-id")[:_LOOKED_AT]
    )
    events = [event for payment in payments for event in _of_payment(payment)]
    events += [_of_line(line, line.at) for line in lines if line.at is not None]
    events += _of_person(person_id)
    known_since = [
        edge
        for found, edge in (
            (payments, payments and payments[-1].updated_at),
            (lines, lines and lines[-1].at),
        )
        if len(found) == _LOOKED_AT and edge
    ]
    events = [event for event in events if all(event.at >= edge for edge in known_since)]
    return sorted(events, key=lambda event: event.at, reverse=True)[:LENGTH]


def _of_payment(payment: Payment) -> Iterator[Event]:
    amount = cells.plain_money(payment.amount_minor, payment.currency)
    reason = reason_words(payment.cancellation_reason or "")
    for at, what, note in (
        (payment.created_at, say("Платёж создан", "Payment created"), payment.description),
        (payment.cancel_requested_at, say("Отмену просили", "Cancel asked"), ""),
        (payment.paid_at, say("Платёж оплачен", "Payment paid"), ""),
        (payment.canceled_at, say("Платёж отменён", "Payment canceled"), reason),
    ):
        if at is not None:
            yield Event(at, what, amount, payment.pk, note or "")


def _of_line(line: JournalLine, at: datetime) -> Event:
    return Event(
        at,
        cells.link(
            cells.address("journal", line.journal_id),
            say(f"Проводка: {journal_word(line.journal.kind)}",
                f"Journal: {journal_word(line.journal.kind)}"),
            title=str(line.journal_id),
        ),
        cells.signed_money(line.amount_minor, line.currency),
        line.journal.payment_id,
        str(account_word(line.account_kind, line.account)),
    )  # fmt: skip


def _of_person(person_id: UUID) -> list[Event]:
    person = Person.objects.filter(pk=person_id).first()
    if person is None or person.created_at is None:
        return []
    return [Event(person.created_at, say("Регистрация", "Registered"), NOTHING, None)]


def _row(event: Event) -> list[Any]:
    return [
        moment(event.at, seconds=True),
        event.what,
        event.amount,
        cells.payment_link(event.payment_id),
        event.note or NOTHING,
    ]
