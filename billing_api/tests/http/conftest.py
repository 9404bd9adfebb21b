"""What the tests over HTTP share."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from billing_parts.debits import ADJUST, BODY, FINANCE, STAFF
from billing_parts.purse import Purse
from billing_parts.reviews import capture_in_cabinet, one

from billing.platform.clock import SystemClock
from billing.platform.database import Database
from billing.platform.ids import new_id


class Declared:
    """Holds every problem any test of this folder sees to the description of its route."""

    def __init__(self, description: dict) -> None:
        self.codes = {}
        for path, item in description["paths"].items():
            for method, operation in item.items():
                self.codes[method.upper(), re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path))] = {
                    problem["code"]
                    for answer in operation["responses"].values()
                    for problem in answer.get("x-problems", ())
                }

    def check(self, answer: httpx.Response) -> None:
        if answer.headers.get("content-type") != "application/problem+json":
            return
        asked = answer.request
        answer.read()
        for (method, path), codes in self.codes.items():
            if method == asked.method and path.fullmatch(asked.url.path):
                code = answer.json()["code"]
                assert code in codes, f"{method} {asked.url.path} answers {code} undeclared"


@pytest.fixture(autouse=True, scope="session")
def declared(suite) -> Iterator[Declared]:
    made = Declared(httpx.get(f"{suite.url}/app/openapi.json").json())
    suite.hooks.append(made.check)
    yield made
    suite.hooks.remove(made.check)


def _check_problem(answer: httpx.Response, status: int, code: str) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail", "instance", "code"} <= set(problem)
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"urn:problem:{code}"
    assert problem["instance"] == f"urn:request:{answer.headers['x-request-id']}"
    return problem


@pytest.fixture(scope="session")
def check_problem() -> Callable[..., dict]:
    """`check_problem(answer, 422, "validation_error")` gives the problem for a closer look."""
    return _check_problem


@pytest.fixture
def fund(api, customer):
    """Gives the customer money as finance does."""

    def give(value="100.00", **more):
        body = {**BODY, "value": value, "kind": "paid", "customer_id": customer, **more}
        with api.client("finance-person", FINANCE) as finance:
            return finance.post(ADJUST, json=body)

    return give


@pytest.fixture
def client(api, customer):
    """The customer's own."""
    with api.client(customer) as client:
        yield client


@pytest.fixture
def shop(api):
    """A program that may debit anybody, with one key."""
    with api.client("shop", "billing:charge", client_id="shop") as client:
        client.headers["Idempotency-Key"] = str(new_id())
        yield client


@pytest.fixture
def finance(api):
    with api.client("finance-person", FINANCE) as client:
        yield client


@pytest.fixture
def support(api):
    with api.client("support-person", STAFF) as client:
        yield client


@pytest.fixture
def pay(api, client):
    """A new payment of 10.00 and the provider's id of it; nobody has paid."""

    def make(**more):
        body = {"value": "10.00", "currency": "RUB", **more}
        made = client.post("/api/v1/payment", json=body).json()
        [theirs] = api.sandbox.payments_of(made["id"])
        return made["id"], theirs["id"]

    return make


@pytest.fixture
def amend(api):
    """A payment as only an accident of ours would leave it."""

    def call(payment_id, change):
        statement = f"UPDATE payments SET {change}, version = version + 1 WHERE id = %s"
        api.sql(statement, payment_id)

    return call


@pytest.fixture
def held_back(api, client, pay, amend, support, eventually):
    """6.00 of it were captured in the provider's cabinet, and we had asked for 5.00. If not
    `wrong`, we never had: so the two sides agree again.
    """

    def make(*, wrong=False):
        payment_id, provider_id = pay(capture=False)
        api.sandbox.succeed(provider_id)
        path = f"/api/v1/payment/{payment_id}"
        eventually(lambda: client.get(path).json()["status"] == "waiting_for_capture")
        amend(payment_id, "capture_wish_minor = 500")
        capture_in_cabinet(api.sandbox, provider_id, "6.00")
        eventually(lambda: one(support, payment_id)["reason"] == "amount_mismatch")
        if not wrong:
            amend(payment_id, "capture_wish_minor = NULL")
        return payment_id

    return make


@pytest.fixture
def held_refund(api, client, pay, support, eventually):
    """4.00 of 10.00, held by an accident of ours while the provider made it. If not `ended`, it is
    still on its way there.
    """

    def make(*, ended=True):
        payment_id, provider_id = pay()
        api.sandbox.succeed(provider_id)
        path = f"/api/v1/payment/{payment_id}"
        eventually(lambda: client.get(path).json()["status"] == "succeeded")
        what = {"method": "POST", "path": "/v3/refunds*", "times": 1}
        api.sandbox.control("/faults", mode="refund_pending", **what)
        body = {"payment_id": payment_id, "value": "4.00", "currency": "RUB", "reason": "r"}
        refund_id = client.post("/api/v1/refund", json=body).json()["id"]
        held = "UPDATE refunds SET quarantine_reason = 'amount_mismatch' WHERE id = %s"
        api.sql(held, refund_id)
        if ended:
            theirs = one(support, refund_id)["known"]["provider_id"]
            api.sandbox.control(f"/refunds/{theirs}/succeed")
        return refund_id

    return make


@pytest.fixture
def unnamed(api, pay, amend):
    """Held, paid there, and its provider's id has not come back to us: ours and theirs."""

    def make():
        api.sandbox.fault("error_500_after")
        payment_id, provider_id = pay()
        api.sql("UPDATE payment_attempts SET state = 'lost' WHERE payment_id = %s", payment_id)
        amend(payment_id, "quarantine_reason = 'currency_mismatch', undecided = false")
        api.sandbox.succeed(provider_id)
        return payment_id, provider_id

    return make


@pytest.fixture
def paid_late(api, client, pay, support, eventually):
    """Paid after a wish to cancel."""

    def make():
        payment_id, provider_id = pay()
        assert client.post(f"/api/v1/payment/{payment_id}/cancel").status_code == 202
        api.sandbox.succeed(provider_id)
        eventually(lambda: one(support, payment_id)["reason"] is not None)
        return payment_id

    return make


@pytest.fixture
async def debtor(api, customer):
    database = Database(api.urls.service)
    yield Purse(database, SystemClock(), customer)
    await database.close()
