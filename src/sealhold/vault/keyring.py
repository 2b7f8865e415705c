"""The keys of the vault: root > epoch > app > subject > one per record version.

- The root key opens the epoch's key, that the key set's file; in it stand the app keys under the
  epoch's key, the subject keys under their app's, and the vault's own named keys.
- A subject key wraps record keys and nothing else. Tags, the index and log entries use the
  subject's base key, wrapped beside it: a new subject key then moves no tag.
- Whoever erases a subject key has erased all that hangs on it; nothing of a subject lies outside.
- The key set counts its generations, and the data database repeats the count: an old copy of the
  key set shows. The count goes on from one epoch's set to the next.
- In the set of a next epoch each app has another key, and every key another wrap.

Source: docs/spec/03-keys.md sections 1 and 10.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

from sealhold.crypto.digest import Keyed
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import NOBODY, KeyKind, Sealer, new_key, wrap_aad
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import NotFoundError, SealholdError, TamperedError
from sealhold.model.ids import AppId, Id16, SubjectId
from sealhold.stores.spec import (
    ColumnKind,
    Expect,
    Fence,
    Op,
    Put,
    RecordStore,
    Row,
    TableSpec,
)
from sealhold.vault.deciding import scan_all

ACTIVE = "active"
AT_ONCE = 500  # keys that are copied in one commit
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


@dataclass(frozen=True, slots=True)
class KeySet:
    """Where the keys of one epoch lie."""

    epoch: int
    store: RecordStore
    sealer: Sealer  # under the epoch's key
    fence: Fence


@dataclass(frozen=True, slots=True)
class Held:
    """Every key of a set, open."""

    named: dict[str, Secret]
    apps: dict[AppId, tuple[int, Secret]]  # the version in force, and its key
    subjects: list[tuple[Row, tuple[Secret, Secret]]]  # what is clear; the key, and the base key

    def __len__(self) -> int:
        return len(self.named) + len(self.apps) + 2 * len(self.subjects)

    def follows(self, old: "Held") -> bool:
        """Return whether this is the set after `old`: the same keys, but for those of apps."""
        next_apps = {app: version + 1 for app, (version, _) in old.apps.items()}
        return (
            self.named == old.named
            and {app: version for app, (version, _) in self.apps.items()} == next_apps
            and all(self.apps[app][1] != key for app, (_, key) in old.apps.items())
            and [_kept(each) for each in self.subjects] == [_kept(each) for each in old.subjects]
        )


class Keyring:
    """Opens and makes keys. All of it lives in memory while the vault is open."""

    def __init__(
        self, store: RecordStore, epoch_key: Secret, entropy: Entropy, epoch: int = 1
    ) -> None:
        self.lies_in = KeySet(epoch, store, Sealer(epoch_key), Fence(0))
        self._turn = Lock()  # nobody checks a set that is just being left
        self._entropy = entropy
        self._named: dict[str, Secret] = {}
        self._subjects: dict[SubjectId, SubjectKeys] = {}
        self.generation = 0

    def begin(self, fence: Fence) -> None:
        """Fill an empty key set with the vault's own keys."""
        self.lies_in = replace(self.lies_in, fence=fence)
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
        self.lies_in = replace(self.lies_in, fence=fence)
        head = self.lies_in.store.get(HEAD.name, [(0,)])[0]
        if head is None:
            raise TamperedError("the key set has no head")
        self.generation = head.row[1]
        for name, found in zip(
            NAMED_KEYS,
            self.lies_in.store.get(NAMED.name, [(name, 1) for name in NAMED_KEYS]),
            strict=True,
        ):
            if found is None:
                raise TamperedError(f"the key set lacks `{name}`")
            self._named[name] = self.lies_in.sealer.unwrap(
                found.row[2], self._named_aad(name), name
            )

    def named(self, name: str) -> Secret:
        """Return one of the vault's own keys."""
        return self._named[name]

    def signer(self, name: str) -> SigningKey:
        """Return one of the vault's own keys as a signing key."""
        return SigningKey(self._named[name])

    def add_app(self, app: AppId) -> None:
        """Make the key of an app."""
        self._commit([self._put_app(app, 1, new_key(self._entropy, "app"))])

    def add_subject(self, app: AppId, subject: SubjectId) -> None:
        """Make the keys of a subject of an app."""
        key, base = new_key(self._entropy, "subject"), new_key(self._entropy, "base")
        row = (subject, 1, app, 1, ACTIVE, 0)
        self._commit([self._put_subject(row, self._app_key(app, 1), (key, base))])

    def owner(self) -> tuple[SubjectId, AppId]:
        """Return the one subject of a personal vault, and the app it lies under.

        Raises:
            TamperedError: the key set holds nobody.
        """
        page = self.lies_in.store.scan(SUBJECT.name, "key", (), (), limit=1)
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

    def inherit(self, old: "Keyring", fence: Fence) -> None:
        """Fill an empty set with every key of `old`; only apps get another key."""
        self.lies_in = replace(self.lies_in, fence=fence)
        self.generation = old.generation
        held = old.held()
        ops: list[Op] = [
            Put(NAMED.name, (name, 1, self._wrap_named(name, key)), Expect.ABSENT)
            for name, key in held.named.items()
        ]
        # THREAT T220: an app key that outlived its epoch would open what old copies hold under it
        apps = {
            app: (ver + 1, new_key(self._entropy, "app")) for app, (ver, _) in held.apps.items()
        }
        ops += [self._put_app(app, *made) for app, made in apps.items()]
        for row, keys in held.subjects:
            subject, version, app, _, *state = row
            at, app_key = apps[AppId(app)]
            ops.append(self._put_subject((subject, version, app, at, *state), app_key, keys))
        for first in range(0, len(ops), AT_ONCE):
            self._commit(ops[first : first + AT_ONCE])

    def held(self) -> Held:
        """Open every key of the set, from the set.

        Raises:
            TamperedError: an app has not one key in force.
            SealBrokenError: a key does not open.
        """
        store = self.lies_in.store
        named = {
            str(name): self.lies_in.sealer.unwrap(wrap, self._named_aad(name), name)
            for name, _, wrap in (found.row for found in scan_all(store, NAMED))
        }
        apps: dict[AppId, tuple[int, Secret]] = {}
        for app, version, state, _ in (found.row for found in scan_all(store, APP)):
            if app in apps or state != ACTIVE:
                raise TamperedError("an app has not one key in force")
            apps[app] = (version, self._app_key(app, version))
        subjects = [
            (found.row[:6], self._open_row(found.row)) for found in scan_all(store, SUBJECT)
        ]
        return Held(named, apps, subjects)

    def take(self, new: "Keyring") -> None:
        """Go on with the set of the next epoch, and let go of this one."""
        with self._turn:
            old, self.lies_in = self.lies_in, new.lies_in
            self.generation = new.generation
        old.store.close()

    def faults(self) -> tuple[str, ...]:
        """Return what is damaged in the set's file."""
        with self._turn:
            try:
                return self.lies_in.store.check().faults
            except SealholdError as err:
                return (str(err),)

    def close(self) -> None:
        """Let go of the set."""
        self.lies_in.store.close()

    def _open_subject(self, subject: SubjectId) -> SubjectKeys:
        found = self.lies_in.store.get(SUBJECT.name, [(subject, 1)])[0]
        if found is None:
            raise NotFoundError("no such subject")
        app = AppId(found.row[2])
        key, base = self._open_row(found.row)
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

    def _app_key(self, app: AppId, version: int) -> Secret:
        found = self.lies_in.store.get(APP.name, [(app, version)])[0]
        if found is None:
            raise NotFoundError("no such app")
        return self.lies_in.sealer.unwrap(found.row[3], self._app_aad(app), "app")

    def _open_row(self, row: Row) -> tuple[Secret, Secret]:
        """Return the key of a subject's row, and its base key."""
        subject, _, app, version, _, _, wrap, base = row
        opener = Sealer(self._app_key(app, version))
        place = wrap_aad(KeyKind.SUBJECT, app, subject, NOBODY, version)
        base_place = wrap_aad(KeyKind.BASE, app, subject, NOBODY, version)
        return opener.unwrap(wrap, place, "subject"), opener.unwrap(base, base_place, "base")

    def _put_app(self, app: AppId, version: int, key: Secret) -> Put:
        wrap = self.lies_in.sealer.wrap(key, self._app_aad(app), self._entropy)
        return Put(APP.name, (app, version, ACTIVE, wrap), Expect.ABSENT)

    def _put_subject(self, row: Row, app_key: Secret, keys: tuple[Secret, Secret]) -> Put:
        """Return what keeps both keys under their app's; `row` ends before the wraps."""
        subject, _, app, version, _, _ = row
        sealer = Sealer(app_key)
        wraps = (
            sealer.wrap(key, wrap_aad(kind, app, subject, NOBODY, version), self._entropy)
            for kind, key in zip((KeyKind.SUBJECT, KeyKind.BASE), keys, strict=True)
        )
        return Put(SUBJECT.name, (*row, *wraps), Expect.ABSENT)

    def _wrap_named(self, name: str, key: Secret) -> bytes:
        return self.lies_in.sealer.wrap(key, self._named_aad(name), self._entropy)

    def _named_aad(self, name: str) -> bytes:
        place = Id16(name.encode().ljust(16, b"\0"))
        return wrap_aad(KeyKind.NAMED, NOBODY, NOBODY, place, self.lies_in.epoch)

    def _app_aad(self, app: AppId) -> bytes:
        return wrap_aad(KeyKind.APP, app, NOBODY, NOBODY, self.lies_in.epoch)

    def _commit(self, ops: Sequence[Op]) -> None:
        count = Put(HEAD.name, (0, self.generation + 1))
        self.lies_in.store.commit((), lambda _: (*ops, count), self.lies_in.fence)
        self.generation += 1


def _kept(subject: tuple[Row, tuple[Secret, Secret]]) -> tuple[Row, tuple[Secret, Secret]]:
    """Return what a next epoch leaves as it is: all but the version of the app's key."""
    row, keys = subject
    return (*row[:3], *row[4:]), keys
