"""The clauses of a SELECT, compiled: outputs, WHERE, GROUP BY, HAVING, DISTINCT, ORDER BY, LIMIT.

- A name in ORDER BY is an output's first, in GROUP BY a column's first; a number is a place.
- FROM is not looked at: the base rows are what it gives.

Source: docs/spec/57-values-and-residuals.md sections 13 and 14; PostgreSQL 15, SELECT.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.types import PgType
from sealhold.protect.sql.residual_calls import AGGREGATES
from sealhold.protect.sql.residual_compiler import Compiler
from sealhold.protect.sql.residual_grouping import Grouping
from sealhold.protect.sql.residual_names import shape, title
from sealhold.protect.sql.residual_running import Parts, Unique, Writer
from sealhold.protect.sql.residual_sorting import SortKey, directions
from sealhold.protect.sql.residual_terms import INT8, UNKNOWN, CannotDo, Run, Term, value_of

_AND: Final = pb.BoolExprType.AND_EXPR
_UNDONE: Final = {
    "with_clause": "WITH",
    "into_clause": "INTO",
    "locking_clause": "FOR UPDATE",
    "window_clause": "WINDOW",
    "values_lists": "VALUES",
    "larg": "UNION",
}


@dataclass(slots=True)
class Item:
    """One output, or an expression that rows are put in order by."""

    name: str
    node: pb.Node
    term: Term


class Selecting:
    """Compiles one SELECT."""

    def __init__(self, compiler: Compiler, select: pb.SelectStmt) -> None:
        self._compiler = compiler
        self._select = select
        self._targets = [each.res_target for each in select.target_list]
        self.items: list[Item] = []
        self._doomed: PgValueError | None = None

    @property
    def outputs(self) -> tuple[tuple[str, PgType], ...]:
        """The names and types of the outputs."""
        return tuple((item.name, item.term.type) for item in self.items)

    def parts(self) -> Parts:
        """Return all clauses, compiled.

        Raises:
            CannotDo: something in them is not in the list.
            PgValueError: a constant that cannot be computed.
        """
        select = self._select
        for field, name in _UNDONE.items():
            found = getattr(select, field)
            if select.HasField(field) if field in _SINGLE else found:
                raise CannotDo(f"{name} is not in the list")
        if select.limit_option == pb.LimitOption.LIMIT_OPTION_WITH_TIES:
            raise CannotDo("WITH TIES is not in the list")
        where = self._condition(select.where_clause) if select.HasField("where_clause") else None
        grouping = self._grouping()
        self.items = [self._item(each) for each in self._targets]
        having = self._condition(select.having_clause) if select.HasField("having_clause") else None
        sorted_by = [self._sorted(each.sort_by) for each in select.sort_clause]
        unique, is_on = self._unique(sorted_by)
        self._compiler.groups = None
        bounds = self._bound("limit_count"), self._bound("limit_offset")
        if self._doomed is not None:
            raise self._doomed
        return Parts(
            where=where,
            grouping=grouping,
            having=having,
            writer=Writer([item.term for item in self.items]),
            unique=unique,
            is_unique_after=is_on,
            sorts=tuple(key for _, key in sorted_by),
            count=bounds[0],
            offset=bounds[1],
        )

    def _noted(self, term: Term) -> Term:
        """Return the term; if it is doomed, so is the statement."""
        if self._doomed is None:
            self._doomed = term.doomed
        return term

    def _condition(self, node: pb.Node) -> Run:
        """Compile a condition; of one that is not true of a row, the rest is not looked at."""
        parts = [self._noted(self._compiler.truth(each)) for each in _conjuncts(node)]
        if any(_is_never(part) for part in parts):
            return lambda _: False
        runs = [part.run for part in parts]
        if len(runs) == 1:
            return runs[0]
        return lambda frame: all(run(frame) is True for run in runs)

    def _item(self, target: pb.ResTarget) -> Item:
        term = self._compiler.typing.settled(self._compiler.term(target.val))
        codec(term.type)
        return Item(target.name or title(target.val), target.val, self._noted(term))

    def _grouping(self) -> Grouping | None:
        """Compile GROUP BY; what is compiled afterwards is of groups.

        Raises:
            CannotDo: not in the list.
        """
        select = self._select
        nodes = [*select.target_list, *select.sort_clause, *select.distinct_clause]
        has_aggregates = any(_has_aggregate(each) for each in nodes)
        if not (select.group_clause or has_aggregates or select.HasField("having_clause")):
            return None
        if select.group_distinct:
            raise CannotDo("GROUP BY DISTINCT is not in the list")
        grouping = Grouping(self._compiler)
        for each in select.group_clause:
            node = self._grouped_node(each)
            term = self._noted(self._compiler.typing.settled(self._compiler.term(node)))
            grouping.add(node, term)
        self._compiler.groups = grouping
        return grouping

    def _grouped_node(self, node: pb.Node) -> pb.Node:
        """Return what a GROUP BY item means: a column, an output's name or place, an expression.

        Raises:
            CannotDo: not in the list.
        """
        kind = node.WhichOneof("node")
        if kind in {"grouping_set", "row_expr"}:
            raise CannotDo("sets of groups are not in the list")
        if kind == "a_const":
            return self._target_at(node.a_const)
        if kind == "column_ref" and len(node.column_ref.fields) == 1:
            name = node.column_ref.fields[0].string.sval
            named = [each.val for each in self._targets if (each.name or title(each.val)) == name]
            if named and not _is_column(named[0], name):
                try:
                    self._compiler.find((name,))
                except LookupError:
                    return self._only(named, name)
        return node

    def _only(self, nodes: Sequence[pb.Node], name: str) -> pb.Node:
        shapes = {str(shape(node, self._compiler.find)) for node in nodes}
        if len(shapes) > 1:
            raise CannotDo(f"more than one output is called `{name}`")
        return nodes[0]

    def _target_at(self, constant: pb.A_Const) -> pb.Node:
        place = constant.ival.ival if constant.WhichOneof("val") == "ival" else 0
        if constant.isnull or not 1 <= place <= len(self._targets):
            raise CannotDo("a constant that is no place of an output")
        return self._targets[place - 1].val

    def _sorted(self, sort_by: pb.SortBy) -> tuple[pb.Node, SortKey]:
        node, term = self._ordering(sort_by.node)
        is_falling, nulls_high = directions(sort_by)
        key = self._compiler.ordered(term)
        return node, SortKey(term.run, key, is_falling, nulls_high)

    def _ordering(self, node: pb.Node) -> tuple[pb.Node, Term]:
        """Return what an ORDER BY item means: an output's name or place, or an expression."""
        kind = node.WhichOneof("node")
        if kind == "a_const":
            node = self._target_at(node.a_const)
        elif kind == "column_ref" and len(node.column_ref.fields) == 1:
            name = node.column_ref.fields[0].string.sval
            named = [item.node for item in self.items if item.name == name]
            if named:
                node = self._only(named, name)
        item = self._output(node)
        if item is not None:
            return node, item.term
        return node, self._noted(self._compiler.typing.settled(self._compiler.term(node)))

    def _output(self, node: pb.Node) -> Item | None:
        """Return the output that is written the same."""
        wanted = shape(node, self._compiler.find)
        for item in self.items:
            if shape(item.node, self._compiler.find) == wanted:
                return item
        return None

    def _unique(
        self, sorted_by: Sequence[tuple[pb.Node, SortKey]]
    ) -> tuple[tuple[Unique, ...], bool]:
        """Compile DISTINCT, or DISTINCT ON.

        Raises:
            CannotDo: not in the list.
        """
        clause = self._select.distinct_clause
        if not clause:
            return (), False
        is_on = clause[0].WhichOneof("node") is not None
        shapes = [shape(node, self._compiler.find) for node, _ in sorted_by]
        if not is_on:
            shown = {str(shape(item.node, self._compiler.find)) for item in self.items}
            if any(str(each) not in shown for each in shapes):
                raise CannotDo("SELECT DISTINCT in the order of what is not shown")
            return tuple(self._unique_of(item.term) for item in self.items), False
        chosen = [self._ordering(node) for node in clause]
        wanted = {str(shape(node, self._compiler.find)) for node, _ in chosen}
        first = {str(each) for each in shapes[: len(wanted)]}
        if not first <= wanted or len(first) < min(len(wanted), len(shapes)):
            raise CannotDo("DISTINCT ON of other expressions than ORDER BY begins with")
        return tuple(self._unique_of(term) for _, term in chosen), True

    def _unique_of(self, term: Term) -> Unique:
        return Unique(term.run, self._compiler.equal(term))

    def _bound(self, field: str) -> Run | None:
        """Compile LIMIT or OFFSET.

        Raises:
            CannotDo: not in the list.
        """
        if not self._select.HasField(field):
            return None
        node: pb.Node = getattr(self._select, field)
        term = self._compiler.term(node)
        if term.has_columns:
            raise CannotDo("LIMIT and OFFSET of columns")
        if term.is_null and term.type is UNKNOWN:
            return None
        return self._noted(self._compiler.typing.typed(term, INT8)).run


_SINGLE: Final = frozenset({"with_clause", "into_clause", "larg"})


def _is_never(part: Term) -> bool:
    """Whether a condition is true of no row at all."""
    return part.is_constant and part.doomed is None and value_of(part) is not True


def _conjuncts(node: pb.Node) -> Iterator[pb.Node]:
    """Yield what is joined by AND at the top of a condition."""
    if node.WhichOneof("node") == "bool_expr" and node.bool_expr.boolop == _AND:
        for each in node.bool_expr.args:
            yield from _conjuncts(each)
    else:
        yield node


def _is_column(node: pb.Node, name: str) -> bool:
    """Whether the expression is a column of this very name."""
    if node.WhichOneof("node") != "column_ref":
        return False
    last = node.column_ref.fields[-1]
    return bool(last.WhichOneof("node") == "string" and last.string.sval == name)


def _has_aggregate(node: pb.Node) -> bool:
    """Whether an aggregate stands anywhere in an expression."""
    pending: list[object] = [node]
    while pending:
        each = pending.pop()
        if isinstance(each, pb.FuncCall) and each.funcname[-1].string.sval in AGGREGATES:
            return True
        if isinstance(each, Message):
            for _, value in each.ListFields():
                if isinstance(value, Message):
                    pending.append(value)
                elif not isinstance(value, (str, int, float)):
                    pending += value
    return False
