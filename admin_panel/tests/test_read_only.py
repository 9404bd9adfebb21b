"""Nobody writes the mirror but sync: not by a page, not by Django's models, not as superuser."""

from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.core import serializers
from django.urls import reverse

from panel.mirror.guard import MirrorIsReadOnlyError, MirrorModel
from panel.mirror.models import Payment, Person

MIRRORS = [model for model in apps.get_models() if issubclass(model, MirrorModel)]


@pytest.fixture
def payment(neighbour, pull, payment_data, account_data) -> Payment:
    person, pk = uuid4(), uuid4()
    neighbour.publish("auth", "account", person, 1, account_data("anna"))
    neighbour.publish("billing", "payment", pk, 1, payment_data(person))
    pull()
    return Payment.objects.get()


def test_every_table_of_the_mirror_is_guarded():
    mirrored = set(apps.get_app_config("mirror").get_models())
    assert mirrored == set(MIRRORS)
    assert len(MIRRORS) == 7


def test_every_mirror_is_on_a_page_without_actions(superuser):
    for model in MIRRORS:
        page = admin.site._registry[model]
        request = superuser.get(reverse("admin:index")).wsgi_request
        assert page.get_actions(request) == {}
        assert page.has_view_permission(request)
        for may in (
            page.has_add_permission,
            page.has_change_permission,
            page.has_delete_permission,
        ):
            assert not may(request)


def test_saving_and_deleting_a_row_is_refused(payment):
    payment.status = "succeeded"
    for attempt in (payment.save, payment.delete, payment.save_base):
        with pytest.raises(MirrorIsReadOnlyError):
            attempt()
    with pytest.raises(MirrorIsReadOnlyError):
        super(MirrorModel, payment).save()
    with pytest.raises(MirrorIsReadOnlyError):
        super(MirrorModel, payment).delete()
    assert Payment.objects.get().status == "pending"


@pytest.mark.parametrize(
    "attempt",
    [
        lambda rows: rows.update(status="canceled"),
        lambda rows: rows.delete(),
        lambda rows: rows.create(id=uuid4()),
        lambda rows: rows.get_or_create(id=uuid4()),
        lambda rows: rows.update_or_create(id=uuid4()),
        lambda rows: rows.bulk_create([Payment(id=uuid4())]),
        lambda rows: rows.bulk_update(list(rows), ["status"]),
        lambda rows: rows.filter(status="pending").update(status="canceled"),
        lambda rows: rows.filter(status="pending")._raw_delete("default"),
    ],
)
def test_writing_through_a_queryset_is_refused(payment, attempt):
    for rows in (
        Payment.objects.all(),
        Payment._base_manager.all(),
        Payment._default_manager.all(),
    ):
        with pytest.raises(MirrorIsReadOnlyError):
            attempt(rows)
    assert Payment.objects.get().status == "pending"


def test_loading_a_fixture_is_refused(payment):
    text = serializers.serialize("json", [payment]).replace("pending", "succeeded")
    for loaded in serializers.deserialize("json", text):
        with pytest.raises(MirrorIsReadOnlyError):
            loaded.save()
    assert Payment.objects.get().status == "pending"


def _pages(pk: Any) -> list[tuple[str, dict[str, Any]]]:
    change = reverse("admin:mirror_payment_change", args=[pk])
    return [
        (
            reverse("admin:mirror_payment_changelist"),
            {"action": "delete_selected", "_selected_action": str(pk), "post": "yes"},
        ),
        (reverse("admin:mirror_payment_add"), {"id": str(uuid4()), "status": "succeeded"}),
        (change, {"status": "succeeded", "amount_minor": "1", "_save": "Save"}),
        (reverse("admin:mirror_payment_delete", args=[pk]), {"post": "yes"}),
    ]


@pytest.mark.parametrize("role", ["superuser", "admin", "finance", "support"])
def test_every_raw_post_is_refused_whoever_sends_it(payment, superuser, as_role, role):
    client = superuser if role == "superuser" else as_role(role)
    before = Payment.objects.values().get()
    for address, body in _pages(payment.pk):
        assert client.post(address, body).status_code == 403, address
    assert Payment.objects.values().get() == before


def test_writing_pages_are_not_even_shown(payment, superuser):
    assert superuser.get(reverse("admin:mirror_payment_add")).status_code == 403
    delete = reverse("admin:mirror_payment_delete", args=[payment.pk])
    assert superuser.get(delete).status_code == 403
    page = superuser.get(reverse("admin:mirror_payment_change", args=[payment.pk]))
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert 'name="status"' not in page.content.decode()


def test_every_list_refuses_a_post(superuser):
    for model in MIRRORS:
        address = reverse(f"admin:mirror_{model._meta.model_name}_changelist")
        assert superuser.post(address, {"action": "delete_selected"}).status_code == 403
        assert superuser.get(address).status_code == 200


def test_a_person_is_not_deleted_with_a_cascade(payment):
    with pytest.raises(MirrorIsReadOnlyError):
        Person.objects.get().delete()
    assert Person.objects.exists()
