"""Words are found as a server's configuration `simple` finds them, where that is promised."""

import random
from collections.abc import Iterator
from typing import Final

import pytest

from sealhold.model.errors import InvalidQueryError
from sealhold.protect.pairs import Found
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.sql.tsquery import Wanted, is_plain, read_plain, read_tsquery
from sealhold.protect.techniques.words import Words
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.talking import Talk

STEMS: Final = (
    "anna",
    "Bob",
    "rash",
    "RAsh",
    "12",
    "007",
    "1e5",
    "3rd",
    "x9y",
    "don",
    "t",
    "fever",
)
BETWEEN: Final = (*" \n\t!\"#$%'()*,;=?[\\]^`{|}", "  ", ". ", ": ", ", ", " (", ") ")
ODD: Final = ("-", "_", ".", "/", "@", "<", ">", "&", "+", ":", "~", "é", "&amp;", "<b>", "://")
ROWS: Final = 300
SEARCHES: Final = 250


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.fixture
def words() -> Words:
    return Words(None, "prefix2-4")  # type: ignore[arg-type]  # reason: nothing is looked up here


def texts(seed: int, between: tuple[str, ...]) -> list[str]:
    draw = random.Random(seed)
    return [
        "".join(draw.choice(STEMS) + draw.choice(between) for _ in range(draw.randint(0, 6)))
        for _ in range(ROWS)
    ]


def search(draw: random.Random, depth: int = 0) -> str:
    """Return a search; some are wrong."""
    if depth > 3 or draw.random() < 0.3:
        word = draw.choice(STEMS)
        return draw.choice((word, word, f"'{word}'", word[:3] + ":*", "nobody", "", f"{word} t"))
    left, right = search(draw, depth + 1), search(draw, depth + 1)
    return draw.choice(
        (
            f"{left} & {right}",
            f"{left}|{right}",
            f"!{left}",
            f"!({left}|{right})",
            f"({left})&{right}",
        )
    )


def told(server: Cluster, listed: list[str], function: str, said: list[str]) -> list[object]:
    """Return the rows that each search finds at the server, or its SQLSTATE."""
    found: list[object] = []
    with Talk(server.address("plain")) as link:
        link.rows("CREATE TEMP TABLE note (id int, text text)")
        for at, text in enumerate(listed):
            link.rows(f"INSERT INTO note VALUES ({at}, {quoted(text)})")
        for each in said:
            vector = "to_tsvector('simple', text)"
            sql = f"SELECT id FROM note WHERE {vector} @@ {function}('simple', {quoted(each)})"
            (answer,) = link.say(sql)
            rows = {int(row[0] or b"") for row in answer.rows}
            found.append(answer.sqlstate if answer.kind == "error" else rows)
    return found


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def ours(words: Words, listed: list[str], wanted: Wanted) -> set[int]:
    kept: dict[bytes, dict[int, int]] = {}
    for at, text in enumerate(listed):
        for term in words.terms(text):
            kept.setdefault(term, {})[at] = 1
    rows = wanted.query.rows(Found(kept, {})) if wanted.query is not None else set()
    return set(range(len(listed))) - rows if wanted.is_negated else rows


def test_plain_texts_are_found_as_the_server_finds_them(server: Cluster, words: Words) -> None:
    listed = texts(1, BETWEEN)
    draw = random.Random(2)
    said = [search(draw) for _ in range(SEARCHES)]
    assert all(map(is_plain, listed))

    theirs = told(server, listed, "to_tsquery", said)

    same = refused = wrong = 0
    for each, found in zip(said, theirs, strict=True):
        try:
            assert ours(words, listed, read_tsquery(each, words)) == found, each
            same += 1
        except PgValueError as err:
            wrong += err.sqlstate == found
        except InvalidQueryError:
            refused += 1
    assert same + wrong + refused == SEARCHES
    assert same > SEARCHES // 3
    assert wrong > SEARCHES // 25


def test_plain_searches_are_the_same(server: Cluster, words: Words) -> None:
    listed, said = texts(3, BETWEEN), texts(4, BETWEEN)[:SEARCHES]

    theirs = told(server, listed, "plainto_tsquery", said)

    assert [ours(words, listed, read_plain(each, words)) for each in said] == theirs


def test_of_other_texts_as_many_rows_are_found_and_more(server: Cluster, words: Words) -> None:
    listed = texts(5, ODD)
    said = [each for each in STEMS if each.isalpha()]

    theirs = told(server, listed, "to_tsquery", said)

    for each, found in zip(said, theirs, strict=True):
        assert isinstance(found, set)
        assert found <= ours(words, listed, read_tsquery(each, words)), each


def test_what_the_server_would_cut_otherwise_is_refused(words: Words) -> None:
    for each in (
        "a-b",
        "a_b",
        "a.b",
        "a <-> b",
        "a:A",
        "'a b'",
        "a\\b",
        "x" * 65,
        "a@b",
        "abcde:*",
    ):
        with pytest.raises(InvalidQueryError):
            read_tsquery(each, words)
    for each in ("a-b", "a_b", "3.14", "<b>", "é", "x" * 65):
        with pytest.raises(InvalidQueryError):
            read_plain(each, words)


def test_a_search_is_bounded(words: Words) -> None:
    for each in ("!" * 60 + "a", "(" * 60 + "a", "|".join(["a"] * 101)):
        with pytest.raises(InvalidQueryError):
            read_tsquery(each, words)
