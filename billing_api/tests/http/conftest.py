"""What the tests over HTTP share."""

from collections.abc import Callable

import httpx
import pytest


def _check_problem(answer: httpx.Response, status: int, code: str) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail", "instance", "code"} <= set(problem)
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"urn:problem:{code}"
    assert problem["instance"] == f"urn:request:{answer.headers['x-request-id']}"
    return problem


@pytest.fixture(scope="session")
def check_problem() -> Callable[..., dict]:
    """`check_problem(answer, 422, "validation_error")` gives the problem for a closer look."""
    return _check_problem
