"""The rows of snapshots: their envelopes, the parts that they share, and which is the newest.

- The tip decides: it is under the set hash, so a shorter or older chain is not taken for this one.

Source: docs/spec/46-snapshots.md sections 1 and 3.
"""

from typing import Final

from sealhold.stores.spec import ColumnKind, TableSpec

SNAPSHOTS = TableSpec(
    name="snapshot",
    columns={"id": ColumnKind.HASH32, "paper": ColumnKind.SEALED},
    key=("id",),
    indexes={},
)
PARTS = TableSpec(
    name="snapshotpart",
    columns={"id": ColumnKind.HASH32, "paper": ColumnKind.SEALED},
    key=("id",),
    indexes={},
)
TIP = TableSpec(
    name="snapshottip",
    columns={"one": ColumnKind.I64, "id": ColumnKind.HASH32, "number": ColumnKind.I64},
    key=("one",),
    indexes={},
)
TABLES = (SNAPSHOTS, PARTS)
DECIDING = (TIP,)
COUNT: Final = "snapshots"  # a setting: the number of the tip, while an older form has no tip
