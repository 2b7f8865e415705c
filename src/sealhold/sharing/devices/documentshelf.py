"""The documents of a collection that are open: loaded late, and followed as entries come.

- What is loaded follows from what is durable; a membership log that judges otherwise, another
  lineage or a decision about a suggestion has a document loaded anew.
- A device edits under the number of its log. Where edits under that do not all count, it goes on
  under the next.

Source: docs/spec/48-documents.md section 11.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sealhold.model.errors import ExhaustedError, NotFoundError, TamperedError
from sealhold.sharing.devices.bodies import Bodies
from sealhold.sharing.devices.contents import Kind
from sealhold.sharing.devices.doclineage import Base, Lineage, merged, unpacked_base
from sealhold.sharing.devices.docops import Entry
from sealhold.sharing.devices.documentbook import (
    ToldEdits,
    author_in,
    edits_at,
    has_keys,
    lineages_of,
)
from sealhold.sharing.devices.documentload import Loaded
from sealhold.sharing.devices.docverdicts import Name, Verdict
from sealhold.sharing.devices.docversions import Span, joined
from sealhold.sharing.devices.oplog import LogId
from sealhold.sharing.devices.ops import MAX_TURN, PutOp
from sealhold.sharing.devices.replica import Replica
from sealhold.sharing.devices.state import State

DECIDED = "suggestion"  # kind of the notes that tell what became of a suggestion


@dataclass(slots=True)
class OpenDocument:
    """A document that is loaded.

    `lineages`: those it has, that it goes on in first.
    `gone`: what was erased in any of them.
    `read`: of each lineage, how many places of the book were read.
    `turn`: under which number of its log this device edits it.
    """

    state: State
    lineages: list[Lineage]
    decided: dict[Name, bool]
    base: Base
    gone: tuple[Span, ...]
    read: dict[bytes, int]
    loaded: Loaded
    turn: int = 0

    @property
    def lineage(self) -> bytes:
        """Where it goes on."""
        return self.lineages[0].id


class DocumentShelf:
    """The documents of one collection that are open. For one thread."""

    def __init__(self, replica: Replica, bodies: Bodies, *, takes_states: bool = True) -> None:
        """Begin; `takes_states`: whether a state that another device made is loaded."""
        self._replica = replica
        self._bodies = bodies
        self._takes_states = takes_states
        self._open: dict[bytes, OpenDocument] = {}

    def open(self, thing: bytes) -> OpenDocument:
        """Return a document as it is now.

        Raises:
            NotFoundError: there is no such document.
            CarrierAwayError: what it begins with is not here, and no carrier that has it answers.
            TamperedError: what it begins with is not what was written.
            ExhaustedError: no number is left under which this device could edit it.
        """
        found = self._open.get(thing)
        if found is None or not self._follows(thing, found):
            found = self._open[thing] = self._load(thing)
            self._number(found)
        return found

    def close(self, thing: bytes) -> None:
        """Forget a document; it is loaded again from what is durable."""
        self._open.pop(thing, None)

    def base(self, lineage: bytes) -> Base:
        """Return what a lineage begins with.

        Raises:
            NotFoundError: that is not known here, or erased.
            TamperedError: a state that another person's device made.
        """
        state = self._replica.state
        for version in sorted(state.versions.of(lineage), key=lambda each: each.order):
            content = state.content(version.id)
            # THREAT T561, T562: what others write there is no beginning of it
            if content.kind is not Kind.LINEAGE:
                continue
            base = unpacked_base(b"".join(self._bodies.read(content)))
            # THREAT T562: the engine reads no bytes that another person's engine made
            if base.snapshot and not self._takes_states:
                raise TamperedError("a document of another person that begins with a state")
            return base
        raise NotFoundError("a lineage that is not known here, or erased")

    def authors(self) -> dict[int, LogId]:
        """Return which log edits under which number."""
        replica = self._replica
        turns = replica.documents.turns
        return {
            author_in(replica, log, turn): log
            for log in [*replica.book.logs(), replica.own.log]
            for turn in range(turns.get(log, 0) + 2)
        }

    def decided(self, thing: bytes) -> dict[Name, bool]:
        """Return which suggestions were decided about, and whether each was taken."""
        found: dict[Name, bool] = {}
        for _, note in self._replica.state.notes(DECIDED):
            match note.told:
                case [bytes(of), int(author), int(start), bool(is_taken)] if of == thing:
                    found[author, start] = is_taken
                case _:
                    continue
        return found

    def acknowledged(self, found: OpenDocument, device: bytes) -> dict[int, int]:
        """Return the version that a device has, as its entries tell."""
        seen = self._replica.documents.seen.get(device, {})
        log, seq = self._began(found.lineage)
        ends = dict(found.lineages[0].version) if log and seen.get(log, 0) >= seq else {}
        for each in sorted(found.loaded.gathered.told, key=lambda each: (each.time, each.at)):
            entry = each.entry
            heads = [head for change in entry.changes for head in change.after]
            if (
                each.at.seq <= seen.get(each.at.log, 0)
                and entry.start == ends.get(entry.author, 0)
                and all(
                    number < ends.get(author, 0) or (author == entry.author and number < entry.end)
                    for author, number in heads
                )
            ):
                ends[entry.author] = entry.end
        return ends

    def _follows(self, thing: bytes, found: OpenDocument) -> bool:
        """Take in what came since; return false if the document has to be loaded anew."""
        state = self._replica.state
        if found.state is not state or found.lineages != lineages_of(state, thing):
            return False
        if found.decided != self.decided(thing):
            return False
        came = self._told(found.lineages, found.read)
        return not came or found.loaded.follow(came)

    def _load(self, thing: bytes) -> OpenDocument:
        state = self._replica.state
        lineages = lineages_of(state, thing)
        if not lineages or not has_keys(self._replica, lineages[0].id):
            raise NotFoundError("no such document here")
        here = [each.id for each in lineages if has_keys(self._replica, each.id)]
        base, *others = [self.base(each) for each in here]
        read: dict[bytes, int] = {}
        told = self._told(lineages, read)
        decided = self.decided(thing)
        taken, left = (
            frozenset(name for name, is_taken in decided.items() if is_taken is wanted)
            for wanted in (True, False)
        )
        loaded = Loaded(
            [base.snapshot, *(each.snapshot for each in others)],
            joined(*(each.version for each in lineages_of(state, thing, every=True))),
            self._verdict(told, lineages[0]),
            taken,
            left,
        )
        loaded.take(told)
        gone = merged(base.gone, *(each.gone for each in others))
        return OpenDocument(state, lineages, decided, base, gone, read, loaded)

    def _told(self, lineages: Iterable[Lineage], read: dict[bytes, int]) -> list[ToldEdits]:
        """Return the edits that were not read yet, each log's in its order."""
        replica = self._replica
        found: list[ToldEdits] = []
        for lineage in lineages:
            stands = replica.documents.stands.get(lineage.id, [])
            if not has_keys(replica, lineage.id):
                continue
            for at in stands[read.get(lineage.id, 0) :]:
                end = replica.frozen(at.log)
                # THREAT T504: of a log that was forked no branch counts
                if end is None or at.seq <= end:
                    found += edits_at(replica, lineage.id, at)
            read[lineage.id] = len(stands)
        return sorted(found, key=lambda each: (each.at, each.turn, each.entry.start, each.data))

    def _verdict(self, told: Iterable[ToldEdits], lineage: Lineage) -> Verdict:
        """Return up to which number each author counts: what was known when it was removed."""
        verdict: dict[int, int | None] = {}
        known: dict[int, dict[int, Entry]] = {}  # of removed devices: by author and number
        for each in told:
            author, cut = each.entry.author, self._replica.circle.cut(each.at.log)
            if cut is None:
                verdict[author] = None
                continue
            mine = known.setdefault(author, {})
            if each.at.seq <= cut:
                mine.setdefault(each.entry.start, each.entry)
        for author, mine in known.items():
            until = lineage.version.get(author, 0)
            # THREAT T505: what a removed device wrote later is a suggestion, also if it fills a gap
            # that it had left
            while (entry := mine.get(until)) is not None:
                until = entry.end
            verdict[author] = until
        return verdict

    def _number(self, found: OpenDocument) -> None:
        """Have this device edit a document under a number all of whose edits are in it.

        Raises:
            ExhaustedError: there is none left for its log.
        """
        replica, loaded = self._replica, found.loaded
        turn = replica.documents.turns.get(replica.own.log, 0)
        if not loaded.is_whole(author_in(replica, replica.own.log, turn)):
            turn += 1
        if turn > MAX_TURN:
            raise ExhaustedError("a device that edits under too many numbers")
        found.turn = turn
        loaded.edit_as(author_in(replica, replica.own.log, turn))

    def _began(self, lineage: bytes) -> tuple[LogId | None, int]:
        """Return which entry tells of a lineage first: log and number."""
        replica = self._replica
        writers = {version.device for version in replica.state.versions.of(lineage)}
        for kept in replica.keeping.entries(replica.collection):
            if kept.log.device in writers:
                told = replica.open(kept.log, kept.seq, kept.data).told
                if any(isinstance(op, PutOp) and op.object == lineage for op in told.ops):
                    return kept.log, kept.seq
        return None, 0
