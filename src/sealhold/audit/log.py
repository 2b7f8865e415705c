"""Appending to the log: what the vault's one writer puts into its own commit.

- `prepare` computes and changes nothing; `adopt` takes the new state once the commit succeeded.
  A commit that failed is never adopted, so the state in memory is always one that is on disk.
- The rows ride in the commit of what they tell of: either both are there or neither.
- The head row is put only over the version that was read, so a second writer fails whole.
- One checkpoint per batch, signed by the key in force after it. Another key comes into force with
  the entry that tells of it, in one commit.
- Time never goes back: a clock that does is held at the last entry's.

Source: docs/spec/05-audit-log.md section 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from sealhold.audit.checkpoint import open_checkpoint, sign_checkpoint
from sealhold.audit.event import Event, EventKind, encode
from sealhold.audit.spans import NONE, Spans, load_spans
from sealhold.audit.tables import (
    BLOCK,
    CHECKPOINT,
    HEAD,
    HEAD_NAME,
    LEAF,
    NODE,
    SALT_BYTES,
    checkpoint_aad,
    entry_hash,
    head_aad,
    leaf_aad,
)
from sealhold.audit.tree import filled_nodes
from sealhold.crypto.digest import sha256
from sealhold.crypto.entropy import at_once
from sealhold.crypto.merkle import Frontier
from sealhold.crypto.note import Checkpoint, VerifierKey
from sealhold.crypto.seal import NOBODY, NONCE_BYTES, Sealer
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.model.clock import Entropy
from sealhold.model.encoding import pack, unpack_own
from sealhold.model.errors import ConflictError, InvalidError, TamperedError
from sealhold.model.ids import ID_BYTES, Id16
from sealhold.model.quantities import Instant
from sealhold.stores.spec import Expect, Op, Put, ReadView


@dataclass(frozen=True, slots=True)
class Successor:
    """The key that signs for the log from the entry on that names it."""

    public: PublicKey
    signer: SigningKey | None  # None of one that was succeeded in the same batch


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An event, and the subject under whose key it is sealed: by default the log's own."""

    event: Event
    subject: Id16 = NOBODY
    sealer: Sealer | None = None  # the subject's event key; given if and only if `subject` is
    successor: Successor | None = None  # of the log's key, whose digest the event names


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the log stands after a batch."""

    frontier: Frontier  # read it, never append to it
    at: Instant  # of the newest entry
    batch: Id16  # random: tells whether a commit of unknown outcome took effect
    note: str  # the checkpoint; empty before the first batch
    version: int  # of the head's row; 0 before the first batch
    spans: Spans = NONE  # what the index is to say of the newest entries; only an appender has it

    @property
    def size(self) -> int:
        """How many entries the log has."""
        return self.frontier.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A batch that is ready to be committed, and what holds once it is."""

    ops: tuple[Op, ...]
    seqs: range  # of the entries, in their order
    hashes: tuple[bytes, ...]  # the entries' leaf hashes
    head: Head  # with the checkpoint that the batch ends with
    base: Head  # what it was prepared on
    keys: "Keys"  # from then on


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a log, the first one first: the last is in force, and signs."""

    line: tuple[VerifierKey, ...]
    signer: SigningKey

    @classmethod
    def first(cls, origin: str, signer: SigningKey) -> "Keys":
        """Return those of a log whose key never was another."""
        return cls((VerifierKey(origin, signer.public),), signer)

    @property
    def is_behind(self) -> bool:
        """Whether the log does not tell of the key that signs: its rows are older than its keys."""
        return self.line[-1].public != self.signer.public

    def after(self, entries: Sequence[Entry]) -> "Keys":
        """Return the keys after `entries`.

        Raises:
            InvalidError: an entry names another key than its own, or the log lacks one.
        """
        line, signer = self.line, self.signer
        for entry in entries:
            next_ = entry.successor
            # THREAT T357: no key signs for the log that the log does not tell of
            if (next_ is not None) is not (entry.event.kind is EventKind.LOG_KEY):
                raise InvalidError("a key of the log comes with the entry that tells of it")
            if next_ is not None:
                if entry.event.digest != sha256(next_.public) or entry.subject != NOBODY:
                    raise InvalidError("the entry names another key of the log")
                line = (*line, VerifierKey(line[0].name, next_.public))
                signer = next_.signer or signer
        found = self if line == self.line else Keys(line, signer)
        if found.is_behind:
            raise InvalidError("the log does not tell of the key that signs for it")
        return found


EMPTY = Head(frontier=Frontier(), at=Instant(0), batch=NOBODY, note="", version=0)


class Appender:
    """The end of one log. One thread uses it: the one that commits."""

    def __init__(self, keys: Keys, sealer: Sealer, head: Head = EMPTY) -> None:
        self._origin = keys.line[0].name
        self._sealer = sealer
        self._keys = keys
        self._known = keys.line
        self._head = head

    @property
    def head(self) -> Head:
        """Where the log stands."""
        return self._head

    @property
    def key(self) -> VerifierKey:
        """The key that others check this log's newest checkpoint by."""
        return self._keys.line[-1]

    @property
    def keys(self) -> Keys:
        """The keys of this log, as its newest batch knows them."""
        return self._keys

    @property
    def known(self) -> tuple[VerifierKey, ...]:
        """The keys of this log, the first one first; one that is just coming is the last.

        So they fit whatever view of the store is looked at meanwhile.
        """
        return self._known

    def prepare(self, entries: Sequence[Entry], now: Instant, entropy: Entropy) -> Prepared:
        """Return the rows that append `entries`; nothing here changes until `adopt`.

        Raises:
            InvalidError: no entry.
        """
        if not entries:
            raise InvalidError("a batch of the log has an entry")
        base, keys = self._head, self._keys.after(entries)
        self._known = keys.line
        at = max(now, base.at)  # INVARIANT: time in the log never goes back
        frontier = base.frontier.copy()
        first = seq = base.size
        entropy = at_once(entropy, (SALT_BYTES + NONCE_BYTES) * len(entries))
        hashes: list[bytes] = []
        ops: list[Op] = []
        for entry in entries:
            salt = entropy(SALT_BYTES)
            event = encode(entry.event, seq, at, first)
            hashed = entry_hash(salt, event)
            sealer = entry.sealer or self._sealer
            sealed = sealer.seal(salt + event, leaf_aad(entry.subject, seq), entropy)
            hashes.append(hashed)
            ops.append(Put(LEAF.name, (seq, hashed, entry.subject, sealed), Expect.ABSENT))
            if seq % BLOCK == BLOCK - 1:
                nodes = filled_nodes(frontier, hashed)
                ops += [Put(NODE.name, tuple(node), Expect.ABSENT) for node in nodes]
            frontier.append(hashed)
            seq += 1
        subjects = [entry.subject for entry in entries]
        spans, indexed = base.spans.after(first, subjects, self._sealer, entropy)
        head, closing = self._close(keys, frontier, spans, at, entropy)
        return Prepared(
            ops=(*ops, *indexed, *closing),
            seqs=range(first, seq),
            hashes=tuple(hashes),
            head=head,
            base=base,
            keys=keys,
        )

    def adopt(self, prepared: Prepared) -> None:
        """Go on from `prepared`, whose rows were committed.

        Raises:
            ConflictError: it was prepared on another state than this.
        """
        # THREAT T54: only what was committed moves the log on; a batch that failed stays behind.
        if prepared.base is not self._head:
            raise ConflictError("a batch that was prepared on another state of the log")
        self._head, self._keys = prepared.head, prepared.keys

    def _close(
        self, keys: Keys, frontier: Frontier, spans: Spans, at: Instant, entropy: Entropy
    ) -> tuple[Head, tuple[Op, ...]]:
        size, version, batch = frontier.size, self._head.version, Id16(entropy(ID_BYTES))
        checkpoint = Checkpoint(origin=self._origin, size=size, root=frontier.root())
        note = sign_checkpoint(checkpoint, keys.signer)
        kept = pack({1: at, 2: list(frontier.edge), 3: note})
        head = Head(
            frontier=frontier, at=at, batch=batch, note=note, version=version + 1, spans=spans
        )
        ops = (
            Put(
                CHECKPOINT.name,
                (size, self._sealer.seal(note.encode(), checkpoint_aad(size), entropy)),
                Expect.ABSENT,
            ),
            Put(
                HEAD.name,
                (HEAD_NAME, size, batch, self._sealer.seal(kept, head_aad(batch, size), entropy)),
                version or Expect.ABSENT,
            ),
        )
        return head, ops


def load(view: ReadView, keys: Keys, sealer: Sealer) -> Appender:
    """Return the end of the log that `view` shows; of an empty store, that of a new log.

    The head must be signed by the last of the keys that the log tells of.

    Raises:
        TamperedError: the head or the index is gone, altered, or not that of the rows before it.
    """
    head = read_head(view, sealer, keys.line[-1:])
    head = replace(head, spans=load_spans(view, sealer, head.size)) if head.size else head
    return Appender(keys, sealer, head)


def newest_batch(view: ReadView) -> Id16:
    """Return the id of the newest batch that took effect, unchecked; of none, that of nobody."""
    found = view.get(HEAD.name, [(HEAD_NAME,)])[0]
    return NOBODY if found is None else Id16(found.row[2])


def size_of(view: ReadView, known: int) -> int:
    """Return how many entries the log of `view` has, `known` or more, as its head's row says it.

    Raises:
        TamperedError: fewer.
    """
    found = view.get(HEAD.name, [(HEAD_NAME,)])[0]
    size = 0 if found is None else int(found.row[1])
    # THREAT T334: an older view of the log would hide the newest uses
    if size < known:
        raise TamperedError("the log is shorter than it was")
    return size


def read_head(view: ReadView, sealer: Sealer, keys: Sequence[VerifierKey]) -> Head:
    """Return where the log that `view` shows stands, checked against its newest checkpoint.

    Raises:
        TamperedError: the head is gone, altered, or not that of the rows it stands before.
    """
    found = view.get(HEAD.name, [(HEAD_NAME,)])[0]
    match found.row if found else (HEAD_NAME, 0, NOBODY, b""):
        case (str(), int() as size, bytes() as batch, bytes() as sealed):
            pass
        case _:
            raise TamperedError("the head of the log has another form")
    if view.scan(LEAF.name, "key", (size,), (), limit=1).rows:
        raise TamperedError("the log has entries that its head does not know")
    if found is None:
        return EMPTY
    kept = unpack_own(sealer.open(sealed, head_aad(batch, size)))
    frontier = Frontier(size, kept[2])
    # THREAT T51: a head that was put back to an older one no longer fits its checkpoint or rows.
    checkpoint = open_checkpoint(kept[3], keys)
    if (checkpoint.size, checkpoint.root) != (size, frontier.root()):
        raise TamperedError("the head of the log is not that of its checkpoint")
    if size and view.get(LEAF.name, [(size - 1,)])[0] is None:
        raise TamperedError("the log lacks its newest entry")
    return Head(
        frontier=frontier,
        at=Instant(kept[1]),
        batch=Id16(batch),
        note=kept[3],
        version=found.v,
    )
