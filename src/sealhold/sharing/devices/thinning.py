"""Thinning: old versions whose content is let go, written down so that each device knows.

- Who thins computes it from the rule and from its own clock, and writes an operation. What it says
  counts for versions that are old enough by its time and that do not stand; nothing else.
- The version stays, with its time, device and size: only its content is gone. What is short lies
  sealed in the log until the object is erased.

Source: docs/spec/47-folders.md section 9.
"""

from collections.abc import Container, Iterable, Sequence

from sealhold.model.quantities import Instant
from sealhold.sharing.devices.conflict import Versions
from sealhold.sharing.devices.history import NONE, RULE, to_drop
from sealhold.sharing.devices.logicaltime import LogicalTime
from sealhold.sharing.devices.ops import MAX_THINNED, ThinOp


class Thinned:
    """Which versions were said to be thinned. For one thread."""

    def __init__(self) -> None:
        self._marks: dict[bytes, LogicalTime] = {}

    def mark(self, versions: Iterable[bytes], time: LogicalTime) -> None:
        """Take in what an operation says."""
        for each in versions:
            self._marks[each] = max(time, self._marks.get(each, time))

    def of(self, versions: Versions) -> frozenset[bytes]:
        """Return the versions of which it counts."""
        if not self._marks:
            return NONE
        found: set[bytes] = set()
        for thing in versions.objects():
            for each in versions.of(thing):
                mark = self._marks.get(each.id)
                # THREAT T515: what stands, or is young, is kept whatever a device says
                if mark is not None and mark.ms - each.time.ms >= RULE.every:
                    found.add(each.id)
            if found:
                found -= versions.standing(thing).heads
        return frozenset(found)


def due(
    versions: Versions, now: Instant, gone: Container[bytes], held: Container[bytes] = NONE
) -> dict[bytes, list[bytes]]:
    """Return the versions that the rule lets go now, by their objects.

    Args:
        versions: all that are known.
        now: by the clock of here.
        gone: versions that were thinned already.
        held: versions that are kept whatever their age.
    """
    found: dict[bytes, list[bytes]] = {}
    for thing in versions.objects():
        drop = to_drop(versions.of(thing), now, held=held)
        if fresh := sorted(each for each in drop if each not in gone):
            found[thing] = fresh
    return found


def ops_of(thing: bytes, versions: Sequence[bytes]) -> list[ThinOp]:
    """Return what thins versions of an object."""
    begins = range(0, len(versions), MAX_THINNED)
    return [ThinOp(thing, tuple(versions[at : at + MAX_THINNED])) for at in begins]
