"""DDL of protected tables: columns become cells and companions, keys become terms.

- The type of a column must be the policy's; a column that the policy does not list is refused
  unless its `default` is clear.
- A uniqueness, a primary key and a foreign key stand on terms. A constant default is kept as
  a cell; what the server would have to compute from a value (CHECK, GENERATED) is not possible.
- A view shows the companions of what it shows, under names that the proxy reads again.

Source: docs/spec/60-statements.md section 10.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.columns import Column
from sealhold.protect.guards import guard_among
from sealhold.protect.pgtypes.codec import Settings
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.types import spelled
from sealhold.protect.spec import CELL, Op
from sealhold.protect.sql import tree
from sealhold.protect.sql.expressions import BY_SETTINGS, DERIVED
from sealhold.protect.sql.guardeddefinitions import check_actions, check_defined, guarding_columns
from sealhold.protect.sql.hiding import hidden_value
from sealhold.protect.sql.literals import is_null, literal_of, type_of
from sealhold.protect.sql.names import DEFAULT, RID
from sealhold.protect.sql.plan import Hidden, Refused
from sealhold.protect.sql.refusing import (
    CannotResolveError,
    NotPossibleError,
    PlanError,
    WrongError,
    cannot,
)
from sealhold.protect.sql.rules import Tables
from sealhold.protect.sql.scope import Scope
from sealhold.protect.sql.selecting import Selecting
from sealhold.protect.sql.touched import new_schema
from sealhold.protect.sql.tree import Node
from sealhold.protect.sql.work import Work

KIND: Final = pb.ConstrType
KEYS: Final = (KIND.CONSTR_PRIMARY, KIND.CONSTR_UNIQUE)
HARMLESS: Final = (
    KIND.CONSTR_NULL, KIND.CONSTR_NOTNULL, KIND.CONSTR_ATTR_DEFERRABLE,
    KIND.CONSTR_ATTR_NOT_DEFERRABLE, KIND.CONSTR_ATTR_DEFERRED, KIND.CONSTR_ATTR_IMMEDIATE,
)  # fmt: skip
INDEX_OF_ORDER: Final = "_o"  # what a second index of one column is named after


class Defining:
    """Rewrites one statement that defines something."""

    def __init__(
        self, work: Work, selecting: Selecting, tables: Tables, *, lists_all: bool
    ) -> None:
        self.work = work
        self.selecting = selecting
        self._tables = tables
        self._defaults: dict[str, bytes] = {}
        self._lists_all = lists_all  # a column that is not in the policy is refused

    def columns_of(self, table: pb.RangeVar) -> Mapping[str, Column]:
        """Return the protected columns that a table has, or will have."""
        found = self.work.names.find(table.schemaname, table.relname)
        schema = table.schemaname or (
            found.schema if found is not None else new_schema(self.work.names)
        )
        return self._tables.get((schema, table.relname), {})

    # tables

    def table(self, create: pb.CreateStmt, listed: Sequence[str]) -> list[str]:
        """Return the statements that make a protected table. `listed` are the policy's columns."""
        columns = self.columns_of(create.relation)
        if create.inh_relations or create.HasField("partspec") or create.HasField("of_typename"):
            raise NotPossibleError("a protected table that inherits, is parted or of a type")
        made = pb.CreateStmt()
        made.CopyFrom(create)
        del made.table_elts[:]
        later: list[Node] = []
        there: set[str] = set()
        for each in create.table_elts:
            if each.HasField("column_def"):
                there.add(each.column_def.colname)
                made.table_elts.extend(self._column(each.column_def, columns, later, listed))
            elif each.HasField("constraint"):
                made.table_elts.append(self._constraint(each, columns, create.relation))
            else:
                raise CannotResolveError("LIKE in a protected table: write its columns")
        absent = [name for name in columns if name not in there]
        if absent:
            raise PlanError(
                Refused("SH007", f'the policy has a column "{absent[0]}" that is not there')
            )
        made.table_elts.extend(later)
        made.table_elts.append(_rid_column())
        guard = guard_among(columns)
        if guard is not None:
            check_defined(guard, create)
            made.table_elts.extend(guarding_columns())
        defaults = [
            _default_of(create.relation, name, cell) for name, cell in self._defaults.items()
        ]
        return [tree.deparsed(Node(create_stmt=made)), *defaults]

    def _default(self, column: Column, value: Node) -> None:
        """Note the cell of a default, which is bound to no row."""
        if is_null(value):
            return
        literal = literal_of(value, column.type, self.work.parameters, "store")
        if literal is None or column.type.name in BY_SETTINGS:
            raise cannot(column, "a DEFAULT that is no constant, or hangs on a setting,")
        try:
            cell = hidden_value(
                Hidden(column, CELL, None, literal.type, literal), (), Settings(), 0
            )
        except PgValueError as err:
            raise WrongError(err.sqlstate, err.message) from err
        if cell is not None:
            self._defaults[column.name] = cell

    def _column(
        self, definition: pb.ColumnDef, columns: Mapping[str, Column], later: list[Node],
        listed: Sequence[str],
    ) -> list[Node]:  # fmt: skip
        column = columns.get(definition.colname)
        if column is None:
            if self._lists_all and definition.colname not in listed:
                raise PlanError(
                    Refused(
                        "SH007",
                        f'column "{definition.colname}" is not in the policy',
                        'list it, protect = ["clear"] if the provider may read it',
                    )
                )
            self._check_clear(definition, columns)
            return [Node(column_def=definition)]
        given = type_of(definition.type_name)
        if given is None or spelled(given) != spelled(column.type):
            raise PlanError(
                Refused("SH007", f'column "{column.name}" is {column.policy.type} in the policy')
            )
        if definition.HasField("coll_clause"):
            raise cannot(column, "a collation")
        cell_constraints = self._constraints(definition, column, later)
        made = []
        for suffix, technique in column.techniques.items():
            made.append(Node(column_def=pb.ColumnDef(
                colname=column.physical(suffix),
                type_name=tree.spelled_type(technique.sql_type),
                is_local=True,
                constraints=cell_constraints if suffix == CELL else [],
            )))  # fmt: skip
        return made

    def _constraints(
        self, definition: pb.ColumnDef, column: Column, later: list[Node]
    ) -> list[Node]:
        """Return the constraints that stay with a cell; put those of the table into `later`."""
        kept: list[Node] = []
        for each in definition.constraints:
            kind = each.constraint.contype
            if kind in HARMLESS:
                kept.append(each)
            elif kind in KEYS or kind == KIND.CONSTR_FOREIGN:
                if kind == KIND.CONSTR_PRIMARY:
                    kept.append(_not_null())
                later.append(self._own_constraint(each, column))
            elif kind == KIND.CONSTR_DEFAULT:
                self._default(column, each.constraint.raw_expr)
            else:
                raise cannot(column, "a CHECK or GENERATED")
        return kept

    def _check_clear(self, definition: pb.ColumnDef, columns: Mapping[str, Column]) -> None:
        for each in definition.constraints:
            if each.constraint.HasField("raw_expr"):
                self._check_expression(each.constraint.raw_expr, columns)

    def _check_expression(self, value: Node, columns: Mapping[str, Column]) -> None:
        """Refuse an expression of a constraint that reads a protected column."""
        for name in tree.column_names(value):
            if name in columns:
                raise cannot(columns[name], "a CHECK, DEFAULT or GENERATED over")

    def _own_constraint(self, node: Node, column: Column) -> Node:
        """Return the constraint of a table for what was one of a column."""
        copy = Node()
        copy.CopyFrom(node)
        constraint = copy.constraint
        term = tree.string(self._term(column))
        if constraint.contype in KEYS:
            constraint.keys.append(term)
        else:
            constraint.fk_attrs.append(term)
            self._referenced(constraint, [column])
        return copy

    @staticmethod
    def _term(column: Column) -> str:
        technique = column.answering(Op.GROUP)
        if technique is None or column.policy.bits:
            raise cannot(column, Op.GROUP)
        return column.physical(technique.suffix)

    def _referenced(self, constraint: pb.Constraint, columns: Sequence[Column | None]) -> None:
        """Make what a foreign key refers to terms, of the same keys."""
        others = self.columns_of(constraint.pktable)
        names = tree.strings(constraint.pk_attrs)
        if not names and any(columns):
            raise NotPossibleError(
                "a foreign key on a protected column that does not name what it refers to"
            )
        del constraint.pk_attrs[:]
        for name, column in zip(names, columns, strict=False):
            other = others.get(name)
            if (other is None) != (column is None):
                raise NotPossibleError(f'a foreign key to "{name}", protected on one side alone')
            if other is None or column is None:
                constraint.pk_attrs.append(tree.string(name))
                continue
            if other is not column and not column.same_key(Op.JOIN, other):
                raise cannot(column, Op.JOIN)
            constraint.pk_attrs.append(tree.string(self._term(other)))

    def _constraint(self, node: Node, columns: Mapping[str, Column], table: pb.RangeVar) -> Node:
        copy = Node()
        copy.CopyFrom(node)
        constraint = copy.constraint
        if constraint.contype in KEYS:
            names = tree.strings(constraint.keys)
            del constraint.keys[:]
            constraint.keys.extend(tree.string(self._key(columns, name)) for name in names)
        elif constraint.contype == KIND.CONSTR_FOREIGN:
            names = tree.strings(constraint.fk_attrs)
            del constraint.fk_attrs[:]
            constraint.fk_attrs.extend(tree.string(self._key(columns, name)) for name in names)
            self._referenced(constraint, [columns.get(name) for name in names])
        elif constraint.contype == KIND.CONSTR_CHECK:
            self._check_expression(constraint.raw_expr, columns)
        else:
            raise NotPossibleError(f"that constraint on the protected table {table.relname}")
        return copy

    def _key(self, columns: Mapping[str, Column], name: str) -> str:
        return self._term(columns[name]) if name in columns else name

    # indexes, views, changes

    def index(self, create: pb.IndexStmt) -> list[str]:
        """Return the statements that make an index over terms."""
        columns = self.columns_of(create.relation)
        ways = [
            self._index(create, columns, (Op.GROUP, Op.EQUAL) if create.unique else (Op.EQUAL,))
        ]
        if not create.unique:
            other = self._index(create, columns, (Op.RANGE, Op.EQUAL))
            if create.idxname:
                other.idxname = create.idxname + INDEX_OF_ORDER
            if list(other.index_params) != list(ways[0].index_params):
                ways.append(other)
        return [tree.deparsed(Node(index_stmt=each)) for each in ways]

    def _index(
        self, create: pb.IndexStmt, columns: Mapping[str, Column], ops: Sequence[Op]
    ) -> pb.IndexStmt:
        made = pb.IndexStmt()
        made.CopyFrom(create)
        for each in (*made.index_params, *made.index_including_params):
            element = each.index_elem
            if element.HasField("expr"):
                self._check_expression(element.expr, columns)
            elif element.name in columns:
                element.name = self._indexed(columns[element.name], ops)
                del element.opclass[:]
        if create.HasField("where_clause"):
            self._check_expression(create.where_clause, columns)
        return made

    @staticmethod
    def _indexed(column: Column, ops: Sequence[Op]) -> str:
        for op in ops:
            technique = column.answering(op)
            if technique is not None:
                return column.physical(technique.suffix)
        raise cannot(column, "an index")

    def view(self, create: pb.ViewStmt) -> list[str]:
        """Return the statement that makes a view of protected tables."""
        made = pb.ViewStmt()
        made.CopyFrom(create)
        select = create.query.select_stmt
        if create.aliases:
            names = tree.strings(create.aliases)
            select = pb.SelectStmt()
            select.CopyFrom(create.query.select_stmt)
            for name, each in zip(names, select.target_list, strict=False):
                each.res_target.name = name
            del made.aliases[:]
        inner = self.selecting.nested(select, Scope(), DERIVED)
        made.query.CopyFrom(Node(select_stmt=inner.select))
        return [tree.deparsed(Node(view_stmt=made))]

    def alter(self, alter: pb.AlterTableStmt) -> list[str]:
        """Return the statement that changes a protected table."""
        columns = self.columns_of(alter.relation)
        made = pb.AlterTableStmt()
        made.CopyFrom(alter)
        del made.cmds[:]
        kinds = pb.AlterTableType
        if guard_among(columns):
            check_actions(alter)
        for each in alter.cmds:
            command = each.alter_table_cmd
            if command.subtype == kinds.AT_AddConstraint:
                copy = Node()
                copy.CopyFrom(each)
                constraint = getattr(command, "def")
                getattr(copy.alter_table_cmd, "def").CopyFrom(
                    self._constraint(constraint, columns, alter.relation)
                )
                made.cmds.append(copy)
            elif command.subtype in {
                kinds.AT_DropConstraint,
                kinds.AT_ChangeOwner,
            } or command.subtype in {kinds.AT_SetNotNull, kinds.AT_DropNotNull}:
                made.cmds.append(each)
            elif guard_among(columns) and command.subtype in {
                kinds.AT_DropColumn,
                kinds.AT_AddColumn,
            }:
                raise NotPossibleError("another set of columns in a table whose rows are verified")
            elif command.subtype == kinds.AT_DropColumn:
                made.cmds.extend(_dropped(each, columns.get(command.name)))
            elif command.name and command.name in columns:
                raise cannot(columns[command.name], "ALTER TABLE of that kind on")
            elif command.subtype == kinds.AT_AddColumn:
                self._check_added(command, columns)
                made.cmds.append(each)
            else:
                raise NotPossibleError(
                    "ALTER TABLE of that kind on a protected table",
                    "change the policy, and use `sealhold proxy migrate`",
                )
        return [tree.deparsed(Node(alter_table_stmt=made))]

    def _check_added(self, command: pb.AlterTableCmd, columns: Mapping[str, Column]) -> None:
        definition = getattr(command, "def").column_def
        if definition.colname in columns or self._lists_all:
            raise PlanError(
                Refused("SH007", f'column "{definition.colname}" is added by a new policy alone')
            )
        self._check_clear(definition, columns)


def _dropped(command: Node, column: Column | None) -> list[Node]:
    if column is None:
        return [command]
    made: list[Node] = []
    for suffix in column.techniques:
        copy = Node()
        copy.CopyFrom(command)
        copy.alter_table_cmd.name = column.physical(suffix)
        made.append(copy)
    return made


def _default_of(table: pb.RangeVar, name: str, cell: bytes) -> str:
    """Return the statement that keeps the default of a protected column."""
    names = filter(None, (table.schemaname, table.relname, name))
    comment = pb.CommentStmt(
        objtype=pb.ObjectType.OBJECT_COLUMN,
        object=tree.listed([tree.string(each) for each in names]),
        comment=DEFAULT + cell.hex(),
    )
    return tree.deparsed(Node(comment_stmt=comment))


def _rid_column() -> Node:
    unique = Node(constraint=pb.Constraint(contype=KIND.CONSTR_UNIQUE))
    column = pb.ColumnDef(
        colname=RID,
        type_name=tree.type_name("bigint"),
        is_local=True,
        constraints=[_not_null(), unique],
    )
    return Node(column_def=column)


def _not_null() -> Node:
    return Node(constraint=pb.Constraint(contype=KIND.CONSTR_NOTNULL, initially_valid=True))
