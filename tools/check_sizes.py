"""Name each file and function that is too long to be one reading.

- A file has at most 400 lines. A function has at most 50, without its docstring.
- tools/sizes.toml may hold an exception: the path, or `path::Class.function`, and why it is better
  whole. One that is no longer needed is a fault too.

Use: `.venv/bin/python tools/check_sizes.py`.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "tests", "tools", "examples")
EXCEPTIONS = Path(__file__).with_name("sizes.toml")
FILE_LINES = 400
FUNCTION_LINES = 50

type_of_function = (ast.FunctionDef, ast.AsyncFunctionDef)


def long_ones(path: str, source: str) -> Iterator[tuple[str, int]]:
    """Yield the name and the lines of the file, and of each function, that is too long."""
    lines = len(source.splitlines())
    if lines > FILE_LINES:
        yield path, lines
    for name, node in _functions(ast.parse(source), ()):
        if (count := _lines(node)) > FUNCTION_LINES:
            yield f"{path}::{name}", count


def _functions(
    node: ast.AST, around: tuple[str, ...]
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(node):
        named = isinstance(child, (*type_of_function, ast.ClassDef))
        inside = (*around, child.name) if named else around  # type: ignore[attr-defined]  # reason: `named` says so
        if isinstance(child, type_of_function):
            yield ".".join(inside), child
        yield from _functions(child, inside)


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    count = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node, clean=False) is not None:
        text = node.body[0]
        count -= (text.end_lineno or text.lineno) - text.lineno + 1
    return count


def main() -> int:
    """Compare the tree with the limits and the exceptions."""
    excused: dict[str, str] = tomllib.loads(EXCEPTIONS.read_text())
    found: dict[str, int] = {}
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            found.update(long_ones(file.relative_to(ROOT).as_posix(), file.read_text()))
    faults = [f"{name}: {lines} lines" for name, lines in found.items() if name not in excused]
    needless = excused.keys() - found
    faults += [f"{name}: is short enough, drop it from sizes.toml" for name in needless]
    faults += [f"{name}: says no reason" for name, reason in excused.items() if not reason.strip()]
    print("\n".join(sorted(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
