"""Made-up files of browsers, in any size.

- The same count gives the same bytes; nobody in them exists.

Source: docs/spec/44-money-and-mail.md section 3.
"""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

from sealhold.connectors.samples import Sample

_START_1970 = int(datetime(2025, 1, 6, 8, tzinfo=UTC).timestamp()) * 1_000_000
_START_1601 = _START_1970 + 11_644_473_600_000_000
_MINUTE = 60_000_000

_CHROMIUM = """
CREATE TABLE urls(id INTEGER PRIMARY KEY AUTOINCREMENT,url LONGVARCHAR,title LONGVARCHAR,
 visit_count INTEGER DEFAULT 0 NOT NULL,last_visit_time INTEGER NOT NULL);
CREATE TABLE visits(id INTEGER PRIMARY KEY AUTOINCREMENT,url INTEGER NOT NULL,
 visit_time INTEGER NOT NULL,from_visit INTEGER,external_referrer_url TEXT,
 transition INTEGER DEFAULT 0 NOT NULL,visit_duration INTEGER DEFAULT 0 NOT NULL);
CREATE INDEX visits_time_index ON visits (visit_time);
"""
_FIREFOX = """
CREATE TABLE moz_places(id INTEGER PRIMARY KEY,url LONGVARCHAR,title LONGVARCHAR,
 visit_count INTEGER DEFAULT 0,last_visit_date INTEGER,guid TEXT);
CREATE TABLE moz_historyvisits(id INTEGER PRIMARY KEY,from_visit INTEGER,place_id INTEGER,
 visit_date INTEGER,visit_type INTEGER,session INTEGER);
CREATE INDEX moz_historyvisits_dateindex ON moz_historyvisits (visit_date);
CREATE TABLE moz_bookmarks(id INTEGER PRIMARY KEY,type INTEGER,fk INTEGER DEFAULT NULL,
 parent INTEGER,position INTEGER,title LONGVARCHAR,keyword_id INTEGER,folder_type TEXT,
 dateAdded INTEGER,lastModified INTEGER,guid TEXT);
"""


def chromium(count: int) -> Sample:
    """Return a history with `count` visits of half as many pages."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(_CHROMIUM)
        database.executemany(
            "INSERT INTO urls VALUES (?, ?, ?, 1, 0)",
            [(n, f"https://shop{n}.example/a/{n}?q=word{n}", f"Page {n}") for n in range(1, count)]
            + [(count, "about:blank", None)],
        )
        database.executemany(
            "INSERT INTO visits VALUES (?, ?, ?, 0, NULL, 805306368, ?)",
            [(n + 1, n // 2 + 1, _START_1601 + n * _MINUTE, n * 1_500_000) for n in range(count)],
        )
        database.commit()
        content = database.serialize()
    return Sample(file_name="History", content=content, items={"visits_web": count}, has_end=True)


def firefox(count: int) -> Sample:
    """Return `count` visits, and as many bookmarks in a folder."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(_FIREFOX)
        database.executemany(
            "INSERT INTO moz_places VALUES (?, ?, ?, 1, 0, ?)",
            [
                (n, f"https://www.example{n}.org/{n}#part", f"Page {n}", f"place{n:07}")
                for n in range(1, count + 1)
            ],
        )
        database.executemany(
            "INSERT INTO moz_historyvisits VALUES (?, 0, ?, ?, 1, 0)",
            [(n, n, _START_1970 + n * _MINUTE) for n in range(1, count + 1)],
        )
        folders = [(1, 0, "", "root________"), (2, 1, "menu", "menu________")]
        database.executemany(
            "INSERT INTO moz_bookmarks VALUES (?, 2, NULL, ?, 0, ?, NULL, NULL, 1, 1, ?)", folders
        )
        database.executemany(
            "INSERT INTO moz_bookmarks VALUES (?, 1, ?, 2, ?, ?, NULL, NULL, ?, ?, ?)",
            [
                (n + 2, n, n, f"Kept {n}", _START_1970 + n, _START_1970 + n, f"mark{n:08}")
                for n in range(1, count + 1)
            ],
        )
        database.commit()
        content = database.serialize()
    return Sample(
        file_name="places.sqlite",
        content=content,
        items={"visits_web": count, "bookmarks": count},
        has_end=True,
    )


def bookmarks(count: int) -> Sample:
    """Return `count` bookmarks in two folders."""
    kept = [
        {
            "date_added": str(_START_1601 + n * _MINUTE),
            "guid": f"00000000-0000-4000-a000-{n:012}",
            "id": str(n + 5),
            "name": f"Page {n}",
            "type": "url",
            "url": f"https://shop{n}.example/a?q={n}",
        }
        for n in range(count)
    ]
    folder = {"children": kept[1:], "date_added": "0", "name": "Later", "type": "folder"}
    bar = {"children": [*kept[:1], folder], "name": "Bookmarks bar", "type": "folder"}
    roots = {"bookmark_bar": bar, "other": {"children": [], "name": "Other", "type": "folder"}}
    content = json.dumps({"checksum": "0" * 32, "roots": roots, "version": 1}, indent=3)
    return Sample(
        file_name="Bookmarks", content=content.encode(), items={"bookmarks": count}, has_end=True
    )
