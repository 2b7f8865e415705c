"""What a device keeps of its collections, and how a step of a sync becomes durable.

- A step is one commit: entries, segments of keys, secrets and heads that came together hold
  together, so a kill leaves what was before it or after it.
- Entries stand as they travel; secrets and keys are papers of the owner.

Source: docs/spec/11-exchange-and-op-log.md; docs/spec/04-stores.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.audit.receipt import receipt_digest
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import Plain
from sealhold.model.errors import TamperedError
from sealhold.model.ids import ReceiptId
from sealhold.sharing.devices.keybag import KeyName
from sealhold.sharing.devices.oplog import LogId
from sealhold.stores.spec import Delete, Op, Put, Row, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.deciding import scan_all
from sealhold.vault.syncrows import (
    ASIDE,
    CARRIERS,
    COLLECTIONS,
    ENTRIES,
    FILES,
    LETTERS,
    MEMBERS,
    SECRETS,
    SEGMENTS,
    SELF,
    SENT,
)
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

EPOCH, BAG, TOKEN, EDITS = "epoch", "bag", "token", "edits"  # reason: kinds of kept secrets
_ME, _TOKEN, _LAN = 0, 1, 2  # the papers of a device itself
MAX_STEP = 6_000_000  # bytes of rows in one commit


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """An entry of a log as it is kept."""

    log: LogId
    seq: int
    hash: bytes  # 32
    data: bytes


@dataclass(frozen=True, slots=True)
class KeptSegment:
    """Keys of the bag that came, or were made, in one segment."""

    id: bytes  # 16
    key: Secret  # that the segment is sealed under on carriers
    keys: dict[KeyName, Secret]


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """A secret of a collection."""

    kind: str  # `epoch`, `bag`, `token` or `edits`
    id: bytes  # 16
    told: Plain  # the secret, and what has to be known with it


@dataclass(frozen=True, slots=True)
class Sent:
    """How far a carrier has a log."""

    carrier: bytes  # 16
    log: LogId
    seq: int


@dataclass(slots=True)
class Step:
    """What becomes durable together, of one collection."""

    entries: list[KeptEntry] = field(default_factory=list)
    members: list[tuple[bytes, bytes]] = field(default_factory=list)  # hash, entry
    secrets: list[KeptSecret] = field(default_factory=list)
    gone_secrets: list[tuple[str, bytes]] = field(default_factory=list)  # kind, id
    segments: list[KeptSegment] = field(default_factory=list)
    gone_segments: list[bytes] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    aside: list[tuple[bytes, Plain]] = field(default_factory=list)  # hash, why and the bytes
    gone_entries: list[tuple[LogId, int]] = field(default_factory=list)
    beside: list[Op] = field(default_factory=list)  # rows of others that become durable with it
    reason: str = ""  # for the log, where rows of others decide

    @property
    def size(self) -> int:
        """Bytes of its rows, about."""
        keys = sum(100 * len(segment.keys) for segment in self.segments)
        told = sum(len(data) for _, data in self.members)
        return keys + told + sum(len(entry.data) for entry in self.entries)


class Keeping:
    """The rows of a device, read and written through the vault's one writer."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._teller = Teller(core.keys)

    def me(self) -> Plain | None:
        """Return what was kept of this device itself."""
        return self._self(_ME)

    def token(self) -> bytes | None:
        """Return the token that lay outside the vault's folder when this device last began."""
        kept = self._self(_TOKEN)
        return None if kept is None else _bytes(kept)

    def put_me(self, told: Plain, token: bytes, reason: str, beside: Sequence[Op] = ()) -> None:
        """Keep who this device is, and the token that it began with; durable on return."""
        rows = [self._put(SELF, (_ME,), told), self._put(SELF, (_TOKEN,), token)]
        self._write([*rows, *beside], reason)

    def lan(self) -> Plain | None:
        """Return what was chosen about this device's own network."""
        return self._self(_LAN)

    def put_lan(self, told: Plain) -> None:
        """Keep what was chosen about this device's own network."""
        self._write([self._put(SELF, (_LAN,), told)], "lan")

    def collections(self) -> dict[bytes, Plain]:
        """Return each collection's id and what was kept of it."""
        return {row[0]: self._open(COLLECTIONS, row) for row in self._rows(COLLECTIONS)}

    def put_collection(self, collection: bytes, told: Plain, step: Step, reason: str) -> None:
        """Keep a new collection, or what changed of it, with all that begins it."""
        row = self._put(COLLECTIONS, (collection,), told)
        self._write([row, *self._ops(collection, step)], reason)

    def carriers(self) -> dict[bytes, Plain]:
        """Return each carrier's id and what was kept of it."""
        return {row[0]: self._open(CARRIERS, row) for row in self._rows(CARRIERS)}

    def put_carrier(self, carrier: bytes, told: Plain) -> None:
        """Keep a carrier."""
        self._write([self._put(CARRIERS, (carrier,), told)], "carrier")

    def drop_carrier(self, carrier: bytes) -> None:
        """Forget a carrier and how far it was."""
        gone = [Delete(SENT.name, row[:4]) for row in self._rows(SENT) if row[0] == carrier]
        self._write([Delete(CARRIERS.name, (carrier,)), *gone], "no-carrier")

    def members(self, collection: bytes) -> list[bytes]:
        """Return the entries of the membership log, in no order."""
        rows = (row for row in self._rows(MEMBERS) if row[0] == collection)
        return [_bytes(self._open(MEMBERS, row)) for row in rows]

    def secrets(self, collection: bytes) -> list[KeptSecret]:
        """Return the secrets of a collection."""
        rows = (row for row in self._rows(SECRETS) if row[0] == collection)
        return [KeptSecret(row[1], row[2], self._open(SECRETS, row)) for row in rows]

    def segments(self, collection: bytes) -> Iterator[KeptSegment]:
        """Yield what is in the key bag."""
        for row in self._below(SEGMENTS, collection):
            own, told = self._open(SEGMENTS, row)
            keys = {KeyName(of, version): Secret(key, "version key") for of, version, key in told}
            yield KeptSegment(row[1], Secret(own, "segment key"), keys)

    def entries(self, collection: bytes) -> Iterator[KeptEntry]:
        """Yield all entries, each log's in its order."""
        for row in self._below(ENTRIES, collection):
            _, device, incarnation, seq, named, data = row
            yield KeptEntry(LogId(device, incarnation), seq, named, data)

    def entry(self, collection: bytes, log: LogId, seq: int) -> KeptEntry | None:
        """Return one entry."""
        key = (collection, log.device, log.incarnation, seq)
        (found,) = self._core.store.get(ENTRIES.name, [key])
        return None if found is None else KeptEntry(log, seq, found.row[4], found.row[5])

    def sent(self, collection: bytes) -> list[Sent]:
        """Return how far each carrier has each log."""
        return [
            Sent(row[0], LogId(row[2], row[3]), row[4])
            for row in self._rows(SENT)
            if row[1] == collection
        ]

    def asides(self, collection: bytes) -> list[Plain]:
        """Return why each entry that was refused was, and its bytes."""
        return [self._open(ASIDE, row) for row in self._below(ASIDE, collection)]

    def save(self, collection: bytes, step: Step) -> None:
        """Make a step durable.

        Raises:
            AuditUnavailableError: nothing can be written; nothing of it was.
        """
        if ops := self._ops(collection, step):
            decides = step.members or step.secrets or step.gone_secrets
            self._write(ops, step.reason or ("members" if decides else None))

    def _ops(self, collection: bytes, step: Step) -> list[Op]:
        ops: list[Op] = []
        for entry in step.entries:
            log = (entry.log.device, entry.log.incarnation)
            row = (collection, *log, entry.seq, entry.hash, entry.data)
            ops.append(Put(ENTRIES.name, row))
        for log_id, seq in step.gone_entries:
            key = (collection, log_id.device, log_id.incarnation, seq)
            ops.append(Delete(ENTRIES.name, key))
        ops += [self._put(MEMBERS, (collection, name), data) for name, data in step.members]
        ops += [self._put(SECRETS, (collection, s.kind, s.id), s.told) for s in step.secrets]
        ops += [Delete(SECRETS.name, (collection, *gone)) for gone in step.gone_secrets]
        for segment in step.segments:
            keys = [[name.object, name.version, key.reveal()] for name, key in segment.keys.items()]
            ops.append(self._put(SEGMENTS, (collection, segment.id), [segment.key.reveal(), keys]))
        ops += [Delete(SEGMENTS.name, (collection, gone)) for gone in step.gone_segments]
        for sent in step.sent:
            of = (sent.carrier, collection, sent.log.device, sent.log.incarnation)
            ops.append(Put(SENT.name, (*of, sent.seq)))
        ops += [self._put(ASIDE, (collection, name), told) for name, told in step.aside]
        return [*ops, *step.beside]

    def _put(self, table: TableSpec, clear: tuple[object, ...], told: Plain) -> Put:
        return Put(table.name, (*clear, self._core.papers.seal(table.name, clear, told)))

    def _open(self, table: TableSpec, row: Row) -> Plain:
        *clear, sealed = row
        return self._core.papers.open(table.name, tuple(clear), sealed)

    def _self(self, number: int) -> Plain | None:
        row = next((row for row in self._rows(SELF) if row[0] == number), None)
        return None if row is None else self._open(SELF, row)

    def _rows(self, table: TableSpec) -> Iterator[Row]:
        for found in scan_all(self._core.store, table):
            yield found.row

    def _below(self, table: TableSpec, collection: bytes) -> Iterator[Row]:
        cursor = None
        end = _after(collection)
        while True:
            page = self._core.store.scan(table.name, "key", (collection,), end, after=cursor)
            yield from (found.row for found in page.rows)
            cursor = page.cursor
            if cursor is None:
                return

    def file_rows(self, collection: bytes) -> Iterator[tuple[bytes, Plain]]:
        """Yield what was kept of the folder of a collection: name of 32 bytes, what was kept."""
        for row in self._below(FILES, collection):
            yield row[1], self._open(FILES, row)

    def file_row(self, collection: bytes, name: bytes) -> Plain | None:
        """Return one thing that was kept of the folder of a collection, by its name."""
        (found,) = self._core.store.get(FILES.name, [(collection, name)])
        return None if found is None else self._open(FILES, found.row)

    def put_file(self, collection: bytes, name: bytes, told: Plain) -> Op:
        """Return what keeps something of a folder; for `Step.beside`."""
        return self._put(FILES, (collection, name), told)

    def drop_file(self, collection: bytes, name: bytes) -> Op:
        """Return what forgets something of a folder; for `Step.beside`."""
        return Delete(FILES.name, (collection, name))

    def letters(self, way: str) -> dict[bytes, Plain]:
        """Return the letters that wait, by id; `way` is `in` or `out`."""
        return {row[1]: self._open(LETTERS, row) for row in self._rows(LETTERS) if row[0] == way}

    def put_letter(self, way: str, letter: bytes, told: Plain) -> Op:
        """Return what keeps a letter; for `Step.beside`."""
        return self._put(LETTERS, (way, letter), told)

    def drop_letter(self, way: str, letter: bytes) -> Op:
        """Return what forgets a letter; for `Step.beside`."""
        return Delete(LETTERS.name, (way, letter))

    def contact_told(self, reason: str) -> None:
        """Have the log tell that the owner decided something about another person."""
        event = Event(
            kind=EventKind.CONTACT, actor=Actor.OWNER, subject=self._teller.subject, reason=reason
        )
        self._core.writer.submit([Work((), (self._teller.entry(event),))]).result()

    def recovery_told(self, kind: EventKind, reason: str) -> None:
        """Have the log tell what became of a recovery; `kind` is `RECOVERY` or `VETO`."""
        actor = Actor.VAULT if reason == "heard" else Actor.OWNER
        event = Event(kind=kind, actor=actor, subject=self._teller.subject, reason=reason)
        self._core.writer.submit([Work((), (self._teller.entry(event),))]).result()

    def receipt_told(self, receipt: ReceiptId, paper: bytes, reason: str) -> None:
        """Have the log tell that a receipt is handed out."""
        event = Event(
            kind=EventKind.PROOF,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            receipt=receipt,
            digest=receipt_digest(paper),
            reason=reason,
        )
        self._core.writer.submit([Work((), (self._teller.entry(event),))]).result()

    def told(self, came: int, went: int) -> None:
        """Have the log tell that an exchange took place."""
        event = Event(
            kind=EventKind.SYNC,
            actor=Actor.VAULT,
            subject=self._teller.subject,
            rows_read=came,
            rows_out=went,
        )
        self._core.writer.submit([Work((), (self._teller.entry(event),))]).result()

    def _write(self, ops: Sequence[Op], reason: str | None = None) -> None:
        entries = () if reason is None else (self._entry(reason),)
        self._core.writer.submit([Work(tuple(ops), entries)]).result()

    def _entry(self, reason: str) -> Entry:
        subject = self._teller.subject
        return self._teller.entry(
            Event(kind=EventKind.DEVICE, actor=Actor.OWNER, subject=subject, reason=reason)
        )


def _after(collection: bytes) -> tuple[bytes, ...]:
    """Return the bound behind all rows of a collection; none if there is none."""
    number = int.from_bytes(collection, "big") + 1
    return () if number >> (8 * len(collection)) else (number.to_bytes(len(collection), "big"),)


def _bytes(value: Plain) -> bytes:
    if type(value) is not bytes:
        raise TamperedError("a kept entry is not what was written")
    return value
