"""Backups of a vault: what one holds, how it is made while the vault is used, how it is checked.

- First the key set, then one snapshot of the rows, then the packs, then a manifest that names each
  part with length and digest, signed by the log's key. Without a manifest there is no backup.
- Rows of a file go there by runs of pages, each once for all backups in a place; those of a server
  go whole each time, and so do those of a backup that an older program made.
- All of it lies as it is kept: sealed. The slot of the epoch and the unlock slot are in none, so
  who has a backup and the passphrase has nothing; they are copied to a place of their own.
- Packs never change, so backups in one place share them. States of proxies go whole each time.
- Once the epoch is closed the key set in a backup opens nothing; its rows open with today's keys.

Source: docs/spec/29-operations.md section 5.
"""

from __future__ import annotations  # what a backup of rows needs is loaded with the first

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Appender
from sealhold.crypto.digest import equal, fingerprint
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, Signature, key_digest, verify
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import (
    ConflictError,
    InvalidEncodingError,
    NotFoundError,
    ObjectNotFoundError,
    TamperedError,
)
from sealhold.model.ids import ObjectName, SealedBytes, random_id
from sealhold.model.quantities import Instant
from sealhold.model.shown.backups import BackupView
from sealhold.stores.copying import Part
from sealhold.stores.spec import Backup, ColumnKind, Kept, ObjectStore, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.deciding import scan_all
from sealhold.vault.home import FIRST_FORM, FORM, Home, read
from sealhold.vault.noting import Noting, listed, parts_of
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

if TYPE_CHECKING:
    from sealhold.vault.chunkplaces import Manifest as Chunks
    from sealhold.vault.rowpacks import RowPacks

FORMAT, WITH_RUNS = 1, 2  # whole rows; rows in packs
WITH_STATES = 2  # more than those: states of proxies beside
MANIFEST = "manifest"
OURS = "b"  # begins the name of each backup, and of nothing else in a place
SHARED = "objects/"  # packs and programs, of all backups in a place
PUBLIC_BYTES, SIGNATURE_BYTES = 32, 64

BACKUPS = TableSpec(
    name="backup",
    columns={"id": ColumnKind.ID16, "sealed": ColumnKind.SEALED},
    key=("id",),
    indexes={},
)
Watch = Callable[[int, int], None]  # how many objects are done, of how many


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds."""

    id: str
    at: Instant
    public: PublicKey  # of the log, whose key signed this
    checkpoint: str  # of the log when the snapshot was begun
    epoch: int
    generation: int  # of the key set
    on_server: bool  # the rows: in the form of a database server's store
    form: int  # that the rows have
    key: bytes  # the epoch's key under its slot, 60 bytes
    keys: tuple[Part, ...]
    data: tuple[Part, ...]
    packs: tuple[Part, ...]  # names in the place begin with `objects/`
    rows: Part | None = None  # the list of what the rows are put together from; `data`: its packs
    states: tuple[Part, ...] = ()  # of proxies

    @property
    def log_key(self) -> str:
        """The digest of the key that signed this."""
        return key_digest(self.public)

    @property
    def parts(self) -> tuple[Part, ...]:
        """All objects but the manifest."""
        return (
            self.keys + self.data + self.states + self.packs + ((self.rows,) if self.rows else ())
        )

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.length for part in self.parts)

    def digest(self) -> bytes:
        """Return the 32 bytes by which the log names this backup."""
        return fingerprint(self.body())

    def body(self) -> bytes:
        """Return what is signed."""
        told: dict[str, Plain] = {
            "at": self.at,
            "checkpoint": self.checkpoint,
            "data": listed(self.data),
            "epoch": self.epoch,
            "format": (WITH_RUNS if self.rows else FORMAT) + WITH_STATES * bool(self.states),
            "generation": self.generation,
            "id": self.id,
            "key": self.key,
            "keys": listed(self.keys),
            "on_server": self.on_server,
            "packs": listed(self.packs),
        }
        if self.form != FIRST_FORM:  # as of a home, where what does not say is of the first
            told["form"] = self.form
        if self.states:
            told["states"] = listed(self.states)
        if self.rows is not None:
            told["rows"] = listed((self.rows,))[0]
        return pack(told)


def backup_of(parts: tuple[Part, ...]) -> Backup:
    """Return parts as a record store takes them back."""
    return Backup(objects={part.name: part.length for part in parts})


def rows_of(place: ObjectStore, manifest: Manifest, key: Secret) -> tuple[ObjectStore, Backup]:
    """Return from where a record store takes the rows of a backup back, and what to ask for.

    `key` is that of the file, of which the rows of a server need nothing.

    Raises:
        TamperedError: the list of the rows is not what was written.
    """
    if manifest.rows is None:
        return place, backup_of(manifest.data)
    from sealhold.vault.rowpacks import RowPacks  # noqa: PLC0415  # reason: an idle vault needs none

    return RowPacks(key, no_entropy).source(place, manifest.id)


def no_entropy(_count: int, /) -> bytes:
    """Give nothing: whoever only reads draws nothing.

    Raises:
        ValueError: always.
    """
    raise ValueError("nothing is drawn to read")


def ids_in(place: ObjectStore) -> list[str]:
    """Return the backups that are whole by their manifest, the oldest first."""
    names = (name.split("/") for name in place.names(OURS))
    return sorted(parts[0] for parts in names if len(parts) == 2 and parts[1] == MANIFEST)  # noqa: PLR2004


def read_manifest(place: ObjectStore, backup: str = "") -> Manifest:
    """Return the manifest of a backup, of the newest if none is named, with its signature checked.

    Whose log signed it the caller must know: `public`.

    Raises:
        NotFoundError: there is no such backup.
        TamperedError: it is not what was signed.
    """
    found = ids_in(place)
    wanted = backup or (found[-1] if found else "")
    if wanted not in found:
        raise NotFoundError(f"no backup `{wanted}`" if wanted else "there is no backup")
    data = place.get(ObjectName(f"{wanted}/{MANIFEST}"))
    try:
        body, public, signature = _three(unpack(data))
        manifest = _read(unpack(body), PublicKey(public))
    except (InvalidEncodingError, KeyError, TypeError, ValueError) as err:
        raise TamperedError(f"the manifest of `{wanted}` is not what was written") from err
    # THREAT T287: whoever keeps a backup cannot put another part, list or key into it
    verify(manifest.public, Tag.BACKUP_MANIFEST, body, Signature(signature))
    if manifest.id != wanted or manifest.body() != body:
        raise TamperedError(f"the manifest of `{wanted}` is another backup's")
    return manifest


def check_parts(place: ObjectStore, manifest: Manifest, watch: Watch) -> None:
    """Read each part and compare it with the manifest.

    Raises:
        TamperedError: one is gone, cut or altered, and which.
    """
    for done, part in enumerate(manifest.parts):
        watch(done, len(manifest.parts))
        checked(place, part)
    watch(len(manifest.parts), len(manifest.parts))


def checked(place: ObjectStore, part: Part) -> SealedBytes:
    """Return the bytes of a part.

    Raises:
        TamperedError: it is gone, cut or altered.
    """
    try:
        data = place.get(part.name)
    except ObjectNotFoundError as err:
        raise TamperedError(f"part `{part.name}` is gone") from err
    if not equal(fingerprint(data), part.digest):
        raise TamperedError(f"part `{part.name}` is not what was written")
    return data


@dataclass(frozen=True, slots=True)
class Backups:
    """Makes backups of one open vault."""

    core: Core
    appender: Appender
    home: Home
    teller: Teller = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "teller", Teller(self.core.keys))

    def look(self) -> tuple[int, int]:
        """Return how many objects beside the rows a backup copies, and their bytes."""
        objects = self.core.objects
        sizes = [objects.head(name) for name in objects.names()]
        return len(sizes), sum(sizes)

    def make(self, place: ObjectStore, where: str, watch: Watch) -> BackupView:
        """Copy the vault into `place` while it is used, and note it in the log.

        Raises:
            ConflictError: epoch or log key changed meanwhile; nothing that counts was written.
            StoreUnavailableError: a store or the place does not answer.
        """
        core, ring = self.core, self.core.keyring
        name = f"{OURS}{core.clock():015d}-{core.entropy(4).hex()}"
        keys, data = Noting(place), Noting(place)
        signer = self.appender.keys.signer
        with ring.still():  # first the keys, of one moment
            epoch, generation = ring.lies_in.epoch, ring.generation
            wrapped = read(self.home.epoch_key_of(epoch))
            ring.lies_in.store.backup(keys, f"{name}/keys")
        checkpoint = self.appender.head.note
        rows = self._rows(place, name, data)
        states = self._states(place, name)
        packs = self._packs(place, watch)
        manifest = Manifest(
            id=name,
            at=core.clock(),
            public=signer.public,
            checkpoint=checkpoint,
            epoch=epoch,
            generation=generation,
            on_server=not core.store.caps.encrypts_file,
            form=FORM,
            key=wrapped,
            keys=tuple(keys.parts),
            data=tuple(data.parts),
            packs=packs,
            rows=rows,
            states=states,
        )
        if ring.lies_in.epoch != epoch:
            raise ConflictError("the epoch was closed while the backup was made; make it again")
        # THREAT T359: rows that a key signed which the copied key set lacks would open nowhere
        if self.appender.keys.signer is not signer:
            raise ConflictError("the log's key was changed while the backup was made; repeat it")
        body = manifest.body()
        signed = pack([body, bytes(signer.public), bytes(signer.sign(Tag.BACKUP_MANIFEST, body))])
        place.put(ObjectName(f"{name}/{MANIFEST}"), SealedBytes(signed))
        self._note(manifest, where)
        return shown(manifest, where)

    def newest(self) -> BackupView | None:
        """Return the newest backup that this vault made, as it noted it then."""
        papers = [self._opened(each.row) for each in scan_all(self.core.store, BACKUPS)]
        if not papers:
            return None
        return BackupView(**max(papers, key=lambda paper: paper["at"]))

    def _rows(self, place: ObjectStore, name: str, data: Noting) -> Part | None:
        """Copy the rows; return the list of a file's, whose packs `data` then names."""
        core = self.core
        if not core.store.caps.encrypts_file:
            core.store.backup(data, f"{name}/data")
            return None
        from sealhold.stores.standstill import still_copy  # noqa: PLC0415  # reason: as above
        from sealhold.vault.rowpacks import RowPacks  # noqa: PLC0415  # reason: as above

        key = core.keyring.named("data-file")
        packs = RowPacks(key, core.entropy)
        with still_copy(self.home.data, key.reveal) as copy:
            made, parts, _ = packs.put(place, name, copy, self._earlier(place, packs))
        data.parts.extend(parts)
        return made

    def _states(self, place: ObjectStore, name: str) -> tuple[Part, ...]:
        """Copy the states of proxies, after the rows that remember how new they are."""
        from sealhold.vault import proxycopies  # noqa: PLC0415  # reason: few have a proxy

        noting = Noting(place)
        proxycopies.copied(self.core, self.home, noting, name)
        return tuple(noting.parts)

    def _earlier(self, place: ObjectStore, packs: RowPacks) -> Chunks | None:
        """Return what the rows of the newest backup of this vault in a place are put together from.

        None if there is none, or none that this vault can read: then all goes there again.
        """
        for backup in reversed(ids_in(place)):
            with suppress(TamperedError):
                return packs.list_of(place, backup)
        return None

    def _packs(self, place: ObjectStore, watch: Watch) -> tuple[Part, ...]:
        source = self.core.objects
        names, parts = list(source.names()), []
        for done, name in enumerate(names):
            watch(done, len(names))
            try:
                sealed = source.get(name)
            except ObjectNotFoundError:  # deleted a moment ago: no row names it any more
                continue
            part = Part(ObjectName(SHARED + name), len(sealed), fingerprint(sealed))
            if place.put(part.name, sealed) is Kept.EXISTS and place.head(part.name) != part.length:
                raise TamperedError(f"part `{part.name}` of an earlier backup is cut")
            parts.append(part)
        return tuple(parts)

    def _note(self, manifest: Manifest, where: str) -> None:
        core = self.core
        clear = (random_id(core.entropy),)
        view = shown(manifest, where)
        told: Mapping[str, Plain] = {name: getattr(view, name) for name in BackupView.__slots__}
        row = (*clear, core.papers.seal(BACKUPS.name, clear, dict(told)))
        event = Event(
            kind=EventKind.BACKUP,
            actor=Actor.OWNER,
            subject=self.teller.subject,
            digest=manifest.digest(),
        )
        core.writer.commit(Work((Put(BACKUPS.name, row),), (self.teller.entry(event),)))

    def _opened(self, row: tuple[bytes, bytes]) -> Mapping[str, Plain]:
        paper: Mapping[str, Plain] = self.core.papers.open(BACKUPS.name, (row[0],), row[1])
        return paper


def shown(manifest: Manifest, where: str) -> BackupView:
    """Return what is told of a backup."""
    return BackupView(
        id=manifest.id,
        where=where,
        at=manifest.at,
        epoch=manifest.epoch,
        objects=len(manifest.parts),
        size=manifest.size,
        digest=manifest.digest().hex(),
    )


def _three(value: Plain) -> tuple[bytes, bytes, bytes]:
    body, public, signature = value
    if len(public) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        raise ValueError
    return bytes(body), bytes(public), bytes(signature)


def _read(told: Plain, public: PublicKey) -> Manifest:
    if told["format"] not in range(FORMAT, WITH_RUNS + WITH_STATES + 1):
        raise InvalidEncodingError("a backup of another format")
    rows = parts_of([told["rows"]])[0] if told["format"] % 2 == 0 else None
    return Manifest(
        id=str(told["id"]),
        at=Instant(int(told["at"])),
        public=public,
        checkpoint=str(told["checkpoint"]),
        epoch=int(told["epoch"]),
        generation=int(told["generation"]),
        on_server=bool(told["on_server"]),
        form=int(told.get("form", FIRST_FORM)),
        key=bytes(told["key"]),
        keys=parts_of(told["keys"]),
        data=parts_of(told["data"]),
        packs=parts_of(told["packs"]),
        rows=rows,
        states=parts_of(told["states"]) if told["format"] > WITH_RUNS else (),
    )
