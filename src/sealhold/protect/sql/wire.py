"""The frames of PostgreSQL's protocol 3: bytes in, values out, and back. No I/O.

- A frame is a kind (1 byte), a length (4 bytes, its own included) and a body. What a client sends
  first has no kind.
- Before login a frame has at most 64 KiB, after it 1 GiB; what is longer, or does not parse, is
  `WireError` and ends the connection.
- A frame that comes in pieces is put together once, however many pieces there are.

Source: docs/spec/56-postgresql-proxy.md section 1.
"""

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, repeat
from typing import Final, NamedTuple, cast

from sealhold.model.errors import WireError

BEFORE_LOGIN: Final = 65_536  # bytes of a frame, its kind not counted
AFTER_LOGIN: Final = 2**30
HEAD: Final = 5  # bytes of kind and length

PROTOCOL: Final = 3 << 16
SSL_REQUEST: Final = 80_877_103
GSS_REQUEST: Final = 80_877_104
CANCEL_REQUEST: Final = 80_877_102

TEXT: Final = 0
BINARY: Final = 1
FORMATS: Final = (TEXT, BINARY)

u16 = struct.Struct(">H").unpack_from
u32 = struct.Struct(">I").unpack_from
i32 = struct.Struct(">i").unpack_from
_head = struct.Struct(">cI").pack
_u16 = struct.Struct(">H").pack
_u32 = struct.Struct(">I").pack
_i32 = struct.Struct(">i").pack
_field = struct.Struct(">IHIhih").pack
_field_at = struct.Struct(">IHIhih").unpack_from
_FIELD: Final = 18  # bytes behind the name

# How lengths of values are spelled; nearly all values are shorter than this list.
_LENGTHS: Final = tuple(_i32(length) for length in range(2048))
_NULL: Final = _i32(-1)


class Inbox:
    """Puts frames together that come in pieces."""

    __slots__ = ("_need", "_parts", "_size", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit  # bytes of a frame, its kind not counted
        self._parts: list[bytes] = []
        self._size = 0
        self._need = 0

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        return self._size

    def taken(self, data: bytes) -> bytes:
        """Return all bytes that wait once the first frame is whole, nothing before that."""
        if not self._parts:
            return data
        self._parts.append(data)
        self._size += len(data)
        if self._size < HEAD:
            return b""
        if not self._need:
            self._parts = [b"".join(self._parts)]
            self._need = 1 + self._length(self._parts[0])
        if self._size < self._need:
            return b""
        return self.all()

    def keep(self, rest: bytes) -> None:
        """Keep bytes that begin with a frame, before all others.

        Raises:
            WireError: a frame that is longer than may be.
        """
        if not rest:
            return
        self._need = 1 + self._length(rest) if len(rest) >= HEAD else 0
        self._parts.insert(0, rest)
        self._size += len(rest)

    def all(self) -> bytes:
        """Return what is kept, whole frames or not, and keep nothing."""
        whole = b"".join(self._parts)
        self._parts = []
        self._size = self._need = 0
        return whole

    def _length(self, data: bytes) -> int:
        # THREAT T649: a length is judged before anything is kept for it
        length: int = u32(data, 1)[0]
        if not 4 <= length <= self.limit:  # noqa: PLR2004  # reason: the length counts itself
            raise WireError(f"a frame of {length} bytes")
        return length


class Field(NamedTuple):
    """One column of a RowDescription."""

    name: str
    table: int
    attribute: int
    type: int
    length: int
    typmod: int
    format: int


def frame(kind: bytes, body: bytes = b"") -> bytes:
    """Return one frame."""
    return _head(kind, len(body) + 4) + body


def build_notice(kind: bytes, fields: dict[bytes, bytes]) -> bytes:
    """Return an ErrorResponse (`E`) or NoticeResponse (`N`)."""
    parts = (letter + value.replace(b"\0", b"") + b"\0" for letter, value in fields.items())
    return frame(kind, b"".join(parts) + b"\0")


def build_fields(fields: Iterable[Field]) -> bytes:
    """Return a RowDescription."""
    parts = [each.name.encode() + b"\0" + _field(*each[1:]) for each in fields]
    return frame(b"T", _u16(len(parts)) + b"".join(parts))


def build_oids(oids: Sequence[int]) -> bytes:
    """Return a ParameterDescription."""
    return frame(b"t", _u16(len(oids)) + b"".join(map(_u32, oids)))


def build_parse(name: bytes, text: bytes, oids: Sequence[int]) -> bytes:
    """Return a Parse."""
    types = _u16(len(oids)) + b"".join(map(_u32, oids))
    return frame(b"P", b"\0".join((name, text, types)))


def build_bind(
    portal: bytes,
    statement: bytes,
    formats: Sequence[int],
    values: Sequence[bytes | None],
    results: Sequence[int],
) -> bytes:
    """Return a Bind."""
    parts = (portal, statement, _codes(tuple(formats)) + build_cells(values))
    return frame(b"B", b"\0".join(parts) + _codes(tuple(results)))


@lru_cache(1024)
def _codes(formats: tuple[int, ...]) -> bytes:
    """Return formats as Bind holds them: their count, then each."""
    return struct.pack(f">{len(formats) + 1}H", len(formats), *formats)


def build_execute(portal: bytes, rows: int = 0) -> bytes:
    """Return an Execute of at most `rows` rows; 0 is all."""
    return frame(b"E", portal + b"\0" + _u32(rows))


def build_target(message: bytes, kind: bytes, name: bytes) -> bytes:
    """Return a Describe (`D`) or Close (`C`) of a statement (`S`) or portal (`P`)."""
    return frame(message, kind + name + b"\0")


def build_query(text: bytes) -> bytes:
    """Return a Query."""
    return frame(b"Q", text + b"\0")


def build_startup(settings: dict[str, str]) -> bytes:
    """Return a StartupMessage, length first."""
    pairs = (f"{name}\0{value}\0".encode() for name, value in settings.items())
    body = _u32(PROTOCOL) + b"".join(pairs) + b"\0"
    return _u32(len(body) + 4) + body


def build_cancel(pid: int, secret: bytes) -> bytes:
    """Return a CancelRequest."""
    return _u32(12 + len(secret)) + _u32(CANCEL_REQUEST) + _u32(pid) + secret


def build_cells(values: Sequence[bytes | None]) -> bytes:
    """Return values as Bind and DataRow hold them: their count, then each with its length."""
    parts = [_u16(len(values))]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            size = len(value)
            parts.append(_LENGTHS[size] if size < 2048 else _i32(size))  # noqa: PLR2004  # reason: as above
            parts.append(value)
    return b"".join(parts)


def build_row(values: Sequence[bytes | None]) -> bytes:
    """Return a DataRow."""
    body = build_cells(values)
    return _head(b"D", len(body) + 4) + body


def build_rows(columns: Sequence[Sequence[bytes | None]]) -> bytes:
    """Return DataRows of one or more columns: in one step, if they are alike in their lengths."""
    lengths = _alike(columns)
    if lengths is None:
        return b"".join(map(build_row, zip(*columns, strict=True)))
    whole = 6 + 4 * len(lengths) + sum(lengths)
    return _joined(columns, lengths, _head(b"D", whole) + _u16(len(lengths)))


def build_tuples(columns: Sequence[Sequence[bytes | None]]) -> bytes:
    """Return rows as the binary form of COPY holds them, of one or more columns."""
    lengths = _alike(columns)
    if lengths is None:
        return b"".join(map(build_cells, zip(*columns, strict=True)))
    return _joined(columns, lengths, _u16(len(lengths)))


def _alike(columns: Sequence[Sequence[bytes | None]]) -> list[int] | None:
    """Return how long the values of each column are; None if not all of one are alike."""
    found: list[int] = []
    for each in columns:
        if None in each or len(sizes := set(map(len, cast("Sequence[bytes]", each)))) != 1:
            return None
        found += sizes
    return found


def _joined(
    columns: Sequence[Sequence[bytes | None]], lengths: Sequence[int], head: bytes
) -> bytes:
    """Return rows of values that are alike in their lengths, `head` before each row."""
    heads = list(map(_i32, lengths))
    heads[0] = head + heads[0]
    form = "".join(f"{len(each)}s{length}s" for each, length in zip(heads, lengths, strict=True))
    parts = chain.from_iterable(
        (repeat(each), column) for each, column in zip(heads, columns, strict=True)
    )
    return b"".join(map(struct.Struct(form).pack, *parts))


def build_copy_response(kind: bytes, form: int, columns: int) -> bytes:
    """Return a CopyInResponse (`G`) or CopyOutResponse (`H`), all columns in one format."""
    return frame(kind, bytes((form,)) + _u16(columns) + _u16(form) * columns)


def format_of(formats: Sequence[int], at: int) -> int:
    """Return the format of one of many values, from a list as Bind has it.

    Raises:
        WireError: the list is too short.
    """
    if not formats:
        return TEXT
    if len(formats) == 1:
        return formats[0]
    if at >= len(formats):
        raise WireError("formats do not fit the columns")
    return formats[at]
