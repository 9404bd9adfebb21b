"""What the provider, or something in its place, may answer and no database keeps: never a crash."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from billing_parts.orders import order
from billing_parts.provider import SECRET_KEY, SHOP_ID

from billing.flows.create_payment import create_payment
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.payments.rules import PaymentStatus

NUL, HALF = "a\x00b", "a\ud800b"


@pytest.fixture
async def answer_with(database, clock, customer, read):
    """Creates a payment at a provider that answers with `changes` to what it should."""
    said = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            full = {
                "id": asked["metadata"]["payment_uid"],
                "status": "pending",
                "amount": asked["amount"],
                "recipient": {"account_id": SHOP_ID},
                "metadata": asked["metadata"],
                "test": True,
                "created_at": "2026-03-01T12:00:00.000Z",
                **said["changes"],
            }
            body = json.dumps(full).encode()
            self.send_response(said["status"])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    account = YooKassaAccount(
        f"http://127.0.0.1:{server.server_port}", SHOP_ID, SECRET_KEY, accepts_test=True
    )

    async def call(changes, status=200):
        said.update(changes=changes, status=status)
        command = order(customer)
        created = await create_payment(database, gateway, clock, command, None)
        return await read(created.payment_id)

    async with YooKassaGateway(account) as gateway:
        yield call
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("word", [NUL, HALF])
async def test_a_state_that_is_no_text_leaves_the_outcome_unknown(answer_with, word, rows):
    payment = await answer_with({"status": word})
    assert (payment.status, payment.undecided) == (PaymentStatus.PENDING, True)
    [attempt] = await rows("SELECT state FROM payment_attempts WHERE payment_id = :p", p=payment.id)
    assert attempt["state"] == "unknown"


@pytest.mark.parametrize("word", ["half_done", "Succeeded"])
async def test_a_state_nobody_knows_is_held_for_a_person(answer_with, word, rows, books):
    payment = await answer_with({"status": word})
    assert (payment.status, payment.quarantine_reason) == (PaymentStatus.PENDING, "unknown_status")
    assert payment.provider_status == word
    [attempt] = await rows(
        "SELECT next_at FROM payment_attempts WHERE payment_id = :p", p=payment.id
    )
    assert attempt["next_at"] is None, "nothing is sent again"
    assert await books() == (0, 0)


@pytest.mark.parametrize("word", [NUL, HALF])
async def test_other_words_that_are_no_text_are_passed_over(answer_with, word):
    payment = await answer_with(
        {
            "status": "canceled",
            "cancellation_details": {"party": word, "reason": word},
            "confirmation": {"confirmation_url": word},
        }
    )
    assert payment.status is PaymentStatus.CANCELED
    assert (payment.cancellation_party, payment.cancellation_reason) == (None, "unknown")
    assert payment.confirmation_url is None


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
async def test_an_instant_outside_of_time_is_passed_over_and_the_money_counts(
    answer_with, instant, books, clock
):
    payment = await answer_with({"status": "succeeded", "captured_at": instant})
    assert payment.status is PaymentStatus.SUCCEEDED
    assert payment.paid_at == clock.now()
    assert await books() == (5000, 1)


@pytest.mark.parametrize("word", [NUL, HALF, {"not": "a word"}, None])
async def test_a_refusal_whose_code_is_no_text_is_a_refusal_all_the_same(answer_with, word):
    payment = await answer_with({"type": "error", "code": word}, status=400)
    assert payment.status is PaymentStatus.CANCELED
    assert payment.cancellation_reason == "http_400"
