"""What apps do with their people: make, show, read, change, find, erase; each decided and logged.

- Each use goes one way: facts are read, the policy decides, and the log entry, the changed rows and
  guards on app, schema and person are one commit. Only then is anything opened.
- If what was decided on has changed meanwhile, the commit fails whole and all is decided anew.
- A refusal is an entry too. Whoever asks gets the same DENIED for all that is absent or forbidden.

Source: docs/spec/24-people.md sections 4 to 6.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from msgspec import structs

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.audit.log import Entry
from sealhold.model.errors import (
    BusyError,
    DeniedError,
    ExhaustedError,
    InvalidError,
    SealBrokenError,
    StaleError,
)
from sealhold.model.ids import AppId, FieldName, SubjectId, random_id
from sealhold.model.people import ErasedView, Lookup, PersonView, ProfileView, Value
from sealhold.model.principals import LOOKUPS_A_DAY
from sealhold.model.quantities import DAY, Instant
from sealhold.model.repeats import Also
from sealhold.model.underway import Underway
from sealhold.policy.limits import limits_stop
from sealhold.policy.masks import read_as
from sealhold.policy.profiles import covers, decide_person, decide_profile
from sealhold.stores.spec import Delete, Found, Op
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.firewall import open_profile
from sealhold.vault.identifiable import FIELDS, is_over, seal_field
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.leaving import Leaving
from sealhold.vault.lookups import LOOKUPS, Tags, check_row
from sealhold.vault.quotas import LookupQuota
from sealhold.vault.recipients import Recipients, Why
from sealhold.vault.steps import TRIES, Once, begun, until_done
from sealhold.vault.strays import about_to_name
from sealhold.vault.subjects import Person, Subjects
from sealhold.vault.using import Use, Uses
from sealhold.vault.writer import Work

MAX_TEXT = 16_384  # characters of one value
MAX_NUMBER = 2**53 - 1  # what every program reads as the same number

TOO_BUSY = "others change the same profile without a pause"

Done = TypeVar("Done")
Changes = Mapping[FieldName, Value | None]  # None takes the field out


class People:
    """The people of the apps of one vault; several threads may call."""

    def __init__(self, core: Core, uses: Uses, lookups_a_day: int = LOOKUPS_A_DAY) -> None:
        self._core = core
        self._uses = uses
        self._subjects = Subjects(core)
        self.lookups = LookupQuota(core, lookups_a_day)
        self.recipients = Recipients(core)
        self._leaving = Leaving(core, uses, self.recipients)

    def make(self, app: AppId, also: Also | None = None) -> PersonView:
        """Make a person under a random id, and the keys that all about them will hang on.

        What `also` makes of keys and view goes into the same commit.

        Raises:
            DeniedError: the app may keep nobody.
            AuditUnavailableError: the log cannot be written; nobody was made.
        """
        return self._done(lambda: self._make(app, also))

    def show(self, app: AppId, subject: SubjectId) -> PersonView:
        """Return that a person is there, and the version of their profile.

        Raises:
            DeniedError: not one of this app's people.
            AuditUnavailableError: the log cannot be written.
        """

        def once() -> Once[PersonView]:
            use = self._uses.of(app, subject)
            yield from self._uses.needed(use, decide_person(use.parties), EventKind.PERSON)
            told = use.event(EventKind.PERSON, "shown")
            person, _ = use.whole()
            return _shown(person) if (yield _work(use, (), [use.entry(told)])) else None

        return self._done(once)

    def get(
        self,
        app: AppId,
        subject: SubjectId,
        purpose: str,
        fields: frozenset[FieldName] | None = None,
    ) -> ProfileView:
        """Return fields of a profile; without `fields` all that `purpose` covers.

        What is not there, or has been kept as long as it may be, is left out.

        Raises:
            DeniedError: one of them may not be had for this purpose; none was opened.
            AuditUnavailableError: the log cannot be written; nothing was opened.
            SealBrokenError: a row is not as it was written.
        """
        return self.begin_get(app, subject, purpose, fields).wait()

    def begin_get(
        self,
        app: AppId,
        subject: SubjectId,
        purpose: str,
        fields: frozenset[FieldName] | None = None,
    ) -> Underway[ProfileView]:
        """Do as `get` does, in steps."""
        return self._begin(lambda: self._get(self._uses.of(app, subject, purpose), fields))

    def put(
        self,
        app: AppId,
        subject: SubjectId,
        purpose: str,
        values: Mapping[FieldName, Value],
        version: int,
    ) -> ProfileView:
        """Make `values` the whole profile, if it stands at `version`; return it.

        Raises:
            DeniedError: a field that is written or taken out may not be for this purpose.
            StaleError: the profile is at another version.
            InvalidError: a value has another form than its field.
        """

        def changes(person: Person) -> Changes:
            return {**dict.fromkeys(person.fields), **values}

        return self._write(app, subject, purpose, version, changes)

    def patch(
        self, app: AppId, subject: SubjectId, purpose: str, changes: Changes, version: int
    ) -> ProfileView:
        """Write some fields and take out those that are None; return what was written.

        Raises:
            DeniedError: a field may not be written for this purpose.
            StaleError: the profile is at another version.
            InvalidError: a value has another form than its field.
        """
        return self._write(app, subject, purpose, version, lambda _: changes)

    def clear(self, app: AppId, subject: SubjectId, purpose: str, version: int) -> ProfileView:
        """Take every field out of a profile; the person stays.

        Raises:
            DeniedError: a field may not be taken out for this purpose, or there is none.
            StaleError: the profile is at another version.
        """
        return self._write(
            app, subject, purpose, version, lambda person: dict.fromkeys(person.fields)
        )

    def find(
        self, app: AppId, purpose: str, field: FieldName, value: Value
    ) -> tuple[SubjectId, ...]:
        """Return the people of an app whose `field` has this value, at most 100.

        Raises:
            DeniedError: nobody is found by this field, or not for this purpose.
            InvalidError: the value has not the form of the field.
            SealBrokenError: a row is not as it was written.
        """
        return self._done(lambda: self._find(self._uses.of(app, None, purpose), field, value))

    def erase(
        self, app: AppId, subject: SubjectId, actor: Actor = Actor.APP, guards: tuple[Op, ...] = ()
    ) -> ErasedView:
        """Erase a person: keys, rows, lookups; asked again, return the same receipt.

        Raises:
            DeniedError: not one of this app's people, and never was.
            AuditUnavailableError: the log cannot be written.
            BusyError: others change them without a pause.
        """
        for _ in range(TRIES):
            receipt = self._leaving.erase(app, subject, actor, guards)
            if receipt is not None:
                return receipt
        raise BusyError(TOO_BUSY)

    def finish_erasures(self) -> int:
        """End the erasures that a process began and did not end; return how many."""
        return self._leaving.finish_all()

    def _begin(self, once: Callable[[], Once[Done]]) -> Underway[Done]:
        return begun(until_done(once, TOO_BUSY), self._core.writer)

    def _done(self, once: Callable[[], Once[Done]]) -> Done:
        return self._begin(once).wait()

    def _make(self, app: AppId, also: Also | None) -> Once[PersonView]:
        core, use = self._core, self._uses.of(app, None)
        yield from self._uses.needed(use, decide_person(use.without_person), EventKind.PERSON)
        subject = SubjectId(random_id(core.entropy))
        with about_to_name(core, app, subject) as keys:
            person = self._subjects.fresh(app, subject, keys)
            made = replace(use, person=person, keys=keys)
            entry = made.entry(made.event(EventKind.PERSON, "made"))
            more = also(keys, _shown(person)) if also else ()
            if (yield _work(use, (self._subjects.put(person, keys), *more), [entry])):
                return _shown(person)
            core.keyring.erase_subject(app, subject)
            return None

    def _get(self, use: Use, fields: frozenset[FieldName] | None) -> Once[ProfileView]:
        if fields is None:
            allowed = use.allowed
            fields = frozenset(name for name in allowed if covers(allowed[name], use.purpose))
        bound = self._uses.bound(use)
        decision = decide_profile(use.parties, use.allowed, use.purpose, fields, bound, use.masks)
        yield from self._uses.needed(use, decision, EventKind.PROFILE, fields)
        person, keys = use.whole()
        rows = self._rows(person, fields & person.fields.keys())
        event = use.event(EventKind.PROFILE, read_as(decision, rows), rows)
        if not (yield _work(use, (), [use.entry(event)])):
            return None
        opened = open_profile(decision, person, keys, rows)
        return ProfileView(version=person.version, fields=opened)

    def _write(
        self,
        app: AppId,
        subject: SubjectId,
        purpose: str,
        version: int,
        changes_of: Callable[[Person], Changes],
    ) -> ProfileView:
        def once() -> Once[ProfileView]:
            use = self._uses.of(app, subject, purpose)
            changes = changes_of(use.person) if use.person else {}
            decision = decide_profile(use.parties, use.allowed, use.purpose, frozenset(changes))
            yield from self._uses.needed(use, decision, EventKind.PROFILE, changes)
            return (yield from self._change(use, changes, version))

        return self._done(once)

    def _change(self, use: Use, changes: Changes, version: int) -> Once[ProfileView]:
        person, keys = use.whole()
        event = use.event(EventKind.PROFILE, "changed", changes)
        if person.version != version:
            failed = structs.replace(event, outcome=Outcome.FAILED, reason="stale")
            if (yield _work(use, (), [use.entry(failed)])):
                raise StaleError(f"the profile is at version {person.version}, not {version}")
            return None
        written = {name: value for name, value in changes.items() if value is not None}
        for name, value in written.items():
            check_value(name, value)
        gone = {*changes} - {*written} | self._over(person)
        kept = {name: ver for name, ver in person.fields.items() if name not in gone}
        after = replace(
            person, version=version + 1, fields={**kept, **dict.fromkeys(written, version + 1)}
        )
        ops = [
            self._subjects.put(after, keys),
            *(Delete(FIELDS.name, (person.id, name)) for name in gone),
            *self._untagged(person, {*gone, *written}),
            *self._sealed(use, keys, written, version + 1),
            *self._told(person),
        ]
        # THREAT T234: the row that the change was decided on is put over at its own version
        if not (yield _work(use, tuple(ops), [use.entry(event)])):
            return None
        return ProfileView(version=after.version, fields=written)

    def _told(self, person: Person) -> tuple[Op, ...]:
        """Return what tells recipients of a change; of what is new there is nobody to tell."""
        if not person.version:
            return ()
        return self.recipients.put_out(person.app, person.id, Why.RECTIFIED).ops

    def _sealed(
        self, use: Use, keys: SubjectKeys, written: Mapping[FieldName, Value], version: int
    ) -> Iterable[Op]:
        core, now = self._core, self._core.clock()
        for name, value in written.items():
            rule = use.rules[name]
            until = Instant(now + rule.retention_days * DAY if rule.retention_days else 0)
            yield seal_field(keys, name, version, value, until, core.entropy)
            if rule.lookup is not Lookup.NONE:
                tags = Tags(core, keys.app, name, rule.lookup)
                yield tags.row(keys, version, value)

    def _untagged(self, person: Person, fields: set[FieldName]) -> Iterable[Op]:
        for found in rows_of(self._core.store, LOOKUPS, "subject", person.id):
            if found.row[1] in fields:
                yield Delete(LOOKUPS.name, found.row[:4])

    def _rows(self, person: Person, fields: Iterable[FieldName]) -> dict[FieldName, Found | None]:
        """Return the rows of fields, without those that are over."""
        names, now = sorted(fields), self._core.clock()
        found = self._core.store.get(FIELDS.name, [(person.id, name) for name in names])
        rows = zip(names, found, strict=True)
        return {name: row for name, row in rows if not is_over(row, now)}

    def _over(self, person: Person) -> set[FieldName]:
        return {*person.fields} - {*self._rows(person, person.fields)}

    def _find(self, use: Use, field: FieldName, value: Value) -> Once[tuple[SubjectId, ...]]:
        # THREAT T322: whoever gets a field masked could try values by finding
        masks, rules = use.masks, use.rules
        found_by = {n for n, rule in rules.items() if rule.lookup is not Lookup.NONE}
        allowed = {name: rules[name].purposes for name in found_by - masks.keys()}
        fields = frozenset({field})
        bound = self._uses.bound(use)
        decision = decide_profile(use.without_person, allowed, use.purpose, fields, bound)
        yield from self._uses.needed(use, decision, EventKind.PROFILE, fields)
        if self.lookups.is_used_up(use.app_id):
            told = use.event(EventKind.PROFILE, "lookup_quota", fields)
            yield Work((), (use.entry(structs.replace(told, outcome=Outcome.DENIED)),))
            raise DeniedError("denied")
        tags = Tags(self._core, use.app_id, field, use.rules[field].lookup)
        rows = tags.rows(inners := tags.inners(value))
        try:
            hits = [hit for row in rows if (hit := self._hit(use, field, inners, row))]
        except SealBrokenError:
            if tags.rows(inners) == rows:
                raise
            return None  # somebody changed in this very moment
        entries = [hit.entry(hit.event(EventKind.PROFILE, "found", fields)) for hit in hits]
        nobody = [use.entry(use.event(EventKind.PROFILE, "searched", fields))]
        guards = tuple(guard for hit in hits for guard in hit.guards(()))
        ops = (*guards, self.lookups.counted(use.app_id))
        try:
            is_kept = yield _work(use, ops, entries or nobody)
        except ExhaustedError:  # others made the last ones in this very moment
            return None
        return tuple(hit.whole()[0].id for hit in hits) if is_kept else None

    def _hit(self, use: Use, field: FieldName, inners: tuple[bytes, ...], row: Found) -> Use | None:
        """Return a use of the person that a row leads to, if they are there and it is not over.

        Raises:
            SealBrokenError: the row stands for another person, version or value.
        """
        hit = self._uses.of(use.app_id, SubjectId(row.row[3]), use.purpose)
        if hit.person is None or limits_stop(hit.limits, use.purpose):
            return None
        person, keys = hit.whole()
        if check_row(self._core, keys, person.fields.get(field), row) not in inners:
            raise SealBrokenError("a row that people are found by is of another value")
        return hit if self._rows(person, [field]) else None


def _work(use: Use, ops: tuple[Op, ...], entries: Sequence[Entry]) -> Work:
    """Return what holds only as long as all holds that was decided on."""
    return Work((*use.guards(ops), *ops), tuple(entries), releases=True)


def _shown(person: Person) -> PersonView:
    return PersonView(subject=person.id, made_at=person.made_at, version=person.version)


def check_value(name: FieldName, value: Value) -> None:
    """Let a value pass that a profile can hold.

    Raises:
        InvalidError: it has another form.
    """
    match value:
        case bool():
            return
        case int() if abs(value) <= MAX_NUMBER:
            return
        case str() if len(value) <= MAX_TEXT and not _has_halves(value):
            return
        case _:
            raise InvalidError(
                f"`{name}`: a value is text of at most {MAX_TEXT} characters, a whole number of at"
                " most 2^53 - 1, or true or false"
            )


def _has_halves(text: str) -> bool:
    return any("\ud800" <= each <= "\udfff" for each in text)
