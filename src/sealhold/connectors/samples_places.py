"""Made-up files of places and bodies in any size: for the conformance suite and benchmarks.

- The same count gives the same bytes; nobody in them exists.

Source: docs/spec/42-places-and-bodies.md section 11.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sealhold.connectors.fitfile import EPOCH, checksum
from sealhold.connectors.samples import Sample

_START = datetime(2025, 1, 6, 8, tzinfo=UTC)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.000Z}"


def geojson(count: int) -> Sample:
    """Return a collection of `count` timed lines, as many without times, and as many points."""
    features: list[object] = []
    for n in range(count):
        begin = _START + timedelta(days=n)
        line = [[7 + n / 10_000, 46 + k / 500, 500 + k] for k in range(3)]
        times = [_iso(begin + timedelta(minutes=k)) for k in range(3)]
        for properties in ({"name": f"Way {n}", "coordTimes": times}, {"name": f"Plan {n}"}):
            geometry = {"type": "LineString", "coordinates": line}
            features.append({"type": "Feature", "properties": properties, "geometry": geometry})
        features.append(
            {
                "type": "Feature",
                "id": f"stop-{n}",
                "properties": {"name": f"Stop {n}", "colour": "red"},
                "geometry": {"type": "Point", "coordinates": [7.5, 46 + n / 10_000]},
            }
        )
    content = json.dumps({"type": "FeatureCollection", "features": features}, indent=1)
    items = {"trips": count, "routes": count, "places": count}
    return Sample(file_name="map.geojson", content=content.encode(), items=items, has_end=True)


def google_records(count: int) -> Sample:
    """Return `count` rides of 45 minutes, each followed by a stay as long."""
    points: list[object] = []
    for n in range(count):
        begin = _START + timedelta(days=n)
        for minute in range(0, 91, 15):
            moved = min(minute, 45) * 20_000
            points.append(
                {
                    "latitudeE7": 465_000_000 + moved,
                    "longitudeE7": -71_000_000 + (1 << 32) if n % 7 == 0 else 71_000_000,
                    "accuracy": 20,
                    "source": "WIFI",
                    "deviceTag": 1_234_567,
                    "timestamp": _iso(begin + timedelta(minutes=minute)),
                }
            )
    content = json.dumps({"locations": points}, indent=2)
    items = {"trips": count, "visits": count}
    return Sample(file_name="Records.json", content=content.encode(), items=items, has_end=True)


def google_semantic(count: int) -> Sample:
    """Return `count` walks, each to a place that is then visited."""
    objects: list[object] = []
    for n in range(count):
        begin = _START + timedelta(days=n)
        times = [_iso(begin + timedelta(minutes=k)) for k in (0, 30, 90)]
        ends = [
            {"latitudeE7": 465_000_000 + n + k * 90_000, "longitudeE7": 75_000_000} for k in (0, 1)
        ]
        segment = {
            "startLocation": ends[0],
            "endLocation": ends[1],
            "duration": {"startTimestamp": times[0], "endTimestamp": times[1]},
            "distance": 1_200,
            "activityType": "WALKING",
        }
        visit = {
            "location": ends[1] | {"placeId": f"place-{n}", "name": f"Cafe {n}"},
            "duration": {"startTimestamp": times[1], "endTimestamp": times[2]},
            "visitConfidence": 90,
        }
        objects += [{"activitySegment": segment}, {"placeVisit": visit}]
    content = json.dumps({"timelineObjects": objects}, indent=2)
    items = {"trips": count, "visits": count}
    return Sample(
        file_name="2025_JANUARY.json", content=content.encode(), items=items, has_end=True
    )


def google_timeline(count: int) -> Sample:
    """Return `count` days of a phone: a visit, a walk, the way of it, and what was measured."""
    segments: list[object] = []
    signals: list[object] = []
    for n in range(count):
        begin = _START + timedelta(days=n)
        times = [_iso(begin + timedelta(minutes=k)) for k in (0, 60, 90)]
        here, there = f"46.5°, {7 + n / 10_000}°", f"46.51°, {7 + n / 10_000}°"
        visit = {"probability": 0.9, "topCandidate": {"placeId": f"p{n}", "semanticType": "HOME"}}
        visit["topCandidate"] |= {"probability": 0.8, "placeLocation": {"latLng": here}}  # type: ignore[operator]  # reason: it is the map above
        walk = {"start": {"latLng": here}, "end": {"latLng": there}, "distanceMeters": 1_112.0}
        walk["topCandidate"] = {"type": "WALKING", "probability": 0.7}
        way = [{"point": here, "time": times[1]}, {"point": there, "time": times[2]}]
        segments += [
            {"startTime": times[0], "endTime": times[1], "visit": visit},
            {"startTime": times[1], "endTime": times[2], "activity": walk},
            {"startTime": times[1], "endTime": times[2], "timelinePath": way},
        ]
        position = {"LatLng": here, "accuracyMeters": 13, "altitudeMeters": 500.0}
        signals.append({"position": position | {"timestamp": times[0]}})
    document = {"semanticSegments": segments, "rawSignals": signals}
    content = json.dumps(document, indent=2, ensure_ascii=False)
    items = {"visits": count, "trips": count, "paths": 2 * count}
    return Sample(file_name="Timeline.json", content=content.encode(), items=items, has_end=True)


def apple_health(count: int) -> Sample:
    """Return an export of `count` days: four readings of the heart and one run each."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!DOCTYPE HealthData [\n<!-- it's as Apple writes it -->\n<!ELEMENT HealthData (Record*)>",
        '<!ATTLIST HealthData locale CDATA #REQUIRED note CDATA "]>">\n]>',
        '<HealthData locale="en_CH">',
        ' <ExportDate value="2026-01-31 10:00:00 +0100"/>',
    ]
    for n in range(count):
        day = _START + timedelta(days=n)
        for hour in (0, 4, 8, 11):
            moment = f"{day + timedelta(hours=hour):%Y-%m-%d %H:%M:%S +0100}"
            lines.append(
                ' <Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Watch" '
                f'unit="count/min" creationDate="{moment}" startDate="{moment}" '
                f'endDate="{moment}" value="{60 + hour}"/>'
            )
        begin, end = f"{day:%Y-%m-%d} 20:00:00 +0100", f"{day:%Y-%m-%d} 20:30:00 +0100"
        lines.append(
            ' <Workout workoutActivityType="HKWorkoutActivityTypeRunning" duration="30" '
            f'durationUnit="min" sourceName="Watch" startDate="{begin}" endDate="{end}"/>'
        )
    content = "\n".join([*lines, "</HealthData>\n"]).encode()
    items = {"health": count, "workouts": count}
    return Sample(file_name="export.xml", content=content, items=items, has_end=True)


def greenbutton(count: int) -> Sample:
    """Return the feed of a meter with `count` days of four readings, winter time of New York."""
    link = '<link rel="{}" href="https://example.org/espi/{}"/>'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:e="http://naesb.org/espi">',
        "<title>Usage</title>",
        (
            f"<entry>{link.format('self', 'LocalTimeParameters/1')}<content><e:LocalTimeParameters>"
            "<e:dstOffset>0</e:dstOffset><e:tzOffset>-18000</e:tzOffset>"
            "</e:LocalTimeParameters></content></entry>"
        ),
        (
            f"<entry>{link.format('self', 'MeterReading/1')}"
            f"{link.format('related', 'ReadingType/7')}<content><e:MeterReading/></content></entry>"
        ),
        (
            f"<entry>{link.format('self', 'ReadingType/7')}<content><e:ReadingType>"
            "<e:commodity>1</e:commodity><e:flowDirection>1</e:flowDirection>"
            "<e:powerOfTenMultiplier>-1</e:powerOfTenMultiplier><e:uom>72</e:uom>"
            "</e:ReadingType></content></entry>"
        ),
    ]
    begin = 1_736_139_600  # 2025-01-06, midnight in New York
    for n in range(count):
        day = "".join(
            "<e:IntervalReading><e:timePeriod><e:duration>21600</e:duration>"
            f"<e:start>{begin + 3600 * (24 * n + hour)}</e:start></e:timePeriod>"
            f"<e:value>{1000 + hour}</e:value></e:IntervalReading>"
            for hour in (0, 6, 12, 18)
        )
        up = link.format("up", "MeterReading/1/IntervalBlock")
        block = f"<e:IntervalBlock>{day}</e:IntervalBlock>"
        lines.append(f"<entry>{up}<content>{block}</content></entry>")
    content = "\n".join([*lines, "</feed>\n"]).encode()
    return Sample(file_name="usage.xml", content=content, items={"meter": count}, has_end=True)


def fit(count: int) -> Sample:
    """Return `count` FIT files, one behind the other: each a ride of three minutes."""
    content = b"".join(_fit_file(n) for n in range(count))
    items = {"trips": count, "workouts": count}
    return Sample(file_name="ride.fit", content=content, items=items, has_end=True)


def _fit_file(n: int) -> bytes:
    begin = int((_START + timedelta(days=n)).timestamp()) - EPOCH
    lat, lon = round(46.5 / 180 * 2**31), round((7 + n / 10_000) / 180 * 2**31)
    file_id = FitKind(0, ((0, 1, 0x00), (1, 2, 0x84)))
    record = FitKind(20, ((253, 4, 0x86), (0, 4, 0x85), (1, 4, 0x85), (2, 2, 0x84), (3, 1, 2)))
    session = FitKind(18, ((253, 4, 0x86), (2, 4, 0x86), (7, 4, 0x86), (5, 1, 0), (9, 4, 0x86)))
    activity = FitKind(34, ((253, 4, 0x86), (5, 4, 0x86)))
    rows = [(record, (begin + 60 * k, lat + 9_000 * k, lon, 5_000 + k, 120 + k)) for k in range(4)]
    return fit_bytes(
        [
            (file_id, (4, 1)),
            *rows,
            (session, (begin + 180, begin, 180_000, 2, 830_000)),
            (activity, (begin + 180, begin + 3_780)),
        ]
    )


@dataclass(frozen=True, slots=True)
class FitKind:
    """A kind of FIT message: its number, and of each field the number, size and base type."""

    number: int
    fields: tuple[tuple[int, int, int], ...]
    order: str = "<"


def fit_bytes(rows: Sequence[tuple[FitKind, Sequence[int]]]) -> bytes:
    """Return a FIT file of these messages, each kind defined where it comes first."""
    body, local = b"", dict[FitKind, int]()
    for kind, values in rows:
        if kind not in local:
            local[kind] = len(local)
            head = struct.pack(f"{kind.order}H", kind.number)
            triples = b"".join(map(bytes, kind.fields))
            body += bytes([0x40 | local[kind], 0, kind.order == ">"]) + head
            body += bytes([len(kind.fields)]) + triples
        body += bytes([local[kind]])
        for (_, size, base), value in zip(kind.fields, values, strict=True):
            order: Literal["big", "little"] = "big" if kind.order == ">" else "little"
            body += value.to_bytes(size, order, signed=base in {0x83, 0x85} and value < 0)
    return fit_whole(body)


def fit_whole(body: bytes) -> bytes:
    """Return a FIT file with these bytes of messages, with both its checksums."""
    head = struct.pack("<BBHI4s", 14, 0x20, 2_132, len(body), b".FIT")
    whole = head + checksum(head).to_bytes(2, "little") + body
    return whole + checksum(whole).to_bytes(2, "little")
