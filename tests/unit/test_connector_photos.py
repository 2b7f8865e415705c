"""Pictures: what each of the three containers says of itself, with exact values."""

import zlib

import pytest

from sealhold.connectors.picturetags import place_of, taken_at
from sealhold.connectors.samples_pictures import exif_bytes, heic, jpeg, png
from sealhold.connectors.sources.photos import Photos
from sealhold.model.encoding import Plain
from tests.unit.connector_reading import outcome, read

HOUR_8 = 1_735_718_400_000  # 2025-01-01T08:00:00Z
PREVIEW = b"\xff\xd8small\xff\xd9"
EXIF = exif_bytes(
    {0x010E: "Lake", 0x010F: "Maker", 0x0110: "Model", 0x0112: 6},
    {
        0x9003: "2025:01:01 09:00:00", 0x9011: "+01:00", 0x9291: "250", 0x829A: [(1, 50)],
        0x829D: [(28, 10)], 0x8827: 200, 0x920A: [(26, 1)], 0xA434: "Lens", 0x927C: b"own notes",
    },
    {
        1: "S", 2: [(33, 1), (30, 1), (36, 1)], 3: "W", 4: [(70, 1), (0, 1), (0, 1)],
        5: b"\1", 6: [(25, 2)],
    },
    PREVIEW,
)  # fmt: skip
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:e="http://ns.'
    b'adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmp:Rating="4" '
    b'xmp:CreateDate="2025-01-01T09:00:00+01:00" e:GPSLatitude="46,30.5N" e:GPSLongitude='
    b'"7,15,36W"><dc:subject><rdf:Bag><rdf:li>lake</rdf:li><rdf:li>snow</rdf:li></rdf:Bag>'
    b"</dc:subject><dc:title><rdf:Alt><rdf:li>Still</rdf:li></rdf:Alt></dc:title>"
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)
TAKEN: dict[str, Plain] = {
    "at": HOUR_8 + 250, "offset_min": 60, "lat": -33.51, "lon": -70.0, "ele": -12.5,
    "title": "Lake", "maker": "Maker", "camera": "Model", "lens": "Lens", "exposure_s": 0.02,
    "aperture": 2.8, "iso": 200, "focal_m": 0.026, "turned": 6, "keywords": None, "rating": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "stored"),
    [
        (jpeg(EXIF), {"format": "JPEG", "width": 4, "height": 3}),
        (png((b"eXIf", EXIF)), {"format": "PNG", "width": 1, "height": 1}),
        (heic(EXIF), {"format": "HEIC", "width": 4032, "height": 3024}),
        (heic(EXIF, in_box=True), {"format": "HEIC", "width": 4032, "height": 3024}),
    ],
)
def test_each_container_gives_time_place_camera_and_the_cameras_preview(
    content: bytes, stored: dict[str, Plain]
) -> None:
    ((picture,), rejects) = read(Photos(), content)

    assert not rejects
    assert picture.fields == TAKEN | stored | {"bytes": len(content)}
    assert picture.raw["preview"] == PREVIEW
    assert picture.raw["gps"]["0001"] == "S"
    assert "927c" not in picture.raw["more"]


@pytest.mark.parametrize(
    "content",
    [
        jpeg(xmp=XMP),
        png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)),
        png((b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP))),
        heic(xmp=XMP),
    ],
)
def test_xmp_tells_where_exif_does_not(content: bytes) -> None:
    ((picture,), rejects) = read(Photos(), content)

    assert not rejects
    told = {name: picture.fields[name] for name in ("at", "offset_min", "lat", "lon")}
    assert told == {"at": HOUR_8, "offset_min": 60, "lat": 46.5083333, "lon": -7.26}
    assert (picture.fields["title"], picture.fields["rating"]) == ("Still", 4)
    assert picture.fields["keywords"] == ["lake", "snow"]
    assert picture.raw["xmp"] == XMP


def test_a_little_endian_block_says_the_same() -> None:
    exif = exif_bytes({0x0110: "Model"}, {0x9003: "2025:01:01 08:00:00"}, order="<")

    ((picture,), _) = read(Photos(), jpeg(exif))

    assert (picture.fields["at"], picture.fields["offset_min"]) == (HOUR_8, None)
    assert picture.fields["camera"] == "Model"


def test_a_picture_that_says_nothing_is_a_picture_too() -> None:
    ((picture,), rejects) = read(Photos(), png((b"tEXt", b"Title\0Screen")))

    assert not rejects
    assert (picture.fields["at"], picture.fields["title"]) == (None, "Screen")
    assert picture.raw == {"texts": {"Title": "Screen"}}


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ({0x9003: "2025:01:01 08:00:00"}, (HOUR_8, None)),
        ({0x9003: "2025:01:01 08:00:00", 0x9011: "   :  "}, (HOUR_8, None)),
        ({0x9003: "2025:01:01 08:00:00", 0x9011: "-05:00"}, (HOUR_8 + 5 * 3_600_000, -300)),
        ({0x9003: "2025:01:01 08:00:00", 0x9291: "xy"}, (HOUR_8, None)),
        ({0x9003: "    :  :     :  :  ", 0x9004: "2025:01:01 08:00:00"}, (HOUR_8, None)),
        ({0x9003: "0000:00:00 00:00:00"}, None),
        ({0x9003: b"2025"}, None),
        ({}, None),
    ],
)
def test_a_time_has_the_offset_that_stands_beside_it_or_none(
    tags: dict[int, Plain], told: tuple[int, int | None] | None
) -> None:
    found = taken_at({}, tags)

    assert (None if found is None else (found.at, found.offset_min)) == told


@pytest.mark.parametrize(
    "gps",
    [
        {1: "N", 2: [0.0, 0.0, 0.0], 3: "E", 4: [0.0, 0.0, 0.0]},
        {1: "N", 2: [91.0, 0.0, 0.0], 3: "E", 4: [7.0, 0.0, 0.0]},
        {1: "N", 2: [46.0, None, 0.0], 3: "E", 4: [7.0, 0.0, 0.0]},
        {1: "N", 2: "46", 3: "E", 4: [7.0]},
        {2: [46.0], 4: [7.0]},
        {},
    ],
)
def test_a_place_that_is_none_is_absent(gps: dict[int, Plain]) -> None:
    assert place_of(gps) is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (jpeg(b"no tiff"), (1, ["malformed"])),
        (jpeg(EXIF[:-4]), (1, ["malformed"])),  # the preview alone is cut
        (jpeg(EXIF[:60]), (1, ["malformed"])),
        (jpeg(xmp=b"<a><b></a>"), (1, ["malformed"])),
        (jpeg(xmp=b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), (1, ["malformed"])),
        (png((b"eXIf", EXIF)).replace(b"Model", b"Other"), (1, ["malformed"])),
        (png((b"tEXt", b"x" * 5_000)), (1, ["malformed"])),
        (png((b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + b"no zlib")), (1, ["malformed"])),
        (jpeg(EXIF)[:100], (0, ["broken"])),
        (jpeg()[:3], (0, ["broken"])),
        (b"\xff\xd8\xff\xe0\0\1", (0, ["broken"])),
        (b"\xff\xd8\xff\xe0\0\4xx\xff\xe0\0\0", (0, ["broken"])),
        (png()[:30], (0, ["broken"])),
        (heic(EXIF)[:200], (0, ["broken"])),
        (heic(EXIF)[:-30], (0, ["broken"])),
        (heic(EXIF)[:24], (0, ["broken"])),
        (b"\0\0\0\4ftypheic", (0, ["broken"])),
        (b"GIF89a", (0, ["broken"])),
    ],
)
def test_a_picture_that_is_cut_or_damaged_ends_in_a_named_way(
    content: bytes, told: tuple[int, list[str]]
) -> None:
    assert outcome(Photos(), content) == told
