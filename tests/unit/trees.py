"""The sources of the tests, read once: what stands in them, and which marks they bear.

Tests that read all of them bear `ONE_WORKER`, or each worker would read them all again.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
ONE_WORKER = pytest.mark.xdist_group("trees")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def functions(path: Path) -> dict[str, ast.FunctionDef]:
    """Return the functions of a file by their names."""
    return {each.name: each for each in tree_of(path).body if isinstance(each, ast.FunctionDef)}


@cache
def texts_in(path: Path) -> frozenset[str]:
    found = (node.value for node in ast.walk(tree_of(path)) if isinstance(node, ast.Constant))
    return frozenset(value for value in found if isinstance(value, str))


def marks_in(path: Path, name: str) -> Iterator[str]:
    """Yield what each mark of that name in a file is given."""
    if f".{name}(" not in path.read_text():
        return
    for node in ast.walk(tree_of(path)):
        match node:
            case ast.Call(
                func=ast.Attribute(attr=str(called)), args=[ast.Constant(value=str(mark))]
            ) if called == name:
                yield mark
            case _:
                pass


def marked(name: str) -> set[str]:
    """Return what the marks of that name in all tests are given."""
    return {mark for path in TESTS.rglob("test_*.py") for mark in marks_in(path, name)}
