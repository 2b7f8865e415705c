"""Entries of a document that came before what they were made after.

- They wait within bounds, of each author for itself; what is missing can be named and asked for.

Source: docs/spec/48-documents.md section 4.
"""

from collections.abc import Mapping

from sealhold.model.errors import TamperedError
from sealhold.sharing.devices.docops import Entry
from sealhold.sharing.devices.docversions import Span

MAX_WAITING = 256  # entries of one author
MAX_WAITING_BYTES = 4 << 20


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


class Waiting:
    """The entries that wait at one replica."""

    def __init__(self) -> None:
        self._entries: dict[int, dict[int, tuple[Entry, bytes]]] = {}  # by author and start
        self._sizes: dict[int, int] = {}

    def __len__(self) -> int:
        return sum(map(len, self._entries.values()))

    def hold(self, entry: Entry, data: bytes) -> bool:
        """Keep an entry that cannot be taken in yet; return whether there was room.

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
        return True

    def next(self, ends: Mapping[int, int]) -> tuple[Entry, bytes] | None:
        """Give out an entry that waits for nothing any more where `ends` is."""
        for author, mine in self._entries.items():
            entry, _ = mine[min(mine)]
            if entry.start < ends.get(author, 0) or not gap_before(entry, ends):
                return self._let_go(entry)
        return None

    def _let_go(self, entry: Entry) -> tuple[Entry, bytes]:
        mine = self._entries[entry.author]
        found = mine.pop(entry.start)
        self._sizes[entry.author] -= len(found[1])
        if not mine:
            del self._entries[entry.author], self._sizes[entry.author]
        return found
