"""The record of processing activities: made from what is registered, and typed by nobody.

- One row for each processing that is not retired, and one for each purpose of an app's schema or
  collections that no processing of it covers: what is kept without a basis shows.
- A mandatory cell that is empty is listed as a gap, by its row and name.
- Cells of the table are quiet: none is taken for a formula.

Source: docs/spec/27-rights.md section 11; Regulation (EU) 2016/679, article 30(1) and (2).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from sealhold.model.encoding import to_json
from sealhold.model.ids import AppId, Purpose
from sealhold.model.processing import ProcessingState
from sealhold.policy.profiles import covers
from sealhold.vault.collectionrules import Collections
from sealhold.vault.core import Core
from sealhold.vault.portable import table
from sealhold.vault.principals import Principals
from sealhold.vault.processings import Processing, Processings
from sealhold.vault.recipients import Recipients
from sealhold.vault.registry import REMOVED, App, Registry
from sealhold.vault.schemas import Schemas

SECURITY = (
    "each value sealed under a key of its person; access for a purpose only; every use in a log"
    " that cannot be altered unnoticed; erasure reaches backups"
)
NOWHERE = "none"
WITHOUT_END = "until it is taken out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One row of article 30(1); each cell is text, for people."""

    name: str
    app: str
    controller: str  # (a)
    controller_contact: str  # (a)
    officer: str  # (a)
    purpose: str  # (b)
    basis: str  # of article 6, which whoever reads a record asks for first
    people: str  # (c)
    categories: str  # (c)
    recipients: str  # (d)
    transfers: str  # (e)
    kept_for: str  # (f)
    security: str = SECURITY  # (g)


MANDATORY = tuple(each.name for each in fields(Activity))
FOR_CONTROLLERS = ("name", "controller", "controller_contact", "officer", "purpose", "transfers")
AS_PROCESSOR = (*FOR_CONTROLLERS, "security")  # (2)(a) to (d)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A mandatory cell that is empty."""

    activity: str
    cell: str


class Ropa:
    """Makes the record of one vault."""

    def __init__(
        self, core: Core, registry: Registry, principals: Principals, recipients: Recipients
    ) -> None:
        self._registry = registry
        self._principals = principals
        self._recipients = recipients
        self._processings = Processings(core)
        self._schemas = Schemas(core)
        self._collections = Collections(core)

    def activities(self) -> tuple[Activity, ...]:
        """Return each activity, by app and name."""
        found = [
            row for app in self._registry.all() if app.state != REMOVED for row in self._of_app(app)
        ]
        return tuple(sorted(found, key=lambda each: (each.app, each.name)))

    def as_json_ld(self, *, processor: bool) -> bytes:
        """Return the record as JSON-LD, with its gaps."""
        rows, cells = self.activities(), _cells(processor=processor)
        return to_json(
            {
                "@context": {"@vocab": "https://w3id.org/dpv#"},
                "@type": "RegisterOfProcessingActivities",
                "role": "DataProcessor" if processor else "DataController",
                "activities": [{name: getattr(row, name) for name in cells} for row in rows],
                "gaps": [
                    {"activity": gap.activity, "cell": gap.cell} for gap in gaps_of(rows, cells)
                ],
            }
        )

    def as_csv(self, *, processor: bool) -> bytes:
        """Return the record as a table; its last column names the gaps of each row."""
        rows, cells = self.activities(), _cells(processor=processor)
        body = [
            (
                *(getattr(row, name) for name in cells),
                " ".join(gap.cell for gap in gaps_of([row], cells)),
            )
            for row in rows
        ]
        return table((*cells, "gaps"), body)

    def _of_app(self, app: App) -> Iterator[Activity]:
        mine = [
            each
            for each in self._processings.of_app(app.id)
            if each.state is not ProcessingState.RETIRED
        ]
        yield from (self._processing(app, each) for each in mine)
        kinds = self._kinds(app.id)
        purposes = {purpose for _, asked, _ in kinds.values() for purpose in asked}
        for purpose in sorted(purposes):
            if any(covers({each.terms.purpose}, purpose) for each in mine):
                continue
            named = [name for name, (_, asked, _) in kinds.items() if purpose in asked]
            yield self._activity(app, f"{app.name}: {purpose}", purpose, named)

    def _processing(self, app: App, processing: Processing) -> Activity:
        terms, said = processing.terms, processing.terms.circumstances
        names = [*map(str, terms.fields), *(f"{each}/" for each in terms.collections)]
        row = self._activity(app, terms.name, terms.purpose, names)
        to = {*terms.recipients, *filter(None, row.recipients.split("; "))} - {NOWHERE}
        return Activity(
            name=row.name,
            app=row.app,
            controller=said.controller.name,
            controller_contact=said.controller.contact,
            officer=row.officer,
            purpose=row.purpose,
            basis=" ".join(filter(None, (terms.basis, terms.special))),
            people=row.people,
            categories=row.categories,
            recipients="; ".join(sorted(to)) or NOWHERE,
            transfers="; ".join(sorted(terms.transfers)) or NOWHERE,
            kept_for=row.kept_for,
        )

    def _activity(self, app: App, name: str, purpose: str, names: Iterable[str]) -> Activity:
        kinds = self._kinds(app.id)
        known = [kinds[each] for each in names if each in kinds]
        to = sorted(each.name for each in self._recipients.all() if each.app == app.id)
        terms = {f"{days} days" if days else WITHOUT_END for _, _, days in known}
        return Activity(
            name=name,
            app=app.name,
            controller="",
            controller_contact="",
            officer="; ".join(sorted(each.name for each in self._principals.officers())),
            purpose=purpose,
            basis="",
            people=f"people of {app.name}",
            categories="; ".join(sorted({category for category, _, _ in known})),
            recipients="; ".join(to) or NOWHERE,
            transfers=NOWHERE,
            kept_for="; ".join(sorted(terms)),
        )

    def _kinds(self, app: AppId) -> dict[str, tuple[str, frozenset[Purpose], int]]:
        """Return category, purposes and term of each field, and of each collection with a `/`."""
        schema = self._schemas.get(app)
        rules = schema.rules if schema else {}
        found = {
            str(name): (rule.category, rule.purposes, rule.retention_days)
            for name, rule in rules.items()
        }
        for laid in self._collections.all(app):
            rule = laid.rule
            found[f"{laid.name}/"] = (rule.category, rule.purposes, rule.retention_days)
        return found


def gaps_of(rows: Iterable[Activity], cells: Iterable[str]) -> tuple[Gap, ...]:
    """Return each mandatory cell that is empty."""
    names = tuple(cells)
    return tuple(
        Gap(activity=row.name, cell=name)
        for row in rows
        for name in names
        if not getattr(row, name)
    )


def _cells(*, processor: bool) -> tuple[str, ...]:
    return AS_PROCESSOR if processor else MANDATORY
