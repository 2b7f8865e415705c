"""A look at a program's text for what would not work as its author thinks.

- Nothing here protects anybody: the cell has no clock, no chance and no memory whatever a program
  tries. It tells an author early, with line and column, that such a thing is not there.
- Looked for: clocks, chance and hash order, files and network, and state kept between calls.

Source: docs/spec/08-task-manifest.md section 8.
"""

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_ABSENT: Final = {
    "time": "a cell has no clock",
    **dict.fromkeys(("random", "secrets", "uuid"), "a cell has no randomness"),
    **dict.fromkeys(("os", "sys", "io", "pathlib", "subprocess"), "a cell has no files"),
    **dict.fromkeys(("socket", "urllib", "http", "requests"), "a cell has no network"),
    **dict.fromkeys(("asyncio", "threading", "multiprocessing"), "a cell runs one thing at a time"),
}
_CLOCKS: Final = frozenset({"now", "utcnow", "today", "time", "perf_counter", "monotonic"})
_CLOCK_OWNERS: Final = frozenset({"datetime", "date", "time"})
_NAMES: Final = {
    "open": "a cell has no files",
    "input": "a cell has no terminal",
    "id": "addresses differ from run to run",
    "hash": "hashes of text differ from run to run",
}
_MUTATORS: Final = frozenset(
    {"append", "extend", "insert", "add", "update", "setdefault", "pop", "clear", "remove"}
)


@dataclass(frozen=True, slots=True, order=True)
class Sight:
    """Something that will not work, and where; counted from 1."""

    line: int
    column: int
    message: str


def look(code: bytes) -> list[Sight]:
    """Return what stands out in the text of a program, in its order; empty if it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the compiler's hints speak of another language
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []  # the sandbox's own parser tells what is wrong
    kept = _kept_names(tree)
    found = {sight for node in ast.walk(tree) for sight in _sights(node, kept)}
    return sorted(found)


def _sights(node: ast.AST, kept: frozenset[str]) -> Iterator[Sight]:
    match node:
        case ast.Import(names=names):
            for alias in names:
                yield from _module(node, alias.name)
        case ast.ImportFrom(module=str() as module):
            yield from _module(node, module)
        case ast.Global(names=names):
            yield _at(node, f"`{names[0]}` is not kept: each object meets a fresh program")
        case ast.Call(func=ast.Name(id=name)) if name in _NAMES:
            yield _at(node, f"`{name}`: {_NAMES[name]}")
        case ast.Call(func=ast.Attribute(value=owner, attr=attr)):
            last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if attr in _CLOCKS and last in _CLOCK_OWNERS:
                yield _at(node, f"`{last}.{attr}`: a cell has no clock")
            elif attr in _MUTATORS and isinstance(owner, ast.Name) and owner.id in kept:
                yield _at(node, f"`{owner.id}` is not kept: each object meets a fresh program")
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()) if name in kept:
            yield _at(node, f"`{name}` is not kept: each object meets a fresh program")


def _module(node: ast.stmt, name: str) -> Iterator[Sight]:
    root = name.partition(".")[0]
    if root in _ABSENT:
        yield _at(node, f"`{name}`: {_ABSENT[root]}")


def _kept_names(tree: ast.Module) -> frozenset[str]:
    """Return the names that the module binds, as far as no function binds them anew."""
    bound = {
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    anew = {
        name.id
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for name in ast.walk(function)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    }
    return frozenset(bound - anew)


def _at(node: ast.stmt | ast.expr, message: str) -> Sight:
    return Sight(node.lineno, node.col_offset + 1, message)
