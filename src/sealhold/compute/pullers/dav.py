"""Calendars and address books on a server, over CalDAV and CardDAV.

- What changed since the last pull is read, and what was removed there is listed no more.

Source: docs/spec/37-live.md section 5.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from sealhold.compute.live import calling
from sealhold.compute.pullers.address import COMMON, Scheme, Ways, order_of
from sealhold.connectors.pulling import Health, Piece, Where
from sealhold.connectors.sources.icalendar import ICalendar
from sealhold.connectors.sources.vcard import VCard
from sealhold.connectors.spec import Source

SCHEMES: Mapping[str, Scheme] = {
    "https": Scheme(port=443, tls="tls"),
    "http": Scheme(port=80, tls="none"),
}


class _DavPuller:
    """What the two have in common."""

    kind: ClassVar[str]
    dataset: ClassVar[str]
    reader: ClassVar[type[Source]]
    options: ClassVar[Mapping[str, str]] = COMMON
    is_local: ClassVar[bool] = False
    is_whole: ClassVar[bool] = True
    can_stay: ClassVar[bool] = True

    def __init__(self, names: Mapping[str, list[str]] | None = None) -> None:
        self._ways = Ways(schemes=SCHEMES, names=names or {})

    def check(self, where: Where) -> Health:
        """Look which collections there are."""
        found = calling.check(order_of(self.kind, where, self._ways, is_check=True, cursor=None))
        settings = {**where.settings, "datasets": [self.dataset]}
        return Health(sentence=found.sentence, settings=settings)

    def pull(self, where: Where, cursor: str | None) -> Iterator[Piece]:
        """Yield the files that changed, and at last what is gone."""
        order = order_of(self.kind, where, self._ways, is_check=False, cursor=cursor)
        yield from calling.pull(order, (self.reader.name, self.reader.version))


class CalDavPuller(_DavPuller):
    """Reads calendars."""

    kind: ClassVar[str] = "caldav"
    about: ClassVar[str] = "Calendars on a server, over CalDAV."
    place: ClassVar[str] = "https://alice@cal.example.org/"
    dataset: ClassVar[str] = "events"
    reader: ClassVar[type[Source]] = ICalendar


class CardDavPuller(_DavPuller):
    """Reads address books."""

    kind: ClassVar[str] = "carddav"
    about: ClassVar[str] = "Address books on a server, over CardDAV."
    place: ClassVar[str] = "https://alice@cards.example.org/"
    dataset: ClassVar[str] = "contacts"
    reader: ClassVar[type[Source]] = VCard
