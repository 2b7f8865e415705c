"""The one writer of a relay's rows: what waits while a commit runs goes together in the next.

- What comes to a mailbox is numbered in the order of commits, so whoever asks for what came after
  a number misses nothing.
- After a commit whose effect is unknown the store begins anew before the next.

Source: docs/spec/14-relay.md section 3.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition, Lock
from time import monotonic

from sealhold.model.errors import StoreUnavailableError
from sealhold.model.ids import Id16
from sealhold.sharing.hosting.tables import ITEM
from sealhold.stores.spec import MAX_UNITS, Fence, RecordStore, Result, Unit

MOST = (1 << 63) - 1


@dataclass(slots=True)
class _Waiting:
    box: Id16 | None  # where something arrives
    make: Callable[[int], Unit]  # of its number
    result: Result | None = None
    error: StoreUnavailableError | None = None

    @property
    def is_over(self) -> bool:
        return self.result is not None or self.error is not None


@dataclass(slots=True)
class Committing:
    """Commits for many threads."""

    rows: RecordStore
    fence: Fence
    _queue: list[_Waiting] = field(default_factory=list)
    _guard: Lock = field(default_factory=Lock)  # of the queue
    _turn: Lock = field(default_factory=Lock)  # whose is the commit
    _came: Condition = field(default_factory=Condition)
    _latest: dict[Id16, int] = field(default_factory=dict)  # the newest number of a mailbox
    _is_unsure: bool = False
    _is_over: bool = False

    def commit(self, make: Callable[[int], Unit], box: Id16 | None = None) -> Result:
        """Commit one unit, durably; `make` is given the number that what arrives in `box` has.

        Raises:
            StoreUnavailableError: no answer, effect unknown.
        """
        mine = _Waiting(box, make)
        with self._guard:
            self._queue.append(mine)
        with self._turn:
            while not mine.is_over:  # else whoever had the turn took it along
                with self._guard:
                    batch = self._queue[:MAX_UNITS]
                    del self._queue[:MAX_UNITS]
                self._commit(batch)
        if mine.result is None:
            raise StoreUnavailableError("the rows of the relay do not answer") from mine.error
        return mine.result

    def wait(self, box: Id16, after: int, seconds: float) -> None:
        """Return when something newer than `after` came, or time is over, or the relay ends."""
        until = monotonic() + seconds
        newest = self.newest(box)
        with self._came:
            while newest <= after and not self._is_over:
                if not self._came.wait(until - monotonic()) or monotonic() >= until:
                    return
                newest = self._latest.get(box, newest)

    def newest(self, box: Id16) -> int:
        """Return the newest number of a mailbox; 0 of one to which nothing came."""
        with self._came:
            if box in self._latest:
                return self._latest[box]
        page = self.rows.scan(ITEM.name, "arrival", (box,), (box, MOST), limit=1, reverse=True)
        found = int(page.rows[0].row[-1]) if page.rows else 0
        with self._came:
            return self._latest.setdefault(box, found)

    def end(self) -> None:
        """Wake all who wait."""
        with self._came:
            self._is_over = True
            self._came.notify_all()

    def _commit(self, batch: list[_Waiting]) -> None:
        latest: dict[Id16, int] = {}
        try:
            if self._is_unsure:
                self.rows.renew()
                self._is_unsure = False
            units = []
            for each in batch:
                number = 0
                if each.box is not None:
                    if each.box not in latest:
                        latest[each.box] = self.newest(each.box)
                    latest[each.box] = number = latest[each.box] + 1
                units.append(each.make(number))
            results = self.rows.commit(units, lambda _: (), self.fence)
        except StoreUnavailableError as err:
            self._is_unsure = True
            for each in batch:
                each.error = err
            return
        for each, result in zip(batch, results, strict=True):
            each.result = result
        with self._came:
            self._latest.update(latest)
            self._came.notify_all()
