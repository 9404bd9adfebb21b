"""The tables below an object: a payment's postings, all of a person's money."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html

from panel.mirror import cells
from panel.mirror.models import Balance, Journal, JournalLine, Payment
from panel.mirror.search import whole_uuid
from panel.mirror.timeline import timeline_panel
from panel.mirror.words import account_word, journal_word
from panel.site.display import moment
from panel.site.wording import say

NEWEST = 20


def payment_panels(object_id: str) -> dict[str, Any]:
    """Every posting a payment led to."""
    payment_id = whole_uuid(object_id)
    if payment_id is None:
        return {}
    lines = (
        JournalLine.objects.filter(journal__payment_id=payment_id)
        .select_related("journal", "person")
        .order_by("journal__at", "journal_id", "line_no")
    )
    return {"panels": [_lines_panel(lines, with_journal=True)]}


def journal_panels(object_id: str) -> dict[str, Any]:
    """The journal's own postings."""
    journal_id = whole_uuid(object_id)
    if journal_id is None:
        return {}
    lines = JournalLine.objects.filter(journal_id=journal_id).select_related("person")
    return {"panels": [_lines_panel(lines.order_by("line_no"), with_journal=False)]}


def person_panels(object_id: str) -> dict[str, Any]:
    """What a customer has, what happened to them, what they paid, and what the books say."""
    person_id = whole_uuid(object_id)
    if person_id is None:
        return {}
    return {
        "panels": [
            _balances_panel(person_id),
            timeline_panel(person_id),
            _payments_panel(person_id),
            _person_lines_panel(person_id),
        ],
    }


def _lines_panel(lines: Any, *, with_journal: bool) -> dict[str, Any]:
    headers = [say("Счёт", "Account"), say("Клиент", "Customer"), say("Сумма", "Amount")]
    if with_journal:
        headers = [say("Время", "Time"), say("Проводка", "Journal"), *headers]
    return {
        "title": say("Строки проводок", "Journal lines"),
        "table": {
            "headers": headers,
            "rows": [_line_row(line, with_journal=with_journal) for line in lines],
        },
    }


def _line_row(line: JournalLine, *, with_journal: bool) -> list[Any]:
    row = [
        account_cell(line),
        cells.customer(line),
        cells.signed_money(line.amount_minor, line.currency),
    ]
    if not with_journal:
        return row
    return [moment(line.journal.at), journal_link(line.journal), *row]


def account_cell(line: JournalLine) -> Any:
    """The account in words; its exact name on hover."""
    word = account_word(line.account_kind, line.account)
    return format_html('<span title="{}">{}</span>', line.account, word)


def journal_link(journal: Journal) -> Any:
    """Kind in words, leading to the journal."""
    address = cells.address("journal", journal.pk)
    return cells.link(address, journal_word(journal.kind), title=str(journal.pk))


def _balances_panel(person_id: UUID) -> dict[str, Any]:
    balances = Balance.objects.filter(person_id=person_id).order_by("currency")
    return {
        "title": say("Баланс", "Balance"),
        "table": {
            "headers": [
                say("Доступно", "Available"),
                say("Удержано", "Held"),
                say("Изменён", "Updated"),
            ],
            "rows": [
                [
                    cells.plain_money(balance.available_minor, balance.currency),
                    cells.plain_money(balance.held_minor, balance.currency),
                    moment(balance.updated_at),
                ]
                for balance in balances
            ],
        },
    }


def _payments_panel(person_id: UUID) -> dict[str, Any]:
    payments = Payment.objects.filter(person_id=person_id).order_by("-created_at", "-id")
    everything = f"{reverse('admin:mirror_payment_changelist')}?q={person_id}"
    return {
        "title": say("Последние платежи", "Latest payments"),
        "more": everything,
        "table": payments_table(payments[:NEWEST], with_person=False),
    }


def _person_lines_panel(person_id: UUID) -> dict[str, Any]:
    lines = (
        JournalLine.objects.filter(person_id=person_id)
        .select_related("journal", "person")
        .order_by("-at", "-id")
    )
    return {
        **_lines_panel(lines[:NEWEST], with_journal=True),
        "more": f"{reverse('admin:mirror_journalline_changelist')}?q={person_id}",
    }


def payments_table(payments: Any, *, with_person: bool) -> dict[str, Any]:
    """A short list of payments, for the person's page and the first page."""
    headers = [say("Создан", "Created"), say("Состояние", "Status"), say("Сумма", "Amount")]
    if with_person:
        headers.append(say("Клиент", "Customer"))
    headers.append(say("Платёж", "Payment"))
    return {
        "headers": headers,
        "rows": [_payment_row(one, with_person=with_person) for one in payments],
    }


def _payment_row(payment: Payment, *, with_person: bool) -> list[Any]:
    row = [
        moment(payment.created_at),
        cells.status_badge(payment),
        cells.plain_money(payment.amount_minor, payment.currency),
    ]
    if with_person:
        row.append(cells.customer(payment))
    return [*row, cells.payment_link(payment.pk)]
