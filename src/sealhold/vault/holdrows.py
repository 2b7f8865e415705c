"""The rows of holds, and of what is held: all that a vault without any needs to know of them.

Source: docs/spec/32-holds.md sections 1 and 3.
"""

from sealhold.stores.spec import ColumnKind, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.deciding import scan_all

HOLDS = TableSpec(
    name="hold",
    columns={
        "id": ColumnKind.ID16,
        "app": ColumnKind.ID16,
        "state": ColumnKind.CODE,
        "until": ColumnKind.I64,  # milliseconds since 1970
        "paper": ColumnKind.SEALED,
    },
    key=("id",),
    indexes={},
)
TURNS = TableSpec(  # how often the holds of an app changed
    name="holdturn",
    columns={"app": ColumnKind.ID16, "turn": ColumnKind.I64},
    key=("app",),
    indexes={},
)
DECIDING = (HOLDS, TURNS)
STANDING, ENDING = "standing", "ending"
KEEPINGS = TableSpec(
    name="keeping",
    columns={
        "id": ColumnKind.ID16,
        "app": ColumnKind.ID16,
        "hold": ColumnKind.ID16,
        "name": ColumnKind.TAG16,  # that of the erased person's receipt
        "paper": ColumnKind.SEALED,
    },
    key=("id",),
    indexes={"hold": ("hold", "id")},
)


def keeping_ids(core: Core) -> set[bytes]:
    """Return the id of everything that is held."""
    return {found.row[0] for found in scan_all(core.store, KEEPINGS)}


def is_any_over(core: Core) -> bool:
    """Return whether a hold is ending, or its day has come."""
    now = core.clock()
    return any(
        found.row[2] == ENDING or found.row[3] <= now for found in core.deciding.all(HOLDS.name)
    )
