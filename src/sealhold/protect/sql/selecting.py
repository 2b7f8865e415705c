"""A query that the provider can do whole: what it gives, sorts and groups by are cells and terms.

- An output that is a protected column is its cell; the number of its row comes after all outputs.
  Within a statement it takes its companions along, so that the query around can compare it.
- Grouping by a protected column is grouping by its terms; its value is that of a row of the group.
- What cannot be done so raises NotPossibleError: then the outermost query is tried on opened rows.

Source: docs/spec/60-statements.md section 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from sealhold.protect.columns import Column
from sealhold.protect.spec import CELL, Op
from sealhold.protect.sql import tree
from sealhold.protect.sql.expressions import DERIVED, EXISTS, VALUE, Block, Expressions
from sealhold.protect.sql.fromclause import FromClause, Shown
from sealhold.protect.sql.names import companion, rid_of
from sealhold.protect.sql.naming import output_name
from sealhold.protect.sql.refusing import (
    CannotResolveError,
    NotPossibleError,
    WrongError,
    cannot,
)
from sealhold.protect.sql.scope import Field, Scope
from sealhold.protect.sql.tree import Node
from sealhold.protect.sql.work import Derived, Work

Changed: TypeAlias = pb.InsertStmt | pb.UpdateStmt | pb.DeleteStmt
_NO_SET: Final = (pb.SetOperation.SET_OPERATION_UNDEFINED, pb.SetOperation.SETOP_NONE)


@dataclass(slots=True)
class Item:
    """One output of a query."""

    name: str
    value: Node  # as the client wrote it; a reference where `*` stood
    field: Field | None = None  # the protected column that it is
    extreme: str = ""  # "min" or "max" of that column


@dataclass(slots=True)
class Laid:
    """What was laid out for the provider: its outputs, and where the client's stand in them."""

    targets: list[Node] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    rids: dict[int, int] = field(default_factory=dict)  # item: output with its row number


class Selecting:
    """Rewrites queries of one statement."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def nested(self, select: pb.SelectStmt, around: Scope, purpose: str) -> Block:
        """Return a query within the statement, rewritten for its purpose.

        Raises:
            PlanError: the provider cannot do it.
        """
        kept = self.work.ctes
        try:
            if select.op not in _NO_SET:
                return self._joined_sets(select, around, purpose)
            if select.values_lists:
                return self._values(select, around)
            return self._query(select, around, purpose)
        finally:
            self.work.ctes = kept

    def withs(self, clause: pb.WithClause, around: Scope) -> pb.WithClause:
        """Return the queries of a WITH, and make them known."""
        copy = pb.WithClause()
        copy.CopyFrom(clause)
        del copy.ctes[:]
        for each in clause.ctes:
            query = each.common_table_expr
            if not query.ctequery.HasField("select_stmt"):
                raise CannotResolveError("a change within WITH is not understood here")
            if clause.recursive and _names_itself(query):
                raise CannotResolveError("a recursive query beside protected tables")
            inner = self.nested(query.ctequery.select_stmt, around, DERIVED)
            made = Node(common_table_expr=query)
            made.common_table_expr.ctequery.CopyFrom(Node(select_stmt=inner.select))
            fields = inner.fields
            if query.aliascolnames and inner.is_known:
                names = tree.strings(query.aliascolnames)
                fields = tuple(
                    replace(one, name=names[at]) if at < len(names) else one
                    for at, one in enumerate(fields)
                )
                del made.common_table_expr.aliascolnames[:]
            copy.ctes.append(made)
            self.work.ctes = {**self.work.ctes, query.ctename: Derived(fields, inner.is_known)}
        return copy

    # one query

    def begun(
        self, select: pb.SelectStmt, around: Scope | None
    ) -> tuple[pb.SelectStmt, Scope, list[Shown]]:
        """Return a copy whose WITH and FROM are rewritten, the scope they make, what they show."""
        if select.HasField("into_clause"):
            raise CannotResolveError("SELECT INTO from protected tables: it would copy cells")
        made = pb.SelectStmt()
        made.CopyFrom(select)
        if select.HasField("with_clause"):
            made.with_clause.CopyFrom(self.withs(select.with_clause, around or Scope()))
        scope = Scope(parent=around)
        items, shown = FromClause(self.work, scope, self.nested).rewrite(select.from_clause)
        del made.from_clause[:]
        made.from_clause.extend(items)
        return made, scope, shown

    def _query(self, select: pb.SelectStmt, around: Scope, purpose: str) -> Block:
        made, scope, shown = self.begun(select, around)
        if purpose == EXISTS and _may_be_one(select):
            del made.target_list[:], made.sort_clause[:], made.distinct_clause[:]
            made.target_list.append(tree.target(tree.integer(1)))
            self.conditions(made, select, Expressions(self.work, scope, self.nested))
            return Block(made, ())
        laid = self.push(made, select, scope, shown)
        return self._block(made, laid, purpose)

    def push(
        self, made: pb.SelectStmt, select: pb.SelectStmt, scope: Scope, shown: Sequence[Shown]
    ) -> Laid:
        """Rewrite all of a query but its FROM, in place, for the provider to do whole."""
        expressions = Expressions(self.work, scope, self.nested)
        items = self.items(select, expressions, shown)
        grouping = Grouping(expressions, items)
        grouping.group(made, select)
        self.conditions(made, select, expressions)
        laid = grouping.lay_out(made)
        grouping.sort(made, select)
        return laid

    def conditions(
        self, made: pb.SelectStmt, select: pb.SelectStmt, expressions: Expressions
    ) -> None:
        """Rewrite what stands in WHERE, HAVING, LIMIT, OFFSET and windows."""
        if select.HasField("where_clause"):
            made.where_clause.CopyFrom(expressions.push(select.where_clause))
        if select.HasField("having_clause"):
            made.having_clause.CopyFrom(expressions.push(select.having_clause))
        if select.HasField("limit_count"):
            made.limit_count.CopyFrom(expressions.push(select.limit_count))
        if select.HasField("limit_offset"):
            made.limit_offset.CopyFrom(expressions.push(select.limit_offset))
        del made.window_clause[:]
        made.window_clause.extend(expressions.push(each) for each in select.window_clause)

    def items(
        self, select: pb.SelectStmt, expressions: Expressions, shown: Sequence[Shown]
    ) -> list[Item]:
        """Return the outputs of a query, each by itself."""
        found: list[Item] = []
        for each in select.target_list:
            one = each.res_target
            if one.val.HasField("column_ref") and one.val.column_ref.fields[-1].HasField("a_star"):
                found += _starred(one.val, expressions, shown)
                continue
            item = Item(one.name or output_name(one.val), one.val, expressions.protected(one.val))
            if one.val.HasField("func_call"):
                item.field, item.extreme = _extreme(one.val, expressions)
            found.append(item)
        return found

    def returning(self, made: Changed, change: Changed, scope: Scope) -> Laid | None:
        """Rewrite a RETURNING in place, and return what it gives; None if there is none."""
        if not change.HasField("returning_clause"):
            return None
        if change.returning_clause.options:
            raise CannotResolveError("RETURNING WITH is not understood here")
        select = pb.SelectStmt(target_list=change.returning_clause.exprs)
        expressions = Expressions(self.work, scope, self.nested)
        shown = [Shown(list(each.fields) if each.is_known else None) for each in scope.entries]
        items = self.items(select, expressions, shown)
        laid = Grouping(expressions, items).lay_out(select)
        del made.returning_clause.exprs[:]
        made.returning_clause.exprs.extend(select.target_list)
        return laid

    def _block(self, made: pb.SelectStmt, laid: Laid, purpose: str) -> Block:
        protected = [each for each in laid.items if each.field is not None]
        if purpose == VALUE and protected:
            raise cannot(_column(protected[0]), "use as a value of a query")
        if purpose not in {DERIVED, VALUE, EXISTS}:
            return self._term_block(made, laid, purpose)
        fields: list[Field] = []
        for at, item in enumerate(laid.items):
            fields.append(_derived(made, laid, at, item, grouped=_is_grouped(made)))
        return Block(made, tuple(fields), all(each.name != "*" for each in laid.items))

    @staticmethod
    def _term_block(made: pb.SelectStmt, laid: Laid, suffix: str) -> Block:
        """Make the one output of a query the term that it is compared by."""
        if len(laid.items) != 1 or laid.items[0].field is None or laid.items[0].extreme:
            raise NotPossibleError("a query of values in the clear beside a protected column")
        shown = laid.items[0].field
        if suffix not in shown.places:
            raise cannot(_column(laid.items[0]), Op.JOIN)
        del made.target_list[:]
        made.target_list.append(tree.target(shown.at(suffix)))
        return Block(made, (shown,))

    def _values(self, select: pb.SelectStmt, around: Scope) -> Block:
        expressions = Expressions(self.work, Scope(parent=around), self.nested)
        made = pb.SelectStmt()
        made.CopyFrom(select)
        del made.values_lists[:]
        made.values_lists.extend(expressions.push(each) for each in select.values_lists)
        width = len(select.values_lists[0].list.items)
        return Block(made, tuple(Field(f"column{at + 1}", "") for at in range(width)))

    def _joined_sets(self, select: pb.SelectStmt, around: Scope, purpose: str) -> Block:
        """UNION and its like: of clear outputs, or UNION ALL of the same protected columns."""
        made = pb.SelectStmt()
        made.CopyFrom(select)
        if select.HasField("with_clause"):
            made.with_clause.CopyFrom(self.withs(select.with_clause, around))
        one = self.nested(select.larg, around, purpose)
        two = self.nested(select.rarg, around, purpose)
        pairs = list(zip(one.fields, two.fields, strict=False))
        if any(left.column is not right.column for left, right in pairs):
            raise NotPossibleError("a set of columns that are protected under different keys")
        is_protected = any(each.column is not None for each in one.fields)
        if is_protected and not (select.all and select.op == pb.SetOperation.SETOP_UNION):
            raise NotPossibleError("UNION, INTERSECT or EXCEPT of protected columns", "UNION ALL")
        made.larg.CopyFrom(one.select)
        made.rarg.CopyFrom(two.select)
        expressions = Expressions(self.work, Scope(parent=around), self.nested)
        if select.HasField("limit_count"):
            made.limit_count.CopyFrom(expressions.push(select.limit_count))
        if select.HasField("limit_offset"):
            made.limit_offset.CopyFrom(expressions.push(select.limit_offset))
        for each in select.sort_clause:
            _check_set_order(each, one.fields)
        return Block(made, one.fields, one.is_known and two.is_known)


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
        self._is_grouping = bool(select.group_clause) or _aggregates(select)
        for each in select.group_clause:
            made.group_clause.extend(self._key(each))
        protected = [each for each in self.items if each.field is not None]
        if not select.distinct_clause:
            return
        if not protected:
            return
        if (
            self._is_grouping
            or select.window_clause
            or select.distinct_clause[0].WhichOneof("node")
        ):
            raise cannot(_column(protected[0]), Op.GROUP)
        del made.distinct_clause[:]
        self._is_grouping = True
        for item in self.items:
            made.group_clause.extend(self._key(item.value))

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
            if each not in {CELL, suffix} and _column_of(field).techniques[each].answers & {Op.SORT}
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
                self.expressions.work.opened[_column_of(item.field)] = None
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
            raise cannot(_column(item), Op.SORT)
        if field is not None:
            if node.sort_by.use_op:
                raise cannot(_column_of(field), Op.SORT)
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


def _starred(value: Node, expressions: Expressions, shown: Sequence[Shown]) -> list[Item]:
    names = tree.strings(value.column_ref.fields[:-1])
    if names:
        entry = expressions.scope.entry(names[-1], names[-2] if len(names) > 1 else "")
        if entry is None:
            raise WrongError("42P01", f'missing FROM-clause entry for table "{names[-1]}"')
        fields = list(entry.fields) if entry.is_known else None
    elif any(each.fields is None for each in shown):
        fields = None
    else:
        fields = [field for each in shown for field in each.fields or ()]
    if fields is None:
        if expressions.scope.is_protected:
            raise CannotResolveError("* over a table whose columns are not known: name the columns")
        return [Item("*", value)]
    return [
        Item(each.name, tree.column(each.alias, each.name), each if each.column else None)
        for each in fields
    ]


def _extreme(value: Node, expressions: Expressions) -> tuple[Field | None, str]:
    call = value.func_call
    name = tree.function(call)
    if name not in {"min", "max"} or len(call.args) != 1:
        return None, ""
    field = expressions.protected(call.args[0])
    if field is None or call.HasField("agg_filter") or call.HasField("over"):
        return None, ""
    expressions.suffix(field, Op.EXTREME)
    return field, name


def _derived(made: pb.SelectStmt, laid: Laid, at: int, item: Item, *, grouped: bool) -> Field:
    """Return what a derived table shows for an output, whose companions are added to it."""
    if item.field is None:
        return Field(item.name, "", places={CELL: item.name})
    places = {CELL: item.name}
    if not item.extreme and not grouped:
        for suffix in item.field.places:
            if suffix != CELL:
                places[suffix] = companion(item.name, suffix)
                made.target_list.append(tree.target(item.field.at(suffix), places[suffix]))
    rid = None
    if at in laid.rids:
        rid = rid_of(item.name)
        number = made.target_list[laid.rids[at]].res_target
        if number.name and number.name != rid:
            made.target_list.append(tree.target(number.val, rid))
        else:
            number.name = rid
    return Field(item.name, "", item.field.column, places, rid)


def _is_grouped(made: pb.SelectStmt) -> bool:
    return bool(made.group_clause)


def _column(item: Item) -> Column:
    return _column_of(item.field)


def _column_of(field: Field | None) -> Column:
    if field is None or field.column is None:
        raise NotPossibleError("no protected column")
    return field.column


def _is_constant(value: Node) -> bool:
    return bool(value.HasField("a_const"))


def _aggregates(select: pb.SelectStmt) -> bool:
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


def contains_aggregate(message: Message) -> bool:
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


def _may_be_one(select: pb.SelectStmt) -> bool:
    return not (
        select.group_clause
        or select.HasField("having_clause")
        or select.HasField("limit_count")
        or select.HasField("limit_offset")
        or _aggregates(select)
    )


def _names_itself(query: pb.CommonTableExpr) -> bool:
    return any(
        isinstance(each, pb.RangeVar) and each.relname == query.ctename
        for each in tree.messages(query.ctequery)
    )


def _check_set_order(node: Node, fields: Sequence[Field]) -> None:
    by = node.sort_by.node
    name = by.column_ref.fields[0].string.sval if by.HasField("column_ref") else ""
    at = by.a_const.ival.ival - 1 if by.HasField("a_const") else -1
    for index, each in enumerate(fields):
        if each.column is not None and (index == at or each.name == name):
            raise cannot(each.column, Op.SORT)
