"""Packs: many sealed chunks in one object, whose length tells little and whose table is sealed.

    "SHPK" | version | salt 32 | chunks, end to end | sealed table | u32 its length | 0x80 0x00...

- The table names each chunk, where it begins and its length; it holds no key. Sealing and opening
  it is the caller's, under a key of this pack's salt: this file knows no cryptography.
- The chunks fill the space before the table to the byte, in the table's order: a gap, an overlap,
  an entry that reaches out, a chunk named twice is TAMPERED before a byte of it is used.
- A pack is padded to one of 57 lengths, m * 2^e with m of 4 to 7, so it is never more than a
  quarter longer than needed; the largest is 8 MiB.
- A chunk's own seal finds a changed byte; the table's seal finds a chunk that changed its place.

Source: docs/spec/04-stores.md section 10.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from sealhold.model.errors import InvalidError, TamperedError
from sealhold.model.ids import SealedBytes

MAGIC = b"SHPK"
VERSION = 1
SALT_BYTES = 32
CHUNK_ID_BYTES = 32
MIN_CHUNK = 16  # bytes: a seal's tag at least
SMALLEST = 512  # bytes
LARGEST = 8_388_608  # bytes: 8 MiB
TABLE_SEAL = 64  # bytes that sealing may add to the table; nonce and tag are 28

_HEAD = len(MAGIC) + 1 + SALT_BYTES
_ENTRY = struct.Struct(f">{CHUNK_ID_BYTES}sII")
_LENGTH = struct.Struct(">I")
_END = b"\x80"  # begins the padding, so that it can be found from behind

Seal = Callable[[bytes, bytes], SealedBytes]  # (salt, table) -> sealed table
Open = Callable[[bytes, SealedBytes], bytes]  # its inverse; TamperedError if the seal is broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Where a chunk's ciphertext stands in a pack."""

    chunk: bytes  # 32, its id
    offset: int  # bytes from the pack's begin
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a pack says of itself."""

    salt: bytes  # 32
    entries: tuple[Entry, ...]


class PackWriter:
    """Collects chunks for one pack."""

    def __init__(self, salt: bytes) -> None:
        if len(salt) != SALT_BYTES:
            raise InvalidError(f"a pack's salt has {SALT_BYTES} bytes, not {len(salt)}")
        self._salt = salt
        self._parts = [MAGIC + bytes([VERSION]) + salt]
        self._size = len(self._parts[0])
        self._entries: dict[bytes, Entry] = {}

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What was added, in order."""
        return tuple(self._entries.values())

    def has_room(self, length: int) -> bool:
        """Return whether a chunk of `length` bytes still fits."""
        table = (len(self._entries) + 1) * _ENTRY.size + TABLE_SEAL
        return self._size + length + table + _LENGTH.size + len(_END) <= LARGEST

    def add(self, chunk: bytes, sealed: SealedBytes) -> Entry:
        """Append a chunk's ciphertext under its 32-byte id, and return where it will stand.

        Raises:
            InvalidError: no room, a wrong length, or an id that was added before.
        """
        if len(chunk) != CHUNK_ID_BYTES or chunk in self._entries:
            raise InvalidError("a chunk id has 32 bytes and is added once")
        if len(sealed) < MIN_CHUNK or not self.has_room(len(sealed)):
            raise InvalidError(f"a chunk of {len(sealed)} bytes does not fit")
        entry = Entry(chunk=chunk, offset=self._size, length=len(sealed))
        self._parts.append(sealed)
        self._size += len(sealed)
        self._entries[chunk] = entry
        return entry

    def finish(self, seal: Seal) -> SealedBytes:
        """Return the whole pack, padded.

        Raises:
            InvalidError: `seal` added more than `TABLE_SEAL` bytes.
        """
        table = b"".join(_ENTRY.pack(e.chunk, e.offset, e.length) for e in self.entries)
        sealed = seal(self._salt, table)
        if len(sealed) > len(table) + TABLE_SEAL:
            raise InvalidError(f"a sealed table of {len(sealed)} bytes is too long")
        end = sealed + _LENGTH.pack(len(sealed)) + _END
        size = self._size + len(end)
        return SealedBytes(b"".join((*self._parts, end, bytes(padded(size) - size))))


def padded(length: int) -> int:
    """Return the smallest of the 57 lengths that holds `length` bytes.

    Raises:
        InvalidError: longer than 8 MiB.
    """
    if length > LARGEST:
        raise InvalidError(f"{length} bytes; at most {LARGEST}")
    if length <= SMALLEST:
        return SMALLEST
    step = 1 << ((length - 1).bit_length() - 3)
    return -(-length // step) * step


def room(chunks: int, length: int) -> int:
    """Return at most how long a pack is that holds so many chunks of so many bytes in all."""
    table = chunks * _ENTRY.size + TABLE_SEAL
    return padded(_HEAD + length + table + _LENGTH.size + len(_END))


def read_pack(pack: SealedBytes, open_table: Open) -> Contents:
    """Return what `pack` holds, after all of its form was checked.

    Raises:
        TamperedError: not a pack, or not as it was written.
    """
    if len(pack) < SMALLEST or len(pack) > LARGEST or pack[: len(MAGIC)] != MAGIC:
        raise TamperedError("not a pack")
    if pack[len(MAGIC)] != VERSION:
        raise TamperedError(f"a pack of version {pack[len(MAGIC)]}; known is {VERSION}")
    salt = pack[len(MAGIC) + 1 : _HEAD]
    begin, end = _table_place(pack)
    table = open_table(salt, SealedBytes(pack[begin:end]))
    return Contents(salt=salt, entries=_entries(table, begin))


def chunk_of(pack: SealedBytes, entry: Entry) -> SealedBytes:
    """Return the ciphertext of one chunk of a pack that was read."""
    return SealedBytes(pack[entry.offset : entry.offset + entry.length])


def _table_place(pack: SealedBytes) -> tuple[int, int]:
    """Return where the sealed table begins and ends.

    Raises:
        TamperedError: the pack's end is not as it was written.
    """
    filled = pack.rstrip(b"\x00")
    # THREAT T07: more padding than the length asks for would hide bytes that nothing vouches for.
    if not filled.endswith(_END) or padded(len(filled)) != len(pack):
        raise TamperedError("a pack's padding is not as it was written")
    end = len(filled) - len(_END) - _LENGTH.size
    if end < _HEAD:
        raise TamperedError("a pack is cut off")
    (length,) = _LENGTH.unpack_from(pack, end)
    # THREAT T07: a length from outside is compared with what is there before it is used.
    if length > end - _HEAD:
        raise TamperedError("a pack's table is longer than the pack")
    return end - length, end


def _entries(table: bytes, end: int) -> tuple[Entry, ...]:
    if len(table) % _ENTRY.size:
        raise TamperedError("a pack's table is cut off")
    found: dict[bytes, Entry] = {}
    at = _HEAD
    for chunk, offset, length in _ENTRY.iter_unpack(table):
        # THREAT T07: entries stand end to end, so none overlaps another or reaches out of the pack.
        if offset != at or length < MIN_CHUNK or chunk in found:
            raise TamperedError("a pack's table does not fit its chunks")
        found[chunk] = Entry(chunk=chunk, offset=offset, length=length)
        at += length
    if at != end:
        raise TamperedError("a pack's table does not fit its chunks")
    return tuple(found.values())
