"""Arrays of one dimension: `{1,NULL,"a b"}`.

- An array is a tuple of its elements' values, None for NULL. Lower bounds other than one and more
  dimensions are refused.
- Elements are read and written by their own type, each with its modifier.

Source: docs/spec/57-values-and-residuals.md section 6; PostgreSQL 15, chapter 8.15.
"""

import re
import struct
from typing import Any, Final

from sealhold.protect.pgtypes.errors import (
    TEXT_REPRESENTATION,
    BadBinaryError,
    PgValueError,
    TypeRefusedError,
)
from sealhold.protect.pgtypes.form import Codec, Settings
from sealhold.protect.pgtypes.types import PgType

Elements = tuple[Any, ...]  # values of the element's type, or None

_HEAD: Final = struct.Struct("!iiI")
_BOUNDS: Final = struct.Struct("!ii")
_LENGTH: Final = struct.Struct("!i")
_TOKEN: Final = re.compile(
    r'[ \t-\r]*(?:"((?:[^"\\]|\\.)*)"'
    r'|((?:[^"{},\\ \t-\r]|\\.|[ \t-\r]+(?![ \t-\r,}]|\Z))+))[ \t-\r]*',
    re.DOTALL,
)
_UNESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_NEEDS_QUOTES: Final = re.compile(r'[{}",\\ \t-\r]')
_BLANKS: Final = " \t\n\v\f\r"


class Array(Codec[Elements]):
    """An array over the forms of its elements."""

    def __init__(self, type_: PgType, element: Codec[Any]) -> None:
        super().__init__(type_)
        self._element = element

    def parse(self, text: str, settings: Settings) -> Elements:
        body = text.strip(_BLANKS)
        if body.startswith("["):
            raise TypeRefusedError("arrays with bounds of their own are not in the list")
        if not body.startswith("{") or not body.endswith("}") or len(body) == 1:
            raise PgValueError(TEXT_REPRESENTATION, _malformed(text))
        body = body[1:-1]
        if not body.strip(_BLANKS):
            return ()
        return tuple(self._read(token, settings) for token in _tokens(body, text))

    def _read(self, token: tuple[str | None, str], settings: Settings) -> object:
        quoted, bare = token
        if quoted is None and bare.upper() == "NULL":
            return None
        element = _UNESCAPED.sub(r"\1", bare if quoted is None else quoted)
        return self._element.fit(self._element.parse(element, settings))

    def spell(self, value: Elements, settings: Settings) -> str:
        return "{" + ",".join(self._shown(element, settings) for element in value) + "}"

    def _shown(self, element: object, settings: Settings) -> str:
        if element is None:
            return "NULL"
        text = self._element.spell(element, settings)
        if text and text.upper() != "NULL" and not _NEEDS_QUOTES.search(text):
            return text
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def from_value(self, value: Elements) -> bytes:
        write = self._element.from_value
        return self._joined([None if element is None else write(element) for element in value])

    def _joined(self, elements: list[bytes | None]) -> bytes:
        kind = self._element.type.oid
        if not elements:
            return _HEAD.pack(0, 0, kind)
        parts = [_HEAD.pack(1, int(None in elements), kind), _BOUNDS.pack(len(elements), 1)]
        for element in elements:
            if element is None:
                parts.append(_LENGTH.pack(-1))
            else:
                parts += (_LENGTH.pack(len(element)), element)
        return b"".join(parts)

    def to_value(self, binary: bytes) -> Elements:
        return tuple(
            None if element is None else self._element.to_value(element)
            for element in self._elements(binary)
        )

    def _elements(self, binary: bytes) -> list[bytes | None]:
        try:
            dimensions, _, kind = _HEAD.unpack_from(binary)
            if kind != self._element.type.oid:
                raise PgValueError("42804", "wrong element type")
            if dimensions == 0:
                return []
            if dimensions != 1:
                raise TypeRefusedError("arrays of more dimensions are not in the list")
            count, lower = _BOUNDS.unpack_from(binary, _HEAD.size)
            if lower != 1:
                raise TypeRefusedError("arrays with bounds of their own are not in the list")
            return _split(binary, _HEAD.size + _BOUNDS.size, count)
        except struct.error:
            raise BadBinaryError from None

    def fit(self, value: Elements) -> Elements:
        return tuple(None if element is None else self._element.fit(element) for element in value)

    def cut(self, value: Elements) -> Elements:
        return tuple(None if element is None else self._element.cut(element) for element in value)

    def key(self, value: Elements) -> tuple[Any, ...]:
        return tuple((element is None, self._or_less(element)) for element in value)

    def _or_less(self, element: object) -> object:
        return 0 if element is None else self._element.key(element)

    def same(self, value: Elements) -> tuple[Any, ...]:
        return tuple(None if element is None else self._element.same(element) for element in value)

    def canonical(self, binary: bytes) -> bytes:
        canonical = self._element.canonical
        return self._joined(
            [None if element is None else canonical(element) for element in self._elements(binary)]
        )


def _tokens(body: str, text: str) -> list[tuple[str | None, str]]:
    """Return the elements of what stands between the braces: quoted, or bare.

    Raises:
        PgValueError: no array.
        TypeRefusedError: one of more dimensions.
    """
    found: list[tuple[str | None, str]] = []
    at = 0
    while True:
        token = _TOKEN.match(body, at)
        if token is None:
            if body[at:].lstrip(_BLANKS).startswith("{"):
                raise TypeRefusedError("arrays of more dimensions are not in the list")
            raise PgValueError(TEXT_REPRESENTATION, _malformed(text))
        found.append((token[1], token[2]))
        at = token.end()
        if at == len(body):
            return found
        if body[at] != ",":
            raise PgValueError(TEXT_REPRESENTATION, _malformed(text))
        at += 1


def _split(binary: bytes, at: int, count: int) -> list[bytes | None]:
    """Return the binary forms of `count` elements that begin at `at`.

    Raises:
        BadBinaryError: they are longer or shorter than the bytes.
    """
    found: list[bytes | None] = []
    for _ in range(count):
        (length,) = _LENGTH.unpack_from(binary, at)
        at += _LENGTH.size
        if length < 0:
            found.append(None)
            continue
        if at + length > len(binary):
            raise BadBinaryError
        found.append(binary[at : at + length])
        at += length
    if at != len(binary):
        raise BadBinaryError
    return found


def _malformed(text: str) -> str:
    return f'malformed array literal: "{text}"'
