"""json and jsonb.

- json keeps its text, and has no equality in the server: it is refused wherever one is needed.
- jsonb is written anew: keys sorted by length and bytes, the last of equal keys kept, numbers as
  numeric. Its equality is that of what is so written, numbers compared as numbers.
- Nesting is limited, so that no text can exhaust the stack.

Source: docs/spec/57-values-and-residuals.md section 6; PostgreSQL 15, chapter 8.14; RFC 8259.
"""

import json
import re
from decimal import Decimal
from typing import Any, Final, NoReturn

from sealhold.protect.pgtypes.errors import (
    BINARY_REPRESENTATION,
    TEXT_REPRESENTATION,
    TOO_COMPLEX,
    UNTRANSLATABLE,
    PgValueError,
    TypeRefusedError,
)
from sealhold.protect.pgtypes.form import Codec, Settings, decoded
from sealhold.protect.pgtypes.numeric import Numeric
from sealhold.protect.pgtypes.types import named

_VERSION: Final = b"\1"  # of jsonb's binary form
_MAX_DEPTH: Final = 500
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ESCAPES: Final = {
    ord('"'): '\\"', ord("\\"): "\\\\", 8: "\\b", 12: "\\f", 10: "\\n", 13: "\\r", 9: "\\t",
} | {code: f"\\u{code:04x}" for code in range(32) if code not in {8, 9, 10, 12, 13}}  # fmt: skip
_NUMBERS: Final = Numeric(named("numeric"))
_PLAIN: Final = Settings()

Tree = Any  # dict, list, str, Decimal, bool, None: JSON nests without end


class Json(Codec[str]):
    """json: its text, checked."""

    def parse(self, text: str, settings: Settings) -> str:
        del settings
        _tree(text, "json")
        return text

    def spell(self, value: str, settings: Settings) -> str:
        del settings
        return value

    def from_value(self, value: str) -> bytes:
        return value.encode()

    def to_value(self, binary: bytes) -> str:
        return decoded(binary)

    def checked(self, binary: bytes) -> bytes:
        _tree(decoded(binary), "json")
        return binary

    def key(self, value: str) -> NoReturn:
        del value
        raise TypeRefusedError("json has no equality; jsonb has")

    def canonical(self, binary: bytes) -> NoReturn:
        del binary
        raise TypeRefusedError("json has no equality; jsonb has")


class Jsonb(Codec[str]):
    """jsonb: the text that the server writes for it."""

    def parse(self, text: str, settings: Settings) -> str:
        del settings
        return _written(_checked(_tree(text, "json")), is_canonical=False)

    def spell(self, value: str, settings: Settings) -> str:
        del settings
        return value

    def from_value(self, value: str) -> bytes:
        return _VERSION + value.encode()

    def to_value(self, binary: bytes) -> str:
        if binary[:1] != _VERSION:
            raise PgValueError(BINARY_REPRESENTATION, "unsupported jsonb version number")
        return decoded(binary[1:])

    def checked(self, binary: bytes) -> bytes:
        return self.from_value(self.parse(self.to_value(binary), _PLAIN))

    def same(self, value: str) -> str:
        return _written(_tree(value, "json"), is_canonical=True)

    def key(self, value: str) -> NoReturn:
        del value
        raise TypeRefusedError("the order of jsonb is not followed here")

    def canonical(self, binary: bytes) -> bytes:
        return self.from_value(self.same(self.to_value(binary)))


def _tree(text: str, name: str) -> Tree:
    """Return what the text says; of equal keys, the last is kept.

    Raises:
        PgValueError: not JSON, or nested too deep.
    """
    depth = 0
    if text.count("[") + text.count("{") > _MAX_DEPTH:
        for mark in re.sub(r'"(?:[^"\\]|\\.)*"', "", text):
            depth += 1 if mark in "[{" else -1 if mark in "]}" else 0
            # THREAT T630: a text that nests without end would exhaust the stack.
            if depth > _MAX_DEPTH:
                raise PgValueError(TOO_COMPLEX, "stack depth limit exceeded")
    try:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except ValueError:
        raise PgValueError(TEXT_REPRESENTATION, f"invalid input syntax for type {name}") from None


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def _checked(tree: Tree) -> Tree:
    """Return a tree whose texts jsonb can hold.

    Raises:
        PgValueError: a NUL or half a pair of surrogates.
    """
    match tree:
        case dict():
            for key, below in tree.items():
                _checked(key)
                _checked(below)
        case list():
            for below in tree:
                _checked(below)
        case str():
            if "\0" in tree:
                raise PgValueError(UNTRANSLATABLE, "unsupported Unicode escape sequence")
            if _SURROGATE.search(tree):
                raise PgValueError(TEXT_REPRESENTATION, "invalid input syntax for type json")
        case _:
            pass
    return tree


def _written(tree: Tree, *, is_canonical: bool) -> str:
    match tree:
        case dict():
            keys = sorted(tree, key=lambda key: (len(key.encode()), key.encode()))
            inner = (
                f"{_quoted(key)}: {_written(tree[key], is_canonical=is_canonical)}" for key in keys
            )
            return "{" + ", ".join(inner) + "}"
        case list():
            return "[" + ", ".join(_written(b, is_canonical=is_canonical) for b in tree) + "]"
        case str():
            return _quoted(tree)
        case None:
            return "null"
        case bool():
            return "true" if tree else "false"
        case _:
            return _number(tree, is_canonical=is_canonical)


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def _number(number: Decimal, *, is_canonical: bool) -> str:
    binary = _NUMBERS.from_value(number)
    if is_canonical:
        binary = _NUMBERS.canonical(binary)
    return _NUMBERS.to_text(binary, _PLAIN).decode()
