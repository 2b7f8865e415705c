"""What the tags of a picture say: when it was taken, where, and how high.

- A time without an offset beside it has none. A place of 0, 0 is none.

Source: docs/spec/42-places-and-bodies.md section 11; CIPA DC-008.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sealhold.connectors.geo import parse_coordinate
from sealhold.connectors.jsonvalues import height
from sealhold.connectors.times import When, parse_time
from sealhold.model.encoding import Plain

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
