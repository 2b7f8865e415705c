"""A person's records: how one is sealed into its row, and how a row is opened.

- Each version has its own key, wrapped under the subject's; that key seals one byte string, ever.
- Every clear column of the row stands in the seal's associated data: a row whose id, collection,
  version, job or retention was changed, or that was moved, does not open.
- Only `vault/firewall.py` opens a body for anybody: here plaintext comes out.

Source: docs/spec/02-sealing.md section 4.
"""

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from sealhold.crypto.seal import KeyKind, body_aad, body_places, wrap_aad, wrap_places
from sealhold.model import cborwriter
from sealhold.model.clock import Entropy
from sealhold.model.encoding import pack, unpack_item, unpack_own
from sealhold.model.errors import SealBrokenError
from sealhold.model.ids import (
    ID_BYTES,
    AppId,
    Collection,
    Id16,
    JobId,
    RecordId,
    SourceId,
    SubjectId,
)
from sealhold.model.records import Provenance, Record
from sealhold.stores.spec import ColumnKind, Found, ReadView, Row, TableSpec
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.versions import Versions

_COLUMNS = {
    "id": ColumnKind.ID16,
    "app": ColumnKind.ID16,
    "subject": ColumnKind.ID16,
    "coll": ColumnKind.CODE,
    "ver": ColumnKind.I64,
    "skver": ColumnKind.I64,  # version of the subject key that wraps `dek`
    "job": ColumnKind.ID16,
    "retain_until": ColumnKind.I64,  # milliseconds since 1970; 0 is without end
    "flags": ColumnKind.I64,
    "dek": ColumnKind.SEALED,
    "ct": ColumnKind.SEALED,
}
RECORDS = TableSpec(
    name="rec", columns=_COLUMNS, key=("id",), indexes={"coll": ("coll", "id"), "job": ("job",)}
)
OLDER = TableSpec(name="recold", columns=_COLUMNS, key=("id", "ver"), indexes={"job": ("job",)})
LARGE = 1  # flag: the body is a reference to a stored object
BODY = 0  # the part of a record that is its content


_HEAD = cborwriter.head_of_list(8)  # of a body
_NONE = pack(None)
_numbers = struct.Struct(">qq").pack
_PLACES = 64  # what the places of records have in common: one per collection and version of it


class Body(NamedTuple):  # one per record, like the next: made in a third of a dataclass's time
    """What a record's seal holds."""

    content: bytes  # deterministic CBOR
    large: bool  # `content` names a stored object


class Place(NamedTuple):
    """Where a version of a record stands: what its row says in the clear."""

    record: RecordId
    collection: Collection
    version: int
    job: JobId
    retain_until: int = 0  # milliseconds since 1970; 0 is without end


class Origin:
    """What the items of one input have in common."""

    def __init__(
        self, source: SourceId, job: JobId, connector: str, connector_version: str
    ) -> None:
        self.encoded = b"".join(map(pack, (source, job, connector, connector_version)))


def body_of(
    content: bytes, origin: Origin, original_id: str | None, position: str, digest: bytes
) -> bytes:
    """Return what a record's seal holds: its content, and where that came from."""
    # As `pack` writes a list of these eight: each part of an encoding is one itself.
    return b"".join(
        (
            _HEAD,
            cborwriter.data(content),
            origin.encoded,
            _NONE if original_id is None else cborwriter.text(original_id),
            cborwriter.text(position),
            cborwriter.data(digest),
        )
    )


def seal_record(keys: SubjectKeys, place: Place, body: Body, entropy: Entropy) -> Row:
    """Return the row that keeps `body` in `place`.

    Raises:
        ValueError: an id that is not 16 bytes.
    """
    record, collection, version, job, retain_until = place
    if len(record) != ID_BYTES:
        raise ValueError("an id in associated data is not 16 bytes")
    flags = LARGE if body.large else 0
    now, subject = keys.now, keys.subject
    key_place, body_place = _places(keys.app, subject, collection, version, now.version)
    wrap, sealed = now.records.envelope(
        body.content,
        key_place(subject, record),
        body_place(record) + job + _numbers(retain_until, flags),
        entropy,
    )
    return (
        record,
        keys.app,
        keys.subject,
        collection,
        version,
        now.version,
        job,
        retain_until,
        flags,
        wrap,
        sealed,
    )


def rewrapped(keys: Versions, row: Row, entropy: Entropy) -> Row:
    """Return a record's row with its key under the subject key in force; the body stays sealed.

    Raises:
        SealBrokenError: the key in it does not open.
    """
    record, app, subject, coll, version, skver, job, retain, flags, dek, sealed = row
    wrap = keys.opener(skver).rewrap(
        dek,
        wrap_aad(KeyKind.DEK, keys.app, keys.subject, record, skver),
        keys.records,
        wrap_aad(KeyKind.DEK, keys.app, keys.subject, record, keys.version),
        entropy,
    )
    return (
        record,
        app,
        subject,
        coll,
        version,
        keys.version,
        job,
        retain,
        flags,
        wrap,
        sealed,
    )


def resealed(keys: Versions, row: Row, entropy: Entropy) -> Row:
    """Return a record's row with its body sealed anew, under another key drawn for it.

    Of larger content the body is the list of its chunks; the chunks stay as they are.

    Raises:
        SealBrokenError: the row is not as it was written.
    """
    record, app, subject, coll, version, skver, job, retain, flags, dek, sealed = row
    place = _aad(keys, Place(record, coll, version, job, retain), flags)
    plain = keys.opener(skver).open_envelope(
        dek, sealed, wrap_aad(KeyKind.DEK, keys.app, keys.subject, record, skver), place
    )
    to_place = wrap_aad(KeyKind.DEK, keys.app, keys.subject, record, keys.version)
    fresh = keys.records.envelope(plain, to_place, place, entropy)
    clear = (record, app, subject, coll, version, keys.version, job, retain, flags)
    return (*clear, *fresh)


def open_body(keys: SubjectKeys, found: Found) -> Body:
    """Return what a record's row seals.

    Raises:
        SealBrokenError: the row is not as it was written, or not where it was written.
    """
    rid, app, subject, coll, version, skver, job, retain, flags, dek, ct = found.row
    if app != keys.app or subject != keys.subject:
        raise SealBrokenError("a record stands under another subject's name")
    if version < 1:
        raise SealBrokenError("a record has no such version")
    content = keys.opener(skver).open_envelope(
        dek,
        ct,
        wrap_aad(KeyKind.DEK, keys.app, keys.subject, rid, skver),
        _aad(keys, Place(rid, coll, version, job, retain), flags),
    )
    return Body(content, bool(flags & LARGE))


def open_standing(keys: SubjectKeys, rows: ReadView, found: Found) -> Body:
    """Open a row that was read before now: its key may have been turned over and ended since.

    Raises:
        SealBrokenError: it does not open, nor does the row of this version that stands there now.
    """
    try:
        return open_body(keys, found)
    except SealBrokenError:
        now = rows.get(RECORDS.name, [(found.row[0],)])[0]
        if now is None or now.row[4] != found.row[4] or now.row[5] == found.row[5]:
            raise
        return open_body(keys, now)


def record_from(found: Found, content: bytes) -> Record:
    """Return the record of a row whose opened content is `content`."""
    rid, app, subject, coll, version, *_ = found.row
    inner, source, job, connector, connector_version, original_id, position, digest = unpack_own(
        content
    )
    fields, raw = unpack_item(inner)
    return Record(
        id=RecordId(Id16(rid)),
        app=AppId(Id16(app)),
        subject=SubjectId(Id16(subject)),
        collection=Collection(coll),
        version=version,
        fields=fields,
        raw=raw,
        provenance=Provenance(
            source=SourceId(Id16(source)),
            job=JobId(Id16(job)),
            connector=connector,
            connector_version=connector_version,
            original_id=original_id,
            position=position,
            content_hash=digest,
        ),
    )


@lru_cache(_PLACES)
def _places(
    app: AppId, subject: SubjectId, collection: Collection, version: int, wrapping: int
) -> tuple[Callable[[bytes, bytes], bytes], Callable[[bytes], bytes]]:
    """Return what makes the places of a record's key and body of its id: as `_aad` begins."""
    return (
        wrap_places(KeyKind.DEK, app, wrapping),
        body_places(KeyKind.DEK, app, subject, collection, BODY, version),
    )


def _aad(keys: SubjectKeys | Versions, place: Place, flags: int) -> bytes:
    record, collection, version, job, retain_until = place
    aad = body_aad(KeyKind.DEK, keys.app, keys.subject, collection, record, BODY, version)
    return aad + job + _numbers(retain_until, flags)
