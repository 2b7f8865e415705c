"""Functions that reach tables by a text, files or other servers: what they read is not known.

Source: PostgreSQL 15, chapters 9.15, 9.27 and appendix F.
"""

from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.sql.refusing import CannotResolveError
from sealhold.protect.sql.tree import function

_BY_TEXT: Final = frozenset({
    "query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema", "cursor_to_xml",
    "cursor_to_xmlschema", "table_to_xml", "table_to_xmlschema", "table_to_xml_and_xmlschema",
    "schema_to_xml", "schema_to_xmlschema", "schema_to_xml_and_xmlschema", "database_to_xml",
    "database_to_xmlschema", "database_to_xml_and_xmlschema", "ts_stat", "ts_rewrite",
    "pg_read_file", "pg_read_binary_file", "pg_ls_dir", "pg_stat_file", "lo_import", "lo_export",
    "lo_get", "lo_put", "lo_from_bytea", "loread", "lowrite", "pg_logical_emit_message",
    "set_config", "pg_export_snapshot", "pg_notify", "crosstab", "connectby",
})  # fmt: skip
_PREFIXES: Final = ("dblink", "pg_logical_slot_", "pg_replication_", "postgres_fdw_", "xpath_table")


def refuse_function(call: pb.FuncCall) -> None:
    """Raise CannotResolveError for a function whose effect a text decides."""
    name = function(call).rsplit(".", 1)[-1]
    # THREAT T692: a text that names tables would pass by the planner
    if name in _BY_TEXT or name.startswith(_PREFIXES):
        raise CannotResolveError(f"{name}() reads or writes what a text names: it is not sent")
