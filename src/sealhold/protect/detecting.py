"""Detectors: how many rows users see, how many different ones, and whether a provider answers.

- Each table and user has a mean and a deviation that follow slowly (EWMA). A minute, or an hour,
  far above both is *unusual*: a guess, by which nobody is shut out. The policy's own limit of
  different rows is no guess.
- What is remembered is bounded: so many pairs, so many rows of each. Users beyond are counted as
  one, and that is told.
- A provider is suspected by how long an answer takes beside the answers before it (phi accrual).

Source: docs/spec/66-alarms-and-reactions.md section 3.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

MINUTE: Final = 60.0  # seconds
HOUR: Final = 3_600.0
PAIRS: Final = 256  # of user and table
KEYS: Final = 16_384  # different rows that are told apart where the policy has no limit
MOST_DISTINCT: Final = 65_536  # the highest limit of different rows that is counted
FOLLOWS: Final = 0.1  # how fast mean and deviation follow
WARM: Final = 20  # minutes, or hours, with use before anything counts as unusual
LEAST: Final = 1_000  # rows below which nothing is unusual
TIMES: Final = 4  # the mean
DEVIATIONS: Final = 8
PHI: Final = 8.0
ANSWERS: Final = 100  # that a provider is judged by
LEAST_DEVIATION: Final = 0.5  # seconds: an answer is not late before some three of them
_CERTAIN: Final = 300.0  # where floats end


@dataclass(slots=True)
class Spread:
    """Mean and deviation of what came, the newest counting most."""

    count: int = 0
    mean: float = 0.0
    variance: float = 0.0

    def add(self, value: float) -> None:
        """Take in one value."""
        apart = value - self.mean
        weight = max(FOLLOWS, 1 / (self.count + 1))
        self.count += 1
        self.mean += weight * apart
        self.variance = (1 - weight) * (self.variance + weight * apart * apart)

    def is_unusual(self, value: float) -> bool:
        """Whether a value is far above all that is known; never before enough came."""
        if self.count < WARM:
            return False
        usual = max(self.mean + DEVIATIONS * math.sqrt(self.variance), TIMES * self.mean)
        return value > max(LEAST, usual)


@dataclass(slots=True)
class _Pair:
    """What one user saw of one table."""

    minute: float
    hour: float
    rows: int = 0
    seen: set[int] = field(default_factory=set)
    by_minute: Spread = field(default_factory=Spread)
    by_hour: Spread = field(default_factory=Spread)


class Access:
    """How much each user sees of each table."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], _Pair] = {}

    @property
    def is_crowded(self) -> bool:
        """Whether some users are counted as one."""
        return len(self._pairs) >= PAIRS

    def saw(
        self,
        principal: str,
        table: str,
        keys: Sequence[int],
        now: float,
        *,
        rows: int = 0,
        distinct: int = 0,
    ) -> tuple[str, ...]:
        """Count rows that are about to be shown; return what is to be told: causes.

        Args:
            principal: the user.
            table: as the policy names it.
            keys: what tells the rows apart.
            now: seconds.
            rows: that may be shown in a minute; 0 for any number. `rate` is told if these go over
                it, and then none of them is counted.
            distinct: different rows that may be shown in an hour; likewise.
        """
        pair = self._pair(principal, table, now)
        self._turn(pair, now)
        fresh = set(keys) - pair.seen
        count = len(pair.seen) + len(fresh)
        # THREAT T743: who reads a table row by row is stopped at the limit, however slowly it goes
        if distinct and count > distinct:
            return ("distinct",)
        if rows and pair.rows + len(keys) > rows:
            return ("rate",)
        if count <= (distinct or KEYS):
            pair.seen |= fresh
        pair.rows += len(keys)
        causes = []
        if pair.by_minute.is_unusual(pair.rows):
            causes.append("unusual-rows")
        if pair.by_hour.is_unusual(len(pair.seen)):
            causes.append("unusual-distinct")
        return tuple(causes)

    def _pair(self, principal: str, table: str, now: float) -> _Pair:
        found = self._pairs.get((principal, table))
        if found is None:
            # THREAT T744: very many users fill no memory, and none of them goes uncounted
            place = ("" if self.is_crowded else principal, table)
            found = self._pairs.setdefault(place, _Pair(now, now))
        return found

    def _turn(self, pair: _Pair, now: float) -> None:
        """Begin another minute or hour, if it is one. Those without use count for nothing."""
        if now - pair.minute >= MINUTE:
            if pair.rows:
                pair.by_minute.add(pair.rows)
            pair.minute, pair.rows = now, 0
        if now - pair.hour >= HOUR:
            if pair.seen:
                pair.by_hour.add(len(pair.seen))
            pair.hour, pair.seen = now, set()


class Answers:
    """How long a provider takes to answer, and whether it takes too long now."""

    def __init__(self) -> None:
        self._took: deque[float] = deque(maxlen=ANSWERS)
        self._asked: float | None = None
        self.is_away = False  # it did not answer at all when it was asked last

    def asked(self, now: float) -> None:
        """Note that it is asked something; seconds."""
        self._asked = now

    def answered(self, now: float) -> None:
        """Note that it answered."""
        if self._asked is not None:
            self._took.append(now - self._asked)
        self._asked, self.is_away = None, False

    def failed(self) -> None:
        """Note that there is no connection."""
        self._asked, self.is_away = None, True

    def phi(self, now: float) -> float:
        """Return how sure it is that no answer comes: 8 is one error in 10^8."""
        if self._asked is None:
            return 0.0
        count = len(self._took) or 1
        mean = sum(self._took) / count
        variance = sum((each - mean) ** 2 for each in self._took) / count
        beyond = (now - self._asked - mean) / max(LEAST_DEVIATION, math.sqrt(variance))
        rest = math.erfc(beyond / math.sqrt(2)) / 2
        return -math.log10(rest) if rest > 0 else _CERTAIN

    def is_suspected(self, now: float) -> bool:
        """Whether the provider is down, or so slow that it may be."""
        return self.is_away or self.phi(now) >= PHI
