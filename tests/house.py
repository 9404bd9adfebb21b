"""The house's figures, printed by `make check`: sizes, import cycles, patches of our own modules.

A file has at most 300 lines and a function at most 60; modules import each other in one direction;
tests replace nothing of ours, or they would prove a suite that nobody runs. Exit code 1 otherwise.
"""

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

FILE_MAX, FUNCTION_MAX = 300, 60
PACKAGES = {
    "billing": "billing_api",
    "auth": "auth_api",
    "panel": "admin_panel",
    "sandbox": "yookassa_sandbox",
    "launcher": ".",
}
SUFFIXES = {".py", ".js", ".css", ".html", ".conf", ".j2", ".sh", ".sql", ".lua"}
# Made by tools, or grown once and never touched again.
LEFT_OUT = {"migrations", "node_modules", ".venv", "var", ".git"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# pytest's, unittest.mock's and pytest-mock's ways to put something else in a module's place.
_PATCHERS = {"setattr", "delattr", "patch", "object", "setitem"}


def source_files(root: Path) -> list[Path]:
    return [
        path
        for path in sorted(root.rglob("*"))
        if path.suffix in SUFFIXES and not LEFT_OUT & set(path.relative_to(root).parts)
    ]


def function_lengths(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, _FUNCTIONS):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            yield length, f"{path}:{node.lineno} {node.name}"


def import_cycles(package: str) -> list[str]:
    """One entry a group of modules that import each other, however deep inside functions."""
    graph = grimp.build_graph(package, cache_dir=None, exclude_type_checking_imports=True)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    found = []
    while True:
        sorter = TopologicalSorter(imports)
        try:
            sorter.prepare()
        except CycleError as error:
            cycle = error.args[1]
            found.append(" -> ".join(cycle))
            imports = {
                module: theirs - set(cycle)
                for module, theirs in imports.items()
                if module not in cycle
            }
        else:
            return found


def own_names(tree: ast.AST) -> set[str]:
    """Names of a test file that stand for something of ours: a module, a class, a function."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {
                alias.asname or alias.name.split(".")[0]
                for alias in node.names
                if alias.name.split(".")[0] in PACKAGES
            }
    return names


def _root_name(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def patches(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    ours = own_names(tree)

    def is_ours(node: ast.expr) -> bool:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value.split(".")[0] in PACKAGES
        return _root_name(node) in ours

    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else _root_name(called)
            if name in _PATCHERS and is_ours(node.args[0]):
                yield f"{path}:{node.lineno} {name}"
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.Delete):
            targets = [node.target] if isinstance(node, ast.AugAssign) else node.targets
            for target in targets:
                if isinstance(target, ast.Attribute) and _root_name(target) in ours:
                    yield f"{path}:{node.lineno} {ast.unparse(target)}"


def main(root: Path) -> int:
    files = source_files(root)
    lengths = [(len(path.read_text().splitlines()), str(path)) for path in files]
    programs = [path for path in files if path.suffix == ".py"]
    functions = [entry for path in programs for entry in function_lengths(path)]
    tests = [path for path in programs if "tests" in path.parts]
    patched = [entry for path in tests for entry in patches(path)]
    present = [name for name, folder in PACKAGES.items() if (root / folder / name).is_dir()]
    sys.path[:0] = [str(root / PACKAGES[name]) for name in present]
    cycles = [cycle for name in present for cycle in import_cycles(name)]
    long_files = [entry for entry in lengths if entry[0] > FILE_MAX]
    long_functions = [entry for entry in functions if entry[0] > FUNCTION_MAX]
    for size, where in (*long_files, *long_functions):
        print(f"too long: {size} lines: {Path(where).relative_to(root)}")
    for words in (*cycles, *patched):
        print(f"found: {words}")
    print(
        f"{len(files)} files, {sum(size for size, _ in lengths)} lines, {len(functions)} functions,"
        f" longest file {max(lengths)[0]}, longest function {max(functions)[0]}\n"
        f"files over {FILE_MAX} lines {len(long_files)}, functions over {FUNCTION_MAX} lines"
        f" {len(long_functions)}, import cycles {len(cycles)}, patches of our own modules in tests"
        f" {len(patched)}"
    )
    return 1 if long_files or long_functions or cycles or patched else 0


if __name__ == "__main__":
    here = Path(__file__).resolve().parents[1]
    sys.exit(main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else here))
