"""DuckDB as an engine uses it: in memory, with no disk to spill to, under settings that are locked.

- Extensions come from wheels that are pinned, by their path; none is loaded by itself.
- What is refused, converted or too large ends in an error; nothing is ever written.

Source: docs/spec/38-in-place.md section 5; duckdb.org: securing DuckDB, configuration.
"""

import json
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import duckdb

MEMORY: Final = "1GB"
_MODULE: Final = "duckdb_extension_sqlite_scanner"
_FILE: Final = "sqlite_scanner.duckdb_extension"
_BEFORE: Final = (
    "SET temp_directory=''",
    "SET max_temp_directory_size='0B'",
    f"SET memory_limit='{MEMORY}'",
    "SET threads=2",
    "SET TimeZone='UTC'",
)
_READERS: Final = (b"PAR1", "read_parquet"), (b"{", "read_json_auto"), (b"[", "read_json_auto")


def started() -> duckdb.DuckDBPyConnection:
    """Return an engine that loads nothing by itself and writes nothing."""
    own: dict[str, str | bool | int | float | list[str]]
    own = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    engine = duckdb.connect(":memory:", config=own)
    # THREAT T407: without both a sort over the memory limit writes rows to a folder
    for each in _BEFORE:
        engine.execute(each)
    return engine


def load_sqlite(engine: duckdb.DuckDBPyConnection) -> None:
    """Load what reads SQLite files, from its wheel.

    Raises:
        FileNotFoundError: the wheel is not installed.
    """
    spec = find_spec(_MODULE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(_MODULE)
    file = Path(spec.origin).parent / "extensions" / f"v{duckdb.__version__}" / _FILE
    engine.execute(f"LOAD {text(str(file))}")


def lock(engine: duckdb.DuckDBPyConnection, files: Iterable[str]) -> None:
    """Close an engine to all but `files`, for good."""
    allowed = ", ".join(text(each) for each in files)
    engine.execute(f"SET allowed_paths=[{allowed}]")
    engine.execute("SET enable_external_access=false")
    engine.execute("SET lock_configuration=true")


def relation(path: str, exact: Iterable[str] = ()) -> str:
    """Return what stands for a file in a statement; columns in `exact` stay as they are written."""
    with Path(path).open("rb") as file:
        head = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n")
    reader = next((name for magic, name in _READERS if head.startswith(magic)), "read_csv")
    kept = ", ".join(f"{text(each)}: 'VARCHAR'" for each in exact)
    more = f", types={{{kept}}}" if kept and reader == "read_csv" else ""
    return f"{reader}({text(path)}{more})"


def text(value: str) -> str:
    """Return a text as it stands in a statement."""
    return "'" + value.replace("'", "''") + "'"


def named(name: str) -> str:
    """Return a name as it stands in a statement."""
    return '"' + name.replace('"', '""') + '"'


def tables_of(engine: duckdb.DuckDBPyConnection, sql: str) -> set[str] | None:
    """Return the tables that a query reads; None if it is more than a query over tables.

    Only what is named by one plain word counts as a table; a function that gives rows must be one
    that makes them of nothing.
    """
    told = engine.execute("SELECT json_serialize_sql($1)", [sql]).fetchall()[0][0]
    tree = json.loads(told)
    if tree["error"] or len(tree["statements"]) != 1:
        return None
    found: set[str] = set()
    own: set[str] = set()  # tables that the query makes for itself
    return found - own if _walked(tree["statements"][0], found, own) else None


_OF_NOTHING: Final = {"range", "generate_series", "unnest"}


def _walked(node: object, found: set[str], own: set[str]) -> bool:
    if isinstance(node, list):
        return all(_walked(each, found, own) for each in node)
    if not isinstance(node, dict):
        return True
    what = node.get("type")
    if what == "BASE_TABLE":
        if node.get("schema_name") or node.get("catalog_name"):
            return False
        found.add(str(node["table_name"]).lower())
    if what == "TABLE_FUNCTION" and node["function"].get("function_name") not in _OF_NOTHING:
        return False
    for entry in (node.get("cte_map") or {}).get("map", ()):
        own.add(str(entry["key"]).lower())
    return all(_walked(each, found, own) for each in node.values())
