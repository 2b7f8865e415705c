"""Times as sources write them: an instant, and the offset that stood beside it.

- An offset that is not written is unknown (`None`), never the machine's; the local time is then
  kept as if it were UTC, so that the order within one source is right.
- Only the forms of RFC 3339 and their shorter cousins are times; all else is not guessed.

Source: docs/spec/18-connectors.md section 7; RFC 3339.
"""

import re
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from sealhold.model.quantities import Instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)? ?(?:[Zz]|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)


class When(msgspec.Struct, frozen=True):  # a Struct, because there is one per point and row
    """An instant, and what the source said about the zone."""

    at: Instant
    offset_min: int | None  # minutes east of UTC as written, or None if unknown
    is_day: bool = False  # a date without a time of day


def instant_of(moment: datetime) -> Instant:
    """Return a moment as milliseconds since 1970; one without a zone counts as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = aware - _EPOCH
    return Instant(since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000)


def when_of(moment: datetime) -> When:
    """Return what a moment says; without a zone its offset is unknown."""
    offset = moment.utcoffset()
    return When(instant_of(moment), None if offset is None else offset // timedelta(minutes=1))


def when_of_day(day: date) -> When:
    """Return what a date without time says: its beginning, in an unknown zone."""
    return When(instant_of(datetime.combine(day, time(), UTC)), None, is_day=True)


def parse_time(text: str) -> When | None:
    """Return what a text in the form of RFC 3339 says, or None if it is no such text."""
    if len(text) > 40 or not _ISO.fullmatch(text):  # noqa: PLR2004 - the longest form has 36
        return None
    try:
        moment = datetime.fromisoformat(text.upper().replace(" +", "+").replace(" Z", "Z"))
        return when_of_day(moment.date()) if len(text) == len("2026-01-31") else when_of(moment)
    except (ValueError, OverflowError):
        return None
