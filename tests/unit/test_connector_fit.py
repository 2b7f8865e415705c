"""FIT: rides and workouts, and checksums that count."""

import pytest

from sealhold.connectors.fitfile import checksum, files_of, messages
from sealhold.connectors.samples_places import FitKind, fit, fit_bytes, fit_whole
from sealhold.connectors.sources.fit import Fit
from sealhold.model.errors import UnreadableSourceError
from tests.unit.connector_reading import outcome, read

BEGIN = 1_104_652_800  # 2025-01-01T08:00:00Z in seconds of FIT
HOUR_8 = 1_735_718_400_000
DEGREE = 2**31 / 180
RECORD = FitKind(
    20, ((253, 4, 0x86), (0, 4, 0x85), (1, 4, 0x85), (2, 2, 0x84), (3, 1, 2), (7, 2, 0x84))
)
SESSION = FitKind(
    18,
    (
        (253, 4, 134),
        (2, 4, 134),
        (7, 4, 134),
        (8, 4, 134),
        (5, 1, 0),
        (9, 4, 134),
        (11, 2, 132),
        (16, 1, 2),
    ),
)
ACTIVITY = FitKind(34, ((253, 4, 0x86), (5, 4, 0x86)))
NONE = 0x7FFFFFFF


def record(
    minute: int, lat: float, heart: int = 0xFF, ele: int = 0xFFFF
) -> tuple[FitKind, list[int]]:
    return RECORD, [BEGIN + 60 * minute, round(lat * DEGREE), 0, ele, heart, 0xFFFF]


def session(minutes: int) -> tuple[FitKind, list[int]]:
    begin = BEGIN
    return SESSION, [begin + 60 * minutes, begin, 60_000 * minutes, 50_000, 2, 123_456, 300, 140]


def test_a_ride_is_a_trip_and_its_session_a_workout() -> None:
    content = fit_bytes(
        [
            record(0, 0.0, 120, 2_600),
            record(1, 0.01, 130),
            session(1),
            (ACTIVITY, [BEGIN, BEGIN + 3600]),
        ]
    )

    ((trip, workout), rejects) = read(Fit(), content)

    assert not rejects
    assert (trip.dataset, trip.fields["type"], trip.fields["offset_min"]) == (
        "trips",
        "cycling",
        60,
    )
    assert trip.fields["points"] == [
        [HOUR_8, 0.0, 0.0, 20.0],
        [HOUR_8 + 60_000, 0.01, 0.0, None],
    ]
    assert trip.fields["distance_m"] == pytest.approx(1111.9, abs=0.1)
    assert workout.fields == {
        "start": HOUR_8, "end": HOUR_8 + 60_000, "offset_min": 60, "duration_s": 50.0,
        "type": "cycling", "distance_m": 1234.56, "energy_wh": 348.666666667,
        "mean_heart_rate": 140.0, "recorder": None,
        "readings": [[HOUR_8, 120, None, None, None], [HOUR_8 + 60_000, 130, None, None, None]],
    }  # fmt: skip
    assert workout.raw["session"]["9"] == 123_456


def test_without_a_place_there_is_a_workout_and_no_trip() -> None:
    indoors = RECORD, [BEGIN, NONE, NONE, 0xFFFF, 99, 200]

    ((workout,), _) = read(Fit(), fit_bytes([indoors, session(1)]))

    assert workout.dataset == "workouts"
    assert workout.fields["readings"] == [[HOUR_8, 99, None, 200, None]]
    assert workout.fields["offset_min"] is None


def test_a_silence_cuts_and_a_single_point_is_no_trip() -> None:
    (items, _) = read(Fit(), fit_bytes([record(0, 0), record(1, 1), record(30, 2)]))

    assert [(one.dataset, one.position) for one in items] == [
        ("trips", "file 1 part 1"),
        ("routes", "file 1 part 2"),
    ]


def test_big_ends_first_compressed_times_and_fields_of_developers_are_read() -> None:
    wide = FitKind(20, ((253, 4, 0x86), (3, 1, 2)), ">")
    plain = fit_bytes([(wide, [BEGIN, 100])])
    (body,) = files_of(plain)
    # kind 1 with a field of a developer of three bytes; then a record 5 s later than the last
    more = b"\x61\x00\x00\x14\x00\x01\x03\x01\x02\x01\x00\x03\x00" + bytes(
        [0xA0 | (BEGIN + 5) & 31]
    )
    more += b"\x65abc"

    found = list(messages(body + more))

    assert [one.fields for one in found] == [{253: BEGIN, 3: 100}, {3: 101, 253: BEGIN + 5}]


def test_checksums_are_those_of_the_format() -> None:
    assert checksum(b"123456789") == 0xBB3D  # CRC-16/ARC
    data = fit(1).content
    assert checksum(data) == 0


@pytest.mark.threat("T388")
def test_each_changed_byte_breaks_the_file() -> None:
    data = fit(1).content

    for at in range(14, len(data)):
        changed = bytearray(data)
        changed[at] ^= 0x10
        assert outcome(Fit(), bytes(changed)) == (0, ["broken"])


@pytest.mark.parametrize(
    "body",
    [
        b"\x00\x01",  # a message that nothing defines
        b"\x40\x00\x00",  # a definition that is cut off
        b"\x40\x00\x00\x14\x00\x02\x03\x01\x02",
        b"\x60\x00\x00\x14\x00\x00",
        b"\x40\x00\x00\x14\x00\x01\xfd\x04\x86\x00\x01",  # a message that is cut off
        b"\x60\x00\x00\x14\x00\x00\x01\x00\xff\x00\x00\x01",
    ],
)
def test_messages_that_are_cut_off_break_the_file(body: bytes) -> None:
    assert outcome(Fit(), fit_whole(body)) == (0, ["broken"])


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([(ACTIVITY, [BEGIN, BEGIN])], ["unsupported"]),
        ([(RECORD, [0xFFFFFFFF, 0, 0, 0, 0, 0])], ["no_time", "unsupported"]),
        ([(SESSION, [0xFFFFFFFF, BEGIN, 0xFFFFFFFF, 0, 0, 0, 0, 0])], ["no_time"]),
        ([(FitKind(20, ((253, 0, 0x86), (3, 1, 0x55))), [0, 9])], ["no_time", "unsupported"]),
    ],
)
def test_what_is_neither_way_nor_session_is_a_named_reject(
    rows: list[tuple[FitKind, list[int]]], told: list[str]
) -> None:
    assert outcome(Fit(), fit_bytes(rows)) == (0, told)


def test_a_file_behind_a_file_is_read_and_anything_else_is_not() -> None:
    data = fit(2).content

    assert outcome(Fit(), data) == (4, [])
    assert outcome(Fit(), data + b"x") == (4, ["broken"])
    with pytest.raises(UnreadableSourceError, match="cut off"):
        list(files_of(data[:-1]))
