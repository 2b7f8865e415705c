"""The dataset of pictures: what they say of when, where and with what they were taken.

- The picture itself stays in its file; what is kept is what stands beside it, and the small
  preview that the camera put in.

Source: docs/spec/42-places-and-bodies.md section 11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sealhold.connectors.columns import column
from sealhold.connectors.geo import parse_coordinate
from sealhold.connectors.jsonvalues import height
from sealhold.connectors.times import When, parse_time
from sealhold.model.encoding import Plain
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

PHOTOS = Dataset(
    name=Collection("photos"),
    columns=(
        column("at", ColumnType.INSTANT, "when it was taken, UTC; local time if no offset"),
        column("offset_min", ColumnType.INTEGER, "minutes east of UTC as written, or empty"),
        column("lat", ColumnType.FLOAT, "latitude, degrees, WGS 84"),
        column("lon", ColumnType.FLOAT, "longitude, degrees"),
        column("ele", ColumnType.FLOAT, "metres above the sea"),
        column("title", ColumnType.TEXT, "title or description as written", searchable=True),
        column("keywords", ColumnType.LIST, "keywords as written", searchable=True),
        column("rating", ColumnType.INTEGER, "stars, 0 to 5"),
        column("maker", ColumnType.TEXT, "who made the camera"),
        column("camera", ColumnType.TEXT, "its model", searchable=True),
        column("lens", ColumnType.TEXT, "the lens"),
        column("exposure_s", ColumnType.FLOAT, "seconds of exposure"),
        column("aperture", ColumnType.FLOAT, "f-number"),
        column("iso", ColumnType.INTEGER, "sensitivity"),
        column("focal_m", ColumnType.FLOAT, "focal length in metres"),
        column("format", ColumnType.TEXT, "`JPEG`, `PNG` or `HEIC`"),
        column("width", ColumnType.INTEGER, "pixels, as stored"),
        column("height", ColumnType.INTEGER, "pixels, as stored"),
        column("turned", ColumnType.INTEGER, "how it is to be turned, 1 to 8, as EXIF counts"),
        column("bytes", ColumnType.INTEGER, "size of its file"),
    ),
    time_column=FieldName("at"),
    natural_key=(FieldName("at"), FieldName("camera"), FieldName("bytes")),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a picture, because a person decides to take each",
)

Tags = Mapping[int, Plain]


@dataclass(slots=True)
class Picture:
    """What was found in the file of a picture."""

    format: str
    size: tuple[int, int] | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    texts: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def taken_at(image: Tags, more: Tags) -> When | None:
    """Return when a picture was taken; without an offset beside it that is unknown."""
    for tags, time_tag, offset_tag, part_tag in (
        (more, 0x9003, 0x9011, 0x9291),
        (more, 0x9004, 0x9012, 0x9292),
        (image, 0x0132, -1, -1),
    ):
        written = tags.get(time_tag)
        offset = tags.get(offset_tag)
        part = tags.get(part_tag)
        if isinstance(written, str) and len(written) == len("2026:01:31 10:00:00"):
            local = written[:10].replace(":", "-") + written[10:]
            fraction = f".{part.strip()[:9]}" if isinstance(part, str) and part.strip() else ""
            zone = offset.strip() if isinstance(offset, str) else ""
            for form in (local + fraction + zone, local + zone, local):
                found = parse_time(form)
                if found is not None:
                    return found
    return None


def place_of(gps: Tags) -> tuple[float, float] | None:
    """Return the degrees of a picture; 0, 0 is what cameras write when they know none."""
    lat = _degrees(gps.get(2), gps.get(1), "S", 90)
    lon = _degrees(gps.get(4), gps.get(3), "W", 180)
    return None if lat is None or lon is None or lat == lon == 0 else (lat, lon)


def height_of(gps: Tags) -> float | None:
    """Return the metres above the sea of a picture."""
    value, below = first(gps.get(6)), first(gps.get(5))
    if not isinstance(value, float):
        return None
    return height(-value if below in {1, b"\x01"} else value)


def first(value: Plain) -> Plain:
    """Return the first of many values, or the only one."""
    return value[0] if isinstance(value, list) and value else value


def _degrees(value: Plain, side: Plain, negative: str, limit: int) -> float | None:
    if not isinstance(value, list) or not isinstance(side, str):
        return None
    numbers: Sequence[Plain] = value[:3]
    if not numbers or not all(isinstance(one, float) for one in numbers):
        return None
    degrees = sum(one / 60**power for power, one in enumerate(numbers))
    found = parse_coordinate(f"{degrees:.7f}", limit)
    return None if found is None else (-found if side.strip().upper() == negative else found)
