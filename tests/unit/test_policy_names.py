"""Texts of strangers as a person may see them."""

import pytest

from sealhold.policy.names import has_hidden, lookalike, mixed_scripts, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GreenCorp", "GreenCorp"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u2066b", "a\\u2066b"),
        ("a\x00b\n", "a\\u0000b\\u000a"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("a\U000e0041", "a\\U000e0041"),
        ("\u3164x", "\\u3164x"),
        ("a\ue000", "a\\ue000"),
        ("a\ud800", "a\\ud800"),
    ],
)
def test_hidden_characters_are_shown_as_escapes(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert has_hidden(text) is (text != shown)


def test_a_joiner_is_kept_between_letters_that_join_and_shown_elsewhere() -> None:
    assert visible("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645") == (
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    )
    assert visible("pay\u200cpal") == "pay\\u200cpal"
    assert visible("\u200c") == "\\u200c"


def test_a_heap_of_marks_is_shown_after_the_fourth() -> None:
    assert visible("a" + "\u0301" * 6) == "a" + "\u0301" * 4 + "\\u0301" * 2


@pytest.mark.parametrize(
    "text", ["GreenCorp GmbH", "Москва", "東京タワー Tokyo", "서울 Seoul", "Ελλάδα", "7-Eleven"]
)
def test_scripts_that_are_written_together_are_not_flagged(text: str) -> None:
    assert mixed_scripts(text) == ()


def test_letters_of_two_scripts_that_are_not_written_together_are_flagged() -> None:
    assert mixed_scripts("GreenC\N{CYRILLIC SMALL LETTER O}rp") == ("CYRILLIC", "LATIN")
    assert mixed_scripts("\N{GREEK CAPITAL LETTER ALPHA}lpha") == ("GREEK", "LATIN")


@pytest.mark.parametrize(
    "name",
    [
        "GreenC0rp",
        "GreenC\N{CYRILLIC SMALL LETTER O}rp",
        "Green Corp",
        "\N{FULLWIDTH LATIN CAPITAL LETTER G}reenCorp",
        "greencorp",
        "G\u0433\u0435\u0435n\u0421\u043e\u0433\u0440",
    ],
)
def test_a_name_that_could_be_taken_for_another_is_found(name: str) -> None:
    assert lookalike(name, ["Alice", "GreenCorp"]) == "GreenCorp"


@pytest.mark.parametrize("name", ["GreenCorp", "GreenCorps", "Corp"])
def test_the_same_or_another_name_is_no_lookalike(name: str) -> None:
    assert lookalike(name, ["Alice", "GreenCorp"]) is None
