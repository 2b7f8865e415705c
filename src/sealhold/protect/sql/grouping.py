"""GROUP BY, DISTINCT, ORDER BY and the outputs of a query, over cells and terms.

- Grouping by a protected column is grouping by its terms; its value is that of a row of the group.
- The number of its row comes after all outputs, once for each table.

Source: docs/spec/60-statements.md section 5.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.columns import Column
from sealhold.protect.pgtypes.types import PgType
from sealhold.protect.spec import CELL, Op
from sealhold.protect.sql import tree
from sealhold.protect.sql.expressions import Expressions
from sealhold.protect.sql.refusing import NotPossibleError, WrongError, cannot
from sealhold.protect.sql.scope import Field
from sealhold.protect.sql.tree import Node


@dataclass(slots=True)
class Item:
    """One output of a query."""

    name: str
    value: Node  # as the client wrote it; a reference where `*` stood
    field: Field | None = None  # the protected column that it is
    extreme: str = ""  # "min" or "max" of that column
    type: PgType | None = None  # of a column as it stands; None: not known


@dataclass(slots=True)
class Laid:
    """What was laid out for the provider: its outputs, and where the client's stand in them."""

    targets: list[Node] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    rids: dict[int, int] = field(default_factory=dict)  # item: output with its row number


class Grouping:
    """GROUP BY, DISTINCT and ORDER BY of one query over terms."""

    def __init__(self, expressions: Expressions, items: list[Item]) -> None:
        self.expressions = expressions
        self.items = items
        self._grouped: set[tuple[str, str]] = set()  # (alias, name) of columns grouped by
        self._is_grouping = False

    def group(self, made: pb.SelectStmt, select: pb.SelectStmt) -> None:
        """Rewrite GROUP BY; make DISTINCT one where protected columns are among the outputs."""
        del made.group_clause[:]
        self._is_grouping = bool(select.group_clause) or aggregates(select)
        for each in select.group_clause:
            made.group_clause.extend(self._key(each))
        protected = [each for each in self.items if each.field is not None]
        if not select.distinct_clause:
            return
        if not protected:
            del made.distinct_clause[:]
            made.distinct_clause.extend(map(self._once, select.distinct_clause))
            return
        if (
            self._is_grouping
            or select.window_clause
            or select.distinct_clause[0].WhichOneof("node")
        ):
            raise cannot(column_of(protected[0].field), Op.GROUP)
        del made.distinct_clause[:]
        self._is_grouping = True
        for item in self.items:
            made.group_clause.extend(self._key(item.value))

    def _once(self, node: Node) -> Node:
        """Return an expression of DISTINCT ON, where no output is protected."""
        if not node.WhichOneof("node"):
            return node  # DISTINCT alone
        item = self._output(node, position=True)
        field = self.expressions.protected(node)
        if field is not None:
            raise cannot(column_of(field), Op.GROUP)
        return node if item is not None else self.expressions.push(node)

    def _key(self, node: Node) -> list[Node]:
        item = self._output(node, position=True)
        value = node
        if item is not None and (not node.HasField("column_ref") or self._is_unresolved(node)):
            value = item.value
        field = self.expressions.protected(value)
        if field is None:
            if _is_constant(value):
                return []
            return [self.expressions.push(value)]
        suffix = self.expressions.suffix(field, Op.GROUP)
        self._grouped.add((field.alias, field.name))
        others = [
            each
            for each in field.places
            if each not in {CELL, suffix} and column_of(field).techniques[each].answers & {Op.SORT}
        ]
        return [field.at(each) for each in (suffix, *others)]

    def _is_unresolved(self, node: Node) -> bool:
        """Whether a name in GROUP BY is an output's alone: a column of that name comes first."""
        try:
            return self.expressions.scope.resolve(tree.strings(node.column_ref.fields)) is None
        except WrongError:
            return True

    def _output(self, node: Node, *, position: bool) -> Item | None:
        """Return the output that a position or a bare name in ORDER BY or GROUP BY means."""
        if position and node.HasField("a_const") and node.a_const.HasField("ival"):
            at = int(node.a_const.ival.ival)
            if not 1 <= at <= len(self.items):
                raise WrongError("42P10", f"position {at} is not in select list")
            return self.items[at - 1]
        if node.HasField("column_ref") and len(node.column_ref.fields) == 1:
            name = node.column_ref.fields[0].string.sval
            found = [each for each in self.items if each.name == name]
            return found[0] if found else None
        return None

    def lay_out(self, made: pb.SelectStmt) -> Laid:
        """Write the outputs for the provider."""
        laid = Laid(items=self.items)
        for item in self.items:
            if item.field is None:
                laid.targets.append(_clear_target(item, self.expressions))
            else:
                self.expressions.work.opened[column_of(item.field)] = None
                laid.targets.append(tree.target(self._cell(item, item.field), item.name))
        known: dict[tuple[str, str], int] = {}
        for at, item in enumerate(self.items):
            if item.field is None or item.field.rid is None:
                continue
            key = (item.field.alias, item.field.rid)
            if self._is_grouping or key not in known:
                known[key] = len(laid.targets)
                laid.targets.append(tree.target(self._row(item, item.field)))
            laid.rids[at] = known[key]
        del made.target_list[:]
        made.target_list.extend(laid.targets)
        return laid

    def _cell(self, item: Item, field: Field) -> Node:
        return self._picked(item, field, field.at(CELL))

    def _row(self, item: Item, field: Field) -> Node:
        row = field.row()
        return tree.null() if row is None else self._picked(item, field, row)

    def _picked(self, item: Item, field: Field, node: Node) -> Node:
        """Return what stands for one row of a group: of any row, or of the one with the extreme."""
        if item.extreme:
            term = field.at(self.expressions.suffix(field, Op.EXTREME))
            order = tree.sorted_by(term, descending=item.extreme == "max", nulls_last=True)
            return tree.first_of(tree.call("array_agg", node, order=[order]))
        if not self._is_grouping:
            return node
        if (field.alias, field.name) not in self._grouped:
            raise WrongError(
                "42803",
                f'column "{field.alias}.{field.name}" must appear in the GROUP BY clause or be used'
                " in an aggregate function",
            )
        return tree.first_of(tree.call("array_agg", node))

    def sort(self, made: pb.SelectStmt, select: pb.SelectStmt) -> None:
        """Rewrite ORDER BY."""
        del made.sort_clause[:]
        for each in select.sort_clause:
            made.sort_clause.append(self._sorted(each))

    def sorting_columns(self, select: pb.SelectStmt) -> list[Node]:
        """Return an ORDER BY that names no output by its position: outputs are not there.

        Raises:
            PlanError: the provider cannot sort so.
        """
        return [self._sorted(each, written_out=True) for each in select.sort_clause]

    def _sorted(self, node: Node, *, written_out: bool = False) -> Node:
        by = node.sort_by.node
        item = self._output(by, position=True)
        field = item.field if item is not None else self.expressions.protected(by)
        copy = Node()
        copy.CopyFrom(node)
        if item is not None and item.extreme:
            raise cannot(column_of(item.field), Op.SORT)
        if field is not None:
            if node.sort_by.use_op:
                raise cannot(column_of(field), Op.SORT)
            copy.sort_by.node.CopyFrom(field.at(self.expressions.suffix(field, Op.SORT)))
        elif item is None:
            copy.sort_by.node.CopyFrom(self.expressions.push(by))
        elif written_out:
            copy.sort_by.node.CopyFrom(self.expressions.push(item.value))
        return copy


def _clear_target(item: Item, expressions: Expressions) -> Node:
    if item.name == "*":
        return tree.target(item.value)
    return tree.target(expressions.push(item.value), item.name)


def column_of(field: Field | None) -> Column:
    """Return the protected column that a field is."""
    if field is None or field.column is None:
        raise NotPossibleError("no protected column")
    return field.column


def _is_constant(value: Node) -> bool:
    return bool(value.HasField("a_const"))


def aggregates(select: pb.SelectStmt) -> bool:
    """Whether a query makes one row of many without a GROUP BY."""
    return bool(select.HasField("having_clause")) or any(
        contains_aggregate(each) for each in select.target_list
    )


AGGREGATES: Final = frozenset({
    "count", "sum", "avg", "min", "max", "array_agg", "string_agg", "bool_and", "bool_or", "every",
    "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg", "bit_and", "bit_or", "bit_xor",
    "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp", "corr", "covar_pop",
    "covar_samp", "mode", "percentile_cont", "percentile_disc", "xmlagg", "range_agg",
    "regr_avgx", "regr_avgy", "regr_count", "regr_intercept", "regr_r2", "regr_slope", "regr_sxx",
    "regr_sxy", "regr_syy",
})  # fmt: skip


def contains_aggregate(message: Any) -> bool:  # noqa: ANN401  # reason: any message
    """Whether an aggregate stands in part of a tree, outside of queries within it."""
    if tree.is_node(message):
        if message.HasField("sub_link"):
            return False
        if message.HasField("func_call"):
            call = message.func_call
            if tree.function(call) in AGGREGATES and not call.HasField("over"):
                return True
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        parts = value if descriptor.is_repeated else (value,)
        if any(contains_aggregate(each) for each in parts):
            return True
    return False
