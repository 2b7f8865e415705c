"""The keys of the vault: root > epoch > app > subject > one per record version.

- The root key opens the epoch's key, that the key set's file; in it stand the app keys under the
  epoch's key, the subject keys under their app's, and the vault's own named keys.
- A subject key wraps record keys and nothing else. Tags, the index and log entries use the
  subject's base key, wrapped beside it: a new subject key then moves no tag.
- Whoever erases a subject key has erased all that hangs on it; nothing of a subject lies outside.
- Of the subjects one is the owner; the others are people whom apps keep data of. An app has a key
  once it keeps people, and each field that they are found by has one of its own.
- The key set counts its generations, and the data database repeats the count: an old copy of the
  key set shows.

Source: docs/spec/03-keys.md sections 1 and 10.
"""

from dataclasses import dataclass
from threading import RLock

from sealhold.crypto.digest import Keyed, tagged
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import NOBODY, KeyKind, Sealer, new_key, wrap_aad
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import NotFoundError, TamperedError
from sealhold.model.ids import ID_BYTES, AppId, Id16, SubjectId
from sealhold.stores.spec import (
    ColumnKind,
    DeleteWhere,
    Expect,
    Fence,
    Found,
    Op,
    Put,
    RecordStore,
    TableSpec,
)

ACTIVE = "active"
NAMED_KEYS = ("data-file", "log", "log-sign", "proof-sign", "grant-sign", "set-hash", "token")

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
AT_HAND = 4_096  # people whose keys stay open at most


@dataclass(frozen=True, slots=True)
class SubjectKeys:
    """What one subject's keys can do."""

    subject: SubjectId
    app: AppId
    version: int
    records: Sealer  # wraps record keys
    events: Sealer  # seals log entries
    index: Sealer  # seals word segments
    memo: Sealer  # seals answers of tasks on one object
    papers: Sealer  # seals receipts, reports and other documents about the subject
    leaf_ids: Keyed  # names records in the log
    identities: Keyed  # recognises an item that came before
    contents: Keyed  # tells whether it changed
    blocks: Keyed  # places words in the index
    budgets: Keyed  # names what a budget is for
    files: Secret  # recognises a file that was read before
    chunks: Secret  # cuts and names chunks of larger content


@dataclass(frozen=True, slots=True)
class AppKeys:
    """What one app's keys can do beside wrapping those of its people."""

    app: AppId
    lookups: Keyed  # the tags that people are found by
    erased: Keyed  # names the receipts of people who were erased
    receipts: Sealer  # seals these


class Keyring:
    """Opens and makes keys; several threads may call at once.

    The vault's own keys stay in memory while it is open, those of other subjects while they are
    in use.
    """

    def __init__(self, store: RecordStore, epoch_key: Secret, entropy: Entropy) -> None:
        self._store = store
        self._fence = Fence(0)
        self._entropy = entropy
        self._epoch = Sealer(epoch_key)
        self._named: dict[str, Secret] = {}
        self._subjects: dict[SubjectId, SubjectKeys] = {}
        self._turn = RLock()  # one changes the set, or opens keys out of it, at a time
        self.generation = 0

    def begin(self, fence: Fence) -> None:
        """Fill an empty key set with the vault's own keys."""
        self._fence = fence
        ops: list[Op] = []
        for name in NAMED_KEYS:
            key = new_key(self._entropy, name)
            ops.append(Put(NAMED.name, (name, 1, self._wrap_named(name, key)), Expect.ABSENT))
            self._named[name] = key
        self._commit(ops)

    def load(self, fence: Fence) -> None:
        """Open the vault's own keys.

        Raises:
            TamperedError: the set is not whole.
        """
        self._fence = fence
        head = self._store.get(HEAD.name, [(0,)])[0]
        if head is None:
            raise TamperedError("the key set has no head")
        self.generation = head.row[1]
        for name, found in zip(
            NAMED_KEYS,
            self._store.get(NAMED.name, [(name, 1) for name in NAMED_KEYS]),
            strict=True,
        ):
            if found is None:
                raise TamperedError(f"the key set lacks `{name}`")
            self._named[name] = self._epoch.unwrap(found.row[2], self._named_aad(name), name)

    def named(self, name: str) -> Secret:
        """Return one of the vault's own keys."""
        return self._named[name]

    def signer(self, name: str) -> SigningKey:
        """Return one of the vault's own keys as a signing key."""
        return SigningKey(self._named[name])

    def add_app(self, app: AppId) -> None:
        """Make the key of an app."""
        key = new_key(self._entropy, "app")
        wrap = self._epoch.wrap(key, self._app_aad(app), self._entropy)
        self._commit([Put(APP.name, (app, 1, ACTIVE, wrap), Expect.ABSENT)])

    def has_app(self, app: AppId) -> bool:
        """Return whether an app has a key."""
        return self._store.get(APP.name, [(app, 1)])[0] is not None

    def app(self, app: AppId) -> AppKeys:
        """Return what an app's keys can do.

        Raises:
            NotFoundError: it has none.
        """
        key = self._app_key(app)
        return AppKeys(
            app=app,
            lookups=Keyed(derive(key, Tag.APP_BASE, b"lookups"), Tag.LOOKUP_OUTER),
            erased=Keyed(derive(key, Tag.APP_BASE, b"erased"), Tag.ERASED_NAME),
            receipts=Sealer(derive(key, Tag.APP_BASE, b"receipts")),
        )

    def add_field(self, app: AppId, field: str) -> None:
        """Make the key of a field that people of an app can be found by, unless it has one."""
        if self._store.get(FIELD.name, [(app, field, 1)])[0] is None:
            aad, key = self._field_aad(app, field), new_key(self._entropy, "field")
            wrap = Sealer(self._app_key(app)).wrap(key, aad, self._entropy)
            self._commit([Put(FIELD.name, (app, field, 1, wrap), Expect.ABSENT)])

    def field(self, app: AppId, field: str) -> Keyed:
        """Return what makes the inner tags of a field's values.

        Raises:
            NotFoundError: it has no key.
        """
        found = self._store.get(FIELD.name, [(app, field, 1)])[0]
        if found is None:
            raise NotFoundError("no such field")
        opener = Sealer(self._app_key(app))
        key = opener.unwrap(found.row[3], self._field_aad(app, field), "field")
        return Keyed(key, Tag.LOOKUP_INNER)

    def add_subject(self, app: AppId, subject: SubjectId) -> None:
        """Make the keys of a subject of an app."""
        sealer = Sealer(self._app_key(app))
        aad = wrap_aad(KeyKind.SUBJECT, app, subject, NOBODY, 1)
        base_aad = wrap_aad(KeyKind.BASE, app, subject, NOBODY, 1)
        row = (
            subject,
            1,
            app,
            1,
            ACTIVE,
            0,
            sealer.wrap(new_key(self._entropy, "subject"), aad, self._entropy),
            sealer.wrap(new_key(self._entropy, "base"), base_aad, self._entropy),
        )
        self._commit([Put(SUBJECT.name, row, Expect.ABSENT)])

    def name_owner(self, subject: SubjectId, app: AppId) -> None:
        """Note whose vault this is, once and for all."""
        self._commit([Put(OWNER.name, (0, subject, app), Expect.ABSENT)])

    def owner(self) -> tuple[SubjectId, AppId]:
        """Return the subject whose vault this is, and the app of the vault's own.

        Raises:
            TamperedError: the key set does not tell.
        """
        found = self._store.get(OWNER.name, [(0,)])[0]
        if found is None:
            raise TamperedError("the key set does not tell whose vault it is")
        return SubjectId(found.row[1]), AppId(found.row[2])

    def subject(self, subject: SubjectId) -> SubjectKeys:
        """Return what a subject's keys can do.

        Raises:
            NotFoundError: there is no such subject, or it was erased.
            SealBrokenError: its keys are not those that were made for it.
        """
        known = self._subjects.get(subject)
        if known is not None:
            return known
        with self._turn:  # so that no erased key comes back behind its erasure
            known = self._open_subject(subject)
            if len(self._subjects) >= AT_HAND:
                del self._subjects[next(iter(self._subjects))]
            self._subjects[subject] = known
            return known

    def erase_subject(self, app: AppId, subject: SubjectId) -> None:
        """Destroy a subject's keys, in memory, in the set and in what its file keeps of old rows.

        All that hangs on them is unreadable once this returns. Without keys it does nothing.

        Raises:
            TamperedError: the subject is another app's, or the owner; nothing was destroyed.
            StoreUnavailableError: the disk refuses; the keys may be there still.
        """
        with self._turn:
            found = self._store.get(SUBJECT.name, [(subject, 1)])[0]
            # THREAT T236: whose person it is, the key set says, and not the row beside the data
            if found is not None and found.row[2] != app:
                raise TamperedError("the keys of a person are another app's")
            self._subjects.pop(subject, None)
            self._commit([DeleteWhere(SUBJECT.name, "key", (subject,))])
            self._store.purge()

    def _open_subject(self, subject: SubjectId) -> SubjectKeys:
        found = self._store.get(SUBJECT.name, [(subject, 1)])[0]
        if found is None:
            raise NotFoundError("no such subject")
        app = AppId(found.row[2])
        opener = Sealer(self._app_key(app))
        # THREAT T232: keys that were swapped between people, apps or kinds do not open
        key = opener.unwrap(
            found.row[6], wrap_aad(KeyKind.SUBJECT, app, subject, NOBODY, 1), "subject"
        )
        base = opener.unwrap(found.row[7], wrap_aad(KeyKind.BASE, app, subject, NOBODY, 1), "base")
        return SubjectKeys(
            subject=subject,
            app=app,
            version=1,
            records=Sealer(key),
            events=Sealer(derive(base, Tag.SUBJECT_BASE, b"events")),
            index=Sealer(derive(base, Tag.SUBJECT_BASE, b"index")),
            memo=Sealer(derive(base, Tag.SUBJECT_BASE, b"memo")),
            papers=Sealer(derive(base, Tag.SUBJECT_BASE, b"papers")),
            leaf_ids=Keyed(derive(base, Tag.SUBJECT_BASE, b"leaf ids"), Tag.LEAF_SUBJECT),
            identities=Keyed(derive(base, Tag.SUBJECT_BASE, b"identities"), Tag.IDENTITY),
            contents=Keyed(derive(base, Tag.SUBJECT_BASE, b"contents"), Tag.CONTENT),
            blocks=Keyed(derive(base, Tag.SUBJECT_BASE, b"blocks"), Tag.WORD_BLOCK),
            budgets=Keyed(derive(base, Tag.SUBJECT_BASE, b"budgets"), Tag.LOOKUP),
            files=derive(base, Tag.SUBJECT_BASE, b"files"),
            chunks=derive(base, Tag.SUBJECT_BASE, b"chunks"),
        )

    def _app_key(self, app: AppId) -> Secret:
        found: Found | None = self._store.get(APP.name, [(app, 1)])[0]
        if found is None:
            raise NotFoundError("no such app")
        return self._epoch.unwrap(found.row[3], self._app_aad(app), "app")

    def _wrap_named(self, name: str, key: Secret) -> bytes:
        return self._epoch.wrap(key, self._named_aad(name), self._entropy)

    @staticmethod
    def _named_aad(name: str) -> bytes:
        place = Id16(name.encode().ljust(16, b"\0"))
        return wrap_aad(KeyKind.NAMED, NOBODY, NOBODY, place, 1)

    @staticmethod
    def _app_aad(app: AppId) -> bytes:
        return wrap_aad(KeyKind.APP, app, NOBODY, NOBODY, 1)

    @staticmethod
    def _field_aad(app: AppId, field: str) -> bytes:
        return wrap_aad(KeyKind.FIELD, app, NOBODY, field_place(field), 1)

    def _commit(self, ops: list[Op]) -> None:
        with self._turn:
            count = Put(HEAD.name, (0, self.generation + 1))
            self._store.commit((), lambda _: (*ops, count), self._fence)
            self.generation += 1


def field_place(field: str) -> Id16:
    """Return the 16 bytes that stand for a profile field where a place has a record's id."""
    return Id16(tagged(Tag.FIELD_PLACE, field.encode())[:ID_BYTES])
