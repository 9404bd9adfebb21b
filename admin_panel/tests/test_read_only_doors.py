"""Every address of the admin, taken from its registry, against every way of writing.

A model registered tomorrow is tried without a word here: its rows are made by its table's columns,
and an address this file does not know fails.
"""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client, override_settings
from django.urls import get_resolver, include, path, reverse
from panel_parts.rows import make_row
from unfold.admin import ModelAdmin

from panel.mirror.guard import MirrorModel
from panel.mirror.readonly import ReadOnlyAdmin

REGISTRY = admin.site._registry
NAMES = [model._meta.label for model in REGISTRY]
ROLES = ("superuser", "admin", "finance", "support")
WRITING = ("post", "put", "patch", "delete")
# Addresses that are no model's: a POST to them may show a page, and changes no row.
SITE = {
    "index", "login", "logout", "password_change", "password_change_done", "autocomplete",
    "jsi18n", "view_on_site", "app_list", "search",
}  # fmt: skip


def _everything() -> dict[str, list[dict[str, Any]]]:
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values()) for model in REGISTRY
    }


def _address(model: Any, name: str, pk: Any) -> str:
    place = f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}"
    return reverse(place, args=[pk] if name in {"change", "delete", "history"} else [])


def _doors(model: Any) -> list[str]:
    """The names of a model's own addresses, from its admin's resolver."""
    prefix = f"{model._meta.app_label}_{model._meta.model_name}_"
    return [
        str(one.name).removeprefix(prefix)
        for one in REGISTRY[model].get_urls()
        if one.name and str(one.name).startswith(prefix)
    ]


def _client(role: str, superuser: Client, as_role: Any) -> Client:
    return superuser if role == "superuser" else as_role(role)


def test_the_registry_is_the_mirror_and_the_list_of_staff_and_all_are_read_only():
    mirrored = {m._meta.label for m in apps.get_models() if issubclass(m, MirrorModel)}
    assert set(NAMES) == mirrored | {"staff.StaffAccount"}
    for page in REGISTRY.values():
        assert isinstance(page, ReadOnlyAdmin), page


@pytest.mark.parametrize("label", NAMES)
def test_no_list_has_editable_columns_actions_or_inlines(superuser, label):
    page = REGISTRY[apps.get_model(label)]
    request = superuser.get(reverse("admin:index")).wsgi_request
    assert not page.list_editable
    assert page.get_actions(request) == {}
    assert page.get_inline_instances(request) == []
    for name in ("list", "row", "detail", "submit_line"):
        assert not getattr(page, f"actions_{name}", None), name
    assert not page.has_add_permission(request)
    assert not page.has_change_permission(request)
    assert not page.has_delete_permission(request)


def _let_through(model: Any, pk: Any, client: Client) -> list[tuple[str, str, int]]:
    """Doors at which a method that writes was not refused: name, method, status."""
    doors = _doors(model)
    assert {"changelist", "add", "change", "delete", "history"} <= set(doors)
    body = {
        "action": "delete_selected", "_selected_action": str(pk), "post": "yes", "_save": "Save",
        "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": str(pk), "index": "0",
        **{field.name: "1" for field in model._meta.concrete_fields},
    }  # fmt: skip
    found = []
    for door in doors:
        for method in WRITING:
            status = getattr(client, method)(_address(model, door, pk), body).status_code
            if status not in {403, 405}:
                found.append((door, method, status))
    for door in ("add", "delete"):
        status = client.get(_address(model, door, pk)).status_code
        if status != 403:
            found.append((door, "get", status))
    return found


def _offers(model: Any, pk: Any, client: Client) -> set[str]:
    """What on a model's pages invites to write."""
    found = set()
    for door in ("changelist", "change"):
        page = client.get(_address(model, door, pk))
        assert page.status_code == 200
        text = page.content.decode()
        words = ('name="_save"', 'name="action"', "/add/", "/delete/", "_selected_action")
        found |= {word for word in words if word in text}
    return found


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("label", NAMES)
def test_no_method_at_any_address_of_a_model_changes_a_row(label, role, superuser, as_role):
    model = apps.get_model(label)
    pk = make_row(model)
    client = _client(role, superuser, as_role)
    before = _everything()
    assert _let_through(model, pk, client) == []
    assert _everything() == before


@pytest.mark.parametrize("label", NAMES)
def test_no_page_of_a_model_offers_to_write(label, superuser):
    model = apps.get_model(label)
    pk = make_row(model)
    assert _offers(model, pk, superuser) == set()


@pytest.fixture
def writable() -> Iterator[Any]:
    """A model registered with a page of unfold's own, and the addresses that follow from it."""

    class Writable(ModelAdmin):
        list_editable = ("name",)
        list_display = ("id", "name")

    known = list(Group.objects.values_list("pk", flat=True))
    admin.site.register(Group, Writable)
    addresses = ModuleType("addresses_with_a_writable_page")
    addresses.urlpatterns = [
        path("admin_panel/i18n/", include("django.conf.urls.i18n")),
        path("admin_panel/admin/", admin.site.urls),
    ]
    try:
        with override_settings(ROOT_URLCONF=addresses):
            yield Group
    finally:
        admin.site.unregister(Group)
        Group.objects.exclude(pk__in=known).delete()


def test_the_control_a_writable_page_lets_methods_through_changes_rows_and_offers_to(
    writable, superuser
):
    """The same functions that find nothing at ours: a page that may write must not pass them."""
    pk = writable.objects.create(name="made here").pk
    before = _everything()
    assert before[writable._meta.label]
    assert _offers(writable, pk, superuser) == {
        'name="_save"', 'name="action"', "/add/", "/delete/", "_selected_action",
    }  # fmt: skip
    found = _let_through(writable, pk, superuser)
    assert {"changelist", "add", "delete"} <= {door for door, _, _ in found}
    assert _everything() != before
    page = admin.site._registry[writable]
    request = superuser.get(reverse("admin:index")).wsgi_request
    assert page.has_delete_permission(request)
    assert "delete_selected" in page.get_actions(request)
    assert not isinstance(page, ReadOnlyAdmin)


@pytest.mark.parametrize("role", ROLES)
def test_the_addresses_of_the_site_itself_change_no_row(role, superuser, as_role):
    for model in REGISTRY:
        make_row(model)
    before = _everything()
    own = {str(one.name) for one in admin.site.get_urls() if getattr(one, "name", None)}
    assert own <= SITE, "an address of the site that nobody has thought about"
    client = _client(role, superuser, as_role)
    for name in own - {"login", "logout"}:
        arguments = {"view_on_site": [1, 1], "app_list": ["mirror"]}.get(name, [])
        answer = client.post(reverse(f"admin:{name}", args=arguments), {"action": "x"})
        assert answer.status_code < 500, name
    assert _everything() == before


def test_no_address_leads_elsewhere_than_these():
    """The whole address book: the admin, its languages, health."""
    routes = {str(one.pattern) for one in get_resolver().url_patterns}
    assert routes == {
        "admin_panel/", "admin_panel/i18n/", "admin_panel/admin/", "health/live", "health/ready",
    }  # fmt: skip
