"""A query that the provider can do whole: what it gives, sorts and groups by are cells and terms.

- An output that is a protected column is its cell; the number of its row comes after all outputs.
  Within a statement it takes its companions along, so that the query around can compare it.
- Grouping by a protected column is grouping by its terms; its value is that of a row of the group.
- What cannot be done so raises NotPossibleError: then the outermost query is tried on opened rows.

Source: docs/spec/60-statements.md section 5.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from postgast import pg_query_pb2 as pb

from sealhold.protect.pgtypes.types import PgType
from sealhold.protect.spec import CELL, Op
from sealhold.protect.sql import tree
from sealhold.protect.sql.expressions import DERIVED, EXISTS, VALUE, Block, Expressions
from sealhold.protect.sql.fromclause import FromClause, Shown
from sealhold.protect.sql.grouping import Grouping, Item, Laid, aggregates, column_of
from sealhold.protect.sql.names import companion, rid_of
from sealhold.protect.sql.naming import output_name
from sealhold.protect.sql.refusing import (
    CannotResolveError,
    NotPossibleError,
    PlanError,
    WrongError,
    cannot,
    masked,
)
from sealhold.protect.sql.scope import Field, Scope
from sealhold.protect.sql.tree import Node
from sealhold.protect.sql.work import Derived, Work

Changed: TypeAlias = pb.InsertStmt | pb.UpdateStmt | pb.DeleteStmt
_NO_SET: Final = (pb.SetOperation.SET_OPERATION_UNDEFINED, pb.SetOperation.SETOP_NONE)


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
        self, select: pb.SelectStmt, around: Scope | None, spared: list[Node] | None = None
    ) -> tuple[pb.SelectStmt, Scope, list[Shown]]:
        """Return a copy whose WITH and FROM are rewritten, the scope they make, what they show."""
        if select.HasField("into_clause"):
            raise CannotResolveError("SELECT INTO from protected tables: it would copy cells")
        made = pb.SelectStmt()
        made.CopyFrom(select)
        if select.HasField("with_clause"):
            made.with_clause.CopyFrom(self.withs(select.with_clause, around or Scope()))
        scope = Scope(parent=around)
        items, shown = FromClause(self.work, scope, self.nested, spared).rewrite(select.from_clause)
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
            made.where_clause.CopyFrom(expressions.condition(select.where_clause))
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
            item.type = _type_of(one.val, expressions)
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
            raise cannot(column_of(protected[0].field), "use as a value of a query")
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
            raise cannot(column_of(laid.items[0].field), Op.JOIN)
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
        return Block(
            made,
            tuple(Field(name := f"column{at + 1}", "", places={CELL: name}) for at in range(width)),
        )

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
        is_all = select.all and select.op == pb.SetOperation.SETOP_UNION
        for each in (*one.fields, *two.fields):
            if each.column is not None and each.column.mask is not None and not is_all:
                raise masked(each.column, "UNION, INTERSECT or EXCEPT")
        if is_protected and not is_all:
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
        fields = tuple(  # which type both sides are brought to is the provider's to say
            each if each.column is not None else replace(each, type=None) for each in one.fields
        )
        return Block(made, fields, one.is_known and two.is_known)


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
        Item(
            each.name,
            tree.column(each.alias, each.name),
            each if each.column else None,
            type=each.type,
        )
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
    technique = column_of(field).answering(Op.EXTREME)
    if technique is None or technique.suffix not in field.places:
        return None, ""  # an expression like any other: on opened rows it can be done
    return field, name


def _derived(made: pb.SelectStmt, laid: Laid, at: int, item: Item, *, grouped: bool) -> Field:
    """Return what a derived table shows for an output, whose companions are added to it."""
    if item.field is None:
        return Field(item.name, "", places={CELL: item.name}, type=item.type)
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
    type_ = None if item.extreme else item.field.type
    return Field(item.name, "", item.field.column, places, rid, type_)


def _type_of(value: Node, expressions: Expressions) -> PgType | None:
    """Return the type of a column that stands by itself; None if that is not certain."""
    if not value.HasField("column_ref"):
        return None
    try:
        found = expressions.scope.resolve(tree.strings(value.column_ref.fields))
    except PlanError:
        return None  # whoever writes it out says so
    return None if found is None else found.type


def _is_grouped(made: pb.SelectStmt) -> bool:
    return bool(made.group_clause)


def _may_be_one(select: pb.SelectStmt) -> bool:
    return not (
        select.group_clause
        or select.HasField("having_clause")
        or select.HasField("limit_count")
        or select.HasField("limit_offset")
        or aggregates(select)
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
