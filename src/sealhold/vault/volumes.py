"""Whether a source brings as much as it did: less than a fifth, or nothing for long, is odd.

- What a place gives less of breaks no form, so no canary tells it: an account that was emptied, a
  filter that was left on, a device that exports no more.
- It is said, and nothing is stopped by it.

Source: docs/spec/36-sources.md section 4.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.vault.catalogue import JobRow, SourceRow
from sealhold.vault.sourcestates import reached

SUSPICIOUS: Final = "suspicious"
DROP: Final = "drop"  # the kind of a folder that is emptied: what lies there is what there is
RUNS: Final = 8  # earlier readings that tell what is usual
PART: Final = 5  # a reading that brings less than this part of that is odd
LEAST: Final = 10  # items that are usual at least, for less of them to be odd
OFTEN: Final = 20 * HOUR  # between two readings, on average, that are less than a day apart
GAPS: Final = 3  # times the usual time between two that brought something new
ENDED: Final = frozenset({"done", "done_with_rejects"})


def judged(source: SourceRow, jobs: Sequence[JobRow], now: Instant) -> SourceRow:
    """Return a source that was read, with what is odd about that; arguments as of `odd`."""
    why = "" if source.kind == DROP else odd(jobs, now)
    return reached(source, now, state=SUSPICIOUS if why else "", why=why)


def odd(jobs: Sequence[JobRow], now: Instant) -> str:
    """Return what is odd about the last reading of a source, in a sentence; empty for nothing.

    Args:
        jobs: its readings in any order, the last one too.
        now: the time.
    """
    ended = sorted((job for job in jobs if job.state in ENDED), key=lambda job: job.started)
    if len(ended) <= RUNS:
        return ""
    *before, last = ended[-RUNS - 1 :]
    usual = median(_fresh(job) for job in before)
    # what is read often brings much by day and little by night
    is_daily = last.started - before[0].started >= RUNS * OFTEN
    if is_daily and usual >= LEAST and _fresh(last) * PART < usual:
        return f"it brought {_fresh(last):,} items; {usual:,.0f} are usual"
    usual, known = median(map(_all, before)), median(job.same for job in before)
    is_whole = known * 2 > usual  # it gives each time what it gave before
    if is_whole and usual >= LEAST and _all(last) * PART < usual:
        return f"it gave {_all(last):,} items; {usual:,.0f} are usual"
    return _silence(ended, now)


def _silence(ended: Sequence[JobRow], now: Instant) -> str:
    times = [job.started for job in ended if _fresh(job)][-RUNS - 1 :]
    if len(times) <= RUNS:
        return ""
    gap = median(later - earlier for earlier, later in pairwise(times))
    silent = now - times[-1]
    if gap < HOUR or silent <= GAPS * gap:
        return ""
    return f"nothing new came for {_span(silent)}; something comes every {_span(gap)}"


def _fresh(job: JobRow) -> int:
    return job.new + job.changed


def _all(job: JobRow) -> int:
    return job.new + job.changed + job.same


def _span(milliseconds: float) -> str:
    if milliseconds < 2 * DAY:
        return f"{milliseconds / HOUR:.0f} hours"
    return f"{milliseconds / DAY:.0f} days"
