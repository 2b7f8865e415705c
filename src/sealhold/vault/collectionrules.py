"""The collections of each app's people: which records may be kept, how long, and what for.

- The owner lays them down. A record of another collection is refused.
- A collection only grows: it is not taken out, a field's type does not change and none goes, since
  records of it are kept already. Purposes, term and versions may change, and bind what comes next.
- Collections decide, so they are among the rows under the set hash.

Source: docs/spec/25-records-of-people.md section 4.
"""

from dataclasses import dataclass
from typing import Any

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.errors import ConflictError, InvalidError
from sealhold.model.ids import AppId, Collection, FieldName
from sealhold.model.personrecords import CollectionRule, FieldKind, FieldType
from sealhold.policy import dpv
from sealhold.stores.spec import ColumnKind, Expect, Found, Guard, Op, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.registry import App, Registry
from sealhold.vault.schemas import CATEGORY, MAX_DAYS, NAME
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

COLLECTIONS = TableSpec(
    name="collection",
    columns={
        "app": ColumnKind.ID16,
        "coll": ColumnKind.CODE,
        "ver": ColumnKind.I64,
        "paper": ColumnKind.SEALED,
    },
    key=("app", "coll"),
    indexes={},
)
MAX_FIELDS = 200
MAX_VERSIONS = 100
DEFAULT_VERSIONS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A collection as the owner laid it down."""

    app: AppId
    name: Collection
    version: int
    rule: CollectionRule
    v: int

    @property
    def guard(self) -> Op:
        """What fails a commit if the collection is another by then."""
        return Guard(COLLECTIONS.name, (self.app, self.name), self.v)


class Collections:
    """The collections of one vault's apps; several threads may call."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._teller = Teller(core.keys)
        self._opened: dict[tuple[AppId, str], tuple[Found, Laid]] = {}

    def get(self, app: AppId, name: str) -> Laid | None:
        """Return a collection, if it was laid down."""
        found = self._core.deciding.get(COLLECTIONS.name, app, name)
        if found is None:
            return None
        known = self._opened.get((app, name))
        if known is None or known[0] is not found:  # the very row that the set holds
            known = self._opened[app, name] = found, self._laid(found)
        return known[1]

    def all(self, app: AppId) -> tuple[Laid, ...]:
        """Return the collections of an app, by name."""
        rows = self._core.deciding.all(COLLECTIONS.name)
        names = sorted(found.row[1] for found in rows if found.row[0] == app)
        laid = (self.get(app, name) for name in names)
        return tuple(each for each in laid if each is not None)

    def lay_down(self, app: App, name: str, rule: CollectionRule) -> Laid:
        """Lay down a collection; return it.

        Raises:
            InvalidError: the rule breaks the format, or takes away what is kept already.
            UnknownPurposeError: a purpose is none.
            ConflictError: somebody else laid down another at this moment.
        """
        op = self.change(app.id, name, rule)
        self._core.keyring.add_app(app.id)
        event = Event(
            kind=EventKind.SCHEMA,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            app=app.id,
            collection=Collection(name),
            fields=tuple(sorted(rule.fields)),
        )
        work = Work((Registry.guard(app), op), (self._teller.entry(event),))
        self._core.writer.commit(work)
        laid = self.get(app.id, name)
        if laid is None:
            raise ConflictError("the collection is gone")
        return laid

    def change(self, app: AppId, name: str, rule: CollectionRule) -> Op:
        """Return the operation that lays down a collection.

        Raises:
            InvalidError: the rule breaks the format, or takes away what is kept already.
            UnknownPurposeError: a purpose is none.
        """
        _check(name, rule)
        before = self.get(app, name)
        if before is not None:
            _check_growth(before.rule, rule)
        clear = (app, name, before.version + 1 if before else 1)
        paper = self._core.papers.seal(COLLECTIONS.name, clear, _plain(rule))
        return Put(COLLECTIONS.name, (*clear, paper), before.v if before else Expect.ABSENT)

    def _laid(self, found: Found) -> Laid:
        app, name, version, sealed = found.row
        paper = self._core.papers.open(COLLECTIONS.name, (app, name, version), sealed)
        return Laid(app=app, name=name, version=version, rule=_rule(paper), v=found.v)


def _check(name: str, rule: CollectionRule) -> None:
    if not NAME.fullmatch(name):
        raise InvalidError("a collection's name has 1 to 32 of a-z, 0-9 and _, a letter first")
    if not CATEGORY.fullmatch(rule.category):
        raise InvalidError("a category is a term such as `Location`")
    if not 0 <= rule.retention_days <= MAX_DAYS:
        raise InvalidError(f"a term has 0 to {MAX_DAYS} days")
    if not 0 <= rule.versions <= MAX_VERSIONS:
        raise InvalidError(f"0 to {MAX_VERSIONS} older versions are kept")
    if not rule.purposes:
        raise InvalidError("a collection has a purpose at least")
    for purpose in rule.purposes:
        dpv.require(purpose)
    if len(rule.fields) > MAX_FIELDS or not all(map(NAME.fullmatch, rule.fields)):
        raise InvalidError(
            f"a collection has at most {MAX_FIELDS} fields, named by 1 to 32 of a-z, 0-9 and _"
        )


def _check_growth(before: CollectionRule, after: CollectionRule) -> None:
    if bool(before.fields) != bool(after.fields):
        raise InvalidError("a collection has types from its beginning, or never")
    gone = before.fields.keys() - after.fields.keys()
    if gone:
        raise InvalidError(f"`{min(gone)}` is in the collection already, and cannot be taken out")
    for name, asked in before.fields.items():
        if after.fields[name].kind is not asked.kind:
            raise InvalidError(f"`{name}`: its type cannot change")


def _plain(rule: CollectionRule) -> list[object]:
    fields = {name: [asked.kind.value, asked.required] for name, asked in rule.fields.items()}
    purposes = sorted(rule.purposes)
    terms = [rule.category, rule.sensitive, rule.retention_days, rule.versions]
    return [*terms, purposes, fields]


def _rule(plain: list[Any]) -> CollectionRule:
    category, sensitive, days, versions, purposes, fields = plain
    return CollectionRule(
        category=category,
        sensitive=sensitive,
        retention_days=days,
        purposes=frozenset(map(dpv.require, purposes)),
        versions=versions,
        fields={
            FieldName(name): FieldType(kind=FieldKind(kind), required=required)
            for name, (kind, required) in fields.items()
        },
    )
