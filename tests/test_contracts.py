"""The running suite against the schemas of contracts/: what the services promise each other."""

import base64
import json
from pathlib import Path

import pytest

CONTRACTS = Path(__file__).resolve().parent.parent / "contracts"


def _validator(name):
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(json.loads((CONTRACTS / f"{name}.schema.json").read_text()))


def _env_file(suite, service):
    lines = (suite.var / "env" / f"{service}.env").read_text().splitlines()
    return {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}


@pytest.fixture(scope="module")
def program(suite):
    """A client with the token of the program that follows both feeds."""
    admin = _env_file(suite, "admin")
    http = suite.client()
    answer = http.post(
        "/auth/api/v1/token",
        data={"grant_type": "client_credentials"},
        auth=(admin["SERVICE_CLIENT_ID"], admin["SERVICE_CLIENT_SECRET"]),
    )
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "scope"}
    http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return http


def _claims(bearer):
    part = bearer.removeprefix("Bearer ").split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_the_claims_of_a_person_and_of_a_program_are_as_agreed(customer, program):
    validator = _validator("token_claims")
    person, machine = (_claims(http.headers["Authorization"]) for http in (customer.http, program))
    validator.validate(person)
    validator.validate(machine)
    assert person["username"] == customer.name
    assert machine["sub"] == machine["client_id"] == "admin-sync"
    assert set(machine["scope"].split()) == {"billing:changes", "auth:changes"}


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("/api/v1/changes", {"payment", "balance", "journal"}),
        ("/auth/api/v1/changes", {"account"}),
    ],
)
def test_a_feed_is_as_agreed_and_tells_of_a_payment_in_every_kind(customer, program, path, kinds):
    customer.pay(payment := customer.created())
    customer.await_status(payment["id"], "succeeded")
    validator, seen, after = _validator("changes"), [], ""
    while True:
        answer = program.get(path, params={"after": after, "limit": 7})
        assert answer.status_code == 200
        page = answer.json()
        validator.validate(page)
        if not page["items"]:
            break
        seen += page["items"]
        after = page["next_after"]
    assert {item["kind"] for item in seen} == kinds
    positions = [tuple(map(int, item["position"].split("-"))) for item in seen]
    assert positions == sorted(set(positions))
    assert customer.account["id"] in json.dumps(seen)


@pytest.mark.parametrize("kind", ["payment", "balance", "journal"])
def test_the_figures_a_mirror_is_compared_with_are_as_agreed(customer, program, kind):
    customer.pay(payment := customer.created())
    customer.await_status(payment["id"], "succeeded")
    at = program.get("/api/v1/changes", params={"limit": 5000}).json()["next_after"]
    answer = program.get("/api/v1/changes/parity", params={"kind": kind, "at": at})
    assert answer.status_code == 200, answer.text
    _validator("parity").validate(answer.json())
    assert answer.json()["days"]


def test_a_waiting_reader_is_told_of_a_change_at_once(customer, program):
    after = ""
    while page := program.get("/api/v1/changes", params={"after": after, "limit": 5000}).json():
        after = page["next_after"]
        if not page["items"]:
            break
    payment = customer.created()
    answer = program.get("/api/v1/changes", params={"after": after, "wait": 20})
    assert answer.elapsed.total_seconds() < 5
    assert payment["id"] in {item["id"] for item in answer.json()["items"]}


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/api/v1/nothing", "/api/v1/balance", "/auth/api/v1/me", "/auth/api/v1/nothing",
     "/sandbox/v3/payments", "/api/v1/payment/%00"],
)  # fmt: skip
def test_an_error_of_any_part_is_as_agreed(suite, path):
    with suite.client() as http:
        answer = http.get(path)
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    _validator("problem").validate(answer.json())
