"""Made-up pictures: for the conformance suite and tests. They are of one grey point, or of none.

Source: docs/spec/42-places-and-bodies.md section 11.
"""

import struct
import zlib
from collections.abc import Mapping, Sequence

from sealhold.connectors.samples import Sample

Value = str | int | bytes | Sequence[tuple[int, int]]
Directory = Mapping[int, Value]

_HEAD = 8


def photos(count: int) -> Sample:
    """Return one picture with a time, a place and a camera; a file holds no more than one."""
    exif = exif_bytes(
        {0x010F: "Nobody", 0x0110: f"Box {count}", 0x0112: 1},
        {0x9003: "2025:01:06 09:00:00", 0x9011: "+01:00", 0x829A: [(1, 50)], 0x8827: 200},
        {1: "N", 2: [(46, 1), (30, 1), (0, 1)], 3: "E", 4: [(7, 1), (30, 1), (0, 1)]},
    )
    return Sample(file_name="a.jpg", content=jpeg(exif), items={"photos": 1}, has_end=False)


def exif_bytes(
    image: Directory, more: Directory | None = None, gps: Directory | None = None,
    preview: bytes = b"", order: str = ">",
) -> bytes:  # fmt: skip
    """Return a TIFF block of these tags, as a camera writes it."""
    inner = {0x8769: more, 0x8825: gps}
    links: dict[int, Value] = {tag: 0 for tag, tags in inner.items() if tags}
    at = _HEAD + len(_directory({**image, **links}, 0, order))
    body = b""
    for tag in links:
        links[tag] = at + len(body)
        body += _directory(inner[tag] or {}, at + len(body), order)
    behind = at + len(body) if preview else 0
    if preview:
        size = len(_directory({0x0201: 0, 0x0202: len(preview)}, behind, order))
        body += _directory({0x0201: behind + size, 0x0202: len(preview)}, behind, order) + preview
    head = b"II*\0" if order == "<" else b"MM\0*"
    whole = _directory({**image, **links}, _HEAD, order, behind)
    return head + struct.pack(order + "I", _HEAD) + whole + body


def _directory(tags: Directory, at: int, order: str, behind: int = 0) -> bytes:
    entries, rest = b"", b""
    end = at + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        kind, number, data = _value(value, order)
        if len(data) > 4:  # noqa: PLR2004 - what fits in the entry stands in it
            place = struct.pack(order + "I", end + len(rest))
            rest += data
        else:
            place = data.ljust(4, b"\0")
        entries += struct.pack(order + "HHI", tag, kind, number) + place
    return struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "I", behind) + rest


def _value(value: Value, order: str) -> tuple[int, int, bytes]:
    if isinstance(value, str):
        data = value.encode() + b"\0"
        return 2, len(data), data
    if isinstance(value, bytes):
        return 7, len(value), value
    if isinstance(value, int):
        return 4, 1, struct.pack(order + "I", value)
    return 5, len(value), b"".join(struct.pack(order + "II", a, b) for a, b in value)


def jpeg(exif: bytes | None = None, xmp: bytes | None = None) -> bytes:
    """Return a JPEG file of 4 by 3 points, without the points."""
    parts = [b"\xff\xd8"]
    for head, data in ((b"Exif\0\0", exif), (b"http://ns.adobe.com/xap/1.0/\0", xmp)):
        if data is not None:
            parts.append(_segment(0xE1, head + data))
    frame = struct.pack(">BHHB", 8, 3, 4, 1) + b"\1\x11\0"
    return b"".join(
        [*parts, _segment(0xC0, frame), _segment(0xDA, b"\1\1\0\0\x3f\0"), b"\0\xff\xd9"]
    )


def _segment(kind: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, kind, len(data) + 2) + data


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG file of one grey point with these chunks before it."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), *chunks]
    parts += [(b"IDAT", zlib.compress(b"\0\x80")), (b"IEND", b"")]
    written = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def heic(exif: bytes = b"", xmp: bytes = b"", *, in_box: bool = False) -> bytes:
    """Return a HEIC file of 4032 by 3024 points, without the points."""
    kinds = [(1, b"Exif", b"\0\0\0\0" + exif), (2, b"mime", xmp)]
    items = [(number, kind, data) for number, kind, data in kinds if exif or kind != b"Exif"]
    infos = b"".join(
        _box(b"infe", b"\2\0\0\0" + struct.pack(">HH4s", number, 0, kind) + b"\0")
        for number, kind, _ in items
    )
    iinf = _box(b"iinf", b"\0\0\0\0" + struct.pack(">H", len(items)) + infos)
    sizes = b"".join(
        _box(b"ispe", bytes(4) + struct.pack(">II", wide, high))
        for wide, high in ((512, 512), (4032, 3024))
    )
    iprp = _box(b"iprp", _box(b"ipco", sizes))
    content = b"".join(data for *_, data in items)
    ftyp = _box(b"ftyp", b"heic\0\0\0\0mif1heic")

    def meta(base: int) -> bytes:
        places, at = b"", base
        for number, _kind, data in items:
            places += struct.pack(">HHHHII", number, int(in_box), 0, 1, at, len(data))
            at += len(data)
        iloc = _box(b"iloc", b"\1\0\0\0\x44\0" + struct.pack(">H", len(items)) + places)
        idat = _box(b"idat", content) if in_box else b""
        return _box(b"meta", bytes(4) + iinf + iloc + idat + iprp)

    if in_box:
        return ftyp + meta(0)
    base = len(ftyp) + len(meta(0)) + _HEAD
    return ftyp + meta(base) + _box(b"mdat", content)


def _box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + _HEAD) + kind + data
