"""The proof of the books knows every debit: sound after all of them, and each fault is found."""

from urllib.parse import urlsplit

import pytest
from billing_parts.purse import Purse

from billing.flows.expire_holds import expire_holds
from billing.flows.expire_promo import expire_promo
from billing.flows.verify_books import verify_books
from billing.platform.clock import ManualClock, SystemClock
from billing.platform.database import Database

# What somebody with the owner's rights and without triggers does, and which proofs must say so.
FAULTS = {
    "a charge of another amount": (
        "UPDATE charges SET paid_minor = paid_minor + 1 WHERE hold_id IS NULL",
        {"every charge has one journal with its amount"},
    ),
    "a charge nobody booked": (
        (
            "INSERT INTO charges SELECT gen_random_uuid(), customer_id, 5, 0, currency, reason,"
            " metadata, NULL, requested_by, created_at, 0, 0 FROM charges LIMIT 1"
        ),
        {"every charge has one journal with its amount"},
    ),
    "a charge that is gone": (
        "DELETE FROM charges WHERE hold_id IS NULL",
        {"every journal of a subject has its subject"},
    ),
    "more given back than reversals say": (
        "UPDATE charges SET reversed_paid_minor = 1 WHERE paid_minor > reversed_paid_minor",
        {"what a charge gave back is the sum of its reversals"},
    ),
    "a reversal of another amount": (
        "UPDATE charge_reversals SET paid_minor = paid_minor + 1",
        {
            "every reversal has one journal with its amount",
            "what a charge gave back is the sum of its reversals",
        },
    ),
    "a hold that ended without a journal": (
        "UPDATE balance_holds SET status = 'released', ended_at = now() WHERE status = 'held'",
        {
            "every hold that is over has one journal of its end, and no other hold has",
            "a hold's journals keep aside what it holds, and nothing once it is over",
        },
    ),
    "a hold that is open again": (
        "UPDATE balance_holds SET status = 'held', ended_at = NULL WHERE status = 'expired'",
        {
            "every hold that is over has one journal of its end, and no other hold has",
            "a hold's journals keep aside what it holds, and nothing once it is over",
        },
    ),
    "a hold of another amount": (
        "UPDATE balance_holds SET paid_minor = paid_minor + 1 WHERE status = 'held'",
        {
            "every hold has a journal of its beginning",
            "a hold's journals keep aside what it holds, and nothing once it is over",
        },
    ),
    "a grant with more left": (
        "UPDATE promo_grants SET rest_minor = rest_minor - 1 WHERE rest_minor > 0",
        {"promotional money is the sum of what is left of the grants"},
    ),
    "a grant that forgot what it gave": (
        "UPDATE promo_grants SET expired_minor = expired_minor - 1 WHERE expired_minor > 0",
        {"a grant is what is left of it, what expired and what was used"},
    ),
    "a use of nobody": (
        "UPDATE promo_uses SET owner_id = gen_random_uuid() WHERE returned_minor < amount_minor",
        {"what a debit used of the grants is its promotional part"},
    ),
    "an adjustment of another amount": (
        "UPDATE balance_adjustments SET amount_minor = amount_minor + 1",
        {"every adjustment has one journal with its amount"},
    ),
    "an expiry of another amount": (
        "UPDATE promo_expiries SET amount_minor = amount_minor + 1",
        {"every expiry of promotional money has one journal with its amount"},
    ),
    "a journal of nothing": (
        "UPDATE journals SET subject_id = NULL WHERE kind = 'hold'",
        {"every journal but a payment's has a subject"},
    ),
    "a balance somebody helped": (
        "UPDATE customer_balances SET paid_minor = paid_minor + 1",
        {"running balances equal the sums of their postings"},
    ),
}


@pytest.fixture(scope="module")
async def busy(make_migrated, postgres_url):
    """A customer to whom everything has happened, in books of their own."""
    urls = make_migrated()
    database, clock = Database(urls.service), ManualClock(SystemClock().now())
    purse = Purse(database, clock, "busy")
    await purse.fund(10_000)
    soon = clock.now().replace(year=clock.now().year + 1)
    await purse.fund(500, "promo", expires_at=soon)
    await purse.fund(300, "promo")
    charge = (await purse.charge(400)).object_id
    await purse.charge(1_000)
    await purse.reverse(charge, 100)
    await purse.reverse((await purse.charge(2_000)).object_id, 700)
    await purse.capture((await purse.hold(600)).object_id, 250)
    await purse.release((await purse.hold(50)).object_id)
    await purse.hold(70)
    clock.advance(days=8)
    await purse.fund(80, "promo")
    while await expire_holds(database, clock):
        pass
    await purse.hold(900)
    await purse.fund(40, "promo", expires_at=soon)
    clock.advance(days=400)
    while await expire_promo(database, clock):
        pass
    await purse.fund(25, "promo")
    name = urls.owner.rpartition("/")[2]
    yield database, urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    await database.close()


async def broken(database) -> set[str]:
    return {check.name for check in await verify_books(database) if check.violations}


async def test_the_books_hold_after_everything(busy):
    database, _ = busy
    assert await broken(database) == set()


@pytest.mark.parametrize("name", FAULTS)
async def test_each_fault_is_found_by_its_proof(busy, find_faults, name):
    database, superuser = busy
    statement, proofs = FAULTS[name]
    found = find_faults(superuser, statement)
    assert proofs <= found, found
    assert await broken(database) == set(), "the fault was undone"
