"""How many calls a token, and an app with all its tokens, may make in a second.

- One count for each, in memory: a call takes from it, and it fills up again evenly, to one second's
  worth. Whoever is too fast is told so, and when to come again, before anything is looked up.
- Each is told of its own rate alone: another's calls take nothing of it.

Source: docs/spec/30-access.md section 5.
"""

from dataclasses import dataclass
from threading import Lock

from sealhold.model.clock import Clock
from sealhold.model.errors import TooFastError
from sealhold.model.quantities import SECOND, Instant

MOST = 4_096  # callers that are remembered; whoever is forgotten has a full count


@dataclass(slots=True)
class _Bucket:
    left: float
    at: Instant


class Rates:
    """Counts calls; several threads may call."""

    def __init__(self, a_second: int, clock: Clock) -> None:
        self._full = a_second
        self._clock = clock
        self._buckets: dict[bytes, _Bucket] = {}
        self._turn = Lock()

    def take(self, caller: bytes) -> None:
        """Take one call of `caller`.

        Raises:
            TooFastError: they have made all that they may at this moment.
        """
        with self._turn:
            now = self._clock()
            bucket = self._buckets.get(caller)
            if bucket is None:
                bucket = self._buckets[caller] = _Bucket(self._full, now)
                while len(self._buckets) > MOST:
                    del self._buckets[next(iter(self._buckets))]
            elif now != bucket.at:
                filled = bucket.left + (now - bucket.at) * self._full / SECOND
                bucket.left, bucket.at = min(self._full, filled), now
            # THREAT T296: told before anything of a person is looked up
            if bucket.left < 1:
                raise TooFastError(f"at most {self._full} calls a second")
            bucket.left -= 1
