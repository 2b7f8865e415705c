"""What passes between the jailed reader and the importer: length, then msgpack, of known types.

- A frame is four bytes of length, big-endian, and at most 16 MiB of msgpack. It is neither signed
  nor kept, so msgpack may be its form.
- Whoever decodes trusts nothing: types, lengths and depth are checked, and every value must be
  plain (no extension type, no time stamp, no number that is not finite or over 64 bits).
- Nearly all batches hold flat values and no bytes. Those are decoded into types that nothing else
  fits, in less time than looking through them takes. All else is looked through, value by value.

Source: docs/spec/18-connectors.md section 8.
"""

import math
import sys
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Annotated, NoReturn

import msgspec

from sealhold.connectors.spec import BATCH_ROWS, Batch, Item, Reject
from sealhold.model.collecting import uncollected
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidEncodingError

MAX_FRAME = 16_777_216  # bytes; one item of 12 MiB and its surroundings fit
HEAD = 4  # bytes of length before a frame
_MAX_DETAIL = 400  # characters
_MAX_CURSOR = 4_096  # characters
_MAX_RAW = 4_096  # bytes of a rejected item
_MAX_DEPTH = 80  # nested containers; XML is refused deeper than 64
_LARGEST = 1 << 63
_KEYS = frozenset({str})  # the type of every key
_SURE = frozenset({str, bytes, bool, type(None)})  # plain, whatever the value


class Known(msgspec.Struct, frozen=True, array_like=True, tag="known"):
    """Which source reads the file."""

    source: str
    version: str
    what: str  # `GPX 1.1`
    sure: int


class Portion(msgspec.Struct, frozen=True, array_like=True, tag="portion"):
    """A batch, and how far the file is read."""

    batch: Batch
    bytes_read: int


class Members(msgspec.Struct, frozen=True, array_like=True, tag="members"):
    """What an archive holds: names with sizes, and names of what is not read with the reason."""

    entries: list[tuple[str, int]]
    left: list[tuple[str, str]]


class Finished(msgspec.Struct, frozen=True, array_like=True, tag="finished"):
    """The file was read to its end; nothing follows."""


class Broken(msgspec.Struct, frozen=True, array_like=True, tag="broken"):
    """The file cannot be read, or not on; nothing follows."""

    detail: str


class Unconfined(msgspec.Struct, frozen=True, array_like=True, tag="unconfined"):
    """The reader did not get its jail and read nothing; nothing follows."""


Frame = Known | Members | Portion | Finished | Broken | Unconfined


# --- what a batch of flat values decodes into; NaN is not between the two ends of `_Finite` ---

_MOST = sys.float_info.max
_Whole = Annotated[int, msgspec.Meta(ge=-_LARGEST, le=_LARGEST - 1)]
_Finite = Annotated[float, msgspec.Meta(ge=-_MOST, le=_MOST)]
_Single = str | bool | _Whole | _Finite | None
_Flat1 = _Single | list[_Single] | dict[str, _Single]
_Flat2 = _Single | list[_Flat1] | dict[str, _Flat1]
_Flat3 = _Single | list[_Flat2] | dict[str, _Flat2]
_Flat = _Single | list[_Flat3] | dict[str, _Flat3]


class _FlatItem(msgspec.Struct, frozen=True, array_like=True):
    """As `Item`."""

    dataset: str
    fields: dict[str, _Flat]
    raw: _Flat
    original_id: str | None
    position: str
    coarse: bool = False


class _FlatBatch(msgspec.Struct, frozen=True, array_like=True):
    """As `Batch`."""

    items: list[_FlatItem]
    rejects: list[Reject]
    cursor: str


class _FlatPortion(msgspec.Struct, frozen=True, array_like=True, tag="portion"):
    """As `Portion`."""

    batch: _FlatBatch
    bytes_read: int


# --- frames as bytes ---


def _no_extension(code: int, data: memoryview) -> NoReturn:
    del data
    raise ValueError(code)


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame, ext_hook=_no_extension)


def encode(frame: Frame) -> bytes:
    """Return a frame with its length before it.

    Raises:
        InvalidEncodingError: over 16 MiB.
    """
    body = _encoder.encode(frame)
    if len(body) > MAX_FRAME:
        raise InvalidEncodingError(f"a frame of {len(body)} bytes, at most {MAX_FRAME}")
    return len(body).to_bytes(HEAD, "big") + body


class Deframer:
    """Makes frames of bytes as they arrive, in pieces of any size."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes and yield each frame that they complete.

        Raises:
            InvalidEncodingError: a length over 16 MiB, or a body that is no frame.
        """
        self._bytes += data
        while len(self._bytes) >= HEAD:
            length = int.from_bytes(self._bytes[:HEAD], "big")
            if length > MAX_FRAME:  # THREAT T21: refused before anything of it is held
                raise InvalidEncodingError(f"a frame of {length} bytes, at most {MAX_FRAME}")
            if len(self._bytes) < HEAD + length:
                return
            body = bytes(self._bytes[HEAD : HEAD + length])
            del self._bytes[: HEAD + length]
            yield decode(body)


def decode(body: bytes) -> Frame:
    """Return the frame that a body without its length holds.

    Raises:
        InvalidEncodingError: not one of the frames, or outside their limits.
    """
    try:
        with uncollected():
            flat = _flat_portion(body)
            if flat is not None:
                return flat
            frame = _decoder.decode(body)
            if isinstance(frame, Portion):
                _check_limits(frame.batch)
                for item in frame.batch.items:
                    if item.raw is not None:
                        _check_plain(item.raw, _MAX_DEPTH)
                    _check_plain(item.fields, _MAX_DEPTH)
            elif isinstance(frame, Known):
                _check_texts(frame.source, frame.version, frame.what)
            elif isinstance(frame, Members):
                _check_texts(*(name for name, _ in frame.entries), *chain(*frame.left))
            elif isinstance(frame, Broken):
                _check_texts(frame.detail)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError) as err:
        raise InvalidEncodingError("the reader sent no frame of this format") from err
    return frame


def _flat_portion(body: bytes) -> Portion | None:
    """Return the portion that a body holds, if each of its values is plain, flat and no bytes.

    Raises:
        InvalidEncodingError: over a limit.
    """
    try:
        found = _flat_decoder().decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None  # another frame, other values, or none of this format: that is told elsewhere
    items = [
        Item(
            dataset=item.dataset,
            fields=item.fields,
            raw=item.raw,
            original_id=item.original_id,
            position=item.position,
            coarse=item.coarse,
        )
        for item in found.batch.items
    ]
    batch = Batch(items=items, rejects=found.batch.rejects, cursor=found.batch.cursor)
    _check_limits(batch)
    return Portion(batch, found.bytes_read)


@cache
def _flat_decoder() -> msgspec.msgpack.Decoder[_FlatPortion]:
    return msgspec.msgpack.Decoder(_FlatPortion, ext_hook=_no_extension)  # when the first one comes


def _check_limits(batch: Batch) -> None:
    """Refuse what no honest reader sends, whatever its values.

    Raises:
        InvalidEncodingError: over a limit.
    """
    if len(batch.items) + len(batch.rejects) > BATCH_ROWS or len(batch.cursor) > _MAX_CURSOR:
        raise InvalidEncodingError("a batch over its limits")
    for item in batch.items:
        _check_texts(item.position)
    for one in batch.rejects:
        _check_texts(one.position, one.detail)
        if len(one.raw) > _MAX_RAW:
            raise InvalidEncodingError("a reject over its limits")


def _check_texts(*texts: str) -> None:
    """Refuse texts for people that are long or could move a terminal's cursor.

    Raises:
        InvalidEncodingError: such a text.
    """
    for text in texts:
        # THREAT T22: what is shown of a file holds no character that commands a terminal
        if len(text) > _MAX_DETAIL or not text.isprintable():
            raise InvalidEncodingError("a text of the reader over its limits")


def _check_plain(value: Plain, depth: int) -> None:
    """Refuse what is no tree of plain values.

    Raises:
        InvalidEncodingError: such a value.
    """
    if depth == 0:
        raise InvalidEncodingError(f"nested deeper than {_MAX_DEPTH}")
    if isinstance(value, dict):
        if not _KEYS.issuperset(map(type, value)):
            raise InvalidEncodingError("a key that is no text")
        value = value.values()
    elif not isinstance(value, list):
        value = (value,)
    if _SURE.issuperset(map(type, value)):
        return  # the most of all lists and maps: seen in one step
    for inner in value:
        kind = type(inner)
        if kind is dict or kind is list:
            _check_plain(inner, depth - 1)
        elif not _is_plain(kind, inner):
            raise InvalidEncodingError("a value that is not plain")


def _is_plain(kind: type, value: Plain) -> bool:
    if kind is int:
        return bool(-_LARGEST <= value < _LARGEST)
    if kind is float:
        return math.isfinite(value)
    return kind in _SURE
