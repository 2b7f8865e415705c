"""The row of a link share that its owner made: where it lies, what it is of, and what became of it.

- The link's key is not in it; the token that ends the link is.
- Which links there are decides what strangers can open, so the row is under the set hash.

Source: docs/spec/53-link-shares.md section 6.
"""

from sealhold.stores.spec import ColumnKind, TableSpec

LINKS = TableSpec(
    name="sharelink",
    columns={"id": ColumnKind.ID16, "paper": ColumnKind.SEALED},
    key=("id",),
    indexes={},
)
