"""A table of an SQLite file, or a query over it, read where it lies.

- The file is read as it is, with the log that may lie beside it; nothing is ever written.

Source: docs/spec/38-in-place.md section 4.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from sealhold.compute.engine.orders import Begin
from sealhold.compute.engine.warm import files_of
from sealhold.compute.pullers.tabular import OPTIONS, Table, looked, pieces, placed
from sealhold.connectors.pulling import Health, Piece, Where
from sealhold.model.errors import InvalidError, SourceAwayError


class SqlitePuller:
    """Reads a table of an SQLite file."""

    kind: ClassVar[str] = "sqlite"
    about: ClassVar[str] = "A table of an SQLite file, where it lies."
    place: ClassVar[str] = "~/Notes/notes.db"
    options: ClassVar[Mapping[str, str]] = {
        "table": "which table",
        "query": "one SELECT, instead of a table",
        **OPTIONS,
    }
    is_local: ClassVar[bool] = True
    is_whole: ClassVar[bool] = True
    can_stay: ClassVar[bool] = True

    def check(self, where: Where) -> Health:
        """Look which columns and how many rows the table has."""
        table = _table(where)
        health = looked(table, where, Path(table.path).name)
        return Health(
            sentence=health.sentence,
            settings={**health.settings, "place": table.path},
            dataset=health.dataset,
            asks=health.asks,
        )

    def pull(self, where: Where, cursor: str | None) -> Iterator[Piece]:
        """Yield its rows."""
        yield from pieces(_table(where), where, cursor)


def _table(where: Where) -> Table:
    path = placed(where, "database")
    if not Path(path).is_file():
        raise SourceAwayError(f"there is no file `{path}`")
    what, query = (str(where.settings.get(each) or "") for each in ("table", "query"))
    if bool(what) == bool(query):
        raise InvalidError("one of `table` and `query` says what is read")
    begin = Begin(kind="sqlite", files=files_of(path))
    return Table(begin=begin, what=what or query, is_query=bool(query), path=path)
