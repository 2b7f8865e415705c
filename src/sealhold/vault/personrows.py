"""Records of people: how a version is sealed into its row, and how a row is opened.

- Each version has a key of its own, kept in a block of its person's keys; it seals one byte string.
- Person, collection, id, version and every other clear column stand in the seal's associated data:
  a row that was moved or edited does not open.
- Content is filled up to the next multiple of 32 bytes, so a row does not tell its length.
- A version that another one replaced moves to the table of older ones as it is, seal and all.
- Only `vault/firewall.py` opens a record for anybody.

Source: docs/spec/25-records-of-people.md section 2.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from sealhold.crypto.seal import KeyKind, body_aad, body_places, open_once, seal_once
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import pack, unpack_own
from sealhold.model.errors import InvalidEncodingError, SealBrokenError
from sealhold.model.ids import ID_BYTES, Collection, Id16, RecordId, SubjectId
from sealhold.model.personrecords import Content, RecordHead
from sealhold.model.quantities import Instant
from sealhold.stores.spec import ColumnKind, Found, Row, TableSpec
from sealhold.vault.identifiable import emptied, filled
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keyslots import Slot
from sealhold.vault.versions import Versions

_COLUMNS = {
    "subject": ColumnKind.ID16,
    "coll": ColumnKind.CODE,
    "id": ColumnKind.ID16,
    "ver": ColumnKind.I64,
    "block": ColumnKind.I64,  # where its key is
    "slot": ColumnKind.I64,
    "retain_until": ColumnKind.I64,  # milliseconds since 1970; 0 is without end
    "flags": ColumnKind.I64,
    "written": ColumnKind.I64,  # milliseconds since 1970
    "ct": ColumnKind.SEALED,
}
RECORDS = TableSpec(
    name="personrecord",
    columns=_COLUMNS,
    key=("subject", "coll", "id"),
    indexes={"due": ("retain_until",)},
)
OLDER = TableSpec(
    name="personrecordold",
    columns=_COLUMNS,
    key=("subject", "coll", "id", "ver"),
    indexes={"due": ("retain_until",)},
)
TABLES = (RECORDS, OLDER)
CONTENT = 2  # the part that is a record of a person; 0 is one of the owner's, 1 a profile's field
PLAIN = 0  # flags: none is in use

_numbers = struct.Struct(">qqqqq").pack


class Stand(NamedTuple):
    """Where a version of a record stands: what its row says in the clear."""

    collection: Collection
    record: RecordId
    version: int
    key: Slot
    retain_until: Instant
    written: Instant
    flags: int = PLAIN

    @classmethod
    def of(cls, found: Found) -> "Stand":
        """Return what a row says."""
        _, coll, record, version, block, slot, retain, flags, written, _ = found.row
        return cls(
            Collection(coll),
            RecordId(Id16(record)),
            version,
            Slot(block, slot),
            Instant(retain),
            Instant(written),
            flags,
        )

    def is_over(self, now: Instant) -> bool:
        """Return whether this version has been kept as long as it may be."""
        return 0 < self.retain_until <= now

    def head(self, subject: SubjectId) -> RecordHead:
        """Return what is shown of it."""
        return RecordHead(
            subject=subject,
            collection=self.collection,
            id=self.record,
            version=self.version,
            written_at=self.written,
            retain_until=self.retain_until,
        )


def is_left_out(found: Found | None) -> bool:
    """Return whether a row was read without its content, which is long."""
    return found is not None and found.row[-1] is None


def seal_version(keys: SubjectKeys, stand: Stand, dek: bytes, plain: bytes) -> Row:
    """Return the row that keeps `plain`, a packed content, under the key `dek`."""
    sealed = seal_once(Secret(dek, "record key"), filled(plain), _place(keys, stand))
    return (
        keys.subject,
        stand.collection,
        stand.record,
        stand.version,
        stand.key.block,
        stand.key.slot,
        stand.retain_until,
        stand.flags,
        stand.written,
        sealed,
    )


def seal_new(
    keys: SubjectKeys, collection: Collection, retain_until: Instant, written: Instant
) -> Callable[[RecordId, Slot, bytes, bytes], Row]:
    """Return what does as `seal_version` for many first versions, in two thirds of the time."""
    place_of = body_places(KeyKind.DEK, keys.app, keys.subject, collection, CONTENT, 1)
    subject, seal, secret = keys.subject, seal_once, Secret

    def sealed(record: RecordId, key: Slot, dek: bytes, plain: bytes) -> Row:
        block, slot = key
        numbers = (block, slot, retain_until, PLAIN, written)
        place = place_of(record) + _numbers(*numbers)
        content = seal(secret(dek, "record key"), filled(plain), place)
        return (subject, collection, record, 1, *numbers, content)

    return sealed


def open_row(keys: SubjectKeys, found: Found, dek: Secret) -> Content:
    """Return the content of a row, which must be of this person, under the key that it names.

    Raises:
        SealBrokenError: it is not as it was written, or not where it was written.
    """
    (content,) = open_stands(keys, ((found, Stand.of(found), dek),))
    return content


def open_stands(
    keys: SubjectKeys, rows: Iterable[tuple[Found, Stand, Secret]]
) -> Iterator[Content]:
    """Yield the content of rows whose columns were read before, each under its own key.

    What their places have in common is made once.

    Raises:
        SealBrokenError: one is not as it was written, or not where it was written.
    """
    places: dict[tuple[Collection, int], Callable[[bytes], bytes]] = {}
    for found, stand, dek in rows:
        collection, record, version, (block, slot), retain_until, written, flags = stand
        if found.row[0] != keys.subject or version < 1 or flags != PLAIN:
            raise SealBrokenError("a record stands under another person's name")
        place_of = places.get((collection, version))
        if place_of is None:
            place_of = places[collection, version] = body_places(
                KeyKind.DEK, keys.app, keys.subject, collection, CONTENT, version
            )
        # THREAT T241: the place is told from the row's own columns, so an edited one does not open
        if len(record) != ID_BYTES:
            raise SealBrokenError("a record has an id that is none")
        place = place_of(record) + _numbers(block, slot, retain_until, flags, written)
        content: Content = unpack_own(emptied(open_once(dek, found.row[9], place)))
        yield content


def resealed(keys: Versions, row: Row, old: Secret, new: Secret) -> Row:
    """Return a row with its content sealed anew, under another key of the same slot.

    Raises:
        SealBrokenError: it is not as it was written.
    """
    place = _place(keys, Stand.of(Found(row, 0)))
    return (*row[:-1], seal_once(new, open_once(old, row[-1], place), place))


def packed(content: Content) -> bytes:
    """Return a record's content in its one encoding.

    Raises:
        InvalidEncodingError: it holds what JSON has not, half a character for instance.
    """
    try:
        return pack(content)
    except (UnicodeEncodeError, ValueError, TypeError, RecursionError) as err:
        raise InvalidEncodingError("a record's content is not JSON") from err


def _place(keys: SubjectKeys | Versions, stand: Stand) -> bytes:
    collection, record, version, (block, slot), retain_until, written, flags = stand
    aad = body_aad(KeyKind.DEK, keys.app, keys.subject, collection, record, CONTENT, version)
    return aad + _numbers(block, slot, retain_until, flags, written)
