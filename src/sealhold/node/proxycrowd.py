"""All sessions of one proxy, for a moment in which what they plan by changes.

- While it is held, a session that begins something waits, and plans it anew then; one in the
  middle of a transaction goes on. So a change of names meets nothing that was planned before it.
- Nobody waits longer than `LONGEST`: whoever comes later may be told to run it again.

Source: docs/spec/68-turning-column-keys.md section 5.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Final, Protocol

from sealhold.model.clock import Clock
from sealhold.model.errors import MigrationError
from sealhold.model.quantities import Instant

LONGEST: Final = 3_000  # milliseconds
STEP: Final = 0.01  # seconds until sessions are looked at again
TURNS: Final = 0.02  # seconds that a session waits at once: others want the threads too
PATIENCE: Final = 600_000  # milliseconds for what was begun before to end


class Busy(Protocol):
    """A session, as it is waited for."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing that it planned is under way."""
        ...


def _nobody() -> Iterable[Busy]:
    return ()


def _never() -> Instant:
    return Instant(0)


@dataclass(slots=True)
class Crowd:
    """Holds sessions back."""

    sessions: Callable[[], Iterable[Busy]] = _nobody
    clock: Clock = _never
    _until: int = 0
    _over: Event = field(default_factory=Event)

    @property
    def is_held(self) -> bool:
        """Whether a session that begins something is to wait."""
        return self.clock() < self._until

    def wait(self) -> None:
        """Wait a little, or until nobody is held any more."""
        self._over.wait(TURNS)

    @contextmanager
    def held(self, touch: Callable[[], None], *, is_needed: bool) -> Iterator[None]:
        """Hold sessions back while a block runs, which begins once what they did has ended.

        Args:
            touch: has all sessions plan anew.
            is_needed: the block does not begin before that. Else it is waited for a while.

        Raises:
            MigrationError: something is under way for ten minutes.
        """
        self._over.clear()
        begun = self.clock()
        self._until = begun + LONGEST
        touch()
        try:
            self._quiet(begun, is_needed=is_needed)
            yield
        finally:
            self._until = 0
            self._over.set()

    def _quiet(self, begun: int, *, is_needed: bool) -> None:
        busy = list(self.sessions())
        while busy:
            live = {id(each) for each in self.sessions()}
            busy = [each for each in busy if id(each) in live and not each.is_idle]
            spent = self.clock() - begun
            if not busy or (spent > LONGEST // 2 and not is_needed):
                return
            if spent > PATIENCE:
                raise MigrationError("a statement has been under way for ten minutes")
            self._over.wait(STEP)
