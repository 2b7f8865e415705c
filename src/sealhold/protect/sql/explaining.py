"""What becomes of one statement, told without a connection: what is sent, what is left, what leaks.

- Tables are taken to be as the policy has them: of a table in the clear no column is known that the
  policy does not list.

Source: docs/spec/60-statements.md section 13.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sealhold.protect.pgtypes.types import named
from sealhold.protect.policy import Policy, TablePolicy
from sealhold.protect.sql.names import RID, Attribute, Names, Relation
from sealhold.protect.sql.plan import (
    Control,
    CopyPlan,
    Hidden,
    Plan,
    Query,
    Refused,
    Relay,
    Rewrite,
    Script,
)
from sealhold.protect.sql.planner import Planner
from sealhold.protect.sql.rules import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedStatement:
    """What becomes of one statement."""

    csp: tuple[str, ...]  # what the provider is sent, in order
    residual: tuple[str, ...]  # what is done at the proxy, in order
    leaks: tuple[str, ...]  # what the provider learns from this statement, beside its text
    refused: Refused | None


def explain_statements(
    policy: Policy, columns: Tables, text: str
) -> tuple[ExplainedStatement, ...]:
    """Return what becomes of each statement of a text under a policy."""
    planner = Planner(policy, columns)
    relations = {(each.schema, each.name): _relation(each, columns) for each in policy.tables}
    names = Names(("pg_catalog", "public"), relations, planner.is_listed)
    return tuple(_explained(each) for each in planner.plan(text, (), names))


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
    return Relation(table.schema, table.name, 0, "r", tuple(attributes))


def _explained(plan: Plan) -> ExplainedStatement:
    if isinstance(plan, Refused):
        return ExplainedStatement(csp=(), residual=(), leaks=(), refused=plan)
    return ExplainedStatement(
        csp=tuple(_sent(plan)),
        residual=tuple(_left(plan)),
        leaks=tuple(dict.fromkeys(_leaks(plan))),
        refused=None,
    )


def _sent(plan: Plan) -> Iterator[str]:
    match plan:
        case Query() | Relay():
            yield plan.sql
        case Script():
            yield from plan.statements
        case Rewrite():
            yield plan.select.sql
            yield plan.change.sql
        case CopyPlan():
            yield plan.sql
        case Control() if plan.inner is not None:
            yield from _sent(plan.inner)
        case Control() if plan.sql:
            yield plan.sql
        case _:
            return


def _queries(plan: Plan) -> Iterable[Query]:
    match plan:
        case Query():
            return (plan,)
        case Rewrite():
            return (plan.select, plan.change)
        case CopyPlan() if plan.query is not None:
            return (plan.query,)
        case Control() if plan.inner is not None:
            return _queries(plan.inner)
        case _:
            return ()


def _left(plan: Plan) -> Iterator[str]:
    for query in _queries(plan):
        if query.touch.opens:
            opened = ", ".join(f"{each.table}.{each.name}" for each in query.touch.opens)
            yield f"open {opened}"
        if query.residual is not None:
            yield "do on opened rows what the provider cannot"
    if isinstance(plan, Rewrite):
        if plan.where is not None:
            yield "drop the rows that the rest of the condition excludes"
        if plan.assignments:
            yield f"seal {', '.join(each.column.name for each in plan.assignments)} for each row"
    if isinstance(plan, CopyPlan) and plan.into:
        hidden = [each.name for each in plan.columns if each.column is not None]
        yield f"read lines and seal {', '.join(hidden)}"


def _leaks(plan: Plan) -> Iterator[str]:
    for query in _queries(plan):
        for each in query.parameters:
            if not isinstance(each.source, Hidden):
                continue
            column = f"{each.source.column.table}.{each.source.column.name}"
            if each.source.how == "=":
                yield f"that a value of {column} is asked for, and which other times it was"
            elif each.source.how != "store":
                yield f"where a bound lies in the order of {column}"
        if query.outputs is not None or query.residual is not None:
            yield "how many rows the answer has, and which"
