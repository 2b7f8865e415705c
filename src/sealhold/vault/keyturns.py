"""Keys turned over within one key set: an app's, its subjects', and those of its fields.

- The key in force becomes one that only opens, and a fresh one comes into force, in one commit.
- A version says which job made it: a job that was killed finds what it had turned already.
- Rows of keys are re-wrapped many to a commit; each says under which version it lies, so doing it
  again changes nothing.
- A key that does not open is told and left as it is.

Source: docs/spec/28-rotation.md sections 1 and 3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sealhold.crypto.entropy import at_once
from sealhold.crypto.seal import NONCE_BYTES, KeyKind, new_key, wrap_places
from sealhold.model.clock import Entropy
from sealhold.model.errors import SealBrokenError, TamperedError
from sealhold.model.ids import AppId, Id16, JobId, SubjectId
from sealhold.model.quantities import Instant
from sealhold.stores.spec import MAX_PAGE, Delete, Op, Put, Row
from sealhold.vault.deciding import rows_of
from sealhold.vault.heldkeys import HeldApp, HeldApps, HeldField, HeldSubject
from sealhold.vault.keyring import Keyring
from sealhold.vault.keyuses import versions_of
from sealhold.vault.versions import Versions
from sealhold.vault.wraps import (
    ACTIVE,
    APP,
    CLEAR,
    DECRYPT_ONLY,
    FIELD,
    SUBJECT,
    check_newest,
    opened_field,
    opened_subject,
    put_field,
    put_subject,
    turned,
)

KEYS_AT_ONCE = 20_000  # rows of keys in one commit: each has about 250 bytes
STATE, DUE, JOB = 4, 5, 7  # columns of a subject's row


@dataclass(frozen=True, slots=True)
class BrokenKey:
    """A row of the key set that does not open."""

    subject: SubjectId
    version: int


@dataclass(frozen=True, slots=True)
class Portion:
    """Some of the subjects of an app, and where to go on."""

    people: tuple[Versions, ...]  # in the order of their ids
    broken: tuple[BrokenKey, ...]
    last: SubjectId | None  # the last of them; None if nobody is behind
    rows: tuple[Row, ...] = ()  # of those people, as the set has them


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """What came of a portion of rows of keys."""

    looked: int
    changed: int
    broken: tuple[BrokenKey, ...]
    last: SubjectId | None


class KeyTurns:
    """Turns over the keys of one ring."""

    def __init__(self, ring: Keyring) -> None:
        self._ring = ring

    def app_of(self, subject: SubjectId) -> AppId:
        """Return whose person a subject is.

        Raises:
            NotFoundError: it has no key.
        """
        return self._ring.subject(subject).app

    def apps(self) -> list[AppId]:
        """Return each app that has a key, in the order of their ids."""
        store, apps, after = self._ring.lies_in.store, list[AppId](), b""
        while page := store.scan(APP.name, "key", (after,) if after else (), (), limit=1).rows:
            apps.append(AppId(Id16(page[0].row[0])))
            after = _behind(page[0].row[0])
            if not after:
                break
        return apps

    def count(self, app: AppId, subject: SubjectId | None) -> int:
        """Return how many subjects an app has; 1 if only one of them is meant."""
        if subject is not None:
            return 1
        rows = rows_of(self._ring.lies_in.store, SUBJECT, "app", app)
        return sum(1 for found in rows if found.row[STATE] == ACTIVE)

    def rows_of(self, subject: SubjectId) -> list[Row]:
        """Return the rows of a subject's keys, as the set has them now."""
        return [found.row for found in rows_of(self._ring.lies_in.store, SUBJECT, "key", subject)]

    # --- subjects ---

    def turn(
        self, job: JobId | None, app: AppId, only: SubjectId | None, after: bytes, most: int
    ) -> Portion:
        """Turn over the keys of the next subjects of an app, or of `only` one, and return them.

        Whose key in force was made by this job is returned as it is; without a job, everybody is.

        Raises:
            StoreUnavailableError: the disk refuses; none was turned over.
        """
        with self._ring.still():
            rows, last = self._next(app, only, after, most)
            if not rows:
                return Portion((), (), None)
            apps = self._ring.lies_in.apps(app)
            people, broken, ops = list[Versions](), list[BrokenKey](), list[Op]()
            for subject, group in groupby(rows, key=lambda row: row[0]):
                of_one = list(group)
                try:
                    held, more = self._turned(job, of_one, apps)
                except TamperedError:
                    broken.append(BrokenKey(SubjectId(Id16(subject)), of_one[-1][1]))
                    continue
                ops += more
                counting = self._ring.counting(SubjectId(Id16(subject)))
                people.append(versions_of(held, counting))
            if ops:
                self._ring.commit(ops)
                self._ring.turned(people)
            return Portion(tuple(people), tuple(broken), last, tuple(rows))

    def retire(self, rows: Sequence[Row], at: Instant) -> None:
        """Set the end of the versions of `rows` that only open; one that is set already stays."""
        keys = [row[:2] for row in rows if row[STATE] == DECRYPT_ONLY and row[DUE] == 0]
        if not keys:
            return
        with self._ring.still():  # who was erased since the rows were read is not brought back
            found = self._ring.lies_in.store.get(SUBJECT.name, keys)
            now = [each.row for each in found if each is not None]
            ops = [Put(SUBJECT.name, (*row[:DUE], at, *row[DUE + 1 :])) for row in now]
            if ops:
                self._ring.commit(ops)

    def due(self, now: Instant) -> Iterator[tuple[SubjectId, int]]:
        """Yield each version whose end has come."""
        cursor = None
        while True:
            page = self._ring.lies_in.store.scan(
                SUBJECT.name, "due", (1,), (now + 1,), after=cursor
            )
            for found in page.rows:
                if found.row[STATE] == DECRYPT_ONLY:
                    yield SubjectId(Id16(found.row[0])), found.row[1]
            cursor = page.cursor
            if cursor is None:
                return

    def versions(self, subject: SubjectId) -> Versions:
        """Return the record-wrapping keys of a subject, as the set has them now.

        Raises:
            NotFoundError: there is no such subject, or it was erased.
            TamperedError: they are not those that were made for it.
        """
        with self._ring.still():
            held = self._ring.lies_in.subject(subject)
            return versions_of(held, self._ring.counting(subject))

    def destroy(self, versions: Sequence[tuple[SubjectId, int]]) -> None:
        """Take versions that only open out of the set and of what its file keeps of old rows.

        Raises:
            TamperedError: one of them is in force; nothing was destroyed.
            StoreUnavailableError: the disk refuses; they may be there still.
        """
        with self._ring.still():
            store = self._ring.lies_in.store
            for found in store.get(SUBJECT.name, list(versions)):
                if found is not None and found.row[STATE] != DECRYPT_ONLY:
                    raise TamperedError("a key that is in force is not destroyed")
            self._ring.commit([Delete(SUBJECT.name, each) for each in versions])
            store.purge()
            self._ring.forget(subject for subject, _ in versions)

    # --- apps ---

    def begin_app(self, job: JobId, app: AppId) -> None:
        """Put a fresh key of an app into force, and its fields' keys under it.

        Raises:
            NotFoundError: it has none.
            SealBrokenError: a key of it or of a field does not open.
        """
        ring = self._ring
        with ring.still():
            before = ring.lies_in.app(app)
            if before.job == job:
                return
            version, entropy = before.version + 1, ring.entropy
            made = HeldApp(version, new_key(entropy, "app"), before.base, job)
            ops: list[Op] = [
                ring.lies_in.put_app(app, made, entropy),
                ring.lies_in.put_app(app, before, entropy, state=DECRYPT_ONLY),
            ]
            for found in rows_of(ring.lies_in.store, FIELD, "key", app):
                held = opened_field(found.row, before)
                ops.append(put_field(app, found.row[1], held, made, entropy))
            ring.commit(ops)

    def rewrap(self, app: AppId, after: bytes) -> Rewrapped:
        """Put the next rows of an app's subjects under its key in force."""
        with self._ring.still():
            apps = self._ring.lies_in.apps(app)
            rows, last = self._rows(app, after, KEYS_AT_ONCE)
            version = max(apps)
            older = [row for row in rows if row[3] != version]
            if not older:
                return Rewrapped(len(rows), 0, (), last)
            ops, broken = self._moved(app, older, apps)
            if ops:
                self._ring.commit(ops)
            return Rewrapped(len(rows), len(ops), tuple(broken), last)

    def end_app(self, app: AppId) -> int:
        """Destroy the keys of an app that only open, and return how many they were.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        with self._ring.still():
            store = self._ring.lies_in.store
            found = rows_of(store, APP, "key", app)
            gone = [each.row[:2] for each in found if each.row[2] != ACTIVE]
            if gone:
                self._ring.commit([Delete(APP.name, key) for key in gone])
                store.purge()
            return len(gone)

    # --- fields ---

    def begin_field(self, job: JobId, app: AppId, field: str) -> None:
        """Put a fresh key of a field into force.

        Raises:
            NotFoundError: it has none.
            SealBrokenError: it does not open.
        """
        ring = self._ring
        with ring.still():
            before, under = ring.lies_in.fields(app, field)[0], ring.lies_in.app(app)
            if before.job == job:
                return
            key = new_key(ring.entropy, "field")
            made = HeldField(before.version + 1, ACTIVE, key, job)
            kept = HeldField(before.version, DECRYPT_ONLY, before.key, before.job)
            ring.commit([put_field(app, field, each, under, ring.entropy) for each in (made, kept)])

    def end_field(self, app: AppId, field: str) -> int:
        """Destroy the keys of a field that are not in force, and return how many they were.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        with self._ring.still():
            held = self._ring.lies_in.fields(app, field)[1:]
            if held:
                keys = [(app, field, each.version) for each in held]
                self._ring.commit([Delete(FIELD.name, key) for key in keys])
                self._ring.lies_in.store.purge()
            return len(held)

    # --- rows ---

    def _next(
        self, app: AppId, only: SubjectId | None, after: bytes, most: int
    ) -> tuple[list[Row], SubjectId | None]:
        if only is None:
            return self._rows(app, after, most)
        if after:
            return [], None
        found = rows_of(self._ring.lies_in.store, SUBJECT, "key", only)
        return [each.row for each in found if each.row[2] == app], None

    def _rows(self, app: AppId, after: bytes, most: int) -> tuple[list[Row], SubjectId | None]:
        """Return the rows behind a subject, about `most`, and of each subject all."""
        begin = _behind(after) if after else b""
        if after and not begin:
            return [], None
        store, rows, cursor = self._ring.lies_in.store, list[Row](), None
        while True:
            lo = (app, begin) if begin else (app,)
            limit = min(MAX_PAGE, most + 1)
            page = store.scan(SUBJECT.name, "app", lo, (), after=cursor, limit=limit)
            mine = [found.row for found in page.rows if found.row[2] == app]
            rows += mine
            cursor = page.cursor
            if cursor is None or len(mine) < len(page.rows):
                return rows, None
            if len(rows) >= most and rows[-1][0] != rows[0][0]:
                return _whole(rows, most)

    def _turned(
        self, job: JobId | None, rows: Sequence[Row], apps: HeldApps
    ) -> tuple[list[HeldSubject], list[Op]]:
        """Return a subject's keys with the one of this job in force, and what keeps them so."""
        check_newest([row[STATE] for row in rows], "a subject")
        held = [opened_subject(row, apps) for row in reversed(rows)]
        before = held[0]
        if job is None or before.job == job:
            return held, []
        subject, version, app, *_ = before.row
        under, entropy = apps[max(apps)], self._ring.entropy
        clear = (subject, version + 1, app, under.version, ACTIVE, 0, 0, job)
        made = HeldSubject(clear, new_key(entropy, "subject"), before.base)
        old = rows[-1]
        kept = Put(SUBJECT.name, (*old[:STATE], DECRYPT_ONLY, *old[DUE:]))
        return [made, *held], [put_subject(made, under, entropy), kept]

    def _moved(
        self, app: AppId, rows: Sequence[Row], apps: HeldApps
    ) -> tuple[list[Op], list[BrokenKey]]:
        """Return rows of keys under the newest of an app's keys, and which do not open."""
        movers = {each.version: _Mover(app, each, apps[max(apps)]) for each in apps.values()}
        draw = at_once(self._ring.entropy, 2 * NONCE_BYTES * len(rows))
        ops, broken = list[Op](), list[BrokenKey]()
        for row in rows:
            try:
                ops.append(Put(SUBJECT.name, movers[row[3]].moved(row, draw)))
            except (SealBrokenError, KeyError):  # it does not open, or no key is there that did
                broken.append(BrokenKey(SubjectId(Id16(row[0])), row[1]))
        return ops, broken


class _Mover:
    """Puts rows of subjects' keys from one version of their app's key under another."""

    def __init__(self, app: AppId, of: HeldApp, to: HeldApp) -> None:
        self._of = of
        self._to = to
        self._places = [
            (wrap_places(kind, app, of.version), wrap_places(kind, app, to.version))
            for kind in _KINDS
        ]

    def moved(self, row: Row, draw: Entropy) -> Row:
        """Return a row under the other version.

        Raises:
            SealBrokenError: a wrap in it does not open.
        """
        subject, version = row[:2]
        record, to = turned(version), self._to
        wraps = [
            self._of.sealer.rewrap(
                sealed, place(subject, record), to.sealer, to_place(subject, record), draw
            )
            for (place, to_place), sealed in zip(self._places, row[CLEAR:], strict=True)
        ]
        return (*row[:3], to.version, *row[4:CLEAR], *wraps)


_KINDS = (KeyKind.SUBJECT, KeyKind.BASE)


def _whole(rows: list[Row], most: int) -> tuple[list[Row], SubjectId]:
    """Return the first subjects of `rows`, about `most` rows: each of them whole, and the last."""
    ends = [at for at in range(1, len(rows)) if rows[at][0] != rows[at - 1][0]]
    at = max((end for end in ends if end <= most), default=ends[0])
    return rows[:at], SubjectId(Id16(rows[at - 1][0]))


def _behind(subject: bytes) -> bytes:
    """Return the id behind this one; none if it is the last that there can be."""
    number = int.from_bytes(subject) + 1
    return number.to_bytes(len(subject)) if number < 1 << 8 * len(subject) else b""
