"""Tests are compiled once, by all workers together, where each would compile all of them.

A worker reads every test, and pytest rewrites and compiles each file that it finds no newer
compiled one of. Workers begin at once: where none was compiled before, as after a checkout, each
would do all the work. So each does its share before it reads any.
"""

import sys
from pathlib import Path

import pytest
from _pytest.assertion import AssertionState
from _pytest.assertion import rewrite as theirs
from _pytest.assertion.rewrite import assertstate_key


def compile_share(config: pytest.Config, folder: Path) -> None:
    """Compile, as a worker, the files of this worker's share below `folder`; as no worker, none."""
    worker = getattr(config, "workerinput", None)
    if worker is None or sys.dont_write_bytecode:
        return
    number, count = int(worker["workerid"].removeprefix("gw")), int(worker["workercount"])
    state = config.stash[assertstate_key]
    for path in sorted(folder.rglob("test_*.py"))[number::count]:
        _compile(config, state, path)


def _compile(config: pytest.Config, state: AssertionState, path: Path) -> None:
    kept = theirs.get_cache_dir(path) / (path.name.removesuffix(".py") + theirs.PYC_TAIL)
    if theirs._read_pyc(path, kept) is None and theirs.try_makedirs(kept.parent):
        source, code = theirs._rewrite_test(path, config)
        theirs._write_pyc(state, code, source, kept)
