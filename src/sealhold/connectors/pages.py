"""Visits and bookmarks of any browser, as items.

Source: docs/spec/44-money-and-mail.md section 3.
"""

from dataclasses import dataclass

from sealhold.connectors.batches import Found, reject
from sealhold.connectors.dbfile import Value
from sealhold.connectors.names import Names
from sealhold.connectors.spec import Item, Why
from sealhold.connectors.webaddress import masked
from sealhold.model.encoding import Plain

_SINCE_1601 = 11_644_473_600_000_000  # microseconds from 1601 to 1970
_LAST = 253_402_300_800_000  # milliseconds: the year 10000
MAX_FOLDER = 255  # characters of the name of a folder, which all in it repeat
DEEPEST = 100  # folders in folders
_LONGEST = 900  # characters of an address that tell a visit from another of the same microsecond


def at_1601(value: object) -> int | None:
    """Return microseconds since 1601 as milliseconds since 1970, or None if that is no time."""
    return at_1970(value - _SINCE_1601) if isinstance(value, int) else None


def at_1970(value: object) -> int | None:
    """Return microseconds since 1970 as milliseconds, or None if that is no time."""
    at = value // 1_000 if isinstance(value, int) else 0
    return at if 0 < at < _LAST else None


def text_in(value: Value) -> str | None:
    """Return what a column holds as text, or None if it is empty or none.

    Raises:
        UnicodeDecodeError: bytes that are no text.
    """
    return value.decode() if isinstance(value, bytes) and value else None


class Moments:
    """Own names of visits that come in the order of their times: those of a moment are held."""

    def __init__(self) -> None:
        self._micros: Value = None
        self._names = Names()

    def once(self, micros: Value, url: str) -> str | None:
        """Return the name of a visit, told apart from an equal one before it."""
        if micros != self._micros:
            self._micros, self._names = micros, Names()
        return self._names.once(f"{micros!r}\n{url[:_LONGEST]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit as a browser notes it."""

    url: Value
    title: Value
    micros: Value  # when, as written
    at: int | None
    kind: str | None
    duration_s: float | None
    browser: str
    raw: dict[str, Plain]  # what no field tells


def visit_item(visit: Visit, where: str, moments: Moments) -> Found:
    """Return a visit as an item, or why it is none."""
    try:
        url, title = text_in(visit.url), text_in(visit.title)
    except UnicodeDecodeError:
        return reject(where, Why.ENCODING, "an address or title that is no text")
    if url is None:
        return reject(where, Why.MALFORMED, "a visit of no page")
    if visit.at is None:
        return reject(where, Why.NO_TIME, "a visit without a time")
    address = masked(url)
    fields: dict[str, Plain] = {
        "at": visit.at,
        "url": address.url,
        "host": address.host,
        "title": title,
        "kind": visit.kind,
        "duration_s": visit.duration_s,
        "browser": visit.browser,
    }
    raw = visit.raw if address.is_whole else {**visit.raw, "url": url}
    name = moments.once(visit.micros, address.url)
    return Item(
        dataset="visits_web", fields=fields, raw=raw or None, original_id=name, position=where
    )


def bookmark(
    where: str, names: Names, url: str, fields: dict[str, Plain], guid: str | None
) -> Item:
    """Return a bookmark of a page."""
    address = masked(url)
    return Item(
        dataset="bookmarks",
        fields={**fields, "url": address.url, "host": address.host, "guid": guid},
        raw=None if address.is_whole else {"url": url},
        original_id=names.once(guid),
        position=where,
    )
