"""How a figure is taken: check the result, warm up, take turns with the peers, keep the median.

- Ours and the peers' runs alternate, A B A B, so a busy machine slows both alike; what is
  compared was measured in the same minute.
- A figure is absolute; a ratio is ours divided by theirs: for times smaller is better, for rates
  larger. A peer that is not installed is named as absent, and its ratios are left out.
- A result that is wrong ends the bench: a fast wrong answer has no figure.

Source: docs/benchmarks.md.
"""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.errors import SealholdError

ROUNDS: Final = 5  # of each side, at least; an odd number has one middle
QUICK_ROUNDS: Final = 3
ABSENT: Final = "absent"

Side = Callable[[], float]  # one run of one side: seconds, or a rate


@dataclass(slots=True, kw_only=True)
class Bench:
    """One bench under way: where it works, and what it found so far."""

    folder: Path  # empty, private, and gone afterwards
    quick: bool
    figures: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    peers: dict[str, Plain] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        """How often each side runs."""
        return QUICK_ROUNDS if self.quick else ROUNDS

    def count(self, whole: int, quick: int) -> int:
        """Return how many there are to be of something."""
        return quick if self.quick else whole

    def say(self, text: str) -> None:
        """Tell how far it is."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def check(self, holds: bool, what: str) -> None:  # noqa: FBT001  # reason: it reads as a claim
        """End the bench unless `what` holds.

        Raises:
            SealholdError: it does not.
        """
        if not holds:
            raise SealholdError(f"a wrong result: {what}")

    def medians(self, sides: Mapping[str, Side]) -> dict[str, float]:
        """Return the median of each side's runs, in turns, the first not counted."""
        for side in sides.values():
            side()
        runs: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(self.rounds):
            for name, side in sides.items():
                runs[name].append(side())
        return {name: median(found) for name, found in runs.items()}

    def median(self, side: Side) -> float:
        """Return the median of one side's runs, the first of which is not counted."""
        return self.medians({"": side})[""]


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def per_call(work: Callable[[], object], times: int) -> Side:
    """Return a side that calls `work` so many times and tells the seconds of one call."""

    def run() -> float:
        started = time.perf_counter()
        for _ in range(times):
            work()
        return (time.perf_counter() - started) / times

    return run
