"""Exchange over one carrier: what is there and not here is taken, what is here and not there given.

- Taking: membership first, then each log from where it stands, with the segments of keys that its
  entries name. A step is committed as a whole; a kill between two costs nothing but time.
- Giving: packs, segments, membership, entries, each durable before the next begins, so a reader
  never meets a name of something that is not there.
- Whatever a carrier does wrong is told, and the rest goes on.

Source: docs/spec/11-exchange-and-op-log.md sections 5 and 6.
"""

from dataclasses import dataclass, field

from sealhold.crypto.digest import fingerprint
from sealhold.model.errors import (
    BadSignatureError,
    InvalidEncodingError,
    NoEpochError,
    ObjectNotFoundError,
    SealBrokenError,
    TamperedError,
)
from sealhold.model.ids import ObjectName
from sealhold.net.spec import Carrier, Putting
from sealhold.sharing.devices.keeping import MAX_STEP, KeptSegment, Sent, Step
from sealhold.sharing.devices.keybag import open_segment, sealed_again, segment_key
from sealhold.sharing.devices.logicaltime import is_reached
from sealhold.sharing.devices.names import Mailbox, read_entry_name
from sealhold.sharing.devices.oplog import (
    Head,
    LogId,
    entry_hash,
    hello_place,
    open_hello,
    seal_hello,
)
from sealhold.sharing.devices.ops import KeysOp
from sealhold.sharing.devices.replica import Opened, Replica

MAX_UNKNOWN = 128  # logs whose names tell nothing here, looked at in one round
SOON = 2.0  # seconds within which an entry follows its keys: one round takes both
MAX_ASIDE = 64  # refused entries that are kept of a collection
REFUSED = (SealBrokenError, BadSignatureError, TamperedError, InvalidEncodingError)


@dataclass(slots=True)
class Report:
    """What came of an exchange."""

    taken: int = 0  # entries
    given: int = 0
    taken_bytes: int = 0
    given_bytes: int = 0
    troubles: list[str] = field(default_factory=list)  # each a sentence


class Exchange:
    """One collection at one carrier."""

    def __init__(self, replica: Replica, carrier: Carrier, carrier_id: bytes, box: Mailbox) -> None:
        self._replica = replica
        self._carrier = carrier
        self._id = carrier_id
        self._box = box
        self._names: dict[bytes, LogId] = {}  # by a log's name there
        self._own_names: dict[LogId, bytes] = {}  # of logs that are known here
        self._there: dict[bytes, int] = {}  # by a log's name there, its newest number
        self._keys: set[ObjectName] = set()  # names of segments there
        self.members: list[ObjectName] = []  # of objects about them, as of the last look
        self._odd = 0  # names there that are none of ours
        self._cursor = ""
        self._sent: dict[LogId, int] = {
            sent.log: sent.seq
            for sent in replica.keeping.sent(replica.collection)
            if sent.carrier == carrier_id
        }
        self.gave_all = False  # whether packs there were compared with all that there should be

    def is_of(self, replica: Replica) -> bool:
        """Return whether this is an exchange of that replica, which may have been loaded anew."""
        return self._replica is replica

    @property
    def pushes(self) -> bool:
        """Whether the carrier tells when something came."""
        return self._carrier.abilities.pushes

    def look(self) -> list[ObjectName]:
        """Look what there is; return the names of objects about members.

        Raises:
            CarrierAwayError: the carrier does not answer.
        """
        while True:
            heads = self._carrier.heads(self._box.prefix, self._cursor)
            if heads.begins:
                self._there.clear()
                self._keys.clear()
                self.members.clear()
                self._odd = 0
            for listed in heads.names:
                self._note(listed.name)
            if not heads.names or heads.cursor == self._cursor:
                return self.members
            self._cursor = heads.cursor

    def wait(self, seconds: float) -> bool:
        """Return true once something came since the last look, or false after `seconds`.

        Raises:
            CarrierAwayError: the carrier does not answer.
        """
        cursor = self._cursor
        heads = self._carrier.heads(self._box.prefix, cursor, seconds)
        if heads.names and all(each.name.startswith(self._box.keys) for each in heads.names):
            self._carrier.heads(self._box.prefix, heads.cursor, min(seconds, SOON))
        return bool(heads.names) and cursor == self._cursor

    def take(self) -> Report:
        """Take what there is and not here, as of the last look.

        Raises:
            CarrierAwayError: the carrier does not answer; what was taken until then is kept.
        """
        report = Report()
        self._compare(report)
        known = self._known()
        self._take_logs(sorted(self._there.keys() & known), report)
        # THREAT T501: a thousand names that lead nowhere cost a bounded number of questions
        rest = sorted(self._there.keys() - known)
        unread = self._take_logs(rest[:MAX_UNKNOWN], report)
        if unread and report.taken:  # what came may tell whose logs those are
            unread = self._take_logs(sorted(unread), report)
        if unread:
            first, count = next(iter(unread.values())), len(rest[MAX_UNKNOWN:]) + len(unread)
            report.troubles.append(f"{count} logs there cannot be read: {first}")
        if self._odd:
            report.troubles.append(f"{self._odd} names there are none of ours")
        self._take_lacking(report)
        return report

    def differs(self, log: LogId) -> int | None:
        """Return the first number under which there is another entry of a log than here, or a new.

        Only what this device signed counts; None if there is nothing of that kind.

        Raises:
            CarrierAwayError: the carrier does not answer.
        """
        for seq in range(self._sent.get(log, 0) + 1, self._there.get(self._box.log(log), 0) + 1):
            try:
                data = self._carrier.get(self._box.entry(log, seq))
                if entry_hash(data) == self._replica.book.hash_of(log, seq):
                    continue
                self._replica.open(log, seq, data)
            except (*REFUSED, ObjectNotFoundError, NoEpochError):
                return None  # no entry of this device: taking tells of it
            return seq
        return None

    def give(self) -> Report:
        """Give what is here and not there.

        Raises:
            CarrierAwayError: the carrier does not answer; what was given until then counts.
            CarrierFullError: it has no room.
            TamperedError: it has other bytes in the place of an entry; all other logs were given.
        """
        report, replica = Report(), self._replica
        self._give_segments(report)
        for log in replica.book.logs():
            newest = replica.book.head(log).seq
            if (last := replica.frozen(log)) is not None:
                newest = min(newest, last)
            if newest <= self._sent.get(log, 0):
                continue
            try:
                self._give_log(log, newest, report)
            except TamperedError as err:
                report.troubles.append(f"not given: {log.device.hex()[:8]}: {err}")
        return report

    def stale(self) -> list[ObjectName]:
        """Return segments there that an erasure replaced, once it is done on all devices."""
        replica = self._replica
        bag = replica.circle.current_bag().id
        lost = replica.told_keys.keys() - replica.segments.keys()
        old = [each for each in lost if all(op.bag != bag for op in replica.told_keys[each])]
        return sorted({self._box.segment(each) for each in old} & self._keys)

    def _note(self, name: ObjectName) -> None:
        """Note a name that is there."""
        if name.startswith(self._box.members):
            self.members.append(name)
        elif name.startswith(self._box.keys):
            self._keys.add(name)
        else:
            try:
                log, newest = read_entry_name(name)
            except TamperedError:
                self._odd += 1
            else:
                self._there[log] = max(newest, self._there.get(log, 0))  # told in any order

    def _take_logs(self, names: list[bytes], report: Report) -> dict[bytes, str]:
        """Take logs, by their names there; return those that cannot be read, and why."""
        unread: dict[bytes, str] = {}
        for name in names:
            try:
                log = self._log_of(name)
            except (*REFUSED, ObjectNotFoundError, NoEpochError) as err:
                unread[name] = str(err)
            else:
                self._take_log(log, self._there[name], report)
        return unread

    def _log_of(self, name: bytes) -> LogId:
        """Return which device's log in which incarnation is called so here."""
        if name not in self._known():
            self._names[name] = self._greeted(name)
        return self._names[name]

    def _known(self) -> set[bytes]:
        """Return the names there of all logs that are known here."""
        for log in (self._replica.own.log, *self._replica.book.heard_of()):
            if log not in self._own_names:
                self._own_names[log] = self._box.log(log)
                self._names[self._own_names[log]] = log
        return set(self._names)

    def _greeted(self, name: bytes) -> LogId:
        replica = self._replica
        hello = self._carrier.get(self._box.numbered(name, 0))
        place = hello_place(replica.collection, name)
        log = open_hello(hello, place, replica.secret_of, replica.signer_of)
        if self._box.log(log) != name:
            raise TamperedError("a log under the name of another")
        return log

    def _compare(self, report: Report) -> None:
        """Compare what the carrier shows of each log with what it has shown or taken before."""
        for log, before in list(self._sent.items()):
            newest = self._there.get(self._box.log(log), 0)
            if newest < before:
                # THREAT T494: an older state than it had, or none, is told, and sent again
                report.troubles.append(
                    f"rolled back: {log.device.hex()[:8]} is at {newest} there and was at {before}"
                )
                self._sent[log] = newest
                self.gave_all = False

    def _take_log(self, log: LogId, newest: int, report: Report) -> None:
        head, who = self._replica.book.head(log), log.device.hex()[:8]
        last = self._replica.frozen(log)
        if last is not None and log.device != self._replica.own.log.device:
            report.troubles.append(f"forked: {who} stands still at {last}")
            newest = min(newest, last)
        while head.seq < newest:
            step, opened = Step(), list[Opened]()
            upto, newest = newest, 0  # what fails ends it
            try:
                head, newest = self._fetch(log, head, upto, opened), upto
            except NoEpochError as err:
                report.troubles.append(f"{who} waits: {err}")
            except ObjectNotFoundError:
                report.troubles.append(f"withheld: entry {head.seq + len(opened) + 1} of {who}")
            except REFUSED as err:
                report.troubles.append(f"refused: an entry of {who}: {err}")
            if not opened:
                return
            segments = self._segments(opened, report)
            last = opened[-1].entry.seq
            step.sent.append(Sent(self._id, log, last))
            self._replica.take(opened, segments, step)
            self._sent[log] = max(last, self._sent.get(log, 0))
            report.taken += len(opened)
            report.taken_bytes += sum(len(each.entry.data) for each in opened)

    def _fetch(self, log: LogId, head: Head, newest: int, opened: list[Opened]) -> Head:
        """Fetch entries that follow `head` into `opened`, up to a step's size.

        Raises:
            ObjectNotFoundError: the next one is not there.
            TamperedError: it stands at a time that nothing leads to.
        """
        size, place = 0, f"{self._box.logs}{self._box.log(log).hex()}/"
        known = self._replica.book.entries()
        while head.seq < newest and size < MAX_STEP:
            came = self._carrier.entries(place, head.seq + 1)
            if not came:
                raise ObjectNotFoundError(f"entry {head.seq + 1} is not there")
            for data in came:
                try:
                    entry = self._replica.open(log, head.seq + 1, data, head.hash)
                except REFUSED as err:
                    self._set_aside(log, head.seq + 1, data, err)
                    raise
                # THREAT T469: nobody leads others to the end of time; what led there may yet come
                if not is_reached(entry.told.time, known + len(opened)):
                    raise TamperedError("a time that nothing here leads to")
                opened.append(entry)
                size += len(data)
                head = Head(head.seq + 1, entry.entry.hash)
        return head

    def _set_aside(self, log: LogId, seq: int, data: bytes, err: Exception) -> None:
        """Keep an entry that was refused, with why."""
        # THREAT T501: garbage without end fills no disk
        if len(self._replica.keeping.asides(self._replica.collection)) >= MAX_ASIDE:
            return
        told = [log.device, seq, f"{type(err).__name__}: {err}", data]
        step = Step(aside=[(fingerprint(data), told)])
        self._replica.keeping.save(self._replica.collection, step)

    def _segments(self, opened: list[Opened], report: Report) -> list[KeptSegment]:
        """Fetch the segments of keys that entries name, but for those here, and those replaced."""
        told = [op for each in opened for op in self._replica.said(each)]
        found = [self._segment(op, report) for op in told if isinstance(op, KeysOp)]
        return [each for each in found if each is not None]

    def _segment(self, op: KeysOp, report: Report) -> KeptSegment | None:
        """Fetch a segment; None if it is here, or cannot be had now."""
        replica = self._replica
        bag = replica.circle.bag(op.bag)
        if op.segment in replica.segments or bag is None:
            return None
        try:
            key = segment_key(replica.collection, op, bag)
            sealed = self._carrier.get(self._box.segment(op.segment))
            keys = open_segment(replica.collection, op.segment, key, sealed)
        except ObjectNotFoundError:
            return None  # held back, or replaced since by an erasure that a later entry tells of
        except REFUSED as err:
            report.troubles.append(f"refused: a segment of keys: {err}")
            return None
        return KeptSegment(op.segment, key, dict(keys))

    def _take_lacking(self, report: Report) -> None:
        """Fetch segments whose keys something waits for: their carrier did not give them out."""
        replica = self._replica
        if not replica.state.waiting():
            return
        # THREAT T499: a key that one carrier held back is asked for again, and of every other
        for told in [t for s, t in replica.told_keys.items() if s not in replica.segments]:
            found = next((f for op in told if (f := self._segment(op, report))), None)
            if found is not None and replica.state.wants(found.keys):
                replica.take([], [found], Step())
        if waiting := replica.state.waiting():
            report.troubles.append(f"withheld: keys of {waiting} objects")

    def _give_log(self, log: LogId, newest: int, report: Report) -> None:
        """Give entries of a log.

        Raises:
            TamperedError: an entry is not here any more, or the carrier has another in its place.
        """
        replica, begin = self._replica, self._sent.get(log, 0)
        if begin == 0 and log.device == replica.own.log.device:
            self._greet(log, report)
        for seq in range(begin + 1, newest + 1):
            kept = replica.keeping.entry(replica.collection, log, seq)
            if kept is None:
                raise TamperedError("an entry that was taken in is not here any more")
            self._put(self._box.entry(log, seq), kept.data, report)
            report.given += 1
        self._sent[log] = newest
        replica.keeping.save(replica.collection, Step(sent=[Sent(self._id, log, newest)]))

    def _greet(self, log: LogId, report: Report) -> None:
        """Say under which name a log of this device stands here."""
        replica = self._replica
        epoch, secret = replica.circle.current()
        name = self._box.log(log)
        place = hello_place(replica.collection, name)
        hello = seal_hello(place, log, epoch, secret, replica.own.signer, replica.entropy)
        if self._carrier.put_new(self._box.numbered(name, 0), hello) is Putting.CREATED:
            report.given_bytes += len(hello)

    def _give_segments(self, report: Report) -> None:
        """Give the segments that entries name, those again that it had and has no more."""
        replica, lost = self._replica, 0
        for segment, (log, seq) in replica.told_at.items():
            kept, name = replica.segments.get(segment), self._box.segment(segment)
            if kept is None or name in self._keys:
                continue
            self._put(name, sealed_again(replica.collection, segment, kept.key, kept.keys), report)
            self._keys.add(name)
            lost += seq <= self._sent.get(log, 0)
        # THREAT T499: what it says it took and does not show is told, and given again
        if lost:
            report.troubles.append(f"lost: {lost} segments of keys, which are given again")

    def _put(self, name: ObjectName, data: bytes, report: Report) -> None:
        put = self._carrier.put_new(name, data)
        if put is Putting.CREATED:
            report.given_bytes += len(data)
        # THREAT T493: what stands there under this name must be these bytes, or it is told
        elif put is Putting.TAKEN:
            raise TamperedError("other bytes stand there under the name of an own entry")
