"""Logical time: a hybrid clock that orders what happened on devices whose clocks disagree.

- A time is `(milliseconds, step)`. What follows something is greater than it, whatever the clocks
  of the two devices say; the wall clock alone orders nothing.
- A clock that is wrong by years costs no write: times go on from the greatest that was seen. A
  time that lies far from the clock of here is flagged, and one that no clock can mean is refused.
- From the year 2248 on no clock is believed, and time goes on by a millisecond an entry at most:
  nobody brings it to its end.

Source: docs/spec/47-folders.md section 1; Kulkarni et al., "Logical physical clocks" (OPODIS 2014).
"""

from typing import NamedTuple

from sealhold.model.clock import Clock
from sealhold.model.errors import InvalidError
from sealhold.model.quantities import DAY, Instant

MAX_MS = (1 << 48) - 1  # the year 10889; as many bits as a UUIDv7 has for its time
MAX_STEP = (1 << 32) - 1  # steps within one millisecond
FAR = 1 << 43  # the year 2248; a clock that shows more is not asked
STEPS = 1 << 31  # of a millisecond after which the next one begins; the rest is for what follows
SKEW = DAY  # a time farther than this from the clock of here is flagged


class LogicalTime(NamedTuple):
    """When something happened, in an order that all devices agree on."""

    ms: int  # milliseconds since 1970, of the fastest clock that was heard of
    step: int  # what tells events of one millisecond apart


def checked_time(ms: object, step: object) -> LogicalTime:
    """Return a time that came from outside.

    Raises:
        InvalidError: not two whole numbers within their limits.
    """
    if type(ms) is not int or type(step) is not int:
        raise InvalidError("a logical time is not two whole numbers")
    # THREAT T469: no time is so late that nothing could follow it.
    if not (0 <= ms <= MAX_MS and 0 <= step <= MAX_STEP):
        raise InvalidError("a logical time is out of its limits")
    return LogicalTime(ms, step)


def following(last: LogicalTime, now: Instant) -> LogicalTime:
    """Return the least time that is after `last` and not before the clock's `now`.

    Raises:
        InvalidError: `last` is the greatest time that there is.
    """
    if last.ms < now <= FAR:
        return checked_time(now, 0)
    if last.step < STEPS:
        return LogicalTime(last.ms, last.step + 1)
    return checked_time(last.ms + 1, 0)


def is_reached(time: LogicalTime, entries: int) -> bool:
    """Return whether a clock can have shown a time, or that many entries can have led to it."""
    return time.ms <= FAR + entries


def is_skewed(time: LogicalTime, now: Instant) -> bool:
    """Return whether `time` lies more than a day from the clock of here."""
    return abs(time.ms - now) > SKEW


FIRST = LogicalTime(0, 0)  # before all that happens


class LogicalClock:
    """Gives times that are after all that it gave and was shown. For one thread."""

    def __init__(self, clock: Clock, last: LogicalTime = FIRST) -> None:
        self._clock = clock
        self.last = last

    def tick(self) -> LogicalTime:
        """Return the time of something that happens here and now.

        Raises:
            InvalidError: there is no later time.
        """
        self.last = following(self.last, self._clock())
        return self.last

    def saw(self, time: LogicalTime) -> None:
        """Take in a time of another device: what happens here from now on is after it."""
        self.last = max(self.last, time)
