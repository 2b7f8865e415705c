"""A request with its papers read: who asks what, with which program, and what that can tell.

- The signatures were checked when it came in; here the kept papers are read again, and what they
  say is put beside what the vault knows.
- Everything here is computed from the papers, the registry and the ledger of leaks: no object is
  opened, and no program runs.

Source: docs/spec/07-grants.md section 3; docs/spec/09-leakage.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sealhold.compute.leakage import Facts, Prospect, facts_of, prospect, query_price
from sealhold.compute.replay import Program
from sealhold.compute.resources import NONE, Bound
from sealhold.compute.selections import cells, parse_selection
from sealhold.compute.task import Scope, SignedTask, function_id, open_task
from sealhold.crypto import dsse
from sealhold.model.encoding import from_json
from sealhold.model.errors import InvalidManifestError
from sealhold.model.ids import Collection, FieldName, FunctionId, TaskDigest
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.records import Dataset
from sealhold.policy.filter_ast import And, Filter
from sealhold.policy.request import MEDIA_TYPE, Request, parse_request
from sealhold.policy.rowfilter import parse_filter
from sealhold.policy.sight import EVERY_ROW, WHOLE, Said, parse_sight
from sealhold.vault.budget import Budget, Leak
from sealhold.vault.registry import App
from sealhold.vault.requests import RequestRow

FUNCTION, FAMILY, TIMING, EPOCH = "function", "family", "timing", "epoch"
VERSIONS = "versions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, read."""

    row: RequestRow
    app: App
    wish: Request
    signed: SignedTask
    dataset: Dataset
    said: Said = WHOLE  # what the program is to see of rows: by its grant, or terms that are tried

    def scope(self, fields: frozenset[FieldName]) -> Scope:
        """Return what is priced and run if the program sees `fields`."""
        task = self.signed.task
        return Scope(
            task=task,
            fields=fields & task.fields,
            params=(task.param(self.wish.param),),
            selections=(task.selection(self.wish.selection),),
            said=self.said,
        )

    def program(self, fields: frozenset[FieldName], bound: Bound = NONE) -> Program:
        """Return what is run if the program sees `fields`, and gets the files in `bound`."""
        sight = parse_sight(self.said, self.dataset.columns)
        code = self.row.code.read()
        return Program(scope=self.scope(fields), code=code, bound=bound, sight=sight)

    def function(self, fields: frozenset[FieldName]) -> FunctionId:
        """Return the id under which it is charged if the program sees `fields`."""
        scope = self.scope(fields)
        return function_id(scope.task, scope.params[0], scope.fields, said=scope.said)

    def chosen(self, fields: frozenset[FieldName]) -> Filter:
        """Return the filter that says which objects are meant.

        Raises:
            InvalidManifestError: the selection tests a field that is not granted.
        """
        task = self.signed.task
        found = parse_selection(task.selection(self.wish.selection), self.dataset, fields)
        if self.said.rows == EVERY_ROW:
            return found
        # any column: the owner chose it, and that a row is among them is paid for as a selection
        return And((found, parse_filter(self.said.rows, self.dataset.columns)))

    def query_cost(self, coarsen: int) -> MicroBits:
        """Return what one new answer costs."""
        return query_price(self.signed.task, coarsen).total

    def proposed(self, fields: frozenset[FieldName], approved_at: Instant) -> Facts:
        """Return what each object would tell under this request."""
        return facts_of(self.scope(fields), cells([self.chosen(fields)]), approved_at)


def read_asked(
    row: RequestRow, app: App, datasets: Mapping[Collection, Dataset], said: Said = WHOLE
) -> Asked:
    """Return a kept request with its papers read; `said` is what its grant says of rows.

    Raises:
        TamperedError: a paper is not what came in.
        InvalidManifestError: the vault has no such collection.
    """
    opened = dsse.open(row.request, MEDIA_TYPE, [app.public])
    signed = open_task(row.task)
    dataset = datasets.get(signed.task.collection)
    if dataset is None:
        raise InvalidManifestError(f"the vault has no collection `{signed.task.collection}`")
    wish = parse_request(from_json(opened.payload))
    return Asked(row=row, app=app, wish=wish, signed=signed, dataset=dataset, said=said)


def facts_so_far(budget: Budget, dataset: Dataset) -> Facts:
    """Return what all that was approved may tell of one object of a collection."""
    return facts_from(budget.leaks(dataset.name))


def facts_from(leaks: Iterable[Leak]) -> Facts:
    """Return what the rows of `leaks_of` keep."""
    leaks = list(leaks)
    return Facts(
        functions={FunctionId(each.key): each.cost for each in leaks if each.kind == FUNCTION},
        families={each.key: each.cost for each in leaks if each.kind == FAMILY},
        timings={TaskDigest(each.key): each.cost for each in leaks if each.kind == TIMING},
        epochs=frozenset(int.from_bytes(each.key) for each in leaks if each.kind == EPOCH),
        versions=max((int.from_bytes(e.key) for e in leaks if e.kind == VERSIONS), default=1),
    )


def leaks_of(facts: Facts) -> list[Leak]:
    """Return the rows that keep `facts`."""
    none = MicroBits(0)  # days are priced together, by how many there are
    return [
        *(Leak(kind=FUNCTION, key=key, cost=cost) for key, cost in facts.functions.items()),
        *(Leak(kind=FAMILY, key=key, cost=cost) for key, cost in facts.families.items()),
        *(Leak(kind=TIMING, key=key, cost=cost) for key, cost in facts.timings.items()),
        *(Leak(kind=EPOCH, key=day.to_bytes(32), cost=none) for day in facts.epochs),
        Leak(kind=VERSIONS, key=facts.versions.to_bytes(32), cost=none),
    ]


def outlook(budget: Budget, asked: Asked, proposed: Facts) -> Prospect:
    """Return one object's leak over its life, before and after."""
    return prospect(facts_so_far(budget, asked.dataset), proposed)
