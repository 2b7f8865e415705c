"""Green Button (ESPI): what a meter measured, as an Atom feed.

- The feed is read twice: first what its readings mean (unit, power of ten, flow, local time),
  which may stand anywhere in it, then the readings.
- Readings of a meter on one local day are one object. One that goes over midnight is of the day in
  which it begins. Without local time the days are those of UTC and the offset is unknown.
- Values are exact: whole numbers times a power of ten, as text.

Source: docs/spec/42-places-and-bodies.md section 9; ESPI (NAESB REQ.21), RFC 4287.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import BinaryIO, ClassVar
from xml.etree.ElementTree import Element, tostring

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.charset import head_text
from sealhold.connectors.gathering import Gathering, Group
from sealhold.connectors.jsonvalues import whole
from sealhold.connectors.meterclock import NO_RULE, MeterClock
from sealhold.connectors.metering import METER
from sealhold.connectors.names import Names
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Why
from sealhold.connectors.tracks import Faults
from sealhold.connectors.xmlsafe import children, local, text_of, tree_of
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

_SPACE = "http://naesb.org/espi"
_UNITS = {"72": "Wh", "38": "W", "42": "m3", "119": "ft3", "132": "Btu", "169": "therm"} | {
    "61": "VA", "63": "var", "71": "VAh", "73": "varh", "134": "L",
}  # fmt: skip
_KINDS = {"1": "electricity", "2": "electricity", "7": "gas", "9": "water", "14": "water"}
_FLOWS = {"1": "delivered", "19": "received", "4": "net", "20": "total"}
_MOST_TYPES = 10_000  # meters and kinds of reading of one feed
_MOST = 90_000  # readings of one day: one a second
_LATEST = 4_102_444_800  # 2100, in seconds
_LONGEST = 366 * 86_400  # seconds of one reading
_MAX_POWER = 12
_PARTS = frozenset({"link", "id", "title", "published", "updated", "content"})
_BLOCK = "IntervalBlock"


class GreenButton:
    """Reads Green Button feeds."""

    name: ClassVar[str] = "greenbutton"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (METER,)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        text = head_text(head)
        is_known = _SPACE in text and "feed" in text
        return Guess(sure=99 if is_known else 0, what="Green Button feed" if is_known else "")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What readings mean."""

    kind: str | None = None
    flow: str | None = None
    unit: str | None = None
    power: int = 0
    tree: Plain = None


@dataclass(slots=True)
class _Feed:
    """What a feed says of its readings."""

    kinds: dict[str, _Kind] = field(default_factory=dict)  # by the link of a ReadingType
    of_meter: dict[str, list[str]] = field(default_factory=dict)  # links related to a meter reading
    clocks: list[MeterClock] = field(default_factory=list)

    def kind_of(self, meter: str) -> _Kind:
        """Return what the readings of a meter mean; the only kind there is, if none is linked."""
        for link in self.of_meter.get(meter, []):
            if link in self.kinds:
                return self.kinds[link]
        return next(iter(self.kinds.values())) if len(self.kinds) == 1 else _Kind()


_Reading = tuple[tuple[int, int, int], Plain]  # start, seconds, value; what it holds besides
_Key = tuple[str, str]  # meter, day


def _found(file: BinaryIO) -> Iterator[Found]:
    feed = _feed(file)
    clock = feed.clocks[0] if len(set(feed.clocks)) == 1 else None
    days: Gathering[_Key, _Reading] = Gathering(_MOST)
    names, faults = Names(), Faults("more readings of that kind")
    for count, (_root, entry) in enumerate(children(file, _nothing), start=1):
        meter = _meter_of(_links(entry, "up"))
        for number, block in enumerate(_all(entry, _BLOCK), start=1):
            for place, one in enumerate(_all(block, "IntervalReading"), start=1):
                where = f"child {count} block {number} reading {place}"
                reading = _reading(one)
                if isinstance(reading, str):
                    yield from faults.tell(where, Why.MALFORMED, reading, tostring(one, "unicode"))
                    continue
                key = meter, _date(reading[0], clock)
                for closed, day in days.add(key, where, (reading, _more(one))):
                    yield _item(closed, day, feed, clock, names)
    for closed, day in days.rest():
        yield _item(closed, day, feed, clock, names)
    if len(set(feed.clocks)) > 1:
        yield reject("feed", Why.UNSUPPORTED, "several local times; days are those of UTC")
    yield from faults.rest()


def _nothing(element: Element) -> bool:
    del element
    return False


def _feed(file: BinaryIO) -> _Feed:
    """Read what the readings mean.

    Raises:
        UnreadableSourceError: no feed, or not well-formed.
    """
    feed = _Feed()
    for root, entry in children(file, _is_reading):
        if local(root) != "feed":
            raise UnreadableSourceError("XML whose root element is not `feed`")
        own = _links(entry, "self")
        for one in _all(entry, "ReadingType"):
            for link in own:
                feed.kinds[link] = _kind(one)
        for _one in _all(entry, "MeterReading"):
            for link in own:
                feed.of_meter[link] = _links(entry, "related")
        feed.clocks += [
            clock for one in _all(entry, "LocalTimeParameters") if (clock := _clock(one))
        ]
        if len(feed.kinds) + len(feed.of_meter) + len(feed.clocks) > _MOST_TYPES:
            raise UnreadableSourceError(f"a feed of over {_MOST_TYPES} meters")
    return feed


def _is_reading(element: Element) -> bool:
    return local(element) == "IntervalReading"


def _all(element: Element, name: str) -> list[Element]:
    return [one for one in element.iter() if local(one) == name]


def _links(entry: Element, relation: str) -> list[str]:
    return [
        one.get("href", "").rstrip("/")
        for one in entry
        if local(one) == "link" and one.get("rel") == relation
    ]


def _meter_of(links: list[str]) -> str:
    """Return the link of the meter reading that a block belongs to."""
    link = links[0] if links else ""
    return link.removesuffix(f"/{_BLOCK}")


def _kind(element: Element) -> _Kind:
    def told(name: str, names: Mapping[str, str]) -> str | None:
        written = text_of(element, name)
        return None if written is None else names.get(written, f"ESPI {written}"[:20])

    power = whole(text_of(element, "powerOfTenMultiplier")) or 0
    return _Kind(
        kind=told("commodity", _KINDS),
        flow=told("flowDirection", _FLOWS),
        unit=told("uom", _UNITS),
        power=max(-_MAX_POWER, min(_MAX_POWER, power)),
        tree=tree_of(element),
    )


def _clock(element: Element) -> MeterClock | None:
    standard, summer = whole(text_of(element, "tzOffset")), whole(text_of(element, "dstOffset"))
    if standard is None or abs(standard) > 86_400 or not 0 <= (summer or 0) <= 7_200:  # noqa: PLR2004 - a day, two hours
        return None
    rules = [_rule(text_of(element, name)) for name in ("dstStartRule", "dstEndRule")]
    return MeterClock(standard, summer or 0, *rules)


def _rule(written: str | None) -> int:
    try:
        rule = int(written or "", 16)
    except ValueError:
        return NO_RULE
    return rule if 0 <= rule < NO_RULE else NO_RULE


def _reading(element: Element) -> tuple[int, int, int] | str:
    """Return start, seconds and value of a reading, or what is wrong with it."""
    period = next((one for one in element if local(one) == "timePeriod"), element)
    start, seconds = whole(text_of(period, "start")), whole(text_of(period, "duration"))
    value = whole(text_of(element, "value"))
    if start is None or seconds is None or not (0 <= start < _LATEST and 0 <= seconds <= _LONGEST):
        return "a reading without its time"
    return (start, seconds, value) if value is not None else "a reading without a whole number"


def _more(element: Element) -> Plain:
    return [tree_of(one) for one in element if local(one) not in {"timePeriod", "value"}] or None


def _date(at: int, clock: MeterClock | None) -> str:
    return str((clock or MeterClock(0, 0, NO_RULE, NO_RULE)).day(at))


def _item(
    key: _Key, day: Group[_Reading], feed: _Feed, clock: MeterClock | None, names: Names
) -> Item:
    meter, date_ = key
    kind = feed.kind_of(meter)
    ordered = sorted(day.readings, key=lambda one: one[0])
    readings = [reading for reading, _ in ordered]
    first = readings[0][0]
    fields: dict[str, Plain] = {
        "day": date_,
        "start": first * 1000,
        "end": max(start + seconds for start, seconds, _ in readings) * 1000,
        "offset_min": clock.offset(first) // 60 if clock else None,
        "day_hours": clock.hours(clock.day(first)) if clock else None,
        "kind": kind.kind,
        "flow": kind.flow,
        "unit": kind.unit,
        "total": _exact(sum(value for _, _, value in readings), kind.power),
        "count": len(readings),
        "readings": [[at * 1000, seconds, _exact(v, kind.power)] for at, seconds, v in readings],
        "meter": meter or None,
    }
    more = [[place, rest] for place, (_, rest) in enumerate(ordered) if rest]
    raw = {"type": kind.tree, "readings": more}
    own = names.once(f"{meter}\n{date_}")
    return Item(dataset="meter", fields=fields, raw=raw, original_id=own, position=day.where)


def _exact(value: int, power: int) -> str:
    return f"{Decimal(value).scaleb(power):f}"
