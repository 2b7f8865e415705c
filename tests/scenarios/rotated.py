"""A process that turns keys over and is killed just before the n-th write of a commit.

- Steps are made small, so that a few people are many commits.
"""

import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

import pytest

from sealhold.model.ids import canonical
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.vault import keyturns, passes, reindexing
from tests.scenarios.vaults import PASSPHRASE, Hands, opened


def die(*_args: object) -> NoReturn:
    """End this process as nothing can hinder."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still here")


def small_steps(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(passes, "PEOPLE", 2)
    patch.setattr(passes, "AT_ONCE", 1)
    patch.setattr(passes, "ROWS", 3)
    patch.setattr(reindexing, "ROWS", 2)
    patch.setattr(keyturns, "KEYS_AT_ONCE", 2)


def dying_before(write: int) -> Callable[..., object]:
    """Return a commit that is the last but one thing that its process does."""
    commit, made = SqlCipherStore.commit, 0

    def counted(self: SqlCipherStore, *args: object) -> object:
        nonlocal made
        if made == write:
            die()
        made += 1
        return commit(self, *args)  # type: ignore[arg-type]  # reason: passed on as they came

    return counted


def turn_and_die(
    home: Path, clock: Hands, what: tuple[str, str], write: int, said: Connection
) -> None:
    """Turn keys over and die before a write; say how it ended if there are fewer."""
    with opened(home, clock) as node, pytest.MonkeyPatch.context() as patch:
        small_steps(patch)
        job = node.rotation.begin(*what, PASSPHRASE, compromised=True, throttle=0)
        patch.setattr(SqlCipherStore, "commit", dying_before(write))
        said.send(node.rotation.run(canonical(job.id)).state)
        die()
