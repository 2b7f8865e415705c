"""Bytes and UUIDs.

Source: docs/spec/57-values-and-residuals.md section 6; PostgreSQL 15, chapters 8.4 and 8.12.
"""

import re
from typing import Final

from sealhold.protect.pgtypes.errors import (
    INVALID_PARAMETER,
    TEXT_REPRESENTATION,
    BadBinaryError,
    MalformedError,
    PgValueError,
)
from sealhold.protect.pgtypes.form import Codec, Settings

_ESCAPED: Final = re.compile(r"\\(?:(\\)|([0-3][0-7]{2}))|([^\\]+)|(\\)", re.DOTALL)
_PAIRS: Final = re.compile(r"[ \n\t\r]*([0-9a-fA-F]{2})")
_REST: Final = re.compile(r"[ \n\t\r]*")
_DIGITS: Final = frozenset("0123456789abcdefABCDEF")
_UUID_BYTES: Final = 16
_UUID: Final = re.compile(r"(\{?)((?:[0-9a-f]{4}-?){7}[0-9a-f]{4})(\}?)", re.IGNORECASE)


class Bytes(Codec[bytes]):
    """bytea: in hex or escaped, as the session asks for."""

    def parse(self, text: str, settings: Settings) -> bytes:
        del settings
        if text.startswith("\\x"):
            return _from_hex(text[2:])
        found = bytearray()
        for backslash, octal, plain, wrong in _ESCAPED.findall(text):
            if wrong:
                raise PgValueError(TEXT_REPRESENTATION, "invalid input syntax for type bytea")
            found += bytes((int(octal, 8),)) if octal else (backslash or plain).encode()
        return bytes(found)

    def spell(self, value: bytes, settings: Settings) -> str:
        if settings.bytea_output == "hex":
            return "\\x" + value.hex()
        return "".join(
            "\\\\" if byte == ord("\\") else chr(byte) if 0x20 <= byte <= 0x7E else f"\\{byte:03o}"  # noqa: PLR2004  # reason: what ASCII prints
            for byte in value
        )

    def from_value(self, value: bytes) -> bytes:
        return value

    def to_value(self, binary: bytes) -> bytes:
        return binary


class Uuid(Codec[bytes]):
    """A UUID, as its 16 bytes."""

    def parse(self, text: str, settings: Settings) -> bytes:
        del settings
        parts = _UUID.fullmatch(text)
        if parts is None or bool(parts[1]) != bool(parts[3]):
            raise MalformedError("uuid", text)
        return bytes.fromhex(parts[2].replace("-", ""))

    def spell(self, value: bytes, settings: Settings) -> str:
        del settings
        digits = value.hex()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def from_value(self, value: bytes) -> bytes:
        return value

    def to_value(self, binary: bytes) -> bytes:
        if len(binary) != _UUID_BYTES:
            raise BadBinaryError
        return binary


def _from_hex(text: str) -> bytes:
    try:
        if text.isalnum() or not text:
            return bytes.fromhex(text)
    except ValueError:
        pass  # the long way says what is wrong with it
    at, found = 0, bytearray()
    while pair := _PAIRS.match(text, at):
        found += bytes.fromhex(pair[1])
        at = pair.end()
    blank = _REST.match(text, at)
    at = at if blank is None else blank.end()
    if at == len(text):
        return bytes(found)
    for mark in text[at : at + 2]:
        if mark not in _DIGITS:
            raise PgValueError(INVALID_PARAMETER, f'invalid hexadecimal digit: "{mark}"')
    raise PgValueError(INVALID_PARAMETER, "invalid hexadecimal data: odd number of digits")
