"""All is compiled once, by all workers together, where each would compile all of it.

A worker reads every test, and pytest rewrites and compiles each file that it finds no newer
compiled one of. Workers begin at once: where none was compiled before, as after a checkout, each
would do all the work. So each does its share before it reads any; and its share of what tests
import, which the interpreter compiles.
"""

import compileall
import sys
from pathlib import Path

import pytest
from _pytest.assertion import AssertionState
from _pytest.assertion import rewrite as theirs
from _pytest.assertion.rewrite import assertstate_key


def compile_share(config: pytest.Config, *folders: Path) -> None:
    """Compile, as a worker, the files of this worker's share below them; as no worker, none."""
    worker = getattr(config, "workerinput", None)
    if worker is None or sys.dont_write_bytecode:
        return
    number, count = int(worker["workerid"].removeprefix("gw")), int(worker["workercount"])
    state = config.stash[assertstate_key]
    found = sorted(path for folder in folders for path in folder.rglob("*.py"))
    for path in found[number::count]:
        if path.name.startswith("test_"):
            _compile(config, state, path)
        else:
            compileall.compile_file(path, quiet=2)


def _compile(config: pytest.Config, state: AssertionState, path: Path) -> None:
    kept = theirs.get_cache_dir(path) / (path.name.removesuffix(".py") + theirs.PYC_TAIL)
    if theirs._read_pyc(path, kept) is None and theirs.try_makedirs(kept.parent):
        source, code = theirs._rewrite_test(path, config)
        theirs._write_pyc(state, code, source, kept)
