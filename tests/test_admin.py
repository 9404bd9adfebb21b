"""Staff see in the admin, within seconds, what happened in billing and who it happened to."""

import re

import pytest

ADMIN = "/admin_panel/admin"


def _sign_in(suite, username, password):
    http = suite.client()
    page = http.get(f"{ADMIN}/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
    answer = http.post(
        f"{ADMIN}/login/?next={ADMIN}/",
        data={"csrfmiddlewaretoken": token, "username": username, "password": password,
              "next": f"{ADMIN}/"},
        headers={"Referer": f"{suite.env['BASE_URL']}{ADMIN}/login/"},
    )  # fmt: skip
    return http, answer


@pytest.fixture(scope="module")
def staff(suite):
    http, answer = _sign_in(suite, suite.env["STAFF_USERNAME"], suite.env["STAFF_PASSWORD"])
    assert answer.status_code == 302, answer.text[:300]
    return http


def test_the_staff_account_signs_in_at_auth_with_the_role_admin(suite):
    with suite.client() as http:
        body = {"username": suite.env["STAFF_USERNAME"], "password": suite.env["STAFF_PASSWORD"]}
        entered = http.post("/auth/api/v1/login", json=body)
        assert entered.status_code == 200
        bearer = {"Authorization": f"Bearer {entered.json()['access_token']}"}
        assert "admin" in http.get("/auth/api/v1/me", headers=bearer).json()["roles"]


def test_a_customer_does_not_get_in(suite, customer):
    _, answer = _sign_in(suite, customer.name, customer.password)
    assert answer.status_code == 200
    assert "csrfmiddlewaretoken" in answer.text


def test_a_paid_payment_is_found_by_each_of_its_names(suite, staff, customer, eventually):
    payment = customer.created()
    provider_id = payment["confirmation_url"].partition("orderId=")[2]
    customer.pay(payment)
    customer.await_status(payment["id"], "succeeded")
    page = f"{ADMIN}/mirror/payment/{payment['id']}/change/"
    eventually(lambda: "1 342,00" in staff.get(page).text.replace("\xa0", " "), 20)
    keys = (
        payment["id"],
        provider_id,
        customer.account["id"],
        customer.name,
        customer.account["email"],
    )
    for key in keys:
        found = staff.get(f"{ADMIN}/mirror/payment/", params={"q": key})
        assert found.status_code == 200
        assert payment["id"] in found.text, key
    assert payment["id"] not in staff.get(f"{ADMIN}/mirror/payment/?q=nobody-like-that").text


def test_the_first_page_shows_lag_and_position(staff):
    page = staff.get(f"{ADMIN}/")
    assert page.status_code == 200
    assert re.search(r"\d+-\d+", page.text)


def test_a_mirrored_payment_cannot_be_changed(suite, staff, customer, eventually):
    payment = customer.created()
    page = f"{ADMIN}/mirror/payment/{payment['id']}/change/"
    eventually(lambda: payment["id"] in staff.get(page).text, 20)
    token = staff.cookies.get("csrftoken") or ""
    referer = {"Referer": f"{suite.env['BASE_URL']}{page}"}
    for path in (
        page,
        f"{ADMIN}/mirror/payment/{payment['id']}/delete/",
        f"{ADMIN}/mirror/payment/add/",
    ):
        answer = staff.post(
            path, data={"csrfmiddlewaretoken": token, "status": "succeeded"}, headers=referer
        )
        assert answer.status_code == 403, path


def test_the_admin_address_leads_to_the_admin(suite):
    with suite.client() as http:
        answer = http.get("/admin_panel/")
        assert answer.status_code in {301, 302}
        assert answer.headers["Location"].endswith(f"{ADMIN}/")
