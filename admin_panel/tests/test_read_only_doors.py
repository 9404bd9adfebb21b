"""Every address of the admin, taken from its registry, against every way of writing.

A model registered tomorrow is tried without a word here: its rows are made by its table's columns,
and an address this file does not know fails.
"""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import get_resolver, reverse
from panel_parts.rows import make_row

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


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("label", NAMES)
def test_no_method_at_any_address_of_a_model_changes_a_row(label, role, superuser, as_role):
    model = apps.get_model(label)
    pk = make_row(model)
    client = _client(role, superuser, as_role)
    before = _everything()
    doors = _doors(model)
    assert {"changelist", "add", "change", "delete", "history"} <= set(doors)
    body = {
        "action": "delete_selected", "_selected_action": str(pk), "post": "yes", "_save": "Save",
        "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": str(pk), "index": "0",
        **{field.name: "1" for field in model._meta.concrete_fields},
    }  # fmt: skip
    for door in doors:
        for method in WRITING:
            answer = getattr(client, method)(_address(model, door, pk), body)
            assert answer.status_code in {403, 405}, (door, method)
    assert client.get(_address(model, "add", pk)).status_code == 403
    assert client.get(_address(model, "delete", pk)).status_code == 403
    assert _everything() == before


@pytest.mark.parametrize("label", NAMES)
def test_no_page_of_a_model_offers_to_write(label, superuser):
    model = apps.get_model(label)
    pk = make_row(model)
    for door in ("changelist", "change"):
        page = superuser.get(_address(model, door, pk))
        assert page.status_code == 200
        text = page.content.decode()
        for word in ('name="_save"', 'name="action"', "/add/", "/delete/", "_selected_action"):
            assert word not in text, (door, word)


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


def test_the_control_a_page_that_may_write_is_seen():
    """The same questions, asked of Django's own page: they must not be answered alike."""
    from django.contrib.auth.models import Group, User

    class Writable(admin.ModelAdmin):
        list_editable = ("name",)

    page = Writable(Group, admin.site)
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True, is_staff=True)
    assert page.list_editable
    assert page.has_delete_permission(request)
    assert "delete_selected" in page.get_actions(request)
    assert not isinstance(page, ReadOnlyAdmin)
