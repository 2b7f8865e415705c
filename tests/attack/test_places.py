"""Files of phones, cameras and meters that were made to harm: each ends in a named refusal."""

import io
import struct
import zlib

import pytest

from sealhold.connectors.jsonstream import parts
from sealhold.connectors.samples_pictures import exif_bytes, heic, jpeg, png
from sealhold.connectors.sources.apple_health import AppleHealth
from sealhold.connectors.sources.photos import Photos
from sealhold.model.errors import UnreadableSourceError
from tests.unit.connector_reading import outcome, read

BODY = "<HealthData><Me a='&a;'/></HealthData>"


@pytest.mark.threat("T387")
@pytest.mark.parametrize(
    "declared",
    [
        '[<!ENTITY a "x"><!ENTITY b "&a;&a;&a;">]',
        '[<!ENTITY a SYSTEM "file:///etc/passwd">]',
        '[<!ENTITY % a SYSTEM "http://127.0.0.1/a.dtd"> %a;]',
        'SYSTEM "http://127.0.0.1/a.dtd"',
        'PUBLIC "x" "http://127.0.0.1/a.dtd" []',
        '[<!-- x --><!ENTITY a "x">]',
        "[" + "<!ELEMENT a (b)>" * 20_000 + "]",
    ],
)
def test_a_declaration_of_a_health_export_defines_nothing(declared: str) -> None:
    content = f"<!DOCTYPE HealthData {declared}>{BODY}"

    assert outcome(AppleHealth(), content) == (0, ["broken"])


@pytest.mark.threat("T387")
def test_a_second_declaration_and_one_in_another_charset_are_refused() -> None:
    twice = '<!DOCTYPE HealthData []><!DOCTYPE HealthData [<!ENTITY a "x">]>' + BODY
    wide = ('<!DOCTYPE HealthData [<!ENTITY a "x">]>' + BODY).encode("utf-16")

    assert outcome(AppleHealth(), twice) == (0, ["broken"])
    assert outcome(AppleHealth(), wide) == (0, ["broken"])


@pytest.mark.threat("T387")
def test_a_default_of_a_declaration_gives_no_element_anything() -> None:
    declared = '<!DOCTYPE HealthData [<!ATTLIST Me note CDATA "planted">]>'

    ((item,), rejects) = read(AppleHealth(), declared + "<HealthData><Me/></HealthData>")

    assert (rejects, item.raw) == ([], ["Me", {}, "", []])


def linked(first: int, number: int, at: int = 8) -> bytes:
    """Return a TIFF block whose one tag of the first directory links to a place in it."""
    entry = struct.pack(">HHII", 0x8769, first, number, at)
    return b"MM\0*" + struct.pack(">I", 8) + b"\0\1" + entry + struct.pack(">I", 8)


@pytest.mark.threat("T388")
@pytest.mark.parametrize(
    "exif",
    [
        linked(4, 1),  # a directory that is its own
        linked(4, 1, 0xFFFFFFF0),
        linked(12, 0xFFFFFFFF),  # a value of 32 GB
        linked(2, 0x7FFFFFFF),
        b"MM\0*" + struct.pack(">I", 8) + b"\xff\xff" + bytes(70),  # 65,535 tags
        b"MM\0*" + struct.pack(">I", 0xFFFFFFFF),
        b"II*\0" + struct.pack("<I", 8) + b"\1\0" + bytes(3),
    ],
)
def test_a_block_of_exif_that_leads_in_circles_or_outside_is_told_and_left(exif: bytes) -> None:
    assert outcome(Photos(), jpeg(exif)) == (1, ["malformed"])


@pytest.mark.threat("T388")
def test_a_text_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    packed = zlib.compress(bytes(50_000_000))
    content = png((b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packed))

    ((picture,), (fault,)) = read(Photos(), content)

    assert (picture.raw, fault.why) == (None, "malformed")


@pytest.mark.threat("T388")
def test_boxes_of_a_heic_picture_that_lie_break_the_file_or_are_left() -> None:
    whole = heic(exif_bytes({0x0110: "Model"}))

    for at in range(8, len(whole) - 4):
        for lie in (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\1"):
            count, told = outcome(Photos(), whole[:at] + lie + whole[at + 4 :])
            assert count == 1 or told[-1] == "broken"


class Endless(io.BytesIO):
    """A list whose one text goes on for 20 MB and then breaks off."""

    taken = 0
    largest = 0

    def seek(self, at: int, whence: int = 0) -> int:
        del whence
        self.taken = at
        return at

    def read(self, size: int | None = -1) -> bytes:
        asked = size or 0
        self.largest = max(self.largest, asked)
        begin, self.taken = self.taken, min(self.taken + asked, 20_000_000)
        data = b"x" * (self.taken - begin)
        return b'[["' + data[3:] if begin == 0 else data


@pytest.mark.threat("T389")
@pytest.mark.parametrize("name", ["[]", "other[]"])
def test_a_document_that_never_ends_is_held_in_parts(name: str) -> None:
    file = Endless()

    with pytest.raises(UnreadableSourceError, match="cut off"):
        list(parts(file, name, most=100_000, chunk=10_000))

    assert file.taken == 20_000_000
    assert file.largest <= 200_000
