"""FIT files, message by message: definitions, data, compressed times, and checksums that count.

- The checksum of the whole file is proven before a message is given out; a wrong one breaks it.
- Fields of developers and of unknown types are passed over by their size. A value that FIT calls
  invalid is absent. A file may hold several of such files, one behind the other.

Source: docs/spec/42-places-and-bodies.md section 10; the FIT protocol, 2.x.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from sealhold.model.errors import UnreadableSourceError

MAGIC: Final = b".FIT"
EPOCH: Final = 631_065_600  # seconds from 1970 to 1989-12-31T00:00:00Z, where FIT begins to count
TIME: Final = 253  # the field of a message that holds its time
_CRC = (
    *(0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401),
    *(0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400),
)
_BASES: Final = {  # base type: format of struct, and the value that means none
    0x00: ("B", 0xFF),
    0x01: ("b", 0x7F),
    0x02: ("B", 0xFF),
    0x83: ("h", 0x7FFF),
    0x84: ("H", 0xFFFF),
    0x85: ("i", 0x7FFFFFFF),
    0x86: ("I", 0xFFFFFFFF),
    0x88: ("f", None),
    0x89: ("d", None),
    0x0A: ("B", 0),
    0x8B: ("H", 0),
    0x8C: ("I", 0),
    0x8E: ("q", 0x7FFFFFFFFFFFFFFF),
    0x8F: ("Q", 0xFFFFFFFFFFFFFFFF),
    0x90: ("Q", 0),
}
_TEXT = 0x07
_CUT = "a FIT file that is cut off"

Value = int | float | str


class Message(msgspec.Struct, frozen=True):  # a Struct, because there is one per second
    """One message: its kind, and what its fields hold, by their numbers; unscaled."""

    number: int  # of the message within its file, from 1
    kind: int
    fields: dict[int, Value]


@dataclass(frozen=True, slots=True)
class _Layout:
    kind: int
    order: str  # `<` or `>`
    fields: tuple[tuple[int, int, int], ...]  # number, size, base type
    skipped: int  # bytes of developers' fields behind them


def checksum(data: bytes, crc: int = 0) -> int:
    """Return the checksum of 16 bits that FIT files carry."""
    table = _BYTEWISE
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc


def _bytewise() -> tuple[int, ...]:
    """Return the table of the checksum for whole bytes, from the one for halves."""
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(2):
            crc = crc >> 4 ^ _CRC[crc & 0xF]
        table.append(crc)
    return tuple(table)


_BYTEWISE: Final = _bytewise()


def files_of(data: bytes) -> Iterator[bytes]:
    """Yield the messages' bytes of each FIT file in a file, once its checksum is proven.

    Raises:
        UnreadableSourceError: no FIT, cut off, or of another checksum.
    """
    at = 0
    while at < len(data):
        size = data[at]
        if size not in {12, 14} or data[at + 8 : at + 12] != MAGIC:
            raise UnreadableSourceError("not a FIT file, or something else behind one")
        begin = at + size
        end = begin + int.from_bytes(data[at + 4 : at + 8], "little")
        if end + 2 > len(data):
            raise UnreadableSourceError(_CUT)
        # THREAT T388: what was changed on its way, or cut and mended, is not read
        if checksum(data[at : end + 2]) != 0:
            raise UnreadableSourceError("a FIT file whose checksum is wrong")
        yield data[begin:end]
        at = end + 2


def messages(data: bytes) -> Iterator[Message]:
    """Yield the messages in the bytes of one file.

    Raises:
        UnreadableSourceError: a message that is cut off, or without a definition.
    """
    layouts: dict[int, _Layout] = {}
    at, number, last = 0, 0, None
    while at < len(data):
        head = data[at]
        at += 1
        is_short = bool(head & 0x80)
        local = head >> 5 & 3 if is_short else head & 0xF
        if not is_short and head & 0x40:
            layouts[local], at = _layout(data, at, has_more=bool(head & 0x20))
            continue
        layout = layouts.get(local)
        if layout is None:
            raise UnreadableSourceError("a FIT file with a message that nothing defines")
        fields, at = _fields(data, at, layout)
        if is_short and last is not None:
            last += (head & 0x1F) - last & 0x1F
            fields[TIME] = last
        stated = fields.get(TIME)
        last = stated if isinstance(stated, int) else last
        number += 1
        yield Message(number, layout.kind, fields)


def _layout(data: bytes, at: int, *, has_more: bool) -> tuple[_Layout, int]:
    """Return a definition and where it ends.

    Raises:
        UnreadableSourceError: cut off.
    """
    if at + 5 > len(data):
        raise UnreadableSourceError(_CUT)
    order = ">" if data[at + 1] else "<"
    (kind,) = struct.unpack_from(f"{order}H", data, at + 2)
    count = data[at + 4]
    begin, at = at + 5, at + 5 + 3 * count
    skipped = 0
    if has_more:
        more = data[at] if at < len(data) else 0
        begin_more, at = at + 1, at + 1 + 3 * more
        skipped = sum(data[begin_more + 1 : at : 3])
    if at > len(data):
        raise UnreadableSourceError(_CUT)
    triples = tuple((data[i], data[i + 1], data[i + 2]) for i in range(begin, begin + 3 * count, 3))
    return _Layout(kind, order, triples, skipped), at


def _fields(data: bytes, at: int, layout: _Layout) -> tuple[dict[int, Value], int]:
    """Return what a message holds and where it ends; of a list, its first value.

    Raises:
        UnreadableSourceError: cut off.
    """
    fields: dict[int, Value] = {}
    for number, size, base in layout.fields:
        if at + size > len(data):
            raise UnreadableSourceError(_CUT)
        if base == _TEXT:
            text = data[at : at + size].partition(b"\0")[0].decode("utf-8", "replace")
            if text:
                fields[number] = text
        elif base in _BASES:
            form, none = _BASES[base]
            if size >= struct.calcsize(form):
                (value,) = struct.unpack_from(layout.order + form, data, at)
                if value != none and value == value:  # noqa: PLR0124 - a float that is none is not itself
                    fields[number] = value
        at += size
    at += layout.skipped
    if at > len(data):
        raise UnreadableSourceError(_CUT)
    return fields, at
