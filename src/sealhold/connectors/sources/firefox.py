"""The history and the bookmarks of Firefox: the file `places.sqlite`.

- Visits first, in the order of time, then bookmarks; times are microseconds since 1970 in UTC.
- A tag is a folder of its own kind: what stands in it is a word to a bookmark and no bookmark.
- Addresses are masked; the whole one is in `raw`. What counts visits is not kept.

Source: docs/spec/44-money-and-mail.md section 3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.browsing import BOOKMARKS, VISITS_WEB
from sealhold.connectors.dbfile import (
    MAGIC,
    WAL_NOTE,
    Database,
    Value,
    is_in_wal_mode,
    opened,
    tables_in,
)
from sealhold.connectors.names import Names
from sealhold.connectors.pages import (
    DEEPEST,
    MAX_FOLDER,
    Moments,
    Visit,
    at_1970,
    bookmark,
    text_in,
    visit_item,
)
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Why
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

_MARKS = {b"moz_places", b"moz_historyvisits"}
_TABLES = ("moz_places", "moz_historyvisits", "moz_bookmarks")
_NEEDED = {
    "moz_places": {"id", "url", "title"},
    "moz_historyvisits": {"id", "place_id", "visit_date", "visit_type"},
    "moz_bookmarks": {"id", "type", "fk", "parent", "title", "dateAdded", "lastModified", "guid"},
}
_KINDS: dict[Value, str] = {
    1: "link", 2: "typed", 3: "bookmark", 4: "embed", 5: "redirect permanent",
    6: "redirect temporary", 7: "download", 8: "framed link", 9: "reload",
}  # fmt: skip
_BOOKMARK, _FOLDER, _LINE = 1, 2, 3
_TAGS = b"tags________"  # the guid of the folder whose folders are tags
_SEARCH = "place:"  # a search that was saved, no page
_MOST_TAGS = 256  # of one page


class Firefox:
    """Reads `places.sqlite`."""

    name: ClassVar[str] = "firefox"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (VISITS_WEB, BOOKMARKS)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        is_named = file_name == "places.sqlite" and head.startswith(MAGIC)
        if not is_named and not tables_in(head) >= _MARKS:
            return Guess(sure=0, what="")
        note = WAL_NOTE if is_in_wal_mode(head) else ""
        return Guess(sure=50 if is_named else 98, what=f"Firefox history and bookmarks{note}")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


def _found(file: BinaryIO) -> Iterator[Found]:
    with opened(file, _TABLES) as database:
        if any(not database.columns[table] >= needed for table, needed in _NEEDED.items()):
            raise UnreadableSourceError("no history of Firefox: its tables lack columns")
        yield from _visits(database)
        yield from _bookmarks(database)


def _visits(database: Database) -> Iterator[Found]:
    moments = Moments()
    statement = (
        "SELECT v.visit_date, v.visit_type, p.url, p.title"
        " FROM moz_historyvisits v LEFT JOIN moz_places p ON p.id = v.place_id"
        " ORDER BY v.visit_date, v.id"
    )
    for number, (micros, kind, url, title) in enumerate(database.rows(statement), start=1):
        told = _KINDS.get(kind)
        visit = Visit(
            url=url,
            title=title,
            micros=micros,
            at=at_1970(micros),
            kind=told,
            duration_s=None,
            browser="firefox",
            raw={} if told else {"visit_type": kind},
        )
        yield visit_item(visit, f"visit {number}", moments)


# --- bookmarks ---


@dataclass(slots=True)
class _Folders:
    """Where bookmarks lie, and which folders are tags."""

    told: dict[int, tuple[Value, str]] = field(default_factory=dict)  # id to parent and name
    tags: Value = None  # id of the folder of tags

    def path(self, parent: Value) -> list[Plain]:
        """Return the names of the folders around, the outermost first."""
        names: list[Plain] = []
        while isinstance(parent, int) and parent in self.told and len(names) < DEEPEST:
            parent, name = self.told[parent]
            if name:
                names.append(name)
        return names[::-1]

    def tag(self, parent: Value) -> str | None:
        """Return the tag that a folder is, or None if it is none."""
        above, name = self.told.get(parent, (None, "")) if isinstance(parent, int) else (None, "")
        return name if above is not None and above == self.tags else None


def _bookmarks(database: Database) -> Iterator[Found]:
    folders = _folders(database)
    tags = _tags(database, folders)
    names = Names()
    statement = (
        "SELECT b.type, b.parent, b.fk, b.title, b.dateAdded, b.lastModified, b.guid, p.url"
        " FROM moz_bookmarks b LEFT JOIN moz_places p ON p.id = b.fk ORDER BY b.id"
    )
    for number, row in enumerate(database.rows(statement), start=1):
        kind, parent = row[:2]
        if kind in (_FOLDER, _LINE) or (kind == _BOOKMARK and folders.tag(parent) is not None):
            continue  # not a page: it is in the path or the tags of those that are
        yield _bookmark(row, f"bookmark {number}", names, folders, tags)


def _bookmark(
    row: Sequence[Value],
    where: str,
    names: Names,
    folders: _Folders,
    tags: dict[Value, list[Plain]],
) -> Found:
    _kind, parent, place, written, added, changed, own, page = row
    try:
        title, guid, url = text_in(written), text_in(own), text_in(page)
    except UnicodeDecodeError:
        return reject(where, Why.ENCODING, "a bookmark that is no text")
    if url is None:
        return reject(where, Why.MALFORMED, "a bookmark of no page")
    if url.startswith(_SEARCH):
        return reject(where, Why.UNSUPPORTED, "a search that was saved, no page")
    fields: dict[str, Plain] = {
        "at": at_1970(added),
        "title": title,
        "folder": folders.path(parent),
        "tags": tags.get(place, []),
        "changed": at_1970(changed),
        "browser": "firefox",
    }
    return bookmark(where, names, url, fields, guid)


def _folders(database: Database) -> _Folders:
    folders = _Folders()
    statement = f"SELECT id, parent, title, guid FROM moz_bookmarks WHERE type = {_FOLDER}"  # noqa: S608  reason: a number of ours
    for number, parent, title, guid in database.rows(statement):
        if isinstance(number, int):
            name = title.decode("utf-8", "replace") if isinstance(title, bytes) else ""
            name = name[:MAX_FOLDER]  # THREAT T441: what all in a folder repeat is short
            folders.told[number] = (parent, name)
            if guid == _TAGS:
                folders.tags = number
    return folders


def _tags(database: Database, folders: _Folders) -> dict[Value, list[Plain]]:
    """Return the tags of each page, in the order in which they were put to it."""
    tags: dict[Value, list[Plain]] = {}
    statement = f"SELECT fk, parent FROM moz_bookmarks WHERE type = {_BOOKMARK} ORDER BY id"  # noqa: S608  reason: a number of ours
    for place, parent in database.rows(statement):
        tag = folders.tag(parent)
        of_page = tags.setdefault(place, []) if tag is not None else []
        if tag is not None and len(of_page) < _MOST_TAGS:
            of_page.append(tag)
    return tags
