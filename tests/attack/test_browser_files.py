"""Databases that claim to be a browser's: what their schema tries, and what addresses tell."""

import io
import sqlite3
from contextlib import closing

import pytest

from sealhold.connectors import dbfile
from sealhold.connectors.samples_web import chromium
from sealhold.connectors.sources.chromium import Chromium
from sealhold.connectors.sources.firefox import Firefox
from sealhold.connectors.spec import Item, Source
from sealhold.model.errors import UnreadableSourceError
from tests.unit.browser_files import NEW_YEAR, SINCE_1601, history, places

ROWS = "id INTEGER PRIMARY KEY, url INTEGER, visit_time INTEGER, transition INTEGER"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT"


def items_of(source: Source, content: bytes) -> list[Item]:
    batches = source.read(io.BytesIO(content), "file", None)
    return [item for batch in batches for item in batch.items]


def database(*statements: str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as made:
        for statement in statements:
            made.execute(statement)
        made.commit()
        return made.serialize()


URLS = "CREATE TABLE urls(id INTEGER PRIMARY KEY, url TEXT, title TEXT)"


@pytest.mark.threat("T393")
@pytest.mark.parametrize(
    "statements",
    [
        (URLS, f"CREATE VIEW visits AS {ENDLESS} i id, i url, i visit_time, 0 transition FROM n"),
        (URLS, "CREATE VIRTUAL TABLE visits USING fts5(id, url, visit_time, transition)"),
        (
            f"CREATE TABLE visits({ROWS})",
            (
                "CREATE TABLE urls(id INTEGER PRIMARY KEY, url TEXT, junk INTEGER,"
                " title TEXT AS (hex(zeroblob(junk))))"
            ),
            "INSERT INTO urls VALUES (1, 'https://a', 9)",
            "INSERT INTO visits VALUES (1, 1, 13380000000000000, 0)",
        ),
    ],
    ids=["a view without end", "a virtual table", "a column that is computed"],
)
def test_nothing_that_a_database_defines_is_run(statements: tuple[str, ...]) -> None:
    with pytest.raises(UnreadableSourceError):
        items_of(Chromium(), database(*statements))


@pytest.mark.threat("T393")
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT load_extension('x')",
        "SELECT url FROM secrets",
        "SELECT name FROM sqlite_schema",
        "SELECT name FROM pragma_database_list",
        "ATTACH ':memory:' AS more",
        "PRAGMA writable_schema=ON",
        "PRAGMA query_only=OFF",
        "DELETE FROM urls",
        "CREATE TABLE more(a)",
        f"{ENDLESS} i FROM n",
    ],
)
def test_whatever_is_asked_of_it_a_database_gives_rows_of_its_tables_alone(statement: str) -> None:
    content = database(URLS, "CREATE TABLE secrets(url TEXT)")

    with dbfile.opened(io.BytesIO(content), ("urls",)) as found:
        assert list(found.rows("SELECT id FROM urls")) == []
        with pytest.raises(UnreadableSourceError):
            list(found.rows(statement))


@pytest.mark.threat("T393")
def test_a_database_over_its_limit_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbfile, "MAX_FILE", 10_000)

    with pytest.raises(UnreadableSourceError, match="over 10000 bytes"):
        items_of(Chromium(), chromium(100).content)


@pytest.mark.threat("T394")
@pytest.mark.parametrize(
    "secret",
    [
        "https://bank.example/in?session=SECRET",
        "https://bank.example/in#access_token=SECRET",
        "https://ann:SECRET@bank.example/in",
        "https://ann:pw@SECRET@bank.example/in",
        "javascript:send('SECRET')",
        "data:text/html,SECRET",
        "blob:https://bank.example/SECRET",
        "view-source:https://bank.example/?a=SECRET",
        "about:reader?url=SECRET",
        "SECRET",
    ],
)
def test_what_was_asked_of_a_site_is_in_no_column_and_in_no_name(secret: str) -> None:
    pages = [(secret, "Bank")]
    kept = [(1, 1, 1, 0, "Bank", "guid________")]
    found = [
        *items_of(Chromium(), history((1, SINCE_1601 + NEW_YEAR, 0, 0), pages=pages)),
        *items_of(Firefox(), places((1, NEW_YEAR, 1), pages=pages, kept=kept)),
    ]

    assert len(found) == 3
    for item in found:
        assert "SECRET" not in f"{item.fields}{item.original_id}{item.position}"
        assert "SECRET" in str(item.raw)
