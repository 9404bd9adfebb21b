"""Who may call what: every route of the application against every kind of caller, over HTTP.

The rows come from the application itself. A new route without a row fails, and so does a row
without its route; each cell is a real request.
"""

import pytest
from fastapi.routing import iter_route_contexts

from billing.settings import Settings
from billing.wiring.app import create_app

# Left to right: no token; not a token; expired; for another audience; without any scope; the
# customer; another customer; support (reads all); finance; an administrator; a program that follows
# the feed.
CALLERS = (
    "nobody", "garbage", "expired", "elsewhere", "scopeless",
    "owner", "stranger", "support", "finance", "admin", "program",
)  # fmt: skip
CUSTOMER = "payments:read payments:write balance:read"
SCOPES = {
    "scopeless": "",
    "owner": CUSTOMER,
    "stranger": CUSTOMER,
    "support": f"{CUSTOMER} payments:read_all",
    "finance": f"{CUSTOMER} payments:read_all refunds:write",
    "admin": f"{CUSTOMER} payments:read_all refunds:write roles:write",
    "program": "billing:changes",
}


def people(status: int) -> str:
    return f"401 401 401 401 403 {' '.join([str(status)] * 5)} 403"


PUBLIC = " ".join(["200"] * len(CALLERS))
PROGRAMS_ONLY = "401 401 401 401 403 403 403 403 403 403 200"
ROWS = {
    "POST /api/v1/payment": people(201),
    "GET /api/v1/payment": people(200),
    # Only staff who read all see what is not theirs; to others it is not there.
    "GET /api/v1/payment/{payment_id}": "401 401 401 401 403 200 404 200 200 200 403",
    # Not paid yet, so the provider cannot cancel it: the wish is kept, again and again.
    "POST /api/v1/payment/{payment_id}/cancel": "401 401 401 401 403 202 404 202 202 202 403",
    "GET /api/v1/balance": people(200),
    "GET /api/v1/statement": people(200),
    "GET /api/v1/changes": PROGRAMS_ONLY,
    "GET /api/v1/changes/parity": PROGRAMS_ONLY,
    # The secret is in the address and the sender is known by its network; a token says nothing.
    "POST /api/v1/notification/{secret}": " ".join(["403"] * len(CALLERS)),
    "GET /health/live": PUBLIC,
    "GET /health/ready": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /": PUBLIC,
    "GET /pay": PUBLIC.replace("200", "308"),
    "GET /pay/": PUBLIC,
    # Open to whoever holds the address (docs/decisions/0005).
    "GET /pay/return/{written_id}": PUBLIC,
    "GET /pay/return/{written_id}/state": PUBLIC,
    "GET /pay/{_:path}": PUBLIC.replace("200", "404"),
    "GET /pay/static/{release}/{name}": PUBLIC,
    "GET /app/openapi.json": PUBLIC,
    "GET /app/openapi": PUBLIC,
    "GET /app/openapi/oauth2-redirect": PUBLIC,
    "GET /app/static": PUBLIC,
}
BODIES = {"POST /api/v1/payment": {"value": "10.00", "currency": "RUB"}}
QUERIES = {"GET /api/v1/changes/parity": {"kind": "payment", "at": "0-0"}}


def routes() -> set[str]:
    app = create_app(Settings(billing_database_url="postgresql://nobody/none"))
    found = set()
    for route in iter_route_contexts(app.routes):
        # HEAD is GET without the body; what is mounted has no methods and serves files.
        methods = (set(getattr(route, "methods", None) or {"GET"})) - {"HEAD"}
        found |= {f"{method} {route.path}" for method in methods}
    return found


@pytest.fixture(scope="module")
def ids(suite):
    """One customer with one payment, and the other callers."""
    names = {who: f"{who}-of-the-matrix" for who in CALLERS}
    with suite.client(names["owner"]) as client:
        made = client.post("/api/v1/payment", json=BODIES["POST /api/v1/payment"])
    secret = suite.environment["NOTIFICATION_SECRET"]
    return {**names, "payment": made.json()["id"], "secret": secret}


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
        case "program":
            return api.client(ids[who], SCOPES[who], client_id=ids[who])
    return api.client(ids[who], SCOPES[who])


def address_of(path, ids):
    filled = path.replace("{_:path}", "nowhere")
    for name, value in (
        ("payment_id", ids["payment"]),
        ("written_id", ids["payment"]),
        ("secret", ids["secret"]),
        ("release", "any"),
        ("name", "style.css"),
    ):
        filled = filled.replace(f"{{{name}}}", value)
    return f"{filled}/swagger-ui.css" if filled == "/app/static" else filled


def test_the_matrix_has_a_row_for_every_route_and_no_other():
    assert routes() == set(ROWS)
    assert all(len(row.split()) == len(CALLERS) for row in ROWS.values())


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("route", sorted(ROWS))
def test_a_caller_may_do_what_the_matrix_says_and_nothing_else(suite, ids, route, who):
    method, path = route.split(" ")
    with client_of(suite, who, ids) as client:
        answer = client.request(
            method, address_of(path, ids), json=BODIES.get(route), params=QUERIES.get(route)
        )
    assert answer.status_code == int(ROWS[route].split()[CALLERS.index(who)]), answer.text
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
