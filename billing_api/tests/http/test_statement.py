"""The statement over HTTP: its shape, its bounds and what cannot be asked."""

import base64
import json

import pytest

LINE = {"id", "at", "kind", "description", "payment_id", "value", "balance"}
STATEMENT = {
    "currency", "from", "to", "opening_balance", "lines", "closing_balance", "next_cursor",
}  # fmt: skip
PATH = "/api/v1/statement"


@pytest.fixture
def payer(api, customer, eventually):
    """A customer with three paid payments."""
    with api.client(customer) as client:
        for value in ("10.00", "1.50", "1342.00"):
            body = {"value": value, "currency": "RUB"}
            made = client.post("/api/v1/payment", json=body).json()
            [theirs] = api.sandbox.payments_of(made["id"])
            api.sandbox.succeed(theirs["id"])
            path = f"/api/v1/payment/{made['id']}"
            eventually(lambda path=path: client.get(path).json()["status"] == "succeeded")
        yield client


def test_the_statement_adds_up_and_ends_at_the_balance(payer):
    answer = payer.get(PATH)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    statement = answer.json()
    assert set(statement) == STATEMENT
    assert all(set(line) == LINE for line in statement["lines"])
    assert [line["value"] for line in statement["lines"]] == ["10.00", "1.50", "1342.00"]
    assert [line["balance"] for line in statement["lines"]] == ["10.00", "11.50", "1353.50"]
    assert (statement["opening_balance"], statement["closing_balance"]) == ("0.00", "1353.50")
    [balance] = payer.get("/api/v1/balance").json()["items"]
    assert balance["available"] == statement["closing_balance"]


def test_pages_join_and_keep_their_balances(payer):
    first = payer.get(PATH, params={"limit": 2}).json()
    second = payer.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert second["next_cursor"] is None
    assert [line["balance"] for line in first["lines"] + second["lines"]] == [
        "10.00",
        "11.50",
        "1353.50",
    ]
    assert first["closing_balance"] == second["closing_balance"]


def test_a_period_opens_with_what_was_before_it(payer):
    lines = payer.get(PATH).json()["lines"]
    later = payer.get(PATH, params={"from": lines[1]["at"]}).json()
    assert later["from"] == lines[1]["at"]
    assert later["opening_balance"] == "10.00"
    earlier = payer.get(PATH, params={"from": "2020-01-01", "to": "2020-12-31"}).json()
    assert earlier["lines"] == []
    assert earlier["to"] == "2020-12-31T21:00:00.000Z"
    assert earlier["closing_balance"] == "0.00"


def forged(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).rstrip(b"=").decode()


AT, ID = "2026-01-01T00:00:00+00:00", "0199c0de-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-13-01"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"to": "0001-01-01"}, "to"),
        ({"from": "2026-01-01T00:00:00"}, "from"),
        ({"from": "2026-02-01", "to": "2026-01-01"}, "from"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"cursor": forged("1:0:", AT, ID)}, "cursor"),
        ({"cursor": forged("1:9:12", AT, ID)}, "cursor"),
        ({"cursor": forged("1:9:3,2", AT, ID)}, "cursor"),
        ({"cursor": forged("1:99999999999999999999:", AT, ID)}, "cursor"),
        ({"cursor": forged("1:9:", "2026-01-01T00:00:00", ID)}, "cursor"),
        ({"cursor": forged("1:9:", AT, "no-id")}, "cursor"),
        ({"cursor": forged(1, 2, 3)}, "cursor"),
        ({"cursor": forged("1:9:")}, "cursor"),
        ({"limit": "0"}, "/query/limit"),
        ({"limit": "1001"}, "/query/limit"),
        ({"currency": "USD"}, "/query/currency"),
    ],
)
def test_what_cannot_be_asked_is_422_and_names_its_place(
    api, customer, check_problem, query, place
):
    with api.client(customer) as client:
        problem = check_problem(client.get(PATH, params=query), 422, "validation_error")
    assert [error["pointer"] for error in problem["errors"]] == [place]
