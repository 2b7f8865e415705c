"""Folders that are emptied while a vault is served: looked at every two seconds.

- A locked vault looks at none; what lies there waits.

Source: docs/spec/45-staging.md section 2.
"""

from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING

from sealhold.model.errors import SealholdError

if TYPE_CHECKING:
    from sealhold.node import Node

EVERY = 2.0  # seconds


class Drops:
    """Looks as long as it is not stopped."""

    def __init__(self, node: "Node") -> None:
        self._node = node
        self._stopped = Event()

    def run(self) -> None:
        """Look until `stop`."""
        while not self._stopped.wait(EVERY):
            self.once()

    def stop(self) -> None:
        """End after the look that is under way."""
        self._stopped.set()

    def once(self) -> None:
        """Take in what waits."""
        with suppress(SealholdError):  # locked between two looks, or the store is away for now
            if self._node.locked:
                return
            for source in self._node.standing.waiting():
                with suppress(SealholdError):  # its state says what happened
                    if self._node.standing.has_waiting(source):
                        self._node.standing.pull(source)
