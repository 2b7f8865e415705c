"""The rows of a key set: each key wrapped under the one above it, and for its place alone.

- Under the epoch's key stand the vault's own named keys and the app keys; under its app's key each
  subject key with its base key, each key of a field, and the app's own base key.
- The version in a place is that of the key above. Of an app, a subject and a field one key is in
  force; older ones open what still lies under them, until they are destroyed.
- From its second version on a key's own version stands in its place, too: two versions of one key
  cannot be taken for each other.
- What a base key gives outlives the key that it is wrapped under: tags, names and papers stay.
- Which subject is the owner stands in a row of its own.

Source: docs/spec/03-keys.md sections 1, 10 and 13; docs/spec/28-rotation.md section 1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sealhold.crypto.digest import tagged
from sealhold.crypto.seal import NOBODY, KeyKind, Sealer, wrap_aad
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import NotFoundError, SealBrokenError, TamperedError
from sealhold.model.ids import ID_BYTES, AppId, Id16, SubjectId
from sealhold.stores.spec import ColumnKind, Expect, Fence, Put, RecordStore, Row, TableSpec
from sealhold.vault.deciding import rows_of, scan_all
from sealhold.vault.heldkeys import Held, HeldApp, HeldApps, HeldField, HeldSubject, Owner

ACTIVE, DECRYPT_ONLY = "active", "decrypt-only"

HEAD = TableSpec(
    name="keyhead",
    columns={"one": ColumnKind.I64, "generation": ColumnKind.I64},
    key=("one",),
    indexes={},
)
NAMED = TableSpec(
    name="namedkey",
    columns={"name": ColumnKind.CODE, "ver": ColumnKind.I64, "wrap": ColumnKind.SEALED},
    key=("name", "ver"),
    indexes={},
)
APP = TableSpec(
    name="appkey",
    columns={
        "app": ColumnKind.ID16,
        "ver": ColumnKind.I64,
        "state": ColumnKind.CODE,
        "job": ColumnKind.ID16,
        "wrap": ColumnKind.SEALED,
        "base": ColumnKind.SEALED,
    },
    key=("app", "ver"),
    indexes={},
)
SUBJECT = TableSpec(
    name="subjectkey",
    columns={
        "subject": ColumnKind.ID16,
        "ver": ColumnKind.I64,
        "app": ColumnKind.ID16,
        "appver": ColumnKind.I64,
        "state": ColumnKind.CODE,
        "destroy_after": ColumnKind.I64,  # milliseconds since 1970; 0 while no end is set
        "used": ColumnKind.I64,  # wraps that it made, about: counted by chance
        "job": ColumnKind.ID16,  # that made this version, if one did
        "wrap": ColumnKind.SEALED,
        "base": ColumnKind.SEALED,
    },
    key=("subject", "ver"),
    indexes={"app": ("app", "subject", "ver"), "due": ("destroy_after",)},
)
FIELD = TableSpec(  # one key per profile field that people can be found by
    name="fieldkey",
    columns={
        "app": ColumnKind.ID16,
        "field": ColumnKind.CODE,
        "ver": ColumnKind.I64,
        "state": ColumnKind.CODE,
        "job": ColumnKind.ID16,
        "wrap": ColumnKind.SEALED,
    },
    key=("app", "field", "ver"),
    indexes={},
)
OWNER = TableSpec(  # whose vault it is, among all the subjects that it holds keys of
    name="keyowner",
    columns={"one": ColumnKind.I64, "subject": ColumnKind.ID16, "app": ColumnKind.ID16},
    key=("one",),
    indexes={},
)
TABLES = (HEAD, NAMED, APP, SUBJECT, FIELD, OWNER)
CLEAR = 8  # columns of a subject's row before the wraps


@dataclass(frozen=True, slots=True)
class KeySet:
    """Where the keys of one epoch lie: opens rows, and makes the operations that keep them."""

    epoch: int
    store: RecordStore
    sealer: Sealer  # under the epoch's key
    fence: Fence

    def named(self, name: str) -> Secret:
        """Open one of the vault's own keys, or what is kept beside them.

        Raises:
            TamperedError: it is not there, or does not open.
        """
        found = self.store.get(NAMED.name, [(name, 1)])[0]
        if found is None:
            raise TamperedError(f"the key set lacks `{name}`")
        return Secret(self.sealer.open(found.row[2], self._named_aad(name)), name)

    def put_named(self, name: str, key: Secret, entropy: Entropy) -> Put:
        """Return the operation that keeps one of the vault's own keys."""
        wrap = self.sealer.wrap(key, self._named_aad(name), entropy)
        return Put(NAMED.name, (name, 1, wrap), Expect.ABSENT)

    def has_app(self, app: AppId) -> bool:
        """Return whether an app has a key, of whatever version."""
        return any(rows_of(self.store, APP, "key", app))

    def app(self, app: AppId) -> HeldApp:
        """Open the keys of an app that are in force.

        Raises:
            NotFoundError: it has none.
            TamperedError: it has not one key in force.
            SealBrokenError: they are not those that were made for it.
        """
        apps = self.apps(app)
        return apps[max(apps)]

    def apps(self, app: AppId) -> HeldApps:
        """Open every version of an app's keys; the last is the one in force.

        Raises:
            NotFoundError: it has none.
            TamperedError: it has not one key in force.
            SealBrokenError: they are not those that were made for it.
        """
        rows = [found.row for found in rows_of(self.store, APP, "key", app)]
        if not rows:
            raise NotFoundError("no such app")
        return self._opened_apps(app, rows)

    def put_app(self, app: AppId, held: HeldApp, entropy: Entropy, *, state: str = ACTIVE) -> Put:
        """Return the operation that keeps one version of an app's keys."""
        wrap = self.sealer.wrap(held.key, self._app_aad(app), entropy)
        base = held.sealer.wrap(held.base, _app_base_aad(app, held.version), entropy)
        return Put(APP.name, (app, held.version, state, held.job, wrap, base))

    def fields(self, app: AppId, field: str) -> list[HeldField]:
        """Open each key of a field that people are found by, the one in force first.

        Raises:
            NotFoundError: it has none, or the app has none.
            SealBrokenError: one is not the one that was made for it.
        """
        page = self.store.scan(FIELD.name, "key", (app, field), (app, field + " "), reverse=True)
        if not page.rows:
            raise NotFoundError("no such field")
        under = self.app(app)
        return [opened_field(found.row, under) for found in page.rows]

    def has_field(self, app: AppId, field: str) -> bool:
        """Return whether a field has a key, of whatever version."""
        page = self.store.scan(FIELD.name, "key", (app, field), (app, field + " "), limit=1)
        return bool(page.rows)

    def subject(self, subject: SubjectId) -> list[HeldSubject]:
        """Open each version of a subject's keys, the one in force first.

        Raises:
            NotFoundError: there is no such subject, or it was erased.
            TamperedError: it has not one key in force.
            SealBrokenError: they are not those that were made for it.
        """
        rows = [found.row for found in rows_of(self.store, SUBJECT, "key", subject)]
        if not rows:
            raise NotFoundError("no such subject")
        check_newest([row[4] for row in rows], "a subject")
        apps = self.apps(AppId(rows[-1][2]))
        return [opened_subject(row, apps) for row in reversed(rows)]

    def owner(self) -> Owner:
        """Return the subject whose vault this is, and the app of the vault's own.

        Raises:
            TamperedError: the key set does not tell.
        """
        found = self.store.get(OWNER.name, [(0,)])[0]
        if found is None:
            raise TamperedError("the key set does not tell whose vault it is")
        return SubjectId(found.row[1]), AppId(found.row[2])

    def held(self) -> Held:
        """Open every key of the set.

        Raises:
            TamperedError: an app has not one key in force, or a key's app has none.
            SealBrokenError: a key does not open.
        """
        rows: dict[AppId, list[Row]] = {}
        for row in self._rows(APP):
            rows.setdefault(row[0], []).append(row)
        apps = {app: self._opened_apps(app, of_app) for app, of_app in rows.items()}
        in_force = {app: versions[max(versions)] for app, versions in apps.items()}
        try:
            fields = {
                (AppId(row[0]), str(row[1]), int(row[2])): opened_field(row, in_force[row[0]])
                for row in self._rows(FIELD)
            }
            subjects = [opened_subject(row, apps[row[2]]) for row in self._rows(SUBJECT)]
        except KeyError as err:
            raise TamperedError("a key lies under an app that has none") from err
        named = {str(row[0]): self.named(row[0]) for row in self._rows(NAMED)}
        return Held(self.owner(), named, in_force, fields, subjects)

    def _rows(self, table: TableSpec) -> Iterator[Row]:
        return (found.row for found in scan_all(self.store, table))

    def _opened_apps(self, app: AppId, rows: Sequence[Row]) -> HeldApps:
        check_newest([row[2] for row in rows], "an app")
        return {row[1]: self._opened_app(app, row) for row in rows}

    def _opened_app(self, app: AppId, row: Row) -> HeldApp:
        _, version, _, job, wrap, base = row
        key = self.sealer.unwrap(wrap, self._app_aad(app), "app")
        # THREAT T232: another app's base key would find and name this one's people
        opened = Sealer(key).unwrap(base, _app_base_aad(app, version), "app base")
        return HeldApp(version, key, opened, job)

    def _named_aad(self, name: str) -> bytes:
        place = Id16(name.encode().ljust(16, b"\0"))
        return wrap_aad(KeyKind.NAMED, NOBODY, NOBODY, place, self.epoch)

    def _app_aad(self, app: AppId) -> bytes:
        return wrap_aad(KeyKind.APP, app, NOBODY, NOBODY, self.epoch)


def put_field(app: AppId, field: str, held: HeldField, under: HeldApp, entropy: Entropy) -> Put:
    """Return the operation that keeps one version of the key of a field under its app's."""
    place = field_aad(app, field, held.version, under.version)
    wrap = under.sealer.wrap(held.key, place, entropy)
    return Put(FIELD.name, (app, field, held.version, held.state, held.job, wrap))


def put_subject(held: HeldSubject, under: HeldApp, entropy: Entropy) -> Put:
    """Return the operation that keeps one version of a subject's keys under their app's."""
    subject, version, app, _, *rest = held.row
    sealer = under.sealer
    place = subject_aad(KeyKind.SUBJECT, app, subject, version, under.version)
    wrap = sealer.wrap(held.key, place, entropy)
    place = subject_aad(KeyKind.BASE, app, subject, version, under.version)
    base = sealer.wrap(held.base, place, entropy)
    return Put(SUBJECT.name, (subject, version, app, under.version, *rest, wrap, base))


def field_place(field: str) -> Id16:
    """Return the 16 bytes that stand for a profile field where a place has a record's id."""
    return Id16(tagged(Tag.FIELD_PLACE, field.encode())[:ID_BYTES])


def opened_field(row: Row, under: HeldApp) -> HeldField:
    """Return the key of a field from its row; it lies under the app's key in force.

    Raises:
        SealBrokenError: it is not the one that was made for this place.
    """
    app, field, version, state, job, wrap = row
    place = field_aad(app, field, version, under.version)
    return HeldField(version, state, under.sealer.unwrap(wrap, place, "field"), job)


def opened_subject(row: Row, apps: HeldApps) -> HeldSubject:
    """Return a subject's keys from their row.

    Raises:
        SealBrokenError: they are not those that were made for this place.
    """
    subject, version, app, above, *_, wrap, base = row
    under = apps.get(above)
    if under is None:
        raise SealBrokenError("a key lies under another version of its app's")
    opener = under.sealer
    # THREAT T232: keys that were swapped between people, apps or kinds do not open
    # THREAT T270: nor those of two versions: an old key does not come back as the one in force
    place = subject_aad(KeyKind.SUBJECT, app, subject, version, above)
    key = opener.unwrap(wrap, place, "subject")
    place = subject_aad(KeyKind.BASE, app, subject, version, above)
    return HeldSubject(row[:CLEAR], key, opener.unwrap(base, place, "base"))


def subject_aad(kind: KeyKind, app: bytes, subject: bytes, version: int, above: int) -> bytes:
    """Return the place of a subject's key or base key; `above` is the version of the app's."""
    return wrap_aad(kind, app, subject, turned(version), above)


def turned(version: int) -> bytes:
    """Return what stands for a version of a subject's key: how often it was turned over."""
    return (version - 1).to_bytes(ID_BYTES)


def field_aad(app: AppId, field: str, version: int, above: int) -> bytes:
    """Return the place of a field's key; `above` is the version of the app's."""
    name = field if version == 1 else f"{field}#{version}"  # no field has such a name
    return wrap_aad(KeyKind.FIELD, app, NOBODY, field_place(name), above)


def check_newest(states: Sequence[str], what: str) -> None:
    """Refuse versions of which not the newest, and it alone, is in force.

    Raises:
        TamperedError: another one is, or none.
    """
    if states[-1] != ACTIVE or ACTIVE in states[:-1]:
        raise TamperedError(f"{what} has not one key in force")


def _app_base_aad(app: AppId, version: int) -> bytes:
    return wrap_aad(KeyKind.BASE, app, NOBODY, NOBODY, version)
