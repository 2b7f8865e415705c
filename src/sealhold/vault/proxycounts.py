"""Entries about refusals and faults that come in floods: the first at once, then so many a minute.

- What is equal is counted for a minute and told in one entry behind it. A user who is refused a
  thousand times a second makes two entries a minute.
- Names that nobody has are counted together, so who makes up names makes no more entries.
- What waits to be told when a process is killed is lost; the first of each kind is not.

Source: docs/spec/59-proxy-in-a-vault.md section 5.
"""

from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Final

from msgspec import structs

from sealhold.audit.event import Event
from sealhold.model.errors import SealholdError
from sealhold.model.quantities import MINUTE
from sealhold.vault.core import Core
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

MOST: Final = 4_096  # that are counted at once: users times codes, and tables times faults


class Counts:
    """Tells the log of one vault; several threads may call, and none of them waits."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._teller = Teller(core.keys)
        self._since: dict[Event, int] = {}  # when the first of a minute came, in milliseconds
        self._untold: dict[Event, int] = {}
        self._turn = Lock()

    def tell(self, event: Event) -> None:
        """Tell of one happening, now or with those of its minute."""
        now = self._core.clock()
        # THREAT T684: a flood of refusals does not fill the log
        with self._turn:
            due = self._over(lambda since: now - since >= MINUTE)
            if event in self._since or len(self._since) >= MOST:
                self._untold[event] = self._untold.get(event, 0) + 1
            else:
                self._since[event] = now
                due.append(event)
        self._write(due)

    def tell_rest(self) -> None:
        """Tell of all that was counted."""
        with self._turn:
            due = self._over(lambda _since: True)
        self._write(due)

    def _over(self, is_over: Callable[[int], bool]) -> list[Event]:
        due = []
        for event in [event for event, since in self._since.items() if is_over(since)]:
            del self._since[event]
            if untold := self._untold.pop(event, 0):
                due.append(structs.replace(event, more=untold - 1))
        return due

    def _write(self, due: list[Event]) -> None:
        works = [Work((), (self._teller.entry(event),)) for event in due]
        if works:
            with suppress(SealholdError):  # nothing was sent: there is nothing to take back
                self._core.writer.submit(works)
