"""Alice's year and town: the days, the people, the places that all files agree on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sealhold.compute.synthetic import Draw

SEED = 7
NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
FIRST = date(2025, 11, 22)
LAST = date(2026, 11, 21)

FIRST_NAMES = (
    *("Ada", "Bruno", "Carla", "Dario", "Elif", "Farid", "Greta", "Hugo", "Ines"),
    *("Jonas", "Kira", "Leon", "Mira", "Nuri", "Olga", "Paul", "Quinn", "Rosa"),
    *("Sami", "Tilda", "Udo", "Vera", "Wim", "Xenia", "Yann", "Zoe"),
)
LAST_NAMES = (
    *("Abel", "Bauer", "Costa", "Duval", "Ekman", "Falk", "Grande", "Hansen", "Ivanov"),
    *("Jansen", "Keller", "Lind", "Marti", "Novak", "Okoye", "Petit", "Quist", "Rossi"),
    *("Sauer", "Toma", "Urban", "Vidal", "Weiss", "Young", "Zeman"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place that Alice goes to."""

    name: str
    lat: float  # degrees; open sea west of Lisbon
    lon: float


HOME = Place("Home, Lantern Street 4", 38.5012, -11.2031)
WORK = Place("GreenCorp office", 38.5247, -11.1718)
PLACES = (
    HOME,
    WORK,
    Place("Dr Hall, dentist", 38.5101, -11.1902),
    Place("Market hall", 38.5066, -11.1954),
    Place("North pool", 38.5310, -11.2010),
    Place("Harbour library", 38.4958, -11.2102),
    Place("Aunt Vera", 38.5521, -11.1433),
    Place("Old mill", 38.5688, -11.2240),
)


def days() -> Iterator[date]:
    """Yield each day of the year, first to last."""
    day = FIRST
    while day <= LAST:
        yield day
        day += timedelta(days=1)


def moment(day: date, hour: int, minute: int) -> datetime:
    """Return a time of day, UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def is_past(at: datetime) -> bool:
    """Return whether `at` lies before the moment at which the demo begins."""
    return at < NOW


def people(draw: Draw, count: int) -> list[str]:
    """Return so many different full names."""
    names: dict[str, None] = {}
    while len(names) < count:
        names[f"{draw.one_of(FIRST_NAMES)} {draw.one_of(LAST_NAMES)}"] = None
    return list(names)


def address(name: str) -> str:
    """Return a mail address under a name that no mail reaches."""
    return f"{name.lower().replace(' ', '.')}@mail.example"
