"""A program pays under its client id, which is no account: its money is mirrored and shown too."""

from html import unescape
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.utils import quote
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from panel_parts.told import parity_of

from panel.mirror.models import Balance, JournalLine, Payment, RejectedChange

ADMIN = "/admin_panel/admin/"
PROGRAMS = ["shop", "Магазин №1 & сын", "0B8E2C1DF7A64C5E9A3B7F60D1C2E3F4"]
"""The last is a uuid to a reader, but no account's id as auth writes it."""


def text_of(response: Any) -> str:
    assert response.status_code == 200, response
    return response.content.decode().replace("\u00a0", " ")


@pytest.fixture(params=PROGRAMS)
def program(request, neighbour, pull, payment_data, journal_data, account_data) -> dict[str, Any]:
    """A program has paid and has a balance; Anna has paid too."""
    found = {"name": request.param} | {key: uuid4() for key in ("payment", "book", "other", "anna")}
    neighbour.publish("auth", "account", found["anna"], 1, account_data("anna"))
    for pk, owner in ((found["payment"], found["name"]), (found["other"], found["anna"])):
        data = payment_data(owner, status="succeeded")
        neighbour.publish("billing", "payment", pk, 1, data)
    journal = journal_data(found["payment"], found["name"])
    neighbour.publish("billing", "journal", found["book"], 1, journal)
    balance = {
        "customer_id": found["name"], "currency": "RUB", "available": "1342.00",
        "held": "0.00", "updated_at": "2026-11-22T20:16:00.000Z",
    }  # fmt: skip
    neighbour.publish("billing", "balance", f"{found['name']}:RUB", 1, balance)
    neighbour.parity = parity_of(neighbour)
    pull()
    return found


def verify() -> str:
    output = StringIO()
    call_command("sync_billing", verify=True, stdout=output)
    return output.getvalue()


def test_the_money_of_a_program_is_mirrored_and_nothing_is_refused(program):
    assert not RejectedChange.objects.exists()
    payment = Payment.objects.get(pk=program["payment"])
    assert (payment.person_id, payment.program_id) == (None, program["name"])
    other = Payment.objects.get(pk=program["other"])
    assert (other.person_id, other.program_id) == (program["anna"], None)
    assert Balance.objects.get().program_id == program["name"]
    assert list(JournalLine.objects.order_by("line_no").values_list("program_id", flat=True)) == [
        None,
        program["name"],
    ]
    assert JournalLine.objects.filter(person_id__isnull=False).count() == 0


def test_the_mirror_of_a_programs_money_is_equal_to_what_billing_told(program):
    told = "payment 2, balance 1, journal 1, person 1"
    assert told in verify()
    call_command("sync_billing", resync=True, stdout=StringIO())
    assert told in verify()
    assert not RejectedChange.objects.exists()


@pytest.mark.parametrize("table", ["payment", "balance", "journalline"])
def test_a_program_changed_for_another_is_found(program, table):
    with connection.cursor() as sql:
        sql.execute(f"UPDATE mirror_{table} SET program_id = 'x' WHERE program_id IS NOT NULL")
    with pytest.raises(CommandError, match="differences at"):
        verify()


def test_lists_show_the_program_and_are_searched_by_it(superuser, program):
    name = program["name"].replace("&", "&amp;")
    for model in ("payment", "balance", "journalline"):
        whole = text_of(superuser.get(f"{ADMIN}mirror/{model}/"))
        assert f">{name}</a>" in whole, model
    for model, pk in (
        ("payment", program["payment"]),
        ("journal", program["book"]),
        ("balance", Balance.objects.get().pk),
        ("journalline", JournalLine.objects.get(line_no=2).pk),
    ):
        found = text_of(superuser.get(f"{ADMIN}mirror/{model}/", {"q": program["name"]}))
        assert reverse(f"admin:mirror_{model}_change", args=[quote(pk)]) in unescape(found)
        none = text_of(superuser.get(f"{ADMIN}mirror/{model}/", {"q": "another"}))
        assert "/change/" not in none, model
    payments = text_of(superuser.get(f"{ADMIN}mirror/payment/", {"q": program["name"]}))
    assert f"payment/{program['payment']}/change/" in payments
    assert f"payment/{program['other']}/change/" not in payments


def test_pages_of_a_programs_payment_and_journal_name_it_and_lead_to_its_payments(
    superuser, program
):
    name = program["name"].replace("&", "&amp;")
    for page in (f"payment/{program['payment']}", f"journal/{program['book']}"):
        assert f">{name}</a>" in text_of(superuser.get(f"{ADMIN}mirror/{page}/change/"))
    page = text_of(superuser.get(f"{ADMIN}mirror/payment/{program['payment']}/change/"))
    address = page.split(f">{name}</a>")[0].rsplit('href="', 1)[1].split('"')[0]
    assert f"payment/{program['payment']}/change/" in text_of(superuser.get(address))


def test_a_program_is_not_among_customers_nobody_knows(superuser, program):
    unknown = text_of(superuser.get(f"{ADMIN}mirror/payment/?mark=nobody"))
    assert f"payment/{program['payment']}/change/" not in unknown
