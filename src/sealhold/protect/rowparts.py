"""The versions of one table's rows, in parts of 1,024 row numbers, with a sum of each.

Source: docs/spec/63-integrity-of-rows.md sections 3 and 4.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sealhold.crypto.rowtags import MODULUS
from sealhold.protect.guards import Guard

PART: Final = 1_024  # row numbers
NEVER, DELETED = 0, -1  # in the place of a version
_EMPTY: Final = bytes(PART * 8)


@dataclass(slots=True)
class Ticket:
    """Rows that one statement writes, in one version."""

    number: int
    place: str
    rids: Sequence[int]
    version: int
    in_doubt: bool = False


class Rows:
    """The rows of one table."""

    def __init__(self, guard: Guard | None) -> None:
        self.guard = guard
        self.parts: dict[int, array[int]] = {}
        self.totals: defaultdict[int, int] = defaultdict(int)

    def version(self, rid: int) -> int:
        """Return the version of a row."""
        part = self.parts.get(rid // PART)
        return NEVER if part is None else part[rid % PART]

    def put(self, rid: int, version: int) -> int:
        """Set the version of a row, and return the one that it had."""
        number, at = divmod(rid, PART)
        part = self.parts.get(number)
        if part is None:
            part = self.parts[number] = array("q", _EMPTY)
        old, part[at] = part[at], version
        if self.guard is not None and self.guard.proves_all:
            tags = self.guard.tags
            more = tags.number(rid, version) if version > 0 else 0
            less = tags.number(rid, old) if old > 0 else 0
            self.totals[number] = (self.totals[number] + more - less) % MODULUS
        return old

    def live(self, number: int) -> Iterator[tuple[int, int]]:
        """Yield the rows of a part that are there, with their versions."""
        for at, version in enumerate(self.parts.get(number, ())):
            if version > 0:
                yield number * PART + at, version
