"""Which record stores the suite is run on. A plug-in joins by the entry point group below.

An opener takes an empty folder and returns a store over it that is not open; called twice on one
folder, it returns two stores of one place. Only `memory` forgets all when its object goes.
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

from sealhold.stores.backends.memory import MemoryRecords
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.spec import RecordStore

Opener = Callable[[Path], RecordStore]

GROUP = "sealhold.record_stores.conformance"

LASTING: dict[str, Opener] = {
    "sqlcipher": lambda folder: SqlCipherStore(folder / "store.db"),
    **{point.name: point.load() for point in entry_points(group=GROUP)},
}
OPENERS: dict[str, Opener] = {
    "memory": lambda _folder: MemoryRecords(),
    **LASTING,
}
