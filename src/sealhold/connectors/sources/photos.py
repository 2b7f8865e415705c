"""Pictures: what JPEG, PNG and HEIC files say of when, where and with what they were taken.

- One file is one of `photos`. EXIF counts before XMP. A time without an offset has none; a place
  of 0, 0 is none.
- The picture stays in its file; the preview that its camera put in is kept, if there is one.
- All tags but the makers' own notes are kept in `raw`, and the packet of XMP.

Source: docs/spec/42-places-and-bodies.md section 11.
"""

from collections.abc import Iterator, Mapping
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.containers import format_of, read_picture
from sealhold.connectors.exif import Exif, read_exif
from sealhold.connectors.jsonvalues import number, text
from sealhold.connectors.pictures import PHOTOS
from sealhold.connectors.picturetags import Picture, first, height_of, place_of, taken_at
from sealhold.connectors.spec import BATCH_ROWS, SNIFF_BYTES, Batch, Guess, Item, Why
from sealhold.connectors.times import When, parse_time
from sealhold.connectors.xmp import angle, read_xmp
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

_WHERE = "picture"
_STARS = range(6)
_TURNS = range(1, 9)


class Photos:
    """Reads pictures."""

    name: ClassVar[str] = "photos"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (PHOTOS,)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        form = format_of(head)
        return Guess(sure=100 if form else 0, what=f"{form} picture" if form else "")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


def _found(file: BinaryIO) -> Iterator[Found]:
    file.seek(0)
    form = format_of(file.read(SNIFF_BYTES))
    if form is None:
        raise UnreadableSourceError("no picture that can be read")
    size = file.seek(0, 2)
    picture = read_picture(file, form)
    exif = read_exif(picture.exif) if picture.exif else None
    xmp = read_xmp(picture.xmp) if picture.xmp else None
    told = list(picture.faults)
    if picture.exif and exif is None:
        told.append("EXIF that is not of its form")
    if exif and exif.faults:
        told.append(f"{exif.faults} tags of EXIF that lie outside or are not of their form")
    if picture.xmp and xmp is None:
        told.append("XMP that is not XML")
    for count, detail in enumerate(told[:20], start=1):
        yield reject(f"{_WHERE} part {count}", Why.MALFORMED, detail)
    yield _item(picture, exif or Exif(), xmp or {}, size)


def _item(picture: Picture, exif: Exif, xmp: Mapping[str, list[str]], size: int) -> Item:
    image, more, gps = exif.image, exif.more, exif.gps
    when = taken_at(image, more) or _xmp_time(xmp)
    place = place_of(gps) or _xmp_place(xmp)
    focal = _number(more.get(0x920A))
    wide, high = picture.size or (None, None)
    fields: dict[str, Plain] = {
        "at": when.at if when else None,
        "offset_min": when.offset_min if when else None,
        "lat": place[0] if place else None,
        "lon": place[1] if place else None,
        "ele": height_of(gps),
        "title": _title(image, xmp, picture.texts),
        "keywords": xmp.get("subject") or None,
        "rating": _within(number(_one(xmp, "Rating")), _STARS),
        "maker": text(image.get(0x010F)),
        "camera": text(image.get(0x0110)),
        "lens": text(more.get(0xA434)),
        "exposure_s": _number(more.get(0x829A)),
        "aperture": _number(more.get(0x829D)),
        "iso": _within(_number(more.get(0x8827)), range(1, 1 << 32)),
        "focal_m": None if focal is None else round(focal / 1000, 9),
        "format": picture.format,
        "width": wide,
        "height": high,
        "turned": _within(_number(image.get(0x0112)), _TURNS),
        "bytes": size,
    }
    raw = {
        "image": _named(image),
        "more": _named(more),
        "gps": _named(gps),
        "texts": picture.texts,
        "xmp": picture.xmp,
        "preview": exif.preview,
    }
    kept = {name: one for name, one in raw.items() if one}
    return Item(
        dataset="photos", fields=fields, raw=kept or None, original_id=None, position=_WHERE
    )


def _named(tags: Mapping[int, Plain]) -> dict[str, Plain]:
    return {f"{tag:04x}": value for tag, value in tags.items()}


def _number(value: Plain) -> float | None:
    one = first(value)
    return number(one) if isinstance(one, int | float) else None


def _within(value: float | None, limits: range) -> int | None:
    return int(value) if value is not None and int(value) in limits else None


def _one(xmp: Mapping[str, list[str]], name: str) -> str | None:
    return next(iter(xmp.get(name, ())), None)


def _title(
    image: Mapping[int, Plain], xmp: Mapping[str, list[str]], texts: Mapping[str, str]
) -> str | None:
    for one in (
        _one(xmp, "title"),
        _one(xmp, "description"),
        image.get(0x010E),
        texts.get("Title"),
        texts.get("Description"),
    ):
        found = text(one)
        if found is not None:
            return found
    return None


def _xmp_time(xmp: Mapping[str, list[str]]) -> When | None:
    for name in ("DateTimeOriginal", "DateCreated", "CreateDate"):
        found = parse_time(_one(xmp, name) or "")
        if found is not None:
            return found
    return None


def _xmp_place(xmp: Mapping[str, list[str]]) -> tuple[float, float] | None:
    lat, lon = angle(xmp.get("GPSLatitude", []), 90), angle(xmp.get("GPSLongitude", []), 180)
    return None if lat is None or lon is None or lat == lon == 0 else (lat, lon)
