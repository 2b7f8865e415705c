"""Watching media while a vault is served: what is pulled out ends what runs under it.

- The mount table is waited on; half a second passes at most before the media are looked at again,
  since a file can go without its mount.
- A vault without policy tokens is asked twice a second whether it has one, and nothing more.

Source: docs/spec/41-snapshots.md section 1.
"""

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final

from sealhold.model.errors import SealholdError
from sealhold.node.node import Node
from sealhold.vault.media import MOUNTS
from sealhold.vault.policytokenrows import has_tokens

EVERY: Final = 0.5  # seconds between two looks
_CHANGED: Final = select.POLLPRI | select.POLLERR  # what the mount table says of a change


class MediaWatch:
    """Looks as long as it is not stopped."""

    def __init__(self, node: Node, tell: Callable[[], None] = lambda: None) -> None:
        """Take the vault, and what is called after each look."""
        self._node = node
        self._tell = tell
        self._stopped = Event()

    def run(self) -> None:
        """Look until `stop`."""
        try:
            with MOUNTS.open("rb", buffering=0) as table:
                poll = select.poll()
                poll.register(table, _CHANGED)
                while not self._stopped.is_set():
                    self.once()
                    poll.poll(1000 * EVERY)
        except OSError:  # a system without such a table
            while not self._stopped.wait(EVERY):
                self.once()

    def stop(self) -> None:
        """End after the look that is under way."""
        self._stopped.set()

    def once(self) -> None:
        """Look at the media once."""
        with suppress(SealholdError):  # locked between two looks, or the log is away: looked anew
            if not self._node.locked and has_tokens(self._node.parts.core.deciding):
                self._node.parts.media.tokens.look()
                self._tell()


@contextmanager
def watched(node: Node) -> Iterator[None]:
    """Watch the media of a vault while the block runs."""
    watch = MediaWatch(node)
    thread = Thread(target=watch.run, name="media", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watch.stop()
        thread.join(2 * EVERY)
