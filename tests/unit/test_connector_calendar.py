"""iCalendar: entries, times in their zones, and what stays in raw."""

import io

import pytest

from sealhold.connectors.contentlines import parse_line, split_value, unescape
from sealhold.connectors.sources.icalendar import ICalendar, parse_duration
from sealhold.connectors.spec import Item, Reject, Why
from sealhold.connectors.zones import own_zone, zone
from sealhold.model.errors import UnreadableSourceError

NOON_UTC = 1_736_942_400_000  # 2025-01-15T12:00:00Z


def calendar(*lines: str) -> bytes:
    return "\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR", ""]).encode()


def event(*lines: str) -> bytes:
    return calendar("BEGIN:VEVENT", *lines, "END:VEVENT")


def read(content: bytes) -> tuple[list[Item], list[Reject]]:
    batches = list(ICalendar().read(io.BytesIO(content), "file", None))
    items = [item for batch in batches for item in batch.items]
    return items, [reject for batch in batches for reject in batch.rejects]


def one(content: bytes) -> Item:
    (item,), rejects = read(content)
    assert not rejects
    return item


@pytest.mark.parametrize(
    ("line", "start", "offset"),
    [
        ("DTSTART:20250115T120000Z", NOON_UTC, 0),
        ("DTSTART:20250115T120000", NOON_UTC, None),
        ("DTSTART;TZID=Europe/Rome:20250115T130000", NOON_UTC, 60),
        ('DTSTART;TZID="Europe/Rome":20250115T130000', NOON_UTC, 60),
        ("DTSTART;TZID=/citadel.org/20210210_1/Europe/Rome:20250115T130000", NOON_UTC, 60),
        ("DTSTART;TZID=W. Europe Standard Time:20250115T130000", NOON_UTC, 60),
        ("DTSTART;TZID=Nowhere:20250115T120000", NOON_UTC, None),
        ("DTSTART:2025-01-15T13:00:00+01:00", NOON_UTC, 60),
    ],
)
def test_a_start_is_an_instant_and_what_is_known_of_its_offset(
    line: str, start: int, offset: int | None
) -> None:
    fields = one(event(line)).fields

    assert (fields["start"], fields["offset_min"], fields["all_day"]) == (start, offset, False)


def test_a_zone_that_the_file_defines_is_used_though_it_comes_later() -> None:
    content = calendar(
        "BEGIN:VEVENT",
        "DTSTART;TZID=Mine:20250115T130000",
        "END:VEVENT",
        "BEGIN:VTIMEZONE",
        "TZID:Mine",
        "BEGIN:STANDARD",
        "DTSTART:19700101T000000",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0100",
        "END:STANDARD",
        "END:VTIMEZONE",
    )

    assert one(content).fields["start"] == NOON_UTC


def test_a_zone_with_a_rule_that_no_clock_follows_is_unknown() -> None:
    wild = "BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:00010101T000000\r\n"
    wild += "RRULE:FREQ=SECONDLY\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\n"

    assert own_zone(wild + "END:VTIMEZONE") is None


def test_a_zone_is_never_a_file_elsewhere() -> None:
    assert zone("../../etc/passwd") is None
    assert zone("/etc/localtime") is None
    assert zone("posixrules/../UTC") is not None  # its last part is a zone


def test_a_date_is_a_day() -> None:
    fields = one(event("DTSTART;VALUE=DATE:20250115")).fields

    assert fields["all_day"] is True
    assert fields["end"] - fields["start"] == 86_400_000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT15M", 900), ("-P1D", -86_400), ("P2W", 1_209_600), ("P1DT2H3M4S", 93_784)],
)
def test_a_duration_is_a_length_of_time(text: str, seconds: int) -> None:
    length = parse_duration(text)

    assert length is not None
    assert length.total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "1D", "P1Y", "P" + "9" * 100 + "D"])
def test_a_text_that_is_no_duration_gives_none(text: str) -> None:
    assert parse_duration(text) is None


def test_a_duration_gives_the_end() -> None:
    fields = one(event("DTSTART:20250115T120000Z", "DURATION:PT90M")).fields

    assert fields["end"] == NOON_UTC + 5_400_000


def test_a_repetition_stays_a_rule() -> None:
    lines = ("RRULE:FREQ=DAILY;COUNT=1000000000", "EXDATE:20250116T120000Z")
    item = one(event("DTSTART:20250115T120000Z", *lines))

    assert item.fields["rrule"] == list(lines)
    assert item.raw is None


def test_a_changed_repetition_has_a_name_of_its_own() -> None:
    content = calendar(
        *("BEGIN:VEVENT", "UID:a", "END:VEVENT"),
        *("BEGIN:VEVENT", "UID:a", "RECURRENCE-ID:20250116T120000Z", "END:VEVENT"),
        *("BEGIN:VEVENT", "UID:a", "END:VEVENT"),
    )

    names = [item.original_id for item in read(content)[0]]

    assert len(set(names)) == 3


def test_free_and_busy_times_are_periods() -> None:
    content = calendar(
        "BEGIN:VFREEBUSY",
        "FREEBUSY;FBTYPE=FREE:20250115T120000Z/PT1H,20250115T140000Z/20250115T150000Z",
        "END:VFREEBUSY",
    )

    fields = one(content).fields

    assert fields["periods"] == [
        [NOON_UTC, NOON_UTC + 3_600_000, "FREE"],
        [NOON_UTC + 7_200_000, NOON_UTC + 10_800_000, "FREE"],
    ]
    assert (fields["start"], fields["end"]) == (NOON_UTC, NOON_UTC + 10_800_000)


def test_an_entry_without_a_calendar_around_it_is_read() -> None:
    assert one(b"BEGIN:VTODO\nSUMMARY:Buy milk\nEND:VTODO").fields["summary"] == "Buy milk"


def test_alarms_and_unknown_properties_stay_in_raw() -> None:
    alarm = ("BEGIN:VALARM", "TRIGGER:-PT5M", "END:VALARM")
    item = one(event("X-COLOUR:red", *alarm, "SUMMARY;LANGUAGE=en:Tea"))

    assert item.raw == ["X-COLOUR:red", "SUMMARY;LANGUAGE=en:Tea", *alarm]
    assert item.fields["summary"] == "Tea"


def test_a_fold_inside_a_character_is_undone() -> None:
    whole = "SUMMARY:Café".encode()
    content = event("X:1").replace(b"X:1", whole[:-1] + b"\r\n " + whole[-1:])

    assert one(content).fields["summary"] == "Café"


def test_an_empty_line_before_a_fold_does_not_end_the_line() -> None:
    assert one(event("SUMMARY", "", " :Christmas", " Day")).fields["summary"] == "ChristmasDay"


def test_letters_that_are_not_utf8_are_assumed_and_their_bytes_kept() -> None:
    item = one(event("SUMMARY:Caf?").replace(b"?", b"\xe9"))

    assert item.fields["summary"] == "Café"
    assert item.raw["bytes"] == b"SUMMARY:Caf\xe9"


def test_people_are_named_with_their_addresses() -> None:
    item = one(event("ATTENDEE;CN=Ann B:mailto:ann@example.org", "ORGANIZER:MAILTO:bo@example.org"))

    assert item.fields["attendees"] == ["Ann B <ann@example.org>"]
    assert item.fields["organizer"] == "bo@example.org"


def test_a_file_that_ends_inside_an_entry_says_so() -> None:
    items, rejects = read(event("SUMMARY:x")[:-25])

    assert not items
    assert [reject.why for reject in rejects] == [Why.MALFORMED] * 2


def test_a_missing_end_does_not_hide_the_next_entry_forever() -> None:
    content = calendar("BEGIN:VEVENT", "SUMMARY:a") + event("SUMMARY:b")

    items, rejects = read(content)

    assert [item.fields["summary"] for item in items] == ["b"]
    assert rejects[0].detail == "a component without its END"


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe"])
def test_a_file_in_which_nothing_begins_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableSourceError):
        read(content)


def test_parameters_may_be_quoted_listed_and_escaped() -> None:
    line = parse_line("a.ATTENDEE;CN=\"B; C: D\";ROLE=X,Y;N=^'q^'^n^^:mailto:x")

    assert line is not None
    assert (line.name, line.value) == ("ATTENDEE", "mailto:x")
    assert line.parameters == {"CN": ["B; C: D"], "ROLE": ["X", "Y"], "N": ['"q"\n^']}


def test_an_open_quote_is_a_character() -> None:
    line = parse_line('X;A="b:c')

    assert line is not None
    assert line.value == "c"


@pytest.mark.parametrize("text", ["", "no colon", ":value", ";A=b:c"])
def test_a_line_without_a_name_is_none(text: str) -> None:
    assert parse_line(text) is None


def test_a_long_line_without_colon_takes_no_time() -> None:
    assert parse_line("a" * 2_000_000) is None


def test_escapes_are_undone_once() -> None:
    assert unescape(r"a\nb\,c\\nd\;\:") == "a\nb,c\\nd;:"


def test_parts_are_split_at_marks_that_are_not_escaped() -> None:
    assert split_value(r"a\;b;;c\\;d", ";") == ["a;b", "", "c\\", "d"]
    assert split_value("", ",") == [""]
    assert split_value("a,b\\", ",") == ["a", "b\\"]
