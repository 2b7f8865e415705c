"""The people whom apps keep data of: each a random id under one app, with keys of their own.

- A person's row holds, sealed, when they were made and which version each field of the profile has:
  a field that was put back to an older value, or taken out behind the vault's back, shows.
- Each change of a profile replaces the row over the version that it was decided on, and each read
  is bound to that version: no use is committed behind an erasure.
- In the log a person is a keyed tag. The row keeps the tag beside the id; with the row goes all
  that joined the two.
- The mark that an erasure began says which versions of the person's key there were, which holds
  bind it, and what their profile has.

Source: docs/spec/24-people.md sections 1, 2 and 6.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from sealhold.crypto.digest import framed
from sealhold.crypto.seal import Sealer
from sealhold.model.encoding import pack, unpack_own
from sealhold.model.errors import NotFoundError, SealBrokenError
from sealhold.model.ids import AppId, FieldName, Id16, SubjectId
from sealhold.model.quantities import Instant
from sealhold.stores.spec import ColumnKind, Expect, Found, Guard, Op, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.papers import Papers
from sealhold.vault.telling import PersonTeller

SUBJECTS = TableSpec(
    name="subject",
    columns={
        "id": ColumnKind.ID16,
        "app": ColumnKind.ID16,
        "state": ColumnKind.CODE,
        "leaf": ColumnKind.TAG16,  # the person's name in the log
        "ver": ColumnKind.I64,  # of the profile
        "paper": ColumnKind.SEALED,
    },
    key=("id",),
    indexes={"leaf": ("leaf",), "state": ("state", "id")},
)
ACTIVE, ERASING = "active", "erasing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person as their row says."""

    id: SubjectId
    app: AppId
    leaf: bytes  # 16 bytes
    version: int
    made_at: Instant
    fields: Mapping[FieldName, int]  # the version of each field that is there
    v: int

    @property
    def guard(self) -> Op:
        """What fails a commit if the person's row is another by then."""
        return Guard(SUBJECTS.name, (self.id,), self.v)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What the mark of an erasure says."""

    versions: tuple[int, ...]  # of the person's key
    holds: tuple[Id16, ...] = ()  # that bound it when it began
    fields: Mapping[FieldName, int] = field(default_factory=dict)  # the version of each


class Subjects:
    """Reads and writes the rows of people."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._opened: WeakKeyDictionary[Found, Person] = WeakKeyDictionary()

    def found(self, app: AppId, subject: SubjectId) -> Found | None:
        """Return a person's row, unless they are unknown or another app's."""
        row = self._core.store.get(SUBJECTS.name, [(subject,)])[0]
        # THREAT T230: another app's person is not here, and takes the same way to be not here
        return row if row is not None and row.row[1] == app else None

    def app_of(self, subject: SubjectId) -> AppId:
        """Return which app keeps a person, to somebody who may know of every app.

        Raises:
            NotFoundError: there is no such person.
        """
        row = self._core.store.get(SUBJECTS.name, [(subject,)])[0]
        if row is None:
            raise NotFoundError("no such person")
        return AppId(Id16(row.row[1]))

    def opened(self, found: Found) -> tuple[Person, SubjectKeys]:
        """Return the person of a row, and their keys.

        Raises:
            NotFoundError: the keys are destroyed.
            SealBrokenError: the row or the keys are not as they were written.
        """
        subject, app, state, leaf, version, sealed = found.row
        keys = self._core.keyring.subject(subject)
        known = self._opened.get(found)
        if known is not None:
            return known, keys
        if keys.app != app:
            raise SealBrokenError("a person stands under another app's name")
        papers = Papers(keys, self._core.entropy)
        at, fields = papers.open(SUBJECTS.name, (subject, app, state, leaf, version), sealed)
        person = Person(
            id=subject,
            app=app,
            leaf=leaf,
            version=version,
            made_at=Instant(at),
            fields={FieldName(name): ver for name, ver in fields.items()},
            v=found.v,
        )
        self._opened[found] = person  # for as long as the store remembers the row
        return person, keys

    def put(self, person: Person, keys: SubjectKeys) -> Op:
        """Return the operation that keeps `person` over the row that it was read from."""
        clear = (person.id, person.app, ACTIVE, person.leaf, person.version)
        paper = [person.made_at, dict(person.fields)]
        sealed = Papers(keys, self._core.entropy).seal(SUBJECTS.name, clear, paper)
        # THREAT T234: what a second change was decided on is gone once the first is durable
        return Put(SUBJECTS.name, (*clear, sealed), person.v or Expect.ABSENT)

    def fresh(self, app: AppId, subject: SubjectId, keys: SubjectKeys) -> Person:
        """Return a new person of whom nothing is kept yet."""
        return Person(
            id=subject,
            app=app,
            leaf=PersonTeller(keys).subject,
            version=0,
            made_at=self._core.clock(),
            fields={},
            v=0,
        )

    @staticmethod
    def standing(found: Found) -> Op | None:
        """Return what fails a commit if a person is another by then; none for one who leaves."""
        return Guard(SUBJECTS.name, (found.row[0],), found.v) if found.row[2] == ACTIVE else None

    def marked(self, found: Found, holds: Iterable[Id16] = ()) -> Put:
        """Return the operation that marks a person as being erased, bound by `holds`.

        The mark is sealed under the app's key, since the person's own will be gone.
        """
        ring, named = self._core.keyring, list(holds)
        keys = ring.app(AppId(Id16(found.row[1])))
        fields: Mapping[FieldName, int] = {}
        if named:
            with suppress(NotFoundError, SealBrokenError):  # of what does not open nothing is held
                fields = self.opened(found)[0].fields
        versions = list(ring.versions(SubjectId(Id16(found.row[0]))))
        paper = pack([versions, named, dict(fields)])
        sealed = keys.receipts.seal(paper, _mark_place(found), self._core.entropy)
        row = (*found.row[:2], ERASING, *found.row[3:5], sealed)
        return Put(SUBJECTS.name, row, found.v)

    def mark(self, found: Found) -> Mark | None:
        """Return what the mark of a person says, if their erasure began here; else None."""
        if found.row[2] != ERASING:
            return None
        try:
            keys = self._core.keyring.app(AppId(Id16(found.row[1])))
            paper = unpack_own(keys.receipts.open(found.row[5], _mark_place(found)))
        except (NotFoundError, SealBrokenError):
            return None
        if not paper or isinstance(paper[0], int):  # of a time before there were holds
            return Mark(versions=tuple(paper))
        versions, holds, fields = paper
        return Mark(
            versions=tuple(versions),
            holds=tuple(map(Id16, holds)),
            fields={FieldName(name): version for name, version in fields.items()},
        )

    def leaving(self) -> Iterator[Found]:
        """Yield each row that says that an erasure began and did not end."""
        cursor = None
        while True:
            page = self._core.store.scan(
                SUBJECTS.name, "state", (ERASING,), (ERASING + " ",), after=cursor
            )
            yield from page.rows
            cursor = page.cursor
            if cursor is None:
                return


def is_leaving(core: Core) -> bool:
    """Return whether a row says that somebody's erasure began and did not end."""
    page = core.store.scan(SUBJECTS.name, "state", (ERASING,), (ERASING + " ",), limit=1)
    return bool(page.rows)


def events_of(core: Core, tag: Id16) -> Sealer | None:
    """Return the key for the log entries about the person with this tag; none once erased."""
    page = core.store.scan(SUBJECTS.name, "leaf", (tag,), (), limit=1)
    if not page.rows or page.rows[0].row[3] != tag:
        return None
    try:
        return core.keyring.subject(page.rows[0].row[0]).events
    except NotFoundError:
        return None


def _mark_place(found: Found) -> bytes:
    subject, app, _, leaf, version, _ = found.row
    return framed(ERASING.encode(), subject, app, leaf, pack(version))
