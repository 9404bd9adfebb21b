"""Who may call what: every address of the admin, read and posted to, by everybody who may come.

The table is contracts/access/admin.toml, its rows are held to Django's resolver: a new address
without a row fails, and so does a row without its address. Each cell is a real request.
"""

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path
from launcher import access
from panel_parts.rows import make_row

ACCESS = access.read("admin")
ADMIN = "/admin_panel/admin/"
LOGIN = f"{ADMIN}login/"
PASSWORD = "a long local password"
SIGNED_OUT = {"anonymous", "customer"}


def routes_of(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    for one in patterns:
        # A regular expression's named group is written as a converter's is.
        address = prefix + re.sub(r"\^?\(\?P(<\w+>)[^)]*\)(/?)\$", r"\1\2", str(one.pattern))
        if isinstance(one, URLResolver):
            yield from routes_of(one.url_patterns, address)
        else:
            yield from (f"{method} {address}" for method in ("GET", "POST"))


def test_the_table_has_a_row_for_every_address_and_no_other():
    assert not ACCESS.gaps(routes_of(get_resolver().url_patterns))


def test_an_address_nobody_has_thought_about_is_found():
    """The control."""
    stray = path("stray/<int:number>/", lambda request, number: None)
    gaps = ACCESS.gaps(routes_of([*get_resolver().url_patterns, stray]))
    assert gaps == [f"{method} /stray/<int:number>/ has no row" for method in ("GET", "POST")]


def _sign_in(who: str, browser: Client, neighbour: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if who == "anonymous":
        return
    if who == "superuser":
        monkeypatch.setenv("LOCAL_ADMIN_USERNAME", who)
        monkeypatch.setenv("LOCAL_ADMIN_PASSWORD", PASSWORD)
        call_command("create_superuser_local", stdout=StringIO())
    else:
        neighbour.accounts[who] = {
            "id": str(uuid4()), "username": who, "password": PASSWORD, "roles": ["customer", who],
        }  # fmt: skip
    answer = browser.post(LOGIN, {"username": who, "password": PASSWORD})
    assert answer.status_code == (200 if who in SIGNED_OUT else 302)


def _address_of(route: str, rows: dict[str, Any]) -> str:
    address = route.replace("<path:content_type_id>", "1").replace("<app_label>", "mirror")
    for model, pk in rows.items():
        if f"/{model}/" in address:
            address = address.replace("<path:object_id>", str(pk))
    return address.replace("<path:object_id>", "1").replace("<url>", "nowhere")


@pytest.mark.parametrize("who", ACCESS.callers)
def test_a_caller_may_do_what_the_table_says_and_nothing_else(who, browser, neighbour, monkeypatch):
    _sign_in(who, browser, neighbour, monkeypatch)
    # Whoever has signed in may be a row already.
    rows = {
        model._meta.model_name: model._base_manager.values_list("pk", flat=True).first()
        or make_row(model)
        for model in admin.site._registry
    }
    wrong = []
    turned_away = who in SIGNED_OUT
    # Signing out comes last, it ends the session.
    for route, caller, status in sorted(ACCESS.cells(), key=lambda cell: "/logout/" in cell[0]):
        if caller != who:
            continue
        method, address = route.split(" ")
        answer = browser.generic(method, _address_of(address, rows))
        target = answer.headers.get("Location", "")
        in_admin = address.startswith(ADMIN) and "/logout/" not in address
        if answer.status_code != status:
            wrong.append(f"{route}: {answer.status_code}, not {status}")
        # Within the admin only those who are turned away are led to the page of signing in.
        elif status == 302 and in_admin and target.startswith(LOGIN) != turned_away:
            wrong.append(f"{route} leads to {target}")
    assert not wrong
