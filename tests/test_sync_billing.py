"""The real mirror against the real billing and auth, by the operator's command."""

import re
import sys
import threading

import psycopg2
import pytest


@pytest.fixture
def command(suite):
    def run(*options):
        return suite.run(
            sys.executable, "-m", "panel.manage", "sync_billing", *options, check=False
        )

    return run


@pytest.fixture
def mirror(suite):
    connection = psycopg2.connect(suite.env["ADMIN_DATABASE_URL"])
    connection.autocommit = True
    yield connection.cursor()
    connection.close()


def test_the_mirror_is_equal_and_a_wrong_row_is_named_and_mended(
    customer, command, mirror, eventually
):
    paid, asked = customer.created(), customer.created()
    customer.pay(paid)
    customer.await_status(paid["id"], "succeeded")
    customer.http.post(f"/api/v1/payment/{asked['id']}/cancel")
    command()
    equal = command("--verify")
    assert (equal.returncode, equal.stderr) == (0, ""), equal.stdout + equal.stderr
    assert re.fullmatch(r"equal at \d+-\d+ and \d+-\d+: payment \d+, .*\n", equal.stdout)
    mirror.execute(
        "UPDATE mirror_payment SET status = 'canceled', version = 99 WHERE id = %s", [paid["id"]]
    )
    differs = command("--verify")
    assert differs.returncode == 1
    assert re.fullmatch(r"payment \d{4}-\d\d-\d\d: here .*; there .*\n", differs.stdout)
    mended = command("--resync", "--verify")
    assert mended.returncode == 0, mended.stdout + mended.stderr
    mirror.execute("SELECT status FROM mirror_payment WHERE id = %s", [paid["id"]])
    assert mirror.fetchone() == ("succeeded",)


def test_the_mirror_is_equal_while_people_pay(customer, command):
    stop = threading.Event()
    made = []

    def pay() -> None:
        while not stop.is_set():
            payment = customer.created()
            made.append(payment["id"])
            customer.pay(payment)

    writing = threading.Thread(target=pay)
    writing.start()
    try:
        seen = []
        for _ in range(3):
            before = len(made)
            equal = command("--verify")
            assert equal.returncode == 0, equal.stdout + equal.stderr
            assert len(made) > before  # something was written meanwhile
            seen.append(equal.stdout)
    finally:
        stop.set()
        writing.join()
    assert len(set(seen)) == 3, "the position went on"
