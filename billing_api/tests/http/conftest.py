"""What the tests over HTTP share."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest


class Declared:
    """Holds every problem any test of this folder sees to the description of its route."""

    def __init__(self, description: dict) -> None:
        self.codes = {}
        for path, item in description["paths"].items():
            for method, operation in item.items():
                self.codes[method.upper(), re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path))] = {
                    problem["code"]
                    for answer in operation["responses"].values()
                    for problem in answer.get("x-problems", ())
                }

    def check(self, answer: httpx.Response) -> None:
        if answer.headers.get("content-type") != "application/problem+json":
            return
        asked = answer.request
        answer.read()
        for (method, path), codes in self.codes.items():
            if method == asked.method and path.fullmatch(asked.url.path):
                code = answer.json()["code"]
                assert code in codes, f"{method} {asked.url.path} answers {code} undeclared"


@pytest.fixture(autouse=True, scope="session")
def declared(suite) -> Iterator[Declared]:
    made = Declared(httpx.get(f"{suite.url}/app/openapi.json").json())
    suite.hooks.append(made.check)
    yield made
    suite.hooks.remove(made.check)


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
