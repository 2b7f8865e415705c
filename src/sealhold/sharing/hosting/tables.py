"""The rows of a relay: accounts, mailboxes, tokens, and what lies where.

- Nothing here is a credential, a name or an address: each column stands in `relay-view.toml`.
- When something came is not kept: `arrival` only counts within one mailbox.

Source: docs/spec/14-relay.md section 3.
"""

import re
from typing import Final

from sealhold.model.ids import Id16
from sealhold.net.relay.names import FIRST, MAX_SEQ, Item, Sort
from sealhold.sharing.hosting.linkrows import TABLES as LINK_TABLES
from sealhold.stores.spec import ColumnKind, Found, Key, TableSpec

ACCOUNT: Final = TableSpec(
    name="account",
    columns={"id": ColumnKind.ID16, "used": ColumnKind.I64, "boxes": ColumnKind.I64},
    key=("id",),
    indexes={},
)
BOX: Final = TableSpec(
    name="box",
    columns={
        "id": ColumnKind.ID16,
        "account": ColumnKind.ID16,
        "key": ColumnKind.HASH32,  # public; signs the mailbox's papers
        "number": ColumnKind.I64,  # of the newest paper
    },
    key=("id",),
    indexes={},
)
TOKEN: Final = TableSpec(
    name="token",
    columns={"id": ColumnKind.ID16, "box": ColumnKind.ID16, "rights": ColumnKind.CODE},
    key=("id",),
    indexes={"box": ("box",)},
)
ITEM: Final = TableSpec(
    name="item",
    columns={
        "box": ColumnKind.ID16,
        "sort": ColumnKind.CODE,
        "name": ColumnKind.HASH32,  # 16 bytes are filled up with zeros
        "seq": ColumnKind.I64,
        "size": ColumnKind.I64,  # bytes
        "arrival": ColumnKind.I64,  # counts within the mailbox; 0 of a pack
    },
    key=("box", "sort", "name", "seq"),
    indexes={"arrival": ("box", "arrival")},
)
TABLES: Final = (ACCOUNT, BOX, TOKEN, ITEM, *LINK_TABLES)
SHORT: Final = 16  # bytes of the names of keys and logs
PAST: Final = "~"  # sorts behind every sort
_PARTS: Final = {(Sort.LOG.value, 2 * SHORT), (Sort.PACK.value, len("ii"))}
_HEX: Final = re.compile(r"[0-9a-f]+")


def key_of(item: Item) -> Key:
    """Return the key of an object's row."""
    return (item.box, item.sort.value, filled(item.name), item.seq)


def filled(name: bytes) -> bytes:
    """Return a name as its column has it."""
    return (name + FIRST)[: len(FIRST)]


def item_at(found: Found) -> tuple[Item, int]:
    """Return what a row tells: an object, and its length."""
    box, sort, name, seq, size, _arrival = found.row
    which = Sort(sort)
    is_short = which in {Sort.KEY, Sort.LOG}
    return Item(Id16(box), which, name[:SHORT] if is_short else name, seq), size


def span(box: Id16, within: str) -> tuple[Key, Key] | None:
    """Return the first key of what lies below a part of a mailbox, and the first behind it.

    None if `within` is none of "", a sort, `log/LOG` and `pack/II`.
    """
    sort, _, rest = within.partition("/")
    if not within:
        return (box,), (box, PAST)
    if sort not in list(Sort):
        return None
    if not rest:
        return (box, sort), (box, sort + PAST)
    if (sort, len(rest)) not in _PARTS or not _HEX.fullmatch(rest):
        return None
    first = bytes.fromhex(rest)
    past = int.from_bytes(first) + 1
    is_last = past == 1 << 8 * len(first)
    hi = (box, sort + PAST) if is_last else (box, sort, filled(past.to_bytes(len(first))))
    return (box, sort, filled(first)), hi


def behind(item: Item) -> Key:
    """Return the first key that can stand behind that of `item`."""
    box, sort, name, seq = key_of(item)
    return (box, sort, name, min(seq + 1, MAX_SEQ))
