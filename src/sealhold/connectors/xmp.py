"""XMP: what programs write into pictures as RDF; only the few properties that have a field.

- The packet is read as any XML from strangers: no declaration, bounded depth and size.

Source: docs/spec/42-places-and-bodies.md section 11; ISO 16684-1.
"""

import re
from io import BytesIO
from typing import Final
from xml.etree.ElementTree import Element

from sealhold.connectors.geo import parse_coordinate
from sealhold.connectors.xmlsafe import children, local
from sealhold.model.errors import UnreadableSourceError

MOST: Final = 1_048_576  # bytes of a packet
_WANTED: Final = frozenset(
    {"title", "description", "subject", "Rating", "DateTimeOriginal", "DateCreated", "CreateDate"}
    | {"GPSLatitude", "GPSLongitude", "OffsetTimeOriginal"}
)
_MOST_TEXTS = 256
_ANGLE = re.compile(r"(\d{1,3}),(\d{1,2}(?:\.\d{1,9})?)(?:,(\d{1,2}(?:\.\d{1,9})?))?([NSEW])")


def read_xmp(packet: bytes) -> dict[str, list[str]] | None:
    """Return the texts of each property that is wanted, or None if the packet is no XML."""
    if len(packet) > MOST:
        return None
    found: dict[str, list[str]] = {}
    start = packet.find(b"<")
    end = packet.rfind(b">") + 1
    try:
        for _root, child in children(BytesIO(packet[start:end]), _nothing):
            for element in child.iter():
                _take(element, found)
    except UnreadableSourceError:
        return None
    return found


def _nothing(element: Element) -> bool:
    del element
    return False


def _take(element: Element, found: dict[str, list[str]]) -> None:
    for name, value in element.attrib.items():
        short = name.rpartition("}")[2]
        if short in _WANTED:
            _add(found, short, value)
    if local(element) in _WANTED:
        for inner in element.iter():
            _add(found, local(element), inner.text or "")


def _add(found: dict[str, list[str]], name: str, text: str) -> None:
    texts = found.setdefault(name, [])
    if text.strip() and len(texts) < _MOST_TEXTS:
        texts.append(text.strip())


def angle(texts: list[str], limit: int) -> float | None:
    """Return the degrees of `46,30.5N` or `46,30,30N`."""
    found = _ANGLE.fullmatch(texts[0]) if texts else None
    if found is None:
        return None
    value = float(found[1]) + float(found[2]) / 60 + float(found[3] or 0) / 3600
    degrees = parse_coordinate(f"{value:.7f}", limit)
    return None if degrees is None else (-degrees if found[4] in "SW" else degrees)
