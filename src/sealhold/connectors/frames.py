"""What passes between the jailed reader and the importer: length, then msgpack, of known types.

- A frame is four bytes of length, big-endian, and at most 16 MiB of msgpack. It is neither signed
  nor kept, so msgpack may be its form.
- Whoever decodes trusts nothing: types, lengths and depth are checked, and every value must be
  plain (no extension type, no time stamp, no number that is not finite or over 64 bits).

Source: docs/spec/18-connectors.md section 8.
"""

import math
from collections.abc import Iterator
from itertools import chain
from typing import NoReturn

import msgspec

from sealhold.connectors.spec import BATCH_ROWS, Batch
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
            frame = _decoder.decode(body)
            if isinstance(frame, Portion):
                _check_batch(frame.batch)
            elif isinstance(frame, Known):
                _check_texts(frame.source, frame.version, frame.what)
            elif isinstance(frame, Members):
                _check_texts(*(name for name, _ in frame.entries), *chain(*frame.left))
            elif isinstance(frame, Broken):
                _check_texts(frame.detail)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError) as err:
        raise InvalidEncodingError("the reader sent no frame of this format") from err
    return frame


def _check_batch(batch: Batch) -> None:
    """Refuse what no honest reader sends.

    Raises:
        InvalidEncodingError: over a limit, or a value that is not plain.
    """
    if len(batch.items) + len(batch.rejects) > BATCH_ROWS or len(batch.cursor) > _MAX_CURSOR:
        raise InvalidEncodingError("a batch over its limits")
    for item in batch.items:
        _check_texts(item.position)
        if item.raw is not None:
            _check_plain(item.raw, _MAX_DEPTH)
        _check_plain(item.fields, _MAX_DEPTH)
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
