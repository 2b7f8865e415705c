"""The owner's SQL over opened data, in memory and nowhere else.

- Only the collections that a query names are opened, each as a table of its typed columns; what
  the program holds ends with the query.
- The engine never spills to disk, reads no file, loads no extension, and its settings are locked
  before the owner's text is run. It has a memory limit and is stopped after its time.
- It is not a security boundary: it holds nothing but what the owner may see.
- The engine takes 30 MB and is loaded by the first query.

Source: docs/spec/18-connectors.md section 6.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from threading import Timer
from typing import TYPE_CHECKING

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidQueryError
from sealhold.model.ids import Collection
from sealhold.model.records import Column, ColumnType, Dataset, Record

if TYPE_CHECKING:
    import duckdb

MAX_ROWS = 10_000  # of a result; a person reads no more, and `LIMIT` and `OFFSET` page on
TIME_S = 60.0
MEMORY = "1GB"
CHUNK = 5_000  # rows per insert
_NAME = re.compile(r"[a-z_][a-z0-9_]*", re.IGNORECASE)
_PREPARE = (
    "SET temp_directory=''",
    "SET max_temp_directory_size='0B'",
    f"SET memory_limit='{MEMORY}'",
    "SET threads=2",
    "SET autoinstall_known_extensions=false",
    "SET autoload_known_extensions=false",
    "SET enable_external_access=false",
)
_KEYWORDS = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
_EXTRA = (  # beside the dataset's own columns
    ("id", "VARCHAR"),
    ("source", "VARCHAR"),
)


def named_collections(sql: str, known: Iterable[Collection]) -> list[Collection]:
    """Return the collections that a query may mean, by its words."""
    words = {word.lower() for word in _NAME.findall(sql)}
    return [name for name in known if name in words]


def run(
    sql: str,
    tables: Mapping[Collection, tuple[Dataset, Iterator[tuple[Record, str, str]]]],
    clock: Callable[[], float],
) -> tuple[tuple[str, ...], list[tuple[Plain, ...]], bool, float]:
    """Return column names, rows, whether rows were cut off, and seconds.

    Args:
        sql: one statement that reads.
        tables: each collection's dataset and its records with their shown id and source.
        clock: seconds, for the time taken.

    Raises:
        InvalidQueryError: the engine refuses it, or it took too long or too much memory.
    """
    import duckdb  # noqa: PLC0415  # reason: see above

    started = clock()
    engine = duckdb.connect(":memory:")
    try:
        for statement in _PREPARE:
            engine.execute(statement)
        for name, (dataset, records) in tables.items():
            _fill(engine, name, dataset, records)
        engine.execute("SET lock_configuration=true")
        if len(engine.extract_statements(sql)) != 1:
            raise InvalidQueryError("a query is one statement")
        timer = Timer(TIME_S, engine.interrupt)
        timer.start()
        try:
            result = engine.execute(sql)
            columns = tuple(str(each[0]) for each in result.description or ())
            rows = result.fetchmany(MAX_ROWS + 1)
        finally:
            timer.cancel()
    except (duckdb.DataError, duckdb.InvalidInputException) as err:
        # the engine's own words quote the value, and with it the owner's data
        raise InvalidQueryError(
            "a value cannot be converted or computed as the query asks"
        ) from err
    except duckdb.ParserException as err:
        raise InvalidQueryError(_words(err) + _quoting(engine, sql, tables)) from err
    except duckdb.Error as err:
        raise InvalidQueryError(_words(err)) from err
    finally:
        engine.close()
    return columns, rows[:MAX_ROWS], len(rows) > MAX_ROWS, clock() - started


def _fill(
    engine: "duckdb.DuckDBPyConnection",
    name: Collection,
    dataset: Dataset,
    records: Iterator[tuple[Record, str, str]],
) -> None:
    first = list(islice(records, CHUNK))
    columns = _columns(dataset, first)
    types = [kind for _, kind in _EXTRA] + [column.type.value for column in columns]
    names = _apart([each for each, _ in _EXTRA] + [column.name for column in columns])
    quoted = ", ".join(f'"{_ident(each)}" {kind}' for each, kind in zip(names, types, strict=True))
    engine.execute(f'CREATE TABLE "{name}" ({quoted})')
    wanted = ", ".join(_cast(f"(r->>{at})", kind) for at, kind in enumerate(types))
    insert = (
        f'INSERT INTO "{name}" SELECT {wanted} '  # noqa: S608  # reason: names from our own schema, quoted
        """FROM (SELECT unnest(from_json($1, '["JSON"]')) AS r)"""
    )
    while first:
        engine.execute(insert, [_rows(first, columns)])
        first = list(islice(records, CHUNK))


def _apart(names: Sequence[str]) -> list[str]:
    """Return names of columns, each told apart from those before it: `id`, then `id_`."""
    apart: dict[str, str] = {}
    for name in names:
        told = name
        while told.casefold() in apart:  # names of columns are equal whatever their case
            told += "_"
        apart[told.casefold()] = told
    return [*apart.values()]


def _columns(dataset: Dataset, first: Sequence[tuple[Record, str, str]]) -> tuple[Column, ...]:
    if dataset.columns:
        return dataset.columns
    found: dict[str, Column] = {}
    taken = {name for name, _ in _EXTRA}
    for record, _, _ in first:
        for field, value in record.fields.items():
            if field.casefold() not in taken:  # names of columns are equal whatever their case
                taken.add(field.casefold())
                found[field] = Column(name=field, type=_type_of(value), about="")  # type: ignore[arg-type]  # reason: a column of the input is named by it
    return tuple(found.values())


def _type_of(value: Plain) -> ColumnType:
    match value:
        case bool():
            return ColumnType.BOOL
        case int():
            return ColumnType.INTEGER
        case float():
            return ColumnType.FLOAT
        case list() | dict():
            return ColumnType.LIST
        case _:
            return ColumnType.TEXT


def _rows(some: Sequence[tuple[Record, str, str]], columns: Sequence[Column]) -> str:
    rows = [
        [shown, source, *(_cell(record.fields.get(each.name), each.type) for each in columns)]
        for record, shown, source in some
    ]
    return json.dumps(rows, ensure_ascii=False, default=_unshown)


def _cell(value: Plain, kind: ColumnType) -> Plain:
    match kind:
        case ColumnType.INSTANT | ColumnType.INTEGER:
            return value if type(value) is int else None
        case ColumnType.FLOAT:
            return value if type(value) in (int, float) and math.isfinite(value) else None
        case ColumnType.BOOL:
            return value if isinstance(value, bool) else None
        case ColumnType.LIST:
            return None if value is None else json.dumps(value, default=_unshown)
        case ColumnType.TEXT | ColumnType.DECIMAL:
            return None if value is None else str(value)


def _unshown(value: object) -> str:
    return f"({len(value)} bytes)" if isinstance(value, bytes) else str(value)


def _cast(cell: str, kind: str) -> str:
    if kind == ColumnType.INSTANT.value:
        return f"make_timestamp({cell}::BIGINT * 1000)"
    if kind.startswith("DECIMAL"):
        return f"try_cast({cell} AS {kind})"
    return cell if kind == ColumnType.TEXT.value else f"{cell}::{kind}"


def _ident(name: str) -> str:
    return name.replace('"', '""')


def _quoting(
    engine: "duckdb.DuckDBPyConnection",
    sql: str,
    tables: Mapping[Collection, tuple[Dataset, object]],
) -> str:
    """Return a hint if a query names columns that are words of SQL, as `at` is."""
    columns = {column.name for dataset, _ in tables.values() for column in dataset.columns}
    named = sorted(columns & {word.lower() for word in _NAME.findall(sql)})
    keywords = {word for (word,) in engine.execute(_KEYWORDS).fetchall()}
    quoted = " ".join(f'"{name}"' for name in named if name in keywords)
    return f"; columns named like words of SQL stand in double quotes: {quoted}" if quoted else ""


def _words(err: "duckdb.Error") -> str:
    text = str(err).splitlines()[0] if str(err) else "the query was stopped"
    return text[:300]
