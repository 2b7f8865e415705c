"""Durable writes of a process, counted where they happen, and the one at which it kills itself.

- Counted are all calls that make something durable or visible on a disk: fsync, link, rename,
  unlink, a new folder, and each commit of a database. None of the product is changed for it.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlcipher3.dbapi2 import Connection

from sealhold.stores.connections import Connections

CALLS = ("fsync", "link", "rename", "replace", "unlink", "remove", "mkdir", "rmdir")


@dataclass
class Fate:
    """How many durable writes there were, and at which the process ends."""

    count: int = 0
    at: int = -1  # none
    is_before: bool = False  # else the write was done

    def around(self, real: Callable[..., object], *given: object, **named: object) -> object:
        """Do one durable write, and die before or after it if it is the one."""
        number = self.count
        self.count += 1
        if number == self.at and self.is_before:
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return real(*given, **named)
        finally:  # also a call that was refused: what stands there is there already
            if number == self.at:
                os.kill(os.getpid(), signal.SIGKILL)


def count_writes() -> Fate:
    """Count all durable writes of this process from now on, for good."""
    fate = Fate()
    for name in CALLS:
        setattr(os, name, _counted(fate, getattr(os, name)))
    real = Connections.writing

    @contextmanager
    def writing(self: Connections) -> Iterator[Connection]:
        batch = real(self)
        connection = batch.__enter__()
        try:
            yield connection
        except BaseException as err:
            batch.__exit__(type(err), err, err.__traceback__)
            raise
        fate.around(batch.__exit__, None, None, None)

    Connections.writing = writing  # type: ignore[method-assign]
    return fate


def _counted(fate: Fate, real: Callable[..., object]) -> Callable[..., object]:
    def call(*given: object, **named: object) -> object:
        return fate.around(real, *given, **named)

    return call
