"""What a use of a person rests on: app, schema and person, read in one go; and its log entries.

- A purpose or field that is not in the vocabulary or schema is never written into the log: what
  somebody typed does not get there.

Source: docs/spec/24-people.md section 4.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, NoReturn, TypeVar

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.audit.log import Entry
from sealhold.model.errors import BusyError, DeniedError, NotFoundError, UnknownPurposeError
from sealhold.model.ids import AppId, FieldName, GrantId, Purpose, SubjectId
from sealhold.model.people import Mask, Rules
from sealhold.model.quantities import Instant
from sealhold.policy import dpv
from sealhold.policy.decision import Decision, Reason, refused
from sealhold.policy.facts import Standing
from sealhold.policy.limits import NO_LIMITS, Limits
from sealhold.policy.profiles import NO_MASKS, Allowed, Parties, masks_for
from sealhold.stores.spec import Expect, Found, Guard, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.leases import Leases
from sealhold.vault.processings import Processings
from sealhold.vault.registry import ACTIVE as APP_ACTIVE
from sealhold.vault.registry import App, Registry
from sealhold.vault.says import SAYS, Say, Says
from sealhold.vault.schemarows import Schema
from sealhold.vault.schemas import Schemas
from sealhold.vault.steps import Steps, done
from sealhold.vault.subjects import ACTIVE, SUBJECTS, Person, Subjects
from sealhold.vault.telling import PersonTeller
from sealhold.vault.writer import Work

NO_PURPOSE, NEVER = Purpose(""), Instant(0)
TRIES = 8  # how often a use is decided anew because something changed in its very moment

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Who wants what, and what is known of it at this moment."""

    app_id: AppId
    purpose: Purpose  # empty: none was named, or none that there is
    app: App | None
    schema: Schema | None
    person: Person | None
    keys: SubjectKeys | None  # the person's
    actor: Actor = Actor.APP  # or the person themselves
    say: Say | None = None  # all that the person said, if there is a person
    now: Instant = NEVER  # when all of this was read
    grant: GrantId | None = None  # the run that wants it, if it is one

    @property
    def limits(self) -> Limits:
        """What the person set to all uses by others."""
        if self.say is None or self.actor is Actor.PERSON:
            return NO_LIMITS
        return self.say.limits(self.now)

    @property
    def is_lasting(self) -> bool:
        """Whether time alone changes nothing of how this use is decided."""
        return self.say is None or self.say.lifts_at is None

    @property
    def parties(self) -> Parties:
        """How app and person stand."""
        person = Standing.ACTIVE if self.person is not None else Standing.UNKNOWN
        return Parties(app=self._app_standing(), subject=person, limits=self.limits)

    @property
    def without_person(self) -> Parties:
        """How the app stands, where no person is named."""
        return Parties(app=self._app_standing(), subject=Standing.ACTIVE)

    @property
    def rules(self) -> Rules:
        """The fields of the app's schema."""
        return self.schema.rules if self.schema else {}

    @property
    def allowed(self) -> Allowed:
        """What each field may be used for."""
        return {name: rule.purposes for name, rule in self.rules.items()}

    @property
    def masks(self) -> Mapping[FieldName, Mask]:
        """What leaves of the fields that the purpose does not get whole; the person gets all."""
        return NO_MASKS if self.actor is Actor.PERSON else masks_for(self.rules, self.purpose)

    @property
    def owed(self) -> "Use":
        """The same use, as the law wants it done: that the app is suspended stops nothing."""
        return replace(self, app=replace(self.app, state=APP_ACTIVE)) if self.app else self

    def whole(self) -> tuple[Person, SubjectKeys]:
        """Return the person and their keys, of a use that was permitted.

        Raises:
            DeniedError: there is no person.
        """
        if self.person is None or self.keys is None:
            raise DeniedError("denied")
        return self.person, self.keys

    def guards(self, ops: Iterable[Op]) -> tuple[Op, ...]:
        """Return what holds a commit of `ops` to what was decided on."""
        guards: list[Op] = []
        if self.app is not None and self.schema is not None:
            guards += [Registry.guard(self.app), self.schema.guard]
        ops = tuple(ops)
        replaced = any(isinstance(op, Put) and op.table == SUBJECTS.name for op in ops)
        if self.person is not None and not replaced:
            guards.append(self.person.guard)
        if self.say is not None and not any(op.table == SAYS.name for op in ops):
            # THREAT T253: a use that a person's no came before is decided anew
            guards.append(self.say.guard)
        return tuple(guards)

    def event(self, kind: EventKind, reason: str, fields: Iterable[str] = ()) -> Event:
        """Return what the log tells of this use."""
        return Event(
            kind=kind,
            actor=self.actor if self.app else Actor.OUTSIDER,
            app=self.app_id if self.app else None,
            purpose=self.purpose or None,
            fields=tuple(FieldName(name) for name in sorted(fields) if name in self.rules),
            reason=reason,
            grant=self.grant,
        )

    def entry(self, event: Event) -> Entry:
        """Return `event` as the log keeps it: under the person's key, if there is a person."""
        if self.keys is None:
            return Entry(event=event)
        teller = PersonTeller(self.keys)
        return teller.entry(structs.replace(event, subject=teller.subject))

    def _app_standing(self) -> Standing:
        if self.app is None or self.schema is None:
            return Standing.UNKNOWN
        return Standing.ACTIVE if self.app.state == APP_ACTIVE else Standing.SUSPENDED


class Basis(NamedTuple):
    """What a decision about a person rests on: rows that decide, and the person's row and keys."""

    age: int  # of the rows that decide
    app: AppId
    found: Found
    keys: SubjectKeys


class Uses:
    """Reads what uses rest on, and refuses them."""

    def __init__(self, core: Core, registry: Registry, schemas: Schemas) -> None:
        self._core = core
        self._registry = registry
        self._schemas = schemas
        self._subjects = Subjects(core)
        self.says = Says(core)
        self.processings = Processings(core)
        self.leases = Leases(core)

    def of(
        self,
        app: AppId,
        subject: SubjectId | None,
        purpose: str = "",
        actor: Actor = Actor.APP,
    ) -> Use:
        """Return a use with all that is known of it.

        Raises:
            SealBrokenError: the person's row or keys are not as they were written.
        """
        person, keys = self._person(app, subject)
        return Use(
            app_id=app,
            purpose=_known(purpose),
            app=self._app(app),
            schema=self._schemas.get(app),
            person=person,
            keys=keys,
            actor=actor,
            say=self.says.of(person.id, keys) if person is not None and keys is not None else None,
            now=self._core.clock(),
        )

    def basis(self, app: AppId, subject: SubjectId) -> "Basis | None":
        """Return what a decision about a person rests on at this moment; None without a person."""
        age = self._core.deciding.age
        found = self._subjects.found(app, subject)
        if found is None or found.row[2] != ACTIVE:
            return None
        try:
            return Basis(age, app, found, self._core.keyring.subject(subject))
        except NotFoundError:  # erased in this very moment
            return None

    def stands(self, basis: "Basis") -> bool:
        """Return whether nothing of what a decision rested on has changed since."""
        age, app, found, keys = basis
        if self._core.deciding.age != age:
            return False
        now = self._subjects.found(app, keys.subject)
        if now is not found and now != found:
            return False
        try:
            return self._core.keyring.subject(keys.subject) is keys
        except NotFoundError:
            return False

    def bound(self, use: Use) -> frozenset[Purpose]:
        """Return the purposes for which the app of a use reads in runs only."""
        return frozenset() if use.actor is Actor.PERSON else self.processings.bound(use.app_id)

    def standing(self, guards: Iterable[Op], decision: Decision) -> Decision:
        """Return `decision`, or a no if a token is no longer what `guards` hold a commit to."""
        for op in guards:
            if isinstance(op, Guard):
                found = self._core.deciding.get(op.table, *op.key)
                # THREAT T315: whose token ended in this very moment is refused, not tried again
                if op.expect != (found.v if found else Expect.ABSENT):
                    return refused(Reason.TOKEN_ENDED)
        return decision

    def need(
        self, use: Use, decision: Decision, kind: EventKind, fields: Iterable[str] = ()
    ) -> None:
        """Return if `decision` permits; else write the refusal into the log.

        Raises:
            DeniedError: it does not permit; the same for every reason.
            AuditUnavailableError: the log cannot be written.
        """
        done(self.needed(use, decision, kind, fields), self._core.writer)

    def refuse(self, use: Use, reason: Reason, kind: EventKind) -> NoReturn:
        """Write a refusal for `reason` into the log.

        Raises:
            DeniedError: always; the same for every reason.
            AuditUnavailableError: the log cannot be written.
        """
        self.need(use, refused(reason), kind)
        raise DeniedError("denied")

    def needed(
        self, use: Use, decision: Decision, kind: EventKind, fields: Iterable[str] = ()
    ) -> Steps[None]:
        """Do as `need` does, in steps.

        Raises:
            DeniedError: it does not permit; the same for every reason.
        """
        if decision.permit:
            return
        told = use.event(kind, decision.code.value, fields)
        refused = use.entry(structs.replace(told, outcome=Outcome.DENIED))
        yield Work((), (refused,))
        raise DeniedError("denied")

    def _app(self, app: AppId) -> App | None:
        try:
            return self._registry.get(app)
        except NotFoundError:
            return None

    def _person(
        self, app: AppId, subject: SubjectId | None
    ) -> tuple[Person, SubjectKeys] | tuple[None, None]:
        found = self._subjects.found(app, subject) if subject is not None else None
        if found is None or found.row[2] != ACTIVE:
            return None, None
        try:
            return self._subjects.opened(found)
        except NotFoundError:  # erased in this very moment
            return None, None


def until_done(once: Callable[[], Done | None]) -> Done:
    """Do it anew as long as what it was decided on changes meanwhile.

    Raises:
        BusyError: it did each time.
    """
    for _ in range(TRIES):
        done = once()
        if done is not None:
            return done
    raise BusyError("others change the same without a pause")


def _known(purpose: str) -> Purpose:
    try:
        return dpv.require(purpose)
    except UnknownPurposeError:
        return NO_PURPOSE
