"""The lines of COPY, written: text, CSV and binary form.

Source: docs/spec/56-postgresql-proxy.md section 8; PostgreSQL 15, COPY.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from sealhold.protect.sql.copyreading import END_MARK, ESCAPED, HEADER, TRAILER, Fields
from sealhold.protect.sql.wire import build_cells

_ESCAPES: Final = {value: b"\\" + bytes((key,)) for key, value in ESCAPED.items()} | {
    b"\\": b"\\\\"
}


class Writer(Protocol):
    """Writes rows in one form."""

    def head(self, names: Sequence[str]) -> bytes:
        """Return what stands before all rows; may be nothing."""
        ...

    def row(self, fields: Fields) -> bytes:
        """Return one row."""
        ...

    def tail(self) -> bytes:
        """Return what stands behind all rows; may be nothing."""
        ...


class TextWriter:
    """Writes the text form."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._delimiter = options.get("delimiter", "\t").encode()
        self._null = options.get("null", r"\N").encode()
        self._has_head = options.get("header", "false").lower() not in {"false", "off", "0"}
        self._special = re.compile(rb"[\\\x08\f\n\r\t\v]|" + re.escape(self._delimiter))

    def head(self, names: Sequence[str]) -> bytes:
        """Return the names, if they are wanted."""
        return self.row([each.encode() for each in names]) if self._has_head else b""

    def row(self, fields: Fields) -> bytes:
        """Return one line."""
        null, escaped = self._null, self._special.sub
        return (
            self._delimiter.join(
                null if each is None else escaped(_escape, each) for each in fields
            )
            + b"\n"
        )

    def tail(self) -> bytes:
        """Return nothing."""
        return b""


class CsvWriter:
    """Writes the CSV form."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._delimiter = options.get("delimiter", ",").encode()
        self._null = options.get("null", "").encode()
        self._quote = options.get("quote", '"').encode()
        self._escape = options.get("escape", self._quote.decode()).encode()
        self._has_head = options.get("header", "false").lower() not in {"false", "off", "0"}
        self._all = options.get("force_quote") == "*"
        marks = b"".join(map(re.escape, (self._delimiter, self._quote)))
        self._special = re.compile(b"[" + marks + rb"\n\r]")
        self._quoted = re.compile(b"[" + re.escape(self._quote) + re.escape(self._escape) + b"]")

    def head(self, names: Sequence[str]) -> bytes:
        """Return the names, if they are wanted."""
        return self._line([self._field(each.encode()) for each in names]) if self._has_head else b""

    def row(self, fields: Fields) -> bytes:
        """Return one line."""
        only = len(fields) == 1
        return self._line(
            [
                self._null
                if each is None
                else self._field(each, forced=self._all or (only and each == END_MARK))
                for each in fields
            ]
        )

    def tail(self) -> bytes:
        """Return nothing."""
        return b""

    def _line(self, fields: Iterable[bytes]) -> bytes:
        return self._delimiter.join(fields) + b"\n"

    def _field(self, field: bytes, *, forced: bool = False) -> bytes:
        if not forced and field != self._null and self._special.search(field) is None:
            return field
        escape = self._escape
        inside = self._quoted.sub(lambda found: escape + found[0], field)
        return self._quote + inside + self._quote


class BinaryWriter:
    """Writes the binary form."""

    def head(self, names: Sequence[str]) -> bytes:  # noqa: ARG002  reason: it names nothing
        """Return the head of the form."""
        return HEADER

    def row(self, fields: Fields) -> bytes:
        """Return one row."""
        return build_cells(fields)

    def tail(self) -> bytes:
        """Return the end of the form."""
        return TRAILER


def writer_of(form: str, options: Mapping[str, str]) -> Writer:
    """Return what writes lines of a form."""
    if form == "binary":
        return BinaryWriter()
    return CsvWriter(options) if form == "csv" else TextWriter(options)


def _escape(found: re.Match[bytes]) -> bytes:
    return _ESCAPES.get(found[0], b"\\" + found[0])
