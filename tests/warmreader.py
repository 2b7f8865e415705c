"""The reader of files as tests take it: one server for all vaults of a test process.

It is the vault's own, jailed and in a process of its own; each file has a worker of its own, as
everywhere. To start a server costs more than most tests do with it. What the server itself does is
tried in tests/attack/test_connector_cell.py and tests/scenarios/test_reader_cell.py.
"""

import atexit
from typing import Final

from sealhold.compute.warmcell import WarmCell

KEPT = 600.0  # seconds

READER: Final = WarmCell(kept=KEPT)

atexit.register(READER.close)
