"""A document as the logs of a collection have it: which edits count, and the replica they make.

- Of each author, edits are taken in the order of its log, each number once; so what counts is the
  same on all devices that have the same entries.
- Edits of a removed device count as far as it was known when it was removed. The rest, and what was
  made on it, is a suggestion.

Source: docs/spec/48-documents.md sections 9 and 11.
"""

from collections.abc import Iterable, Sequence

from sealhold.model.errors import TamperedError
from sealhold.sharing.devices.documentbook import Stand, ToldEdits
from sealhold.sharing.devices.documents import Document
from sealhold.sharing.devices.docverdicts import Judged, Name, Verdict, judged
from sealhold.sharing.devices.docversions import Version

READER = 0  # edits nothing; the author of a replica that is being loaded


class Gathered:
    """The edits of one document: of each author those that follow each other, each number once.

    - Edits may be told again, and later than those that follow them: their numbers are the order.
    - Of two under one number the one that stands first in the log counts.
    """

    def __init__(self, base: Version) -> None:
        self.told: list[ToldEdits] = []  # what counts, each author's in order
        self.base = base
        self._ends = dict(base)
        self._first: dict[int, dict[int, ToldEdits]] = {}  # by author and number
        self._refused: list[ToldEdits] = []

    def add(self, came: Iterable[ToldEdits]) -> list[ToldEdits] | None:
        """Take in edits; return those that follow now, or None if what counted does no more."""
        is_same = True
        for each in came:
            entry = each.entry
            first = self._first.setdefault(entry.author, {})
            known = first.get(entry.start)
            if entry.end <= self.base.get(entry.author, 0):
                continue
            if known is None:
                first[entry.start] = each
            elif known.data != each.data:
                # THREAT T504: a number that is used twice counts once, the same one everywhere
                earlier, later = sorted((known, each), key=_order)
                first[entry.start] = earlier
                self._refused.append(later)
                is_same = is_same and earlier is known
        found = self._follow()
        return found if is_same else None

    def refused(self) -> list[str]:
        """Return why edits count for nobody."""
        counted = set(map(id, self.told))
        inside = [
            each
            for author, first in self._first.items()
            for start, each in first.items()
            if start < self._ends.get(author, 0) and id(each) not in counted
        ]
        return [
            f"edits from {each.entry.start} on under numbers that were used"
            for each in sorted([*self._refused, *inside], key=_order)
        ]

    def apart(self) -> int:
        """Return how many entries wait for earlier ones of their author."""
        return sum(
            start > self._ends.get(author, 0)
            for author, first in self._first.items()
            for start in first
        )

    def end(self, author: int) -> int:
        """Return the number after the last that an author told of."""
        ends = (each.entry.end for each in self._first.get(author, {}).values())
        return max([self.base.get(author, 0), *ends])

    def _follow(self) -> list[ToldEdits]:
        found: list[ToldEdits] = []
        for author, first in self._first.items():
            while (each := first.get(self._ends.get(author, 0))) is not None:
                self._ends[author] = each.entry.end
                found.append(each)
        self.told += found
        return found


class Loaded:
    """One document of a collection in memory."""

    def __init__(
        self,
        bases: Sequence[bytes],
        used: Version,
        verdict: Verdict,
        taken: frozenset[Name],
        left: frozenset[Name] = frozenset(),
    ) -> None:
        """Begin with what a lineage begins with.

        Args:
            bases: snapshots, or nothing: of the lineage that it goes on in, and of others.
            used: of each author, how many numbers were used, whether they are there or not.
            verdict: of each author that edits or edited, up to which number it counts.
            taken: names of suggestions that were taken.
            left: those that were left.
        """
        self._verdict = verdict
        self._taken, self._left = taken, left
        self._used = used
        self.document = Document(READER, bases[0])
        for each in bases[1:]:
            self.document.join(each)
        self.gathered = Gathered(self.document.version())
        self.judged = Judged((), (), ())
        self._held: list[ToldEdits] = []
        self._unfit: list[str] = []

    def take(self, came: Iterable[ToldEdits]) -> None:
        """Take in edits of all logs, once."""
        self.gathered.add(came)
        entries = [each.entry for each in self.gathered.told]
        self.judged = judged(entries, self._verdict, self._taken, self._left)
        counted = {(each.author, each.start) for each in self.judged.counted}
        held = [
            each for each in self.gathered.told if (each.entry.author, each.entry.start) in counted
        ]
        self._held = sorted(held, key=lambda each: (each.time, each.at.log))
        while self._held and self._step():
            pass

    def follow(self, came: Sequence[ToldEdits]) -> bool:
        """Take in edits that came since; return false if it has to be loaded anew."""
        if self._left or any(until is not None for until in self._verdict.values()):
            return False
        if any(each.entry.author not in self._verdict for each in came):
            return False
        new = self.gathered.add(came)
        if new is None:
            return False
        self._held += new
        while self._held and self._step():
            pass
        return True

    def refused(self) -> list[str]:
        """Return why edits count for nobody."""
        return [*self.gathered.refused(), *self._unfit]

    def edit_as(self, author: int) -> None:
        """Edit under this number, of this device, from now on."""
        self._verdict = {author: None, **self._verdict}
        self.document.edit_as(author)

    @property
    def waiting(self) -> int:
        """How many entries wait for others."""
        return len(self._held) + self.document.waiting + self.gathered.apart()

    def is_whole(self, author: int) -> bool:
        """Return whether all edits of an author are in the document, so that it goes on there."""
        used = max(self.gathered.end(author), self._used.get(author, 0))
        return used == self.document.version().get(author, 0)

    def _step(self) -> bool:
        """Take in what can be; return whether anything was."""
        left: list[ToldEdits] = []
        moved = False
        for each in self._held:
            try:
                outcome = self.document.take_in(each.entry.author, each.data)
            except TamperedError as err:
                self._unfit.append(str(err))
                continue
            self._unfit += [refused.why for refused in outcome.refused]
            if outcome.late:
                self._unfit.append("edits on a past that is not kept any more")
            elif outcome.gap and not outcome.kept:
                left.append(each)
            moved = moved or bool(outcome.taken)
        self._held = left
        return moved


def _order(each: ToldEdits) -> tuple[Stand, int, int, bytes]:
    return each.at, each.turn, each.entry.start, each.data
