"""The matrix of articles is true: each behaviour has code and tests that exist, where it says."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.unit.trees import ONE_WORKER, ROOT, functions

pytestmark = ONE_WORKER

ROWS: list[dict[str, Any]] = tomllib.loads((ROOT / "docs" / "articles.toml").read_text())["row"]
LAST = 99  # articles of the regulation
MEMBERS = {"articles", "behaviour", "code", "tests", "stores"}


@cache
def named_in(folder: str) -> dict[str, Path]:
    """Return the tests of a folder by name, and the file of each."""
    return {
        name: path
        for path in (ROOT / folder).glob("test_*.py")
        for name in functions(path)
        if name.startswith("test_")
    }


def names(row: dict[str, Any]) -> str:
    return " ".join(map(str, row["articles"]))


@pytest.mark.parametrize("row", ROWS, ids=names)
def test_a_row_says_what_is_done_by_which_code_and_shown_by_which_tests(
    row: dict[str, Any],
) -> None:
    assert row.keys() <= MEMBERS
    assert row["articles"]
    assert all(0 < each <= LAST for each in row["articles"])
    assert len(row["behaviour"]) > 20
    assert row["code"]
    assert row["tests"]
    for file in row["code"]:
        assert (ROOT / "src" / "sealhold" / file).exists(), file
    for named in row["tests"]:
        folder, _, name = named.partition("::")
        assert name in named_in(folder), named


@pytest.mark.parametrize("row", [row for row in ROWS if "stores" in row], ids=names)
def test_a_row_that_names_stores_is_told_on_each_of_them(row: dict[str, Any]) -> None:
    told = [named.partition("::") for named in row["tests"]]
    files = [named_in(folder)[name].read_text() for folder, _, name in told if "scen" in folder]

    assert files
    assert set(row["stores"]) == {"sqlcipher", "postgres"}
    # a vault in a folder is what all else has
    assert any(word in text for text in files for word in ("pgserver", "office_in", "init_of"))


def test_no_article_stands_in_two_rows_and_rows_are_in_order() -> None:
    articles = [each for row in ROWS for each in row["articles"]]

    assert len(articles) == len(set(articles))
    assert [min(row["articles"]) for row in ROWS] == sorted(min(row["articles"]) for row in ROWS)
