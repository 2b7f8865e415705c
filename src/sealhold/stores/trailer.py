"""What stands behind an object in a plain folder, and tells a whole file from every other.

- A file is the object and 21 bytes behind it; only one whose last bytes fit its length and the
  name that it is asked by is an object. A file that was cut, is still being written, or was
  copied or renamed by other software is none.
- It finds accidents, not attackers: whoever reads an object opens its seal.

Source: docs/spec/04-stores.md section 14.
"""

from struct import Struct
from zlib import crc32

from sealhold.model.ids import ObjectName

MAGIC = b"SHOF\x01"  # its last byte is the version
TRAILER = 21  # bytes

_TOLD = Struct(">5sQI")  # magic, length of the object, CRC-32 of it
_SEEN = Struct(">I")  # CRC-32 of the name and all before


def trailer(name: ObjectName, content: bytes) -> bytes:
    """Return the 21 bytes that stand behind `content`."""
    told = _TOLD.pack(MAGIC, len(content), crc32(content))
    return told + _SEEN.pack(_seen(name, told))


def length_in(found: bytes, name: ObjectName, size: int) -> int | None:
    """Return how many bytes the object of that name has, None if there is no whole one.

    Args:
        found: the last 21 bytes of the file, or fewer.
        name: what it is asked by.
        size: bytes of the whole file.
    """
    if len(found) != TRAILER:
        return None
    magic, length, _content = _TOLD.unpack_from(found)
    [seen] = _SEEN.unpack_from(found, _TOLD.size)
    is_whole = magic == MAGIC and length == size - TRAILER
    return length if is_whole and seen == _seen(name, found[: _TOLD.size]) else None


def is_of(found: bytes, content: bytes) -> bool:
    """Whether a trailer that was read before is that of `content`."""
    _magic, _length, told = _TOLD.unpack_from(found)
    return bool(told == crc32(content))


def _seen(name: ObjectName, told: bytes) -> int:
    return crc32(told, crc32(name.encode()))
