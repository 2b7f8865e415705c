"""The owner's SQL over tables where they lie: views that give what the vault itself would give.

- A view casts as the archive's columns do, over the values for which both are surely equal; at any
  other value, and at what only the vault knows, it ends in an error and the vault answers itself.
- What is asked must be one query over the views alone: no other table of the file, no function that
  reads one.
- The file is attached anew for each query; the engine and what it loaded stay warm.

Source: docs/spec/38-in-place.md section 7.
"""

from collections.abc import Iterator
from threading import Timer

import duckdb

from sealhold.compute.engine import duck
from sealhold.compute.engine.duck import named, text
from sealhold.compute.engine.orders import (
    Answer,
    Ask,
    Failed,
    Field,
    Order,
    Said,
    UnsayableError,
    View,
    cell,
)
from sealhold.compute.engine.tablefile import described, exact, sent
from sealhold.model.records import ColumnType

_KEY = "SELECT name FROM pragma_table_info({}) WHERE pk"
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_REAL = {"DOUBLE", "FLOAT"}
_TIME = (  # the forms that both engines read alike
    r"[1-9]\d{3}-\d\d-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?Z?)?"
)
_FAR = 8_640_000_000_000_000  # milliseconds from 1970: behind it no time is told alike


class UnfitHereError(Exception):
    """This cannot be answered here."""


class Answering:
    """Runs queries, one after the other."""

    def __init__(self) -> None:
        self._engine = duck.started()
        duck.load_sqlite(self._engine)
        self._is_locked = False

    def do(self, order: Order) -> Iterator[Said]:
        """Answer one query, or say that it cannot be answered here."""
        if isinstance(order, Ask):
            yield self._answer(order)

    def _answer(self, order: Ask) -> Said:
        if not self._is_locked:
            files = {
                f"{view.path}{end}" for view in order.views for end in ("", "-wal", "-journal")
            }
            duck.lock(self._engine, sorted(files))
            self._is_locked = True
        timer = Timer(order.seconds, self._engine.interrupt)
        try:
            # THREAT T408: a query that names anything but these datasets is not answered here
            asked = duck.tables_of(self._engine, order.sql)
            if asked is None or not asked <= {view.name.lower() for view in order.views}:
                return Failed("unfit", "")
            for view in order.views:
                self._lay(view)
            timer.start()
            result = self._engine.execute(order.sql)
            columns = tuple(str(each[0]) for each in result.description or ())
            rows = result.fetchmany(order.most + 1)
            told = [[cell(value) for value in row] for row in rows[: order.most]]
            return Answer(columns, told, len(rows) > order.most)
        except duckdb.OutOfMemoryException:
            return Failed("stopped", "the query needs more memory than an engine may use")
        except duckdb.InterruptException:
            return Failed("stopped", f"the query took longer than {order.seconds:.0f} s")
        except (duckdb.Error, UnfitHereError, UnsayableError, OSError):
            return Failed("unfit", "")  # the vault answers itself, and says what is wrong
        finally:
            timer.cancel()
            self._clear(order)

    def _clear(self, order: Ask) -> None:
        for view in order.views:
            self._engine.execute(f"DROP VIEW IF EXISTS {named(view.name)}")
            self._engine.execute(f"DETACH DATABASE IF EXISTS {named(_alias(view))}")

    def _lay(self, view: View) -> None:
        """Lay a view over what lies there.

        Raises:
            UnfitHereError: there is more to it than a view can say.
        """
        if view.is_query:
            raise UnfitHereError
        if view.kind == "sqlite":
            of = f"{named(_alias(view))}.{named(view.what)}"
            self._engine.execute(
                f"ATTACH {text(view.path)} AS {named(_alias(view))} (TYPE sqlite, READ_ONLY)"
            )
            self._check_key(view)
        else:
            of = duck.relation(view.path, exact(view.fields))
            if view.key:
                raise UnfitHereError
        kinds = described(self._engine, of)
        # THREAT T409: where the two ways could differ a view ends in an error, and gives no row
        cells = [f"CAST(error('id') AS VARCHAR) AS id, {text(view.source)} AS source"]
        cells += [f"{_cast(each, kinds.get(each.of, ''), view)} AS {named(name)}"
                  for each, name in zip(view.fields, _shown(view.fields), strict=True)]  # fmt: skip
        made = f"SELECT {', '.join(cells)} FROM {of}"  # noqa: S608  # reason: quoted parts
        self._engine.execute(f"CREATE VIEW {named(view.name)} AS {made}")

    def _check_key(self, view: View) -> None:
        """Make sure that the key is the table's own: else two rows could be one item.

        Raises:
            UnfitHereError: it is not.
        """
        told = self._engine.execute(f"PRAGMA table_info({text(f'{_alias(view)}.{view.what}')})")
        own = {str(each[1]) for each in told.fetchall() if each[5]}
        if view.key and (set(view.key) != own or len(own) != 1):
            raise UnfitHereError


def _alias(view: View) -> str:
    return f"place of {view.name}"


def _shown(fields: tuple[Field, ...]) -> list[str]:
    """Return the names of columns as the owner's SQL has them: none is called as ours are."""
    found: list[str] = []
    taken = {"id", "source"}
    for each in fields:
        name = each.name
        while name.casefold() in taken:
            name += "_"
        taken.add(name.casefold())
        found.append(name)
    return found


def _cast(field: Field, kind: str, view: View) -> str:
    """Return the expression that gives a column as the archive would, or ends in an error."""
    wanted = ColumnType[field.type]
    unfit = f"CAST(error('unfit') AS {wanted.value})"
    if wanted is ColumnType.INSTANT:
        return _instant(field, kind, view, unfit)
    if wanted is ColumnType.TEXT:
        return _text(field, kind, view) or unfit
    return _number(named(field.of), wanted, kind, unfit) or unfit


def _text(field: Field, kind: str, view: View) -> str:
    if kind == "VARCHAR":
        return named(field.of)
    return sent(field, kind) if view.kind == "table" or kind in _WHOLE else ""


def _number(at: str, wanted: ColumnType, kind: str, unfit: str) -> str:
    is_whole, is_real = kind in _WHOLE, kind in _REAL
    match wanted:
        case ColumnType.INTEGER if is_whole:
            return f"CAST({at} AS BIGINT)"
        case ColumnType.FLOAT if is_whole or is_real:
            return f"CASE WHEN isfinite({at}::DOUBLE) THEN CAST({at} AS DOUBLE) END"
        case ColumnType.BOOL if kind == "BOOLEAN":
            return at
        case ColumnType.BOOL if is_whole:
            return f"CASE WHEN {at} IN (0, 1) THEN {at} = 1 WHEN {at} IS NOT NULL THEN {unfit} END"
        case ColumnType.DECIMAL if is_whole or is_real or kind.startswith(("VARCHAR", "DECIMAL")):
            return f"try_cast(CAST({at} AS VARCHAR) AS {wanted.value})"
        case _:
            return ""


def _instant(field: Field, kind: str, view: View, unfit: str) -> str:
    at = named(field.of)
    if kind in _WHOLE:
        near = f"abs({at}) < {_FAR // field.unit}"
        made = f"make_timestamp({at} * {field.unit * 1000})"
        return f"CASE WHEN {near} THEN {made} WHEN {at} IS NOT NULL THEN {unfit} END"
    if kind == "VARCHAR":
        made = f"try_cast(rtrim(replace({at}, 'T', ' '), 'Z') AS TIMESTAMP)"
        return (
            f"CASE WHEN regexp_full_match({at}, {text(_TIME)}) THEN {made} "
            f"WHEN {at} IS NOT NULL THEN {unfit} END"
        )
    if view.kind == "table" and kind.startswith(("TIMESTAMP", "DATE")):
        return f"CASE WHEN isfinite({at}) THEN make_timestamp(epoch_ms({at}) * 1000) END"
    return unfit
