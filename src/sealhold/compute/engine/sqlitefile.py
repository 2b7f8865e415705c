"""A table of an SQLite file, read as it lies: nothing is written, nothing in it is run.

- The file is opened read-only. One that keeps a write-ahead log is read with it; without a log it
  is held to be at rest, and checked to be unchanged when the reading ended.
- What the file's own schema could run is off: views cannot call what reaches out, no extension
  loads, and each cell is looked at before it is believed.
- Pages are read by row number, each for itself: the program that owns the file is not kept waiting.

Source: docs/spec/38-in-place.md section 4; sqlite.org: C interface, URI file names.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic
from urllib.parse import quote

from sealhold.compute.engine.orders import Field, Found, Lines, Look, Looked, Order, Rows, Said
from sealhold.compute.engine.values import lines
from sealhold.connectors.times import parse_time
from sealhold.model.errors import SourceAwayError, SourceChangedError
from sealhold.model.records import ColumnType

PAGE = 20_000  # rows
CHUNK = 2_000  # rows of a message
SOME = 100  # values that are looked at: whether they are times
SECONDS = 60.0  # of one statement
_STEPS = 100_000  # of the machine, between two looks at the clock
_WAL_AT, _WAL = 18, 2  # byte of the header, and what it says of a file with a log
_LONGEST = 16 * 1_048_576  # bytes of a cell or statement
_TIMES = re.compile(r"DATE|TIME")
_EXACT = re.compile(r"DEC|NUMERIC|MONEY")
_AWAY = ("locked", "busy", "unable to open", "readonly", "disk i/o")
_TYPES = {
    frozenset({"integer"}): ColumnType.INTEGER,
    frozenset({"real"}): ColumnType.FLOAT,
    frozenset({"integer", "real"}): ColumnType.FLOAT,
}
_DECLARED = (("INT", ColumnType.INTEGER), ("REAL", ColumnType.FLOAT), ("FLOA", ColumnType.FLOAT),
             ("DOUB", ColumnType.FLOAT))  # fmt: skip


def do(order: Order) -> Iterator[Said]:
    """Look at a table, or give its rows.

    Raises:
        SourceAwayError: the file cannot be read now.
        SourceChangedError: it is not what it was, or damaged.
    """
    match order:
        case Look():
            with closing(_opened(order.path)) as file:
                yield _look(file, _relation(order.what, is_query=order.is_query), order)
        case Rows():
            at = _stand(order.path)
            yield from _rows(order)
            if at is not None and at != _stand(order.path):
                raise SourceAwayError("the file was written to while it was read")
        case _:
            raise SourceChangedError("an engine for files takes no such order")


def _opened(path: str) -> sqlite3.Connection:
    how = "immutable=1" if _stand(path) is not None else "mode=ro"
    try:
        file = sqlite3.connect(f"file:{quote(path)}?{how}", uri=True, timeout=5.0)
        file.text_factory = lambda data: data.decode("utf-8", "replace")
        file.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        file.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        until = monotonic() + SECONDS
        file.set_progress_handler(lambda: monotonic() > until, _STEPS)
        # THREAT T405: what the schema of a foreign file could run is off before it is read;
        # loading of extensions is off unless asked for
        for each in ("trusted_schema=OFF", "cell_size_check=ON", "query_only=ON", "mmap_size=0"):
            file.execute(f"PRAGMA {each}")
        file.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    except sqlite3.Error as err:
        raise _meaning(err) from err
    return file


def _stand(path: str) -> tuple[int, int] | None:
    """Return size and time of a file at rest that has a log when it is used; None: of others.

    Raises:
        SourceAwayError: it cannot be opened.
    """
    try:
        with Path(path).open("rb") as file:
            head = file.read(_WAL_AT + 1)
    except OSError as err:
        raise SourceAwayError("the file cannot be opened") from err
    if len(head) <= _WAL_AT or head[_WAL_AT] != _WAL or Path(f"{path}-wal").exists():
        return None
    told = Path(path).stat()
    return told.st_size, told.st_mtime_ns


def _relation(what: str, *, is_query: bool) -> str:
    return f"({what})" if is_query else named(what)


def named(name: str) -> str:
    """Return a name as it stands in a statement."""
    return '"' + name.replace('"', '""') + '"'


def _look(file: sqlite3.Connection, relation: str, order: Look) -> Looked:
    try:
        told = (
            []
            if order.is_query
            else file.execute(
                "SELECT name, type, pk FROM pragma_table_info(?)", (order.what,)
            ).fetchall()
        )
        declared = {name: str(kind or "") for name, kind, _ in told}
        names = [each[0] for each in file.execute(f"SELECT * FROM {relation} LIMIT 0").description]  # noqa: S608  # reason: a quoted name, or the owner's own query
        kinds = [f"json_group_array(DISTINCT typeof({named(each)}))" for each in names]
        found = file.execute(f"SELECT count(*), {', '.join(kinds)} FROM {relation}").fetchone()  # noqa: S608  # reason: as above
        columns = tuple(
            _found(file, relation, name, declared.get(name, ""), seen)
            for name, seen in zip(names, found[1:], strict=True)
        )
    except sqlite3.Error as err:
        raise _meaning(err) from err
    key = tuple(name for name, _, at in sorted(told, key=lambda each: each[2]) if at)
    return Looked(columns=columns, key=key, rows=found[0])


def _found(file: sqlite3.Connection, relation: str, name: str, declared: str, seen: str) -> Found:
    kinds = frozenset(re.findall(r"[a-z]+", seen)) - {"null"}
    is_time = kinds == {"integer"} or (kinds == {"text"} and _are_times(file, relation, name))
    found = _type_of(kinds, declared.upper(), is_time=is_time)
    return Found(name=name, declared=declared, type=found.name, is_time=is_time)


def _are_times(file: sqlite3.Connection, relation: str, name: str) -> bool:
    some = file.execute(
        f"SELECT {named(name)} FROM {relation} WHERE {named(name)} IS NOT NULL LIMIT {SOME}"  # noqa: S608  # reason: as above
    ).fetchall()
    return all(parse_time(text) for (text,) in some)


def _type_of(kinds: frozenset[str], declared: str, *, is_time: bool) -> ColumnType:
    if not kinds:
        return next((kind for word, kind in _DECLARED if word in declared), ColumnType.TEXT)
    found = _TYPES.get(kinds, ColumnType.TEXT)
    if found is not ColumnType.TEXT and _EXACT.search(declared):
        return ColumnType.DECIMAL
    if found is ColumnType.INTEGER and declared.startswith("BOOL"):
        return ColumnType.BOOL
    if kinds == {"text"} and is_time and _TIMES.search(declared):
        return ColumnType.INSTANT
    return found


def _rows(order: Rows) -> Iterator[Said]:
    relation = _relation(order.what, is_query=order.is_query)
    cells = ", ".join(named(each.of) for each in order.fields)
    with closing(_opened(order.path)) as file:
        try:
            if order.by:
                yield from _after(file, order, relation, cells)
            elif order.is_paged and (number := _row_number(file, order.what)):
                yield from _paged(file, order, number, cells)
            else:
                every = file.execute(f"SELECT {cells} FROM {relation}")  # noqa: S608  # reason: as above
                while some := every.fetchmany(CHUNK):
                    yield Lines(len(some), lines(order.fields, some), None)
        except sqlite3.Error as err:
            raise _meaning(err) from err


def _row_number(file: sqlite3.Connection, table: str) -> str:
    """Return what the number of a row is called in a table; empty if it has none."""
    kept = file.execute(
        "SELECT 1 FROM pragma_table_list(?1) WHERE type = 'table' AND NOT wr", (table,)
    ).fetchone()
    told = file.execute("SELECT lower(name) FROM pragma_table_info(?)", (table,)).fetchall()
    own = {name for (name,) in told}
    free = [each for each in ("rowid", "_rowid_", "oid") if each not in own]
    return free[0] if kept and free else ""


def _paged(file: sqlite3.Connection, order: Rows, number: str, cells: str) -> Iterator[Said]:
    relation = named(order.what)
    last: int | None = None
    while True:
        behind = "" if last is None else f"WHERE {number} > ?"
        some = file.execute(
            f"SELECT {number}, {cells} FROM {relation} {behind} ORDER BY {number} LIMIT {PAGE}",  # noqa: S608  # reason: as above
            () if last is None else (last,),
        ).fetchall()
        yield from _chunks(order.fields, some, None)
        if len(some) < PAGE:
            return
        last = some[-1][0]


def _after(file: sqlite3.Connection, order: Rows, relation: str, cells: str) -> Iterator[Said]:
    by = "rowid" if order.by == "rowid" else named(order.by)
    after = sqlite_value(order.after)
    every = file.execute(
        f"SELECT {by}, {cells} FROM {relation} {'' if after is None else f'WHERE {by} >= ?'} "  # noqa: S608  # reason: as above
        f"ORDER BY {by}",
        () if after is None else (after,),
    )
    while some := every.fetchmany(CHUNK):
        yield from _chunks(order.fields, some, _told(some[-1][0]))


def _chunks(
    fields: Sequence[Field], rows: list[tuple[object, ...]], upto: str | None
) -> Iterator[Said]:
    for start in range(0, len(rows), CHUNK):
        some = [row[1:] for row in rows[start : start + CHUNK]]
        yield Lines(len(some), lines(fields, some), upto)


def _told(value: object) -> str | None:
    """Return how far was read, as a text that says of what type it is."""
    match value:
        case int():
            return f"i{value}"
        case float():
            return f"f{value!r}"
        case str():
            return f"t{value}"
        case _:
            return None


def sqlite_value(told: str | None) -> int | float | str | None:
    """Return the value that a text of `_told` stands for."""
    if not told:
        return None
    match told[0]:
        case "i":
            return int(told[1:])
        case "f":
            return float(told[1:])
        case _:
            return told[1:]


def _meaning(err: sqlite3.Error) -> SourceAwayError | SourceChangedError:
    """Return what an error of the library means; its words could quote the file."""
    said = str(err).lower()
    if any(word in said for word in _AWAY):
        return SourceAwayError("the file is in use, or its last writer left it in the middle")
    if "interrupted" in said:
        return SourceChangedError(f"the table took longer than {SECONDS:.0f} s to read")
    if said.startswith("no such table"):
        return SourceChangedError("the table is gone")
    if said.startswith("no such column"):
        return SourceChangedError("a column is gone")
    return SourceChangedError("the file is damaged, or what it holds cannot be read safely")
