"""Which object stores the suite is run on. A plug-in joins by the entry point group below.

An opener takes an empty folder and returns a store over it; called twice on one folder, it returns
two stores of one place. Only `memory` forgets all when its object goes.
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from secrets import token_hex

from sealhold.stores.backends.folder import FolderObjects
from sealhold.stores.backends.localdir import LocalDir
from sealhold.stores.backends.memory import MemoryObjects
from sealhold.stores.spec import ObjectStore

from . import s3server

Opener = Callable[[Path], ObjectStore]

GROUP = "sealhold.object_stores.conformance"

IN_FILES: dict[str, Opener] = {  # below the folder itself
    "localdir": LocalDir,
    "folder": lambda folder: FolderObjects(folder, token_hex(8)),
}
LASTING: dict[str, Opener] = {
    **IN_FILES,
    "bucket": s3server.objects_of,
    **{point.name: point.load() for point in entry_points(group=GROUP)},
}
OPENERS: dict[str, Opener] = {"memory": lambda _folder: MemoryObjects(), **LASTING}
