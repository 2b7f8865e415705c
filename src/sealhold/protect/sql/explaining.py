"""What becomes of one statement, told without a connection: what is sent, what is left, what leaks.

- Tables are taken to be as the policy has them: of a table in the clear no column is known that the
  policy does not list, and a table that it does not know is taken to be there.

Source: docs/spec/60-statements.md section 13.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import postgast
from postgast import pg_query_pb2 as pb

from sealhold.protect.columns import Column
from sealhold.protect.guards import guard_among
from sealhold.protect.pgtypes.types import named
from sealhold.protect.policy import Policy, TablePolicy
from sealhold.protect.sql import tree
from sealhold.protect.sql.besides import (
    Beside,
    WordsBeside,
    all_besides,
    besides_of,
    stored,
)
from sealhold.protect.sql.names import RID, Attribute, Names, Relation
from sealhold.protect.sql.plan import (
    Control,
    CopyColumn,
    CopyPlan,
    Found,
    Hidden,
    Kept,
    Plan,
    Query,
    Refused,
    Relay,
    Rewrite,
    Script,
    SumPlan,
)
from sealhold.protect.sql.planner import Planner
from sealhold.protect.sql.roleplanning import masked_relation
from sealhold.protect.sql.rules import Tables
from sealhold.protect.sql.scope import is_of_system
from sealhold.protect.sql.searching import QUERIES
from sealhold.protect.techniques.sum_mark import SUFFIX

NO_MASKS: Final[Tables] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedStatement:
    """What becomes of one statement."""

    csp: tuple[str, ...]  # what the provider is sent, in order
    residual: tuple[str, ...]  # what is done at the proxy, in order
    leaks: tuple[str, ...]  # what the provider learns from this statement, beside its text
    refused: Refused | None


def explain_statements(
    policy: Policy, columns: Tables, text: str, role: str = "", masks: Tables = NO_MASKS
) -> tuple[ExplainedStatement, ...]:
    """Return what becomes of each statement of a text under a policy, for users of a role."""
    planner = Planner(policy, columns, role if masks else "")
    names = names_of(policy, columns, planner, masks)
    relations = dict(names.relations)
    for schema, name in list(_refused(text, relations)):
        if not planner.is_listed(schema, name):
            relations[schema, name] = Relation(schema, name, 0, "r", ())
    names = replace(names, relations=relations)
    return tuple(_explained(each) for each in planner.plan(text, (), names))


def names_of(policy: Policy, columns: Tables, planner: Planner, masks: Tables = NO_MASKS) -> Names:
    """Return the names that there are if all tables are as the policy has them."""
    relations = {
        (each.schema, each.name): masked_relation(_relation(each, columns), policy, masks)
        for each in policy.tables
    }
    return Names(("pg_catalog", "public"), relations, planner.is_listed)


def _refused(text: str, known: Container[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield each table that a text names and nobody knows: taken to be there, it is judged."""
    try:
        parsed = list(tree.messages(postgast.parse(text)))
    except postgast.PgQueryError:
        return  # the planner says so
    withs = {each.ctename for each in parsed if isinstance(each, pb.CommonTableExpr)}
    for each in parsed:
        if isinstance(each, pb.RangeVar) and not is_of_system(each.schemaname, each.relname):
            name = (each.schemaname or "public", each.relname)
            if name not in known and each.relname not in withs:
                yield name


def _relation(table: TablePolicy, columns: Tables) -> Relation:
    protected = columns.get((table.schema, table.name), {})
    attributes = []
    for number, each in enumerate(table.columns, 1):
        column = protected.get(each.name)
        type_ = named(each.type)
        if column is None:
            attributes.append(
                Attribute(each.name, number, type_.oid, type_.typmod, None, {"": each.name})
            )
            continue
        places = {suffix: column.physical(suffix) for suffix in column.techniques}
        attributes.append(Attribute(each.name, number, type_.oid, -1, column, places, RID))
    return Relation(
        table.schema, table.name, 0, "r", tuple(attributes), guard=guard_among(protected)
    )


def _explained(plan: Plan) -> ExplainedStatement:
    if isinstance(plan, Refused):
        return ExplainedStatement(csp=(), residual=(), leaks=(), refused=plan)
    return ExplainedStatement(
        csp=tuple(_sent(plan)),
        residual=tuple(dict.fromkeys(_left(plan))),
        leaks=tuple(dict.fromkeys(_leaks(plan))),
        refused=None,
    )


def _sent(plan: Plan) -> Iterator[str]:
    match plan:
        case Query():
            yield from _looked_up(plan)
            yield from _pairs(stored(plan.parameters))
            yield plan.sql
        case Relay():
            yield plan.sql
        case Script():
            yield from plan.statements
        case Rewrite():
            yield from _looked_up(plan.select)
            yield plan.select.sql
            yield from _pairs(plan.kept)
            yield plan.change.sql
        case SumPlan():
            yield plan.sums.sql
        case CopyPlan():
            yield from _looked_up(plan.query)
            yield plan.sql
            yield from _pairs(plan.columns)
        case Control() if plan.inner is not None:
            yield from _sent(plan.inner)
        case Control() if plan.sql:
            yield plan.sql
        case _:
            return


def _looked_up(query: Query | None) -> Iterator[str]:
    """Yield how the pairs of a search are asked for."""
    if query is not None:
        yield from (each.table.asking for each in _besides_asked(query))


def _asked_for(query: Query) -> Iterator[str]:
    yield from (each.table.name for each in _besides_asked(query))


def _besides_asked(query: Query) -> Iterator[Beside]:
    for each in query.parameters:
        if isinstance(each.source, Found):
            yield from _searched(each.source)


def _searched(found: Found) -> Iterator[Beside]:
    is_word = found.sought[0].how in QUERIES
    for each in besides_of(found.column):
        if isinstance(each, WordsBeside) is is_word:
            yield each


def _pairs(written: Iterable[Hidden | Kept | CopyColumn]) -> Iterator[str]:
    """Yield how the pairs of changed rows are written."""
    columns = dict.fromkeys(each.column for each in written if each.column is not None)
    yield from (each.table.adding for each in all_besides(columns))


def _queries(plan: Plan) -> Iterable[Query]:
    match plan:
        case Query():
            return (plan,)
        case Rewrite():
            return (plan.select, plan.change)
        case SumPlan():
            return (plan.sums,)
        case CopyPlan() if plan.query is not None:
            return (plan.query,)
        case Control() if plan.inner is not None:
            return _queries(plan.inner)
        case _:
            return ()


def _left(plan: Plan) -> Iterator[str]:
    for query in _queries(plan):
        for whole in query.wholes:
            yield f"verify each row of {whole.guard.place}; not, whether any is left out"
        if query.touch.opens:
            opened = ", ".join(f"{each.table}.{each.name}" for each in query.touch.opens)
            less = " of rows in no block, and of groups" if isinstance(plan, SumPlan) else ""
            yield f"open {opened}{less}"
        if query.residual is not None:
            yield "do on opened rows what the provider cannot"
            if any(SUFFIX in each.techniques for each in query.touch.opens):
                yield "add up opened rows: here `he-sum` is no gain over fetching"
    if isinstance(plan, SumPlan):
        summed = ", ".join(map(_name, plan.columns))
        yield f"add {summed} of rows in no block to what the agent adds up, and check its answer"
    if isinstance(plan, Rewrite) and plan.where is not None:
        yield "drop the rows that the rest of the condition excludes"
    stored = dict.fromkeys(map(_name, _stored(plan)))
    if stored:
        yield f"seal {', '.join(stored)} for each row"


def _hidden(query: Query) -> Iterator[Hidden]:
    for each in query.parameters:
        if isinstance(each.source, Hidden):
            yield each.source


def _name(column: Column) -> str:
    return f"{column.table}.{column.name}"


def _stored(plan: Plan) -> Iterator[Column]:
    """Yield each protected column of which values are stored."""
    for query in _queries(plan):
        yield from (each.column for each in _hidden(query) if each.how == "store")
    if isinstance(plan, Rewrite):
        yield from (each.column for each in plan.assignments)
    if isinstance(plan, CopyPlan) and plan.into:
        yield from (each.column for each in plan.columns if each.column is not None)


def _leaks(plan: Plan) -> Iterator[str]:
    for query in _queries(plan):
        for hidden in _hidden(query):
            if hidden.how == "=":
                yield f"that a value of {_name(hidden.column)} is asked for, and when it is again"
            elif hidden.how != "store":
                yield f"where a bound lies in the order of {_name(hidden.column)}"
        for name in _asked_for(query):
            yield f"how many pairs of {name} are asked for, and which again"
        if query.outputs is not None or query.residual is not None:
            yield "how many rows the answer has, and which"
    if isinstance(plan, SumPlan):
        yield "how many rows are added up, and which; the agent: which of each block, in each group"
    for column in _stored(plan):
        for technique in column.techniques.values():
            yield from (f"of {_name(column)}: {leak.learns}" for leak in technique.leaks)
        yield from (f"of {_name(column)}: how many pairs each row gets" for _ in besides_of(column))
