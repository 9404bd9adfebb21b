"""What of the sandbox the edge lets through: its pages, never its API or its controls."""

import pytest

from launcher import access

ACCESS = access.read("sandbox")


@pytest.fixture(scope="module")
def clients(suite, alice):
    keys = (suite.env["SANDBOX_SHOP_ID"], suite.env["SANDBOX_SECRET_KEY"])
    with suite.client() as nobody, suite.client(auth=keys) as shop:
        yield {"nobody": nobody, "customer": alice.http, "shop": shop}


@pytest.fixture(scope="module")
def order(alice):
    """The provider's id of a payment that is there."""
    return alice.created()["confirmation_url"].partition("orderId=")[2]


@pytest.mark.parametrize(("route", "who", "status"), ACCESS.cells())
def test_the_edge_lets_through_what_the_table_says(
    clients, order, check_problem, route, who, status
):
    method, path = route.split(" ")
    path = path.replace("{id}", order).replace("<file>", "checkout.css")
    # A form that presses no button changes nothing and leads back to its page.
    given = {"orderId": order} if path == "/checkout" else {}
    sent = {"params": given} if method == "GET" else {"data": given}
    answer = clients[who].request(method, f"/sandbox{path}", **sent)
    assert answer.status_code == status, answer.text
    if status == 404:
        # The edge's own answer: the sandbox's would be in the provider's words.
        check_problem(answer, 404)


def test_the_control_the_sandbox_itself_answers_the_shop(suite, order):
    """So that a 404 above is not of a route that is nowhere."""
    keys = (suite.env["SANDBOX_SHOP_ID"], suite.env["SANDBOX_SECRET_KEY"])
    suite.sandbox("GET", f"/v3/payments/{order}", auth=keys)
    suite.sandbox("GET", "/_sandbox/payments")
    suite.sandbox("GET", "/health/ready")
