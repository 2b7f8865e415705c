"""Two proxies on two machines: the commands of both owners, from the key to the revocation."""

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeVar

import pytest

from sealhold.config import PASSPHRASE_VARIABLE
from tests.proxying.cluster import cluster
from tests.proxying.peering import HEAD, ROWS, Pair, pair, serving
from tests.proxying.starting import PASSPHRASE
from tests.scenarios.namespaces import home_network, inside

ADDRESS: Final = "10.77.0.1"  # of the first machine
SQL: Final = "SELECT name, age FROM patient WHERE name = $1"
T = TypeVar("T")


def enter(space: str) -> None:
    """Move this thread, and what it starts, to a network."""
    with Path("/run/netns", space).open("rb") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), 0):
            raise OSError(ctypes.get_errno(), "setns")


class Machine:
    """What runs in one network: one thread that never leaves it."""

    def __init__(self, space: str) -> None:
        self.pool = ThreadPoolExecutor(1, initializer=enter, initargs=(space,))

    def do(self, run: Callable[[], T]) -> T:
        """Do something there, and return what came of it."""
        return self.pool.submit(run).result()


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Pair, list[str]]]:
    with home_network("owner", "requester") as spaces, ExitStack() as stack:
        owner = Machine(spaces["owner"])
        stack.callback(owner.pool.shutdown)
        there = ExitStack()
        stack.callback(owner.do, there.close)

        def begin() -> Pair:
            made = pair(there.enter_context(cluster()), tmp_path)
            made.grant("rows", HEAD + ROWS)
            return there.enter_context(serving(made, f"{ADDRESS}:0"))

        yield owner.do(begin), inside(spaces["requester"])


def run(
    home: Path, *words: str, before: list[str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*(before or ()), sys.executable, "-m", "sealhold", *words, "--home", str(home)],
        env={**os.environ, PASSPHRASE_VARIABLE: PASSPHRASE},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.soak
def test_one_asks_the_other_until_the_grant_is_revoked(both: tuple[Pair, list[str]]) -> None:
    pair_, there = both
    words = ("proxy", "ask", "--grant", str(pair_.grants["rows"]), "--to", pair_.peers,
             "--sql", SQL, "--value", "name 7")  # fmt: skip
    early = run(pair_.requester, *words, before=there)
    first = run(pair_.requester, *words, "--owner", pair_.key, "--json", before=there)
    again = run(pair_.requester, *words, "--csv", before=there)
    grant = json.loads(first.stdout)["grant"]
    ended = run(pair_.owner, "proxy", "grant", "revoke", grant)
    late = run(pair_.requester, *words, before=there)

    assert "--owner" in early.stderr
    assert json.loads(first.stdout)["rows"] == [["name 7", "27"]]
    assert again.stdout == '"name","age"\n"name 7","27"\n'
    assert (ended.returncode, late.returncode) == (0, early.returncode)
    assert "does not let this one in" in late.stderr
