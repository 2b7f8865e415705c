"""The keys of the vault: root > epoch > app > subject > one per record version.

- The root key opens the epoch's key, that the key set's file; in it stand the app keys under the
  epoch's key, the subject keys under their app's, and the vault's own named keys.
- A subject key wraps record keys and nothing else. Tags, the index and log entries use the
  subject's base key, wrapped beside it: a new subject key then moves no tag.
- Whoever erases a subject key has erased all that hangs on it; nothing of a subject lies outside.
- The key set counts its generations, and the data database repeats the count: an old copy of the
  key set shows.

Source: docs/spec/03-keys.md sections 1 and 10.
"""

from dataclasses import dataclass

from sealhold.crypto.digest import Keyed
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import NOBODY, KeyKind, Sealer, new_key, wrap_aad
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import NotFoundError, TamperedError
from sealhold.model.ids import AppId, Id16, SubjectId
from sealhold.stores.spec import (
    ColumnKind,
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
TABLES = (HEAD, NAMED, APP, SUBJECT)


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


class Keyring:
    """Opens and makes keys. All of it lives in memory while the vault is open."""

    def __init__(self, store: RecordStore, epoch_key: Secret, entropy: Entropy) -> None:
        self._store = store
        self._fence = Fence(0)
        self._entropy = entropy
        self._epoch = Sealer(epoch_key)
        self._named: dict[str, Secret] = {}
        self._subjects: dict[SubjectId, SubjectKeys] = {}
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

    def owner(self) -> tuple[SubjectId, AppId]:
        """Return the one subject of a personal vault, and the app it lies under.

        Raises:
            TamperedError: the key set holds nobody.
        """
        page = self._store.scan(SUBJECT.name, "key", (), (), limit=1)
        if not page.rows:
            raise TamperedError("the key set holds nobody's keys")
        row = page.rows[0].row
        return SubjectId(row[0]), AppId(row[2])

    def subject(self, subject: SubjectId) -> SubjectKeys:
        """Return what a subject's keys can do.

        Raises:
            NotFoundError: there is no such subject, or it was erased.
        """
        known = self._subjects.get(subject)
        if known is None:
            known = self._subjects[subject] = self._open_subject(subject)
        return known

    def _open_subject(self, subject: SubjectId) -> SubjectKeys:
        found = self._store.get(SUBJECT.name, [(subject, 1)])[0]
        if found is None:
            raise NotFoundError("no such subject")
        app = AppId(found.row[2])
        opener = Sealer(self._app_key(app))
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

    def _commit(self, ops: list[Op]) -> None:
        count = Put(HEAD.name, (0, self.generation + 1))
        self._store.commit((), lambda _: (*ops, count), self._fence)
        self.generation += 1
