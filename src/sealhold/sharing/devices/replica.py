"""A collection on one device: its entries and keys, and what they come to.

- What is written here, or comes from elsewhere, is durable before it is applied; what is applied
  follows from what is durable, so a start from the rows gives the same state.
- An entry is taken in when its number follows, it opens at its place and is signed by the device of
  its log, a member. What fails is kept aside, and its log stands still.

Source: docs/spec/11-exchange-and-op-log.md.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import NoEpochError, TamperedError
from sealhold.sharing.devices import keybag
from sealhold.sharing.devices.circle import NOT_SAID, Circle, Own
from sealhold.sharing.devices.documentbook import DocumentBook, rescued, tell_again
from sealhold.sharing.devices.keeping import Keeping, KeptEntry, KeptSegment, Step
from sealhold.sharing.devices.keydropping import leave_out, write_anew
from sealhold.sharing.devices.logbook import Logbook
from sealhold.sharing.devices.logends import LogEnds
from sealhold.sharing.devices.logicaltime import following
from sealhold.sharing.devices.oplog import (
    MAX_SEQ,
    LogId,
    Place,
    Told,
    entry_hash,
    epoch_of,
    open_entry,
    seal_entry,
)
from sealhold.sharing.devices.ops import EraseOp, KeysOp, Operation
from sealhold.sharing.devices.retelling import told_again, told_in_parts, untold
from sealhold.sharing.devices.state import State


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
        self._outside: dict[LogId, int] = {}  # own logs: the first number under an epoch that fell
        self.ends = LogEnds(collection, circle)
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
        before = dict(vars(self))
        try:
            self._read_all()
        except BaseException:
            vars(self).update(before)  # a head of nothing would have numbers written twice
            raise

    def _read_all(self) -> None:
        self.book = Logbook()
        self.ends = LogEnds(self.collection, self.circle)
        self.state = State(self.collection, self.circle)
        self.documents = DocumentBook()
        self.segments = {each.id: each for each in self.keeping.segments(self.collection)}
        self._held, self.told_keys, self.told_at = {}, {}, {}
        self._outside = {}
        for segment in self.segments.values():
            self.state.add_keys(segment.keys)
        for entry in self.keeping.entries(self.collection):
            if self.circle.signer(entry.log.device) is None:
                # what took its device in counts no more
                self.book.took(entry.log, entry.seq, entry.hash, ())
                continue
            self._apply(self._open(entry.log, entry.seq, entry.data, kept=True))
            epoch = epoch_of(entry.data)
            if entry.log.device == self.own.log.device and self.circle.epoch(epoch) is None:
                self._outside.setdefault(entry.log, entry.seq)
        self.state.settle()

    @property
    def is_outside(self) -> bool:
        """Whether the own log stands under an epoch that counts no more: others cannot read it."""
        return self.own.log in self._outside

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
        here = list(self.segments.values())
        told = write_anew(self.collection, here, gone, step, bag, self.entropy)
        for old in step.gone_segments:
            del self.segments[old]
        self.gone.update(step.gone_segments)
        self.write([*told, *ops], {}, step)
        tell_again(self)
        return step.gone_segments

    def open(self, log: LogId, seq: int, data: bytes, prev: bytes | None = None) -> Opened:
        """Return an entry, checked: one that is here, or one that came from elsewhere.

        Args:
            log: whose it is.
            seq: its number.
            data: its bytes.
            prev: hash of the entry before, 32 bytes, if that was checked and not taken in yet.

        Raises:
            NoEpochError: under an epoch that is not known here, or not yet.
            TamperedError: not the entry of that place, or not by a member.
        """
        kept = self.book.hash_of(log, seq) == entry_hash(data)
        return self._open(log, seq, data, prev, kept=kept)

    def said(self, opened: Opened) -> tuple[Operation, ...]:
        """Return what an entry tells, if it counts, of that its writer's role lets it say."""
        return self._allowed(opened) if self._standing(opened)[0] else ()

    def _allowed(self, opened: Opened) -> tuple[Operation, ...]:
        device = opened.entry.log.device
        return tuple(op for op in opened.told.ops if self.circle.may(device, op))

    def _standing(self, opened: Opened) -> tuple[bool, bool]:
        """Return whether an entry counts, and whether no end that is said later changes that."""
        log, seq = opened.entry.log, opened.entry.seq
        cut = self.circle.cut(log)
        is_in = cut is None or seq <= cut
        # THREAT T498: of a forked log no branch counts, so no carrier decides which one does
        return is_in and seq <= self._frozen.get(log, seq), is_in and cut != NOT_SAID

    def entries(self) -> Iterator[Opened]:
        """Yield all entries that are here, opened, each log's in its order."""
        for entry in self.keeping.entries(self.collection):
            yield self._open(entry.log, entry.seq, entry.data, kept=True)

    def signer_of(self, device: bytes) -> PublicKey:
        """Return the key by which a device signs.

        Raises:
            TamperedError: it is no member that writes.
        """
        signer = self.circle.signer(device)
        if signer is None:
            raise TamperedError("written by a device that is no member")
        return signer

    def secret_of(self, epoch: bytes, *, kept: bool = False) -> Secret:
        """Return the secret of an epoch; if `kept`, also of one that counts no more.

        Raises:
            NoEpochError: it is not here, or not yet.
        """
        secret = self.circle.epoch(epoch, kept=kept)
        if secret is None:
            raise NoEpochError("written under an epoch that is not known here")
        return secret

    def take(self, opened: Iterable[Opened], segments: Iterable[KeptSegment], step: Step) -> None:
        """Take in checked entries that follow; durable on return, and then applied."""
        came = list(opened)
        step.entries += [each.entry for each in came]
        step.segments += segments
        erases = [
            (op.object, self._standing(each)[1])
            for each in came
            for op in self.said(each)
            if isinstance(op, EraseOp)
        ]
        erased = {thing for thing, _ in erases}
        # THREAT T491: what another device erased loses its keys here too
        step.secrets += rescued(self, erased)
        self._drop({thing for thing, is_sure in erases if is_sure}, step)
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

    def drop_erased(self) -> None:
        """Drop, durably, what is kept here still of the keys of objects that are erased."""
        named = {name.object for segment in self.segments.values() for name in segment.keys}
        step = Step()
        self._drop(named & self.state.erased, step)
        if step.gone_segments:
            self.keeping.save(self.collection, step)
            self.segments.update((each.id, each) for each in step.segments)

    def tell_forks(self) -> None:
        """Tell what is here of logs that were forked, so that all replicas find the same place.

        Raises:
            NoEpochError: there is no epoch that every member has; nothing was written.
            AuditUnavailableError: nothing can be written.
        """
        for fork in self.book.forks():
            if heads := self.book.untold(fork):
                time = following(self.state.last, self._clock())
                told = Told(time, tuple((fork.log, head) for head in heads), ())
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
        """Tell in the own log what earlier ones of this device tell where they count no more.

        Others cannot take that in: it stands behind a fork, or under an epoch that fell.

        Raises:
            NoEpochError: there is no epoch that every member has; nothing was written.
            AuditUnavailableError: nothing can be written.
        """
        own = [log for log in self.book.logs() if log.device == self.own.log.device]
        heads = {log: self.book.head(log).seq for log in own}
        fell = {log: seq - 1 for log, seq in self._outside.items()}
        ends = {log: min(heads[log], self._frozen.get(log, MAX_SEQ)) for log in own}
        ends = {log: min(end, fell.get(log, end)) for log, end in ends.items()}
        if ends == heads:
            return
        counts = (t for log in own for t in self._kept(log, range(1, ends[log] + 1)))
        left = (t for log in own for t in self._kept(log, range(ends[log] + 1, heads[log] + 1)))
        told = untold(counts, left)
        again = (told_again(t, self.collection, self.circle, self.entropy) for t in told)
        self._commit(self._sealed(again), Step())

    def _kept(self, log: LogId, numbers: Iterable[int]) -> Iterator[Told]:
        for seq in numbers:
            kept = self.keeping.entry(self.collection, log, seq)
            if kept is not None:
                yield self._open(log, seq, kept.data, kept=True).told

    def _froze(self) -> bool:
        """Look which logs are forked; return whether other entries count than did."""
        before, self._frozen = self._frozen, {fork.log: fork.seq - 1 for fork in self.book.forks()}
        return before != self._frozen

    def _drop(self, erased: set[bytes], step: Step) -> None:
        """Leave the keys of what others erased out of what is kept here."""
        here = list(self.segments.values()) if erased else []
        leave_out(here, erased | self.state.erased, step, self.entropy)
        for gone in step.gone_segments:
            self.segments.pop(gone, None)
            self.gone.add(gone)

    def _open(
        self, log: LogId, seq: int, data: bytes, prev: bytes | None = None, *, kept: bool
    ) -> Opened:
        signer = self.signer_of(log.device)
        # THREAT T489: what is taken in follows what is here, and nothing else
        prev = self.book.hash_of(log, seq - 1) if prev is None else prev
        if prev is None:
            raise TamperedError(f"entry {seq} of a log of which {self.book.head(log).seq} are here")
        secret = self.secret_of(epoch_of(data), kept=kept)
        # THREAT T489: only what follows what is here, at its own place, is taken in
        place = Place(self.collection, log, seq, prev)
        told = open_entry(data, place, secret, signer)
        return Opened(KeptEntry(log, seq, entry_hash(data), data), told)

    def _apply(self, opened: Opened) -> None:
        entry = opened.entry
        allowed, (counts, is_sure) = self._allowed(opened), self._standing(opened)
        for op in allowed if counts else ():
            if isinstance(op, KeysOp):
                self.told_keys.setdefault(op.segment, []).append(op)
                self.told_at.setdefault(op.segment, (entry.log, entry.seq))
        self.ends.took(entry.log, entry.seq, opened.told.ops)
        # THREAT T600: a removed device tells of no fork in the log of another
        heads = opened.told.heads if is_sure else ()
        self.book.took(entry.log, entry.seq, entry.hash, heads)
        if entry.log == self.own.log:
            self._held.update((log, head.seq) for log, head in opened.told.heads)
        self.documents.took(entry.log, entry.seq, replace(opened.told, ops=allowed))
        if counts:
            # THREAT T600: what a removed device lets go waits for where its log ends
            self.state.apply(entry.log, opened.told, spares=not is_sure)

    def _entries(self, ops: list[Operation]) -> list[Opened]:
        """Return `ops` as entries that follow the own log's head."""
        heads = tuple(self.book.moved(self._held, self.own.log))
        return self._sealed(told_in_parts(ops, heads, self.state.last, self._clock))

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
