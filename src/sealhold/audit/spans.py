"""The index of the log by subject: which entries are about one person, without a walk over all.

- A *span* lists 256 entries that follow each other, by the first bytes of their subject; 64 spans
  become one *wide* span in 64 parts, of which a reader opens one. So the rows are few, each is
  written once and in order, and nobody's uses are gathered in a place of their own.
- What it says follows from the entries alone: 8 bytes of the tag that stands beside each entry
  anyway. It is sealed under the log's own key, so a store can neither read nor bend it.
- A row of it that is gone, or an entry that it names and that is gone, is an error for whoever
  reads: nothing is passed over. `SpanWalk` compares all of it with the log.
- Entries about no person are not in it.

Source: docs/spec/05-audit-log.md section 3.
"""

import struct
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import NamedTuple, TypeVar

from sealhold.audit.reading import Leaf, leaf_of, rows
from sealhold.audit.tables import LEAF, SPAN, SPANS, span_aad
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.model.clock import Entropy
from sealhold.model.errors import SealBrokenError, TamperedError
from sealhold.model.ids import Id16
from sealhold.stores.spec import Delete, Expect, Found, Key, Op, Put, ReadView

IN_WIDE = 64  # spans in a wide one; a part of it is about as long as a span
WIDE = SPAN * IN_WIDE  # 16,384 entries: a reader of a million opens 61 parts and 63 spans at most
PARTS = 64  # of a wide span, by the first six bits of the subject
KNOWN = 8  # bytes of a subject in a line; two subjects with the same ones cost a look, no more
LINE = KNOWN + 2  # bytes: the subject, and the entry's place in its wide span
AT_ONCE = 64  # rows that are read together

Item = TypeVar("Item")

_place = struct.Struct(">H").pack
_place_of = struct.Struct(">H").unpack_from


class Place(NamedTuple):
    """A row of the index."""

    level: int  # 0: a span; 1: a part of a wide one
    number: int  # counts spans, or wide spans, from 0
    part: int  # 0 of a span

    @property
    def first(self) -> int:
        """The first entry that it may name."""
        return self.number * (WIDE if self.level else SPAN)

    def lines(self, found: Found | None, sealer: Sealer) -> bytes:
        """Return what the row of this place says.

        Raises:
            TamperedError: it is gone, or not as it was written.
        """
        # THREAT T334: who takes a row out of the index hides no use: its reader is told
        match found.row if found else ():
            case (*_, bytes() as sealed):
                try:
                    lines = sealer.open(sealed, span_aad(*self))
                except SealBrokenError as err:
                    raise TamperedError(f"{self.name}: not as it was written") from err
            case _:
                raise TamperedError(f"{self.name}: missing")
        return lines

    @property
    def name(self) -> str:
        """What it is called in a fault."""
        length = WIDE if self.level else SPAN
        return f"index of entries {self.first} to {self.first + length - 1}"


@dataclass(frozen=True, slots=True)
class Spans:
    """What the index is to say of the entries since the last wide span."""

    full: tuple[bytes, ...] = ()  # the lines of each span
    tail: bytes = b""  # those of the entries since the last span

    def after(
        self, first: int, subjects: Sequence[Id16], sealer: Sealer, entropy: Entropy
    ) -> "tuple[Spans, list[Op]]":
        """Return it after entries about `subjects`, from number `first` on, and what it writes."""
        full, tail, ops = self.full, self.tail, list[Op]()
        at, end = first, first + len(subjects)
        while at < end:
            to = min(end, at - at % SPAN + SPAN)
            tail += _lines(at, subjects[at - first : to - first])
            at = to
            if at % SPAN:
                break
            full, tail = (*full, _in_order([tail])), b""
            if at % WIDE:
                place = Place(0, at // SPAN - 1, 0)
                ops.append(_put(place, full[-1], sealer, entropy))
            else:
                ops += _widened(at // WIDE - 1, full, sealer, entropy)
                full = ()
        return Spans(full, tail), _without_detours(ops)


NONE = Spans()  # of a log without entries


def load_spans(view: ReadView, sealer: Sealer, size: int) -> Spans:
    """Return what the index is to say of the newest entries of a log of `size`.

    Raises:
        TamperedError: a row of it is gone, or not as it was written.
    """
    places = [place for place in _places(size, 0) if not place.level]
    full = tuple(lines for _, lines in _opened(view, sealer, places))
    low = size - size % SPAN
    tail = [leaf_of(found).subject for found in rows(view, LEAF.name, (low,), (size,))]
    return Spans(full, _lines(low, tail))


def leaves_of(
    view: ReadView,
    sealer: Sealer,
    subject: Id16,
    size: int,
    before: int | None = None,
    *,
    newest_first: bool = False,
) -> Iterator[Leaf]:
    """Yield the entries about one subject below `before` (None: all), as they are kept.

    `view` shows one moment, at which the log has `size` entries; `sealer` is the log's own.

    Raises:
        TamperedError: the index or an entry that it names is gone, or not as it was written.
    """
    end = size if before is None else min(before, size)
    numbers = _numbers(view, sealer, subject, size, end, newest_first=newest_first)
    for some in _by(AT_ONCE, numbers):
        found = view.get(LEAF.name, [(seq,) for seq in some])
        for seq, row in zip(some, found, strict=True):
            # THREAT T334: an entry that the index names and nobody finds was taken out
            if row is None:
                raise TamperedError(f"entry {seq}: missing")
            leaf = leaf_of(row)
            if leaf.subject == subject:
                yield leaf
            elif leaf.subject[:KNOWN] != subject[:KNOWN]:
                raise TamperedError(f"entry {seq}: about somebody else than the index says")


def index_all(
    view: ReadView, sealer: Sealer, size: int, entropy: Entropy
) -> Iterator[tuple[int, list[Op]]]:
    """Yield what the whole index of a log writes, wide span by wide span, and how far it is."""
    spans, subjects = NONE, list[Id16]()
    for found in rows(view, LEAF.name, (), (size,)):
        subjects.append(leaf_of(found).subject)
        if len(subjects) == WIDE:
            end = found.row[0] + 1
            spans, ops = spans.after(end - WIDE, subjects, sealer, entropy)
            yield end, ops
            subjects = []
    yield size, spans.after(size - len(subjects), subjects, sealer, entropy)[1]


class SpanWalk:
    """Compares the index with the entries, which are entered in their order."""

    def __init__(self, view: ReadView, sealer: Sealer) -> None:
        self._view = view
        self._sealer = sealer
        self._first = 0
        self._subjects: list[Id16] = []

    def enter(self, subject: Id16) -> Iterable[str]:
        """Take the next entry; return what does not fit."""
        self._subjects.append(subject)
        return self._compared() if len(self._subjects) == WIDE else ()

    def end(self) -> Iterator[str]:
        """Yield what does not fit once all entries are there."""
        size = self._first + len(self._subjects)
        yield from self._compared()
        known = {tuple(place) for place in _places(size, 0) if not place.level}
        wide = size // WIDE
        for found in rows(self._view, SPANS.name):
            level, number, part = found.row[:3]
            is_part = level == 1 and 0 <= number < wide and 0 <= part < PARTS
            if not is_part and (level, number, part) not in known:
                yield f"index: row {level}/{number}/{part} is of no entries"

    def _compared(self) -> Iterator[str]:
        first, subjects = self._first, self._subjects
        self._first, self._subjects = first + len(subjects), []
        spans = [
            _in_order([_lines(at, subjects[at - first : at - first + SPAN])])
            for at in range(first, first + len(subjects) - SPAN + 1, SPAN)
        ]
        wanted = [(Place(0, first // SPAN + nth, 0), lines) for nth, lines in enumerate(spans)]
        if len(subjects) == WIDE:
            wanted = [
                (Place(1, first // WIDE, part), lines)
                for part, lines in enumerate(_parts(_in_order(spans)))
            ]
        for some in _by(AT_ONCE, wanted):
            found = self._view.get(SPANS.name, [tuple(place) for place, _ in some])
            for (place, lines), row in zip(some, found, strict=True):
                try:
                    if place.lines(row, self._sealer) != lines:
                        yield f"{place.name}: not that of its entries"
                except TamperedError as err:
                    yield str(err)


def _widened(number: int, full: Sequence[bytes], sealer: Sealer, entropy: Entropy) -> Iterator[Op]:
    """Yield what puts a wide span into the place of its spans."""
    for part, lines in enumerate(_parts(_in_order(full))):
        yield _put(Place(1, number, part), lines, sealer, entropy)
    for nth in range(IN_WIDE - 1):  # the last of them was never written
        yield Delete(SPANS.name, tuple(Place(0, number * IN_WIDE + nth, 0)))


def _put(place: Place, lines: bytes, sealer: Sealer, entropy: Entropy) -> Put:
    sealed = sealer.seal(lines, span_aad(*place), entropy)
    return Put(SPANS.name, (*place, sealed), Expect.ABSENT)


def _without_detours(ops: list[Op]) -> list[Op]:
    """Return `ops` without rows that are put and deleted again in the same batch."""
    gone = {op.key for op in ops if isinstance(op, Delete)}
    if not gone:
        return ops
    put = {op.row[:3] for op in ops if isinstance(op, Put)} & gone
    return [op for op in ops if (op.row[:3] if isinstance(op, Put) else _key(op)) not in put]


def _key(op: Op) -> Key:
    assert isinstance(op, Delete)  # noqa: S101  # reason: nothing else is made here
    return op.key


def _lines(first: int, subjects: Sequence[Id16]) -> bytes:
    numbered = enumerate(subjects, first % WIDE)
    return b"".join([each[:KNOWN] + _place(at) for at, each in numbered if each != NOBODY])


def _in_order(spans: Sequence[bytes]) -> bytes:
    """Return the lines of spans together, by subject, then by entry."""
    return b"".join(sorted(_each(b"".join(spans))))


def _each(lines: bytes) -> list[bytes]:
    return [lines[at : at + LINE] for at in range(0, len(lines), LINE)]


def _parts(lines: bytes) -> Iterator[bytes]:
    """Yield the parts of a wide span."""
    each = _each(lines)
    bounds = [bisect_left(each, bytes([part << 2])) for part in range(PARTS)]
    for low, high in pairwise([*bounds, len(each)]):
        yield b"".join(each[low:high])


def _places(size: int, part: int) -> list[Place]:
    """Return the rows that name the entries of one part of the subjects, the oldest first."""
    wide = size // WIDE
    spans = range(wide * IN_WIDE, size // SPAN)
    return [Place(1, number, part) for number in range(wide)] + [
        Place(0, number, 0) for number in spans
    ]


def _opened(
    view: ReadView, sealer: Sealer, places: Iterable[Place]
) -> Iterator[tuple[Place, bytes]]:
    for some in _by(AT_ONCE, places):
        found = view.get(SPANS.name, [tuple(place) for place in some])
        for place, row in zip(some, found, strict=True):
            yield place, place.lines(row, sealer)


def _numbers(
    view: ReadView, sealer: Sealer, subject: Id16, size: int, before: int, *, newest_first: bool
) -> Iterator[int]:
    """Yield the numbers of entries that may be about a subject, in their order or backwards."""
    places = [each for each in _places(size, subject[0] >> 2) if each.first < before]
    if not newest_first:
        yield from _in_lines(_opened(view, sealer, places), subject, before, step=1)
    low = size - size % SPAN
    tail = rows(view, LEAF.name, (low,), (before,)) if low < before else ()
    mine = [leaf_of(found).seq for found in tail if found.row[2] == subject]
    yield from reversed(mine) if newest_first else mine
    if newest_first:
        yield from _in_lines(_opened(view, sealer, reversed(places)), subject, before, step=-1)


def _in_lines(
    opened: Iterable[tuple[Place, bytes]], subject: Id16, before: int, *, step: int
) -> Iterator[int]:
    for place, lines in opened:
        base = place.first - place.first % WIDE
        found = [base + _place_of(lines, at + KNOWN)[0] for at in _at(lines, subject[:KNOWN])]
        yield from (seq for seq in found[::step] if seq < before)


def _at(lines: bytes, known: bytes) -> Iterator[int]:
    """Yield where the lines of a subject begin."""
    at = lines.find(known)
    while at >= 0:
        is_line = not at % LINE
        if is_line:
            yield at
        at = lines.find(known, at + (LINE if is_line else 1))


def _by(count: int, many: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield so many at a time."""
    left = iter(many)
    while some := [*islice(left, count)]:
        yield some
