"""What is said between the vault and an engine: a length, then msgpack; nothing in it is code.

- The first word lays down what the engine may reach; it goes into its jail and then reads.
- An answer is taken for data, never for more: the process that sends it parsed foreign bytes.

Source: docs/spec/38-in-place.md section 2.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final
from uuid import UUID

import msgspec

from sealhold.model.encoding import Plain

HEAD: Final = 4  # bytes of a length
LARGEST: Final = 64 * 1_048_576  # bytes of one message


class Begin(msgspec.Struct, frozen=True, kw_only=True, tag="begin"):
    """What kind of place it is, and all that the engine will ever reach of it."""

    kind: str  # `sqlite`, `table`, `postgres`, `sql`
    files: tuple[str, ...] = ()  # that it may read, beside the Python that it runs in
    address: str = ""  # of a server
    secret: str = ""


class Look(msgspec.Struct, frozen=True, kw_only=True, tag="look"):
    """Tell what columns there are."""

    what: str  # a table's name, or a query
    is_query: bool = False
    path: str = ""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One column as it is wanted."""

    name: str  # of the dataset's column
    of: str  # its own name
    type: str  # of `ColumnType`
    unit: int = 1  # milliseconds in one, if a time is told in numbers


class Rows(msgspec.Struct, frozen=True, kw_only=True, tag="rows"):
    """Give the rows, as JSON lines."""

    what: str
    is_query: bool = False
    path: str = ""
    fields: tuple[Field, ...]
    by: str = ""  # the column that says what is new
    after: str | None = None  # how far it was read, as a `Line` told it
    is_paged: bool = False  # whether rows may be read in several goes


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset over what lies in a file."""

    name: str
    kind: str
    path: str
    what: str
    is_query: bool
    source: str  # what the owner calls it
    key: tuple[str, ...]  # own names of the columns that no two rows share
    fields: tuple[Field, ...]


class Ask(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    """Run the owner's SQL over views."""

    sql: str
    views: tuple[View, ...]
    most: int  # rows
    seconds: float


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A column that is there."""

    name: str
    declared: str  # as the place calls its type
    type: str  # of `ColumnType`
    is_time: bool = False  # a text or number, all of whose values may be times


class Looked(msgspec.Struct, frozen=True, kw_only=True, tag="looked"):
    """What a table is."""

    columns: tuple[Found, ...]
    key: tuple[str, ...]
    rows: int  # as many as are there; -1: not counted


class Lines(msgspec.Struct, frozen=True, tag="lines"):
    """Some rows, each a line; and how far that is."""

    count: int
    text: bytes
    upto: str | None


class Done(msgspec.Struct, frozen=True, tag="done"):
    """All that was asked for was said."""


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """What a query gave."""

    columns: tuple[str, ...]
    rows: list[list[Plain]]
    is_cut: bool


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Why not; in words that quote nothing of what was read."""

    why: str  # `away`, `login`, `changed`, `unfit`, `stopped`, `unconfined`
    words: str


Order = Begin | Look | Rows | Ask
Said = Looked | Lines | Done | Answer | Failed


def packed(message: Order | Said) -> bytes:
    """Return a message as it is sent."""
    body = _ENCODER.encode(message)
    return len(body).to_bytes(HEAD, "big") + body


class UnsayableError(ValueError):
    """A value that has no form here."""


def cell(value: object) -> Plain:
    """Return a value of a result in a form that is sent.

    Raises:
        UnsayableError: it has none.
    """
    if value is None or isinstance(value, (bool, float, str, bytes)):
        return value
    if isinstance(value, int):
        is_small = -(1 << 63) <= value < 1 << 63
        return value if is_small else msgspec.msgpack.Ext(_CODES["int"], str(value).encode())
    if isinstance(value, list):
        return [cell(each) for each in value]
    word = type(value).__name__
    if word not in _CODES:
        raise UnsayableError(word)
    text = value.isoformat() if isinstance(value, (dt.date, dt.time)) else str(value)
    return msgspec.msgpack.Ext(_CODES[word], text.encode())


def _opened(code: int, data: memoryview) -> object:
    if code not in _MAKERS:
        raise ValueError(code)
    try:
        return _MAKERS[code](bytes(data).decode())
    except InvalidOperation as err:
        raise ValueError(code) from err


_MAKERS: Final[Mapping[int, Callable[[str], object]]] = {
    1: Decimal,
    2: dt.datetime.fromisoformat,
    3: dt.date.fromisoformat,
    4: dt.time.fromisoformat,
    5: UUID,
    6: int,
}
_CODES: Final = {"Decimal": 1, "datetime": 2, "date": 3, "time": 4, "UUID": 5, "int": 6}
_ENCODER: Final = msgspec.msgpack.Encoder()
orders: Final = msgspec.msgpack.Decoder(Order)
answers: Final = msgspec.msgpack.Decoder(Said, ext_hook=_opened)
