"""Every problem is declared on a route, explained, and met in a test."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import auth
from auth.app import create_app
from auth.keys.keyring import Keyring
from auth.platform.problems import Problem
from auth.settings import Settings

TESTS = Path(__file__).resolve().parents[1]


def all_problems() -> list[type[Problem]]:
    for module in pkgutil.walk_packages(auth.__path__, "auth."):
        if not module.name.endswith((".main", ".cli")):
            importlib.import_module(module.name)
    # One that shares its parent's code says more in words only.
    found, waiting = [Problem], [Problem]
    while waiting:
        parent = waiting.pop()
        kinds = parent.__subclasses__()
        found += [kind for kind in kinds if kind.code != parent.code]
        waiting += kinds
    return found


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    settings = Settings(
        database_url="postgresql://127.0.0.1/none", token_issuer="none", signing_key_dir=Path()
    )
    document: dict[str, Any] = create_app(settings, Keyring.throwaway()).api_doc
    return document


def test_the_description_declares_every_problem_and_no_other(description: dict[str, Any]) -> None:
    codes = {problem["code"] for problem in description["x-problems"]}
    for item in description["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                problems = answer.get("x-problems", [])
                assert bool(problems) == (int(status) >= 400)
                assert {problem["status"] for problem in problems} <= {int(status)}
                codes |= {problem["code"] for problem in problems}
    assert codes == {kind.code for kind in all_problems()}


@pytest.mark.parametrize("kind", all_problems(), ids=lambda kind: str(kind.code))
def test_a_problem_has_a_code_of_its_own_a_meaning_and_a_test(kind: type[Problem]) -> None:
    assert [other.code for other in all_problems()].count(kind.code) == 1
    assert kind.__doc__
    tests = [path.read_text() for path in TESTS.rglob("test_*.py") if path != Path(__file__)]
    assert any(f'"{kind.code}"' in text for text in tests), f"no test meets {kind.code}"
