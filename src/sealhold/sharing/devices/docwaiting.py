"""Entries of a document that came before what they were made after.

- They wait within bounds, of each author for itself; what is missing can be named and asked for.

Source: docs/spec/48-documents.md section 4.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

from sealhold.model.errors import TamperedError
from sealhold.sharing.devices.docops import Entry
from sealhold.sharing.devices.docversions import Span

MAX_WAITING = 256  # entries of one author
MAX_WAITING_BYTES = 4 << 20
_T = TypeVar("_T", bound=Hashable)


def gap_before(entry: Entry, ends: Mapping[int, int]) -> tuple[Span, ...]:
    """Return what is missing before an entry can be taken in where `ends` is."""
    have = ends.get(entry.author, 0)
    wanted = {entry.author: entry.start} if have < entry.start else {}
    for change in entry.changes:
        for author, number in change.after:
            own = author == entry.author and number >= entry.start
            if not own and number >= ends.get(author, 0):
                wanted[author] = max(wanted.get(author, 0), number + 1)
    return tuple((who, ends.get(who, 0), end) for who, end in sorted(wanted.items()))


class Lacking(Generic[_T]):
    """What lacks numbers of authors, by what it lacks: only what a number ends is looked at."""

    def __init__(self) -> None:
        self._lacks: dict[_T, int] = {}  # of how many authors numbers are missing
        self._by: defaultdict[int, list[tuple[int, int, _T]]] = defaultdict(list)  # heaps
        self._turns = count()

    def wait(self, what: _T, gap: Iterable[Span]) -> None:
        """Have something wait until the end of each span is there; there is at least one."""
        spans = list(gap)
        self._lacks[what] = len(spans)
        for author, _, end in spans:
            heappush(self._by[author], (end, next(self._turns), what))

    def came(self, author: int, end: int) -> list[_T]:
        """Return what lacks nothing any more, now that an author's numbers below `end` are here."""
        waiting, found = self._by[author], list[_T]()
        while waiting and waiting[0][0] <= end:
            what = heappop(waiting)[2]
            self._lacks[what] -= 1
            if not self._lacks[what]:
                del self._lacks[what]
                found.append(what)
        if not waiting:
            del self._by[author]
        return found


class Waiting:
    """The entries that wait at one replica."""

    def __init__(self) -> None:
        self._entries: dict[int, dict[int, tuple[Entry, bytes]]] = {}  # by author and start
        self._lacking = Lacking[tuple[int, int]]()
        self._unused = Lacking[tuple[int, int]]()  # until another entry has its first number
        self._sizes: dict[int, int] = {}

    def __len__(self) -> int:
        return sum(map(len, self._entries.values()))

    def hold(self, entry: Entry, data: bytes, gap: Iterable[Span]) -> bool:
        """Keep an entry that cannot be taken in yet; return whether there was room.

        Args:
            entry: it.
            data: its bytes.
            gap: what is missing before it.

        Raises:
            TamperedError: another entry waits under the same number.
        """
        mine = self._entries.get(entry.author, {})
        there = mine.get(entry.start)
        if there is not None:
            if there[1] != data:
                raise TamperedError("another entry under a number that was used")
            return True
        size = self._sizes.get(entry.author, 0) + len(data)
        # THREAT T475: whoever sends what cannot be taken in yet fills its own share alone
        if len(mine) >= MAX_WAITING or size > MAX_WAITING_BYTES:
            return False
        self._entries.setdefault(entry.author, {})[entry.start] = (entry, data)
        self._sizes[entry.author] = size
        name = entry.author, entry.start
        self._lacking.wait(name, gap)
        self._unused.wait(name, [(entry.author, entry.start, entry.start + 1)])
        return True

    def freed(self, author: int, end: int) -> list[tuple[Entry, bytes]]:
        """Give out what waits for nothing any more, now that `author` has come to `end`."""
        # THREAT T475: what waits costs a look where a number that it lacks comes, and none else
        names = [*self._lacking.came(author, end), *self._unused.came(author, end)]
        return [found for name in names if (found := self._let_go(*name)) is not None]

    def _let_go(self, author: int, start: int) -> tuple[Entry, bytes] | None:
        mine = self._entries.get(author, {})
        found = mine.pop(start, None)
        if found is not None:
            self._sizes[author] -= len(found[1])
            if not mine:
                del self._entries[author], self._sizes[author]
        return found
