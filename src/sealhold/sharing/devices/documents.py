"""A document that several devices and people edit at once, and that comes out the same at all.

- An entry is taken in by making its operations where its author made them: after exactly what
  the author had seen. What does not fit there fits nowhere, on any replica.
- Only the author's own units, from its last number on; a second span under one number is refused.
- An entry that came before its time waits, within bounds; what is missing is told.
- No clock, no keys, no store: whoever calls seals entries, keeps them, and knows who wrote each.

Source: docs/spec/48-documents.md.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from sealhold.crypto.digest import fingerprint
from sealhold.model.errors import InvalidEditError, TamperedError
from sealhold.sharing.devices.docediting import TEXT, Editing
from sealhold.sharing.devices.docengine import Engine, EngineError
from sealhold.sharing.devices.docops import (
    MAX_COUNT,
    Change,
    Entry,
    Op,
    OpId,
    Place,
    Value,
    units,
    unpacked,
)
from sealhold.sharing.devices.docsnapshot import packed_snapshot, unpacked_snapshot
from sealhold.sharing.devices.docversions import Span, Version, missing, spans_of, within
from sealhold.sharing.devices.docwaiting import Waiting, gap_before

REMEMBERED = 4_096  # entries of one author that are told from others under the same number
SHADOWS = 8  # authors whose view is kept beside, of those who write at the same time


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that waited, and was none when its time came: to be quarantined."""

    author: int
    start: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an entry.

    `taken`: spans that are in the document now and were not, in the order in which they came in.
    `refused`: entries that waited for this one and are none.
    `gap`: what is missing before the entry can be taken in: to be asked for.
    `kept`: it waits; if not, and there is a gap, hand it in again when that is filled.
    `late`: it was made on a past that is not kept any more; its author is rebased.
    """

    taken: tuple[Span, ...] = ()
    refused: tuple[Refused, ...] = ()
    gap: tuple[Span, ...] = ()
    kept: bool = False
    late: bool = False


KNOWN = Outcome()  # it is there already


class Document(Editing):
    """One replica of a document, in memory."""

    def __init__(self, author: int, base: bytes = b"", entries: Iterable[bytes] = ()) -> None:
        """Load a document as it was kept.

        Args:
            author: the number of this incarnation of this device (`crypto/docauthor.py`).
            base: a snapshot of one's own (`snapshot`), or nothing.
            entries: what came since, one's own too, in any order.

        Raises:
            TamperedError: what was kept does not load, or does not fit together.
        """
        version, state = unpacked_snapshot(base)
        try:
            engine = Engine(state)
        except EngineError as err:
            raise TamperedError("a snapshot of a document does not load") from err
        super().__init__(author, engine)
        if self._ends != version:
            raise TamperedError("a snapshot of a document is of another version than it says")
        self._root = engine.root()
        self._seen: dict[int, OrderedDict[int, bytes]] = {}
        self._waiting = Waiting()
        self._shadows: OrderedDict[int, Engine] = OrderedDict()
        self._load(entries)

    def take_in(self, author: int, data: bytes) -> Outcome:
        """Take in an entry that is known to be by `author`.

        Raises:
            TamperedError: it is no entry, not by its author alone, or does not fit what it was
                made after; the document is as before. It stays so on every replica.
        """
        entry = unpacked(data)
        # THREAT T474: an author writes under its own number alone
        if entry.author != author:
            raise TamperedError("an entry under the number of another author")
        if author == self.author and entry.end > self._sent:
            raise TamperedError("an entry under this device's number that it did not write")
        return self._took(entry, data)

    def edit_as(self, author: int) -> None:
        """Edit under another number from now on; nothing was edited here that is not told."""
        self.close()
        self.author = author
        self._sent = self._ends.get(author, 0)

    def outgoing(self) -> list[bytes]:
        """Return the entries of what was edited here since the last call.

        Keep them before anybody else sees them: numbers of edits that were lost are used again.
        """
        entries = []
        for start, data in self._noted():
            self._remember(self.author, start, data)
            entries.append(data)
        return entries

    @property
    def waiting(self) -> int:
        """How many entries wait for others."""
        return len(self._waiting)

    def snapshot(self, since: Version | None = None) -> bytes:
        """Return the document to be loaded from later.

        Args:
            since: a version that every living device has acknowledged (`agreed`): what was
                deleted before is not in it, and what is made on an older past fits no more.

        Raises:
            InvalidEditError: `since` is not within this document.
        """
        self.close()
        if since is not None and not within(since, self._ends):
            raise InvalidEditError("a version that this document does not have")
        try:
            blob = self._engine.snapshot(since)
        except EngineError as err:
            raise InvalidEditError("a version before the past that is kept") from err
        return packed_snapshot(self.version(), blob)

    def content_at(self, version: Version) -> dict[str, Value]:
        """Return what the document held at `version`.

        Raises:
            InvalidEditError: that is not a version of it, or its past is not kept.
        """
        self.close()
        try:
            return self._engine.at(version).content()
        except EngineError as err:
            raise InvalidEditError("not a version of this document") from err

    def units_at(self, at: int, length: int, place: Place = TEXT) -> tuple[Span, ...]:
        """Return which units inserted `length` code points of a text.

        Raises:
            InvalidEditError: they are not there.
        """
        try:
            found = [self._engine.unit_at(place, at + each) for each in range(length)]
        except EngineError as err:
            raise InvalidEditError("no text there") from err
        if None in found:
            raise InvalidEditError("beyond the end of a text")
        return spans_of(each for each in found if each is not None)

    def written_by(self, place: Place = TEXT) -> list[tuple[int, int]]:
        """Return who wrote a text: author and code points of each stretch, in order.

        Raises:
            InvalidEditError: no text at `place`.
        """
        try:
            runs = groupby(self._engine.authors(place))
            return [(author, sum(1 for _ in run)) for author, run in runs]
        except EngineError as err:
            raise InvalidEditError("no text there") from err

    def gone_by(self) -> tuple[Span, ...]:
        """Return the units whose text was deleted, or whose value under a key gave way.

        Raises:
            InvalidEditError: the past is not all kept.
        """
        self.close()
        try:
            return spans_of(self._engine.gone_by())
        except EngineError as err:
            raise InvalidEditError("the past of this document is not all kept") from err

    def erased(self, spans: Iterable[Span]) -> bytes:
        """Return a snapshot with which a new lineage begins: what `spans` inserted is not in it.

        Seal it under a new key, and destroy the old one with all that it sealed.

        Raises:
            InvalidEditError: the past is not all kept.
        """
        self.close()
        ends: dict[int, list[tuple[int, int]]] = {}
        for author, first, end in spans:
            ends.setdefault(author, []).append((first, end))
        table = {author: sorted(each) for author, each in ends.items()}
        try:
            engine = self._engine.redacted(lambda who, count: _holds(table.get(who, []), count))
            return packed_snapshot(engine.version(), engine.snapshot())
        except EngineError as err:
            raise InvalidEditError("the past of this document is not all kept") from err

    def _load(self, entries: Iterable[bytes]) -> None:
        held = [(each, unpacked(each)) for each in entries]
        held.sort(key=lambda each: each[1].start)
        for data, entry in held:
            if self._took(entry, data).refused:
                raise TamperedError("an entry that was kept does not fit the others")
        if self._waiting:
            raise TamperedError("entries that were kept have a gap before them")
        self._sent = self._ends.get(self.author, 0)

    def _took(self, entry: Entry, data: bytes) -> Outcome:
        if entry.start < self._ends.get(entry.author, 0):
            self._compare(entry, data)
            return KNOWN
        self.close()
        if gap := gap_before(entry, self._ends):
            return Outcome(gap=gap, kept=self._waiting.hold(entry, data, gap))
        if not self._made(entry, data):
            return Outcome(late=True)
        return self._freed([(entry.author, entry.start, entry.end)])

    def _compare(self, entry: Entry, data: bytes) -> None:
        """See that an entry whose numbers are used is the one that used them.

        Raises:
            TamperedError: it is another.
        """
        seen = self._seen.get(entry.author, OrderedDict()).get(entry.start)
        # THREAT T474: two different spans under one number would make replicas differ unseen
        if entry.end > self._ends.get(entry.author, 0):
            raise TamperedError("an entry that begins before the end of its author")
        if seen is None and self._remembers(entry):
            raise TamperedError("an entry across others of its author")
        if seen is not None and seen != fingerprint(data):
            raise TamperedError("another entry under a number that was used")

    def _remembers(self, entry: Entry) -> bool:
        """Return whether this stretch of the author came in entries that are remembered."""
        seen = self._seen.get(entry.author)
        return seen is not None and next(iter(seen)) <= entry.start

    def _freed(self, taken: list[Span]) -> Outcome:
        """Take in what waited, as far as it can be now."""
        refused: list[Refused] = []
        late = False
        came = [self.author, *(author for author, _, _ in taken)]
        while came:
            author = came.pop()
            for entry, data in self._waiting.freed(author, self._ends.get(author, 0)):
                try:
                    if entry.start < self._ends.get(entry.author, 0):
                        self._compare(entry, data)
                    elif self._made(entry, data):
                        taken.append((entry.author, entry.start, entry.end))
                        came.append(entry.author)
                    else:
                        late = True
                except TamperedError as err:
                    refused.append(Refused(entry.author, entry.start, str(err)))
        return Outcome(taken=tuple(taken), refused=tuple(refused), late=late)

    def _made(self, entry: Entry, data: bytes) -> bool:
        """Make an entry's operations; return False if the past they were made on is not kept.

        Raises:
            TamperedError: they do not fit there; the document is as before.
        """
        first = entry.changes[0]
        if len(entry.changes) == 1 and _made_after(first, entry.author, entry.start) == self._heads:
            self._make_here(entry, first.ops)
        elif not self._make_beside(entry):
            return False
        self._remember(entry.author, entry.start, data)
        return True

    def _remember(self, author: int, start: int, data: bytes) -> None:
        seen = self._seen.setdefault(author, OrderedDict())
        seen[start] = fingerprint(data)
        if len(seen) > REMEMBERED:
            seen.popitem(last=False)

    def _make_here(self, entry: Entry, ops: Sequence[Op]) -> None:
        """Make operations whose author had seen just what is here.

        Raises:
            TamperedError: they do not fit.
        """
        before = self.version()
        try:
            self._engine.apply(entry.author, ops)
            fits = self._engine.count(entry.author) == entry.end
        except EngineError:
            fits = False
        if not fits:
            self._replace(self._engine.at(before))
            raise TamperedError("operations that do not fit what they were made after")
        self._ends[entry.author] = entry.end
        self._heads = (OpId(entry.author, entry.end - 1),)

    def _make_beside(self, entry: Entry) -> bool:
        """Make operations in a replica that has what their author had seen, and take them over.

        Raises:
            TamperedError: they do not fit.
        """
        try:
            shadow = self._shadow(entry)
            if shadow is None:
                return False
            number = entry.start
            for change in entry.changes:
                number = self._make_in(shadow, entry, change, number)
            self._engine.take(shadow.moved([(entry.author, entry.start, entry.end)]))
        except EngineError as err:
            self._shadows.pop(entry.author, None)
            raise TamperedError("operations that do not fit what they were made after") from err
        self._ends[entry.author] = entry.end
        self._heads = self._engine.heads()
        return True

    def _shadow(self, entry: Entry) -> Engine | None:
        """Return a replica that has no more than the author of `entry` had seen at its start.

        Raises:
            EngineError: what it was made after is no version.
        """
        after = _made_after(entry.changes[0], entry.author, entry.start)
        if any(who == entry.author and number >= entry.start for who, number in after):
            raise EngineError("a change after itself")
        past = self._engine.past_of(after)
        if past is None or not within(self._root, past):
            return None
        shadow = self._shadows.get(entry.author)
        if shadow is None or not within(shadow.version(), past):
            shadow = self._engine.at(past)
        self._shadows[entry.author] = shadow
        self._shadows.move_to_end(entry.author)
        if len(self._shadows) > SHADOWS:
            self._shadows.popitem(last=False)
        return shadow

    def _make_in(self, shadow: Engine, entry: Entry, change: Change, number: int) -> int:
        """Make one change in `shadow`; return the number that follows it.

        Raises:
            EngineError: it does not fit what it was made after, or that is no version.
        """
        after = _made_after(change, entry.author, number)
        here = [each for each in after if each.author != entry.author or each.number < entry.start]
        past = self._engine.past_of(here)
        if past is None:
            raise EngineError("a change after what is not kept")
        if spans := missing(shadow.version(), past):
            shadow.take(self._engine.moved(spans))
        if shadow.heads() != after or shadow.count(entry.author) != number:
            raise EngineError("a change after what is no version")
        shadow.apply(entry.author, change.ops)
        number += sum(map(units, change.ops))
        if shadow.count(entry.author) != number:
            raise EngineError("operations that change nothing")
        return number


def _made_after(change: Change, author: int, count: int) -> tuple[OpId, ...]:
    if change.after or not count:
        return change.after
    return (OpId(author, count - 1),)


def _holds(stretches: list[tuple[int, int]], count: int) -> bool:
    place = bisect_right(stretches, (count, MAX_COUNT)) - 1
    return place >= 0 and count < stretches[place][1]
