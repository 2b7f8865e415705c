"""DDL of protected tables, for the tables of pairs beside their columns: they come and go together.

- CREATE TABLE makes them, DROP TABLE and DROP COLUMN drop them, TRUNCATE empties them. A table that
  is new or emptied begins anew: the session writes its first pair (`Script.begun`).
  One that is there of a table that is gone was left when somebody dropped that at the provider.
- Nobody names them but the proxy.

Source: docs/spec/62-words-and-ranges-in-statements.md section 2.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from postgast import pg_query_pb2 as pb

from sealhold.protect.columns import Column
from sealhold.protect.sql import tree
from sealhold.protect.sql.besides import Beside, all_besides, columns_beside
from sealhold.protect.sql.names import HIDDEN_PREFIX, Names, Relation
from sealhold.protect.sql.plan import Script, Touch
from sealhold.protect.sql.refusing import NotPossibleError, WrongError
from sealhold.protect.sql.touched import new_schema
from sealhold.protect.sql.tree import Node


def tables_beside(
    node: Node, columns_of: Callable[[pb.RangeVar], Mapping[str, Column]], names: Names
) -> tuple[list[str], tuple[Column, ...]]:
    """Return what makes or drops the tables beside those that a statement defines or changes.

    With it come the columns that begin anew. `columns_of` returns a table's protected columns.

    Raises:
        NotPossibleError: a temporary table, whose tables beside would stay.
    """
    if node.HasField("alter_table_stmt"):
        alter = node.alter_table_stmt
        return _dropped(alter, columns_of(alter.relation)), ()
    if not node.HasField("create_stmt"):
        return [], ()
    table = node.create_stmt.relation
    besides = all_besides(columns_of(table).values())
    is_there = (table.schemaname or new_schema(names), table.relname) in names.relations
    if is_there or not besides:  # then CREATE TABLE fails, or does nothing
        return [], ()
    if table.relpersistence == "t":
        raise NotPossibleError("a temporary table with words or hidden ranges")
    tables = [each.table for each in besides]
    left = [each.dropping for each in tables if (each.schema, each.name) in names.relations]
    return [*left, *(each.creating for each in tables)], _columns(besides)


def _dropped(alter: pb.AlterTableStmt, columns: Mapping[str, Column]) -> list[str]:
    names = {
        each.alter_table_cmd.name
        for each in alter.cmds
        if each.alter_table_cmd.subtype == pb.AlterTableType.AT_DropColumn
    }
    gone = [column for name, column in columns.items() if name in names]
    return [each.table.dropping for each in all_besides(gone)]


def with_besides(node: Node, sql: str, names: Names) -> Script | None:
    """Return what drops or empties tables together with those beside; None if there are none."""
    kind = node.WhichOneof("node")
    if kind == "truncate_stmt":
        found = [each.range_var for each in node.truncate_stmt.relations]
        relations = _relations(((each.schemaname, each.relname) for each in found), names)
        besides = all_besides(column for each in relations for column in columns_beside(each))
        if not besides:
            return None
        lists = [_only(each.table.schema, each.table.name) for each in besides]
        copy = Node()
        copy.CopyFrom(node)
        copy.truncate_stmt.relations.extend(lists)
        touch = _touch(relations)
        return Script((tree.deparsed(copy),), "TRUNCATE TABLE", touch, _columns(besides))
    if kind != "drop_stmt" or node.drop_stmt.remove_type != pb.ObjectType.OBJECT_TABLE:
        return None
    listed = [tree.strings(each.list.items) for each in node.drop_stmt.objects]
    relations = _relations(((each[-2] if each[1:] else "", each[-1]) for each in listed), names)
    besides = all_besides(column for each in relations for column in columns_beside(each))
    if not besides:
        return None
    dropping = [each.table.dropping for each in besides]
    return Script((sql, *dropping), "DROP TABLE", _touch(relations))


def refuse_ours(node: Node) -> None:
    """Refuse a statement that names what is the proxy's own.

    Raises:
        WrongError: it does.
    """
    # THREAT T702: who writes labels or reads them through the proxy could forge or link them
    for each in tree.messages(node):
        if isinstance(each, pb.RangeVar) and each.relname.startswith(HIDDEN_PREFIX):
            raise WrongError("42P01", f'relation "{each.relname}" does not exist')
    for each in node.drop_stmt.objects if node.HasField("drop_stmt") else ():
        name = tree.strings(each.list.items)[-1:] if each.HasField("list") else ()
        if name and name[0].startswith(HIDDEN_PREFIX):
            raise WrongError("42P01", f'table "{name[0]}" does not exist')


def check_conflict(relation: Relation, targets: Sequence[Node], *, changes_row: bool) -> None:
    """Refuse an ON CONFLICT DO UPDATE that would leave pairs of other values.

    Args:
        relation: the table.
        targets: what is set.
        changes_row: whether the row takes the number of the new one.

    Raises:
        NotPossibleError: a column with pairs is not set to the new row's value.
    """
    columns = columns_beside(relation)
    sets = {each.res_target.name for each in targets}
    if not columns or (not changes_row and not any(each.name in sets for each in columns)):
        return
    new = {
        each.res_target.name
        for each in targets
        if _is_new(each.res_target) and each.res_target.val.HasField("column_ref")
    }
    for each in columns:
        if each.name not in new or not changes_row:
            raise NotPossibleError(
                f'ON CONFLICT DO UPDATE beside column "{each.name}", whose words or ranges it'
                " would not follow",
                f"set it, too: {each.name} = excluded.{each.name}",
            )


def _is_new(target: pb.ResTarget) -> bool:
    return tree.strings(target.val.column_ref.fields) == ("excluded", target.name)


def _relations(names: Iterable[tuple[str, str]], known: Names) -> list[Relation]:
    found = [known.find(schema, name) for schema, name in names]
    return [each for each in found if each is not None]


def _columns(besides: Sequence[Beside]) -> tuple[Column, ...]:
    return tuple(dict.fromkeys(each.column for each in besides))


def _touch(relations: Sequence[Relation]) -> Touch:
    return Touch("DDL", tuple(f"{each.schema}.{each.name}" for each in relations))


def _only(schema: str, name: str) -> Node:
    table = pb.RangeVar(schemaname=schema, relname=name, inh=True, relpersistence="p")
    return Node(range_var=table)
