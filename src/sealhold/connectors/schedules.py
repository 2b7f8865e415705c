"""When a source is read by itself.

- `6h`, `30m`, `2d`: that long after it was read last. `daily 03:00 Europe/Paris`: at that time of
  the day, in that zone; a night without that time moves it behind the gap, one with it twice takes
  the first.
- Runs that were missed are one. Whoever has many sources does not read all in one second: each is
  shifted by a tenth of its span at most, by a number of its own.

Source: docs/spec/36-sources.md section 5.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sealhold.model.errors import InvalidError
from sealhold.model.quantities import DAY, HOUR, Instant

MINUTE: Final = 60_000
LEAST: Final = 5 * MINUTE
_EVERY = re.compile(r"(?:every )?([1-9]\d{0,3}) ?(m|h|d)")
_DAILY = re.compile(r"daily ([01]\d|2[0-3]):([0-5]\d) ([A-Za-z0-9_+/-]{1,64})")
_UNITS: Final = {"m": MINUTE, "h": HOUR, "d": DAY}


def check_schedule(schedule: str) -> None:
    """Look whether a text says when; an empty one says never.

    Raises:
        InvalidError: it does not.
    """
    if schedule:
        due(schedule, None, Instant(0), 0.0)


def due(schedule: str, last: Instant | None, now: Instant, shift: float) -> Instant | None:
    """Return when a source is read next, which may be over by now; None: never by itself.

    Args:
        schedule: what its owner said.
        last: when it was read last.
        now: for one that was never read.
        shift: 0 to 1, the source's own.

    Raises:
        InvalidError: no schedule.
    """
    if not schedule:
        return None
    every = _EVERY.fullmatch(schedule)
    if every:
        span = int(every[1]) * _UNITS[every[2]]
        if span < LEAST:
            raise InvalidError("a source is read every 5 minutes at most")
        return now if last is None else Instant(last + span + int(span * shift / 10))
    daily = _DAILY.fullmatch(schedule)
    if not daily:
        raise InvalidError("say `6h`, `30m`, `2d`, or `daily 03:00 Europe/Paris`")
    try:
        zone = ZoneInfo(daily[3])
    except (ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise InvalidError("no such time zone") from err
    since = now if last is None else last
    return _next(since, int(daily[1]), int(daily[2]), zone)


def _next(since: Instant, hour: int, minute: int, zone: ZoneInfo) -> Instant:
    """Return the first such time of day behind `since`.

    Raises:
        InvalidError: the zone has no such time within three days.
    """
    moment = datetime.fromtimestamp(since / 1_000, UTC).astimezone(zone)
    for days in range(3):
        day = (moment + timedelta(days=days)).date()
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone, fold=0)
        at = Instant(int(local.timestamp() * 1_000))
        if at > since:
            return at
    raise InvalidError("no such time of day")
