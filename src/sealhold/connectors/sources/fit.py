"""FIT: what watches and bicycle computers record.

- Points with a place are `trips`, cut where over 20 minutes pass, with the sport of their session.
- A session is one of `workouts`, with heart rate, cadence, power and speed at each of its times.
- The offset from UTC is the one that the watch wrote at the end of an activity, else unknown.
- Laps, devices and events have no field: they are kept in the `raw` of the file's last session.

Source: docs/spec/42-places-and-bodies.md section 10; the FIT protocol and profile.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, ClassVar, Final

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.bodies import WORKOUTS, in_si
from sealhold.connectors.fitfile import EPOCH, MAGIC, TIME, Message, Value, files_of, messages
from sealhold.connectors.geo import Point, parse_elevation, trips_of
from sealhold.connectors.places import ROUTES, TRIPS
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Why
from sealhold.connectors.times import When
from sealhold.connectors.tracks import line_item
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.quantities import Instant
from sealhold.model.records import Dataset

_MOST_BYTES: Final = 67_108_864  # a day at one record a second has a hundredth
_FILE_ID, _SESSION, _RECORD, _ACTIVITY = 0, 18, 20, 34  # kinds of message in the profile
_OTHERS: Final = {19: "laps", 21: "events", 23: "devices"}
_MOST_OTHERS = 2_000  # of those that are kept
_HALF_TURN = 180 / 2**31  # degrees in a semicircle
_SPORTS: Final[Mapping[Value, str]] = {
    0: "generic", 1: "running", 2: "cycling", 3: "transition", 4: "fitness_equipment",
    5: "swimming", 10: "training", 11: "walking", 12: "cross_country_skiing",
    13: "alpine_skiing", 14: "snowboarding", 15: "rowing", 16: "mountaineering", 17: "hiking",
}  # fmt: skip


class Fit:
    """Reads FIT."""

    name: ClassVar[str] = "fit"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (TRIPS, ROUTES, WORKOUTS)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        is_known = head[:1] in {b"\x0c", b"\x0e"} and head[8:12] == MAGIC
        return Guess(sure=100 if is_known else 0, what="FIT recording" if is_known else "")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


@dataclass(slots=True)
class _Activity:
    """What one file tells."""

    recorder: str | None = None
    offset: int | None = None
    sessions: list[Message] = field(default_factory=list)
    points: list[tuple[int, int, Point]] = field(default_factory=list)  # time s, number, point
    readings: list[tuple[int, list[Plain]]] = field(default_factory=list)
    others: dict[str, list[Plain]] = field(default_factory=dict)
    placeless: int = 0


def _found(file: BinaryIO) -> Iterator[Found]:
    file.seek(0)
    data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise UnreadableSourceError(f"a FIT file of over {_MOST_BYTES} bytes")
    for number, inner in enumerate(files_of(data), start=1):
        activity = _Activity()
        for message in messages(inner):
            _take(message, activity)
        yield from _items(activity, f"file {number}")


def _take(message: Message, activity: _Activity) -> None:
    fields = message.fields
    at = fields.get(TIME)
    if message.kind == _RECORD:
        _record(message, activity)
    elif message.kind == _SESSION:
        activity.sessions.append(message)
    elif message.kind == _ACTIVITY:
        local = fields.get(5)
        if isinstance(local, int) and isinstance(at, int) and abs(local - at) <= 86_400:  # noqa: PLR2004 - a day
            activity.offset = round((local - at) / 60)
    elif message.kind == _FILE_ID:
        told = (fields.get(8), fields.get(1), fields.get(2), fields.get(3))
        name = [f"{word} {one}" for word, one in zip(_WORDS, told, strict=True) if one is not None]
        activity.recorder = ", ".join(name).strip() or None
    elif message.kind in _OTHERS:
        kept = activity.others.setdefault(_OTHERS[message.kind], [])
        if len(kept) < _MOST_OTHERS:
            kept.append(_plain(fields))


_WORDS: Final = ("product", "manufacturer", "type", "serial")


def _plain(fields: Mapping[int, Value]) -> dict[str, Plain]:
    return {str(number): _kept(value) for number, value in fields.items()}


def _kept(value: Value) -> Plain:
    is_large = isinstance(value, int) and value >= 1 << 63
    is_odd = isinstance(value, float) and abs(value) == float("inf")
    return str(value) if is_large or is_odd else value


def _record(message: Message, activity: _Activity) -> None:
    fields = message.fields
    at = _whole(fields.get(TIME))
    if at is None:
        activity.placeless += 1
        return
    speed = _scaled(fields, (73, 6), 1000, 0)
    heart, cadence, power = (_whole(fields.get(number)) for number in (3, 4, 7))
    if any(one is not None for one in (heart, cadence, power)):
        activity.readings.append((at, [(at + EPOCH) * 1000, heart, cadence, power, speed]))
    lat, lon = _whole(fields.get(0)), _whole(fields.get(1))
    if lat is None or lon is None or abs(lat) > 1 << 30:
        return
    ele = _scaled(fields, (78, 2), 5, 500)
    height = None if ele is None else parse_elevation(str(ele))
    when = When(Instant((at + EPOCH) * 1000), None)
    place = Point(round(lat * _HALF_TURN, 7), round(lon * _HALF_TURN, 7), height, when)
    activity.points.append((at, message.number, place))


def _whole(value: Value | None) -> int | None:
    return value if isinstance(value, int) else None


def _scaled(
    fields: Mapping[int, Value], numbers: tuple[int, ...], scale: int, offset: int
) -> float | None:
    """Return the first of the fields that is there, as the profile scales it."""
    for number in numbers:
        value = fields.get(number)
        if isinstance(value, int):
            return round(value / scale - offset, 3)
    return None


def _items(activity: _Activity, where: str) -> Iterator[Found]:
    if activity.placeless:
        detail = f"{activity.placeless} records without a time"
        yield reject(f"{where} records", Why.NO_TIME, detail)
    zoned = [_zoned(point, activity.offset) for _, _, point in activity.points]
    for number, part in enumerate(trips_of(zoned), start=1):
        at = part[0].when.at // 1000 - EPOCH if part[0].when else 0
        words = {"type": _sport(_session_at(activity.sessions, at))}
        yield line_item(part, "track", f"{where} part {number}", words, None)
    for number, session in enumerate(activity.sessions, start=1):
        is_last = number == len(activity.sessions)
        yield _workout(session, activity, f"{where} session {number}", is_last=is_last)
    if not (activity.points or activity.sessions):
        yield reject(where, Why.UNSUPPORTED, "neither a way nor a session")


def _zoned(point: Point, offset: int | None) -> Point:
    when = When(point.when.at, offset) if point.when else None
    return Point(point.lat, point.lon, point.ele, when)


def _session_at(sessions: list[Message], at: int) -> Message | None:
    """Return the session that a time is in, else the only one there is."""
    for session in sessions:
        begin, end = _span(session)
        if begin is not None and end is not None and begin <= at <= end:
            return session
    return sessions[0] if len(sessions) == 1 else None


def _span(session: Message) -> tuple[int | None, int | None]:
    """Return when a session began and ended, in seconds of FIT."""
    begin, end = _whole(session.fields.get(2)), _whole(session.fields.get(TIME))
    lasted = _scaled(session.fields, (7,), 1000, 0)
    if begin is not None and lasted is not None:
        end = max(end or 0, begin + round(lasted))
    return begin, end


def _sport(session: Message | None) -> str | None:
    value = session.fields.get(5) if session else None
    return None if value is None else _SPORTS.get(value, f"sport {value}")


def _workout(session: Message, activity: _Activity, where: str, *, is_last: bool) -> Found:
    fields = session.fields
    begin, end = _span(session)
    if begin is None or end is None:
        return reject(where, Why.NO_TIME, "a session without its times")
    kcal = _whole(fields.get(11))
    lasted = _scaled(fields, (8, 7), 1000, 0)
    told: dict[str, Plain] = {
        "start": (begin + EPOCH) * 1000,
        "end": (end + EPOCH) * 1000,
        "offset_min": activity.offset,
        "duration_s": float(end - begin) if lasted is None else lasted,
        "type": _sport(session),
        "distance_m": _scaled(fields, (9,), 100, 0),
        "energy_wh": None if kcal is None else in_si(kcal, "kcal")[0],
        "mean_heart_rate": _scaled(fields, (16,), 1, 0),
        "readings": [one for at, one in activity.readings if begin <= at <= end],
        "recorder": activity.recorder,
    }
    raw: dict[str, Plain] = {"session": _plain(fields)}
    if is_last:
        raw |= activity.others
    return Item(dataset="workouts", fields=told, raw=raw, original_id=None, position=where)
