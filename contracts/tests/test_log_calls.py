"""Our own calls of loggers, read in the sources: the filter would drop what they get wrong."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("billing_api/billing", "auth_api/auth", "admin_panel/panel", "yookassa_sandbox/sandbox")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def _listed() -> set[str]:
    """The schema's fields, and how an exception is given."""
    schema = json.loads((REPOSITORY / "contracts" / "log.schema.json").read_text())
    return {"exc_info", "error", *_leaves(schema)}


def _leaves(part: dict, above: str = "") -> Iterator[str]:
    for name, inner in part["properties"].items():
        if "properties" in inner:
            yield from _leaves(inner, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def _our_calls() -> Iterator[tuple[str, ast.Call]]:
    """Each call of a logger in the programs' sources, and where it stands."""
    for package in PACKAGES:
        for path in (REPOSITORY / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in LEVELS
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id in {"log", "logger"}
                ):
                    yield f"{path.name}:{node.lineno}", node


def _named(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg:
            yield keyword.arg
        elif isinstance(keyword.value, ast.Dict):
            yield from (key.value for key in keyword.value.keys if isinstance(key, ast.Constant))


def test_our_calls_say_constant_sentences_and_name_listed_fields():
    fields, calls = _listed(), list(_our_calls())
    assert len(calls) > 20
    for place, call in calls:
        [sentence] = call.args
        assert isinstance(sentence, ast.Constant), place
        assert "%" not in sentence.value, place
        unlisted = {name for name in _named(call) if not {name, f"suite.{name}"} & fields}
        assert not unlisted, place
