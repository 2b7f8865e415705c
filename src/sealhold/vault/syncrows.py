"""The rows of a device: who it is, whom it knows, and what was written in each collection.

- Entries stand as they travel; what opens them stands sealed in other rows.
- Who is a member and which secrets there are decides, so it is under the set hash.

Source: docs/spec/11-exchange-and-op-log.md; docs/spec/12-membership.md.
"""

from sealhold.stores.spec import ColumnKind, TableSpec
from sealhold.vault.linkrows import LINKS

SELF = TableSpec(
    name="syncself",
    columns={"one": ColumnKind.I64, "paper": ColumnKind.SEALED},
    key=("one",),
    indexes={},
)
COLLECTIONS = TableSpec(
    name="synccollection",
    columns={"id": ColumnKind.ID16, "paper": ColumnKind.SEALED},
    key=("id",),
    indexes={},
)
MEMBERS = TableSpec(
    name="syncmember",
    columns={
        "collection": ColumnKind.ID16,
        "id": ColumnKind.HASH32,  # of the entry as it travels
        "paper": ColumnKind.SEALED,
    },
    key=("collection", "id"),
    indexes={},
)
SECRETS = TableSpec(
    name="syncsecret",
    columns={
        "collection": ColumnKind.ID16,
        "kind": ColumnKind.CODE,  # collection | epoch | bag
        "id": ColumnKind.ID16,
        "paper": ColumnKind.SEALED,
    },
    key=("collection", "kind", "id"),
    indexes={},
)
CARRIERS = TableSpec(
    name="synccarrier",
    columns={"id": ColumnKind.ID16, "paper": ColumnKind.SEALED},
    key=("id",),
    indexes={},
)
ENTRIES = TableSpec(
    name="syncentry",
    columns={
        "collection": ColumnKind.ID16,
        "device": ColumnKind.ID16,
        "incarnation": ColumnKind.ID16,
        "seq": ColumnKind.I64,
        "hash": ColumnKind.HASH32,
        "entry": ColumnKind.SEALED,  # as it travels
    },
    key=("collection", "device", "incarnation", "seq"),
    indexes={},
)
SEGMENTS = TableSpec(
    name="syncsegment",
    columns={
        "collection": ColumnKind.ID16,
        "id": ColumnKind.ID16,
        "paper": ColumnKind.SEALED,
    },
    key=("collection", "id"),
    indexes={},
)
SENT = TableSpec(
    name="syncsent",
    columns={
        "carrier": ColumnKind.ID16,
        "collection": ColumnKind.ID16,
        "device": ColumnKind.ID16,
        "incarnation": ColumnKind.ID16,
        "seq": ColumnKind.I64,  # up to which the carrier has shown or taken it
    },
    key=("carrier", "collection", "device", "incarnation"),
    indexes={},
)
FILES = TableSpec(
    name="syncfile",
    columns={
        "collection": ColumnKind.ID16,
        "name": ColumnKind.HASH32,  # of the path, keyed
        "paper": ColumnKind.SEALED,
    },
    key=("collection", "name"),
    indexes={},
)
ASIDE = TableSpec(
    name="syncaside",
    columns={
        "collection": ColumnKind.ID16,
        "id": ColumnKind.HASH32,  # of the bytes that were refused
        "paper": ColumnKind.SEALED,
    },
    key=("collection", "id"),
    indexes={},
)
SHARING = TableSpec(
    name="syncsharing",
    columns={
        "one": ColumnKind.I64,
        "incarnation": ColumnKind.ID16,  # of this device: who may spend what was leased to it
    },
    key=("one",),
    indexes={},
)
HELD = TableSpec(
    name="syncslice",
    columns={
        "budget": ColumnKind.TAG16,
        "number": ColumnKind.I64,
        "incarnation": ColumnKind.ID16,
        "amount": ColumnKind.I64,
        "spent": ColumnKind.I64,
    },
    key=("budget", "number"),
    indexes={},
)
WANTED = TableSpec(
    name="syncwant",
    columns={"budget": ColumnKind.TAG16, "paper": ColumnKind.SEALED},
    key=("budget",),
    indexes={},
)
BOOKS = TableSpec(
    name="syncbook",
    columns={"budget": ColumnKind.TAG16, "paper": ColumnKind.SEALED},
    key=("budget",),
    indexes={},
)
SHARE_LEDGERS = TableSpec(
    name="shareledger",
    columns={"grant": ColumnKind.ID16, "paper": ColumnKind.SEALED},
    key=("grant",),
    indexes={},
)
SHARE_USES = TableSpec(
    name="shareuse",
    columns={
        "grant": ColumnKind.ID16,
        "nonce": ColumnKind.ID16,  # of the note that asked
        "paper": ColumnKind.SEALED,
    },
    key=("grant", "nonce"),
    indexes={},
)
SHARE_TASKS = TableSpec(
    name="sharetask",
    columns={
        "grant": ColumnKind.ID16,
        "task": ColumnKind.HASH32,
        "ended": ColumnKind.I64,  # 0 while it has not
        "paper": ColumnKind.SEALED,
    },
    key=("grant",),
    indexes={},
)
SHARE_LEASES = TableSpec(
    name="sharelease",
    columns={
        "grant": ColumnKind.ID16,
        "first": ColumnKind.I64,  # number of the first use that was lent
        "paper": ColumnKind.SEALED,
    },
    key=("grant", "first"),
    indexes={},
)
LETTERS = TableSpec(
    name="syncletter",
    columns={
        "way": ColumnKind.CODE,  # in | out
        "id": ColumnKind.ID16,  # of the letter
        "paper": ColumnKind.SEALED,
    },
    key=("way", "id"),
    indexes={},
)
DECIDING = (
    *(SELF, COLLECTIONS, MEMBERS, SECRETS, CARRIERS),
    *(SHARING, HELD, WANTED, BOOKS),
    *(SHARE_LEDGERS, SHARE_LEASES, SHARE_TASKS, LINKS),
)
TABLES = (ENTRIES, SEGMENTS, SENT, FILES, ASIDE, LETTERS, SHARE_USES)
