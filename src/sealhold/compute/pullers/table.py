"""A Parquet, CSV or JSON file as a table, read where it lies.

- Which of the three it is its first bytes say, not its name.

Source: docs/spec/38-in-place.md section 5.
"""

from collections.abc import Mapping
from typing import ClassVar

from sealhold.compute.engine.orders import Begin
from sealhold.compute.pullers.tabular import OPTIONS, Table, TableFile, file_of
from sealhold.connectors.pulling import Where


class TablePuller(TableFile):
    """Reads a table that is a file."""

    kind: ClassVar[str] = "table"
    about: ClassVar[str] = "A Parquet, CSV or JSON file as a table, where it lies."
    place: ClassVar[str] = "~/Exports/readings.parquet"
    options: ClassVar[Mapping[str, str]] = OPTIONS

    def _table(self, where: Where) -> Table:
        path = file_of(where, "table")
        return Table(begin=Begin(kind="table", files=(path,)), path=path)
