"""Who may call what: every route of the application against every kind of caller, over HTTP.

The table is contracts/access/billing.toml, its rows are held to the application's routes: a new
route without a row fails, and so does a row without its route. Each cell is a real request.
"""

import pytest
from billing_parts.processes import wait_until
from fastapi.routing import iter_route_contexts

from billing.platform.ids import new_id
from billing.settings import Settings
from billing.wiring.app import create_app
from launcher import access

ACCESS = access.read("billing")
CUSTOMER = "payments:read payments:write balance:read"
SCOPES = {
    "scopeless": "",
    "customer": CUSTOMER,
    "stranger": CUSTOMER,
    "support": f"{CUSTOMER} payments:read_all refunds:write",
    "finance": f"{CUSTOMER} payments:read_all refunds:write balance:adjust",
    "admin": f"{CUSTOMER} payments:read_all refunds:write balance:adjust roles:write",
    "program": "billing:changes",
    "outsider": "auth:changes",
    "shop": "billing:charge",
}
PROGRAMS = {"program", "outsider", "shop"}
A_DEBIT = {"value": "0.01", "currency": "RUB", "reason": "The matrix"}
AN_ADJUSTMENT = {**A_DEBIT, "kind": "paid", "customer_id": "customer-of-the-matrix"}
BODIES = {
    "POST /api/v1/payment": {"value": "10.00", "currency": "RUB"},
    "POST /api/v1/charge": A_DEBIT,
    "POST /api/v1/charge/{charge_id}/reverse": {"value": "0.01"},
    "POST /api/v1/balance_hold": A_DEBIT,
    "POST /api/v1/balance_adjustment": AN_ADJUSTMENT,
    "POST /api/v1/review/{item_id}/resolve": {"action": "close", "reason": "The matrix"},
}
A_REFUND = {"currency": "RUB", "reason": "The matrix"}
QUERIES = {"GET /api/v1/changes/parity": {"kind": "payment", "at": "0-0"}}


@pytest.fixture
def app():
    return create_app(Settings(billing_database_url="postgresql://nobody/none"))


def routes_of(app) -> set[str]:
    found = set()
    for route in iter_route_contexts(app.routes):
        # HEAD is GET without the body; what is mounted has no methods and serves files.
        methods = (set(getattr(route, "methods", None) or {"GET"})) - {"HEAD"}
        found |= {f"{method} {route.path}" for method in methods}
    return found


@pytest.fixture(scope="module")
def ids(suite):
    """One customer with one of each thing, some money for everybody, and the other callers."""
    names = {who: f"{who}-of-the-matrix" for who in ACCESS.callers}
    with suite.client(names["admin"], SCOPES["admin"]) as admin:
        for name in names.values():
            given = {**AN_ADJUSTMENT, "customer_id": name, "value": "10.00"}
            adjusted = admin.post("/api/v1/balance_adjustment", json=given)
    with suite.client(names["customer"]) as client:
        made = client.post("/api/v1/payment", json=BODIES["POST /api/v1/payment"])
        charged = client.post("/api/v1/charge", json={**A_DEBIT, "value": "1.00"})
        refunded = a_refund(suite, client)
    return {
        **names,
        "payment": made.json()["id"],
        "charge": charged.json()["id"],
        "refund": refunded,
        "adjustment": adjusted.json()["id"],
        "secret": suite.environment["NOTIFICATION_SECRET"],
    }


def a_refund(suite, client) -> str:
    """Of another payment, that was paid."""
    paid = client.post("/api/v1/payment", json=BODIES["POST /api/v1/payment"]).json()["id"]
    [theirs] = suite.sandbox.payments_of(paid)
    suite.sandbox.succeed(theirs["id"])
    path = f"/api/v1/payment/{paid}"
    wait_until(lambda: client.get(path).json()["status"] == "succeeded")
    refunded = client.post("/api/v1/refund", json={**A_REFUND, "payment_id": paid})
    return refunded.json()["id"]


def client_of(api, who, ids):
    match who:
        case "nobody":
            return api.client()
        case "garbage":
            client = api.client()
            client.headers["Authorization"] = "Bearer not-a-token"
            return client
        case "expired":
            return api.client(ids[who], CUSTOMER, exp=1)
        case "elsewhere":
            return api.client(ids[who], CUSTOMER, aud=["auth"])
        case _ if who in PROGRAMS:
            return api.client(ids[who], SCOPES[who], client_id=ids[who])
    return api.client(ids[who], SCOPES[who])


def a_hold(suite, ids):
    """A fresh one each time: it ends once."""
    with suite.client(ids["customer"]) as client:
        return client.post("/api/v1/balance_hold", json=A_DEBIT).json()["id"]


def body_of(route, who, ids):
    if route == "POST /api/v1/refund":
        return {**A_REFUND, "payment_id": ids["payment"]}
    body = BODIES.get(route)
    if who == "shop" and route in {"POST /api/v1/charge", "POST /api/v1/balance_hold"}:
        return {**body, "customer_id": ids["customer"]}
    return body


def address_of(path, ids):
    filled = path.replace("{_:path}", "nowhere")
    for name, value in (
        ("payment_id", ids["payment"]),
        ("written_id", ids["payment"]),
        ("item_id", ids["payment"]),
        ("charge_id", ids["charge"]),
        ("refund_id", ids["refund"]),
        ("adjustment_id", ids["adjustment"]),
        ("hold_id", ids.get("hold", "")),
        ("secret", ids["secret"]),
        ("release", "any"),
        ("name", "style.css"),
    ):
        filled = filled.replace(f"{{{name}}}", value)
    return f"{filled}/swagger-ui.css" if filled == "/app/static" else filled


def test_the_table_has_a_row_for_every_route_and_no_other(app):
    assert not ACCESS.gaps(routes_of(app))


def test_a_route_nobody_has_thought_about_is_found(app):
    """The control."""
    app.delete("/api/v1/payment/{payment_id}")(lambda payment_id: None)
    assert ACCESS.gaps(routes_of(app)) == ["DELETE /api/v1/payment/{payment_id} has no row"]


@pytest.mark.parametrize(("route", "who", "status"), ACCESS.cells())
def test_a_caller_may_do_what_the_table_says_and_nothing_else(suite, ids, route, who, status):
    method, path = route.split(" ")
    if "{hold_id}" in path:
        ids = {**ids, "hold": a_hold(suite, ids)}
    headers = {"Idempotency-Key": str(new_id())} if method == "POST" and who in PROGRAMS else {}
    with client_of(suite, who, ids) as client:
        answer = client.request(
            method,
            address_of(path, ids),
            json=body_of(route, who, ids),
            params=QUERIES.get(route),
            headers=headers,
        )
    assert answer.status_code == status, answer.text
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
