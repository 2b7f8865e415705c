"""The FROM of a query: tables, queries, joins, and what each shows.

- USING and NATURAL over a protected column become a comparison of terms; the column they merge is
  the one of the side that always has it.
- A FULL join that merges a protected column is not possible: neither side always has it.

Source: docs/spec/60-statements.md section 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.spec import Op
from sealhold.protect.sql import tree
from sealhold.protect.sql.expressions import DERIVED, Expressions, Nested
from sealhold.protect.sql.functions import refuse_function
from sealhold.protect.sql.refusing import (
    CannotResolveError,
    NotListedError,
    NotPossibleError,
    WrongError,
    masked,
)
from sealhold.protect.sql.scope import Entry, Field, Scope, entry_of, is_of_system
from sealhold.protect.sql.tree import Node
from sealhold.protect.sql.wholerows import admit, mark, note_join
from sealhold.protect.sql.work import Work, rebuilt

JOIN: Final = pb.JoinType


@dataclass(slots=True)
class Shown:
    """What one item of a FROM shows to `*`, in order; None where it is not known."""

    fields: list[Field] | None


class FromClause:
    """Rewrites the items of one FROM into `scope`."""

    def __init__(
        self, work: Work, scope: Scope, nested: Nested, spared: list[Node] | None = None
    ) -> None:
        """Take `spared` to put what the provider cannot do of the conditions of inner joins in."""
        self.work = work
        self.scope = scope
        self._spared = spared
        self._nested = nested
        self.expressions = Expressions(work, scope, nested)

    def rewrite(self, items: Sequence[Node]) -> tuple[list[Node], list[Shown]]:
        """Return the items for the provider, and what each shows."""
        made = [self._item(each) for each in items]
        return [node for node, _ in made], [shown for _, shown in made]

    def _item(self, node: Node) -> tuple[Node, Shown]:
        match node.WhichOneof("node"):
            case "range_var":
                return self._table(node)
            case "range_subselect":
                return self._query(node)
            case "join_expr":
                return self._join(node)
            case "range_function":
                return self._function(node)
            case other:
                raise CannotResolveError(f"{other} in a FROM is not understood here")

    def _add(self, entry: Entry) -> None:
        if any(each.alias == entry.alias for each in self.scope.entries):
            raise WrongError("42712", f'table name "{entry.alias}" specified more than once')
        self.scope.entries.append(entry)

    def _table(self, node: Node) -> tuple[Node, Shown]:
        table = node.range_var
        alias = table.alias.aliasname or table.relname
        renamed = tree.strings(table.alias.colnames)
        derived = None if table.schemaname else self.work.ctes.get(table.relname)
        copy = Node()
        copy.CopyFrom(node)
        if derived is not None:
            fields = tuple(
                _under(each, alias, at, renamed) for at, each in enumerate(derived.fields)
            )
            entry = Entry(alias, fields, is_known=derived.is_known)
        else:
            entry = self._relation(table, alias, renamed)
        if entry.is_known and renamed:
            del copy.range_var.alias.colnames[:]
        self._add(entry)
        return copy, Shown(list(entry.fields) if entry.is_known else None)

    def _relation(self, table: pb.RangeVar, alias: str, renamed: tuple[str, ...]) -> Entry:
        found = self.work.names.find(table.schemaname, table.relname)
        if found is None:
            if is_of_system(table.schemaname, table.relname):
                return Entry(alias, (), is_known=False)
            name = ".".join(filter(None, (table.schemaname, table.relname)))
            raise WrongError("42P01", f'relation "{name}" does not exist')
        is_view = found.kind in {"v", "m"}  # which follow what they show
        if not is_view and not self.work.names.is_listed(found.schema, found.name):
            raise NotListedError(found.schema, found.name)
        admit(self.work, found, alias, is_top=self.scope.parent is None)
        self.work.tables[f"{found.schema}.{found.name}"] = None
        return entry_of(found, alias, renamed)

    def _query(self, node: Node) -> tuple[Node, Shown]:
        query = node.range_subselect
        alias = query.alias.aliasname
        around = self.scope if query.lateral else self.scope.parent or Scope()
        inner = self._nested(query.subquery.select_stmt, around, DERIVED)
        renamed = tree.strings(query.alias.colnames)
        copy = Node()
        copy.CopyFrom(node)
        copy.range_subselect.subquery.CopyFrom(Node(select_stmt=inner.select))
        fields = tuple(_under(each, alias, at, renamed) for at, each in enumerate(inner.fields))
        if inner.is_known and renamed:
            del copy.range_subselect.alias.colnames[:]
        self._add(Entry(alias, fields, is_known=inner.is_known))
        return copy, Shown(list(fields) if inner.is_known else None)

    def _function(self, node: Node) -> tuple[Node, Shown]:
        function = node.range_function
        for each in function.functions:
            for part in each.list.items:
                if part.HasField("func_call"):
                    refuse_function(part.func_call)
        copy = Node(range_function=rebuilt(function, self._part))
        alias = function.alias.aliasname or _function_name(function)
        self._add(Entry(alias, (), is_known=False))
        return copy, Shown(None)

    def _part(self, node: Node) -> Node:
        if node.HasField("list"):
            return Node(list=pb.List(items=[self._part(each) for each in node.list.items]))
        if node.WhichOneof("node") in {None, "column_def"}:
            return node
        return self.expressions.push(node)

    def _join(self, node: Node) -> tuple[Node, Shown]:
        join = node.join_expr
        if join.HasField("alias") or join.HasField("join_using_alias"):
            raise CannotResolveError("a join with a name of its own is not understood here")
        spared, before = self._spared, mark(self.work)
        if join.jointype != JOIN.JOIN_INNER:
            self._spared = None  # a row that an outer join keeps is not for a condition to drop
        left, left_shown = self._item(join.larg)
        between = mark(self.work)
        right, right_shown = self._item(join.rarg)
        copy = Node()
        copy.CopyFrom(node)
        copy.join_expr.larg.CopyFrom(left)
        copy.join_expr.rarg.CopyFrom(right)
        if join.HasField("quals"):
            copy.join_expr.quals.CopyFrom(self._condition(join.quals))
        self._spared = spared
        names = self._merging(join, left_shown, right_shown)
        shown = (left_shown.fields, right_shown.fields)
        note_join(self.work, join, names, shown, (before, between))
        if not names:
            return copy, _joined(left_shown, right_shown)
        return self._merge(copy, names, left_shown, right_shown)

    def _condition(self, quals: Node) -> Node:
        """Return the condition of a join; what the provider cannot do of it is spared if it may."""
        if self._spared is None:
            return self.expressions.push(quals)
        pushed: list[Node] = []
        for each in tree.conjuncts(quals):
            try:
                pushed.append(self.expressions.push(each))
            except NotPossibleError:
                self._spared.append(each)
        return tree.both(pushed) if pushed else tree.true()

    @staticmethod
    def _merging(join: pb.JoinExpr, left: Shown, right: Shown) -> tuple[str, ...]:
        if not join.is_natural:
            return tree.strings(join.using_clause)
        if left.fields is None or right.fields is None:
            raise CannotResolveError("NATURAL with a table whose columns are not known")
        there = {each.name for each in right.fields}
        return tuple(each.name for each in left.fields if each.name in there)

    def _merge(
        self, copy: Node, names: Sequence[str], left: Shown, right: Shown
    ) -> tuple[Node, Shown]:
        """Make a condition of the names that a join merges."""
        if left.fields is None or right.fields is None:
            raise CannotResolveError("USING with a table whose columns are not known")
        join = copy.join_expr
        merged: list[Field] = []
        conditions: list[Node] = []
        for name in names:
            one, two = _single(left.fields, name), _single(right.fields, name)
            conditions.append(self._equal(one, two))
            if join.jointype == JOIN.JOIN_FULL:
                raise NotPossibleError(f'a FULL join that merges "{name}": write it with ON')
            merged.append(two if join.jointype == JOIN.JOIN_RIGHT else one)
        del join.using_clause[:]
        join.is_natural = False
        join.quals.CopyFrom(tree.both(conditions))
        self.scope.merged.update({each.name: each for each in merged})
        rest = [each for each in (*left.fields, *right.fields) if each.name not in names]
        return copy, Shown([*merged, *rest])

    def _equal(self, one: Field, two: Field) -> Node:
        for each in (one.column, two.column):
            if each is not None and each.mask is not None:
                raise masked(each, "a join")
        if one.column is None and two.column is None:
            return tree.compare("=", one.at(), two.at())
        if one.column is None or two.column is None:
            raise NotPossibleError(f'"{one.name}" is protected on one side of a join alone')
        if one.column is not two.column and not one.column.same_key(Op.JOIN, two.column):
            raise NotPossibleError(
                f'"{one.name}" is protected under different keys on both sides of a join',
                "give both the same `domain`",
            )
        answers = self.expressions.suffix
        return tree.compare("=", one.at(answers(one, Op.JOIN)), two.at(answers(two, Op.JOIN)))


def _joined(left: Shown, right: Shown) -> Shown:
    if left.fields is None or right.fields is None:
        return Shown(None)
    return Shown([*left.fields, *right.fields])


def _single(fields: Sequence[Field], name: str) -> Field:
    found = [each for each in fields if each.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise WrongError("42702", f'common column name "{name}" appears more than once')
    raise WrongError("42703", f'column "{name}" specified in USING clause does not exist')


def _function_name(function: pb.RangeFunction) -> str:
    for each in function.functions:
        for part in each.list.items:
            if part.HasField("func_call"):
                return tree.strings(part.func_call.funcname)[-1]
    return ""


def _under(field: Field, alias: str, at: int, renamed: tuple[str, ...]) -> Field:
    """Return a field of a derived table under that table's alias, and its new name if any."""
    name = renamed[at] if at < len(renamed) else field.name
    return Field(name, alias, field.column, field.places, field.rid, field.type)
