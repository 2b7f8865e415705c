"""Small files that would make a reader hold much, work long, or write one thing down many times."""

import io
import json
import tracemalloc
from collections.abc import Callable
from time import process_time

import pytest

from sealhold.connectors import containers, gathering, xmlsafe
from sealhold.connectors.contentlines import unfolded
from sealhold.connectors.samples_pictures import exif_bytes, heic, png
from sealhold.connectors.sources import csv as csv_source
from sealhold.connectors.sources import icalendar, mt940, whatsapp
from sealhold.connectors.sources.apple_health import AppleHealth
from sealhold.connectors.sources.bookmarks import Bookmarks
from sealhold.connectors.sources.chatgpt import ChatGpt
from sealhold.connectors.sources.claude import Claude
from sealhold.connectors.sources.csv import Csv
from sealhold.connectors.sources.firefox import Firefox
from sealhold.connectors.sources.geojson import GeoJson
from sealhold.connectors.sources.gpx import Gpx
from sealhold.connectors.sources.icalendar import ICalendar
from sealhold.connectors.sources.jsonlines import JsonLines
from sealhold.connectors.sources.mt940 import Mt940
from sealhold.connectors.sources.ofx import Ofx
from sealhold.connectors.sources.photos import Photos
from sealhold.connectors.sources.signal import Signal
from sealhold.connectors.sources.telegram import Telegram
from sealhold.connectors.sources.vcard import VCard
from sealhold.connectors.sources.whatsapp import WhatsApp
from sealhold.connectors.spec import Source, Why
from sealhold.connectors.tabletext import names_of
from tests.unit.browser_files import places
from tests.unit.connector_reading import outcome, read

LONG = "n" * 200_000
OWN = "page________"
PATIENCE = 3.0  # seconds of a processor; what grows with the square takes minutes


def event(inner: str = "") -> str:
    return f"BEGIN:VEVENT\nUID:1\n{inner}END:VEVENT\n"


# --- what would be held ---


@pytest.mark.threat("T440")
def test_lines_of_nothing_count_as_what_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whatsapp, "MAX_TEXT", 1_000)
    monkeypatch.setattr(mt940, "MAX_TAG", 1_000)
    chat = "[31/01/25, 10:00:00] Ann: hi\n" + "\n" * 1_100 + "[31/01/25, 10:01:00] Ann: yes\n"
    words = ":20:A\n:25:1\n:60F:C250101EUR1,\n:61:2501010101C1,NTRFX\n:86:" + "\n" * 1_100

    assert outcome(WhatsApp(), chat) == (1, ["too_large"])
    assert outcome(Mt940(), words) == (1, ["broken"])


@pytest.mark.threat("T440")
def test_folds_of_nothing_are_not_held() -> None:
    file = io.BytesIO(b"NOTE:a\n" + b" \n" * 60_000)
    tracemalloc.start()

    lines = list(unfolded(file))
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert lines == [(1, b"NOTE:a")]
    assert held < 300_000


@pytest.mark.threat("T440")
@pytest.mark.parametrize("kind", ["VEVENT", "X-OWN"])
def test_components_nested_without_end_are_told_and_the_next_is_read(kind: str) -> None:
    nest = f"BEGIN:{kind}\n" * 5_000 + f"END:{kind}\n" * 5_000

    count, told = outcome(ICalendar(), f"BEGIN:VCALENDAR\n{nest}{event()}END:VCALENDAR\n")

    assert (count, told) == (1, ["too_large"])


@pytest.mark.threat("T440")
def test_calendars_in_calendars_without_end_are_one() -> None:
    count, told = outcome(ICalendar(), "BEGIN:VCALENDAR\n" * 5_000 + event())

    assert (count, told) == (1, ["malformed"])


@pytest.mark.threat("T440")
def test_no_more_zones_of_a_file_are_kept_than_calendars_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(icalendar, "_MOST_ZONES", 2)
    lines = "BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\n"
    zones = "".join(
        f"BEGIN:VTIMEZONE\nTZID:Own {n}\n{lines}END:STANDARD\nEND:VTIMEZONE\n" for n in range(3)
    )
    events = "".join(event(f"DTSTART;TZID=Own {n}:20250101T100000\n") for n in range(3))

    items, _rejects = read(ICalendar(), f"BEGIN:VCALENDAR\n{zones}{events}END:VCALENDAR\n")

    assert [item.fields["offset_min"] for item in items] == [60, 60, None]


@pytest.mark.threat("T440")
def test_a_row_of_cells_that_never_ends_is_told_and_not_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(csv_source, "MAX_ROW", 1_000)
    table = "a,b\n" + "1,2\n" * 300 + '"' + '\n","' * 600

    items, rejects = read(Csv(), table)

    assert len(items) == 300
    assert {reject.why for reject in rejects} == {Why.MALFORMED}


@pytest.mark.threat("T440")
def test_a_day_of_readings_is_closed_by_what_stands_beside_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gathering, "MOST_OF_ONE", 8_000)
    long = "x" * 3_000
    record = '<Record type="A" unit="count" value="1" sourceName="w" device="{}{}"'
    times = ' startDate="2025-01-01 08:00:00 +0000" endDate="2025-01-01 08:00:00 +0000"/>'
    records = "".join(record.format(long, n) + times for n in range(5))

    items, rejects = read(AppleHealth(), f"<HealthData>{records}</HealthData>")

    assert not rejects
    assert [item.fields["count"] for item in items] == [3, 2]


@pytest.mark.threat("T440")
@pytest.mark.parametrize("mark", ["<name>{}</name>", '<name a="{}"/>', "<!--{}-->"])
def test_a_text_or_mark_of_xml_has_a_limit(mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xmlsafe, "MAX_SILENT", 200_000)
    content = f'<gpx version="1.1"><wpt lat="1" lon="2">{mark.format("x" * 400_000)}</wpt></gpx>'

    assert outcome(Gpx(), content) == (0, ["broken"])


@pytest.mark.threat("T440")
def test_texts_and_parts_of_a_picture_are_as_many_as_pictures_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [(b"tEXt", b"name %d\0words" % n) for n in range(300)]
    ((item,), rejects) = read(Photos(), png(*texts))
    assert len(item.raw["texts"]) == 256
    assert {reject.detail for reject in rejects} == {"more texts than are kept"}

    monkeypatch.setattr(containers, "_MOST_TEXTS", 1)
    ((item,), rejects) = read(Photos(), heic(exif_bytes({0x010E: "Lake"}, {}, {}), b"<x/>"))
    assert (item.fields["title"], "xmp" in item.raw) == ("Lake", False)
    assert [reject.detail for reject in rejects] == ["more parts than are looked at"]


# --- what would take long ---


def many_numbers() -> None:
    (card,), _rejects = read(VCard(), "BEGIN:VCARD\n" + "TEL:1\n" * 80_000 + "END:VCARD\n")
    assert len(card.fields["phones"]) == 80_000


def many_columns() -> None:
    names = names_of(["a"] * 4_096)
    assert (len(set(names)), names[-1]) == (4_096, "a 4096")


def many_objects() -> None:
    line = json.dumps({f"k{n}": {"a": n} for n in range(30_000)})
    (row,), _rejects = read(JsonLines(), line + "\n")
    assert len(row.fields["cells"]) == 30_000


def many_bookings() -> None:
    one = "<STMTTRN><DTPOSTED>20250115<TRNAMT>-1.00<FITID>{}</STMTTRN>"
    listed = "".join(one.format(number) for number in range(4_000))
    content = f"OFXHEADER:100\n\n<OFX><STMTRS><BANKTRANLIST>{listed}</BANKTRANLIST></STMTRS></OFX>"
    items, _rejects = read(Ofx(), content)
    assert len(items) == 4_000


@pytest.mark.threat("T440")
@pytest.mark.parametrize("work", [many_numbers, many_columns, many_objects, many_bookings])
def test_time_grows_with_the_file_and_not_with_its_square(work: Callable[[], None]) -> None:
    begun = process_time()

    work()

    assert process_time() - begun < PATIENCE


# --- what would be written down again and again ---


def feature() -> str:
    points = [[n / 1_000, 1] for n in range(200)]
    own = {"name": "n" * 60_000, "note": LONG}
    shape = {"type": "MultiPoint", "coordinates": [*points, *[[999, 1]] * 200]}
    return json.dumps({"type": "Feature", "properties": own, "geometry": shape})


def timed_line() -> str:
    times = [f"2025-01-01T{n // 2:02d}:{n % 2 * 30:02d}:00Z" for n in range(48)]
    own = {"coordTimes": [*times, None], "note": LONG}
    shape = {"type": "LineString", "coordinates": [[n / 100, 1] for n in range(49)]}
    return json.dumps({"type": "Feature", "properties": own, "geometry": shape})


def collection() -> str:
    shapes = [{"type": "Point", "coordinates": [n / 100, 1]} for n in range(100)]
    inner = {"type": "GeometryCollection", "geometries": shapes}
    return json.dumps({"type": "Feature", "properties": {"note": LONG}, "geometry": inner})


def gpt() -> str:
    turns = {f"t{n}": {"message": {"author": {"role": "user"}}} for n in range(200)}
    return json.dumps([{"title": LONG, "mapping": turns, "current_node": "t1"}])


def claude() -> str:
    turns = [{"uuid": f"t{n}", "sender": "human", "text": "hi"} for n in range(200)]
    return json.dumps([{"uuid": "c", "name": LONG, "chat_messages": turns}])


def telegram() -> str:
    messages = [{"id": n, "type": "message", "date_unixtime": "1735718400"} for n in range(200)]
    return json.dumps({"name": LONG, "type": LONG, "id": 1, "messages": messages})


def signal() -> str:
    chats = [{"id": "c", "name": LONG}]
    messages = [{"id": n, "conversationId": "c", "sent_at": 1, "body": "x"} for n in range(200)]
    return json.dumps({"conversations": chats, "messages": messages})


def kept_pages() -> str:
    pages = [{"type": "url", "url": "https://a.example/", "name": "a"}] * 200
    folder = {"type": "folder", "name": LONG, "children": pages}
    return json.dumps({"roots": {"bookmark_bar": folder}})


@pytest.mark.threat("T441")
@pytest.mark.parametrize(
    ("source", "content"),
    [
        (GeoJson(), feature()),
        (GeoJson(), timed_line()),
        (GeoJson(), collection()),
        (ChatGpt(), gpt()),
        (Claude(), claude()),
        (Telegram(), telegram()),
        (Signal(), signal()),
        (Bookmarks(), kept_pages()),
    ],
    ids=["points", "line", "shapes", "chatgpt", "claude", "telegram", "signal", "bookmarks"],
)
def test_what_many_items_share_is_not_written_down_whole_in_each(
    source: Source, content: str
) -> None:
    items, rejects = read(source, content)

    told = sum(len(json.dumps([item.fields, item.raw], default=repr)) for item in items)
    shown = sum(len(reject.raw) for reject in rejects)
    assert len(items) >= 40
    assert told + shown < 4 * len(content)


@pytest.mark.threat("T441")
def test_folders_and_tags_of_firefox_are_short_in_each_bookmark() -> None:
    tags = [(3, 2, None, 0, "tags", "tags________")]
    tags += [(20_000 + n, 2, None, 3, f"t{n}", f"tag{n:09d}") for n in range(300)]
    marks = [(40_000 + n, 1, 1, 20_000 + n, None, f"mark{n:08d}") for n in range(300)]
    folder, page = (10_000, 2, None, 0, LONG, "folder______"), (90_000, 1, 1, 10_000, "a", OWN)
    pages = [("https://a.example/", "A")]

    items, _rejects = read(Firefox(), places(pages=pages, kept=[*tags, *marks, folder, page]))

    (found,) = (item for item in items if item.fields.get("guid") == OWN)
    assert [len(name) for name in found.fields["folder"][-1:]] == [255]
    assert len(found.fields["tags"]) == 256
