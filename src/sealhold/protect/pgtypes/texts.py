"""Texts: text, varchar(n), char(n), name.

- Text is the same bytes in both forms, so it is only looked at: UTF-8, no NUL, not too long.
- Order is that of code points, which is order C. Where a server sorts otherwise, nothing here may
  sort for it: whoever compiles a statement says so.
- char(n) is filled with blanks, which do not count when it is compared.

Source: docs/spec/57-values-and-residuals.md section 3; PostgreSQL 15, chapter 8.3.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, cast

from sealhold.protect.pgtypes.errors import TOO_LONG, PgValueError
from sealhold.protect.pgtypes.form import Codec, Settings, decoded
from sealhold.protect.pgtypes.types import PgType, characters, spelled

MAX_NAME: Final = 63  # bytes


class Text(Codec[str]):
    """Text, and varchar without a length."""

    is_text: ClassVar[bool] = True

    def parse(self, text: str, settings: Settings) -> str:
        del settings
        return text

    def spell(self, value: str, settings: Settings) -> str:
        del settings
        return value

    def from_value(self, value: str) -> bytes:
        return value.encode()

    def to_value(self, binary: bytes) -> str:
        return decoded(binary)

    def to_binary(self, text: bytes, settings: Settings) -> bytes:
        del settings
        decoded(text)
        return text

    def to_binaries(self, texts: Sequence[bytes | None], settings: Settings) -> list[bytes | None]:
        if type(self) is Text and None not in texts:
            try:  # UTF-8 never goes on behind a line's end
                decoded(b"\n".join(cast("Sequence[bytes]", texts)))
            except PgValueError:
                return super().to_binaries(texts, settings)  # which of them it is
            return list(texts)
        return super().to_binaries(texts, settings)

    def to_text(self, binary: bytes, settings: Settings) -> bytes:
        del settings
        return binary

    def checked(self, binary: bytes) -> bytes:
        decoded(binary)
        return binary


class Limited(Text):
    """varchar(n): blanks too many are dropped, all else too many is refused."""

    def __init__(self, type_: PgType, length: int) -> None:
        super().__init__(type_)
        self._length = length

    def fit(self, value: str) -> str:
        if len(value) > self._length and value[self._length :].strip(" "):
            raise PgValueError(TOO_LONG, f"value too long for type {spelled(self.type)}")
        return value[: self._length]

    def cut(self, value: str) -> str:
        return value[: self._length]

    def to_binary(self, text: bytes, settings: Settings) -> bytes:
        del settings
        return self.checked(text)

    def checked(self, binary: bytes) -> bytes:
        value = decoded(binary)
        return binary if len(value) <= self._length else self.fit(value).encode()


class Blank(Limited):
    """char(n): filled with blanks to its length. Without one, as it is given."""

    def __init__(self, type_: PgType) -> None:
        length = characters(type_)
        super().__init__(type_, -1 if length is None else length)

    def fit(self, value: str) -> str:
        return value if self._length < 0 else super().fit(value).ljust(self._length)

    def cut(self, value: str) -> str:
        return value if self._length < 0 else super().cut(value).ljust(self._length)

    def key(self, value: str) -> str:
        return value.rstrip(" ")

    def checked(self, binary: bytes) -> bytes:
        return self.fit(decoded(binary)).encode()

    def canonical(self, binary: bytes) -> bytes:
        return binary.rstrip(b" ")


class Name(Text):
    """A name: what is longer than 63 bytes is cut, never within a character."""

    def fit(self, value: str) -> str:
        whole = value.encode()
        return value if len(whole) <= MAX_NAME else whole[:MAX_NAME].decode(errors="ignore")

    def to_binary(self, text: bytes, settings: Settings) -> bytes:
        del settings
        return self.checked(text)

    def checked(self, binary: bytes) -> bytes:
        return self.fit(decoded(binary)).encode()


def varchar(type_: PgType) -> Text:
    """Return the forms of a varchar with or without a length."""
    length = characters(type_)
    return Text(type_) if length is None else Limited(type_, length)
