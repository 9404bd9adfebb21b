"""Every problem is declared on a route, explained, and met in a test."""

import ast
import copy
import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path

import pytest

import billing
from billing.platform.problems import Problem
from billing.settings import Settings
from billing.wiring.app import create_app

OF_THE_EDGE = {"too_many_requests"}
TESTS = Path(__file__).resolve().parents[1]


def all_problems() -> list[type[Problem]]:
    for module in pkgutil.walk_packages(billing.__path__, "billing."):
        if not module.name.endswith((".main", ".worker", ".cli")):
            importlib.import_module(module.name)
    found, waiting = [], [Problem]
    while waiting:
        kinds = waiting.pop().__subclasses__()
        found += kinds
        waiting += kinds
    return found


def declared_codes(description: dict) -> set[str]:
    codes = {problem["code"] for problem in description["x-problems"]}
    for item in description["paths"].values():
        for operation in item.values():
            for answer in operation["responses"].values():
                codes |= {problem["code"] for problem in answer.get("x-problems", ())}
    return codes


@pytest.fixture(scope="module")
def description():
    return create_app(Settings(billing_database_url="postgresql://nobody/none")).openapi()


def met_in(sources: Iterable[str]) -> set[str]:
    """Every text that a test compares with or passes on; comments and longer texts are not."""
    return {
        node.value
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.fixture(scope="module")
def met() -> set[str]:
    return met_in(path.read_text() for path in TESTS.rglob("test_*.py") if path != Path(__file__))


def test_the_description_declares_every_problem_and_no_other(description):
    ours = {kind.code for kind in all_problems()}
    assert declared_codes(description) == ours | OF_THE_EDGE


def test_a_problem_that_no_route_declares_is_found(description):
    """The control: one route fewer, and the sets above differ by what it alone answers."""
    fewer = copy.deepcopy(description)
    del fewer["paths"]["/api/v1/payment/{payment_id}/capture"]
    missing = {kind.code for kind in all_problems()} - declared_codes(fewer)
    assert missing == {
        *("payment_not_held", "capture_exceeds_held", "capture_in_progress", "capture_refused"),
    }


def test_a_problem_that_no_test_meets_is_found():
    """The control: a mention is not a meeting."""
    source = '''# "stray_problem"\ndef test_x(): """"stray_problem" is near"""'''
    assert "stray_problem" not in met_in([source])
    assert "stray_problem" in met_in(['check_problem(answer, 409, "stray_problem")'])


def test_every_refusal_of_the_description_names_its_problems(description):
    for path, item in description["paths"].items():
        for method, operation in item.items():
            for status, answer in operation["responses"].items():
                problems = answer.get("x-problems", [])
                assert bool(problems) == (int(status) >= 400), f"{method} {path} {status}"
                assert {problem["status"] for problem in problems} <= {int(status)}


@pytest.mark.parametrize("kind", all_problems(), ids=lambda kind: kind.code)
def test_a_problem_has_a_code_of_its_own_a_meaning_and_a_test(kind, met):
    assert [other.code for other in all_problems()].count(kind.code) == 1
    assert kind.__doc__
    assert 400 <= kind.status < 600
    assert kind.code in met, f"no test meets {kind.code}"
