"""Holds: what a controller is bound to keep when people are erased, as it was declared.

- A hold names an app, one person or all, and fields, collections or records; a ground of Article
  17(3), which law, and an end. It says nothing while people are here: only an erasure asks for it.
- Holds decide, so they are under the set hash. Each change counts up its app's turn, which the mark
  of an erasure is bound to: an erasure keeps what the holds of that very moment name.
- A hold that is lifted or over is ending until every key of what is held is destroyed.

Source: docs/spec/32-holds.md sections 1 and 2.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sealhold.audit.event import Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import InvalidError, NotFoundError
from sealhold.model.holds import HeldRecord, HoldView
from sealhold.model.ids import AppId, Collection, FieldName, Id16, RecordId, SubjectId, random_id
from sealhold.model.quantities import Instant
from sealhold.policy.holds import LETTERS, check_end, purpose_of
from sealhold.policy.justifications import Ground
from sealhold.policy.names import has_hidden
from sealhold.stores.spec import Delete, Expect, Found, Guard, Op, Put
from sealhold.vault.collectionrules import Collections
from sealhold.vault.core import Core
from sealhold.vault.holdrows import ENDING, HOLDS, STANDING, TURNS
from sealhold.vault.registry import App, Registry
from sealhold.vault.schemas import Schemas
from sealhold.vault.stories import By
from sealhold.vault.subjects import Subjects
from sealhold.vault.writer import Work

MOST = 1_000  # things that one hold names
MAX_LAW = 400  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a hold names."""

    subject: SubjectId | None  # none: all people of the app
    collections: frozenset[Collection]
    records: frozenset[tuple[Collection, RecordId]]
    fields: frozenset[FieldName]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A duty to keep."""

    id: Id16
    app: AppId
    scope: Scope
    ground: Ground
    law: str
    made_at: Instant
    until: Instant
    is_ending: bool = False
    v: int = 0

    @property
    def guard(self) -> Op:
        """What fails a commit if the hold is another by then, or gone."""
        return Guard(HOLDS.name, (self.id,), self.v)

    def is_over(self, now: Instant) -> bool:
        """Return whether it binds nobody any more."""
        return self.is_ending or self.until <= now

    def view(self, kept: int = 0) -> HoldView:
        """Return what is shown of it; `kept`: of how many people something is held."""
        scope = self.scope
        return HoldView(
            id=self.id,
            app=self.app,
            subject=scope.subject,
            collections=tuple(sorted(scope.collections)),
            records=tuple(
                HeldRecord(collection=coll, record=record) for coll, record in sorted(scope.records)
            ),
            fields=tuple(sorted(scope.fields)),
            ground=self.ground.value,
            letter=LETTERS[self.ground][0],
            purpose=purpose_of(self.ground),
            law=self.law,
            made_at=self.made_at,
            until=self.until,
            is_ending=self.is_ending,
            kept=kept,
        )


class Holds:
    """The holds of one vault; several threads may call."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._schemas = Schemas(core)
        self._collections = Collections(core)
        self._subjects = Subjects(core)

    def planned(self, app: App, scope: Scope, ground: Ground, law: str, until: Instant) -> Hold:
        """Return a hold as it would be declared; nothing changes.

        Raises:
            InvalidError: it names nothing, too much, or what the app does not keep; its law says
                nothing, or it has no end.
            NotFoundError: the app has no such person.
        """
        now = self._core.clock()
        check_end(until, now)
        if has_hidden(law) or not 0 < len(law.strip()) <= MAX_LAW:
            raise InvalidError(f"a hold says which law in 1 to {MAX_LAW} characters in the clear")
        self._check(app, scope)
        return Hold(
            id=random_id(self._core.entropy),
            app=app.id,
            scope=scope,
            ground=ground,
            law=law.strip(),
            made_at=now,
            until=until,
        )

    def add(self, by: By, app: App, hold: Hold) -> Hold:
        """Declare a hold that was planned.

        Raises:
            NotFoundError: the person is not here any more.
            ConflictError: another hold of the app changed at this very moment.
        """
        guards: list[Op] = [Registry.guard(app)]
        if hold.scope.subject is not None:
            found = self._subjects.found(app.id, hold.scope.subject)
            person = self._subjects.standing(found) if found is not None else None
            # THREAT T318: whoever is erased, or on the way out, is behind every later hold
            if person is None:
                raise NotFoundError("no such person")
            guards.append(person)
        ops = (*guards, self._put(hold, Expect.ABSENT), self._turn(app.id))
        self._tell(by, hold, "declared", ops)
        return replace(hold, v=1)

    def ended(self, by: By, hold: Hold, why: str) -> Hold:
        """Let a hold bind nobody from now on; what is held under it is to go.

        Raises:
            ConflictError: it changed at this very moment.
        """
        ending = replace(hold, is_ending=True, v=hold.v + 1)
        self._tell(by, hold, why, (self._put(ending, hold.v), self._turn(hold.app)))
        return ending

    def drop(self, by: By, hold: Hold) -> None:
        """Take a hold out under which nothing is held any more.

        Raises:
            ConflictError: it changed at this very moment.
        """
        ops = (Delete(HOLDS.name, (hold.id,), hold.v), self._turn(hold.app))
        self._tell(by, hold, "ended", ops)

    def get(self, hold: Id16) -> Hold:
        """Return a hold.

        Raises:
            NotFoundError: there is none.
        """
        found = self.find(hold)
        if found is None:
            raise NotFoundError("no such hold")
        return found

    def find(self, hold: Id16) -> Hold | None:
        """Return a hold, if there is one."""
        found = self._core.deciding.get(HOLDS.name, hold)
        return None if found is None else self._opened(found)

    def all(self) -> tuple[Hold, ...]:
        """Return all holds, those that end first before the others."""
        found = map(self._opened, self._core.deciding.all(HOLDS.name))
        return tuple(sorted(found, key=lambda each: (each.until, each.id)))

    def over(self) -> Iterator[Hold]:
        """Yield the holds that are ending, or whose day has come."""
        now = self._core.clock()
        for found in self._core.deciding.all(HOLDS.name):
            if found.row[2] == ENDING or found.row[3] <= now:
                yield self._opened(found)

    def of(self, app: AppId, subject: SubjectId) -> tuple[Hold, ...]:
        """Return the holds that bind an erasure of a person at this moment, in one order."""
        now = self._core.clock()
        mine = (each for each in self.all() if each.app == app and not each.is_over(now))
        return tuple(each for each in mine if each.scope.subject in {None, subject})

    def guard(self, app: AppId) -> Op:
        """Return what fails a commit if a hold of the app changed since this moment."""
        found = self._core.deciding.get(TURNS.name, app)
        return Guard(TURNS.name, (app,), found.v if found else Expect.ABSENT)

    def _check(self, app: App, scope: Scope) -> None:
        named = len(scope.collections) + len(scope.records) + len(scope.fields)
        if not 1 <= named <= MOST:
            raise InvalidError(f"a hold names 1 to {MOST} fields, collections and records")
        if scope.records and scope.subject is None:
            raise InvalidError("records are held of one person, whom the hold names")
        schema = self._schemas.get(app.id)
        strange: Iterable[str] = scope.fields - (schema.rules.keys() if schema else set())
        for name in sorted(strange):
            raise InvalidError(f"`{name[:32]}` is no field of the app's schema")
        for name in sorted({*scope.collections, *(coll for coll, _ in scope.records)}):
            if self._collections.get(app.id, name) is None:
                raise InvalidError(f"`{name[:32]}` is no collection of the app")
        if scope.subject is not None and self._subjects.found(app.id, scope.subject) is None:
            raise NotFoundError("no such person")

    def _put(self, hold: Hold, expect: Expect | int) -> Op:
        clear = (hold.id, hold.app, ENDING if hold.is_ending else STANDING, hold.until)
        scope = hold.scope
        paper = {
            "subject": scope.subject or b"",
            "collections": sorted(scope.collections),
            "records": [list(each) for each in sorted(scope.records)],
            "fields": sorted(scope.fields),
            "ground": hold.ground.value,
            "law": hold.law,
            "made": hold.made_at,
        }
        return Put(HOLDS.name, (*clear, self._core.papers.seal(HOLDS.name, clear, paper)), expect)

    def _opened(self, found: Found) -> Hold:
        hold, app, state, until, sealed = found.row
        paper = self._core.papers.open(HOLDS.name, (hold, app, state, until), sealed)
        subject = paper["subject"]
        return Hold(
            id=Id16(hold),
            app=AppId(Id16(app)),
            scope=Scope(
                subject=SubjectId(Id16(subject)) if subject else None,
                collections=frozenset(map(Collection, paper["collections"])),
                records=frozenset(
                    (Collection(coll), RecordId(Id16(record))) for coll, record in paper["records"]
                ),
                fields=frozenset(map(FieldName, paper["fields"])),
            ),
            ground=Ground(paper["ground"]),
            law=paper["law"],
            made_at=Instant(paper["made"]),
            until=Instant(until),
            is_ending=state == ENDING,
            v=found.v,
        )

    def _turn(self, app: AppId) -> Op:
        found = self._core.deciding.get(TURNS.name, app)
        if found is None:
            return Put(TURNS.name, (app, 1), Expect.ABSENT)
        return Put(TURNS.name, (app, found.row[1] + 1), found.v)

    def _tell(self, by: By, hold: Hold, reason: str, ops: tuple[Op, ...]) -> None:
        event = Event(
            kind=EventKind.HOLD,
            actor=by.actor,
            app=hold.app,
            purpose=purpose_of(hold.ground),
            fields=tuple(sorted(hold.scope.fields)),
            reason=reason,
        )
        self._core.writer.commit(Work(ops, (Entry(event=event),), releases=True))
