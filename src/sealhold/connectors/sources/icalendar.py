"""Calendars: iCalendar, also entries without a calendar around them.

- Events, tasks, notes, free-busy lists and availabilities are entries; what is nested in one
  (alarms) stays in its `raw`, as do all properties that no field tells whole.
- A repeated entry stays a rule; it is expanded where it is shown, not here.
- A local time becomes an instant by its zone's name, else by the zone that the file defines, else
  its offset is unknown. Zones may be defined after they are used, so they are read first.

Source: docs/spec/18-connectors.md section 12; RFC 5545, 7953, 7986.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.calendar import EVENTS
from sealhold.connectors.charset import head_text
from sealhold.connectors.contentlines import (
    Component,
    Fault,
    Line,
    components,
    decode,
    parse_line,
    split_value,
    unescape,
)
from sealhold.connectors.names import Names
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Why
from sealhold.connectors.times import When, parse_time, when_of, when_of_day
from sealhold.connectors.zones import own_zone, prepare, zone
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.quantities import DAY
from sealhold.model.records import Dataset

_ENTRIES = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY", "AVAILABLE"})
_BEGIN = re.compile(
    r"^BEGIN:(VCALENDAR|VEVENT|VTODO|VJOURNAL|VFREEBUSY|VAVAILABILITY)\s*$", re.MULTILINE
)
_OTHER = re.compile(r"^BEGIN:(?!VCARD)[\w-]+\s*$", re.MULTILINE)
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z?))?", re.ASCII)
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})S)?)?",
    re.ASCII,
)
_TEXTS = {
    "SUMMARY": "summary",
    "DESCRIPTION": "description",
    "LOCATION": "location",
    "STATUS": "status",
    "UID": "uid",
}
_RULES = frozenset({"RRULE", "RDATE", "EXDATE", "EXRULE"})
_TIMES = frozenset({"DTSTART", "DTEND", "DUE"})
_TIME_PARAMETERS = frozenset({"TZID", "VALUE"})
_LONGEST_TIME = 64  # characters
_MOST_ZONES = 500  # that a file defines itself; a calendar of years has ten
_LONGEST_ZONE = 255  # characters of its name


class ICalendar:
    """Reads iCalendar."""

    name: ClassVar[str] = "icalendar"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (EVENTS,)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows
        prepare()

    def sniff(self, head: bytes, file_name: str) -> Guess:
        text = head_text(head).upper().replace("\r", "\n")
        if _BEGIN.search(text):
            return Guess(sure=95, what="iCalendar")
        is_likely = file_name.casefold().endswith(".ics") and _OTHER.search(text)
        return Guess(sure=50 if is_likely else 0, what="iCalendar" if is_likely else "")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


def _found(file: BinaryIO) -> Iterator[Found]:
    zones = _own_zones(file)
    names = Names()
    is_empty = True
    for one in components(file, {"VCALENDAR"}):
        is_empty = False
        if isinstance(one, Fault):
            yield reject(one.where, one.why, one.detail, one.raw)
        else:
            yield from _of_component(one, zones, names)
    if is_empty:
        file.seek(0)
        if not _OTHER.search(head_text(file.read(4096)).upper().replace("\r", "\n")):
            raise UnreadableSourceError("no calendar: nothing in it begins")


def _own_zones(file: BinaryIO) -> dict[str, tzinfo]:
    zones: dict[str, tzinfo] = {}
    for one in components(file, {"VCALENDAR"}):
        if isinstance(one, Component) and one.kind == "VTIMEZONE":
            source = decode(one.source())[0]
            lines = (parse_line(line) for line in source.split("\r\n"))
            name = next((line.value for line in lines if line and line.name == "TZID"), "")
            is_own = len(name) <= _LONGEST_ZONE and zone(name) is None
            found = own_zone(source) if is_own else None
            if found is not None:
                zones[name] = found
            if len(zones) == _MOST_ZONES:  # THREAT T440: each is a table of years
                break
    return zones


def _of_component(component: Component, zones: dict[str, tzinfo], names: Names) -> Iterator[Found]:
    where = f"line {component.number}"
    inner = [one for one in component.inner if one.kind in _ENTRIES]
    if component.kind in _ENTRIES:
        yield _Entry(component, zones).item(where, names)
    elif component.kind != "VTIMEZONE":
        detail = "neither event, task, note, free-busy list nor availability"
        yield reject(where, Why.UNSUPPORTED, detail, component.source())
    for one in inner:
        yield from _of_component(one, zones, names)


@dataclass(slots=True)
class _Entry:
    """One entry while it is mapped."""

    component: Component
    zones: dict[str, tzinfo]
    fields: dict[str, Plain] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)  # lines that no field tells whole
    times: dict[str, When] = field(default_factory=dict)
    duration: timedelta | None = None
    recurrence: str = ""

    def item(self, where: str, names: Names) -> Item:
        """Return the item of this entry."""
        own = b"\r\n".join(self.component.lines)
        text, is_proven = decode(own)
        for written in text.split("\r\n") if text else ():
            line = parse_line(written)
            if line is None or not self._take(line):
                self.left.append(written)
        for one in self.component.inner:
            if one.kind not in _ENTRIES:
                self.left += decode(one.source())[0].split("\r\n")
        raw: Plain = self.left or None
        if not is_proven:  # the letters were assumed, so the bytes stay
            raw = {"lines": self.left, "bytes": own}
        return Item(
            dataset="events",
            fields=self._filled(),
            raw=raw,
            original_id=self._name(names),
            position=where,
        )

    def _take(self, line: Line) -> bool:
        """Put a property into its field; return whether that tells all of it."""
        if line.name in _TEXTS and _TEXTS[line.name] not in self.fields:
            self.fields[_TEXTS[line.name]] = unescape(line.value)
            return not line.parameters
        if line.name in _TIMES and line.name not in self.times:
            when = self._when(line)
            if when is not None:
                self.times[line.name] = when
                if line.name == "DTSTART":
                    self.fields["zone"] = line.first("TZID") or None
            return when is not None and line.parameters.keys() <= _TIME_PARAMETERS
        if line.name in _RULES:
            self.fields.setdefault("rrule", []).append(line.text)
            return True
        more = _MORE.get(line.name)
        return more is not None and more(self, line)

    def take_duration(self, line: Line) -> bool:
        """Note how long the entry lasts."""
        self.duration = parse_duration(line.value)
        return self.duration is not None

    def take_recurrence(self, line: Line) -> bool:
        """Note which repetition this entry stands for."""
        self.recurrence = line.value[:_LONGEST_TIME]
        return False

    def take_organizer(self, line: Line) -> bool:
        """Note who invites."""
        self.fields["organizer"] = _address(line)
        return line.parameters.keys() <= {"CN"}

    def take_attendee(self, line: Line) -> bool:
        """Note who is invited."""
        self.fields.setdefault("attendees", []).append(_address(line))
        return line.parameters.keys() <= {"CN"}

    def take_categories(self, line: Line) -> bool:
        """Note the labels."""
        self.fields.setdefault("categories", []).extend(split_value(line.value, ","))
        return not line.parameters

    def take_periods(self, line: Line) -> bool:
        """Note free or busy times."""
        kind = line.first("FBTYPE") or "BUSY"
        for period in line.value.split(","):
            start, _slash, end = period.partition("/")
            begun = self._time(start, line)
            ended = self._time(end, line)
            length = parse_duration(end)
            if begun is None or (ended is None and length is None):
                return False
            last = ended.at if ended else begun.at + _millis(length or timedelta())
            self.fields.setdefault("periods", []).append([begun.at, last, kind])
        return line.parameters.keys() <= {"FBTYPE", *_TIME_PARAMETERS}

    def _when(self, line: Line) -> When | None:
        return self._time(line.value, line)

    def _time(self, text: str, line: Line) -> When | None:
        name = line.first("TZID")
        local = (zone(name) or self.zones.get(name)) if name else None
        return parse_ical_time(text.strip(), local)

    def _filled(self) -> dict[str, Plain]:
        start = self.times.get("DTSTART")
        end = self.times.get("DTEND") or self.times.get("DUE")
        last: int | None = end.at if end else None
        if start and last is None and self.duration is not None:
            last = start.at + _millis(self.duration)
        elif start and last is None and start.is_day and self.component.kind == "VEVENT":
            last = start.at + DAY  # RFC 5545: an event on a date lasts that day
        periods = self.fields.get("periods")
        first: int | None = start.at if start else None
        if first is None and periods:
            first, last = min(p[0] for p in periods), max(p[1] for p in periods)
        return {
            **{str(column.name): None for column in EVENTS.columns},
            **self.fields,
            "component": self.component.kind,
            "start": first,
            "end": last,
            "offset_min": start.offset_min if start else None,
            "all_day": start.is_day if start else None,
        }

    def _name(self, names: Names) -> str | None:
        uid = self.fields.get("uid")
        parts = (self.component.kind, uid, self.recurrence)
        return names.once("\n".join(filter(None, parts))) if uid else None


_MORE: dict[str, Callable[[_Entry, Line], bool]] = {
    "DURATION": _Entry.take_duration,
    "RECURRENCE-ID": _Entry.take_recurrence,
    "ORGANIZER": _Entry.take_organizer,
    "ATTENDEE": _Entry.take_attendee,
    "CATEGORIES": _Entry.take_categories,
    "FREEBUSY": _Entry.take_periods,
}


def _address(line: Line) -> str:
    plain = line.value[7:] if line.value[:7].lower() == "mailto:" else line.value
    name = line.first("CN")
    return f"{name} <{plain}>" if name else plain


def parse_ical_time(text: str, local: tzinfo | None) -> When | None:
    """Return what a date or time says in the zone `local`, or None if it is no time."""
    found = _TIME.fullmatch(text) if len(text) < _LONGEST_TIME else None
    if found is None:
        return parse_time(text)  # some programs write RFC 3339
    year, month, day, hour, minute, second, utc = found.groups()
    try:
        if hour is None:
            return when_of_day(date(int(year), int(month), int(day)))
        moment = datetime(  # noqa: DTZ001  reason: the zone follows, if one is known
            int(year), int(month), int(day), int(hour), int(minute), min(int(second or 0), 59)
        )
        return when_of(moment.replace(tzinfo=UTC if utc else local))
    except (ValueError, OverflowError):
        return None


def parse_duration(text: str) -> timedelta | None:
    """Return the length of time that a text says, or None if it says none."""
    found = _DURATION.fullmatch(text.strip().upper()) if len(text) < _LONGEST_TIME else None
    if found is None or not any(found.groups()[1:]):
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if found[1] == "-" else length


def _millis(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)
