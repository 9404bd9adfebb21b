"""A refund whose outcome nobody knows: the same key and bytes, looked for later, never twice."""

import pytest
from billing_parts.provider import SECRET_KEY, SHOP_ID
from billing_parts.purse import read as shown

from billing.flows.verify_books import verify_books
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount

UNKNOWN = ["error_500_after", "error_500_before", "drop_after", "processing_202", "html_502"]


@pytest.fixture
def attempts(rows):
    async def call(refunded):
        return await rows(
            "SELECT state, sends, last_outcome FROM payment_attempts WHERE refund_id = :r"
            " ORDER BY number",
            r=refunded.object_id,
        )

    return call


async def violations(database):
    return [check for check in await verify_books(database) if check.violations]


@pytest.mark.parametrize("mode", UNKNOWN)
async def test_an_unknown_outcome_is_202_and_ends_once(till, purse, database, mode):
    payment = await till.take(1000)
    till.fault(mode)
    refunded = await till.refund(payment, 400, key="k")
    assert (refunded.answer.status, shown(refunded)["status"]) == (202, "pending")
    assert await purse.parts() == (600, 0, 400, 0)
    again = await till.refund(payment, 400, key="k")
    assert (again.answer.status, again.object_id) == (202, refunded.object_id)
    await till.work(seconds=6)
    assert (await till.read(refunded)).status == "succeeded"
    assert len(till.theirs(payment)) == 1
    assert await purse.parts() == (600, 0, 0, 0)
    final = await till.refund(payment, 400, key="k")
    assert (final.answer.status, shown(final)["status"]) == (201, "succeeded")
    assert await violations(database) == []


async def test_a_provider_out_of_reach_is_asked_later(till, purse):
    payment = await till.take(1000)
    account = YooKassaAccount("http://127.0.0.1:9", SHOP_ID, SECRET_KEY, accepts_test=True)
    async with YooKassaGateway(account) as nowhere:
        refunded = await till.refund(payment, through=nowhere)
    assert refunded.answer.status == 202
    await till.work(seconds=6)
    assert (await till.read(refunded)).status == "succeeded"
    assert await purse.parts() == (0, 0, 0, 0)


async def test_a_refusal_for_the_moment_burns_the_key_and_is_tried_with_another(till, attempts):
    payment = await till.take(1000)
    till.fault("rate_429")
    refunded = await till.refund(payment)
    assert refunded.answer.status == 202
    await till.work(seconds=6)
    assert (await till.read(refunded)).status == "succeeded"
    states = [row["state"] for row in await attempts(refunded)]
    assert states == ["refused", "accepted"]
    assert len(till.theirs(payment)) == 1


async def test_a_refusal_for_good_gives_the_money_back_at_once(till, purse, database):
    """Refunded whole in the cabinet, of which we have not heard."""
    payment = await till.take(1000)
    till.in_cabinet(payment)
    refunded = await till.refund(payment)
    assert (refunded.answer.status, shown(refunded)["status"]) == (201, "canceled")
    assert (await till.read(refunded)).cancellation_reason == "invalid_request"
    assert await purse.parts() == (1000, 0, 0, 0)
    assert await violations(database) == []


@pytest.mark.parametrize("there", [True, False])
async def test_after_the_keys_window_it_is_looked_for_and_never_sent_again(
    till, purse, attempts, database, there
):
    payment = await till.take(1000)
    till.fault("error_500_after" if there else "error_500_before")
    refunded = await till.refund(payment, 400)
    await till.work(hours=25)
    [attempt] = await attempts(refunded)
    assert attempt["sends"] == 1
    kept = await till.read(refunded)
    assert kept.status == ("succeeded" if there else "canceled")
    assert kept.cancellation_reason == (None if there else "provider_never_received")
    assert len(till.theirs(payment)) == there
    assert await purse.parts() == (600 if there else 1000, 0, 0, 0)
    assert await violations(database) == []


async def test_a_list_that_cannot_be_read_proves_nothing(till, attempts):
    payment = await till.take(1000)
    till.fault("error_500_before")
    refunded = await till.refund(payment)
    till.fault("error_500_before", method="GET", times=3)
    await till.work(hours=25)
    [attempt] = await attempts(refunded)
    assert attempt["state"] == "lookup"
    assert (await till.read(refunded)).status == "pending"
    till.sandbox.calm()
    await till.work(minutes=31)
    assert (await till.read(refunded)).cancellation_reason == "provider_never_received"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"amount": {"value": "3.99", "currency": "RUB"}}, "amount_mismatch"),
        ({"amount": {"value": "4.00", "currency": "USD"}}, "currency_mismatch"),
        ({"payment_id": "2c5d4b3f-000f-5000-8000-000000000001"}, "payment_mismatch"),
        ({"metadata": {}}, "metadata_mismatch"),
        ({"status": "half_done"}, "unknown_status"),
    ],
)
async def test_what_does_not_agree_is_held_and_books_nothing(till, purse, database, change, reason):
    payment = await till.take(1000)
    account = YooKassaAccount(till.sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)
    async with Bent(account, change) as bent:
        refunded = await till.refund(payment, 400, through=bent)
    kept = await till.read(refunded)
    assert (kept.status, kept.quarantine_reason) == ("pending", reason)
    assert await purse.parts() == (600, 0, 400, 0)
    await till.work(hours=30)
    assert (await till.read(refunded)).quarantine_reason == reason
    assert len(till.theirs(payment)) == 1
    assert await violations(database) == []


class Bent(YooKassaGateway):
    """The same client; what the provider says of a refund is bent on its way."""

    def __init__(self, account, change):
        super().__init__(account)
        self._change = change

    async def _act(self, path, key, body, seconds):
        found = await super()._act(path, key, body, seconds)
        found.content.update(self._change)
        return found
