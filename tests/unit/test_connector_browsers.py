"""Browsers: visits and bookmarks, masked addresses, times of two epochs, files that are no such."""

import io
import json
import sqlite3
from contextlib import closing

import pytest

from sealhold.connectors.samples_web import bookmarks, chromium, firefox
from sealhold.connectors.sources.bookmarks import Bookmarks
from sealhold.connectors.sources.chromium import Chromium
from sealhold.connectors.sources.firefox import Firefox
from sealhold.connectors.spec import SNIFF_BYTES, Item, Reject, Source, Why
from sealhold.connectors.webaddress import Address, masked
from sealhold.model.errors import UnreadableSourceError
from tests.unit.browser_files import NEW_YEAR, SINCE_1601, changed, history, places

AT = NEW_YEAR // 1_000
PAGE = ("https://a.example/b?q=c", "Title")


def read(source: Source, content: bytes) -> tuple[list[Item], list[Reject]]:
    batches = list(source.read(io.BytesIO(content), "file", None))
    items = [item for batch in batches for item in batch.items]
    return items, [one for batch in batches for one in batch.rejects]


@pytest.mark.parametrize(
    ("url", "shown", "host"),
    [
        ("https://a.example/b/c", "https://a.example/b/c", "a.example"),
        ("https://Ann:pw@A.example:8080/b?q=1#x", "https://A.example:8080/b", "a.example"),
        ("https://a@b@c.example/", "https://c.example/", "c.example"),
        ("https://a.example?q=1", "https://a.example", "a.example"),
        ("file:///home/ann/x.pdf#2", "file:///home/ann/x.pdf", None),
        ("about:reader?url=https://x", "about:reader", None),
        ("javascript:alert(1)", "javascript:", None),
        ("data:text/plain,secret", "data:", None),
        ("no address at all", "", None),
        ("", "", None),
    ],
)
def test_an_address_says_where_and_not_what_was_asked(
    url: str, shown: str, host: str | None
) -> None:
    assert masked(url) == Address(shown, host, is_whole=shown == url)


def test_a_visit_of_chromium_gives_when_where_and_how() -> None:
    content = history((1, SINCE_1601 + NEW_YEAR + 1_234, 0x3000_0001, 2_500_000), pages=[PAGE])

    ((item,), rejects) = read(Chromium(), content)

    assert not rejects
    assert item.fields == {
        "at": AT + 1,
        "url": "https://a.example/b",
        "host": "a.example",
        "title": "Title",
        "kind": "typed",
        "duration_s": 2.5,
        "browser": "chromium",
    }
    assert item.raw == {"transition": 0x3000_0001, "url": PAGE[0]}


def test_a_visit_of_firefox_gives_the_same() -> None:
    ((item,), _) = read(Firefox(), places((1, NEW_YEAR + 1_234, 2), pages=[PAGE]))

    assert (item.fields["at"], item.fields["kind"]) == (AT + 1, "typed")
    assert item.fields["url"] == "https://a.example/b"
    assert item.raw == {"url": PAGE[0]}


def test_a_visit_keeps_its_name_when_the_history_grows_and_titles_change() -> None:
    early = (1, SINCE_1601 + NEW_YEAR, 0, 0)
    one, _ = read(Chromium(), history(early, pages=[PAGE]))
    two, _ = read(
        Chromium(), history((1, early[1] - 9, 0, 0), early, pages=[(PAGE[0], "Another title")])
    )

    assert two[1].original_id == one[0].original_id
    assert "q=c" not in str(one[0].original_id)


def test_two_visits_of_one_moment_stay_two() -> None:
    twice = [(1, SINCE_1601 + NEW_YEAR, 0, 0)] * 2

    items, _ = read(Chromium(), history(*twice, pages=[PAGE]))

    assert len({item.original_id for item in items}) == 2


@pytest.mark.parametrize(
    ("visit", "page", "why"),
    [
        ((7, SINCE_1601 + NEW_YEAR, 0, 0), PAGE, Why.MALFORMED),
        ((1, SINCE_1601 + NEW_YEAR, 0, 0), (None, "x"), Why.MALFORMED),
        ((1, SINCE_1601 + NEW_YEAR, 0, 0), (b"https://\xff", "x"), Why.ENCODING),
        ((1, "then", 0, 0), PAGE, Why.NO_TIME),
        ((1, 0, 0, 0), PAGE, Why.NO_TIME),
        ((1, 1 << 62, 0, 0), PAGE, Why.NO_TIME),
    ],
)
def test_a_visit_that_is_none_is_told(
    visit: tuple[object, ...], page: tuple[object, ...], why: Why
) -> None:
    items, rejects = read(Chromium(), history(visit, pages=[page]))

    assert not items
    assert [one.why for one in rejects] == [why]


def test_an_older_history_without_durations_is_read_and_one_without_times_is_not() -> None:
    content = history((1, SINCE_1601 + NEW_YEAR, 250, 0), pages=[PAGE])
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(content)
        database.execute("ALTER TABLE visits DROP COLUMN visit_duration")
        database.execute("ALTER TABLE visits DROP COLUMN external_referrer_url")
        older = database.serialize()
        database.execute("DROP INDEX visits_time_index")
        database.execute("ALTER TABLE visits RENAME visit_time TO t")
        other = database.serialize()

    ((item,), _) = read(Chromium(), older)

    assert (item.fields["duration_s"], item.fields["kind"]) == (None, None)
    with pytest.raises(UnreadableSourceError, match="lack columns"):
        read(Chromium(), other)


KEPT = [
    (1, 2, None, 0, "", "root________"),
    (2, 2, None, 1, "menu", "menu________"),
    (3, 2, None, 1, "tags", "tags________"),
    (4, 2, None, 2, "Trips", "folder______"),
    (5, 2, None, 3, "sea", "tag_________"),
    (6, 1, 1, 4, "The coast", "mark________"),
    (7, 3, None, 4, None, "line________"),
    (8, 1, 1, 5, None, "tagged______"),
]


def test_a_bookmark_of_firefox_has_its_folders_and_tags() -> None:
    ((item,), rejects) = read(Firefox(), places(pages=[PAGE], kept=KEPT))

    assert not rejects
    assert item.fields == {
        "at": AT,
        "changed": AT + 5,
        "url": "https://a.example/b",
        "host": "a.example",
        "title": "The coast",
        "folder": ["menu", "Trips"],
        "tags": ["sea"],
        "guid": "mark________",
        "browser": "firefox",
    }
    assert item.original_id == "mark________"


def test_folders_that_lie_in_each_other_end() -> None:
    round_about = [
        (1, 2, None, 2, "a", "a"),
        (2, 2, None, 1, "b", "b"),
        (3, 1, 1, 1, "x", "c"),
    ]

    ((item,), _) = read(Firefox(), places(pages=[PAGE], kept=round_about))

    assert len(item.fields["folder"]) == 100


@pytest.mark.parametrize(
    ("page", "why"),
    [("place:sort=8", Why.UNSUPPORTED), (None, Why.MALFORMED), (b"\xff", Why.ENCODING)],
)
def test_a_bookmark_that_is_no_page_is_told(page: object, why: Why) -> None:
    content = places(pages=[(page, "x")], kept=[(1, 1, 1, 0, "x", "g")])

    items, rejects = read(Firefox(), content)

    assert not items
    assert [one.why for one in rejects] == [why]


def document(**roots: object) -> bytes:
    return json.dumps({"checksum": "0a", "roots": roots, "version": 1}).encode()


def test_a_bookmark_of_chromium_has_its_folders() -> None:
    mark = {
        "type": "url",
        "url": PAGE[0],
        "name": "B",
        "guid": "g",
        "date_added": str(SINCE_1601 + NEW_YEAR),
        "date_last_used": "1",
    }
    inner = {"type": "folder", "name": "Trips", "children": [mark]}

    ((item,), _) = read(
        Bookmarks(),
        document(bookmark_bar={"name": "Bar", "children": [inner]}, other={"children": []}),
    )

    assert item.fields == {
        "at": AT,
        "changed": None,
        "url": "https://a.example/b",
        "host": "a.example",
        "title": "B",
        "folder": ["Bar", "Trips"],
        "tags": [],
        "guid": "g",
        "browser": "chromium",
    }
    assert item.raw == {"url": PAGE[0]}


@pytest.mark.parametrize("node", [1, "x", {}, {"type": "url"}, {"type": "url", "url": 3}])
def test_what_is_neither_folder_nor_bookmark_is_told(node: object) -> None:
    items, rejects = read(Bookmarks(), document(other={"children": [node]}))

    assert not items
    assert [one.why for one in rejects] == [Why.MALFORMED]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"roots": 3}', b"\xff", b"[" * 100_000, bookmarks(9).content[:-9]],
    ids=["empty", "open", "a list", "no roots", "no text", "nested", "cut"],
)
def test_what_is_no_file_of_bookmarks_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableSourceError):
        read(Bookmarks(), content)


@pytest.mark.parametrize("head", [b'{"a": {"roots": {}}}', b'{"roots": []}', b'["roots"]'])
def test_other_documents_are_no_bookmarks(head: bytes) -> None:
    assert Bookmarks().sniff(head, "Bookmarks").sure == 0


# --- databases as files ---


def in_wal_mode(content: bytes) -> bytes:
    return content[:18] + b"\x02\x02" + content[20:]


def test_a_database_in_wal_mode_is_read_and_what_is_not_seen_is_said() -> None:
    for source, sample in ((Chromium(), chromium(3)), (Firefox(), firefox(3))):
        content = in_wal_mode(sample.content)

        assert "-wal" in source.sniff(content[:SNIFF_BYTES], "x").what
        assert "-wal" not in source.sniff(sample.content[:SNIFF_BYTES], "x").what
        assert read(source, content) == read(source, sample.content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no SQLite"),
        (b"x" * 9_000, "no SQLite"),
        (chromium(50).content[:-4_096], "last pages are lost"),
        (in_wal_mode(chromium(50).content[:-4_096]), "in its -wal file"),
        (chromium(1).content[:100] + b"\xff" * 50_000, "damaged"),
        (changed(firefox), "without a plain table urls"),
    ],
    ids=["empty", "no database", "cut", "behind its log", "damaged", "another"],
)
def test_a_database_that_is_no_history_is_unreadable(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableSourceError, match=why):
        read(Chromium(), content)


def test_a_database_whose_tables_stand_far_behind_is_known_by_its_name() -> None:
    head = chromium(1).content[:100] + bytes(5_000)

    assert Chromium().sniff(head, "History").sure == 50
    assert Firefox().sniff(head, "places.sqlite").sure == 50
    assert Chromium().sniff(head, "other").sure == 0
    assert Chromium().sniff(b"plain text", "History").sure == 0
