"""Which record stores the suite is run on. A plug-in joins by the entry point group below.

An opener takes an empty folder and returns a store over it that is not open; called twice on one
folder, it returns two stores of one place. Only `memory` forgets all when its object goes.
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

from sealhold.stores.backends.memory import MemoryRecords
from sealhold.stores.backends.postgres import PostgresStore
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.remembering import Remembering
from sealhold.stores.spec import RecordStore

from . import pgserver
from .record_bench import LEAVES, THINGS

Opener = Callable[[Path], RecordStore]

GROUP = "sealhold.record_stores.conformance"

IN_FILES: dict[str, Opener] = {  # below the folder itself
    "sqlcipher": lambda folder: SqlCipherStore(folder / "store.db"),
}
LASTING: dict[str, Opener] = {
    **IN_FILES,
    "postgres": lambda folder: PostgresStore(pgserver.client(), pgserver.schema_of(folder)),
    **{point.name: point.load() for point in entry_points(group=GROUP)},
}
OPENERS: dict[str, Opener] = {
    "memory": lambda _folder: MemoryRecords(),
    "remembering": lambda folder: Remembering(SqlCipherStore(folder / "r.db"), (THINGS, LEAVES)),
    **LASTING,
}
