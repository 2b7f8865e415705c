"""The devices of an open vault, for pages: one piece of work at a time, and rounds beside them.

- What is loaded is kept between pieces of work; after any trouble the next begins from what is
  durable. The file lock of the vault's folder keeps other programs out meanwhile.
- A round runs in a thread of its own, and tells where it is. Locking the vault ends it between two
  steps: a round may stop anywhere, and the next goes on.

Source: docs/spec/20-faces.md section 9.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Final

from sealhold.model.clock import Clock
from sealhold.model.errors import BusyError, LockedError, SealholdError
from sealhold.model.shown.circle import SyncView
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork

PATIENCE: Final = 5.0  # seconds that a page waits for the work before it
ENDING: Final = 20.0  # seconds that a round has to end in when the vault is locked


class Turns:
    """Who works on the devices next. For many threads."""

    def __init__(self, make: Callable[[], DeviceWork], clock: Clock) -> None:
        self._make, self._clock = make, clock
        self._turn = Lock()
        self._over = Event()
        self._kept: DeviceWork | None = None
        self._sync = SyncView(is_running=False)
        self._begins = Lock()

    @property
    def sync(self) -> SyncView:
        """The round that runs, or the last one."""
        return self._sync

    @contextmanager
    def work(self) -> Iterator[DeviceWork]:
        """Work on the devices, alone.

        Raises:
            BusyError: a round or other work is not over.
            LockedError: the vault is being locked.
        """
        if not self._turn.acquire(timeout=PATIENCE):
            raise BusyError("your devices are being synced")
        try:
            # THREAT T564: nobody works on what another thread has in hand, or that was not written
            kept, self._kept = self._kept, None
            self._check_open()
            work = kept or self._make()
            yield work
            self._kept = work
        finally:
            self._turn.release()

    def begin_round(self, *, deletes: bool = False) -> None:
        """Begin a round, and return at once; none is begun while one runs.

        Args:
            deletes: many deletes at once are meant.
        """
        with self._begins:
            self._check_open()
            if self._sync.is_running:
                return
            self._sync = SyncView(is_running=True)
        Thread(target=self._round, args=(deletes,), name="sync", daemon=True).start()

    def close(self) -> None:
        """End what runs, between two steps; nothing begins any more."""
        self._over.set()
        if self._turn.acquire(timeout=ENDING):
            self._kept = None
            self._turn.release()

    # --- inside ---

    def _round(self, deletes: bool) -> None:  # noqa: FBT001  # reason: a thread takes no keywords
        try:
            with self.work() as work, Rounds(work) as rounds:
                outcome = rounds.run(self._tell, deletes=deletes)
        except SealholdError as err:
            self._sync = SyncView(
                is_running=False,
                ended=self._clock(),
                trouble=str(err) or type(err).__name__,
                remedy=err.remedy_over_http(),
            )
        except BaseException:
            self._sync = SyncView(
                is_running=False, ended=self._clock(), trouble="a fault in sealhold itself"
            )
            raise
        else:
            self._sync = SyncView(is_running=False, ended=self._clock(), outcome=outcome)

    def _tell(self, what: str) -> None:
        self._check_open()
        self._sync = SyncView(is_running=True, doing=what)

    def _check_open(self) -> None:
        if self._over.is_set():
            raise LockedError("the vault is being locked")
