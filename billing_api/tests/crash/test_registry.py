"""The registry and the code agree, and nothing of ours can arm it."""

import ast
import timeit
from collections import Counter
from pathlib import Path

import pytest

import billing
from billing.platform import crash_points
from billing.platform.crash_points import CrashPoint, crash_point

SOURCES = sorted(Path(billing.__file__).parent.rglob("*.py"))
REGISTRY = Path(crash_points.__file__)
CALLS_MEASURED = 100_000


def calls(name: str) -> list[tuple[Path, ast.Call]]:
    return [
        (path, node)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name
    ]


def test_every_point_stands_once_in_the_flows_and_no_other_does():
    words = [ast.unparse(node.args[0]) for _, node in calls("crash_point")]
    assert Counter(words) == Counter(f"CrashPoint.{point.name}" for point in CrashPoint)
    assert {path.parent.name for path, _ in calls("crash_point")} == {"flows"}


@pytest.mark.parametrize("point", CrashPoint)
def test_every_point_says_what_is_committed_there(point):
    assert len(point.value.split()) >= 4
    assert "commit" in point.value or "written" in point.value or "leased" in point.value


def test_no_program_of_ours_arms_the_points_and_no_setting_could():
    """Whoever imports the name could call it, so only its own module may spell it."""
    spelled = [path for path in SOURCES if "arm_crash_points" in path.read_text()]
    assert spelled == [REGISTRY]
    tree = ast.parse(REGISTRY.read_text())
    imported = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported == {"collections.abc", "enum"}, "no environment, no file, no settings"
    hooks = [node for _, node in calls("_hook")]
    assert len(hooks) == 1


def test_an_unarmed_point_does_nothing_and_costs_next_to_nothing():
    def call() -> None:
        crash_point(CrashPoint.CREATE_BEGUN)

    assert crash_points._hook is None
    seconds = min(timeit.repeat(call, number=CALLS_MEASURED, repeat=3)) / CALLS_MEASURED
    assert seconds < 2e-6, f"{seconds * 1e9:.0f} ns a point"
