"""The encodings of what is kept, hashed or signed: CBOR, strict JSON, and MessagePack.

- `pack`/`unpack`: CBOR in the form of RFC 8949 section 4.2.1; what does not decode to the very
  same bytes again is refused. Map keys are all text or all small unsigned integers, because only
  then is the order of the library (length first) the order of the standard.
- `pack_item`/`unpack_item`: the content of a record alone, in a tenth of the time that CBOR takes:
  a vault writes and reads hundreds of thousands.
- `to_json`/`from_json`: strict JSON for documents that others read: no floats, no duplicate keys,
  no lone surrogates, sorted keys, no spaces.

Source: docs/spec/01-encoding.md.
"""

import json
from typing import Any, NoReturn

import cbor2
import msgspec

from sealhold.model import cborwriter
from sealhold.model.errors import InvalidEncodingError

MAX_JSON = 1_048_576  # bytes; the largest document (a manifest) is 64 KiB
MAX_DEPTH = 64  # nested containers; no document of ours needs ten

_CBOR_PAIR = b"\x82"  # what a list of two begins with in CBOR; in MessagePack it is 92
_pack_item = msgspec.msgpack.Encoder(order="sorted").encode
_unpack_item = msgspec.msgpack.Decoder(tuple[Any, Any]).decode

Plain = Any  # reason: a CBOR or JSON tree of plain values; its shape is checked where it is used


def pack(value: Plain) -> bytes:
    """Return `value` as deterministic CBOR."""
    return cborwriter.write(value)


def unpack(data: bytes) -> Plain:
    """Return the value that `data` encodes.

    Raises:
        InvalidEncodingError: not CBOR, or not in its one deterministic form.
    """
    try:
        value = cbor2.loads(data)
        again = cbor2.dumps(value, canonical=True)
    except (cbor2.CBORError, ValueError, TypeError, RecursionError) as err:
        raise InvalidEncodingError("not deterministic CBOR") from err
    if again != data:
        raise InvalidEncodingError("not deterministic CBOR")
    return value


def unpack_own(data: bytes) -> Plain:
    """Return the value in bytes that a seal or signature of ours already vouches for.

    Raises:
        InvalidEncodingError: not CBOR.
    """
    try:
        return cbor2.loads(data)
    except (cbor2.CBORError, ValueError, TypeError, RecursionError) as err:
        raise InvalidEncodingError("not CBOR") from err


def pack_item(fields: Plain, raw: Plain) -> bytes:
    """Return an item's content in its one encoding: MessagePack, the names of each map sorted.

    Raises:
        InvalidEncodingError: a whole number over 64 bits, text with half a character, or a type
            that is not plain.
    """
    try:
        return _pack_item((fields, raw))
    except (OverflowError, UnicodeEncodeError, TypeError, RecursionError) as err:
        raise InvalidEncodingError("not the content of an item") from err


def unpack_item(data: bytes) -> tuple[Plain, Plain]:
    """Return fields and raw form of a content that a seal of ours already vouches for.

    Raises:
        InvalidEncodingError: it is no content.
    """
    if data[:1] == _CBOR_PAIR:  # as contents were written before MessagePack
        fields, raw = unpack_own(data)
        return fields, raw
    try:
        return _unpack_item(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as err:
        raise InvalidEncodingError("not the content of an item") from err


def to_json(value: Plain) -> bytes:
    """Return `value` as strict JSON: UTF-8, sorted keys, no spaces.

    Raises:
        InvalidEncodingError: a float, a lone surrogate, or a type that JSON has not.
    """
    _refuse_floats(value, MAX_DEPTH)
    try:
        return json.dumps(
            value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
        ).encode()
    except (TypeError, ValueError) as err:
        raise InvalidEncodingError("not a JSON value") from err


def from_json(data: bytes, *, limit: int = MAX_JSON) -> Plain:
    """Return the value of one strict JSON document.

    Raises:
        InvalidEncodingError: too long, too deep, not UTF-8, not JSON, a float, a duplicate key.
    """
    if len(data) > limit:
        raise InvalidEncodingError(f"{len(data)} bytes, at most {limit}")
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_unique,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
        _refuse_floats(value, MAX_DEPTH)
    except (ValueError, RecursionError) as err:
        raise InvalidEncodingError("not strict JSON") from err
    return value


def _unique(pairs: list[tuple[str, Plain]]) -> dict[str, Plain]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidEncodingError("a key stands twice")
    return found


def _no_float(text: str) -> NoReturn:
    raise InvalidEncodingError(f"`{text[:40]}` is not an integer")


def _refuse_floats(value: Plain, depth: int) -> None:
    if depth == 0:
        raise InvalidEncodingError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, float):
        raise InvalidEncodingError("a float")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as err:
            raise InvalidEncodingError("a lone surrogate") from err
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_floats(key, depth - 1)
            _refuse_floats(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _refuse_floats(item, depth - 1)
