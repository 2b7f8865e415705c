"""A process that closes the epoch of a vault and is killed on the way.

- By step: before step 1 to 8, or once all are done. By file: just before the n-th change that
  Python makes to the folder, which falls in the middle of steps, too.
"""

import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

import pytest

from sealhold.vault.epochs import Epochs
from tests.scenarios.vaults import PASSPHRASE, Hands, opened

STEPS = (
    "_slot",
    "_copy",
    "_compare",
    "_read_back",
    "_switch",
    "_destroy",
    "_remove",
    "_note",
)
CHANGES = {"os.rename", "os.remove", "os.link", "os.mkdir"}


def die(*_args: object) -> NoReturn:
    """End this process as nothing can hinder."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still here")


def close_and_die(home: Path, clock: Hands, step: int) -> None:
    """Close the epoch up to a step, 0 to 7, and die before it; at 8 all are done."""
    with opened(home, clock) as node, pytest.MonkeyPatch.context() as patch:
        if step < len(STEPS):
            patch.setattr(Epochs, STEPS[step], die)
        node.keys.close(PASSPHRASE)
        die()


def close_and_die_at(home: Path, clock: Hands, change: int, said: Connection) -> None:
    """Close the epoch and die just before a change to the folder; tell how many there were."""
    with opened(home, clock) as node:
        made = 0

        def count(event: str, args: tuple[object, ...]) -> None:
            nonlocal made
            if event in CHANGES or (event == "open" and _writes(args)):
                if made == change:
                    die()
                made += 1

        sys.addaudithook(count)
        node.keys.close(PASSPHRASE)
        said.send(made)
        die()


def _writes(args: tuple[object, ...]) -> bool:
    flags = args[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
