"""A Parquet, CSV or JSON file as a table, read where it lies.

- Which of the three it is its first bytes say, not its name.

Source: docs/spec/38-in-place.md section 5.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from sealhold.compute.engine.orders import Begin
from sealhold.compute.pullers.tabular import OPTIONS, Table, looked, pieces, placed
from sealhold.connectors.pulling import Health, Piece, Where
from sealhold.model.errors import SourceAwayError


class TablePuller:
    """Reads a table that is a file."""

    kind: ClassVar[str] = "table"
    about: ClassVar[str] = "A Parquet, CSV or JSON file as a table, where it lies."
    place: ClassVar[str] = "~/Exports/readings.parquet"
    options: ClassVar[Mapping[str, str]] = OPTIONS
    is_local: ClassVar[bool] = True
    is_whole: ClassVar[bool] = True
    can_stay: ClassVar[bool] = True

    def check(self, where: Where) -> Health:
        """Look which columns and how many rows the file has."""
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
    path = placed(where, "table")
    if not Path(path).is_file():
        raise SourceAwayError(f"there is no file `{path}`")
    return Table(begin=Begin(kind="table", files=(path,)), path=path)
