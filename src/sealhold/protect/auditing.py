"""Compares the rows of a table at its provider with what the proxy knows of them.

- Each row's tag, then its version; and under `table`, which rows are not there. All of a table, or
  some of its parts: then a row that was invented outside of them is not seen.
- The table is locked against writers meanwhile, so what a killed proxy sent last has ended, and
  what was in doubt is settled by what is there.

Source: docs/spec/63-integrity-of-rows.md section 7.
"""
# ruff: noqa: S608  reason: names of the policy, quoted; no value stands in a text

import struct
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from sealhold.protect.guards import RID, TAG, VERSION, Guard
from sealhold.protect.migrating.asking import Row
from sealhold.protect.migrating.looking import quoted
from sealhold.protect.rowparts import DELETED, NEVER, PART
from sealhold.protect.versions import Versions

AT_ONCE: Final = 1_000  # rows that are asked for
LISTED: Final = 1_000  # findings that are named
LAST: Final = 2**63 - 1
_BIGINT: Final = 20
_ARRAY: Final = 1016
_big = struct.Struct(">q")
_Number = tuple[int, int]

Ask = Callable[[str, Sequence[int], Sequence[bytes | None]], list[Row]]


@dataclass(slots=True)
class Audited:
    """What was seen so far."""

    rows: int = 0
    parts: int = 0
    settled: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    named: list[tuple[int, str]] = field(default_factory=list)  # row and what is wrong with it

    @property
    def found(self) -> int:
        """How many rows are not as they were written."""
        return self.counts.total()

    @property
    def said(self) -> str:
        """What was found, in words and numbers."""
        return ", ".join(f"{count} {what}" for what, count in self.counts.items()) or "nothing"

    def note(self, rid: int, what: str) -> None:
        """Note a finding."""
        self.counts[what] += 1
        if len(self.named) < LISTED:
            self.named.append((rid, what))


class Auditing:
    """The audit of one table, in a transaction of whoever asks."""

    def __init__(self, ask: Ask, guard: Guard, versions: Versions) -> None:
        self._ask, self._guard, self._versions = ask, guard, versions
        names = (*guard.physical, RID, VERSION, TAG)
        self._table = f"{quoted(guard.schema)}.{quoted(guard.table)}"
        self._select = f"SELECT {', '.join(map(quoted, names))} FROM {self._table} WHERE "
        self.seen = Audited()

    @property
    def lock(self) -> str:
        """The statement that lets all writers end, and no other one begin."""
        return f"LOCK TABLE {self._table} IN SHARE MODE"

    def settle(self) -> None:
        """End doubts by what is there; the table must be locked."""
        place = self._guard.place
        doubts = sorted(rid for each, rid in self._versions.doubts if each == place)
        for at in range(0, len(doubts), AT_ONCE):
            some = doubts[at : at + AT_ONCE]
            shown = dict.fromkeys(some, NEVER)
            # one row after the other: an array would have to be written here for no gain
            for rid in some:
                for row in self._ask(f"{self._select}{RID} = $1", (_BIGINT,), (_big.pack(rid),)):
                    numbers = self._verified(row)
                    if numbers is not None and numbers[0] == rid:
                        shown[rid] = numbers[1]
            for rid, version in shown.items():
                self._versions.settle(place, rid, version)
        self.seen.settled += len(doubts)
        self._versions.flush()

    def whole(self, told: Callable[[int], None]) -> None:
        """Compare all rows; `told` how many were."""
        expected = self._live(self._versions.parts(self._guard.place))
        self._compare(0, LAST, expected, told)
        self.seen.parts = len(self._versions.parts(self._guard.place))

    def some(self, parts: Sequence[int], told: Callable[[int], None]) -> None:
        """Compare the rows of some parts."""
        for number in sorted(parts):
            stop = (number + 1) * PART - 1
            self._compare(number * PART, stop, self._live([number]), told)
            self.seen.parts += 1

    def adopted(self) -> dict[int, int]:
        """Return all rows whose tags are right, with their versions, whatever is known of them."""
        rows = map(self._verified, self._shown(0, LAST))
        return dict(each for each in rows if each is not None)

    def _live(self, parts: Sequence[int]) -> Iterator[_Number]:
        for number in parts:
            yield from self._versions.live(self._guard.place, number)

    def _shown(self, first: int, last: int) -> Iterator[Row]:
        """Yield the rows of a range, as the provider keeps them."""
        sql = f"{self._select}{RID} BETWEEN $1 AND $2 ORDER BY {RID} LIMIT {AT_ONCE}"
        at = len(self._guard.physical)
        while first <= last:
            rows = self._ask(sql, (_BIGINT, _BIGINT), (_big.pack(first), _big.pack(last)))
            yield from rows
            if len(rows) < AT_ONCE:
                return
            following = _number(rows[-1][at]) + 1
            if following <= first:
                return  # out of order: what it shows twice was noted
            first = following

    def _verified(self, row: Row) -> _Number | None:
        at = len(self._guard.physical)
        rid, version, tag = _number(row[at]), _number(row[at + 1]), row[at + 2] or b""
        is_ours = min(rid, version) >= 0 and self._guard.tags.fits(tag, rid, version, row[:at])
        return (rid, version) if is_ours else None

    def _compare(
        self, first: int, last: int, expected: Iterator[_Number], told: Callable[[int], None]
    ) -> None:
        """Go through what is there and what should be, both by row number."""
        at, before = len(self._guard.physical), first - 1
        following = next(expected, None)
        for row in self._shown(first, last):
            rid = _number(row[at])
            if rid <= before:
                self.seen.note(rid, "doubled")
                continue
            before = rid
            while following is not None and following[0] < rid:
                self._missing(following[0])
                following = next(expected, None)
            held = NEVER
            if following is not None and following[0] == rid:
                held = following[1]
                following = next(expected, None)
            self._judge(rid, self._verified(row), held)
            self.seen.rows += 1
            if self.seen.rows % AT_ONCE == 0:
                told(self.seen.rows)
        while following is not None:
            self._missing(following[0])
            following = next(expected, None)

    # THREAT T722: a row that is known and not there is named
    def _missing(self, rid: int) -> None:
        if self._guard.proves_all:
            self.seen.note(rid, "missing")

    def _judge(self, rid: int, shown: _Number | None, held: int) -> None:
        if shown is None:
            self.seen.note(rid, "changed")
        elif shown[1] != held:
            known = held or self._versions.version(self._guard.place, rid)
            what = "deleted" if known == DELETED else "invented" if known == NEVER else "replayed"
            self.seen.note(rid, what)


def _number(cell: bytes | None) -> int:
    return _big.unpack(cell)[0] if cell is not None and len(cell) == _big.size else -1
