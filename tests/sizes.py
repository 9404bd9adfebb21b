"""The house's sizes: a file at most 300 lines, a function at most 60. Prints the figures."""

import ast
import sys
from pathlib import Path

FILE_MAX = 300
FUNCTION_MAX = 60
ROOT = Path(__file__).resolve().parent.parent
SOURCES = (
    "billing_api/billing",
    "auth_api/auth",
    "admin_panel/panel",
    "yookassa_sandbox/sandbox",
    "launcher",
)


def _functions(path: Path) -> list[tuple[int, str]]:
    tree = ast.parse(path.read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        ((node.end_lineno or node.lineno) - node.lineno + 1, f"{path}:{node.lineno} {node.name}")
        for node in ast.walk(tree)
        if isinstance(node, kinds)
    ]


def main() -> int:
    files = [path for source in SOURCES for path in sorted((ROOT / source).rglob("*.py"))]
    files = [path for path in files if "migrations" not in path.parts]
    lengths = [(len(path.read_text().splitlines()), str(path)) for path in files]
    functions = [entry for path in files for entry in _functions(path)]
    too_long = [entry for entry in lengths if entry[0] > FILE_MAX and "/tests/" not in entry[1]]
    too_big = [entry for entry in functions if entry[0] > FUNCTION_MAX]
    for size, where in (*too_long, *too_big):
        print(f"too long: {size} lines: {Path(where).relative_to(ROOT)}")
    print(
        f"{len(files)} files, {sum(size for size, _ in lengths)} lines, {len(functions)} functions;"
        f" longest file {max(lengths)[0]}, longest function {max(functions)[0]};"
        f" files over {FILE_MAX}: {len(too_long)}, functions over {FUNCTION_MAX}: {len(too_big)}"
    )
    return 1 if too_long or too_big else 0


if __name__ == "__main__":
    sys.exit(main())
