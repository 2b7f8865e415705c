"""The drill of a vault: what it is to do on a bad day, tried on a good one, and signed.

- Something is sealed and opened, and does not open elsewhere. A person who never was is made and
  erased, and nothing of them opens any more. The newest backup is compared part by part, restored
  into a folder or schema that goes again, and read there as the log would be.
- The outcome is a statement that the log's key signs. It names no person and no content.

Source: docs/spec/29-operations.md section 7.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sealhold.audit import log
from sealhold.audit.event import Actor, Event, EventKind
from sealhold.crypto import dsse
from sealhold.crypto.digest import framed, sha256
from sealhold.crypto.seal import Sealer, new_key
from sealhold.crypto.sign import key_digest
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import to_json
from sealhold.model.errors import NotFoundError, SealBrokenError, SealholdError, TamperedError
from sealhold.model.ids import SubjectId, random_id
from sealhold.model.shown.backups import DrillView, Tried
from sealhold.stores.spec import ObjectStore, RecordStore
from sealhold.vault import proxycopies
from sealhold.vault.backups import (
    Backups,
    Manifest,
    backup_of,
    check_parts,
    checked,
    read_manifest,
    rows_of,
)
from sealhold.vault.home import FORM, Home
from sealhold.vault.keysets import KeySets
from sealhold.vault.proxykeys import ProxyKeys
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

MEDIA = "application/vnd.sealhold.drill+json"
CANARY = b"a person who never was"
HELD, FAILED, MISSING = "held", "failed", "missing"


@dataclass(frozen=True, slots=True)
class Drill:
    """Tries what a vault is to do on a bad day."""

    backups: Backups
    sets: KeySets
    open_rows: Callable[[RecordStore], None]  # opens a restored store as this vault's own
    place: Callable[[str], ObjectStore]  # at an address
    scratch: Callable[[Path], RecordStore]  # a store of a file
    there: Callable[[], AbstractContextManager[RecordStore | None]]  # one on the rows' server

    def run(self) -> DrillView:
        """Try all of it, and return what came of it, signed; the log tells that it was done."""
        core, appender = self.backups.core, self.backups.appender
        tried, keys = tuple(self._all()), appender.keys
        statement = {
            "type": MEDIA,
            "at": core.clock(),
            "log_key": key_digest(keys.signer.public),
            "log_size": appender.head.size,
            "tried": [{"name": t.name, "outcome": t.outcome, "about": t.about} for t in tried],
        }
        envelope = dsse.sign(MEDIA, to_json(statement), [keys.signer])
        teller = Teller(core.keys)
        event = Event(
            kind=EventKind.PROOF,
            actor=Actor.OWNER,
            subject=teller.subject,
            digest=sha256(envelope),
            reason="drill",
        )
        core.writer.commit(Work((), (teller.entry(event),)))
        return DrillView(tried=tried, envelope=envelope.decode())

    def _all(self) -> Iterator[Tried]:
        for name, work in (
            ("seal_and_open", self._seal),
            ("erase_a_canary", self._erase),
            ("restore_the_newest_backup", self._restore),
        ):
            try:
                yield work(name)
            except SealholdError as err:
                yield Tried(name, FAILED, f"{type(err).code()}: {err}")

    def _seal(self, name: str) -> Tried:
        core = self.backups.core
        sealer = Sealer(new_key(core.entropy, "drill"))
        here, there = framed(Tag.JOURNAL, b"here"), framed(Tag.JOURNAL, b"there")
        sealed = sealer.seal(CANARY, here, core.entropy)
        if sealer.open(sealed, here) != CANARY:
            raise SealBrokenError("what was sealed opens as something else")
        try:
            sealer.open(sealed, there)
        except SealBrokenError:
            return Tried(name, HELD, "opens in its place alone")
        raise SealBrokenError("what was sealed opens elsewhere")

    def _erase(self, name: str) -> Tried:
        core = self.backups.core
        ring, canary = core.keyring, SubjectId(random_id(core.entropy))
        ring.add_subject(core.app, canary)
        try:
            ring.subject(canary).papers.seal(CANARY, b"", core.entropy)
        finally:
            ring.erase_subject(core.app, canary)
        try:
            ring.subject(canary)
        except NotFoundError:
            return Tried(name, HELD, "its keys are in no file")
        raise TamperedError("keys of an erased person open")

    def _restore(self, name: str) -> Tried:
        newest = self.backups.newest()
        if newest is None:
            return Tried(name, MISSING, "this vault was never backed up")
        place = self.place(newest.where)
        manifest = read_manifest(place, newest.id)
        # THREAT T287: what the place keeps under that name must be what this vault put there
        if manifest.digest().hex() != newest.digest:
            raise TamperedError("the newest backup is another one than was made")
        check_parts(place, manifest, _nobody)
        if manifest.form != FORM:
            told = f"each part is whole; its rows have form {manifest.form}, not {FORM}"
            return Tried(name, HELD, f"{newest.id}: {told}")
        with TemporaryDirectory(prefix="sealhold-drill-") as folder:
            if not manifest.on_server:
                size = self._read(
                    place, manifest, Path(folder), self.scratch(Path(folder) / "rows")
                )
            else:
                with self.there() as rows:
                    if rows is None:
                        told = "each part is whole; this role may make no schema to restore it into"
                        return Tried(name, MISSING, f"{newest.id}: {told}")
                    size = self._read(place, manifest, Path(folder), rows)
        return Tried(name, HELD, f"{newest.id}: opens, with {size} entries of the log")

    def _read(self, place: ObjectStore, manifest: Manifest, folder: Path, rows: RecordStore) -> int:
        """Restore into `rows` and `folder`, and open both; return the size of the log there.

        Raises:
            TamperedError: they are not those of an earlier day of this vault.
        """
        ring, appender = self.backups.core.keyring, self.backups.appender
        rows.restore(*rows_of(place, manifest, ring.named("data-file")))
        self.open_rows(rows)
        try:
            faults = rows.check().faults
            head = log.read_head(rows, Sealer(ring.named("log")), appender.known)
        finally:
            rows.close()
        if faults or head.size > appender.head.size:
            raise TamperedError(faults[0] if faults else "the backup knows more than the vault")
        if manifest.states:
            read = partial(checked, place)
            proxycopies.put_back(Home(folder), manifest.states, read)
            proxycopies.turns(folder / proxycopies.STATES, ProxyKeys(self.backups.core))
        if manifest.epoch == ring.lies_in.epoch:
            keys = self.scratch(folder / "keys.db")
            keys.restore(place, backup_of(manifest.keys))
            self.sets.try_open(keys, manifest.epoch, manifest.key)
        return head.size


def _nobody(_done: int, _every: int) -> None:
    """Stand for a bar that nobody sees."""
