"""Where the data comes from: what was imported, what was skipped and why, and one more file."""

from sealhold.frontends.web.visit import Outcome, Page, Visit
from sealhold.model.errors import InvalidError
from sealhold.model.shown import ImportReport

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


def show(visit: Visit) -> Outcome:
    """Return the sources, or six places where data may be today."""
    return _page(visit, ())


def take(visit: Visit) -> Outcome:
    """Import the files of the form, and tell what became of each.

    Raises:
        InvalidError: no file was chosen.
    """
    uploads = tuple(upload for upload in visit.uploads if upload.name)
    if not uploads:
        raise InvalidError("no file was chosen")
    reports = tuple(
        visit.vault.sources.import_file(upload.name, upload.path, lambda _done, _total: None)
        for upload in uploads
    )
    return _page(visit, reports)


def _page(visit: Visit, reports: tuple[ImportReport, ...]) -> Page:
    sources = visit.vault.sources.list()
    return Page(
        template="sources.html",
        values={
            "sources": sources,
            "glyphs": GLYPHS,
            "tiles": TILES,
            "need_you": sum(source.error is not None for source in sources),
            "item_sum": sum(source.items for source in sources),
            "reports": reports,
        },
    )
