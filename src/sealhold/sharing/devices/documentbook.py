"""Where edits of documents stand in the logs, and those that outlive the lineage they were made on.

- Edits are read when a document is; until then the place of each is known, and nothing more.
- Who erases a lineage may not have seen all edits on it. A device keeps its own with the step that
  drops the keys, and tells them again in the lineage that follows.

Source: docs/spec/48-documents.md section 11.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

from sealhold.crypto.digest import fingerprint
from sealhold.crypto.docauthor import author_of
from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain, pack
from sealhold.model.errors import InvalidEncodingError, NoEpochError, SealholdError, TamperedError
from sealhold.model.ids import ID_BYTES
from sealhold.sharing.devices.conflict import Version
from sealhold.sharing.devices.contents import Kind, seal_content
from sealhold.sharing.devices.doclineage import Lineage, open_edits, seal_edits, unpacked_lineage
from sealhold.sharing.devices.docops import Entry, unpacked
from sealhold.sharing.devices.keeping import EDITS, Keeping, KeptSecret, KeptSegment, Step
from sealhold.sharing.devices.keybag import NAME, KeyName, Keys, is_named_by, named_by
from sealhold.sharing.devices.logicaltime import LogicalTime
from sealhold.sharing.devices.oplog import MAX_SEQ, LogId, Told
from sealhold.sharing.devices.ops import DocOp, Operation, PutOp
from sealhold.sharing.devices.state import State


class _Own(Protocol):
    @property
    def log(self) -> LogId: ...


class _Opened(Protocol):
    @property
    def told(self) -> Told: ...


class Writing(Protocol):
    """What is needed here of a replica."""

    collection: bytes
    secret: Secret
    entropy: Entropy
    keeping: Keeping
    state: State
    segments: dict[bytes, KeptSegment]
    documents: "DocumentBook"

    @property
    def own(self) -> _Own:
        """Who writes here."""
        ...

    def open(self, log: LogId, seq: int, data: bytes) -> _Opened:
        """Return an entry, checked."""
        ...

    def write(self, ops: Iterable[Operation], keys: Keys, step: Step | None = None) -> None:
        """Write operations into the own log; durable on return."""
        ...


@dataclass(frozen=True, slots=True, order=True)
class Stand:
    """An entry of a log that tells edits of a lineage."""

    log: LogId
    seq: int


@dataclass(frozen=True, slots=True)
class ToldEdits:
    """An entry of a document as it was told: where, under which turn, and its bytes."""

    at: Stand
    time: LogicalTime
    turn: int
    entry: Entry
    data: bytes


@dataclass(slots=True)
class DocumentBook:
    """Where the edits of one collection's documents stand. For one thread."""

    stands: dict[bytes, list[Stand]] = field(default_factory=dict)  # by lineage
    turns: dict[LogId, int] = field(default_factory=dict)  # the greatest that was used
    seen: dict[bytes, dict[LogId, int]] = field(default_factory=dict)  # by device: of each log

    def took(self, log: LogId, seq: int, told: Told) -> None:
        """Note what an entry tells of documents, and what its writer had."""
        had = self.seen.setdefault(log.device, {})
        had[log] = seq
        for other, head in told.heads:
            had[other] = max(head.seq, had.get(other, 0))
        for op in told.ops:
            if isinstance(op, DocOp):
                self.turns[log] = max(op.turn, self.turns.get(log, 0))
                stands = self.stands.setdefault(op.lineage, [])
                if not stands or stands[-1] != Stand(log, seq):
                    stands.append(Stand(log, seq))


def lineages_of(state: State, thing: bytes, *, every: bool = False) -> list[Lineage]:
    """Return the lineages of a document, the one that it goes on in first.

    Args:
        state: of the collection.
        thing: the document.
        every: also those that are erased.
    """
    standing = state.versions.standing(thing)
    shown = b"" if standing.shown is None else standing.shown.id
    versions = sorted(state.versions.of(thing), key=lambda each: (each.id == shown, each.order))
    found = (_lineage(state, each.id) for each in reversed(versions))
    kept = (each for each in found if each and (every or each.id not in state.erased))
    return list({each.id: each for each in kept}.values())


def edits_key(replica: Writing, lineage: bytes) -> Secret | None:
    """Return the key under which the edits of a lineage are sealed, if it is here."""
    name = KeyName(lineage, NAME)
    told = replica.state.keys.get(name)
    if told is None:
        return None
    others = (each.keys[name] for each in replica.segments.values() if name in each.keys)
    # THREAT T561: the id of a lineage follows from its key: another key that somebody tells under
    # its name is none, whichever is told first
    return next((key for key in chain([told], others) if is_named_by(name, key)), None)


def has_keys(replica: Writing, lineage: bytes) -> bool:
    """Return whether edits of a lineage can be read here."""
    return edits_key(replica, lineage) is not None


def document_of(state: State, lineage: bytes) -> bytes | None:
    """Return the document that ever went on in a lineage, if one is known."""
    for thing in state.versions.objects():
        for version in state.versions.of(thing):
            found = _lineage(state, version.id)
            if found is not None and found.id == lineage:
                return thing
    return None


def edits_at(replica: Writing, lineage: bytes, at: Stand) -> Iterator[ToldEdits]:
    """Yield the edits of a lineage that an entry of a log tells; what is none is left out.

    Raises:
        TamperedError: the entry is not what was kept.
    """
    key = edits_key(replica, lineage)
    kept = replica.keeping.entry(replica.collection, at.log, at.seq)
    if kept is None or key is None:
        raise TamperedError("edits of a document that are not here any more")
    told = replica.open(at.log, at.seq, kept.data).told
    for op in told.ops:
        if isinstance(op, DocOp) and op.lineage == lineage:
            try:
                data = open_edits(op.sealed, replica.collection, lineage, key)
                entry = unpacked(data)
            except SealholdError:
                continue  # sealed for another document, or none: the same everywhere
            # THREAT T504, T561: a log tells edits under its own numbers alone
            if entry.author == author_in(replica, at.log, op.turn):
                yield ToldEdits(at, told.time, op.turn, entry, data)


def author_in(replica: Writing, log: LogId, turn: int) -> int:
    """Return under which number a log edits documents of a collection."""
    return author_of(replica.secret, log.device, log.incarnation, turn)


def rescued(replica: Writing, erased: set[bytes]) -> list[KeptSecret]:
    """Return the own edits on lineages that are about to be erased, to be told again."""
    found: list[KeptSecret] = []
    for lineage in sorted(erased & replica.documents.stands.keys()):
        if not has_keys(replica, lineage):
            continue
        for at in replica.documents.stands[lineage]:
            if at.log == replica.own.log:
                for each in edits_at(replica, lineage, at):
                    told: Plain = [lineage, each.turn, each.data]
                    found.append(KeptSecret(EDITS, fingerprint(pack(told))[:ID_BYTES], told))
    return found


def tell_again(replica: Writing) -> None:
    """Tell own edits of erased lineages in the lineage that follows, as far as it lacks them."""
    step, found = Step(), list[tuple[int, int, DocOp]]()
    for kept in replica.keeping.secrets(replica.collection):
        if kept.kind != EDITS:
            continue
        old, turn, data = _kept(kept.told)
        thing = document_of(replica.state, old)
        if thing is not None:
            following = lineages_of(replica.state, thing)
            key = edits_key(replica, following[0].id) if following else None
            if key is None:
                continue  # not here yet
            lineage, entry = following[0], unpacked(data)
            if entry.end > lineage.version.get(entry.author, 0):
                sealed = seal_edits(data, replica.collection, lineage.id, key, replica.entropy)
                found.append((turn, entry.start, DocOp(lineage.id, turn, sealed)))
        step.gone_secrets.append((EDITS, kept.id))
    if found:
        ops = [op for _, _, op in sorted(found, key=lambda each: each[:2])]
        with suppress(NoEpochError):  # they wait here until there is one
            replica.write(ops, {}, step)
    elif step.gone_secrets:
        replica.keeping.save(replica.collection, step)


def revive(replica: Writing) -> int:
    """Have documents stand again that were deleted by who had not seen own edits; return how many.

    A delete never hides what it did not know of.
    """
    state, own = replica.state, replica.own.log
    ops, keys = list[PutOp](), dict[KeyName, Secret]()
    for thing in state.versions.objects():
        standing = state.versions.standing(thing)
        if not standing.is_deleted:
            continue
        stands = [
            at.seq
            for lineage in lineages_of(state, thing)
            for at in replica.documents.stands.get(lineage.id, ())
            if at.log == own
        ]
        # THREAT T472: the delete of a document does not hide edits that came beside it
        if not stands or any(_had(replica, each) >= max(stands) for each in standing.deletes):
            continue
        followed = {parent for each in standing.deletes for parent in each.parents}
        parents = sorted(each for each in followed if _lineage(state, each) is not None)
        if not parents:
            continue
        key = new_key(replica.entropy, "version key")
        version = named_by(key)
        keys[KeyName(thing, version)] = key
        content = state.content(parents[-1])
        sealed = seal_content(content, replica.collection, thing, version, key)
        ops.append(PutOp(thing, version, tuple(parents), sealed))
    if ops:
        replica.write(ops, keys)
    return len(ops)


def _had(replica: Writing, delete: Version) -> int:
    """Return up to which own entry the writer of a delete had seen when it wrote that."""
    own, had = replica.own.log, 0
    if delete.device == own.device:
        return MAX_SEQ
    for kept in replica.keeping.entries(replica.collection):
        if kept.log.device != delete.device:
            continue
        told = replica.open(kept.log, kept.seq, kept.data).told
        had = max([had, *(head.seq for log, head in told.heads if log == own)])
        if any(isinstance(op, PutOp) and op.version == delete.id for op in told.ops):
            return had
    return had


def _kept(told: Plain) -> tuple[bytes, int, bytes]:
    match told:
        case [bytes(lineage), int(turn), bytes(data)]:
            return lineage, turn, data
        case _:
            raise TamperedError("what was kept of edits is not what was written")


def _lineage(state: State, version: bytes) -> Lineage | None:
    if version not in state:
        return None
    content = state.content(version)
    if content.kind is not Kind.DOCUMENT:
        return None
    try:
        return unpacked_lineage(content.inline or b"")
    except InvalidEncodingError:
        return None
