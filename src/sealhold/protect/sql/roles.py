"""What a role with masks may not do at all, since it would tell of a masked column by another way.

- Functions that are not the server's own, and tables of the system that hold values or texts of
  others, are not reached. Of the system's tables there is a closed list of those that are.
- A table with a masked column is not defined anew, and not explained. A table by whose foreign key
  one would learn what a masked column holds is not written.

Source: docs/spec/65-roles-and-masks.md section 4.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.columns import Column
from sealhold.protect.sql import tree
from sealhold.protect.sql.names import Names, Relation
from sealhold.protect.sql.refusing import MaskedError
from sealhold.protect.sql.rules import Rules
from sealhold.protect.sql.scope import is_of_system
from sealhold.protect.sql.tree import Node

OPEN: Final = frozenset({
    "pg_aggregate", "pg_am", "pg_attrdef", "pg_auth_members", "pg_cast", "pg_class",
    "pg_collation", "pg_constraint", "pg_conversion", "pg_database", "pg_depend",
    "pg_description", "pg_enum", "pg_event_trigger", "pg_extension", "pg_foreign_table",
    "pg_index", "pg_indexes", "pg_inherits", "pg_language", "pg_matviews", "pg_namespace",
    "pg_opclass", "pg_operator", "pg_opfamily", "pg_partitioned_table", "pg_policy", "pg_proc",
    "pg_publication", "pg_publication_namespace", "pg_publication_rel", "pg_range",
    "pg_rewrite", "pg_roles", "pg_rules", "pg_sequence", "pg_sequences", "pg_settings",
    "pg_shdescription", "pg_statistic_ext", "pg_tables", "pg_tablespace", "pg_timezone_abbrevs",
    "pg_timezone_names", "pg_trigger", "pg_ts_config", "pg_type", "pg_user", "pg_views",
})  # fmt: skip  # tables of the system that hold no value of a table, and no text of a session
ATTRIBUTES: Final = "pg_attribute"  # open too, but for the value that it holds of a new column
MISSING: Final = "attmissingval"
_DATA: Final = frozenset({
    "select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "truncate_stmt", "copy_stmt",
    "lock_stmt",
})  # fmt: skip
_PEEKING: Final = (
    "pg_stat_get_",
    "pg_mcv_",
    "pg_ls_",
    "pg_read_",
    "pg_stat_file",
    "pg_current_log",
)


def is_open(schema: str, name: str) -> bool:
    """Whether a table of the system's tells nothing of values, nor of what others ask."""
    return schema == "information_schema" or (
        schema in {"", "pg_catalog"} and (name in OPEN or name == ATTRIBUTES)
    )


def check_role(
    node: Node, kind: str, tables: Mapping[str, Relation], names: Names, rules: Rules
) -> None:
    """Refuse what is not for a role with masks; of others nothing is looked at.

    Raises:
        MaskedError: a statement that could tell more of a masked column than its mask shows.
    """
    if not rules.role:
        return
    _check_attributes(node)
    for each in tree.messages(node):
        if isinstance(each, pb.RangeVar):
            _check_table(each, names)
        elif isinstance(each, pb.FuncCall):
            check_call(each, names)
    for relation in tables.values():
        # THREAT T737: a foreign key says no where a masked column holds the value, or does not
        if relation.is_probed and _is_written(node, relation):
            raise MaskedError(
                f'a foreign key between "{relation.name}" and a masked column would tell what that'
                " holds",
                "have it written by a user without this role",
            )
        if kind not in _DATA and _has_mask(relation):
            raise MaskedError(
                f'table "{relation.name}" has masked columns: for this role it is read and written'
                " alone",
                "have it defined or explained by a user without this role",
            )


def check_written(written: Iterable[Column], names: Names) -> None:
    """Refuse writing masked columns, where the policy or an index says no.

    Raises:
        MaskedError: one may not be written.
    """
    for column in written:
        if column.mask is None:
            continue
        if not column.mask.writes:
            raise MaskedError(
                f'column "{column.name}" is masked for your role, and not for it to write',
                "`writes = true` at its mask in the policy would allow it",
            )
        relation = names.find(column.schema, column.table)
        # THREAT T737: a unique index says no where the value is there already
        if relation is None or column.name in relation.unique:
            raise MaskedError(
                f'an index on column "{column.name}", masked for your role, would tell which values'
                " are there",
                "have it written by a user without this role",
            )


def check_call(call: pb.FuncCall, names: Names) -> None:
    """Refuse a function that may read what it likes.

    Raises:
        MaskedError: it is not the server's own, or tells of statistics or of what others ask.
    """
    *before, name = tree.strings(call.funcname)
    is_own = not before or before[-1] == "pg_catalog"
    # THREAT T738: a function at the provider reads a column in the clear under its own rights
    if not is_own or (not before and name in names.functions) or name.startswith(_PEEKING):
        raise MaskedError(
            f"{name}() may read what a mask hides: for this role there are the server's own"
            " functions, without those about its work",
        )


def _check_table(table: pb.RangeVar, names: Names) -> None:
    if names.find(table.schemaname, table.relname) is not None:
        return
    # THREAT T738: statistics hold the commonest values of columns in the clear
    if is_of_system(table.schemaname, table.relname) and not is_open(
        table.schemaname, table.relname
    ):
        raise MaskedError(
            f'"{table.relname}" of the system may hold values that a mask hides, or texts of others'
        )


def _check_attributes(node: Node) -> None:
    # what would show the value that the system keeps for rows older than their column
    tables = [each for each in tree.messages(node) if isinstance(each, pb.RangeVar)]
    found = [each for each in tables if each.relname == ATTRIBUTES]
    if not found:
        return
    whole = {MISSING, ATTRIBUTES, *(each.alias.aliasname for each in found)}
    for each in tree.messages(node):
        is_whole = isinstance(each, pb.ColumnRef) and (
            not each.fields[-1].HasField("string") or each.fields[-1].string.sval in whole
        )
        if is_whole or any(table.alias.colnames for table in found):
            raise MaskedError(f'name columns of "{ATTRIBUTES}", all but "{MISSING}"')


def _is_written(node: Node, relation: Relation) -> bool:
    for each in tree.messages(node):
        if isinstance(each, pb.InsertStmt | pb.UpdateStmt | pb.DeleteStmt | pb.MergeStmt):
            table = each.relation
            if table.relname == relation.name:
                return True
    return bool(node.HasField("copy_stmt") and node.copy_stmt.is_from)


def _has_mask(relation: Relation) -> bool:
    return any(each.column is not None and each.column.mask for each in relation.attributes)
