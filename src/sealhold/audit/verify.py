"""Checking the whole log: every hash, seal and signature is recomputed, and each fault is named.

- The tree grows leaf by leaf and must meet the root of every checkpoint on the way, and every
  kept node. Numbers have no gap, time never goes back, each entry names the batch it came in.
- The index must name each entry that is about somebody, and no other.
- A checkpoint that somebody keeps elsewhere is held against the log: that, and only that, shows a
  log that was put back to an older state or signed anew.
- It streams: the memory it takes is a page of rows per table, however long the log is.
- After the first gap or root that does not fit, roots beyond it are not compared: they cannot fit.

Source: docs/spec/05-audit-log.md section 7.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sealhold.audit.checkpoint import open_checkpoint
from sealhold.audit.event import EventKind, decode, place
from sealhold.audit.log import read_head
from sealhold.audit.nodes import NodeWalk
from sealhold.audit.reading import Leaf, Line, leaf_of, open_leaf, rows
from sealhold.audit.spans import SpanWalk
from sealhold.audit.tables import (
    BLOCK,
    CHECKPOINT,
    LEAF,
    Openers,
    checkpoint_aad,
)
from sealhold.audit.tree import filled_nodes
from sealhold.crypto.digest import sha256
from sealhold.crypto.merkle import Frontier
from sealhold.crypto.note import Checkpoint, VerifierKey
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.model.errors import BadSignatureError, InvalidError, LockedError, TamperedError
from sealhold.model.quantities import Instant
from sealhold.stores.spec import MAX_PAGE, Found, ReadView

_OUTSIDE = "the checkpoint kept outside of the log"
MAX_FAULTS = 100  # a log with more is not read fault by fault

Progress = Callable[[int], None]
"""Told how many entries were read so far, once per page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a check of the log found."""

    faults: tuple[str, ...]  # a sentence each, naming the entry
    size: int
    root: bytes  # over the leaf hashes as they are kept
    erased: int  # entries that nobody can open any more, because their subject was erased

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


def verify_log(
    view: ReadView,
    openers: Openers,
    keys: Sequence[VerifierKey],
    newest: str | None,
    progress: Progress | None = None,
) -> Report:
    """Return what is wrong with the log that `view` shows.

    Args:
        view: one snapshot; the log must not grow meanwhile.
        openers: the keys of the log and its subjects.
        keys: the log's own public keys, the first one first; one that is only coming may be last.
        newest: the newest checkpoint note that is kept outside of the log, if one is.
        progress: told how far it is.

    Raises:
        LockedError: the log's own key is not at hand.
    """
    walk = _Walk(view, openers, keys)
    walk.expect(newest)
    for found in rows(view, LEAF.name):
        walk.enter(found)
        if progress is not None and walk.size % MAX_PAGE == 0:
            progress(walk.size)
    walk.end()
    if progress is not None:
        progress(walk.size)
    return walk.report()


class _Walk:
    """One pass over the log, from the first entry to the last."""

    def __init__(self, view: ReadView, openers: Openers, keys: Sequence[VerifierKey]) -> None:
        own = openers(NOBODY)
        if own is None:
            raise LockedError("the log's own key is not at hand")
        self._own: Sealer = own
        self._view, self._openers, self._keys = view, openers, keys
        self._reign = 0  # which of the keys signs, as the entries tell so far
        self._frontier = Frontier()
        self._nodes = NodeWalk(view, self._fault)
        self._spans = SpanWalk(view, own)
        self._faults: list[str] = []
        self._unnamed = 0
        self._erased = 0
        self._next = 0  # the number that the next entry must have
        self._at = Instant(0)
        self._batch = 0  # the size of the checkpoint that was passed last
        self._fits = True  # whether the tree can still meet the roots
        self._is_gapless = True  # else the index cannot fit either
        self._kept = self._checkpoints()
        self._ahead = next(self._kept, None)
        self._newest: Checkpoint | None = None
        self._outside = ""  # the note that it stands in

    @property
    def size(self) -> int:
        return self._frontier.size

    def expect(self, newest: str | None) -> None:
        """Hold the log against a checkpoint that is kept elsewhere."""
        if newest is None:
            return
        try:
            self._newest, self._outside = open_checkpoint(newest, self._keys), newest
        except (InvalidError, TamperedError) as err:
            self._fault(f"{_OUTSIDE}: {err}")

    def enter(self, found: Found) -> None:
        """Take the next entry."""
        try:
            leaf = leaf_of(found)
        except TamperedError as err:
            self._fault(f"entry {self._next}: {err}")
            return
        if leaf.seq != self._next:
            # THREAT T50: an entry that was taken out leaves its number behind.
            self._fault(f"entry {self._next}: missing, entry {leaf.seq} follows")
            self._fits = self._is_gapless = False
        self._next = leaf.seq + 1
        self._open(leaf)
        if self._is_gapless:
            for fault in self._spans.enter(leaf.subject):
                self._fault(fault)
        if self._fits:
            self._grow(leaf.hash)
        else:
            self._frontier.append(leaf.hash)
        while self._ahead is not None and self._ahead.size <= self._next:
            self._meet(self._ahead)
            self._ahead = next(self._kept, None)
        if self._newest is not None and self._newest.size == self._next:
            self._compare(self._newest, _OUTSIDE, 0)
            try:
                open_checkpoint(self._outside, self._in_force())
            except BadSignatureError as err:
                self._fault(f"{_OUTSIDE}: {err}")

    def end(self) -> None:
        """Compare what must fit once all entries are read."""
        while self._ahead is not None:
            # THREAT T51: a log that was cut leaves checkpoints of what it was.
            self._fault(f"checkpoint of {self._ahead.size} entries: the log has {self._next}")
            self._ahead = next(self._kept, None)
        if self._batch != self._next:
            self._fault(f"entries {self._batch} to {self._next - 1}: under no checkpoint")
        if self._newest is not None and self._newest.size > self._next:
            # THREAT T51: what was signed once and is kept elsewhere outlives every copy put back.
            self._fault(
                f"the log has {self._next} entries, but a checkpoint of {self._newest.size} was"
                " signed: it was put back to an older state, or cut"
            )
        self._end_head()
        if self._fits:
            self._nodes.end()
        if self._is_gapless:
            for fault in self._spans.end():
                self._fault(fault)

    def report(self) -> Report:
        """Return what was found."""
        more = (f"and {self._unnamed} more faults",) if self._unnamed else ()
        return Report(
            faults=(*self._faults, *more),
            size=self._next,
            root=self._frontier.root(),
            erased=self._erased,
        )

    def _open(self, leaf: Leaf) -> None:
        try:
            line = open_leaf(leaf, self._openers)
            if not line.event:
                self._erased += 1
                return
            seq, at, before, kind = place(line.event)
        except (InvalidError, TamperedError) as err:
            self._fault(f"entry {leaf.seq}: {err}")
            return
        if seq != leaf.seq:
            self._fault(f"entry {leaf.seq}: was written as entry {seq}")
        if at < self._at:
            self._fault(f"entry {leaf.seq}: earlier than the entry before")
        self._at = at
        if before != self._batch:
            self._fault(f"entry {leaf.seq}: the checkpoint of {before} entries is missing")
            self._batch = before
        if kind == EventKind.LOG_KEY:
            self._succeed(line)

    def _succeed(self, line: Line) -> None:
        coming = self._keys[self._reign + 1 : self._reign + 2]
        named = (line.leaf.subject, decode(line.event).event.digest)
        # THREAT T357: a key comes into force where the log says so, and nowhere else
        if [(NOBODY, sha256(key.public)) for key in coming] != [named]:
            fault = "names a key that is none of this log's, or not the next"
            self._fault(f"entry {line.leaf.seq}: {fault}")
        else:
            self._reign += 1

    def _in_force(self) -> tuple[VerifierKey, ...]:
        return (self._keys[self._reign],)

    def _grow(self, leaf: bytes) -> None:
        if self._frontier.size % BLOCK == BLOCK - 1:
            for node in filled_nodes(self._frontier, leaf):
                self._nodes.meet(node)
        self._frontier.append(leaf)

    def _meet(self, kept: "_Kept") -> None:
        try:
            # THREAT T52: a checkpoint counts only under the log's own signature.
            note = self._own.open(kept.sealed, checkpoint_aad(kept.size)).decode()
            # THREAT T358: of a key that was succeeded none counts behind its successor's entry
            signed = open_checkpoint(note, self._in_force())
        except (InvalidError, TamperedError, UnicodeDecodeError) as err:
            self._fault(f"checkpoint of {kept.size} entries: {err}")
        else:
            if signed.size != kept.size:
                self._fault(f"checkpoint of {kept.size} entries: signed for {signed.size}")
            elif signed.size == self._next:
                self._compare(signed, f"checkpoint of {kept.size} entries", self._batch)
        self._batch = kept.size

    def _compare(self, signed: Checkpoint, what: str, first: int) -> None:
        if self._fits and signed.root != self._frontier.root():
            # THREAT T50: entries that were exchanged, edited or put in lead to another root.
            self._fault(f"{what}: entries {first} to {self._next - 1} lead to another root")
            self._fits = False

    def _end_head(self) -> None:
        try:
            head = read_head(self._view, self._own, self._in_force())
        except (InvalidError, TamperedError) as err:
            self._fault(f"head of the log: {err}")
            return
        if self._fits and head.frontier.root() != self._frontier.root():
            self._fault("head of the log: of another root")

    def _checkpoints(self) -> Iterator["_Kept"]:
        for found in rows(self._view, CHECKPOINT.name):
            match found.row:
                case (int() as size, bytes() as sealed):
                    yield _Kept(size, sealed)
                case _:
                    self._fault("a row of `checkpoint` has another form")

    def _fault(self, sentence: str) -> None:
        if len(self._faults) < MAX_FAULTS:
            self._faults.append(sentence)
        else:
            self._unnamed += 1


@dataclass(frozen=True, slots=True)
class _Kept:
    """A checkpoint as it is kept, unchecked."""

    size: int
    sealed: bytes
