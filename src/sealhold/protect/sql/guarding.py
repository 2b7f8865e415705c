"""Planners that refuse more than another does: writes of a quarantined table, all writes.

- What is refused changes the version, so what was prepared before is planned anew.
- At a replica nothing is written. Its server is told so at the login, and here whatever writes is
  refused before it is sent, and what would let it write again.

Source: docs/spec/66-alarms-and-reactions.md section 5.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Protocol

import postgast
from postgast import pg_query_pb2 as pb

from sealhold.protect.sql import tree
from sealhold.protect.sql.errors import QUARANTINED, READ_ONLY
from sealhold.protect.sql.names import Names
from sealhold.protect.sql.plan import (
    Control,
    CopyPlan,
    Plan,
    Query,
    Refused,
    Relay,
    Rewrite,
    Script,
    SumPlan,
)
from sealhold.protect.sql.planning import Cells, Planner

READING: Final = {"default_transaction_read_only": "on"}  # told a replica at the login
_READS: Final = frozenset({"SELECT", "COPY TO"})
_TURNS: Final = 24  # bits: changes of what is quarantined, below the version of the policy
_STATEMENTS: Final = frozenset({
    "select_stmt", "explain_stmt", "copy_stmt", "variable_show_stmt", "variable_set_stmt",
    "transaction_stmt", "prepare_stmt", "execute_stmt", "declare_cursor_stmt", "fetch_stmt",
    "close_portal_stmt", "deallocate_stmt", "discard_stmt",
})  # fmt: skip  # what may be asked of a replica
_WRITES: Final = (
    pb.InsertStmt, pb.UpdateStmt, pb.DeleteStmt, pb.MergeStmt, pb.IntoClause, pb.LockingClause,
)  # fmt: skip  # within a statement that may be asked
_LETS_WRITE: Final = frozenset({"transaction_read_only", "default_transaction_read_only"})


class Quarantine(Protocol):
    """What is not written for now."""

    @property
    def unwritable(self) -> frozenset[str]:
        """Tables, as schema.table."""
        ...

    @property
    def turn(self) -> int:
        """How often that changed."""
        ...


class _Around:
    """Another planner, with what it plans looked at."""

    def __init__(self, inner: Planner) -> None:
        self._inner = inner

    @property
    def version(self) -> int:
        """Which policy it follows."""
        return self._inner.version

    @property
    def loading(self) -> Sequence[str]:
        """What is asked of the provider to know its names."""
        return self._inner.loading

    def names(self, answers: Sequence[Sequence[Cells]]) -> Any:  # noqa: ANN401  reason: the planner's own
        """Return the names that the answers tell of."""
        return self._inner.names(answers)


class Guarded(_Around):
    """Refuses to write tables in which something was found."""

    def __init__(self, inner: Planner, quarantine: Quarantine) -> None:
        super().__init__(inner)
        self._quarantine = quarantine

    @property
    def version(self) -> int:
        """Which policy it follows, and what is quarantined."""
        return (self._inner.version << _TURNS) + self._quarantine.turn

    def plan(self, text: str, oids: Sequence[int], names: Any) -> tuple[Plan, ...]:  # noqa: ANN401  reason: as above
        """Return what is done for each statement of a text."""
        plans = self._inner.plan(text, oids, names)
        shut = self._quarantine.unwritable
        # THREAT T745: a table with a fault is read, cell by cell checked, and not written
        return tuple(_unwritten(each, shut, names) for each in plans) if shut else plans


class ReadsOnly(_Around):
    """Refuses whatever writes."""

    def plan(self, text: str, oids: Sequence[int], names: Any) -> tuple[Plan, ...]:  # noqa: ANN401  reason: as above
        """Return what is done for each statement of a text."""
        plans = self._inner.plan(text, oids, names)
        try:
            nodes = [each.stmt for each in postgast.parse(text).stmts]
        except postgast.PgQueryError:
            return plans  # which say so
        if len(nodes) != len(plans):
            return plans  # an empty text
        # THREAT T750: what is written to a replica is lost, or parts it from what it replicates
        return tuple(
            each if isinstance(each, Refused) or not (what := _writes(node)) else _read_only(what)
            for node, each in zip(nodes, plans, strict=True)
        )


def _unwritten(plan: Plan, shut: frozenset[str], names: Names) -> Plan:
    found = sorted(shut.intersection(_written(plan, names)))
    if not found:
        return plan
    return Refused(
        QUARANTINED,
        f'table "{found[0]}" is quarantined: it is read, and not written',
        "the owner of the proxy knows why: `sealhold proxy alarms`",
    )


def _written(plan: Plan, names: Names) -> Iterable[str]:
    """Return the tables that a plan writes, or defines anew."""
    match plan:
        case Script():
            return {each for sql in plan.statements for each in _named(sql, names)}
        case Query() | CopyPlan():
            return () if plan.touch.verb in _READS else plan.touch.tables
        case Rewrite():
            return plan.change.touch.tables
        case Relay():
            return _named(plan.sql, names)
        case Control():
            return () if plan.inner is None else _written(plan.inner, names)
        case Refused() | SumPlan():
            return ()


def _named(sql: str, names: Names) -> Iterator[str]:
    """Yield the tables that a text names which goes on as it is: TRUNCATE, DROP and their like."""
    parsed = postgast.parse(sql)
    for each in tree.messages(parsed):
        parts: tuple[str, ...] = ()
        if isinstance(each, pb.RangeVar):
            parts = (each.schemaname, each.relname)
        elif isinstance(each, pb.List):  # of DROP: a name in parts
            parts = ("", *(item.string.sval for item in each.items))[-2:]
        found = names.find(*parts) if parts else None
        if found is not None:
            yield f"{found.schema}.{found.name}"


def _writes(node: tree.Node) -> str:
    """Return how a statement is called that is not asked of a replica; empty if it is."""
    kind = node.WhichOneof("node") or ""
    if kind not in _STATEMENTS or (kind == "copy_stmt" and node.copy_stmt.is_from):
        return kind.removesuffix("_stmt").replace("_", " ").upper()
    if kind == "variable_set_stmt" and node.variable_set_stmt.name.lower() in _LETS_WRITE:
        return "SET"
    for each in tree.messages(node):
        if isinstance(each, _WRITES):
            name = type(each).__name__
            return name.removesuffix("Stmt").removesuffix("Clause").upper()
        if isinstance(each, pb.DefElem) and each.defname in _LETS_WRITE and not _is_set(each):
            return "READ WRITE"
    return ""


def _is_set(option: pb.DefElem) -> bool:
    value = option.arg.a_const
    return bool(value.ival.ival) or bool(value.boolval.boolval)


def _read_only(what: str) -> Refused:
    return Refused(
        READ_ONLY,
        f"cannot execute {what} in a read-only transaction",
        "the provider is away and its replica answers: try again later",
    )
