"""Which tables a statement names, anywhere in it, and whether it may.

Source: docs/spec/60-statements.md section 2.
"""

from postgast import pg_query_pb2 as pb

from sealhold.protect.sql import tree
from sealhold.protect.sql.names import Names, Relation
from sealhold.protect.sql.refusing import (
    CannotResolveError,
    MaskedError,
    NotListedError,
    WrongError,
)
from sealhold.protect.sql.rules import Rules
from sealhold.protect.sql.scope import is_of_system
from sealhold.protect.sql.tree import Node


def tables_of(node: Node, names: Names, rules: Rules) -> dict[str, Relation]:
    """Return all tables that a statement names and that are there, by schema and name.

    Raises:
        NotListedError: the policy does not know one.
        CannotResolveError: one is held otherwise than the policy says.
        WrongError: one that the policy protects is not there.
    """
    kind = node.WhichOneof("node")
    withs = {each.ctename for each in tree.messages(node) if isinstance(each, pb.CommonTableExpr)}
    found: dict[str, Relation] = {}
    for each in tree.messages(node):
        if not isinstance(each, pb.RangeVar):
            continue
        relation = names.find(each.schemaname, each.relname)
        if relation is not None:
            _check(relation, rules, is_dropped=kind == "drop_stmt")
            found[f"{relation.schema}.{relation.name}"] = relation
        elif each.relname not in withs and not is_of_system(each.schemaname, each.relname):
            _check_absent(each, kind or "", names, rules)
    return found


def new_schema(names: Names) -> str:
    """Return the schema in which a table without one is made."""
    return next((each for each in names.path if each != "pg_catalog"), "public")


def _check(relation: Relation, rules: Rules, *, is_dropped: bool) -> None:
    if relation.barred:
        raise MaskedError(relation.barred)
    if relation.kind not in {"v", "m"} and not rules.is_listed(relation.schema, relation.name):
        raise NotListedError(relation.schema, relation.name)
    # THREAT T695: a provider that drops a companion would be sent values in the clear
    if relation.is_bare and not is_dropped:
        raise CannotResolveError(
            f'table "{relation.schema}.{relation.name}" is protected by the policy, but not at the'
            " provider",
            "create it through the proxy, or migrate it",
        )


def _check_absent(table: pb.RangeVar, kind: str, names: Names, rules: Rules) -> None:
    if kind in {"create_stmt", "create_table_as_stmt"}:
        schema = table.schemaname or new_schema(names)
        if not rules.is_listed(schema, table.relname):
            raise NotListedError(schema, table.relname)
        return
    schemas = (table.schemaname,) if table.schemaname else names.path
    # THREAT T664, T694: the provider would log the constants of a statement that it cannot do
    if kind != "drop_stmt" and any((each, table.relname) in rules.columns for each in schemas):
        raise WrongError("42P01", f'relation "{table.relname}" does not exist')
