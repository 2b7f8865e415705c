"""A Parquet, CSV or JSON file read by DuckDB where it lies.

- What each column is comes from the file itself; the owner may say otherwise when it is added.
- Decimals, instants and what nests leave the engine in the one form that keeps them exact.

Source: docs/spec/38-in-place.md section 5.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from sealhold.compute.engine.duck import lock, named, relation, started, text
from sealhold.compute.engine.orders import Field, Found, Lines, Look, Looked, Order, Rows, Said
from sealhold.compute.engine.values import lines
from sealhold.model.errors import SourceAwayError, SourceChangedError
from sealhold.model.records import ColumnType

CHUNK = 2_000  # rows of a message
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_TYPES = {
    "DOUBLE": ColumnType.FLOAT,
    "FLOAT": ColumnType.FLOAT,
    "BOOLEAN": ColumnType.BOOL,
    "DATE": ColumnType.INSTANT,
    "JSON": ColumnType.LIST,
    "HUGEINT": ColumnType.DECIMAL,
    "UBIGINT": ColumnType.DECIMAL,
    **dict.fromkeys(_WHOLE, ColumnType.INTEGER),
}
_NESTED = ("STRUCT", "MAP", "UNION")


class TableFile:
    """One file, and the engine that reads it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._engine = started()
        self._is_locked = False

    def do(self, order: Order) -> Iterator[Said]:
        """Look at the file, or give its rows."""
        if not self._is_locked:
            lock(self._engine, [self._path])
            self._is_locked = True
        yield from _do(self._engine, order, self._path)


def _do(engine: duckdb.DuckDBPyConnection, order: Order, path: str) -> Iterator[Said]:
    try:
        Path(path).stat()
        match order:
            case Look():
                yield _look(engine, path)
            case Rows():
                yield from _rows(engine, order)
            case _:
                raise SourceChangedError("an engine for files takes no such order")
    except OSError as err:
        raise SourceAwayError("the file cannot be opened") from err
    except duckdb.OutOfMemoryException as err:
        raise SourceChangedError("the file needs more memory than an engine may use") from err
    except duckdb.BinderException as err:
        raise SourceChangedError("a column is gone") from err
    except duckdb.Error as err:
        raise SourceChangedError("the file cannot be read as the table that it was") from err


def type_of(kind: str) -> ColumnType:
    """Return what a column of a type of DuckDB's is here."""
    if kind.endswith("]") or kind.startswith(_NESTED):
        return ColumnType.LIST
    if kind.startswith("TIMESTAMP"):
        return ColumnType.INSTANT
    if kind.startswith("DECIMAL"):
        return ColumnType.DECIMAL
    return _TYPES.get(kind, ColumnType.TEXT)


def described(engine: duckdb.DuckDBPyConnection, of: str) -> dict[str, str]:
    """Return the name and type of each column of a relation."""
    told = engine.execute(f"DESCRIBE SELECT * FROM {of}").fetchall()  # noqa: S608  # reason: made of quoted parts
    return {str(each[0]): str(each[1]) for each in told}


def _look(engine: duckdb.DuckDBPyConnection, path: str) -> Looked:
    of = relation(path)
    columns = tuple(
        Found(name=name, declared=kind, type=type_of(kind).name)
        for name, kind in described(engine, of).items()
    )
    count = engine.execute(f"SELECT count(*) FROM {of}").fetchall()[0][0]  # noqa: S608  # reason: as above
    return Looked(columns=columns, key=(), rows=count)


def exact(fields: Sequence[Field]) -> list[str]:
    """Return the columns that are read as they are written."""
    return [each.of for each in fields if each.type == ColumnType.DECIMAL.name]


def _rows(engine: duckdb.DuckDBPyConnection, order: Rows) -> Iterator[Said]:
    of = relation(order.path, exact(order.fields))
    kinds = described(engine, of)
    if lacking := [each.of for each in order.fields if each.of not in kinds]:
        raise SourceChangedError(f"the column `{lacking[0]}` is gone")
    cells = ", ".join(sent(each, kinds[each.of]) for each in order.fields)
    by = named(order.by) if order.by else ""
    where = f" WHERE {by} >= CAST({text(order.after)} AS {kinds[order.by]})" if order.after else ""
    more = f", CAST({by} AS VARCHAR)" if by else ""
    ordered = f" ORDER BY {by}" if by else ""
    engine.execute(f"SELECT {cells}{more} FROM {of}{where}{ordered}")  # noqa: S608  # reason: as above
    while some := engine.fetchmany(CHUNK):
        upto = some[-1][-1] if by else None
        rows = [row[: len(order.fields)] for row in some]
        yield Lines(len(rows), lines(order.fields, rows), upto)


def sent(field: Field, kind: str) -> str:
    """Return the expression that gives a column as it is sent."""
    cell, is_time = named(field.of), kind.startswith(("TIMESTAMP", "DATE"))
    match ColumnType[field.type]:
        case ColumnType.INSTANT if is_time:
            return f"CASE WHEN isfinite({cell}) THEN epoch_ms({cell}) END"
        case ColumnType.TEXT if kind == "BLOB":
            return f"lower(hex({cell}))"
        case ColumnType.TEXT | ColumnType.DECIMAL:
            return f"CAST({cell} AS VARCHAR)"
        case ColumnType.LIST:
            return f"CAST(to_json({cell}) AS VARCHAR)"
        case _:
            return cell
