"""The rows of people who were erased: by app and keyed name, by receipt, and by key epoch.

Source: docs/spec/27-rights.md section 2.
"""

from collections.abc import Iterator

from sealhold.model.ids import AppId, Id16
from sealhold.stores.spec import ColumnKind, ReadView, TableSpec

ERASED = TableSpec(
    name="erasedperson",
    columns={
        "app": ColumnKind.ID16,
        "name": ColumnKind.TAG16,
        "receipt": ColumnKind.ID16,
        "epoch": ColumnKind.I64,
        "facts": ColumnKind.SEALED,
    },
    key=("app", "name"),
    indexes={"receipt": ("receipt",), "epoch": ("epoch", "app")},
)


def apps_erased_in(view: ReadView, epoch: int) -> Iterator[AppId]:
    """Yield each app of whose people one was erased in an epoch, perhaps more than once."""
    cursor = None
    while True:
        page = view.scan(ERASED.name, "epoch", (epoch,), (epoch + 1,), after=cursor)
        yield from (AppId(Id16(found.row[0])) for found in page.rows)
        cursor = page.cursor
        if cursor is None:
            return
