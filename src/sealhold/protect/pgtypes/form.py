"""What a type can do: read and write its text and binary forms, and compare.

- Text is what a client sends or sees, in the session's settings. Binary is the server's send form,
  in which values move through the proxy. A *value* in Python is what computing needs: `to_value`.
- `fit` applies the modifier as an assignment does, `cut` as a cast in a statement does.
- `canonical` and `key` follow the type's own equality and order in the server.

Source: docs/spec/57-values-and-residuals.md section 2.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

from sealhold.protect.pgtypes.errors import NOT_IN_REPERTOIRE, PgValueError, TypeRefusedError
from sealhold.protect.pgtypes.types import PgType

V = TypeVar("V")
_ANNOUNCED: Final = (
    (0xF8, 1),
    (0xF0, 4),
    (0xE0, 3),
    (0xC0, 2),
)  # bytes of a character, by its first


@dataclass(frozen=True, slots=True)
class Settings:
    """What a session set that changes how values are read and written."""

    date_style: str = "ISO, MDY"
    time_zone: str = "UTC"
    interval_style: str = "postgres"
    extra_float_digits: int = 1
    bytea_output: str = "hex"


class Codec(ABC, Generic[V]):
    """The forms of one type with its modifier; `V` is its value in Python."""

    is_text: ClassVar[bool] = False  # its text form is its binary form

    def __init__(self, type_: PgType) -> None:
        self.type = type_

    @abstractmethod
    def parse(self, text: str, settings: Settings) -> V:
        """Return the value that `text` means, without regard to the modifier.

        Raises:
            PgValueError: it means none.
            TypeRefusedError: a form that the proxy does not read.
        """

    @abstractmethod
    def spell(self, value: V, settings: Settings) -> str:
        """Return the value as the server writes it.

        Raises:
            TypeRefusedError: settings that the proxy does not follow.
        """

    @abstractmethod
    def from_value(self, value: V) -> bytes:
        """Return the binary form of a value of this type.

        Raises:
            PgValueError: the type does not reach so far.
        """

    @abstractmethod
    def to_value(self, binary: bytes) -> V:
        """Return the value of a binary form.

        Raises:
            PgValueError: the bytes are no binary form of the type.
        """

    def fit(self, value: V) -> V:
        """Return the value as it is stored in a column of the type.

        Raises:
            PgValueError: it does not fit the modifier.
        """
        return value

    def cut(self, value: V) -> V:
        """Return the value as an explicit cast to the type makes it.

        Raises:
            PgValueError: it does not fit the modifier.
        """
        return self.fit(value)

    def key(self, value: V) -> Any:  # noqa: ANN401  # reason: whatever Python compares alike
        """Return what compares in Python as the values do in the server.

        Raises:
            TypeRefusedError: the type has no order there, or the proxy does not know it.
        """
        return value

    def same(self, value: V) -> Any:  # noqa: ANN401  # reason: whatever Python hashes alike
        """Return what is equal in Python, and hashes so, for values that are equal in the server.

        Raises:
            TypeRefusedError: the type has no equality.
        """
        return self.key(value)

    def to_binary(self, text: bytes, settings: Settings) -> bytes:
        """Return the binary form of a text form, as it is stored in a column of the type.

        Raises:
            PgValueError: it means no value, or does not fit.
            TypeRefusedError: a form that the proxy does not read.
        """
        return self.from_value(self.fit(self.parse(decoded(text), settings)))

    def to_binaries(self, texts: Sequence[bytes | None], settings: Settings) -> list[bytes | None]:
        """Return the binary form of many text forms, as `to_binary` does; None stays.

        Raises:
            PgValueError: one means no value, or does not fit.
            TypeRefusedError: a form that the proxy does not read.
        """
        to_binary = self.to_binary
        return [None if text is None else to_binary(text, settings) for text in texts]

    def to_text(self, binary: bytes, settings: Settings) -> bytes:
        """Return the text form of a binary form.

        Raises:
            PgValueError: the bytes are no binary form of the type.
            TypeRefusedError: settings that the proxy does not follow.
        """
        return self.spell(self.to_value(binary), settings).encode()

    def checked(self, binary: bytes) -> bytes:
        """Return a binary form that a client sent, as it is stored in a column of the type.

        Raises:
            PgValueError: no binary form of the type, or it does not fit.
        """
        return self.from_value(self.fit(self.to_value(binary)))

    def canonical(self, binary: bytes) -> bytes:
        """Return bytes that are the same for equal values, and only for those.

        Raises:
            TypeRefusedError: the type has no equality.
        """
        return binary

    def ordered(self, binary: bytes, scale: int | None) -> tuple[int, int]:
        """Return an unsigned integer that is in the order of the values, and its bits.

        Args:
            binary: a value of the type.
            scale: digits after the point, for numeric.

        Raises:
            TypeRefusedError: the type has none, or the value does not fit it.
        """
        del binary, scale
        raise TypeRefusedError(f"type `{self.type.name}` has no integer in its order")


def decoded(text: bytes) -> str:
    """Return UTF-8 bytes as text.

    Raises:
        PgValueError: no UTF-8, or a NUL in it.
    """
    try:
        result = text.decode()
    except UnicodeDecodeError as err:
        raise PgValueError(NOT_IN_REPERTOIRE, _not_utf8(text, err.start)) from None
    if "\0" in result:
        raise PgValueError(NOT_IN_REPERTOIRE, _not_utf8(b"\0", 0))
    return result


def _not_utf8(text: bytes, at: int) -> str:
    """Return the server's words: it names the bytes that the first one announces."""
    first = text[at]
    length = next((size for top, size in _ANNOUNCED if first >= top), 1)
    shown = " ".join(f"0x{byte:02x}" for byte in text[at : at + length])
    return f'invalid byte sequence for encoding "UTF8": {shown}'
