"""How often a token may ask: so many calls a second, and as many at once as a full bucket has.

- Kept in memory alone, under the token's id; a bucket that is full again is forgotten.

Source: docs/spec/14-relay.md section 6.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

KEPT = 10_000  # buckets, before full ones are looked for


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls in a second, and at once."""

    each_second: float
    at_once: float


@dataclass(slots=True)
class Rates:
    """Buckets of many tokens."""

    rate: Rate
    seconds: Callable[[], float] = monotonic
    _buckets: dict[bytes, tuple[float, float]] = field(default_factory=dict)  # calls left, when
    _lock: Lock = field(default_factory=Lock)

    def takes(self, who: bytes) -> bool:
        """Take one call of a bucket, and return whether there was one."""
        now = self.seconds()
        with self._lock:
            if who not in self._buckets and len(self._buckets) >= KEPT:
                self._forget(now)
            left = self._left(who, now)
            is_there = left >= 1
            self._buckets[who] = (left - 1 if is_there else left, now)
            return is_there

    def _left(self, who: bytes, now: float) -> float:
        left, since = self._buckets.get(who, (self.rate.at_once, now))
        return min(self.rate.at_once, left + (now - since) * self.rate.each_second)

    def _forget(self, now: float) -> None:
        full = [who for who in self._buckets if self._left(who, now) >= self.rate.at_once]
        for who in full:
            del self._buckets[who]
