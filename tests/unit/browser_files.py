"""Databases of browsers for tests: any rows in the tables that samples have."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing

from sealhold.connectors.samples import Sample
from sealhold.connectors.samples_web import chromium, firefox

SINCE_1601 = 11_644_473_600_000_000
NEW_YEAR = 1_735_689_600_000_000  # 1 January 2025, microseconds since 1970


def changed(make: Callable[[int], Sample], *statements: tuple[str, Sequence[object]]) -> bytes:
    """Return a sample without rows, after these statements."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(make(1).content)
        for (table,) in database.execute("SELECT name FROM sqlite_schema WHERE type='table'"):
            database.execute(f"DELETE FROM {table}")
        for statement, values in statements:
            database.execute(statement, values)
        database.commit()
        return database.serialize()


def history(*visits: tuple[object, ...], pages: Sequence[tuple[object, ...]]) -> bytes:
    """Return a `History`: visits of (page, time, transition, duration), pages of (url, title)."""
    return changed(
        chromium,
        *[
            ("INSERT INTO urls VALUES (?, ?, ?, 0, 0)", (number, *page))
            for number, page in enumerate(pages, start=1)
        ],
        *[
            (
                (
                    "INSERT INTO visits (url, visit_time, transition, visit_duration)"
                    " VALUES (?, ?, ?, ?)"
                ),
                visit,
            )
            for visit in visits
        ],
    )


def places(
    *visits: tuple[object, ...],
    pages: Sequence[tuple[object, ...]],
    kept: Sequence[tuple[object, ...]] = (),
) -> bytes:
    """Return a `places.sqlite`: visits of (page, time, type); kept: id, type, page, parent, title,
    guid.
    """
    return changed(
        firefox,
        *[
            ("INSERT INTO moz_places VALUES (?, ?, ?, 0, 0, NULL)", (number, *page))
            for number, page in enumerate(pages, start=1)
        ],
        *[
            (
                "INSERT INTO moz_historyvisits (place_id, visit_date, visit_type) VALUES (?, ?, ?)",
                visit,
            )
            for visit in visits
        ],
        *[
            (
                (
                    "INSERT INTO moz_bookmarks (id, type, fk, parent, title, guid, dateAdded,"
                    f" lastModified) VALUES (?, ?, ?, ?, ?, ?, {NEW_YEAR}, {NEW_YEAR + 5000})"
                ),
                one,
            )
            for one in kept
        ],
    )
