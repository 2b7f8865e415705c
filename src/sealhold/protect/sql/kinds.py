"""Kinds of statements, as the grammar calls them: which are known, and what may be done with which.

Source: docs/spec/60-statements.md section 1.
"""

from typing import Final

NAMING: Final = frozenset({
    "create_stmt", "create_table_as_stmt", "drop_stmt", "alter_table_stmt", "rename_stmt",
    "index_stmt", "view_stmt", "create_schema_stmt", "alter_object_schema_stmt", "create_seq_stmt",
})  # fmt: skip
HARMLESS: Final = frozenset({
    "drop_stmt", "truncate_stmt", "vacuum_stmt", "lock_stmt", "create_schema_stmt",
    "alter_seq_stmt", "create_seq_stmt", "listen_stmt", "unlisten_stmt", "check_point_stmt",
    "constraints_set_stmt",
    "grant_stmt", "refresh_mat_view_stmt", "cluster_stmt", "reindex_stmt",
})  # fmt: skip  # what reads no value, and is sent as it is for protected tables too
MEANWHILE: Final = frozenset({
    "select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "copy_stmt", "truncate_stmt",
    "lock_stmt", "vacuum_stmt",
})  # fmt: skip  # what may be done with a table that is being migrated
DEFINES: Final = frozenset({"create_stmt", "index_stmt", "view_stmt", "alter_table_stmt"})
PLAIN: Final = HARMLESS | DEFINES | frozenset({
    "select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "copy_stmt", "merge_stmt",
    "create_table_as_stmt", "explain_stmt", "rename_stmt", "comment_stmt", "notify_stmt",
    "create_enum_stmt", "composite_type_stmt", "create_domain_stmt", "alter_object_schema_stmt",
    "alter_owner_stmt", "create_extension_stmt", "alter_enum_stmt", "create_stats_stmt",
})  # fmt: skip  # what is relayed if nothing protected is named
