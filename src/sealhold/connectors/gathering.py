"""Readings that belong together, gathered while a file is read: bounded in each and in all.

- What is gathered is given out when it is full, and the one that was added to least lately when
  too much is open, in readings or in bytes. So the same bytes give the same groups, and a group
  may come in pieces.

Source: docs/spec/42-places-and-bodies.md section 8.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Reading = TypeVar("Reading")

MOST_OPEN: Final = 64  # groups at once: several recorders, each with its kinds
MOST_HELD: Final = 100_000  # readings in all of them: some 50 MB
MOST_BYTES: Final = 67_108_864  # that stand beside readings, in all of them
MOST_OF_ONE: Final = 8_388_608  # and in one, which is to fit an item


@dataclass(slots=True)
class Group(Generic[Reading]):
    """What belongs together, in the order of the file, and where it began."""

    where: str
    readings: list[Reading] = field(default_factory=list)
    size: int = 0  # bytes that stand beside them


class Gathering(Generic[Key, Reading]):
    """The groups that are open."""

    def __init__(self, most: int) -> None:
        self._most = most  # readings of one group
        self._open: OrderedDict[Key, Group[Reading]] = OrderedDict()
        self._held = self._bytes = 0

    def add(
        self, key: Key, where: str, reading: Reading, size: int = 0
    ) -> Iterator[tuple[Key, Group[Reading]]]:
        """Take a reading with `size` bytes beside it, and yield the groups that are done with."""
        group = self._open.setdefault(key, Group(where))
        group.readings.append(reading)
        group.size += size
        self._held += 1
        self._bytes += size
        self._open.move_to_end(key)
        if len(group.readings) == self._most or group.size > MOST_OF_ONE:
            yield self._closed(key)
        while self._is_over():
            yield self._closed(next(iter(self._open)))

    def _is_over(self) -> bool:
        # THREAT T440: what is held is counted in bytes, too
        is_heavy = self._held > MOST_HELD or self._bytes > MOST_BYTES
        return len(self._open) > MOST_OPEN or is_heavy

    def rest(self) -> Iterator[tuple[Key, Group[Reading]]]:
        """Yield what is still open."""
        while self._open:
            yield self._closed(next(iter(self._open)))

    def _closed(self, key: Key) -> tuple[Key, Group[Reading]]:
        group = self._open.pop(key)
        self._held -= len(group.readings)
        self._bytes -= group.size
        return key, group
