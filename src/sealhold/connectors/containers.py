"""Where pictures keep what they say of themselves: segments of JPEG, chunks of PNG, boxes of HEIC.

- Only heads and the parts that are wanted are read, never the picture.
- Each length is held against the file and a limit; a part that is too large is told and left.

Source: docs/spec/42-places-and-bodies.md section 11; ITU T.81, PNG 3, ISO 23008-12.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from sealhold.connectors.picturetags import Picture
from sealhold.connectors.xmp import MOST as MOST_XMP
from sealhold.model.errors import UnreadableSourceError

_MOST_PARTS: Final = 100_000  # segments, chunks or boxes of one file
_MOST_EXIF: Final = 1_048_576  # bytes
_MOST_TEXTS: Final = 256  # of a PNG file, and items of a HEIC file that are looked at
_MOST_META: Final = 8_388_608  # bytes of the box that describes the items of a HEIC file
_CUT: Final = "a picture that is cut off"
_XMP_HEAD: Final = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_NAME: Final = b"XML:com.adobe.xmp"
_APP1: Final = 0xE1
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_WANTED: Final = (b"Exif", b"mime")
_Part = tuple[int, int, int]  # 0 in the file or 1 in the box of data; offset there; length
_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")


def format_of(head: bytes) -> str | None:
    """Return which picture a file is by its first bytes, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        is_frame = len(head) > 3 and 0xC0 <= head[3] < 0xFF and _segment_fits(head)  # noqa: PLR2004 - its first marker
        return "JPEG" if is_frame else None
    if head.startswith(_PNG):
        return "PNG" if head[12:16] == b"IHDR" else None
    is_box = head[4:8] == b"ftyp" and head[8:12] in _BRANDS
    return "HEIC" if is_box else None


def _segment_fits(head: bytes) -> bool:
    """Whether the first segment of a JPEG file has a length, and another marker behind it."""
    size = int.from_bytes(head[4:6], "big")
    behind = head[4 + size : 5 + size]
    return size >= 2 and behind in {b"\xff", b""} and (behind != b"" or len(head) > 4_096)  # noqa: PLR2004 - all of a small file is seen


def read_picture(file: BinaryIO, form: str) -> Picture:
    """Return what a picture of that form holds besides itself.

    Raises:
        UnreadableSourceError: cut off, or not of that form.
    """
    file.seek(0)
    picture = Picture(form)
    {"JPEG": _jpeg, "PNG": _png, "HEIC": _heic}[form](file, picture)
    return picture


def _exactly(file: BinaryIO, size: int) -> bytes:
    """Return so many bytes.

    Raises:
        UnreadableSourceError: there are fewer.
    """
    data = file.read(size)
    if len(data) != size:
        raise UnreadableSourceError(_CUT)
    return data


def _jpeg(file: BinaryIO, picture: Picture) -> None:
    """Read the segments before the picture itself.

    Raises:
        UnreadableSourceError: cut off, or no JPEG.
    """
    _exactly(file, 2)
    for _ in range(_MOST_PARTS):
        head = _exactly(file, 2)
        while head == b"\xff\xff":
            head = head[1:] + _exactly(file, 1)
        kind = head[1]
        if head[:1] != b"\xff":
            raise UnreadableSourceError("no JPEG picture: something else between its parts")
        if kind in {0xDA, 0xD9}:  # the picture itself begins, or nothing is left
            return
        if kind in _ALONE:
            continue
        size = int.from_bytes(_exactly(file, 2), "big")
        if size < 2:  # noqa: PLR2004 - the length counts itself
            raise UnreadableSourceError("no JPEG picture: a part without a length")
        data = _exactly(file, size - 2)
        if kind == _APP1 and data.startswith(b"Exif\0\0") and picture.exif is None:
            picture.exif = data[6:]
        elif kind == _APP1 and data.startswith(_XMP_HEAD):
            picture.xmp = data[len(_XMP_HEAD) :]
        elif kind in _FRAMES and len(data) >= 5:  # noqa: PLR2004 - a frame's size
            high, wide = struct.unpack_from(">HH", data, 1)
            picture.size = wide, high
    raise UnreadableSourceError("a picture of too many parts")


def _png(file: BinaryIO, picture: Picture) -> None:
    """Read the chunks, passing over the picture itself.

    Raises:
        UnreadableSourceError: cut off.
    """
    _exactly(file, len(_PNG))
    for _ in range(_MOST_PARTS):
        size, kind = struct.unpack(">I4s", _exactly(file, 8))
        limit = {b"IHDR": 64, b"eXIf": _MOST_EXIF, b"iTXt": MOST_XMP, b"tEXt": 4_096}.get(kind, 0)
        if kind == b"IEND":
            return
        if not 0 < size <= limit:
            if limit:
                picture.faults.append("a part that is too large")
            file.seek(size + 4, 1)
            continue
        data = _exactly(file, size)
        (crc,) = struct.unpack(">I", _exactly(file, 4))
        if zlib.crc32(kind + data) == crc:
            _chunk(kind, data, picture)
        else:
            picture.faults.append("a part whose checksum is wrong")
    raise UnreadableSourceError("a picture of too many parts")


def _chunk(kind: bytes, data: bytes, picture: Picture) -> None:
    if kind == b"IHDR" and len(data) >= 8:  # noqa: PLR2004 - its two sides
        picture.size = struct.unpack_from(">II", data)
    elif kind == b"eXIf":
        picture.exif = data
    elif kind == b"iTXt" and data.startswith(_XMP_NAME + b"\0"):
        picture.xmp = _international(data[len(_XMP_NAME) + 1 :])
        if picture.xmp is None:
            picture.faults.append("XMP that cannot be unpacked, or is too large")
    elif kind == b"tEXt":
        name, _, text = data.partition(b"\0")
        if len(picture.texts) == _MOST_TEXTS:  # THREAT T440: as many as a file has room for
            picture.faults.append("more texts than are kept")
            return
        picture.texts[name.decode("latin-1")] = text.decode("latin-1")


def _international(data: bytes) -> bytes | None:
    """Return the text of an iTXt chunk behind its name, unpacked within bounds."""
    is_packed, rest = data[:1] == b"\x01", data[2:].split(b"\0", 2)
    if len(rest) != 3:  # noqa: PLR2004 - language, name, text
        return None
    if not is_packed:
        return rest[2]
    try:
        opened = zlib.decompressobj().decompress(rest[2], MOST_XMP)
    except zlib.error:
        return None
    return opened if len(opened) < MOST_XMP else None


def _heic(file: BinaryIO, picture: Picture) -> None:
    """Find the box of items, and in it where the EXIF and XMP items lie.

    Raises:
        UnreadableSourceError: cut off, or without that box.
    """
    size = file.seek(0, 2)
    at = 0
    for _ in range(_MOST_PARTS):
        file.seek(at)
        kind, begin, end = _box(_exactly(file, min(16, size - at)), at, size)
        if kind == b"meta":
            if end - begin > _MOST_META:
                raise UnreadableSourceError("a picture with too large a description")
            file.seek(begin)
            _items(file, _exactly(file, end - begin), picture)
            return
        at = end
        if at >= size:
            break
    raise UnreadableSourceError("a HEIC picture without a description of its parts")


def _box(head: bytes, at: int, limit: int) -> tuple[bytes, int, int]:
    """Return the kind of a box, and where its content begins and ends.

    Raises:
        UnreadableSourceError: it does not fit.
    """
    if len(head) < 8:  # noqa: PLR2004 - a box's head
        raise UnreadableSourceError(_CUT)
    size, kind = struct.unpack_from(">I4s", head)
    inner = 8
    if size == 1 and len(head) >= 16:  # noqa: PLR2004 - with a long length
        (size,) = struct.unpack_from(">Q", head, 8)
        inner = 16
    end = limit if size == 0 else at + size
    if end > limit or at + inner > end:
        raise UnreadableSourceError(_CUT)
    return kind, at + inner, end


def _boxes(data: bytes, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    for _ in range(_MOST_PARTS):
        if begin >= end:
            return
        kind, inner, begin_next = _box(data[begin : begin + 16], begin, end)
        yield kind, inner, begin_next
        begin = begin_next


def _items(file: BinaryIO, meta: bytes, picture: Picture) -> None:
    """Read the EXIF and XMP items.

    Raises:
        UnreadableSourceError: a box that does not fit.
    """
    kinds: dict[int, bytes] = {}
    where: dict[int, list[_Part]] = {}
    inner_data = b""
    try:
        for kind, begin, end in _boxes(meta, 4, len(meta)):
            if kind == b"iinf":
                kinds = _item_kinds(meta, begin, end)
            elif kind == b"iloc":
                where = _item_places(meta[begin:end])
            elif kind == b"idat":
                inner_data = meta[begin:end]
            elif kind == b"iprp":
                picture.size = _largest(meta, begin, end)
    except (struct.error, IndexError) as err:
        raise UnreadableSourceError(_CUT) from err
    wanted = [(item, kind) for item, kind in kinds.items() if kind in _WANTED]
    if len(wanted) > _MOST_TEXTS:  # THREAT T440: each may name the same million bytes
        picture.faults.append("more parts than are looked at")
    for item, kind in wanted[:_MOST_TEXTS]:
        _take(kind, _content(file, inner_data, where.get(item, [])), picture)


def _take(kind: bytes, data: bytes | None, picture: Picture) -> None:
    if data is None:
        picture.faults.append("a part that is too large")
    elif kind == b"mime" and b"<" in data:
        picture.xmp = data
    elif kind == b"Exif" and len(data) > 4:  # noqa: PLR2004 - how far its head is
        picture.exif = data[4 + int.from_bytes(data[:4], "big") :]


def _content(file: BinaryIO, inner_data: bytes, parts: list[_Part]) -> bytes | None:
    """Return the bytes of an item, or None if they are too many.

    Raises:
        UnreadableSourceError: they lie outside of the file.
    """
    if sum(size for _, _, size in parts) > _MOST_EXIF:
        return None
    data = b""
    for method, at, size in parts:
        if method == 0:
            file.seek(at)
            data += _exactly(file, size)
        elif method == 1:
            data += inner_data[at : at + size]
    return data


def _item_kinds(meta: bytes, begin: int, end: int) -> dict[int, bytes]:
    """Return the kind of each item by its number."""
    kinds: dict[int, bytes] = {}
    start = begin + (6 if meta[begin] == 0 else 8)
    for kind, at, _end in _boxes(meta, start, end):
        version = meta[at]
        if kind == b"infe" and version in {2, 3}:
            wide = 2 if version == 2 else 4  # noqa: PLR2004 - the shorter form
            item = int.from_bytes(meta[at + 4 : at + 4 + wide], "big")
            kinds[item] = meta[at + 6 + wide : at + 10 + wide]
    return kinds


def _item_places(box: bytes) -> dict[int, list[_Part]]:
    """Return where the parts of each item lie.

    Raises:
        struct.error: the box ends before it says so.
    """
    version = box[0]
    wide = 2 if version < 2 else 4  # noqa: PLR2004 - numbers grew with the second
    sizes = box[4] >> 4, box[4] & 15, box[5] >> 4, box[5] & 15
    if not {0, 4, 8}.issuperset(sizes):
        raise struct.error
    at = 6

    def take(size: int) -> int:
        nonlocal at
        if at + size > len(box):
            raise struct.error
        at += size
        return int.from_bytes(box[at - size : at], "big")

    places: dict[int, list[_Part]] = {}
    for _ in range(take(wide)):
        item = take(wide)
        method = take(2) & 15 if version else 0
        take(2)
        base = take(sizes[2])
        parts: list[_Part] = []
        for _ in range(take(2)):
            take(sizes[3] if version else 0)
            offset, size = take(sizes[0]), take(sizes[1])
            parts.append((method, base + offset, size))
        places[item] = parts
    return places


def _largest(meta: bytes, begin: int, end: int) -> tuple[int, int] | None:
    """Return the largest of the sizes that are stated: that of the whole, which tiles make up."""
    sizes: list[tuple[int, int]] = []
    for kind, inner, inner_end in _boxes(meta, begin, end):
        if kind == b"ipco":
            for name, at, _end in _boxes(meta, inner, inner_end):
                if name == b"ispe":
                    sizes.append(struct.unpack_from(">II", meta, at + 4))
    return max(sizes, key=lambda size: size[0] * size[1], default=None)
