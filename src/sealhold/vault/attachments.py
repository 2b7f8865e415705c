"""Attachments of records: what a row says of one, and how its paper is sealed.

- An attachment has a number of its record, and belongs to the record, whatever version that is at.
- Its paper holds media type and manifest, under a key of its own in a block of the person's keys.
- Which packs hold it stands in a table, so that they go with it though nothing of it opens.
- Only `vault/firewall.py` opens one for anybody.

Source: docs/spec/25-records-of-people.md section 7.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sealhold.audit.reading import rows as all_rows
from sealhold.crypto.seal import KeyKind, body_aad, open_once, seal_once
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import pack, unpack_own
from sealhold.model.errors import SealBrokenError
from sealhold.model.ids import Collection, Id16, RecordId, SubjectId
from sealhold.model.personrecords import AttachmentHead
from sealhold.model.quantities import Instant
from sealhold.stores.spec import (
    ColumnKind,
    Delete,
    Expect,
    Found,
    Op,
    Put,
    ReadView,
    Row,
    TableSpec,
)
from sealhold.vault.deciding import rows_of
from sealhold.vault.keyblocks import Held
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keyslots import Slot
from sealhold.vault.objects import PACKS
from sealhold.vault.personpacks import Packed, Part

ATTACHMENTS = TableSpec(
    name="attachment",
    columns={
        "subject": ColumnKind.ID16,
        "coll": ColumnKind.CODE,
        "id": ColumnKind.ID16,
        "n": ColumnKind.I64,
        "ver": ColumnKind.I64,
        "block": ColumnKind.I64,  # where its key is
        "slot": ColumnKind.I64,
        "size": ColumnKind.I64,  # bytes of content
        "retain_until": ColumnKind.I64,  # milliseconds since 1970; 0 is without end
        "written": ColumnKind.I64,  # milliseconds since 1970
        "ct": ColumnKind.SEALED,
    },
    key=("subject", "coll", "id", "n"),
    indexes={"due": ("retain_until",)},
)
ATTACHED_PACKS = TableSpec(
    name="attachmentpack",
    columns={
        "subject": ColumnKind.ID16,
        "coll": ColumnKind.CODE,
        "id": ColumnKind.ID16,
        "n": ColumnKind.I64,
        "pack": ColumnKind.HASH32,
    },
    key=("subject", "coll", "id", "n", "pack"),
    indexes={},
)
TABLES = (ATTACHMENTS, ATTACHED_PACKS)
PAPER = 3  # the part that is an attachment's paper; 2 is a record's content

_numbers = struct.Struct(">qqqqqq").pack


class Attached(NamedTuple):
    """Where an attachment stands: what its row says in the clear."""

    collection: Collection
    record: RecordId
    number: int
    version: int
    key: Slot
    size: int
    retain_until: Instant
    written: Instant

    @classmethod
    def of(cls, found: Found) -> "Attached":
        """Return what a row says."""
        _, coll, record, number, version, block, slot, size, retain, written, _ = found.row
        place = Slot(block, slot)
        name = Collection(coll), RecordId(Id16(record))
        return cls(*name, number, version, place, size, Instant(retain), Instant(written))

    def is_over(self, now: Instant) -> bool:
        """Return whether it has been kept as long as it may be."""
        return 0 < self.retain_until <= now

    def head(self, subject: SubjectId) -> AttachmentHead:
        """Return what is shown of it."""
        return AttachmentHead(
            subject=subject,
            collection=self.collection,
            record=self.record,
            number=self.number,
            version=self.version,
            size=self.size,
            written_at=self.written,
            retain_until=self.retain_until,
        )


class Paper(NamedTuple):
    """What is sealed of an attachment."""

    media: str
    parts: list[Part]


def seal_paper(keys: SubjectKeys, attached: Attached, dek: bytes, paper: Paper) -> Row:
    """Return the row that keeps an attachment's paper under the key `dek`."""
    plain = pack([paper.media, [list(part) for part in paper.parts]])
    sealed = seal_once(Secret(dek, "attachment key"), plain, _place(keys, attached))
    collection, record, number, version, (block, slot), size, retain_until, written = attached
    clear = (keys.subject, collection, record, number, version, block, slot, size)
    return (*clear, retain_until, written, sealed)


def open_paper(keys: SubjectKeys, found: Found, dek: Secret) -> Paper:
    """Return the paper of a row, which must be of this person, under the key that it names.

    Raises:
        SealBrokenError: it is not as it was written, or not where it was written.
    """
    attached = Attached.of(found)
    if found.row[0] != keys.subject or attached.version < 1 or attached.number < 1:
        raise SealBrokenError("an attachment stands under another person's name")
    # THREAT T246: the record and the number that it is of are part of the seal
    media, parts = unpack_own(open_once(dek, found.row[-1], _place(keys, attached)))
    paper = Paper(media, [Part(*part) for part in parts])
    if sum(part.size for part in paper.parts) != attached.size:
        raise SealBrokenError("an attachment is of another size than its row says")
    return paper


def of_record(view: ReadView, subject: SubjectId, collection: str, record: bytes) -> list[Found]:
    """Return the attachments of a record, in the order of their numbers."""
    start, end = (subject, collection, record), (subject, collection, record + b"\0")
    return [*all_rows(view, ATTACHMENTS.name, start, end)]


def packs_of(view: ReadView, found: Found) -> list[bytes]:
    """Return the packs of an attachment."""
    *start, number = found.row[:4]
    rows = view.scan(ATTACHED_PACKS.name, "key", (*start, number), (*start, number + 1)).rows
    return [each.row[4] for each in rows]


def put_packs(subject: SubjectId, attached: Attached, packed: Packed) -> list[Op]:
    """Return the operations that name the packs of an attachment."""
    place = (subject, attached.collection, attached.record, attached.number)
    ops: list[Op] = []
    for digest, size in packed.packs.items():
        ops.append(Put(PACKS.name, (digest, subject, size), Expect.ABSENT))
        ops.append(Put(ATTACHED_PACKS.name, (*place, digest), Expect.ABSENT))
    return ops


def drop_rows(found: Found, packs: Iterable[bytes]) -> list[Op]:
    """Return the operations that name the packs of an attachment no more."""
    ops: list[Op] = []
    for digest in packs:
        ops.append(Delete(PACKS.name, (digest,)))
        ops.append(Delete(ATTACHED_PACKS.name, (*found.row[:4], digest)))
    return ops


def detached(view: ReadView, held: Held, attached: Sequence[Found]) -> tuple[list[Op], list[bytes]]:
    """Return the operations that take attachments out, and the packs that go then."""
    ops: list[Op] = []
    gone: list[bytes] = []
    for found in attached:
        packs = packs_of(view, found)
        held.free(Attached.of(found).key)
        ops += [Delete(ATTACHMENTS.name, found.row[:4], found.v), *drop_rows(found, packs)]
        gone += packs
    return ops, gone


def all_packs(view: ReadView, subject: SubjectId) -> list[bytes]:
    """Return every pack that holds content of a person."""
    return [each.row[4] for each in rows_of(view, ATTACHED_PACKS, "key", subject)]


def _place(keys: SubjectKeys, attached: Attached) -> bytes:
    collection, record, number, version, (block, slot), size, retain_until, written = attached
    aad = body_aad(KeyKind.DEK, keys.app, keys.subject, collection, record, PAPER, version)
    return aad + _numbers(number, block, slot, size, retain_until, written)
