"""The README names every setting and every problem there is."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import auth
from auth.platform.problems import Problem
from auth.settings import Settings

README = (Path(__file__).parents[2] / "README.md").read_text()


def _subclasses(kind: type[Problem]) -> Iterator[type[Problem]]:
    yield kind
    for sub in kind.__subclasses__():
        yield from _subclasses(sub)


def test_every_setting_is_documented() -> None:
    for field in Settings.model_fields.values():
        assert f"`{field.validation_alias}`" in README


def test_every_problem_is_documented_with_its_status() -> None:
    for module in pkgutil.walk_packages(auth.__path__, "auth."):
        if module.name.endswith("problems"):
            importlib.import_module(module.name)
    for problem in _subclasses(Problem):
        lines = [line for line in README.splitlines() if f"`{problem.code}`" in line]
        assert lines, problem.code
        assert any(str(problem.status) in line for line in lines), problem.code
