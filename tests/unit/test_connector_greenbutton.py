"""Green Button: days of a meter, exact across the changes of its clocks."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sealhold.connectors.meterclock import NO_RULE, MeterClock, moment_of
from sealhold.connectors.sources.greenbutton import GreenButton
from tests.unit.connector_reading import Found, outcome, read

START, END = 0x360E2000, 0xB40E2000  # second Sunday of March, first of November, at two
CLOCK = (
    "<LocalTimeParameters><dstEndRule>B40E2000</dstEndRule><dstOffset>3600</dstOffset>"
    "<dstStartRule>360E2000</dstStartRule><tzOffset>-18000</tzOffset></LocalTimeParameters>"
)
TYPE = (
    "<ReadingType><commodity>1</commodity><flowDirection>1</flowDirection>"
    "<powerOfTenMultiplier>-3</powerOfTenMultiplier><uom>72</uom></ReadingType>"
)
ZONE = ZoneInfo("America/New_York")


def entry(content: str, **links: str) -> str:
    inner = "".join(f'<link rel="{rel}" href="/espi/{href}"/>' for rel, href in links.items())
    return f"<entry>{inner}<content>{content}</content></entry>"


def feed(*entries: str) -> str:
    spaces = 'xmlns="http://www.w3.org/2005/Atom" xmlns:e="http://naesb.org/espi"'
    return f"<feed {spaces}>{''.join(entries)}</feed>"


def block(begin: int, count: int, value: str = "1500", meter: str = "M/1") -> str:
    readings = "".join(
        f"<IntervalReading><timePeriod><duration>3600</duration><start>{begin + 3600 * n}</start>"
        f"</timePeriod><value>{value}</value></IntervalReading>"
        for n in range(count)
    )
    return entry(f"<IntervalBlock>{readings}</IntervalBlock>", up=f"{meter}/IntervalBlock")


METER = entry("<MeterReading/>", self="M/1", related="T/1")
MEANING = entry(TYPE, self="T/1")


def of(*entries: str) -> Found:
    return read(GreenButton(), feed(*entries))


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp())


def test_a_day_of_readings_is_one_object_with_exact_values_wherever_its_meaning_stands() -> None:
    begin = midnight(date(2025, 1, 6))

    ((day,), rejects) = of(block(begin, 24), METER, MEANING, entry(CLOCK, self="L/1"))

    assert not rejects
    readings = day.fields.pop("readings")
    assert day.fields == {
        "day": "2025-01-06", "start": begin * 1000, "end": (begin + 86_400) * 1000,
        "offset_min": -300, "day_hours": 24, "kind": "electricity", "flow": "delivered",
        "unit": "Wh", "total": "36.000", "count": 24, "meter": "/espi/M/1",
    }  # fmt: skip
    assert readings[1] == [(begin + 3600) * 1000, 3600, "1.500"]
    assert day.original_id == "/espi/M/1\n2025-01-06"


@pytest.mark.parametrize(("day", "hours"), [(date(2025, 3, 9), 23), (date(2025, 11, 2), 25)])
def test_a_day_on_which_clocks_change_has_its_own_length(day: date, hours: int) -> None:
    begin = midnight(day)

    (items, _) = of(entry(CLOCK, self="L"), METER, MEANING, block(begin, hours + 1))

    assert [(one.fields["day"], one.fields["count"]) for one in items] == [
        (str(day), hours),
        (str(day + timedelta(days=1)), 1),
    ]
    assert items[0].fields["day_hours"] == hours


def test_a_day_that_lies_in_two_blocks_is_one_and_meters_are_apart() -> None:
    begin = midnight(date(2025, 1, 6))

    (items, _) = of(entry(CLOCK), METER, MEANING, block(begin, 12), block(begin, 2, meter="M/2"),
                    block(begin + 12 * 3600, 12))  # fmt: skip

    assert [(one.fields["meter"], one.fields["count"]) for one in items] == [
        ("/espi/M/2", 2),
        ("/espi/M/1", 24),
    ]


def test_without_local_time_days_are_those_of_utc_and_the_offset_is_unknown() -> None:
    ((day,), _) = of(METER, MEANING, block(1_736_121_600, 24))

    assert (day.fields["day"], day.fields["offset_min"]) == ("2025-01-06", None)
    assert day.fields["day_hours"] is None


def test_clocks_are_those_of_the_zone_at_every_hour_of_ten_years() -> None:
    clock = MeterClock(-18_000, 3_600, START, END)

    for at in range(1_577_836_800, 1_893_456_000, 3_600 * 7):
        there = datetime.fromtimestamp(at, ZONE)
        offset = there.utcoffset()
        assert offset is not None
        assert clock.offset(at) == offset.total_seconds()
        assert clock.day(at) == there.date()


def test_summer_may_lie_over_the_end_of_the_year() -> None:
    # Sydney: from the first Sunday of October at two to the first of April at three
    clock = MeterClock(36_000, 3_600, 0xA40E2000, 0x440E3000)
    zone = ZoneInfo("Australia/Sydney")

    for at in range(1_704_067_200, 1_767_225_600, 3_600 * 5):
        offset = datetime.fromtimestamp(at, zone).utcoffset()
        assert offset is not None
        assert clock.offset(at) == offset.total_seconds()


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (START, "2025-03-09T02Z"),
        (END, "2025-11-02T02Z"),
        (0x3E0E2000, "2025-03-30T02Z"),  # the last Sunday
        (0x30F02000, "2025-03-15T02Z"),  # the fifteenth
        (0x32F22000, "2025-03-17T02Z"),  # the first Monday from the fifteenth on
        (NO_RULE, None),
        (0x000E2000, None),  # no month
        (0x3C0E2000, "2025-03-30T02Z"),  # the fifth Sunday
        (0x2C0E2000, None),  # February 2025 has but four
        (0x36002000, None),  # no day of the week
        (0x31F02000, "2025-03-31T02Z"),
        (0x41F02000, None),  # the 31st of April
    ],
)
def test_a_rule_names_a_day_of_the_year(rule: int, told: str | None) -> None:
    expected = None if told is None else datetime.fromisoformat(told).timestamp()

    assert moment_of(rule, 2025) == expected


@pytest.mark.parametrize(
    "reading",
    [
        "<IntervalReading/>",
        "<IntervalReading><timePeriod><start>x</start></timePeriod><value>1</value></IntervalReading>",
        (
            "<IntervalReading><timePeriod><duration>1</duration><start>1</start></timePeriod>"
            "<value>1.5</value></IntervalReading>"
        ),
        (
            "<IntervalReading><timePeriod><duration>1</duration><start>99999999999999</start>"
            "</timePeriod><value>1</value></IntervalReading>"
        ),
    ],
)
def test_what_is_no_reading_is_a_named_reject(reading: str) -> None:
    content = feed(METER, MEANING, entry(f"<IntervalBlock>{reading}</IntervalBlock>"))

    assert outcome(GreenButton(), content) == (0, ["malformed"])


def test_two_local_times_are_told_and_days_are_those_of_utc() -> None:
    other = CLOCK.replace("-18000", "-21600")

    ((day,), (fault,)) = of(entry(CLOCK), entry(other), METER, MEANING, block(1_736_121_600, 1))

    assert (day.fields["offset_min"], fault.why) == (None, "unsupported")


@pytest.mark.parametrize(
    "content",
    ["", "<feed>", "<other><x/></other>", "<!DOCTYPE feed []>" + feed(METER), feed(METER)[:-3]],
)
def test_a_file_that_is_cut_or_another_is_broken(content: str) -> None:
    assert outcome(GreenButton(), content) == (0, ["broken"])
