"""EXIF: the directories of tags that cameras write, read within bounds.

- A directory is read once, wherever links lead; no value is larger than what is there.
- Unknown tags are kept as values; the notes that only their maker reads are passed over.

Source: docs/spec/42-places-and-bodies.md section 11; TIFF 6.0, CIPA DC-008.
"""

import math
import struct
from dataclasses import dataclass, field
from typing import Final

from sealhold.model.encoding import Plain

_MOST_TAGS: Final = 512  # of a directory
_MOST_VALUES: Final = 64  # of a tag that are kept
_MOST_BYTES: Final = 4_096  # of a text or unknown bytes that are kept
MOST_PREVIEW: Final = 65_536  # bytes of the camera's own preview
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_FORMS: Final = {3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d"}
_ASCII, _RATIONAL, _SIGNED = 2, 5, 10
_MORE, _GPS, _MAKER_NOTE = 0x8769, 0x8825, 0x927C
_PREVIEW_AT, _PREVIEW_SIZE = 0x0201, 0x0202


@dataclass(slots=True)
class Exif:
    """The tags of a picture: of the image, of its taking, of its place; and its preview."""

    image: dict[int, Plain] = field(default_factory=dict)
    more: dict[int, Plain] = field(default_factory=dict)
    gps: dict[int, Plain] = field(default_factory=dict)
    preview: bytes | None = None
    faults: int = 0  # tags and directories that could not be read


def read_exif(data: bytes) -> Exif | None:
    """Return what a TIFF block says, or None if it is none."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None or len(data) < 8:  # noqa: PLR2004 - its head
        return None
    found = Exif()
    reader = _Reader(data, order, found)
    behind = reader.directory(struct.unpack_from(order + "I", data, 4)[0], found.image)
    for tag, tags in ((_MORE, found.more), (_GPS, found.gps)):
        link = found.image.pop(tag, None)
        if isinstance(link, int):
            reader.directory(link, tags)
    small: dict[int, Plain] = {}
    if behind:
        reader.directory(behind, small)
    at, size = small.get(_PREVIEW_AT), small.get(_PREVIEW_SIZE)
    if isinstance(at, int) and isinstance(size, int) and 0 < size <= MOST_PREVIEW:
        preview = data[at : at + size]
        if len(preview) == size and preview.startswith(b"\xff\xd8"):
            found.preview = preview
        else:
            found.faults += 1
    return found


class _Reader:
    def __init__(self, data: bytes, order: str, found: Exif) -> None:
        self._data = data
        self._order = order
        self._found = found
        self._seen: set[int] = set()

    def directory(self, at: int, tags: dict[int, Plain]) -> int:
        """Take the tags of a directory, and return where the next one is, or 0."""
        data, order = self._data, self._order
        # THREAT T388: links may lead back or outside; each directory is read once, and only here
        if at in self._seen or at + 2 > len(data):
            self._found.faults += 1
            return 0
        self._seen.add(at)
        (count,) = struct.unpack_from(order + "H", data, at)
        end = at + 2 + 12 * count
        if count > _MOST_TAGS or end > len(data):
            self._found.faults += 1
            return 0
        for entry in range(at + 2, end, 12):
            tag, kind, number = struct.unpack_from(order + "HHI", data, entry)
            if tag == _MAKER_NOTE:
                continue
            value = self._value(entry + 8, kind, number)
            if value is None:
                self._found.faults += 1
            else:
                tags[tag] = value
        return int(struct.unpack_from(order + "I", data, end)[0]) if end + 4 <= len(data) else 0

    def _value(self, at: int, kind: int, number: int) -> Plain:
        """Return the value of a tag, or None if it lies outside or is of no known kind."""
        size = _SIZES.get(kind, 0) * number
        if not size:
            return None
        if size > 4:  # noqa: PLR2004 - what fits in the entry stands in it
            (at,) = struct.unpack_from(self._order + "I", self._data, at)
        if at + size > len(self._data):
            return None
        if kind not in _FORMS and kind not in {_RATIONAL, _SIGNED}:
            kept = self._data[at : at + min(size, _MOST_BYTES)]
            if kind != _ASCII:
                return kept
            return kept.partition(b"\0")[0].decode("utf-8", "replace").strip()
        count = min(number, _MOST_VALUES)
        if kind in {_RATIONAL, _SIGNED}:
            form = f"{self._order}{2 * count}{'I' if kind == _RATIONAL else 'i'}"
            parts = struct.unpack_from(form, self._data, at)
            values = [_share(a, b) for a, b in zip(parts[::2], parts[1::2], strict=True)]
            return values[0] if len(values) == 1 else values
        many = struct.unpack_from(f"{self._order}{count}{_FORMS[kind]}", self._data, at)
        numbers = [one if math.isfinite(one) else None for one in many]
        return numbers[0] if len(numbers) == 1 else numbers


def _share(above: int, below: int) -> float | None:
    return above / below if below else None
