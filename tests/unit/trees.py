"""The sources of the tests, read once: what stands in them, which marks they bear, who names them.

Tests that read all of them bear `ONE_WORKER`, or each worker would read them all again.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

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


class Ref(NamedTuple):
    """A test of the page, and the cases of it that the page names."""

    file: str
    test: str
    cases: tuple[str, ...]


def refs(text: str) -> Iterator[Ref]:
    for file, test, cases in re.findall(r"`(test_\w+\.py)::(test_\w+)`(?: \(([^)]*)\))?", text):
        yield Ref(file, test, tuple(cases.split("; ")) if cases else ())


def path_of(file: str) -> Path:
    (found,) = TESTS.rglob(file)  # no two test files have one name
    return found


def marks_of(function: ast.FunctionDef) -> list[str]:
    """Return its decorators as they are written."""
    return [ast.unparse(each) for each in function.decorator_list]


@cache
def words_in(path: Path) -> frozenset[str]:
    """Return the texts that stand in a test file, and in the files of ours that it reads from."""
    found = set(texts_in(path))
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests"):
            base = ROOT.joinpath(*(node.module or "").split("."))
            beside = [base.with_suffix(".py"), *(base / f"{each.name}.py" for each in node.names)]
            for other in filter(Path.is_file, beside):
                found |= texts_in(other)
    return frozenset(found)
