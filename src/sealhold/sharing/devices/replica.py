"""A collection on one device: its entries and keys, and what they come to.

- What is written here, or comes from elsewhere, is durable before it is applied; what is applied
  follows from what is durable, so a start from the rows gives the same state.
- An entry is taken in when its number follows, it opens at its place and is signed by the device of
  its log, a member. What fails is kept aside, and its log stands still.

Source: docs/spec/11-exchange-and-op-log.md.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import NoEpochError, TamperedError
from sealhold.model.ids import ID_BYTES
from sealhold.sharing.devices import keybag
from sealhold.sharing.devices.circle import Circle
from sealhold.sharing.devices.documentbook import DocumentBook, rescued, tell_again
from sealhold.sharing.devices.keeping import Keeping, KeptEntry, KeptSegment, Step
from sealhold.sharing.devices.logbook import Logbook
from sealhold.sharing.devices.logicaltime import LogicalTime, following
from sealhold.sharing.devices.oplog import (
    MAX_TOLD,
    LogId,
    Place,
    Told,
    entry_hash,
    epoch_of,
    open_entry,
    seal_entry,
)
from sealhold.sharing.devices.ops import EraseOp, KeysOp, Operation, size_of
from sealhold.sharing.devices.state import State

ROOM = 4_096  # bytes of an entry that its time and heads may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Who writes here."""

    log: LogId
    signer: SigningKey


@dataclass(frozen=True, slots=True)
class Opened:
    """An entry that came, whose seal and signature held."""

    entry: KeptEntry
    told: Told


class Replica:
    """One collection on this device. For one thread."""

    def __init__(  # reason: what a collection is made of
        self,
        collection: bytes,
        secret: Secret,
        *,
        own: Own,
        circle: Circle,
        keeping: Keeping,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self.collection = collection
        self.secret = secret
        self.own = own
        self.circle = circle
        self.keeping = keeping
        self.entropy = entropy
        self._clock = clock
        self._held: dict[LogId, int] = {}  # heads that own entries have told of
        self._frozen: dict[LogId, int] = {}  # of forked logs, the last number before the fork
        self.book = Logbook()
        self.state = State(collection, circle)
        self.documents = DocumentBook()
        self.segments: dict[bytes, KeptSegment] = {}
        self.told_keys: dict[bytes, list[KeysOp]] = {}  # by segment
        self.told_at: dict[bytes, tuple[LogId, int]] = {}  # by segment: who told of it first
        self.gone: set[bytes] = set()  # segments that carriers are to delete

    def load(self) -> None:
        """Begin from what is durable.

        Raises:
            TamperedError: the rows are not what was written.
        """
        self._read()
        # where logs are forked is known at the end of them only
        if self._froze():
            self._read()

    def _read(self) -> None:
        self.book = Logbook()
        self.state = State(self.collection, self.circle)
        self.documents = DocumentBook()
        self.segments = {each.id: each for each in self.keeping.segments(self.collection)}
        self._held, self.told_keys, self.told_at = {}, {}, {}
        for segment in self.segments.values():
            self.state.add_keys(segment.keys)
        for entry in self.keeping.entries(self.collection):
            self._apply(self._open(entry.log, entry.seq, entry.data))
        self.state.settle()

    def frozen(self, log: LogId) -> int | None:
        """Return the last number of a log before it was forked; None if it was not."""
        return self._frozen.get(log)

    def write(self, ops: Iterable[Operation], keys: keybag.Keys, step: Step | None = None) -> None:
        """Write operations into the own log, with the keys that they need; durable on return.

        Raises:
            NoEpochError: there is no epoch that every member has; nothing was written.
            AuditUnavailableError: nothing can be written.
        """
        step = Step() if step is None else step
        told: list[Operation] = []
        if keys:
            bag = self.circle.current_bag()
            for fresh in keybag.segments(self.collection, keys, self.entropy):
                step.segments.append(KeptSegment(fresh.id, fresh.key, dict(fresh.keys)))
                told.append(fresh.told(self.collection, bag, self.entropy))
        told += ops
        made = self._entries(told)
        self._commit(made, step)

    def _now(self) -> LogicalTime:
        return following(self.state.last, self._clock())

    def _commit(self, made: list[Opened], step: Step) -> None:
        """Make own entries durable, and apply them."""
        step.entries += [opened.entry for opened in made]
        self.keeping.save(self.collection, step)
        for segment in step.segments:
            self.segments[segment.id] = segment
            self.state.add_keys(segment.keys)
        for opened in made:
            self._apply(opened)
        self.state.settle()

    def erase(self, things: Iterable[bytes], bag: keybag.BagKey) -> list[bytes]:
        """Erase objects: their keys leave the bag, whose key becomes `bag`; durable on return.

        Returns the segments that carriers are to delete.

        Args:
            things: ids of objects.
            bag: the fresh key, which the members have by then.
        """
        gone = set(things)
        step = Step(secrets=rescued(self, gone))
        ops = [EraseOp(thing) for thing in sorted(gone)]
        told: list[Operation] = []
        for segment in self.segments.values():
            kept = keybag.without(segment.keys, gone)
            # THREAT T491: what held a key of it is written anew, under the fresh key of the bag
            if len(kept) == len(segment.keys):
                told.append(_segment(segment).told(self.collection, bag, self.entropy))
                continue
            step.gone_segments.append(segment.id)
            for new in keybag.segments(self.collection, kept, self.entropy):
                step.segments.append(KeptSegment(new.id, new.key, dict(new.keys)))
                told.append(new.told(self.collection, bag, self.entropy))
        for old in step.gone_segments:
            del self.segments[old]
        self.gone.update(step.gone_segments)
        self.write([*told, *ops], {}, step)
        tell_again(self)
        return step.gone_segments

    def open(self, log: LogId, seq: int, data: bytes, prev: bytes | None = None) -> Opened:
        """Return an entry that came from elsewhere, checked.

        Args:
            log: whose it is.
            seq: its number.
            data: its bytes.
            prev: hash of the entry before, 32 bytes, if that was checked and not taken in yet.

        Raises:
            NoEpochError: under an epoch that is not known here, or not yet.
            TamperedError: not the entry of that place, or not by a member.
        """
        return self._open(log, seq, data, prev)

    def said(self, opened: Opened) -> tuple[Operation, ...]:
        """Return what an entry tells of that its writer's role lets it say."""
        device = opened.entry.log.device
        return tuple(op for op in opened.told.ops if self.circle.may(device, op))

    def entries(self) -> Iterator[Opened]:
        """Yield all entries that are here, opened, each log's in its order."""
        for entry in self.keeping.entries(self.collection):
            yield self._open(entry.log, entry.seq, entry.data)

    def signer_of(self, device: bytes) -> PublicKey:
        """Return the key by which a device signs.

        Raises:
            TamperedError: it is no member that writes.
        """
        signer = self.circle.signer(device)
        if signer is None:
            raise TamperedError("written by a device that is no member")
        return signer

    def secret_of(self, epoch: bytes) -> Secret:
        """Return the secret of an epoch.

        Raises:
            NoEpochError: it is not here, or not yet.
        """
        secret = self.circle.epoch(epoch)
        if secret is None:
            raise NoEpochError("written under an epoch that is not known here")
        return secret

    def take(self, opened: Iterable[Opened], segments: Iterable[KeptSegment], step: Step) -> None:
        """Take in checked entries that follow; durable on return, and then applied."""
        came = list(opened)
        step.entries += [each.entry for each in came]
        step.segments += segments
        erased = {op.object for each in came for op in self.said(each) if isinstance(op, EraseOp)}
        # THREAT T491: what another device erased loses its keys here too
        step.secrets += rescued(self, erased)
        self._drop(erased, step)
        self.keeping.save(self.collection, step)
        for segment in step.segments:
            self.segments[segment.id] = segment
            self.state.add_keys(segment.keys)
        for each in came:
            self._apply(each)
        self.state.settle()
        if self._froze():
            self._read()
        if erased:
            tell_again(self)

    def tell_forks(self) -> None:
        """Tell what is here of logs that were forked, so that all replicas find the same place.

        Raises:
            NoEpochError: there is no epoch that every member has; nothing was written.
            AuditUnavailableError: nothing can be written.
        """
        for fork in self.book.forks():
            if heads := self.book.untold(fork):
                told = Told(self._now(), tuple((fork.log, head) for head in heads), ())
                self._commit(self._sealed([told]), Step())
        if self._froze():
            self._read()

    def tell_again(self, log: LogId, since: int) -> None:
        """Tell in the own log what an earlier one of this device tells from `since` on.

        What was written there after a copy was put back stands under numbers that others have of
        this device; those entries leave here, and the ones under these numbers can come.

        Raises:
            NoEpochError: there is no epoch that every member has; nothing was written.
            AuditUnavailableError: nothing can be written.
        """
        numbers = range(since, self.book.head(log).seq + 1)
        told = [Told(each.time, (), each.ops) for each in self._kept(log, numbers)]
        step = Step(gone_entries=[(log, seq) for seq in numbers])
        step.entries = [each.entry for each in self._sealed(told)]
        self.keeping.save(self.collection, step)
        self.load()

    def tell_frozen(self) -> None:
        """Tell in the own log what earlier ones of this device tell after they were forked.

        Raises:
            NoEpochError: there is no epoch that every member has; nothing was written.
            AuditUnavailableError: nothing can be written.
        """
        own = [log for log in self.book.logs() if log.device == self.own.log.device]
        ends = {log: self._frozen.get(log, self.book.head(log).seq) for log in own}
        if all(ends[log] == self.book.head(log).seq for log in own):
            return
        counts = {
            (each.time, each.ops)
            for log in own
            for each in self._kept(log, range(1, ends[log] + 1))
        }
        left = {
            (each.time, each.ops): Told(each.time, (), each.ops)
            for log in own
            for each in self._kept(log, range(ends[log] + 1, self.book.head(log).seq + 1))
            if (each.time, each.ops) not in counts
        }
        self._commit(self._sealed(left.values()), Step())

    def _kept(self, log: LogId, numbers: Iterable[int]) -> Iterator[Told]:
        for seq in numbers:
            kept = self.keeping.entry(self.collection, log, seq)
            if kept is not None:
                yield self._open(log, seq, kept.data).told

    def _froze(self) -> bool:
        """Look which logs are forked; return whether other entries count than did."""
        before, self._frozen = self._frozen, {fork.log: fork.seq - 1 for fork in self.book.forks()}
        return before != self._frozen

    def _drop(self, erased: set[bytes], step: Step) -> None:
        """Leave the keys of what others erased out of what is kept here.

        What is left of a segment stays here under an id and a key that no entry names: sealed
        again under its old key it would be another text under one key and nonce.
        """
        here = self.segments.values() if erased else ()
        for segment in [*here, *step.segments]:
            kept = keybag.without(segment.keys, erased | self.state.erased)
            if len(kept) == len(segment.keys):
                continue
            step.segments = [each for each in step.segments if each.id != segment.id]
            step.gone_segments.append(segment.id)
            own = new_key(self.entropy, "segment key")
            step.segments.append(KeptSegment(self.entropy(ID_BYTES), own, kept))
        for gone in step.gone_segments:
            self.segments.pop(gone, None)
            self.gone.add(gone)

    def _open(self, log: LogId, seq: int, data: bytes, prev: bytes | None = None) -> Opened:
        signer = self.signer_of(log.device)
        # THREAT T489: what is taken in follows what is here, and nothing else
        prev = self.book.hash_of(log, seq - 1) if prev is None else prev
        if prev is None:
            raise TamperedError(f"entry {seq} of a log of which {self.book.head(log).seq} are here")
        secret = self.secret_of(epoch_of(data))
        # THREAT T489: only what follows what is here, at its own place, is taken in
        place = Place(self.collection, log, seq, prev)
        told = open_entry(data, place, secret, signer)
        return Opened(KeptEntry(log, seq, entry_hash(data), data), told)

    def _apply(self, opened: Opened) -> None:
        entry = opened.entry
        said = self.said(opened)
        for op in said:
            if isinstance(op, KeysOp):
                self.told_keys.setdefault(op.segment, []).append(op)
                self.told_at.setdefault(op.segment, (entry.log, entry.seq))
        self.book.took(entry.log, entry.seq, entry.hash, opened.told.heads)
        if entry.log == self.own.log:
            self._held.update((log, head.seq) for log, head in opened.told.heads)
        self.documents.took(entry.log, entry.seq, replace(opened.told, ops=said))
        cuts = (self.circle.cut(entry.log), self._frozen.get(entry.log))
        # THREAT T498: of a forked log no branch counts, so no carrier decides which one does
        if all(cut is None or entry.seq <= cut for cut in cuts):
            self.state.apply(entry.log, opened.told)

    def _entries(self, ops: list[Operation]) -> list[Opened]:
        """Return `ops` as entries that follow the own log's head."""
        heads = tuple(self.book.moved(self._held, self.own.log))
        last = self.state.last
        tolds: list[Told] = []
        for part in _parts(ops):
            time = following(last, self._clock())
            tolds.append(Told(time, () if tolds else heads, tuple(part)))
            last = time._replace(step=time.step + len(part))
        return self._sealed(tolds)

    def _sealed(self, tolds: Iterable[Told]) -> list[Opened]:
        """Return entries that follow the own log's head."""
        epoch, secret = self.circle.current()
        head = self.book.head(self.own.log)
        made: list[Opened] = []
        for told in tolds:
            place = Place(self.collection, self.own.log, head.seq + 1, head.hash)
            data = seal_entry(told, place, epoch, secret, self.own.signer, self.entropy)
            entry = KeptEntry(self.own.log, place.seq, entry_hash(data), data)
            head = type(head)(entry.seq, entry.hash)
            made.append(Opened(entry, told))
        return made


def _parts(ops: list[Operation]) -> Iterable[list[Operation]]:
    """Yield operations in parts that each fit into an entry; at least one, if there are none."""
    part: list[Operation] = []
    size = 0
    for op in ops:
        length = size_of(op)
        if part and size + length > MAX_TOLD - ROOM:
            yield part
            part, size = [], 0
        part.append(op)
        size += length
    yield part


def _segment(kept: KeptSegment) -> keybag.Segment:
    return keybag.Segment(kept.id, kept.key, kept.keys, b"")
