"""What the rows keep of the log: its size and the hash of the rows that decide, and a mark of HEAD.

Source: docs/spec/03-keys.md section 11; docs/spec/05-audit-log.md section 6.
"""

from sealhold.crypto.digest import keyed
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.stores.spec import ColumnKind, TableSpec

SET_HASH = TableSpec(
    name="sethash",
    columns={"one": ColumnKind.I64, "size": ColumnKind.I64, "mac": ColumnKind.HASH32},
    key=("one",),
    indexes={},
)
HEAD_MARK = TableSpec(
    name="headmark",
    columns={"one": ColumnKind.I64, "size": ColumnKind.I64, "generation": ColumnKind.I64},
    key=("one",),
    indexes={},
)


def set_mac(key: Secret, size: int, total: int) -> bytes:
    """Return what binds the sum of the rows that decide to the log's size."""
    return keyed(key, Tag.SET_SUM, size.to_bytes(8, "big"), total.to_bytes(32, "big"))
