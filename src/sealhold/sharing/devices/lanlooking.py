"""Looking for the other devices of a network, again and again, in a thread of its own.

- What is found is a hint; the thread that syncs decides what follows from it.
- The first looks come soon after each other, later ones each minute: who starts looks at once, and
  finds this device, so it need not be found.

Source: docs/spec/14-relay.md section 9.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Final

from sealhold.model.errors import CarrierAwayError, ExtraMissingError
from sealhold.net.mdns import Seen, browse

LISTEN_SECONDS: Final = 3.0
PAUSES: Final = (2.0, 5.0, 15.0, 30.0, 60.0)  # seconds between looks, the last from then on
ENDING_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Found:
    """What the last look found."""

    addresses: tuple[str, ...]  # that this machine has now, of those chosen
    seen: tuple[Seen, ...]
    trouble: str = ""  # why nothing can be found; empty: it can


class Looking:
    """Looks; `start` begins, `stop` ends. The thread that syncs calls."""

    def __init__(
        self,
        addresses: Callable[[], Sequence[str]],
        came: Callable[[], None],
        seconds: float = LISTEN_SECONDS,
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        """Take what is asked before each look, and what hears of each.

        Args:
            addresses: gives those of this machine to look from.
            came: told after each look.
            seconds: how long a look takes at most.
            announce: has this device announced, unless it is.
        """
        self._addresses, self._came = addresses, came
        self._seconds, self._announce = seconds, announce
        self._guard = Lock()
        self._wanted: tuple[frozenset[str], int] = (frozenset(), 0)
        self._found = Found((), ())
        self._poked, self._over = Event(), Event()
        self._looked = Event()
        self._thread = Thread(target=self._run, name="looking", daemon=True)

    def start(self) -> None:
        """Begin with a first look."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the look that is under way."""
        self._over.set()
        self._poked.set()
        if self._thread.is_alive():
            self._thread.join(self._seconds + ENDING_SECONDS)

    def want(self, names: frozenset[str], devices: int) -> None:
        """Set which names count from the next look on, and of how many devices they are."""
        with self._guard:
            self._wanted = names, devices

    def poke(self) -> None:
        """Have it look again at once."""
        self._poked.set()

    def wait(self, seconds: float) -> None:
        """Wait until it looked once, or so long."""
        self._looked.wait(seconds)

    @property
    def has_looked(self) -> bool:
        """Whether a first look ended."""
        return self._looked.is_set()

    @property
    def found(self) -> Found:
        """What the last look found."""
        with self._guard:
            return self._found

    def _run(self) -> None:
        turn = 0
        while not self._over.is_set():
            self._poked.clear()
            found = self._look()
            with self._guard:
                is_new, self._found = found != self._found, found
            self._looked.set()
            self._came()
            turn = 0 if is_new else turn + 1
            if self._poked.wait(PAUSES[min(turn, len(PAUSES) - 1)]):
                turn = 0

    def _look(self) -> Found:
        with self._guard:
            names, devices = self._wanted
        try:
            addresses = tuple(self._addresses())
        except ExtraMissingError as err:
            return Found((), (), str(err))
        if not addresses:
            return Found((), ())
        with suppress(CarrierAwayError):  # a network that takes nothing now is asked the next time
            self._announce()
        if not names:
            return Found(addresses, ())
        try:
            seen = browse(addresses, self._seconds, wanted=names, enough=devices)
        except CarrierAwayError as err:
            return Found(addresses, (), str(err))
        return Found(addresses, tuple(sorted(seen, key=lambda each: each.name)))
