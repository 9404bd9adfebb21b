"""What the tests over HTTP share."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from billing_parts.debits import ADJUST, BODY, FINANCE

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
