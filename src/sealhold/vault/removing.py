"""One item out of the vault: all its versions, what recognises it on import, and its words.

- Each operation is made here, and whoever erases puts them into one commit.
- The segments of the index that list it are written again without it; places of others stand.
- Content of over 64 KiB lies in packs, which share their chunks with other items: nothing names it
  any more, and its sealed chunks stay until the packs are made anew.

Source: docs/spec/09-leakage.md section 12.
"""

from collections.abc import Iterator

from sealhold.model.errors import NotFoundError
from sealhold.model.ids import Collection, Id16, Kind, RecordId, show
from sealhold.stores.spec import Delete, Op
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.index import Index
from sealhold.vault.owned import OLDER, RECORDS
from sealhold.vault.recognising import IDENTITIES


def place_of(core: Core, record: RecordId) -> tuple[Collection, bytes]:
    """Return an item's collection, and the 16-byte name that it keeps for tasks.

    Raises:
        NotFoundError: no such item.
    """
    found = core.store.get(RECORDS.name, [(record,)])[0]
    if found is None:
        raise NotFoundError(f"no item `{show(Kind.RECORD, record)}`")
    tags = [tag for tag, known in _identities(core, Id16(found.row[6])) if known == record]
    return Collection(found.row[3]), tags[0] if tags else bytes(record)


def removing(core: Core, index: Index, record: RecordId, logical: bytes) -> Iterator[Op]:
    """Yield the operations after which nothing of an item is kept."""
    yield Delete(RECORDS.name, (record,))
    for found in rows_of(core.store, OLDER, "key", record):
        yield Delete(OLDER.name, (record, found.row[4]))
    if logical != record:
        yield Delete(IDENTITIES.name, (logical,))
    yield from index.without(record)


def _identities(core: Core, job: Id16) -> Iterator[tuple[bytes, bytes]]:
    return ((each.row[0], each.row[1]) for each in rows_of(core.store, IDENTITIES, "job", job))
