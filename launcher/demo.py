"""The main job, driven as a customer and a staff member would: real HTTP over TLS, step by step."""

import json
import secrets
import time
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx

from launcher import environment, health
from launcher.layout import Layout
from launcher.state import State, Trouble

TEST_CARD = {"number": "5555555555554444", "expiry": "12/30", "cvc": "123"}


class _Form(HTMLParser):
    """The fields and the target of one page's forms: [(action, {name: value}, buttons)]."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given.get("action", ""), {}))
        elif tag in {"input", "button"} and self.forms and given.get("name"):
            # The first value of a name stands, so that a form's first button is the one pressed.
            self.forms[-1][1].setdefault(given["name"], given.get("value", ""))


def run(layout: Layout, state: State) -> None:
    """Register → log in → pay → notification → balance → admin; prints each step."""
    base = environment.base_url(state)
    with health.client(layout) as http:
        http.base_url = httpx.URL(base)
        http.timeout = httpx.Timeout(20)
        name = f"demo_{secrets.token_hex(4)}"
        token = _enter(http, name)
        headers = {"Authorization": f"Bearer {token}"}
        payment = _create(http, headers)
        if not environment.for_scripts(layout, state)["SANDBOX_URL"]:
            print(f"\nReal YooKassa: open {payment['confirmation_url']} in a browser to pay.")
            return
        _pay(http, payment["confirmation_url"])
        _await_credit(http, headers, payment)
        _find_in_admin(http, state, payment["id"])
    _print_addresses(layout, state, name)


def _step(number: int, words: str, answer: httpx.Response | None = None) -> None:
    print(f"\n{number}. {words}")
    if answer is not None:
        shown = answer.json()
        for secret in ("access_token", "refresh_token"):
            if secret in shown:
                shown[secret] = f"{shown[secret][:12]}…"
        body = json.dumps(shown, ensure_ascii=False, indent=2).replace("\n", "\n   ")
        request = answer.request
        print(f"   {request.method} {request.url.path} → {answer.status_code}\n   {body}")


def _expect(answer: httpx.Response, status: int) -> httpx.Response:
    if answer.status_code != status:
        raise Trouble(
            f"{answer.request.method} {answer.request.url} answered {answer.status_code},"
            f" not {status}: {answer.text[:500]}"
        )
    return answer


def _enter(http: httpx.Client, name: str) -> str:
    account = {"username": name, "password": "newpassword1", "email": f"{name}@test.com"}
    made = _expect(http.post("/auth/api/v1/registration", json=account), 201)
    _step(1, "Регистрация · a customer registers", made)
    del account["email"]
    entered = _expect(http.post("/auth/api/v1/login", json=account), 200)
    _step(2, "Вход · the customer logs in", entered)
    return str(entered.json()["access_token"])


def _create(http: httpx.Client, headers: dict[str, str]) -> dict[str, Any]:
    # Written out, so that the documented body travels as it stands: a number with two decimals.
    body = '{"value": 1342.00, "currency": "RUB", "description": "Оплата подписки"}'
    made = http.post(
        "/api/v1/payment",
        content=body.encode(),
        headers={**headers, "Content-Type": "application/json"},
    )
    _step(3, "Платёж создан · a payment is created", _expect(made, 201))
    return dict(made.json())


def _pay(http: httpx.Client, url: str) -> None:
    page = _expect(http.get(url), 200)
    forms = _Form(page.text).forms
    if not forms:
        raise Trouble(f"the checkout page {url} has no form")
    action, fields = forms[0]
    for field in fields:
        for part, value in TEST_CARD.items():
            if part in field:
                fields[field] = value
    paid = http.post(urljoin(url, action), data=fields)
    if paid.status_code not in {200, 302, 303}:
        _expect(paid, 303)
    _step(4, f"Оплата картой {TEST_CARD['number']} · paid on the provider's checkout page")
    print(
        f"   POST {paid.request.url.path} → {paid.status_code} {paid.headers.get('location', '')}"
    )


def _await(what: str, probe: Callable[[], httpx.Response | None], seconds: float) -> httpx.Response:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := probe()) is not None:
            return found
        time.sleep(0.2)
    raise Trouble(f"{what}: not seen within {seconds:.0f} s; `make logs` tells more")


def _await_credit(http: httpx.Client, headers: dict[str, str], payment: dict[str, Any]) -> None:
    def settled() -> httpx.Response | None:
        answer = _expect(http.get(f"/api/v1/payment/{payment['id']}", headers=headers), 200)
        return answer if answer.json()["status"] == "succeeded" else None

    _step(5, "Уведомление принято, платёж проведён · settled", _await("settlement", settled, 60))
    balance = _expect(http.get("/api/v1/balance", headers=headers), 200)
    if balance.json()["items"][0]["available"] != payment["value"]:
        raise Trouble(f"the balance is {balance.text}, not {payment['value']}")
    _step(6, "Баланс пополнен · the balance is credited", balance)


def _find_in_admin(http: httpx.Client, state: State, payment_id: str) -> None:
    login = "/admin_panel/admin/login/"
    _, fields = _Form(_expect(http.get(login), 200).text).forms[0]
    fields |= {
        "username": environment.STAFF_USERNAME,
        "password": state.secrets["staff_password"],
        "next": "/admin_panel/admin/",
    }
    _expect(http.post(login, data=fields, headers={"Referer": f"{http.base_url}{login}"}), 302)
    path = f"/admin_panel/admin/mirror/payment/{payment_id}/change/"

    def mirrored() -> httpx.Response | None:
        answer = http.get(path)
        shown = answer.status_code == 200 and payment_id in answer.text
        return answer if shown else None

    _await("the payment in the admin", mirrored, 30)
    _step(7, "Платёж виден сотруднику · the payment is in the admin")
    print(f"   GET {path} → 200")


def _print_addresses(layout: Layout, state: State, name: str) -> None:
    base = environment.base_url(state)
    staff = f"{environment.STAFF_USERNAME} / {state.secrets['staff_password']}"
    print(f"""
Готово: деньги прошли весь путь · done, the money went all the way.

  Главная · start page     {base}/
  Оплата · top up          {base}/pay/            {name} / newpassword1
  Админка · admin          {base}/admin_panel/admin/   {staff}
  API                      {base}/app/openapi  and  {base}/auth/docs/
  Песочница · sandbox      {base}/sandbox/
  Authority (for browsers) {layout.authority}

  curl --cacert '{layout.authority}' {base}/auth/api/v1/login \\
    -H 'Content-Type: application/json' \\
    -d '{{"username": "{name}", "password": "newpassword1"}}'

The suite goes on running: make status, make logs, make down.""")
