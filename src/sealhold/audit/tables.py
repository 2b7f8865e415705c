"""How the log is kept: five tables, and what each seal in them is bound to.

- `leaf`: the hash that stands in the tree, and, sealed, salt and event. The salt is 32 random
  bytes, so a hash tells nothing of its event and equal events give unlike hashes.
- `node`: the root over each full block of 16 hashes, of leaves or of nodes one level below; a
  proof then reads one block per level instead of the whole log.
- `checkpoint`: the signed note of each batch. It is sealed, because a size tells how much happens.
- `logspan`: which entries of a span are about whom (`audit/spans.py`).
- `loghead`: one row with all that appending needs. Its version is what two writers race for.
- Sealed under the subject's event key, or the log's own where an entry is about no person; the
  seal names table, subject and number, so no row can stand in for another.

Source: docs/spec/05-audit-log.md section 3.
"""

import struct
from collections.abc import Callable

from sealhold.crypto.digest import framed, sha256
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.crypto.tags import Tag
from sealhold.model.ids import Id16
from sealhold.stores.spec import ColumnKind, TableSpec

SALT_BYTES = 32
BLOCK_LEVELS = 4  # tree levels in one block
BLOCK = 1 << BLOCK_LEVELS  # 16: a row more per 15 entries, and a proof reads 80 rows, not 528
SPAN = 256  # entries in one row of the index: what is scanned behind it is at most as much
HEAD_NAME = "log"  # the key of the one row

Openers = Callable[[Id16], Sealer | None]
"""Gives the key for a subject's entries (`NOBODY`: the log's own); None if it was erased.

It may raise `TamperedError` for a subject that never was, so that a row cannot pose as erased.
"""

LEAF = TableSpec(
    name="leaf",
    columns={
        "seq": ColumnKind.I64,
        "hash": ColumnKind.HASH32,
        "subject": ColumnKind.ID16,
        "sealed": ColumnKind.SEALED,
    },
    key=("seq",),
    indexes={},
)
NODE = TableSpec(
    name="node",
    columns={"level": ColumnKind.I64, "pos": ColumnKind.I64, "hash": ColumnKind.HASH32},
    key=("level", "pos"),
    indexes={},
)
CHECKPOINT = TableSpec(
    name="checkpoint",
    columns={"size": ColumnKind.I64, "sealed": ColumnKind.SEALED},
    key=("size",),
    indexes={},
)
HEAD = TableSpec(
    name="loghead",
    columns={
        "name": ColumnKind.CODE,
        "size": ColumnKind.I64,
        "batch": ColumnKind.ID16,
        "sealed": ColumnKind.SEALED,
    },
    key=("name",),
    indexes={},
)
SPANS = TableSpec(
    name="logspan",
    columns={
        "level": ColumnKind.I64,
        "number": ColumnKind.I64,
        "part": ColumnKind.I64,
        "sealed": ColumnKind.SEALED,
    },
    key=("level", "number", "part"),
    indexes={},
)
TABLES = (LEAF, NODE, CHECKPOINT, HEAD, SPANS)

_number = struct.Struct(">Q").pack
_LEAF_PLACE = Tag.LOG_ROW + b"\x01"
_CHECKPOINT_PLACE = Tag.LOG_ROW + b"\x02" + NOBODY
_HEAD_PLACE = Tag.LOG_ROW + b"\x03"
_SPAN_PLACE = Tag.LOG_ROW + b"\x04" + NOBODY
_HASHED = framed(Tag.EVENT) + _number(SALT_BYTES)  # what `tagged` puts before the salt


def leaf_aad(subject: bytes, seq: int) -> bytes:
    """Return the place of an entry. `subject` has 16 bytes."""
    return _LEAF_PLACE + subject + _number(seq)


def checkpoint_aad(size: int) -> bytes:
    """Return the place of a checkpoint."""
    return _CHECKPOINT_PLACE + _number(size)


def head_aad(batch: bytes, size: int) -> bytes:
    """Return the place of the head after one batch, whose id has 16 bytes."""
    return _HEAD_PLACE + batch + _number(size)


def span_aad(level: int, number: int, part: int) -> bytes:
    """Return the place of a row of the index."""
    return _SPAN_PLACE + _number(level) + _number(number) + _number(part)


def entry_hash(salt: bytes, event: bytes) -> bytes:
    """Return the leaf hash of an encoded event and its 32 bytes of salt."""
    # THREAT T55: the salt is as long as the hash, so nobody finds the event by trying.
    # INVARIANT: this is the leaf hash over `tagged(Tag.EVENT, salt, event)`, without its detours.
    return sha256(b"\0", sha256(_HASHED, salt, _number(len(event)), event))
