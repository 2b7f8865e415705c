"""The rows of a key set: each key wrapped under the one above it, and for its place alone.

- Under the epoch's key stand the vault's own named keys and the app keys; under its app's key each
  subject key with its base key, each key of a field, and the app's own base key.
- The version in a place is that of the key above. An app has one key in force in a set.
- What a base key gives outlives the key that it is wrapped under: tags, names and papers stay.
- Which subject is the owner stands in a row of its own.

Source: docs/spec/03-keys.md sections 1, 10 and 13.
"""

from collections.abc import Collection, Iterator
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

ACTIVE = "active"
TAGS = "@tags"  # in place of a field's name: the key of all tags that an app's people are found by

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
        "destroy_after": ColumnKind.I64,  # milliseconds since 1970; 0 while it is active
        "wrap": ColumnKind.SEALED,
        "base": ColumnKind.SEALED,
    },
    key=("subject", "ver"),
    indexes={},
)
FIELD = TableSpec(  # one key per profile field that people can be found by
    name="fieldkey",
    columns={
        "app": ColumnKind.ID16,
        "field": ColumnKind.CODE,
        "ver": ColumnKind.I64,
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

Owner = tuple[SubjectId, AppId]


@dataclass(frozen=True, slots=True)
class HeldApp:
    """An app's keys, open."""

    version: int
    key: Secret  # wraps the keys of its people and fields; another one in each epoch
    base: Secret  # gives its tags and seals, and stays


@dataclass(frozen=True, slots=True)
class HeldSubject:
    """A subject's keys, open."""

    row: Row  # what is clear of it
    key: Secret
    base: Secret

    @property
    def kept(self) -> tuple[Row, Secret, Secret]:
        """What a next epoch leaves as it is: all but the version of the app's key."""
        return (*self.row[:3], *self.row[4:]), self.key, self.base


@dataclass(frozen=True, slots=True)
class Held:
    """Every key of a set, open, and whose vault it is."""

    owner: Owner
    named: dict[str, Secret]
    apps: dict[AppId, HeldApp]
    fields: dict[tuple[AppId, str], Secret]
    subjects: list[HeldSubject]

    def __len__(self) -> int:
        pairs = len(self.apps) + len(self.subjects)
        return len(self.named) + len(self.fields) + 2 * pairs

    def follows(self, old: "Held", anew: Collection[AppId] = ()) -> bool:
        """Return whether this is the set after `old`: the same keys, but for those of apps.

        The apps of `anew` have another key of tags, too.
        """
        return (
            self.owner == old.owner
            and self.named == old.named
            and self.fields.keys() == old.fields.keys()
            and all(
                (key == old.fields[place]) != is_anew(place, anew)
                for place, key in self.fields.items()
            )
            and self.apps.keys() == old.apps.keys()
            and all(_is_next(self.apps[app], before) for app, before in old.apps.items())
            and [each.kept for each in self.subjects] == [each.kept for each in old.subjects]
        )


@dataclass(frozen=True, slots=True)
class KeySet:
    """Where the keys of one epoch lie: opens rows, and makes the operations that keep them."""

    epoch: int
    store: RecordStore
    sealer: Sealer  # under the epoch's key
    fence: Fence

    def named(self, name: str) -> Secret:
        """Open one of the vault's own keys.

        Raises:
            TamperedError: it is not there, or does not open.
        """
        found = self.store.get(NAMED.name, [(name, 1)])[0]
        if found is None:
            raise TamperedError(f"the key set lacks `{name}`")
        return self.sealer.unwrap(found.row[2], self._named_aad(name), name)

    def put_named(self, name: str, key: Secret, entropy: Entropy) -> Put:
        """Return the operation that keeps one of the vault's own keys."""
        wrap = self.sealer.wrap(key, self._named_aad(name), entropy)
        return Put(NAMED.name, (name, 1, wrap), Expect.ABSENT)

    def has_app(self, app: AppId) -> bool:
        """Return whether an app has a key, of whatever version."""
        return any(rows_of(self.store, APP, "key", app))

    def app(self, app: AppId) -> HeldApp:
        """Open an app's keys.

        Raises:
            NotFoundError: it has none.
            TamperedError: it has not one key in force.
            SealBrokenError: they are not those that were made for it.
        """
        rows = [found.row for found in rows_of(self.store, APP, "key", app)]
        if not rows:
            raise NotFoundError("no such app")
        return self._opened_app(app, rows)

    def put_app(self, app: AppId, held: HeldApp, entropy: Entropy) -> Put:
        """Return the operation that keeps an app's keys."""
        wrap = self.sealer.wrap(held.key, self._app_aad(app), entropy)
        base = Sealer(held.key).wrap(held.base, _app_base_aad(app, held.version), entropy)
        return Put(APP.name, (app, held.version, ACTIVE, wrap, base), Expect.ABSENT)

    def field(self, app: AppId, field: str) -> Secret:
        """Open the key of a field that people are found by.

        Raises:
            NotFoundError: it has none, or the app has none.
            SealBrokenError: it is not the one that was made for it.
        """
        found = self.store.get(FIELD.name, [(app, field, 1)])[0]
        if found is None:
            raise NotFoundError("no such field")
        return _opened_field(found.row, self.app(app))

    def has_field(self, app: AppId, field: str) -> bool:
        """Return whether a field has a key."""
        return self.store.get(FIELD.name, [(app, field, 1)])[0] is not None

    def subject(self, subject: SubjectId) -> HeldSubject:
        """Open a subject's keys.

        Raises:
            NotFoundError: there is no such subject, or it was erased.
            SealBrokenError: they are not those that were made for it.
        """
        found = self.store.get(SUBJECT.name, [(subject, 1)])[0]
        if found is None:
            raise NotFoundError("no such subject")
        return _opened_subject(found.row, self.app(AppId(found.row[2])))

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
        apps: dict[AppId, list[Row]] = {}
        for row in self._rows(APP):
            apps.setdefault(row[0], []).append(row)
        opened = {app: self._opened_app(app, rows) for app, rows in apps.items()}
        try:
            fields = {
                (AppId(row[0]), str(row[1])): _opened_field(row, opened[row[0]])
                for row in self._rows(FIELD)
            }
            subjects = [_opened_subject(row, opened[row[2]]) for row in self._rows(SUBJECT)]
        except KeyError as err:
            raise TamperedError("a key lies under an app that has none") from err
        named = {str(row[0]): self.named(row[0]) for row in self._rows(NAMED)}
        return Held(self.owner(), named, opened, fields, subjects)

    def _rows(self, table: TableSpec) -> Iterator[Row]:
        return (found.row for found in scan_all(self.store, table))

    def _opened_app(self, app: AppId, rows: list[Row]) -> HeldApp:
        if len(rows) != 1 or rows[0][2] != ACTIVE:
            raise TamperedError("an app has not one key in force")
        _, version, _, wrap, base = rows[0]
        key = self.sealer.unwrap(wrap, self._app_aad(app), "app")
        # THREAT T232: another app's base key would find and name this one's people
        opened = Sealer(key).unwrap(base, _app_base_aad(app, version), "app base")
        return HeldApp(version, key, opened)

    def _named_aad(self, name: str) -> bytes:
        place = Id16(name.encode().ljust(16, b"\0"))
        return wrap_aad(KeyKind.NAMED, NOBODY, NOBODY, place, self.epoch)

    def _app_aad(self, app: AppId) -> bytes:
        return wrap_aad(KeyKind.APP, app, NOBODY, NOBODY, self.epoch)


def put_field(app: AppId, field: str, key: Secret, under: HeldApp, entropy: Entropy) -> Put:
    """Return the operation that keeps the key of a field under its app's."""
    wrap = Sealer(under.key).wrap(key, _field_aad(app, field, under.version), entropy)
    return Put(FIELD.name, (app, field, 1, wrap), Expect.ABSENT)


def put_subject(held: HeldSubject, under: HeldApp, entropy: Entropy) -> Put:
    """Return the operation that keeps a subject's keys under their app's, as it is now."""
    subject, version, app, _, state, until = held.row
    sealer = Sealer(under.key)
    wrap = sealer.wrap(held.key, _aad(KeyKind.SUBJECT, app, subject, under.version), entropy)
    base = sealer.wrap(held.base, _aad(KeyKind.BASE, app, subject, under.version), entropy)
    row = (subject, version, app, under.version, state, until, wrap, base)
    return Put(SUBJECT.name, row, Expect.ABSENT)


def field_place(field: str) -> Id16:
    """Return the 16 bytes that stand for a profile field where a place has a record's id."""
    return Id16(tagged(Tag.FIELD_PLACE, field.encode())[:ID_BYTES])


def is_anew(place: tuple[AppId, str], anew: Collection[AppId]) -> bool:
    """Return whether a next epoch has another key there: the tags of apps that erased somebody."""
    app, field = place
    return field == TAGS and app in anew


def _is_next(now: HeldApp, before: HeldApp) -> bool:
    is_anew = now.key != before.key and now.version == before.version + 1
    return is_anew and now.base == before.base


def _opened_field(row: Row, under: HeldApp) -> Secret:
    app, field, _, wrap = row
    return Sealer(under.key).unwrap(wrap, _field_aad(app, field, under.version), "field")


def _opened_subject(row: Row, under: HeldApp) -> HeldSubject:
    subject, _, app, version, _, _, wrap, base = row
    if version != under.version:
        raise SealBrokenError("a key lies under another version of its app's")
    opener = Sealer(under.key)
    # THREAT T232: keys that were swapped between people, apps or kinds do not open
    key = opener.unwrap(wrap, _aad(KeyKind.SUBJECT, app, subject, version), "subject")
    base_key = opener.unwrap(base, _aad(KeyKind.BASE, app, subject, version), "base")
    return HeldSubject(row[:6], key, base_key)


def _aad(kind: KeyKind, app: AppId, subject: SubjectId, version: int) -> bytes:
    return wrap_aad(kind, app, subject, NOBODY, version)


def _app_base_aad(app: AppId, version: int) -> bytes:
    return wrap_aad(KeyKind.BASE, app, NOBODY, NOBODY, version)


def _field_aad(app: AppId, field: str, version: int) -> bytes:
    return wrap_aad(KeyKind.FIELD, app, NOBODY, field_place(field), version)
