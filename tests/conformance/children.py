"""Other processes over the same place: they write, tell what was kept, and die when told.

A child prints `kept N` once batch or object N was acknowledged. It runs a function of this file by
`python -c`, so that it shares the code of the suite.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as sqlcipher

from sealhold.model.errors import FenceLostError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.spec import Op, Result, Unit

from . import object_openers, pgserver, record_openers, s3server
from .record_bench import HOLDER, NOW, SHARD, TABLES, TTL_S, Opened, Place, leaf, put, thing

TESTS = Path(__file__).parent.parent
PER_BATCH = 40  # things, beside one leaf
OBJECT = bytes(range(256)) * 1_024


@contextmanager
def child(function: Callable[..., None], *args: str) -> Iterator[subprocess.Popen[str]]:
    """Run `function` of this file in a process of its own, which ends with the block."""
    if "postgres" in args:
        pgserver.address()  # or the child would start a server that dies with it
    if "bucket" in args:
        s3server.address()
    call = f"from conformance.children import *; {function.__name__}(*{args!r})"
    with subprocess.Popen(
        [sys.executable, "-c", call],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def kept(lines: Sequence[str]) -> list[int]:
    """Return the numbers that a child said were kept; a last line may be cut."""
    return [int(line.split()[1]) for line in lines if line.startswith("kept ") and line[-1] == "\n"]


def write_batches(opener: str, folder: str, pause: str = "") -> None:
    """Commit batch after batch. With `pause`, stop in the middle of the batch of that number."""
    opened = Place(record_openers.OPENERS[opener], Path(folder)).create()
    for number in range(100_000):
        write_batch(opened, number, pause=number == int(pause or -1))
        print("kept", number, flush=True)  # noqa: T201  # the parent reads it


def write_batch(opened: Opened, number: int, *, pause: bool = False) -> None:
    """Commit the batch of that number: its things, and in the end its leaf."""

    def finish(_results: Sequence[Result]) -> list[Op]:
        if pause:
            print("paused", flush=True)  # noqa: T201  # the parent reads it
            sys.stdin.readline()
        return [put(leaf(number))]

    things = range(number * PER_BATCH, (number + 1) * PER_BATCH)
    units = [Unit((put(thing(n, size=2_000)),)) for n in things]
    opened.store.commit(units, finish, opened.fence)


def write_until_told(opener: str, folder: str) -> None:
    """Commit batches, one for each line of input, and tell when the lease is lost."""
    opened = Place(record_openers.OPENERS[opener], Path(folder)).create()
    print("open", flush=True)  # noqa: T201  # the parent reads it
    for number, _line in enumerate(sys.stdin):
        try:
            write_batch(opened, number)
        except FenceLostError:
            print("lost", flush=True)  # noqa: T201  # the parent reads it
        else:
            print("kept", number, flush=True)  # noqa: T201  # the parent reads it


def put_objects(opener: str, folder: str) -> None:
    """Put object after object."""
    store = object_openers.OPENERS[opener](Path(folder))
    for number in range(100_000):
        store.put(ObjectName(f"some/o{number}"), SealedBytes(OBJECT))
        print("kept", number, flush=True)  # noqa: T201  # the parent reads it


def die_at_statement(folder: str, begins: str, count: str, when: str) -> None:
    """Commit batches on SQLCipher; die `before` or `after` the statement that `begins` so."""
    left = int(count)

    class Dying(sqlcipher.Connection):
        def execute(self, sql: str, *args: Any) -> Any:  # noqa: ANN401  # as the module has it
            nonlocal left
            left -= sql.startswith(begins)
            dies = left < 0 and sql.startswith(begins)
            if dies and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            done = super().execute(sql, *args)
            if dies:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

    connect = sqlcipher.connect
    dying: Any = partial(connect, factory=Dying)
    sqlcipher.connect = dying
    opened = Place(record_openers.OPENERS["sqlcipher"], Path(folder)).create()
    for number in range(3):
        write_batch(opened, number)
        print("kept", number, flush=True)  # noqa: T201  # the parent reads it
    opened.store.close()


def reopened(place: Place, key: bytes) -> Opened:
    """Return the store of `place` after its writer died."""
    store = place.store()
    store.open(TABLES, lambda: key, create=False)
    return Opened(store, store.lease(SHARD, HOLDER, TTL_S, NOW))


def batches_in(opened: Opened) -> list[int]:
    """Return the numbers of the batches that are there, each of them checked to be whole."""
    leaves = opened.store.scan("leaves", "key", (), ()).rows
    numbers = [int(found.row[1]) for found in leaves]
    things = [n for number in numbers for n in range(number * PER_BATCH, (number + 1) * PER_BATCH)]
    there: list[int] = []
    page = opened.store.scan("things", "key", (), ())
    there += [int.from_bytes(found.row[0]) for found in page.rows]
    while page.cursor is not None:
        page = opened.store.scan("things", "key", (), (), after=page.cursor)
        there += [int.from_bytes(found.row[0]) for found in page.rows]
    assert there == things
    return numbers
