"""The messages of PostgreSQL's protocol that are read here, one body each.

- A body that is cut, goes on behind its end, or says what no message says, is `WireError`.

Source: docs/spec/56-postgresql-proxy.md section 1.
"""

import struct
from dataclasses import dataclass
from typing import Final

from sealhold.model.errors import WireError
from sealhold.protect.sql.wire import FORMATS, Field, i32, u16

_FIELD: Final = 18  # bytes of a column's description behind its name
_field_at = struct.Struct(">IHIhih").unpack_from


@dataclass(frozen=True, slots=True)
class Parse:
    """A client's Parse."""

    name: bytes
    text: bytes
    oids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bind:
    """A client's Bind; lists of formats as they were sent, with 0, 1 or all members."""

    portal: bytes
    statement: bytes
    formats: tuple[int, ...]
    values: tuple[bytes | None, ...]
    results: tuple[int, ...]


def cstring(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the bytes up to the next zero, and where what follows begins.

    Raises:
        WireError: there is no zero.
    """
    end = data.find(b"\0", at)
    if end < 0:
        raise WireError("a text without end")
    return data[at:end], end + 1


def parse_parse(body: bytes) -> Parse:
    """Return what a Parse says.

    Raises:
        WireError: it is out of form.
    """
    name, at = cstring(body, 0)
    text, at = cstring(body, at)
    oids, at = _numbers(body, at, 4)
    _ends(body, at)
    return Parse(name, text, oids)


def parse_bind(body: bytes) -> Bind:
    """Return what a Bind says.

    Raises:
        WireError: it is out of form.
    """
    portal, at = cstring(body, 0)
    statement, at = cstring(body, at)
    formats, at = _numbers(body, at, 2)
    values, at = _cells(body, at)
    results, at = _numbers(body, at, 2)
    _ends(body, at)
    if any(each not in FORMATS for each in formats + results):
        raise WireError("a format that is neither text nor binary")
    if len(formats) not in {0, 1, len(values)}:
        raise WireError("formats do not fit the values")
    return Bind(portal, statement, formats, values, results)


def parse_execute(body: bytes) -> tuple[bytes, int]:
    """Return portal and greatest count of rows (0: all) of an Execute.

    Raises:
        WireError: it is out of form.
    """
    portal, at = cstring(body, 0)
    if len(body) != at + 4:
        raise WireError("an Execute out of form")
    return portal, max(i32(body, at)[0], 0)


def parse_target(body: bytes) -> tuple[bytes, bytes]:
    """Return what a Describe or Close is about: `S` or `P`, and the name.

    Raises:
        WireError: it is out of form.
    """
    kind = body[:1]
    name, at = cstring(body, 1)
    if kind not in {b"S", b"P"}:
        raise WireError("neither a statement nor a portal")
    _ends(body, at)
    return kind, name


def parse_startup(body: bytes) -> dict[str, str]:
    """Return the settings of a StartupMessage, from behind its version.

    Raises:
        WireError: out of form, or a name stands twice.
    """
    said: dict[str, str] = {}
    at = 0
    while body[at : at + 1] != b"\0":
        name, at = cstring(body, at)
        value, at = cstring(body, at)
        try:
            key, text = name.decode(), value.decode()
        except UnicodeDecodeError as err:
            raise WireError("a setting that is not UTF-8") from err
        if key in said:
            raise WireError("a setting stands twice")
        said[key] = text
    _ends(body, at + 1)
    return said


def parse_fields(body: bytes) -> tuple[Field, ...]:
    """Return the columns of a RowDescription.

    Raises:
        WireError: it is out of form.
    """
    count, at = _count(body, 0)
    found = []
    for _ in range(count):
        name, at = cstring(body, at)
        if at + _FIELD > len(body):
            raise WireError("a description that is cut")
        found.append(Field(name.decode("utf-8", "replace"), *_field_at(body, at)))
        at += _FIELD
    _ends(body, at)
    return tuple(found)


def parse_oids(body: bytes) -> tuple[int, ...]:
    """Return the types of a ParameterDescription.

    Raises:
        WireError: it is out of form.
    """
    oids, at = _numbers(body, 0, 4)
    _ends(body, at)
    return oids


def parse_cells(body: bytes) -> tuple[bytes | None, ...]:
    """Return the values of a DataRow.

    Raises:
        WireError: it is out of form.
    """
    values, at = _cells(body, 0)
    _ends(body, at)
    return values


def parse_notice(body: bytes) -> dict[bytes, bytes]:
    """Return the fields of an ErrorResponse or NoticeResponse by their letter.

    Raises:
        WireError: it is out of form.
    """
    fields: dict[bytes, bytes] = {}
    at = 0
    while at < len(body) and body[at]:
        letter = body[at : at + 1]
        fields[letter], at = cstring(body, at + 1)
    return fields


def _count(body: bytes, at: int) -> tuple[int, int]:
    if at + 2 > len(body):
        raise WireError("a message that is cut")
    return u16(body, at)[0], at + 2


def _numbers(body: bytes, at: int, size: int) -> tuple[tuple[int, ...], int]:
    count, at = _count(body, at)
    end = at + count * size
    if end > len(body):
        raise WireError("a message that is cut")
    return struct.unpack_from(f">{count}{'H' if size == 2 else 'I'}", body, at), end  # noqa: PLR2004  # reason: bytes


def _cells(body: bytes, at: int) -> tuple[tuple[bytes | None, ...], int]:
    count, at = _count(body, at)
    found: list[bytes | None] = []
    size = len(body)
    for _ in range(count):
        if at + 4 > size:
            raise WireError("a message that is cut")
        length = i32(body, at)[0]
        at += 4
        if length == -1:
            found.append(None)
            continue
        if length < 0 or at + length > size:
            raise WireError("a value that is cut")
        found.append(body[at : at + length])
        at += length
    return tuple(found), at


def _ends(body: bytes, at: int) -> None:
    if at != len(body):
        raise WireError("a message that goes on behind its end")
