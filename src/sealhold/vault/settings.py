"""What is set once for a vault, as numbers; rows that decide.

Source: docs/spec/03-keys.md section 11.
"""

from sealhold.stores.spec import ColumnKind, TableSpec

SETTINGS = TableSpec(
    name="setting",
    columns={"name": ColumnKind.CODE, "value": ColumnKind.I64},
    key=("name",),
    indexes={},
)
HEADLESS = "headless"  # 1: the owner proves themselves without a terminal
MONITOR = "monitor"  # how many tokens of a monitor there were
UNSAID = "unsaid"  # each yes of people up to this instant is unknown: an older database was taken
