"""The log as its owner reads it, and the check of the whole home.

- A line is a sentence made from the event's own fields; names of apps come from the registry.
- `verify` reads everything that is kept: both databases page by page, each stored object against
  its name, the whole tree, every record's seal. What does not fit is named by file.

Source: docs/spec/05-audit-log.md section 7.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from sealhold.audit.bundle import prove_entry
from sealhold.audit.event import Actor, Event, Outcome
from sealhold.audit.log import Appender
from sealhold.audit.reading import Line, leaf_of, read_entries, read_hashes
from sealhold.audit.tables import CHECKPOINT, LEAF, Openers
from sealhold.audit.verify import Progress, verify_log
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.crypto.sign import key_digest
from sealhold.model.errors import (
    InvalidEncodingError,
    NotFoundError,
    SealBrokenError,
    SealholdError,
    TamperedError,
)
from sealhold.model.ids import AppId, Id16, Kind, show
from sealhold.model.shown import LedgerLine, LogState
from sealhold.model.shown.keys import LogKeysView
from sealhold.stores.spec import Found, ReadView, RecordStore
from sealhold.vault import logkeys
from sealhold.vault.core import Core
from sealhold.vault.deciding import scan_all
from sealhold.vault.holdrows import HOLDS, keeping_ids
from sealhold.vault.home import Home, read
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.ledgerwords import sentence
from sealhold.vault.objects import Objects
from sealhold.vault.owned import RECORDS, open_standing
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.registercheck import register_faults
from sealhold.vault.registry import Registry
from sealhold.vault.subjects import events_of

_ACTORS = {
    Actor.OWNER: "you",
    Actor.VAULT: "the vault",
    Actor.PERSON: "the person",
    Actor.OFFICER: "an officer",
    Actor.CLIENT: "a database user",
}


class Ledger:
    """Reads and checks one vault's log."""

    def __init__(
        self,
        core: Core,
        appender: Appender,
        registry: Registry,
        home: Home,
        objects: Objects,
    ) -> None:
        self._core = core
        self._appender = appender
        self._registry = registry
        self._home = home
        self._objects = objects
        self._log = Sealer(core.keyring.named("log"))
        self._verified: LogState | None = None

    def ledger(self, before: int | None = None, limit: int = 50) -> tuple[LedgerLine, ...]:
        """Return up to `limit` entries below `before` (None: from the end), the newest first."""
        return tuple(islice(self.lines(before), limit))

    def lines(self, before: int | None = None) -> Iterator[LedgerLine]:
        """Yield entries, the newest first."""
        for line in read_entries(self._core.store, self._opener, before=before):
            shown = self._line(line)
            if shown is not None:
                yield shown

    def uses_of(self, tag: bytes, limit: int = 20) -> tuple[LedgerLine, ...]:
        """Return the newest entries that name the record with this tag in the log."""
        found = []
        for line in islice(read_entries(self._core.store, self._opener), 2_000):
            logged = line.logged
            if logged is not None and logged.event.names(tag):
                shown = self._line(line)
                if shown is not None:
                    found.append(shown)
        return tuple(found[:limit])

    def state(self) -> LogState:
        """Return the log as it stands; `whole` says what the last check in this process found."""
        checked = self._verified
        head = self._appender.head
        return LogState(
            size=head.size,
            root=head.frontier.root().hex(),
            at=head.at,
            key_digest=key_digest(self._appender.key.public),
            checkpoint=head.note,
            whole=checked.whole if checked else None,
            faults=checked.faults if checked else (),
        )

    def verify(self, progress: Progress | None = None, against: str | None = None) -> LogState:
        """Read and recompute everything that is kept.

        `against` is a checkpoint that the owner kept elsewhere, in place of HEAD.
        """
        faults = [*self._files(), *self._log_faults(progress, against), *self._records()]
        faults += [f"`{self._home.data.name}`: {each}" for each in people_faults(self._core)]
        faults += [f"`{self._home.data.name}`: {each}" for each in register_faults(self._core)]
        faults += [f"`{self._home.data.name}`: {each}" for each in _of_holds(self._core)]
        state = self.state()
        self._verified = LogState(
            size=state.size,
            root=state.root,
            at=state.at,
            key_digest=state.key_digest,
            checkpoint=state.checkpoint,
            whole=not faults,
            faults=tuple(faults),
        )
        return self._verified

    def proof(self, seq: int) -> bytes:
        """Return the audit bundle of one entry, which `sealhold verify` reads.

        Raises:
            NotFoundError: the log has no such entry.
        """
        with self._core.store.snapshot() as view:
            return prove_entry(view, seq, self._opener, self._appender.known)

    def keys(self) -> LogKeysView:
        """Return the keys that sign for the log, the newest first."""
        return logkeys.shown(self._core)

    def keys_file(self) -> bytes:
        """Return the file by which others come from an older of these keys to the newest.

        Raises:
            NotFoundError: the log has its first key still.
        """
        return logkeys.file_of(self._core)

    def leaf_hashes(self) -> tuple[str, ...]:
        """Return the leaf hash of each entry, from entry 0 on."""
        return tuple(each.hex() for each in read_hashes(self._core.store))

    @property
    def openers(self) -> Openers:
        """What opens entries, by the subject that they lie under."""
        return self._opener

    @property
    def origin(self) -> str:
        """The name of the log."""
        return self._appender.key.name

    def leaf_hash(self, seq: int) -> bytes:
        """Return the leaf hash of one entry.

        Raises:
            NotFoundError: the log has no such entry.
        """
        found = self._core.store.get(LEAF.name, [(seq,)])[0]
        if found is None:
            raise NotFoundError(f"no entry {seq}")
        return leaf_of(found).hash

    def size_after(self, seq: int) -> int:
        """Return the size of the first checkpoint that covers an entry.

        Raises:
            NotFoundError: the log has no such entry.
        """
        page = self._core.store.scan(CHECKPOINT.name, "key", (seq + 1,), (), limit=1)
        if not page.rows:
            raise NotFoundError(f"no checkpoint covers entry {seq}")
        size: int = page.rows[0].row[0]
        return size

    def _opener(self, subject: Id16) -> Sealer | None:
        if subject == NOBODY:
            return self._log
        if subject == self._core.owner:
            return self._core.keys.events
        return events_of(self._core, subject)

    def _files(self) -> Iterator[str]:
        ring = self._core.keyring
        checked = (
            (self._home.data, _faults_of(self._core.store)),
            (self._home.keys_of(ring.lies_in.epoch), ring.faults()),
        )
        for path, faults in checked:
            for fault in faults:
                yield fault if path.name in fault else f"`{path.name}`: {fault}"
        yield from self._objects.faults()

    def _log_faults(self, progress: Progress | None, against: str | None) -> Iterator[str]:
        try:
            newest = against or read(self._home.head).decode()
            with self._core.store.snapshot() as view:
                report = verify_log(view, self._opener, self._appender.known, newest, progress)
        except (TamperedError, InvalidEncodingError, UnicodeDecodeError) as err:
            yield f"`{self._home.data.name}` or `HEAD`: {err}"
            return
        for fault in report.faults:
            yield f"`{self._home.data.name}`: {fault}"

    def _records(self) -> Iterator[str]:
        try:
            rows = scan_all(self._core.store, RECORDS)
            for fault in unopened(self._core.keys, self._core.store, rows):
                yield f"`{self._home.data.name}`: {fault}"
        except TamperedError as err:
            yield f"`{self._home.data.name}`: {err}"

    def _line(self, line: Line) -> LedgerLine | None:
        logged = line.logged
        if logged is None:
            return None
        event = logged.event
        return LedgerLine(
            seq=logged.seq,
            at=logged.at,
            kind=event.kind.name.lower(),
            actor=self._actor(event),
            purpose=event.purpose or "",
            what=sentence(event),
            outcome="done" if event.outcome is Outcome.DONE else event.outcome.name.lower(),
            reason=event.reason or "",
            rows_read=event.rows_read,
            bytes_out=event.bytes_out,
            cost=event.cost,
            left=event.left,
            leaf=line.leaf.hash.hex(),
            receipt=event.receipt,
        )

    def _actor(self, event: Event) -> str:
        if event.app is not None and event.actor is Actor.APP:
            return self._name(event.app)
        return _ACTORS.get(event.actor, "an outsider")

    def _name(self, app: AppId) -> str:
        try:
            return self._registry.get(app).name
        except NotFoundError:
            return "an app"


def _faults_of(store: RecordStore) -> tuple[str, ...]:
    try:
        return store.check().faults
    except SealholdError as err:
        return (str(err),)


def _of_holds(core: Core) -> Iterator[str]:
    """Yield what is wrong with holds, and with what is held."""
    if next(core.deciding.all(HOLDS.name), None) is None and not keeping_ids(core):
        return
    from sealhold.vault.holdcheck import hold_faults  # noqa: PLC0415  # reason: few have any

    yield from hold_faults(core)


def unopened(keys: SubjectKeys, view: ReadView, rows: Iterable[Found]) -> Iterator[str]:
    """Yield a sentence for each of the owner's items that does not open; none is handed out."""
    for found in rows:
        try:
            open_standing(keys, view, found)
        except SealBrokenError:
            yield f"item `{show(Kind.RECORD, found.row[0])}` does not open"


def drawn(view: ReadView, starts: Iterable[bytes]) -> Iterator[Found]:
    """Yield the owner's item behind each id of 16 bytes, the first one where none is."""
    for start in starts:
        page = view.scan(RECORDS.name, "key", (start,), (), limit=1)
        yield from page.rows or view.scan(RECORDS.name, "key", (), (), limit=1).rows
