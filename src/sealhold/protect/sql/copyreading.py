"""The lines of COPY, read: text, CSV and binary form.

- A reader takes bytes as they come, cut anywhere, and gives whole rows of fields: in text form, or
  in binary send form where the lines are binary. None is NULL.
- What PostgreSQL refuses in a line is refused here in its words.

Source: docs/spec/56-postgresql-proxy.md section 8; PostgreSQL 15, COPY.
"""

import re
import struct
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Final, Protocol, cast

from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.sql.wire import i32

Fields = Sequence[bytes | None]
BAD_COPY: Final = "22P04"
SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0"
HEADER: Final = SIGNATURE + bytes(8)  # no flags, no extension
TRAILER: Final = b"\xff\xff"
_NULL: Final = rb"\N"
END_MARK: Final = rb"\."
_HEADER_BYTES: Final = 19
_MAX_LINE: Final = 2**30
ESCAPED: Final = {
    ord(key): value
    for key, value in zip("bfnrtv", (b"\b", b"\f", b"\n", b"\r", b"\t", b"\v"), strict=True)
}
_SEQUENCE: Final = re.compile(rb"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_i16 = struct.Struct(">h").unpack_from


class Reader(Protocol):
    """Reads lines in one form."""

    def feed(self, data: bytes) -> list[Fields]:
        """Take bytes and return the rows that are whole now.

        Raises:
            PgValueError: a line is out of form.
        """
        ...

    def finish(self) -> list[Fields]:
        """Return what the last bytes were, since no more come.

        Raises:
            PgValueError: a line is out of form.
        """
        ...


class _Lines(ABC):
    """What text and CSV have in common: lines, a head, an end."""

    def __init__(self, options: Mapping[str, str], names: Sequence[str]) -> None:
        self._names = names
        self._head = options.get("header", "false").lower()
        self._rest = b""
        self._is_over = False

    def feed(self, data: bytes) -> list[Fields]:
        """Take bytes and return the rows that are whole now.

        Raises:
            PgValueError: a line is out of form.
        """
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > _MAX_LINE:
            raise PgValueError("54000", "a line of COPY is too long")
        return self._rows(lines)

    def finish(self) -> list[Fields]:
        """Return what the last bytes were, since no more come.

        Raises:
            PgValueError: a line is out of form.
        """
        rest, self._rest = self._rest, b""
        return self._rows([rest]) if rest else []

    def _rows(self, lines: Sequence[bytes]) -> list[Fields]:
        found: list[Fields] = []
        for line in lines:
            whole = self._joined(line)
            if whole is None or self._is_over:
                continue
            if whole == END_MARK:
                self._is_over = True
                continue
            fields = self._split(whole)
            if self._has_head:
                self._check_head(fields)
                continue
            found.append(fields)
        return found

    @property
    def _has_head(self) -> bool:
        """Whether the next line is one of names."""
        return self._head not in {"false", "off", "0"}

    def _check_head(self, fields: Fields) -> None:
        is_matched, self._head = self._head == "match", "false"
        if is_matched and [*fields] != [name.encode() for name in self._names]:
            raise PgValueError(BAD_COPY, "column name mismatch in header line")

    @abstractmethod
    def _joined(self, line: bytes) -> bytes | None:
        """Return a whole line, None if the next one belongs to it."""

    @abstractmethod
    def _split(self, line: bytes) -> Fields:
        """Return the fields of a line."""

    def _checked(self, fields: list[bytes | None]) -> Fields:
        names = self._names
        if len(fields) < len(names):
            raise PgValueError(BAD_COPY, f'missing data for column "{names[len(fields)]}"')
        if len(fields) > len(names):
            raise PgValueError(BAD_COPY, "extra data after last expected column")
        return fields


class TextReader(_Lines):
    """Lines of the text form."""

    def __init__(self, options: Mapping[str, str], names: Sequence[str]) -> None:
        super().__init__(options, names)
        self._delimiter = options.get("delimiter", "\t").encode()
        self._null = options.get("null", r"\N").encode()
        self._before = b""
        mark = re.escape(self._delimiter)
        self._field = re.compile(rb"((?:\\.|[^\\])*?)(?:" + mark + rb"|\Z)", re.DOTALL)

    def _rows(self, lines: Sequence[bytes]) -> list[Fields]:
        return self._plainly(lines) or super()._rows(lines)

    def _plainly(self, lines: Sequence[bytes]) -> list[Fields]:
        """Return the rows of lines in which all is as it stands; none if one has more to it."""
        if self._before or self._is_over or self._has_head or self._null != _NULL:
            return []
        whole = b"\n".join(lines)
        if b"\\" in whole or b"\r" in whole:
            return []
        rows = [line.split(self._delimiter) for line in lines]
        return cast("list[Fields]", rows) if set(map(len, rows)) == {len(self._names)} else []

    def _joined(self, line: bytes) -> bytes | None:
        line = self._before + line
        self._before = b""
        end = len(line) - len(line.rstrip(b"\\"))
        if end % 2 and line != END_MARK:
            self._before = line + b"\n"
            return None
        if line.endswith(b"\r"):
            line = line[:-1]
        if b"\r" in line:
            raise PgValueError(BAD_COPY, "literal carriage return found in data")
        return line

    def _split(self, line: bytes) -> Fields:
        null = self._null
        if b"\\" not in line:
            return self._checked(
                [None if each == null else each for each in line.split(self._delimiter)]
            )
        raw: list[bytes] = []
        at = 0
        while True:
            found = self._field.match(line, at)
            if found is None:
                raise PgValueError(BAD_COPY, "a line out of form")
            raw.append(found[1])
            if found.end() == found.end(1):
                break
            at = found.end()
        return self._checked([None if each == null else _unescaped(each) for each in raw])


class CsvReader(_Lines):
    """Lines of the CSV form."""

    def __init__(self, options: Mapping[str, str], names: Sequence[str]) -> None:
        super().__init__(options, names)
        self._delimiter = options.get("delimiter", ",").encode()
        self._null = options.get("null", "").encode()
        self._quote = options.get("quote", '"').encode()
        self._escape = options.get("escape", self._quote.decode()).encode()
        self._before: list[bytes] = []
        quote, escape = re.escape(self._quote), re.escape(self._escape)
        pair = escape + b"[" + quote + escape + b"]"
        # parts of a field: in quotes, or plain up to a delimiter
        self._inside = re.compile(b"(?:" + pair + b"|[^" + quote + b"])*", re.DOTALL)
        self._pair = re.compile(escape + b"([" + quote + escape + b"])", re.DOTALL)
        self._plain = re.compile(b"[^" + quote + re.escape(self._delimiter) + b"]*", re.DOTALL)

    def _joined(self, line: bytes) -> bytes | None:
        whole = b"\n".join([*self._before, line])
        if not self._is_closed(whole):
            self._before.append(line)
            return None
        self._before = []
        return whole.removesuffix(b"\r")

    def finish(self) -> list[Fields]:
        """Return what the last bytes were, since no more come.

        Raises:
            PgValueError: a line is out of form, or a quote is left open.
        """
        found = super().finish()
        if self._before:
            raise PgValueError(BAD_COPY, "unterminated CSV quoted field")
        return found

    def _is_closed(self, text: bytes) -> bool:
        if self._escape != self._quote:
            text = self._pair.sub(b"", text)
        return text.count(self._quote) % 2 == 0

    def _split(self, line: bytes) -> Fields:
        null = self._null
        if self._quote not in line:
            return self._checked(
                [None if each == null else each for each in line.split(self._delimiter)]
            )
        fields: list[bytes | None] = []
        at = 0
        while True:
            field, is_quoted, at = self._one(line, at)
            fields.append(None if field == null and not is_quoted else field)
            if at >= len(line):
                break
            at += 1
            if at == len(line):
                fields.append(None if not null else b"")
                break
        return self._checked(fields)

    def _one(self, line: bytes, at: int) -> tuple[bytes, bool, int]:
        """Return the field that begins at a place, whether it is quoted, and where it ends."""
        parts: list[bytes] = []
        is_quoted = False
        while at < len(line) and line[at : at + 1] != self._delimiter:
            if line[at : at + 1] == self._quote:
                is_quoted = True
                found = self._inside.match(line, at + 1)
                end = at + 1 if found is None else found.end()
                parts.append(self._pair.sub(rb"\1", line[at + 1 : end]))
                at = end + 1
            else:
                found = self._plain.match(line, at)
                end = at if found is None else found.end()
                parts.append(line[at:end])
                at = end
        return b"".join(parts), is_quoted, at


class BinaryReader:
    """Rows of the binary form."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._data = b""
        self._has_begun = False
        self._is_over = False

    def feed(self, data: bytes) -> list[Fields]:
        """Take bytes and return the rows that are whole now.

        Raises:
            PgValueError: they are no binary form.
        """
        self._data += data
        if not self._has_begun and not self._begin():
            return []
        found: list[Fields] = []
        at = 0
        while not self._is_over:
            row, at = self._row(at)
            if row is None:
                break
            found.append(row)
        self._data = self._data[at:]
        return found

    def finish(self) -> list[Fields]:
        """Return nothing: each row tells where it ends.

        Raises:
            PgValueError: the end is missing.
        """
        if not self._is_over:
            raise PgValueError(BAD_COPY, "unexpected EOF in COPY data")
        return []

    def _begin(self) -> bool:
        data = self._data
        if len(data) < _HEADER_BYTES:
            return False
        flags, extension = i32(data, 11)[0], i32(data, 15)[0]
        if not data.startswith(SIGNATURE) or flags or extension < 0:
            raise PgValueError(BAD_COPY, "COPY file signature not recognized")
        if len(data) < _HEADER_BYTES + extension:
            return False
        self._data = data[_HEADER_BYTES + extension :]
        self._has_begun = True
        return True

    def _row(self, at: int) -> tuple[Fields | None, int]:
        data, start = self._data, at
        if len(data) < at + 2:
            return None, start
        count = _i16(data, at)[0]
        at += 2
        if count == -1:
            self._is_over = True
            return None, at
        if count != len(self._names):
            raise PgValueError(BAD_COPY, f"row field count is {count}, expected {len(self._names)}")
        fields: list[bytes | None] = []
        for _ in range(count):
            if len(data) < at + 4:
                return None, start
            length = i32(data, at)[0]
            at += 4
            if length < -1:
                raise PgValueError(BAD_COPY, "invalid field size")
            if length == -1:
                fields.append(None)
                continue
            if len(data) < at + length:
                return None, start
            fields.append(data[at : at + length])
            at += length
        return fields, at


def reader_of(form: str, options: Mapping[str, str], names: Sequence[str]) -> Reader:
    """Return what reads lines of a form."""
    if form == "binary":
        return BinaryReader(names)
    return CsvReader(options, names) if form == "csv" else TextReader(options, names)


def _unescaped(field: bytes) -> bytes:
    return _SEQUENCE.sub(_meant, field) if b"\\" in field else field


def _meant(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return bytes((int(found[1], 16),))
    if found[2]:
        return bytes((int(found[2], 8) & 0xFF,))
    return ESCAPED.get(found[3][0], found[3])
