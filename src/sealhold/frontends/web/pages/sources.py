"""Where the data comes from: each source, how it stands, and what is done about it at once.

- Reading, pausing and resuming change nothing for good and need a press alone; all else has the
  page of the source, where it says first what it does.
"""

from dataclasses import dataclass

from sealhold.frontends.web.sourcewords import State, first_line, next_line, state_of
from sealhold.frontends.web.visit import Go, Outcome, Page, Visit
from sealhold.model.ids import canonical
from sealhold.model.shown.steering import PlaceView

GLYPHS = {
    "gpx": "map-pin",
    "icalendar": "calendar",
    "vcard": "contact",
    "mbox": "mail",
    "ofx": "landmark",
    "csv": "table",
    "jsonlines": "braces",
    **dict.fromkeys(("geojson", "google_records", "google_semantic", "google_timeline"), "map-pin"),
    **dict.fromkeys(("fit", "apple_health", "greenbutton", "photos"), "scan-eye"),
    **dict.fromkeys(("whatsapp", "telegram", "signal", "chatgpt", "claude", "mastodon"), "send"),
    **dict.fromkeys(("camt", "mt940"), "landmark"),
    **dict.fromkeys(("eml", "imap"), "mail"),
    **dict.fromkeys(("chromium", "firefox", "bookmarks"), "search"),
    **dict.fromkeys(("postgres", "sqlite", "table", "http", "push"), "table"),
    "spotify": "play",
    "folder": "inbox",
    "drop": "inbox",
    "caldav": "calendar",
    "carddav": "contact",
}
TILES = ("mbox", "icalendar", "vcard", "gpx", "ofx", "csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One source on the list."""

    view: PlaceView
    state: State
    last: str  # what became of the last reading, in words
    next: str  # when it is read again, in words


def show(visit: Visit) -> Outcome:
    """Return the sources, or six places where data may be today."""
    return listed(visit)


def listed(visit: Visit, **more: object) -> Page:
    """Return the list, with what else is told on it."""
    cards = tuple(card_of(view) for view in visit.vault.sources.places.all())
    need_you = sum(card.state.needs_you for card in cards)
    values: dict[str, object] = {
        "cards": cards,
        "glyphs": GLYPHS,
        "tiles": TILES,
        "need_you": need_you,
        "item_sum": sum(card.view.source.items for card in cards),
        "mappings": visit.vault.sources.maps.names(),
        "reports": (),
    }
    return Page(template="sources.html", values=values | more)


def card_of(view: PlaceView) -> Card:
    """Return a source as the list shows it."""
    return Card(view=view, state=state_of(view), last=first_line(view), next=next_line(view))


def run(visit: Visit) -> Outcome:
    """Begin to read a source now."""
    return _back(visit.vault.sources.places.run(visit.names["id"]))


def pause(visit: Visit) -> Outcome:
    """Read a source no more until it is resumed."""
    return _back(visit.vault.sources.places.pause(visit.names["id"]))


def resume(visit: Visit) -> Outcome:
    """Go on reading a source."""
    return _back(visit.vault.sources.places.resume(visit.names["id"]))


def _back(view: PlaceView) -> Go:
    return Go(to=f"/sources#source-{canonical(view.source.id)}")
