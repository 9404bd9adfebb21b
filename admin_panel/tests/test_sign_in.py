"""Staff come in with their auth account; customers do not; the local superuser always does."""

import os
import time
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from joserfc.jwk import ECKey

from panel.staff.models import StaffAccount

LOGIN = "/admin_panel/admin/login/"


@pytest.fixture
def account(neighbour) -> dict[str, Any]:
    account = {"id": str(uuid4()), "username": "vera", "password": "right password", "roles": []}
    neighbour.accounts["vera"] = account
    return account


def log_in(browser, password="right password", username="vera") -> Any:
    return browser.post(LOGIN, {"username": username, "password": password})


def refused(answer: Any) -> str:
    assert answer.status_code == 200
    assert "_auth_user_id" not in answer.wsgi_request.session
    return answer.content.decode()


@pytest.mark.parametrize("role", ["support", "finance", "admin"])
def test_a_staff_role_opens_the_door(browser, account, role):
    account["roles"] = ["customer", role]
    answer = log_in(browser)
    assert answer.status_code == 302
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (True, False, False)
    assert [group.name for group in user.groups.all()] == [role]
    assert str(StaffAccount.objects.get().account_id) == account["id"]
    assert browser.get("/admin_panel/admin/mirror/payment/").status_code == 200
    cookie = browser.cookies["panel_session"]
    assert (cookie["secure"], cookie["httponly"], cookie["path"]) == (True, True, "/admin_panel/")
    assert 8 * 3600 - 5 <= cookie["max-age"] <= 8 * 3600


def test_a_customer_is_refused_and_told_why(browser, account):
    account["roles"] = ["customer", "subscriber"]
    assert "не относится к сотрудникам" in refused(log_in(browser))
    assert not User.objects.exists()


def test_a_wrong_password_is_refused(browser, account):
    account["roles"] = ["admin"]
    assert "Неверное имя или пароль" in refused(log_in(browser, password="wrong"))


def test_roles_are_read_anew_at_each_sign_in(browser, account):
    account["roles"] = ["admin", "finance"]
    log_in(browser)
    browser.logout()
    account["roles"] = ["support"]
    log_in(browser)
    assert [group.name for group in User.objects.get().groups.all()] == ["support"]
    browser.logout()
    account["roles"] = ["customer"]
    refused(log_in(browser))


@pytest.mark.parametrize(
    "forged",
    [
        {"iss": "https://elsewhere"},
        {"aud": ["billing"]},
        {"exp": int(time.time()) - 60},
        {"type": "refresh"},
        {"sub": "not-a-uuid"},
    ],
)
def test_a_token_that_is_not_for_us_is_refused(browser, neighbour, account, forged):
    account["roles"] = ["admin"]
    account["token"] = neighbour.token(account, **forged)
    refused(log_in(browser))
    assert not User.objects.exists()


def test_a_token_of_another_key_is_refused(browser, neighbour, account):
    account["roles"] = ["admin"]
    account["signed_by"] = ECKey.generate_key("P-256", {"kid": "k1"})
    refused(log_in(browser))


def make_local(username="root", password="a long local password") -> None:
    os.environ.update(LOCAL_ADMIN_USERNAME=username, LOCAL_ADMIN_PASSWORD=password)
    call_command("create_superuser_local", stdout=StringIO())


def test_the_local_superuser_comes_in_while_auth_is_down(browser, neighbour):
    make_local()
    make_local()
    settings.AUTH_URL = "http://127.0.0.1:9"
    assert "не отвечает" in refused(log_in(browser, username="root"))
    answer = log_in(browser, username="root", password="a long local password")
    assert answer.status_code == 302
    assert User.objects.get().is_superuser


def test_an_auth_account_named_like_the_superuser_does_not_become_it(browser, account, neighbour):
    make_local(username="vera")
    account["roles"] = ["support"]
    assert log_in(browser).status_code == 302
    signed_in = StaffAccount.objects.get().user
    assert not signed_in.is_superuser
    assert User.objects.get(username="vera").is_superuser
    assert signed_in.username.startswith("vera@")


def test_the_local_superuser_never_takes_over_a_staff_account(browser, account):
    account["roles"] = ["support"]
    log_in(browser)
    with pytest.raises(CommandError, match="choose another name"):
        make_local(username="vera")


def test_a_weak_local_password_is_refused():
    with pytest.raises(CommandError):
        make_local(password="short")


def test_there_is_no_page_to_edit_users_or_change_a_password_with(as_role):
    admin = as_role("admin")
    assert admin.get("/admin_panel/admin/auth/user/").status_code == 404


def test_the_sign_in_page_has_both_languages_and_the_choice_stays(browser):
    page = browser.get(f"{LOGIN}?next=/admin_panel/admin/mirror/payment/").content.decode()
    assert "Вход для сотрудников" in page
    for language in ("Русский", "English"):
        assert language in page.partition("data-languages")[2]
    back = "/admin_panel/admin/login/?next=/admin_panel/admin/mirror/payment/"
    assert f'value="{back}"' in page
    chosen = browser.post("/admin_panel/i18n/setlang/", {"language": "en", "next": back})
    assert (chosen.status_code, chosen["Location"]) == (302, back)
    english = browser.get(back).content.decode()  # the browser still prefers Russian
    assert '<html lang="en"' in english
    assert "Вход для сотрудников" not in english
    browser.post("/admin_panel/i18n/setlang/", {"language": "ru", "next": back})
    assert "Вход для сотрудников" in browser.get(back).content.decode()
