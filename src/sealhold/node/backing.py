"""Backups as a face asks for them: a place is named by its address, and opened here.

- A place is a folder, or a bucket as packs may lie in one; it is not trusted.

Source: docs/spec/29-operations.md sections 5 and 6.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import NotFoundError, TamperedError
from sealhold.model.shown.backups import (
    BackupView,
    CheckView,
    DrillView,
    PruneView,
    RestoreView,
)
from sealhold.model.shown.snapshots import RollbackView
from sealhold.node.node import Node
from sealhold.node.places import Places, places_of, sql_place
from sealhold.node.placing import PLAIN, backup_place, place_of
from sealhold.node.storing import stored
from sealhold.node.world import World
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.migrating import Migration
from sealhold.stores.spec import ObjectStore, RecordStore
from sealhold.vault import access, upgrading
from sealhold.vault.access import ByRecovery
from sealhold.vault.backups import Manifest, Watch, check_parts, read_manifest, shown
from sealhold.vault.drill import Drill
from sealhold.vault.home import FORM, Home
from sealhold.vault.opening import all_tables
from sealhold.vault.restoring import NewHome, copy_slots, fill
from sealhold.vault.rollback import Undone
from sealhold.vault.upgrading import MIGRATIONS
from sealhold.vault.writer import Work


def back_up(node: Node, address: str, watch: Watch) -> BackupView:
    """Copy an open vault to a place, while it is used.

    Raises:
        InvalidError: the place lies in the vault.
        ConflictError: the epoch was closed meanwhile.
        StoreUnavailableError: a store or the place does not answer.
    """
    where, place = backup_place(address, node.home, node.world)
    made = node.parts.backups.make(place, where, watch)
    public = node.parts.vault.sets.root.keeping.recovery
    if public:
        from sealhold.vault import escrowing  # noqa: PLC0415  # reason: few have one

        if escrowing.is_kept(place, public):  # of an older epoch, maybe
            escrowing.keep(place, node.home, public, node.world.entropy)
    return made


def keep_recovery(node: Node, address: str) -> int:
    """Keep at a place of backups what the recovery secret opens; return the epoch that it opens.

    Raises:
        NotFoundError: the vault has no recovery secret.
        CarrierRefusedError: the place keeps what it has.
        StoreUnavailableError: it does not answer.
    """
    public = node.parts.vault.sets.root.keeping.recovery
    if not public:
        raise NotFoundError("this vault was made without a recovery secret")
    from sealhold.vault import escrowing  # noqa: PLC0415  # reason: few have one

    _, place = backup_place(address, node.home, node.world)
    return escrowing.keep(place, node.home, public, node.world.entropy)


def by_recovery(text: str, passphrase: str, world: World) -> ByRecovery:
    """Return what restores a vault by its recovery secret; `passphrase` opens it from then on."""
    return ByRecovery(
        text=text, passphrase=passphrase, stretch=world.stretch, entropy=world.entropy
    )


def drill(node: Node) -> DrillView:
    """Try what an open vault is to do on a bad day, on a good one.

    Raises:
        AuditUnavailableError: the log cannot be written.
    """
    parts = node.parts
    core = parts.core

    def open_rows(store: RecordStore) -> None:
        tables = all_tables(stored(node.home, node.world, Places()))
        store.open(tables, core.keyring.named("data-file").reveal, create=False)

    def there() -> AbstractContextManager[RecordStore | None]:
        from sealhold.node.onserver import scratch  # noqa: PLC0415  # reason: few are on a server

        return scratch(places_of(node.home), node.world.entropy)

    return Drill(
        parts.backups,
        parts.vault.sets,
        open_rows,
        lambda address: place_of(address, node.world),
        SqlCipherStore,
        there,
    ).run()


def upgrade(
    folder: Path,
    world: World,
    given: str,
    migrations: Sequence[Migration] = MIGRATIONS,
    *,
    records: str = "",
    watch: Watch = upgrading.unseen,
) -> int:
    """Bring a vault to today's form, open it, and note in its log that it was brought there.

    Return the form that it has: an older one, if this ended a way back that a kill came between.

    `records` is the address of its rows for a role that may change their tables, if the one that
    it works under may not.

    Raises:
        ConflictError: it has that form already.
        WrongPassphraseError: it does not open.
        TamperedError: a file is not what was written; the old rows stay.
    """
    home = Home(folder)
    begun = home.switching_to
    root = access.root_of(home, given)
    places = places_of(home)
    parts = stored(home, world, places)
    if parts.rows_here:
        upgrading.upgrade(parts, root, migrations, watch)
    else:
        from sealhold.stores.pgmigrating import moving  # noqa: PLC0415  # reason: few ever need it

        client, schema = sql_place(Places(records=records or places.records))
        try:
            moved = moving(client, schema)
            upgrading.upgrade_server(parts, root, moved, migrations, watch)
        finally:
            client.close()
    was_begun = not parts.rows_here and begun is not None  # a way back: it was ended, or never was
    if (
        was_begun or home.form != FORM or home.restored.exists()
    ):  # the last opens on its owner's word
        return home.form
    with Node(folder, world) as node:
        node.unlock(given)
        core = node.parts.core
        event = Event(kind=EventKind.UPGRADE, actor=Actor.OWNER, reason=f"form {home.form}")
        core.writer.commit(Work((), (Entry(event=event),), releases=True))
    return home.form


def rollback_look(node: Node, migrations: Sequence[Migration] = MIGRATIONS) -> RollbackView:
    """Return what going back from the last upgrade of an open vault would do.

    Raises:
        NotFoundError: its rows never had an older form.
        ConflictError: the older form cannot hold what protects somebody.
    """
    from sealhold.vault import goingback  # noqa: PLC0415  # reason: few ever go back

    return goingback.preview(node.parts.core, migrations)


def roll_back(
    folder: Path,
    world: World,
    given: str,
    to: int,
    migrations: Sequence[Migration] = MIGRATIONS,
    *,
    records: str = "",
) -> None:
    """Bring a vault, which nobody has open, back to the form from before an upgrade.

    Whatever permitted is stopped or unknown afterwards; `records` is as in `upgrade`.

    Raises:
        WrongPassphraseError: it does not open.
        ConflictError: the older form cannot hold what protects somebody.
        TamperedError: a file is not what was written; the rows of today stay.
    """
    from sealhold.vault import goingback  # noqa: PLC0415  # reason: as above

    home = Home(folder)
    root = access.root_of(home, given)
    places = places_of(home)
    parts = stored(home, world, places)
    if parts.rows_here:
        goingback.roll_back(parts, root, to, migrations)
        return
    from sealhold.stores.pgmigrating import moving  # noqa: PLC0415  # reason: few ever need it

    client, schema = sql_place(Places(records=records or places.records))
    try:
        goingback.roll_back_server(parts, root, moving(client, schema), to, migrations)
    finally:
        client.close()


def switching_to(folder: Path) -> int | None:
    """Return the form of the rows that were being put in when a process died."""
    return Home(folder).switching_to


def steps_of(folder: Path) -> tuple[Migration, ...]:
    """Return the steps that lead from a vault's form to today's.

    Raises:
        ConflictError: it has that form already.
    """
    return upgrading.steps_of(Home(folder))


def keep_slots(home: Home, folder: Path) -> tuple[str, ...]:
    """Copy the slots of a vault, which are in no backup, to a place of their own: files, as named.

    A stick may be named as it is for backups, `folder:PATH`.

    Raises:
        InvalidError: the place lies in the vault.
    """
    home.check()
    return copy_slots(home, Path(str(folder).removeprefix(PLAIN)))


def verify_backup(
    address: str, backup: str, log_key: str | None, world: World, watch: Watch
) -> tuple[BackupView, str]:
    """Compare each part of a backup with its manifest; return it and the digest of its signer.

    Raises:
        NotFoundError: there is no such backup.
        TamperedError: a part is not what was written, or another log's key signed it.
    """
    place = place_of(address, world)
    manifest = _manifest(place, backup, log_key)
    check_parts(place, manifest, watch)
    return shown(manifest, address), manifest.log_key


def check_backups(address: str, world: World, watch: Watch, *, read_data: bool) -> CheckView:
    """Look that all backups of a place are there, and read a sample of them, or all.

    Raises:
        TamperedError: a manifest or a part is gone, cut or altered.
        StoreUnavailableError: the place does not answer.
    """
    from sealhold.vault import pruning  # noqa: PLC0415  # reason: no vault that idles needs it

    return pruning.check(place_of(address, world), world.entropy, watch, read_data=read_data)


def prune_backups(address: str, keep: int, world: World, *, is_meant: bool) -> PruneView:
    """Let go of all backups of a place but the newest of each key that signed, or look at that.

    Raises:
        InvalidError: none is to be kept.
        TamperedError: a manifest is not what was written.
        CarrierRefusedError: the place keeps what it has.
        StoreUnavailableError: the place does not answer.
    """
    from sealhold.vault import pruning  # noqa: PLC0415  # reason: as above

    work = pruning.Pruning(place_of(address, world), world.clock, world.entropy)
    return work.run(keep) if is_meant else work.look(keep)


class Restore:
    """One going back to a backup: looked at first, then done."""

    def __init__(
        self,
        folder: Path,
        address: str,
        keys: Home | Path | ByRecovery,
        world: World,
        *,
        backup: str = "",
        log_key: str | None = None,
        places: Places | None = None,
    ) -> None:
        self._world = world
        self._places = places or Places()
        self._home = Home(folder, self._places.text())
        self._keys = keys
        self._place = place_of(address, world)
        self._manifest = _manifest(self._place, backup, log_key)
        self.view = shown(self._manifest, address)

    @property
    def look(self) -> RestoreView:
        """What it would do; nothing changes."""
        return self._told(0, 0, 0, 0)

    def fill(self, watch: Watch, given: Callable[[], str]) -> str | None:
        """Fill the home; it opens on its owner's word alone, which ends what must not come back.

        Return what was given, if it was asked for. It is asked once there is what it opens: for a
        passphrase, the text of a key, or a recovery secret. The rows of a server need none.

        Raises:
            WrongPassphraseError: it does not open.
            TakenError: the home holds something.
            TamperedError: a part of the backup is not what was written.
            NotFoundError: the slot of the backup's epoch is not there.
        """
        parts = stored(self._home, self._world, self._places)
        new = NewHome(
            home=self._home,
            data=parts.data,
            keys=parts.keys,
            objects=parts.objects,
            on_server=not parts.rows_here,
        )

        sets = access.Unlocking(self._home, parts.keys, self._world.clock, self._world.entropy)
        asked: list[str] = []

        def said() -> str:
            asked.append(given())
            return asked[-1]

        keys = self._keys
        fill(new, self._place, self._manifest, keys, watch, lambda: sets.file_key(said()))
        return asked[-1] if asked else None

    def told(self, node: Node) -> RestoreView:
        """Return what it did, once the home was opened on its owner's word."""
        undone = node.parts.vault.undone or Undone(0, 0, 0, 0)
        return self._told(undone.apps, undone.consents, undone.tokens, undone.people)

    def _told(self, apps: int, consents: int, tokens: int, people: int) -> RestoreView:
        return RestoreView(
            backup=self.view,
            home=str(self._home.folder),
            log_key=self._manifest.log_key,
            keys=_said(self._keys),
            apps=apps,
            consents=consents,
            tokens=tokens,
            people=people,
        )


def _manifest(place: ObjectStore, backup: str, log_key: str | None) -> Manifest:
    manifest = read_manifest(place, backup)
    # THREAT T287: a backup that somebody else signed whole is one of another log
    if log_key is not None and manifest.log_key != log_key:
        raise TamperedError("this backup was signed by the key of another log")
    return manifest


def _said(keys: Home | Path | ByRecovery) -> str:
    match keys:
        case Home():
            return "home"
        case ByRecovery():
            return "recovery"
        case _:
            return "backup"
