"""How figures, times and digests are written on a page.

- Times are in the zone of the machine that serves: `21 Nov 2026, 14:05`.
- Counts have thin groups of three; bits carry their unit; digests stand in groups of four.

Source: docs/spec/20-faces.md section 4.
"""

import re
from datetime import datetime

from sealhold.model.quantities import DAY, HOUR, MINUTE, Instant, MicroBits, Millis, show_bits, utc

RANGE = re.compile(r"(?<=[0-9])-(?=[0-9])")
GROUP = 4  # hex digits that an eye takes in at once
ONE_BIT = 1_000_000


def local(at: Instant) -> datetime:
    """Return `at` in the zone of this machine."""
    return utc(at).astimezone()


def day(at: Instant) -> str:
    """Return the date: `21 Nov 2026`."""
    then = local(at)
    return f"{then.day} {then:%b %Y}"


def short_day(at: Instant) -> str:
    """Return the date without its year: `21 Nov`."""
    then = local(at)
    return f"{then.day} {then:%b}"


def weekday(at: Instant) -> str:
    """Return the date with its weekday: `Saturday, 21 Nov 2026`."""
    return f"{local(at):%A}, {day(at)}"


def clock(at: Instant) -> str:
    """Return the time of day: `14:05`."""
    return f"{local(at):%H:%M}"


def moment(at: Instant) -> str:
    """Return date and time: `21 Nov 2026, 14:05`."""
    return f"{day(at)}, {clock(at)}"


def zone(at: Instant) -> str:
    """Return the moment with its zone, for those who hover: `2026-11-21 14:05:09+02:00`."""
    return local(at).isoformat(" ", "seconds")


def bits(cost: MicroBits) -> str:
    """Return a cost with its unit: `1 bit`, `5 bits`."""
    return f"{show_bits(cost)} {'bit' if cost == ONE_BIT else 'bits'}"


def count(number: int) -> str:
    """Return a whole number in groups of three: `15,204`."""
    return f"{number:,}"


def size(data: bytes) -> str:
    """Return a length in bytes, `1 byte`, `11 bytes`, `2.4 kB`."""
    return length_of(len(data))


def length_of(length: int) -> str:
    """Return a number of bytes with its unit: `11 bytes`, `2.4 kB`, `1.2 MB`."""
    if length < 1000:  # noqa: PLR2004 - reason: a kilobyte
        return f"{length} {'byte' if length == 1 else 'bytes'}"
    if length < 1_000_000:  # noqa: PLR2004 - reason: a megabyte
        return f"{length / 1000:.1f} kB"
    return f"{length / 1_000_000:,.1f} MB"


def grouped(digest: str, digits: int = 16) -> str:
    """Return the first `digits` of a digest in groups of four: `9c41 e07b 52aa 1f08`."""
    head = digest[:digits]
    return " ".join(head[at : at + GROUP] for at in range(0, len(head), GROUP))


def ranges(text: str) -> str:
    """Return `text` with the hyphen of a range as a dash: `16–19`."""
    return RANGE.sub("–", text)


def capital(text: str) -> str:
    """Return `text` with a capital in front."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """Return a message as a sentence: a capital in front, a full stop behind."""
    head = capital(text)
    return head if head.endswith((".", "?")) else f"{head}."


def ordinal(number: int) -> str:
    """Return `First`, `Second`, `Third`, then `4th`."""
    words = {1: "First", 2: "Second", 3: "Third"}
    if number in words:
        return words[number]
    teens = 10 < number % 100 < 14  # noqa: PLR2004 - reason: 11th, 12th and 13th
    ending = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def span(length: Millis) -> str:
    """Return a length of time in its largest unit: `7 days`, `3 hours`."""
    for unit, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if length >= unit:
            number = length // unit
            return f"{number} {word}{'' if number == 1 else 's'}"
    return "less than a minute"
