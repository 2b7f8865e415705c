"""A table of an SQLite file, or a query over it, read where it lies.

- The file is read as it is, with the log that may lie beside it; nothing is ever written.

Source: docs/spec/38-in-place.md section 4.
"""

from collections.abc import Mapping
from typing import ClassVar

from sealhold.compute.engine.orders import Begin
from sealhold.compute.engine.warm import files_of
from sealhold.compute.pullers.tabular import SELECTING, Table, TableFile, file_of, selected
from sealhold.connectors.pulling import Where


class SqlitePuller(TableFile):
    """Reads a table of an SQLite file."""

    kind: ClassVar[str] = "sqlite"
    about: ClassVar[str] = "A table of an SQLite file, where it lies."
    place: ClassVar[str] = "~/Notes/notes.db"
    options: ClassVar[Mapping[str, str]] = {"table": "which table", **SELECTING}

    def _table(self, where: Where) -> Table:
        path = file_of(where, "database")
        what, is_query = selected(where)
        begin = Begin(kind="sqlite", files=files_of(path))
        return Table(begin=begin, what=what, is_query=is_query, path=path)
