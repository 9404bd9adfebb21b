"""Every call the sandbox serves is in the suite, for both clients or with a reason why not."""

import pytest
from contract.cases import CASES, NOT_NEEDED
from contract.faults import SCENES

from sandbox.app import API_ROUTES

SERVED = {f"{route.method} {route.path}" for route in API_ROUTES}


def covered(side: str) -> set[str]:
    """The runner of the cases asserts that each call named was made."""
    return {route for case in CASES.values() if side in case.sides for route in case.routes}


def gaps(served: set[str]) -> dict[str, set[str]]:
    return {
        "cases of the SDK": served - covered("sdk"),
        "cases of ours": served - covered("ours") - set(NOT_NEEDED),
        "faults": served - set(SCENES),
    }


def test_no_call_of_the_sandbox_is_without_a_case():
    assert not any(gaps(SERVED).values()), gaps(SERVED)


def test_the_list_of_calls_we_do_not_need_is_true():
    assert set(NOT_NEEDED) <= SERVED
    assert not set(NOT_NEEDED) & covered("ours")
    assert all(len(reason) > 20 for reason in NOT_NEEDED.values())


@pytest.mark.parametrize("call", ["POST /receipts", "GET /receipts/{id}", "DELETE /payments/{id}"])
def test_a_further_call_is_found(call):
    """The control."""
    assert all(call in missing for missing in gaps(SERVED | {call}).values())


def test_nothing_is_named_that_is_not_served():
    named = covered("sdk") | covered("ours") | set(SCENES)
    assert named == SERVED
