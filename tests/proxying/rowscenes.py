"""Tables whose rows are tagged, and what a provider may do to them past the proxy."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tests.proxying.cluster import Cluster
from tests.proxying.hostile_pg import HostileProvider
from tests.proxying.talking import Talk
from tests.proxying.worlds import LEVEL, PATIENT, SEED

TABLES: Final = (replace(PATIENT, integrity="row"), replace(LEVEL, integrity="table"))


@dataclass
class Scene:
    """A provider that may lie, and where the vault of its proxy is."""

    rented: Cluster
    provider: HostileProvider
    folder: Path

    def sql(self, text: str) -> list[tuple[str | None, ...]]:
        """Do something at the provider, past the proxy."""
        return self.rented.run(text, "rented")

    @contextmanager
    def kept(self, table: str) -> Iterator[Callable[[str], None]]:
        """Keep a table as it is now; lend what puts rows of it back."""
        self.sql(f"CREATE TABLE kept AS TABLE {table}")

        def put_back(where: str) -> None:
            self.sql(f"DELETE FROM {table} WHERE {where}")
            self.sql(f"INSERT INTO {table} SELECT * FROM kept WHERE {where}")

        try:
            yield put_back
        finally:
            self.sql("DROP TABLE kept")


def fill(link: Talk) -> None:
    """Make the tables and their rows through the proxy."""
    for table in TABLES:
        for sql in (table.create_plainly, *table.inserts(SEED)):
            (answer,) = link.say(sql)
            assert answer.kind == "done", answer
