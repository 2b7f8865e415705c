"""When two trips are one: both ends near in time and place, and two sources."""

from dataclasses import replace

import pytest

from sealhold.model.ids import AppId, Collection, Id16, JobId, RecordId, SourceId, SubjectId
from sealhold.model.quantities import MINUTE
from sealhold.model.records import Provenance, Record
from sealhold.vault.doubles import are_one

MADE = Provenance(
    source=SourceId(Id16(b"one." * 4)),
    job=JobId(Id16(b"job." * 4)),
    connector="gpx",
    connector_version="1",
    original_id=None,
    position="trk 1",
    content_hash=bytes(32),
)
TRIP = Record(
    id=RecordId(Id16(b"trip" * 4)),
    app=AppId(Id16(b"app." * 4)),
    subject=SubjectId(Id16(b"subj" * 4)),
    collection=Collection("trips"),
    version=1,
    fields={
        "start": 0,
        "end": 60 * MINUTE,
        "start_lat": 52.5,
        "start_lon": 13.4,
        "end_lat": 52.53,
        "end_lon": 13.41,
    },
    raw=None,
    provenance=MADE,
)
OTHER = replace(TRIP, provenance=replace(MADE, source=SourceId(Id16(b"two." * 4))))


@pytest.mark.parametrize(
    ("field", "value", "is_one"),
    [
        ("start", 5 * MINUTE, True),
        ("start", 5 * MINUTE + 1, False),
        ("end", 55 * MINUTE, True),
        ("end", 54 * MINUTE, False),
        ("start_lat", 52.5044, True),  # 489 m north
        ("start_lat", 52.5046, False),  # 511 m
        ("end_lon", 13.4173, True),
        ("end_lon", 13.4175, False),
        ("end_lat", None, False),
        ("start", "yesterday", False),
    ],
)
def test_both_ends_must_be_near_in_time_and_place(
    field: str, value: object, *, is_one: bool
) -> None:
    other = replace(OTHER, fields={**OTHER.fields, field: value})

    assert are_one(TRIP, other) is is_one
    assert are_one(other, TRIP) is is_one


def test_two_trips_of_one_source_are_two() -> None:
    assert not are_one(TRIP, replace(TRIP, id=RecordId(Id16(b"next" * 4))))
