"""Time zones by name, from the tables that this package ships with, never from the machine's.

- A name is looked up in the IANA tables, as it is and without the path some programs put before
  it; then among the names that Windows uses.
- A zone that a file defines itself is the last resort: its tables are often cut short.
- The library that knows such definitions is loaded by `prepare`: a reader does so before it is in
  its jail, and whoever only asks for a connector's datasets does without.

Source: docs/spec/18-connectors.md section 12; RFC 5545 section 3.6.5.
"""

import re
from datetime import tzinfo
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

_KEY = re.compile(r"[A-Za-z][\w+-]{0,31}(?:/[A-Za-z][\w+-]{0,31}){0,2}", re.ASCII)
_FREQUENCY = re.compile(r"FREQ=(\w+)", re.IGNORECASE)
_LONGEST = 200  # characters, with the path that some programs put before it
_PARTS = 3  # `America/Argentina/Salta`
_REMEMBERED = 512


def prepare() -> None:
    """Load all that is needed to read zones."""
    import icalendar.timezone.windows_to_olson  # noqa: F401, PLC0415  # reason: see above


def zone(name: str) -> ZoneInfo | None:
    """Return the zone of that name, or None if there is none."""
    return _zone(name) if len(name) <= _LONGEST else None


@lru_cache(_REMEMBERED)
def _zone(name: str) -> ZoneInfo | None:
    from icalendar.timezone.windows_to_olson import (  # noqa: PLC0415  # reason: see `prepare`
        WINDOWS_TO_OLSON,
    )

    plain = name.strip().strip('"')
    parts = plain.split("/")
    tails = ["/".join(parts[-count:]) for count in range(min(_PARTS, len(parts)), 0, -1)]
    for candidate in [*tails, WINDOWS_TO_OLSON.get(plain, "")]:
        found = _load(candidate)
        if found is not None:
            return found
    return None


def _load(key: str) -> ZoneInfo | None:
    if not _KEY.fullmatch(key):
        return None
    place = resources.files("tzdata.zoneinfo")
    for part in key.split("/"):
        place = place / part
    if not place.is_file():
        return None
    with place.open("rb") as file:
        try:
            return ZoneInfo.from_file(file, key)
        except ValueError:  # a list of names, not a zone
            return None


def own_zone(source: str) -> tzinfo | None:
    """Return the zone that a VTIMEZONE defines, or None if it cannot be worked out."""
    from icalendar import Timezone  # noqa: PLC0415  # reason: see `prepare`

    if set(_FREQUENCY.findall(source)) - {"YEARLY"}:
        return None  # no clock changes more often; to follow such a rule could take for ever
    try:
        found = Timezone.from_ical(source)
        return found.to_tz(lookup_tzid=False) if isinstance(found, Timezone) else None
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
        return None
