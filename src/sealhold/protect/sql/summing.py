"""Sums that an agent can make: what the provider is asked, and how the client's rows come of it.

- One table, a WHERE that the provider can do, groups by plain columns: the provider groups by the
  blocks of values too, and tells of each group and block how many rows there are, which ones unless
  it is all of the block, and the cells of those in no block.
- The statement around the aggregates is done here, on a row for each group: arithmetic, HAVING,
  ORDER BY, LIMIT.
- What does not fit is no refusal: it is done on opened rows as before.

Source: docs/spec/64-sums-at-an-agent.md section 3.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.columns import Column
from sealhold.protect.pgtypes.errors import PgValueError, TypeRefusedError
from sealhold.protect.pgtypes.types import PgType, named
from sealhold.protect.spec import CELL, Op
from sealhold.protect.sql import tree
from sealhold.protect.sql.expressions import Expressions
from sealhold.protect.sql.grouping import AGGREGATES, Item
from sealhold.protect.sql.names import RID
from sealhold.protect.sql.plan import GroupKey, Made, Output, Query, SumPlan, Tally
from sealhold.protect.sql.refusing import NotPossibleError, PlanError
from sealhold.protect.sql.residual import CannotDo, Residual, Slot, compile_select
from sealhold.protect.sql.scope import Field
from sealhold.protect.sql.selecting import Selecting
from sealhold.protect.sql.tree import Node
from sealhold.protect.sql.work import rebuilt
from sealhold.protect.sumform import NUMERIC, form_of
from sealhold.protect.sumstate import ROWS
from sealhold.protect.techniques.sum_mark import SUFFIX

_INT4: Final = 23
_INT8: Final = named("bigint")
_TALLY: Final = "_sh_tally_"
_MARKS_MOST: Final = 8  # columns of one statement


class _NotHereError(Exception):
    """The statement is none of those."""


def sum_plan(
    select: pb.SelectStmt, selecting: Selecting, opened: Query, summed: Collection[Column]
) -> SumPlan | None:
    """Return how a query is done by an agent; None if it is done on opened rows alone.

    Args:
        select: as it was parsed; it can be done on opened rows.
        selecting: of a plan that has just begun.
        opened: how it is done on opened rows.
        summed: columns that an agent adds up.
    """
    if not _is_plain(select):
        return None
    try:
        return _Summing(select, selecting, summed).plan(opened)
    except (_NotHereError, PlanError, CannotDo, PgValueError, TypeRefusedError, LookupError):
        return None


@dataclass(slots=True)
class _Targets:
    """What the provider gives for each row."""

    nodes: list[Node] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    groups: list[Node] = field(default_factory=list)

    def add(self, node: Node, column: Column | None = None, rid_at: int | None = None) -> int:
        """Add a target, and return where it stands."""
        at = len(self.nodes)
        self.nodes.append(tree.target(node))
        self.outputs.append(Output(f"_{at}", at, column, rid_at))
        return at


class _Summing:
    """Plans one query."""

    def __init__(
        self, select: pb.SelectStmt, selecting: Selecting, summed: Collection[Column]
    ) -> None:
        self._select, self._selecting, self._summed = select, selecting, summed
        self._work = selecting.work
        self._made, self._scope, self._shown = selecting.begun(select, None)
        self._expressions = Expressions(self._work, self._scope, selecting.nested)
        self._targets = _Targets()
        self._columns: list[Field] = []
        self._tallies: list[Tally] = []
        self._types: list[PgType] = []  # of tallies
        self._keys: dict[tuple[str, str], tuple[int, GroupKey]] = {}

    def plan(self, opened: Query) -> SumPlan:
        """Return the plan.

        Raises:
            _NotHereError: it cannot be done so.
            PlanError: the provider cannot do its part.
        """
        select, made = self._select, self._made
        (entry,) = self._scope.entries
        if entry.is_moving or not entry.is_known:
            raise _NotHereError
        items = self._selecting.items(select, self._expressions, self._shown)
        for each in select.group_clause:
            self._key(each, items)
        rest = self._rest(items)
        if not self._columns or len(self._columns) > _MARKS_MOST:
            raise _NotHereError
        residual = self._residual(rest)
        marks, count, rids, cells = self._laid()
        if select.HasField("where_clause"):
            made.where_clause.CopyFrom(self._expressions.push(select.where_clause))
        _bare(made)
        made.target_list.extend(self._targets.nodes)
        made.group_clause.extend(self._targets.groups)
        sums = Query(
            tree.deparsed(Node(select_stmt=made)), opened.touch, self._work.parameters.all(),
            tuple(self._targets.outputs), self._work.parameters.types(),
        )  # fmt: skip
        return SumPlan(
            opened, sums, tuple(_column(each) for each in self._columns),
            tuple(key for _, key in self._keys.values()), marks, count, rids, cells,
            tuple(self._tallies), residual, is_grouped=bool(select.group_clause),
        )  # fmt: skip

    # groups

    def _key(self, node: Node, items: Sequence[Item]) -> None:
        value = node
        if node.HasField("a_const") and node.a_const.HasField("ival"):
            at = int(node.a_const.ival.ival)
            if not 1 <= at <= len(items):
                raise _NotHereError
            value = items[at - 1].value
        found = self._resolved(value)
        key = (found.alias, found.name)
        if key not in self._keys:
            made = self._hidden_key(found) if found.column is not None else self._clear_key(found)
            self._keys[key] = (len(self._keys), made)

    def _clear_key(self, found: Field) -> GroupKey:
        if found.type is None:
            raise _NotHereError
        at = self._targets.add(found.at())
        self._targets.groups.append(found.at())
        return GroupKey(at, (), found.type)

    def _hidden_key(self, found: Field) -> GroupKey:
        column, row = _column(found), found.row()
        suffix = self._expressions.suffix(found, Op.GROUP)
        others = [
            each
            for each in found.places
            if each not in {CELL, suffix} and column.techniques[each].answers & {Op.SORT}
        ]
        by = []
        for each in (suffix, *others):
            by.append(self._targets.add(found.at(each)))
            self._targets.groups.append(found.at(each))
        rid_at = None
        if row is not None:
            rid_at = self._targets.add(tree.first_of(tree.call("array_agg", row)))
        cell = tree.first_of(tree.call("array_agg", found.at(CELL)))
        return GroupKey(self._targets.add(cell, column, rid_at), tuple(by), column.type)

    def _resolved(self, node: Node) -> Field:
        if not node.HasField("column_ref"):
            raise _NotHereError
        fields = node.column_ref.fields
        if not all(each.HasField("string") for each in fields):
            raise _NotHereError
        found = self._scope.resolve(tree.strings(fields))
        if found is None:
            raise _NotHereError
        return found

    # what is done here

    def _rest(self, items: Sequence[Item]) -> pb.SelectStmt:
        """Return the statement around the aggregates: over a row for each group."""
        rest = pb.SelectStmt()
        rest.CopyFrom(self._select)
        _bare(rest)
        rest.ClearField("where_clause")
        rest.target_list.extend(tree.target(self._over(each.value), each.name) for each in items)
        if self._select.HasField("having_clause"):
            rest.where_clause.CopyFrom(self._over(self._select.having_clause))
        rest.distinct_clause.extend(self._over(each) for each in self._select.distinct_clause)
        rest.sort_clause.extend(self._over(each) for each in self._select.sort_clause)
        for name in ("limit_count", "limit_offset"):
            if self._select.HasField(name):
                getattr(rest, name).CopyFrom(getattr(self._select, name))
        rest.limit_option = self._select.limit_option
        return rest

    def _over(self, node: Node) -> Node:
        """Return an expression in which each aggregate is the name of its tally.

        Raises:
            _NotHereError: it holds what is not done so.
        """
        if node.HasField("sub_link"):
            raise _NotHereError
        if node.HasField("func_call") and tree.function(node.func_call) in AGGREGATES:
            return tree.column(f"{_TALLY}{self._tally(node)}")
        return rebuilt(node, self._over)

    def _tally(self, node: Node) -> int:
        call = node.func_call
        name = tree.function(call)
        if (
            name not in {"sum", "avg", "count"}
            or call.agg_distinct
            or call.agg_order
            or call.agg_within_group
            or call.func_variadic
            or call.HasField("agg_filter")
            or call.HasField("over")
        ):
            raise _NotHereError
        if name == "count":
            pushed = self._expressions.push(node)
            self._tallies.append(Tally("count", self._targets.add(pushed)))
            self._types.append(_INT8)
            return len(self._tallies) - 1
        found = self._resolved(call.args[0])
        form = form_of(found.column) if found.column in self._summed and found.column else None
        if form is None or found.rid != RID or SUFFIX not in found.places:
            raise _NotHereError
        if found not in self._columns:
            self._columns.append(found)
        at = self._columns.index(found)
        self._tallies.append(Tally("sum" if name == "sum" else "avg", at))
        self._types.append(form.gives if name == "sum" else NUMERIC)
        return len(self._tallies) - 1

    def _residual(self, rest: pb.SelectStmt) -> Residual:
        parameters = self._work.parameters
        residual = compile_select(
            rest, self._slot, parameters.type_of, text_order=self._work.names.text_order
        )
        for client, type_ in residual.learned.items():
            parameters.learn(client, type_)
        return residual

    def _slot(self, names: tuple[str, ...]) -> Slot:
        if names[-1].startswith(_TALLY):
            at = int(names[-1].removeprefix(_TALLY))
            return Slot(len(self._keys) + at, self._types[at])
        found = self._scope.resolve(names)
        if found is None or (found.alias, found.name) not in self._keys:
            raise _NotHereError
        at, key = self._keys[found.alias, found.name]
        return Slot(at, key.type)

    # what the provider gives

    def _laid(self) -> tuple[tuple[int, ...], int, int, tuple[int, ...]]:
        targets, parameters = self._targets, self._work.parameters
        firsts = [parameters.other(_INT4, Made(at)) for at in range(len(self._columns))]
        opened = [
            tree.compare("<", each.at(SUFFIX), first)
            for each, first in zip(self._columns, firsts, strict=True)
        ]
        marks = tuple(targets.add(each.at(SUFFIX)) for each in self._columns)
        targets.groups += [each.at(SUFFIX) for each in self._columns]
        count = targets.add(_count())
        row = self._columns[0].row() or tree.null()
        part = _either([tree.compare("<>", _count(), tree.integer(ROWS)), *opened])
        rids = targets.add(_when(part, tree.call("array_agg", row)))
        cells = []
        for each, condition in zip(self._columns, opened, strict=True):
            gathered = tree.call("array_agg", each.at(CELL))
            gathered.func_call.agg_filter.CopyFrom(condition)
            cells.append(targets.add(gathered))
        return marks, count, rids, tuple(cells)


def _is_plain(select: pb.SelectStmt) -> bool:
    """Whether a query reads one table, and nothing of it is of another kind."""
    return (
        len(select.from_clause) == 1
        and select.from_clause[0].HasField("range_var")
        and not select.HasField("with_clause")
        and not select.HasField("into_clause")
        and not select.window_clause
        and not select.locking_clause
        and not select.group_distinct
    )


def _bare(made: pb.SelectStmt) -> None:
    for name in ("target_list", "group_clause", "sort_clause", "distinct_clause"):
        made.ClearField(name)
    for name in ("having_clause", "limit_count", "limit_offset"):
        made.ClearField(name)
    made.limit_option = pb.LimitOption.LIMIT_OPTION_DEFAULT


def _column(found: Field) -> Column:
    if found.column is None:
        raise NotPossibleError("no protected column")
    return found.column


def _count() -> Node:
    counted = tree.call("count")
    counted.func_call.agg_star = True
    return counted


def _either(conditions: Sequence[Node]) -> Node:
    return Node(bool_expr=pb.BoolExpr(boolop=pb.BoolExprType.OR_EXPR, args=conditions))


def _when(condition: Node, value: Node) -> Node:
    case = Node(case_when=pb.CaseWhen(expr=condition, result=value))
    return Node(case_expr=pb.CaseExpr(args=[case]))
