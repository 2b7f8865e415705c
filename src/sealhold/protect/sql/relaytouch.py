"""What a statement that goes on as it is does, for the gate: its verb, tables, and if it reads.

- Nothing is asked of the gate about the session's own statements, nor about a query that names no
  table but those of the system that tell of no value.
- What defines something and names no table needs leave for all of them.

Source: docs/spec/59-proxy-in-a-vault.md section 3.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.sql import tree
from sealhold.protect.sql.names import Names, Relation
from sealhold.protect.sql.plan import Touch
from sealhold.protect.sql.roles import is_open
from sealhold.protect.sql.scope import is_of_system
from sealhold.protect.sql.touched import new_schema
from sealhold.protect.sql.tree import Node

ALL: Final = "*"  # every table
DEFINITION: Final = "DDL"
_FREE: Final = frozenset({
    "listen_stmt", "unlisten_stmt", "notify_stmt", "constraints_set_stmt",
})  # fmt: skip
_VERBS: Final = {
    "select_stmt": "SELECT", "insert_stmt": "INSERT", "update_stmt": "UPDATE",
    "delete_stmt": "DELETE", "merge_stmt": "MERGE", "truncate_stmt": "TRUNCATE",
    "lock_stmt": "LOCK",
}  # fmt: skip
_READING: Final = frozenset({"SELECT", "COPY TO"})
_WRITING: Final = {
    pb.InsertStmt: "INSERT", pb.UpdateStmt: "UPDATE", pb.DeleteStmt: "DELETE",
    pb.MergeStmt: "MERGE",
}  # fmt: skip
_DROPPED: Final = frozenset({
    pb.ObjectType.OBJECT_TABLE, pb.ObjectType.OBJECT_VIEW, pb.ObjectType.OBJECT_MATVIEW,
    pb.ObjectType.OBJECT_FOREIGN_TABLE,
})  # fmt: skip


def relay_touch(
    node: Node, kind: str, tables: Mapping[str, Relation], names: Names
) -> Touch | None:
    """Return what the gate is asked about a statement; None if it needs no leave."""
    if kind in _FREE:
        return None
    inner = node
    if kind == "explain_stmt":
        inner = node.explain_stmt.query
        kind = inner.WhichOneof("node") or ""
    verb = _verb(inner, kind)
    found = dict.fromkeys((*tables, *_others(node, names), *_dropped(node, names)))
    if verb == DEFINITION and not found:
        found = {ALL: None}
    if not found and verb == "SELECT":
        return None
    return Touch(verb, tuple(found), reads=verb not in _READING and _reads(inner))


def _verb(node: Node, kind: str) -> str:
    if kind == "copy_stmt":
        return "COPY FROM" if node.copy_stmt.is_from else "COPY TO"
    if kind == "execute_stmt":
        return "SELECT"  # who prepared it was asked then
    verb = _VERBS.get(kind, DEFINITION)
    if verb != "SELECT":
        return verb
    # THREAT T740: a query may write in its WITH, or make a table
    for each in tree.messages(node):
        if isinstance(each, pb.IntoClause):
            return DEFINITION
        verb = _WRITING.get(type(each), verb)
    return verb


def _reads(node: Node) -> bool:
    """Whether rows that are there come out, or go into other tables."""
    return any(
        (isinstance(each, pb.SelectStmt) and bool(each.from_clause))
        or (isinstance(each, pb.UpdateStmt) and bool(each.from_clause))
        or (isinstance(each, pb.DeleteStmt) and bool(each.using_clause))
        or isinstance(each, pb.ReturningClause)
        for each in tree.messages(node)
    )


def _others(node: Node, names: Names) -> Iterator[str]:
    """Yield tables that are not in the names: new ones, and the system's that hold values."""
    parts = list(tree.messages(node))
    withs = {each.ctename for each in parts if isinstance(each, pb.CommonTableExpr)}
    for each in parts:
        if not isinstance(each, pb.RangeVar) or names.find(each.schemaname, each.relname):
            continue
        if is_of_system(each.schemaname, each.relname):
            # THREAT T740: statistics hold values of tables that the user may not read
            if not is_open(each.schemaname, each.relname):
                yield f"{each.schemaname or 'pg_catalog'}.{each.relname}"
        elif each.schemaname or each.relname not in withs:
            yield f"{each.schemaname or new_schema(names)}.{each.relname}"


def _dropped(node: Node, names: Names) -> Iterator[str]:
    drop = node.drop_stmt
    if not node.HasField("drop_stmt") or drop.remove_type not in _DROPPED:
        return
    for each in drop.objects:
        *before, name = tree.strings(each.list.items)
        schema = before[-1] if before else ""
        relation = names.find(schema, name)
        yield f"{relation.schema if relation else schema or new_schema(names)}.{name}"
