"""Every route that changes something takes a key, whatever it is about: asked of all of them.

A new route without an example here fails. One key is used for all routes of a caller, so what is
not kept apart by route shows as a conflict.
"""

from dataclasses import dataclass, field

import pytest
from fastapi.routing import iter_route_contexts

from billing.platform.ids import new_id
from billing.settings import Settings
from billing.wiring.app import create_app

ALL = (
    "payments:read payments:write payments:read_all balance:read balance:adjust refunds:write"
    " billing:charge"
)
MUTATING = {"POST", "PUT", "PATCH", "DELETE"}
# The provider repeats what it says without a key; its words are told apart by themselves.
WITHOUT = {"POST /api/v1/notification/{secret}"}
CAPTURE = "POST /api/v1/payment/{payment_id}/capture"
RESOLVE = "POST /api/v1/review/{item_id}/resolve"
DEBIT = {"value": "0.50", "currency": "RUB", "reason": "Of the keys"}
HOLD_BACK = """
    UPDATE payments SET quarantine_reason = 'amount_mismatch', version = version + 1 WHERE id = %s
"""
REFUND = "POST /api/v1/refund"
REPLAYED = "idempotent-replayed"


@dataclass(frozen=True)
class Example:
    """`other` is what the same key must not be taken for. `names`: the body names the customer.
    `stored` False where the example has no final answer yet, so a repeat shows the object.
    """

    body: dict = field(default_factory=dict)
    other: dict | None = None
    names: bool = False
    stored: bool = True


EXAMPLES = {
    "POST /api/v1/payment": Example(
        {"value": "10.00", "currency": "RUB"}, {"value": "11.00", "currency": "RUB"}
    ),
    CAPTURE: Example({"value": "1.00"}, {"value": "2.00"}),
    # Not paid yet: the provider is still to end it.
    "POST /api/v1/payment/{payment_id}/cancel": Example(stored=False),
    REFUND: Example(
        {"value": "0.50", "currency": "RUB", "reason": "Of the keys", "to": "balance"},
        {"value": "0.60", "currency": "RUB", "reason": "Of the keys", "to": "balance"},
    ),
    "POST /api/v1/charge": Example(DEBIT, {**DEBIT, "value": "0.60"}, names=True),
    "POST /api/v1/charge/{charge_id}/reverse": Example({"value": "0.10"}, {"value": "0.20"}),
    "POST /api/v1/balance_hold": Example(DEBIT, {**DEBIT, "value": "0.60"}, names=True),
    "POST /api/v1/balance_hold/{hold_id}/capture": Example({"value": "0.10"}, {"value": "0.20"}),
    "POST /api/v1/balance_hold/{hold_id}/release": Example(),
    "POST /api/v1/balance_adjustment": Example(
        {**DEBIT, "kind": "paid"}, {**DEBIT, "kind": "promo"}, names=True
    ),
    RESOLVE: Example(
        {"action": "close", "reason": "Of the keys"}, {"action": "release", "reason": "Of the keys"}
    ),
}


def mutating(app) -> set[str]:
    return {
        f"{method} {route.path}"
        for route in iter_route_contexts(app.routes)
        for method in set(getattr(route, "methods", None) or ()) & MUTATING
    } - WITHOUT


@pytest.fixture
def app():
    return create_app(Settings(billing_database_url="postgresql://nobody/none"))


def test_there_is_an_example_for_every_route_that_changes_something(app):
    assert mutating(app) == set(EXAMPLES)


def test_a_route_without_an_example_is_found(app):
    """The control."""
    app.patch("/api/v1/payment/{payment_id}")(lambda payment_id: None)
    assert mutating(app) - set(EXAMPLES) == {"PATCH /api/v1/payment/{payment_id}"}


class Asking:
    """One caller, fresh objects for it, and every request under one key."""

    def __init__(self, api, key):
        self.name, self._key, self._api = str(new_id()), key, api
        self.client = api.client(self.name, ALL, client_id=self.name)
        self.made = {}
        gift = {**DEBIT, "kind": "paid", "value": "100.00", "customer_id": self.name}
        self._new("balance_adjustment", gift)
        self.made["payment_id"] = self._new("payment", {"value": "10.00", "currency": "RUB"})
        held = {"value": "10.00", "currency": "RUB", "capture": False}
        self.held_payment = self._new("payment", held)
        [theirs] = api.sandbox.payments_of(self.held_payment)
        api.sandbox.succeed(theirs["id"])
        self.made["item_id"] = self._new("payment", {"value": "10.00", "currency": "RUB"})
        api.sql(HOLD_BACK, self.made["item_id"])
        debit = {**DEBIT, "customer_id": self.name}
        self.made["charge_id"] = self._new("charge", debit)
        self.refundable = self._paid()
        self.made["hold_id"] = self._new("balance_hold", debit)

    def _paid(self):
        """A payment that was taken and spent, by the customer's own charge."""
        paid = self._new("payment", {"value": "10.00", "currency": "RUB", "capture": False})
        [theirs] = self._api.sandbox.payments_of(paid)
        self._api.sandbox.succeed(theirs["id"])
        headers = {"Idempotency-Key": str(new_id())}
        answer = self.client.post(f"/api/v1/payment/{paid}/capture", headers=headers)
        assert answer.status_code == 200, answer.text
        self._new("charge", {**DEBIT, "value": "105.00", "customer_id": self.name})
        return paid

    def _new(self, noun, body):
        headers = {"Idempotency-Key": str(new_id())}
        answer = self.client.post(f"/api/v1/{noun}", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def ask(self, route, body, *, keyed=True, **made):
        method, path = route.split(" ")
        if EXAMPLES[route].names:
            body = {**body, "customer_id": made.pop("customer_id", self.name)}
        if route == REFUND:
            body = {**body, "payment_id": self.refundable}
        held = {"payment_id": self.held_payment} if route == CAPTURE else {}
        address = path.format(**{**self.made, **held, **made})
        headers = {"Idempotency-Key": self._key} if keyed else {}
        return self.client.request(method, address, json=body, headers=headers)


@pytest.fixture
def asking(api):
    made = []

    def make(key="one-key-for-all"):
        made.append(Asking(api, key))
        return made[-1]

    yield make
    for one in made:
        one.client.close()


@pytest.mark.parametrize("route", EXAMPLES)
def test_a_program_must_bring_a_key(asking, check_problem, route):
    answer = asking().ask(route, EXAMPLES[route].body, keyed=False)
    check_problem(answer, 400, "idempotency_key_required")


@pytest.mark.parametrize("route", EXAMPLES)
def test_a_repeat_has_the_first_answer_byte_for_byte_and_another_request_none(
    asking, check_problem, route
):
    example, caller = EXAMPLES[route], asking()
    first = caller.ask(route, example.body)
    second = caller.ask(route, example.body)
    assert first.status_code in {200, 201, 202}, first.text
    assert REPLAYED not in first.headers
    assert second.status_code == first.status_code
    if example.stored:
        assert second.content == first.content
        assert second.headers[REPLAYED] == "true"
    else:
        assert (first.status_code, second.json()["id"]) == (202, first.json()["id"])
    if example.other is None:
        # Its body says nothing: another object is another request.
        stranger = asking("another-key")
        other = caller.ask(route, example.body, **stranger.made)
    else:
        other = caller.ask(route, example.other)
    check_problem(other, 422, "idempotency_key_reused")


@pytest.mark.parametrize("route", EXAMPLES)
def test_the_same_key_of_another_caller_is_another_key(asking, route):
    one, other = asking(), asking()
    assert one.ask(route, EXAMPLES[route].body).status_code < 300
    answer = other.ask(route, EXAMPLES[route].body)
    assert answer.status_code < 300, answer.text
    assert REPLAYED not in answer.headers


def test_one_key_stands_for_one_request_on_each_route(asking):
    """Each hold ends once, so each route has one of its own."""
    caller = asking()
    for route, example in EXAMPLES.items():
        if "hold_id" in route:
            debit = {**DEBIT, "customer_id": caller.name}
            caller.made["hold_id"] = caller._new("balance_hold", debit)
        answer = caller.ask(route, example.body)
        assert answer.status_code < 300, (route, answer.text)
        assert REPLAYED not in answer.headers
