"""DDL of tables whose rows are tagged: the columns of versions and tags, and what cannot be.

Source: docs/spec/63-integrity-of-rows.md section 6.
"""

from collections.abc import Iterable
from typing import Final

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from sealhold.protect.guards import TAG, VERSION, Guard
from sealhold.protect.pgtypes.types import spelled
from sealhold.protect.sql import tree
from sealhold.protect.sql.literals import type_of
from sealhold.protect.sql.names import Names
from sealhold.protect.sql.plan import Refused
from sealhold.protect.sql.refusing import NotPossibleError, PlanError
from sealhold.protect.sql.touched import new_schema
from sealhold.protect.sql.tree import Node

_ACTS: Final = frozenset("cnd")  # CASCADE, SET NULL, SET DEFAULT
_NOT_NULL: Final = Node(
    constraint=pb.Constraint(contype=pb.ConstrType.CONSTR_NOTNULL, initially_valid=True)
)


def guarding_columns() -> list[Node]:
    """Return the definitions of the columns that hold versions and tags."""
    return [_column(VERSION, "bigint"), _column(TAG, "bytea")]


def check_defined(guard: Guard, create: pb.CreateStmt) -> None:
    """Refuse a table whose columns are not just those that its tags cover.

    Raises:
        NotPossibleError: a foreign key that changes rows.
        PlanError: one more, one less, or one of another type.
    """
    given = {
        each.column_def.colname: type_of(each.column_def.type_name)
        for each in create.table_elts
        if each.HasField("column_def")
    }
    check_actions(create)
    wrong = sorted(given.keys() ^ guard.columns.keys())
    wrong += [
        name
        for name, column in guard.clear.items()
        if (found := given.get(name)) is not None and spelled(found) != spelled(column.type)
    ]
    wrong += [name for name in guard.clear if name in given and given[name] is None]
    if wrong:
        said = f'column "{wrong[0]}" is not as the policy says, in a table whose rows are verified'
        raise PlanError(Refused("SH007", said, "its tags cover the columns of the policy"))


def check_actions(statement: Message) -> None:
    """Refuse what would have the provider change rows by itself.

    Raises:
        NotPossibleError: a foreign key that deletes or changes rows.
    """
    for each in tree.messages(statement):
        if isinstance(each, pb.Constraint) and {each.fk_del_action, each.fk_upd_action} & _ACTS:
            raise NotPossibleError(
                "a foreign key that deletes or changes rows of a table whose rows are verified",
                "ON DELETE RESTRICT",
            )


def made_anew(create: pb.CreateStmt, guard: Guard | None, names: Names) -> str:
    """Return the place of a table that a statement makes, if its rows are tagged."""
    table = create.relation
    schema = table.schemaname or new_schema(names)
    is_there = names.find(schema, table.relname) is not None
    return "" if guard is None or is_there else guard.place


def refuse_truncate(guards: Iterable[Guard | None]) -> None:
    """Refuse to empty a table whose rows are tagged: each of them would seem to be missing.

    Raises:
        NotPossibleError: one of them is.
    """
    if any(each is not None for each in guards):
        raise NotPossibleError("TRUNCATE of a table whose rows are verified", "DELETE FROM it")


def _column(name: str, type_: str) -> Node:
    return Node(
        column_def=pb.ColumnDef(
            colname=name, type_name=tree.type_name(type_), is_local=True, constraints=[_NOT_NULL]
        )
    )
