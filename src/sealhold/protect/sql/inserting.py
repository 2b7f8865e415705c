"""INSERT into a protected table: each new row gets a number, each protected value its forms.

- Values are constants and parameters. The default of a protected column is a cell that the comment
  on the column holds.
- ON CONFLICT may name a protected column that has a unique term. DO UPDATE may set protected
  columns of a table whose cells are bound to rows only if it sets all of them: the row takes the
  new number.

Source: docs/spec/60-statements.md section 8.
"""

from collections.abc import Sequence
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.columns import Column
from sealhold.protect.masking import is_masked_clear
from sealhold.protect.policy import Bind
from sealhold.protect.spec import CELL, Op
from sealhold.protect.sql import tree
from sealhold.protect.sql.beside_ddl import check_conflict
from sealhold.protect.sql.besides import columns_beside
from sealhold.protect.sql.defaults import default_of
from sealhold.protect.sql.expressions import Expressions
from sealhold.protect.sql.grouping import Laid
from sealhold.protect.sql.literals import Value
from sealhold.protect.sql.names import RID, Relation
from sealhold.protect.sql.plan import Hidden, Row
from sealhold.protect.sql.refusing import NotPossibleError, WrongError, cannot
from sealhold.protect.sql.scope import Scope, entry_of
from sealhold.protect.sql.selecting import Selecting
from sealhold.protect.sql.tree import Node
from sealhold.protect.sql.work import Work

BIGINT: Final = 20
_DEFAULT: Final = Node(set_to_default=pb.SetToDefault())
_UPDATE: Final = pb.OnConflictAction.ONCONFLICT_UPDATE


class Inserting:
    """Rewrites one INSERT."""

    def __init__(self, work: Work, selecting: Selecting, relation: Relation) -> None:
        self.work = work
        self.selecting = selecting
        self.relation = relation
        self.new_rows = 0
        self._given = 0  # columns that values are given for; others have a default

    def rewrite(self, insert: pb.InsertStmt) -> tuple[pb.InsertStmt, Laid | None]:
        """Return the INSERT for the provider, and what its RETURNING gives."""
        made = pb.InsertStmt()
        made.CopyFrom(insert)
        if insert.HasField("with_clause"):
            made.with_clause.CopyFrom(self.selecting.withs(insert.with_clause, Scope()))
        columns = self._columns(insert)
        self._write_columns(made, columns)
        self._write_values(made, insert, columns)
        alias = insert.relation.alias.aliasname or insert.relation.relname
        scope = Scope([entry_of(self.relation, alias)])
        if insert.HasField("on_conflict_clause"):
            self._conflict(made, insert.on_conflict_clause, scope)
        laid = self.selecting.returning(made, insert, scope)
        return made, laid

    def _columns(self, insert: pb.InsertStmt) -> list[tuple[str, Column | None]]:
        names = [each.res_target.name for each in insert.cols]
        if any(each.res_target.indirection for each in insert.cols):
            raise NotPossibleError("part of a column in the list of an INSERT")
        if not names and insert.HasField("select_stmt"):
            names = [each.name for each in self.relation.attributes]
            if insert.select_stmt.select_stmt.values_lists:
                width = max(
                    len(each.list.items) for each in insert.select_stmt.select_stmt.values_lists
                )
                if width > len(names):
                    raise WrongError("42601", "INSERT has more expressions than target columns")
                names = names[:width]
        found: list[tuple[str, Column | None]] = []
        for name in names:
            attribute = self.relation.named(name)
            if attribute is None:
                raise WrongError(
                    "42703", f'column "{name}" of relation "{self.relation.name}" does not exist'
                )
            if name in {each for each, _ in found}:
                raise WrongError("42701", f'column "{name}" specified more than once')
            found.append((name, attribute.column))
        self._given = len(found)
        found += [
            (each.name, each.column)
            for each in self.relation.attributes
            if each.default is not None and each.name not in names
        ]
        return found

    def _write_columns(
        self, made: pb.InsertStmt, columns: Sequence[tuple[str, Column | None]]
    ) -> None:
        del made.cols[:]
        for name, column in columns:
            suffixes = (CELL,) if column is None else tuple(column.techniques)
            for suffix in suffixes:
                place = self.relation.place(name, suffix)
                made.cols.append(Node(res_target=pb.ResTarget(name=place)))
        made.cols.append(Node(res_target=pb.ResTarget(name=RID)))

    def _write_values(
        self,
        made: pb.InsertStmt,
        insert: pb.InsertStmt,
        columns: Sequence[tuple[str, Column | None]],
    ) -> None:
        select = insert.select_stmt.select_stmt
        if not insert.HasField("select_stmt"):
            made.select_stmt.select_stmt.values_lists.append(self._row(columns, ()))
            return
        if not select.values_lists:
            written = [column for _, column in columns if column is not None]
            if written:
                raise cannot(written[0], "INSERT ... SELECT into", is_stored=True)
            raise NotPossibleError(
                "INSERT ... SELECT into a protected table", "insert values, or use COPY"
            )
        rows = made.select_stmt.select_stmt.values_lists
        del rows[:]
        for each in select.values_lists:
            items = each.list.items
            if len(items) != self._given:
                more = (
                    "expressions than target columns"
                    if len(items) > self._given
                    else "target columns than expressions"
                )
                raise WrongError("42601", f"INSERT has more {more}")
            rows.append(self._row(columns, items))

    def _row(self, columns: Sequence[tuple[str, Column | None]], items: Sequence[Node]) -> Node:
        expressions = Expressions(self.work, Scope(), self.selecting.nested)
        row = self.new_rows
        self.new_rows += 1
        values: list[Node] = []
        for at, (name, column) in enumerate(columns):
            item = items[at] if at < len(items) else _DEFAULT
            if column is None:
                values.append(item if item.HasField("set_to_default") else expressions.push(item))
                continue
            self.work.written[column] = None
            values.extend(
                self._default(name, column, suffix, row)
                if item.HasField("set_to_default")
                else expressions.hide(column, suffix, "store", item, row)
                for suffix in column.techniques
            )
        values.append(self.work.parameters.other(BIGINT, Row(row)))
        return tree.listed(values)

    def _default(self, name: str, column: Column, suffix: str, row: int) -> Node:
        """Return what a protected column holds where no value is given."""
        attribute = self.relation.named(name)
        if is_masked_clear(column):
            return _DEFAULT
        if attribute is None or attribute.default is None:
            return tree.null()
        constant = Value(column.type, default_of(attribute))
        hidden = Hidden(column, suffix, None, column.type, constant, row=row)
        return self.work.parameters.hidden(hidden)

    # conflicts

    def _conflict(self, made: pb.InsertStmt, clause: pb.OnConflictClause, scope: Scope) -> None:
        expressions = Expressions(self.work, scope, self.selecting.nested)
        conflict = made.on_conflict_clause
        if clause.HasField("infer"):
            del conflict.infer.index_elems[:]
            for each in clause.infer.index_elems:
                conflict.infer.index_elems.append(self._arbiter(each))
            if clause.infer.HasField("where_clause"):
                conflict.infer.where_clause.CopyFrom(expressions.push(clause.infer.where_clause))
        if clause.action != _UPDATE:
            return
        new = entry_of(self.relation, "excluded")
        inner = Scope([*scope.entries, new])
        expressions = Expressions(self.work, inner, self.selecting.nested)
        del conflict.target_list[:]
        conflict.target_list.extend(self._set(clause, expressions))
        if clause.HasField("where_clause"):
            conflict.where_clause.CopyFrom(expressions.push(clause.where_clause))

    def _arbiter(self, node: Node) -> Node:
        attribute = self.relation.named(node.index_elem.name)
        if attribute is None:
            return node
        suffix = CELL
        if attribute.column is not None:
            technique = attribute.column.answering(Op.GROUP)
            if technique is None:
                raise cannot(attribute.column, Op.GROUP)
            suffix = technique.suffix
        copy = Node()
        copy.CopyFrom(node)
        copy.index_elem.name = attribute.at(suffix)
        return copy

    def _set(self, clause: pb.OnConflictClause, expressions: Expressions) -> list[Node]:
        """Return the assignments of DO UPDATE."""
        targets: list[Node] = []
        written: set[Column] = set()
        from_new = True
        for each in clause.target_list:
            one = each.res_target
            attribute = self.relation.named(one.name)
            column = attribute.column if attribute is not None else None
            if column is None:
                place = self.relation.place(one.name)
                targets.append(
                    Node(res_target=pb.ResTarget(name=place, val=expressions.push(one.val)))
                )
                continue
            written.add(column)
            self.work.written[column] = None
            field = expressions.protected(one.val)
            if field is not None and field.alias == "excluded" and field.column is column:
                targets.extend(
                    self._assigned(column, suffix, field.at(suffix)) for suffix in column.techniques
                )
                continue
            from_new = False
            targets.extend(
                self._assigned(
                    column, suffix, expressions.hide(column, suffix, "store", one.val, 0)
                )
                for suffix in column.techniques
            )
        targets.extend(unmarked(self.relation, clause.target_list))
        bound = {
            each.column
            for each in self.relation.attributes
            if each.column is not None and each.column.bind is Bind.ROW
        }
        numbered = bound | {*columns_beside(self.relation)}  # of which a change takes a new number
        check_conflict(self.relation, clause.target_list, changes_row=bool(written & numbered))
        has_all = written & bound == bound and (self.new_rows == 1 or from_new)
        if written & bound and not has_all:
            missing = next(iter(bound - written), next(iter(bound)))
            raise cannot(
                missing,
                "keeping its cell while others of its row are set by ON CONFLICT in",
                is_stored=True,
            )
        if written & numbered:
            row = tree.column("excluded", RID)
            targets.append(Node(res_target=pb.ResTarget(name=RID, val=row)))
        return targets

    def _assigned(self, column: Column, suffix: str, value: Node) -> Node:
        return Node(
            res_target=pb.ResTarget(name=self.relation.place(column.name, suffix), val=value)
        )


def unmarked(relation: Relation, targets: Sequence[Node]) -> list[Node]:
    """Return the assignment that has the row of a table that is migrated done once more."""
    if any(relation.is_moving(each.res_target.name) for each in targets):
        return [Node(res_target=pb.ResTarget(name=relation.mark, val=tree.null()))]
    return []
