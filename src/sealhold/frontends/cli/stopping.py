"""A run that is watched: a bar that counts, and Ctrl-C, which ends it between two objects.

- The first Ctrl-C lets the objects in hand end; the second stops at once.
- Either way what was evaluated and written stays, and the same command goes on from there.

Source: docs/spec/20-faces.md section 8.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sealhold.frontends.cli.out import safe
from sealhold.frontends.cli.progress import Count, bar_of_objects
from sealhold.frontends.cli.session import Session
from sealhold.node import Node

ERRORS = 2  # the descriptor
STOPPING = b"\nstopping after what is in hand; Ctrl-C once more stops at once\n"


class Watched:
    """How far a run is, and whether the one at the keyboard ended it."""

    def __init__(self, bar: Count) -> None:
        self._bar = bar
        self._done = self._every = 0
        self.is_stopped = False

    def watch(self, done: int, every: int) -> None:
        """Take in how many objects are done, of how many."""
        self._done, self._every = done, every
        self._bar(done, every)

    def tell(self, grant: str, before: str = "") -> None:
        """Say how far it came and how to go on."""
        far = f" at {self._done:,} of {self._every:,} objects" if self._every else ""
        sys.stderr.write(
            f"stopped{far}: {before}what is evaluated stays, and no answer left.\n"
            f"Go on from there, at no further charge: sealhold run {safe(grant)}\n"
        )


@contextmanager
def counted_and_stoppable(session: Session, node: Node) -> Iterator[Watched]:
    """Show how far the block is, and stop the node's programs at the first Ctrl-C in it."""
    before = signal.getsignal(signal.SIGINT)
    with bar_of_objects(session) as bar:
        run = Watched(bar)

        def hear(number: int, frame: FrameType | None) -> None:
            del number, frame
            run.is_stopped = True
            signal.signal(signal.SIGINT, before)
            os.write(ERRORS, STOPPING)  # not by `sys.stderr`, which the bar may be writing to now
            node.stop()

        try:
            signal.signal(signal.SIGINT, hear)
        except ValueError:  # not the main thread, which alone hears signals
            yield run
            return
        try:
            yield run
        finally:
            signal.signal(signal.SIGINT, before)
