"""The fields of profiles: each sealed under a key of its own, so that one can be opened alone.

- A field's key is wrapped under the person's key and seals one value, once; a change draws another.
  The row says under which version of the person's key, and is opened by that one.
- Person, field, version and term stand in the seal's associated data: a row that was moved to
  another person, another field or another version does not open.
- A value is filled up to the next multiple of 32 bytes, so its row does not tell its length.
- Only `vault/firewall.py` opens a field for anybody.

Source: docs/spec/24-people.md section 2.
"""

import struct

from sealhold.crypto.seal import NOBODY, KeyKind, body_aad, wrap_aad
from sealhold.model.clock import Entropy
from sealhold.model.encoding import pack, unpack_own
from sealhold.model.errors import SealBrokenError
from sealhold.model.ids import Collection, FieldName
from sealhold.model.people import Value
from sealhold.model.quantities import Instant
from sealhold.stores.spec import ColumnKind, Found, Op, Put, Row, TableSpec
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.versions import Versions
from sealhold.vault.wraps import field_place

FIELDS = TableSpec(
    name="ident",
    columns={
        "subject": ColumnKind.ID16,
        "field": ColumnKind.CODE,
        "ver": ColumnKind.I64,  # that of the profile when the field was written
        "skver": ColumnKind.I64,
        "retain_until": ColumnKind.I64,  # milliseconds since 1970; 0 is without end
        "dek": ColumnKind.SEALED,
        "ct": ColumnKind.SEALED,
    },
    key=("subject", "field"),
    indexes={},
)
STEP = 32  # bytes
END = b"\x80"  # behind a value, before the zeros that fill it up
PROFILE = 1  # the part that is a profile's field; 0 is a record's content

_number = struct.Struct(">q").pack


def seal_field(
    keys: SubjectKeys,
    field: FieldName,
    version: int,
    value: Value,
    retain_until: Instant,
    entropy: Entropy,
) -> Op:
    """Return the operation that keeps a value in its place."""
    now = keys.now
    dek, sealed = now.records.envelope(
        filled(pack(value)),
        _key_place(now, field, now.version),
        _place(keys, field, version, retain_until),
        entropy,
    )
    row = (keys.subject, field, version, now.version, retain_until, dek, sealed)
    return Put(FIELDS.name, row)


def open_field(keys: SubjectKeys, field: FieldName, version: int, found: Found | None) -> Value:
    """Return the value of a field, which must be there in just this version.

    Raises:
        SealBrokenError: it is gone, older, or not as it was written.
    """
    if found is None or found.row[2] != version:
        raise SealBrokenError("a field is not the version that the profile tells of")
    _, _, _, skver, retain_until, dek, sealed = found.row
    # THREAT T232: the person and the field that were asked for are in the place, not those found
    place = _place(keys, field, version, retain_until)
    plain = keys.opener(skver).open_envelope(dek, sealed, _key_place(keys.now, field, skver), place)
    value: Value = unpack_own(emptied(plain))
    return value


def rewrapped(keys: Versions, row: Row, entropy: Entropy) -> Row:
    """Return a field's row with its key under the subject key in force; the value stays sealed.

    Raises:
        SealBrokenError: the key in it does not open.
    """
    subject, field, version, skver, retain_until, dek, sealed = row
    wrap = keys.opener(skver).rewrap(
        dek,
        _key_place(keys, field, skver),
        keys.records,
        _key_place(keys, field, keys.version),
        entropy,
    )
    return (subject, field, version, keys.version, retain_until, wrap, sealed)


def resealed(keys: Versions, row: Row, entropy: Entropy) -> Row:
    """Return a field's row with its value sealed anew, under another key drawn for it.

    Raises:
        SealBrokenError: the row is not as it was written.
    """
    subject, field, version, skver, retain_until, dek, sealed = row
    place = _place(keys, field, version, retain_until)
    plain = keys.opener(skver).open_envelope(dek, sealed, _key_place(keys, field, skver), place)
    to_place = _key_place(keys, field, keys.version)
    fresh = keys.records.envelope(plain, to_place, place, entropy)
    return (subject, field, version, keys.version, retain_until, *fresh)


def is_over(found: Found | None, now: Instant) -> bool:
    """Return whether a field has been kept as long as it may be."""
    return found is not None and 0 < found.row[4] <= now


def filled(plain: bytes) -> bytes:
    """Return `plain` with an end behind it, filled up to a multiple of 32 bytes."""
    ended = plain + END
    return ended.ljust(-(-len(ended) // STEP) * STEP, b"\0")


def emptied(plain: bytes) -> bytes:
    """Return what `filled` was given."""
    return plain.rstrip(b"\0")[: -len(END)]


def _key_place(keys: Versions, field: FieldName, version: int) -> bytes:
    return wrap_aad(KeyKind.DEK, keys.app, keys.subject, field_place(field), version)


def _place(
    keys: SubjectKeys | Versions, field: FieldName, version: int, retain_until: int
) -> bytes:
    name = Collection(field)
    aad = body_aad(KeyKind.DEK, keys.app, keys.subject, name, NOBODY, PROFILE, version)
    return aad + _number(retain_until)
