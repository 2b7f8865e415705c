"""What an item is called, when it was, and the words by which it is found."""

import pytest

from sealhold.model.encoding import Plain
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import Column, ColumnType, Dataset, Sensitivity
from sealhold.vault.describing import Describer
from sealhold.vault.index import words_of


def dataset(*searchable: str, title: str | None = None, time: str | None = None) -> Dataset:
    names = [*searchable, "secret"]
    return Dataset(
        name=Collection("things"),
        columns=tuple(
            Column(
                name=FieldName(name),
                type=ColumnType.TEXT,
                about="a thing",
                searchable=name in searchable,
            )
            for name in names
        ),
        time_column=FieldName(time) if time else None,
        natural_key=(),
        sensitivity=Sensitivity.ORDINARY,
        granularity="a thing",
        title=FieldName(title) if title else None,
    )


def test_words_come_from_the_columns_that_hold_words_and_no_other() -> None:
    fields = {"name": "Bread", "where": ["Lyon", "Porto"], "secret": "hidden", "more": "left out"}

    told = Describer(dataset("name", "where")).describe(fields)

    assert words_of(told.text) == {"bread", "lyon", "porto"}


def test_of_an_unknown_dataset_every_text_and_whole_number_counts() -> None:
    fields: dict[str, Plain] = {
        "a": "Bread",
        "b": {"c": ["butter", 12], "d": None},
        "e": True,
        "f": 1.5,
        "g": b"raw",
    }

    assert words_of(Describer(None).describe(fields).text) == {"bread", "butter", "12"}


def test_an_item_is_called_by_its_title_else_by_its_first_text_on_one_line() -> None:
    fields = {"name": " \n", "where": "  first line\nsecond", "called": "Loaf"}

    assert Describer(dataset("name", "where", title="called")).describe(fields).title == "Loaf"
    assert Describer(dataset("name", "where")).describe(fields).title == "first line"
    assert Describer(dataset("name", title="absent")).describe(fields).title == ""


def test_a_row_of_cells_is_called_by_its_cells() -> None:
    fields = {"cells": {"day": "Monday", "none": None, "cost": 3}}

    assert Describer(dataset("cells")).describe(fields).title == "day Monday, cost 3"


@pytest.mark.parametrize(("when", "at"), [(17, 17), (True, None), ("17", None), (None, None)])
def test_an_item_has_the_time_of_its_time_column_if_that_is_one(when: Plain, at: int) -> None:
    assert Describer(dataset("name", time="at")).describe({"name": "x", "at": when}).at == at


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World!", {"hello", "world"}),
        ("snake_case 2026-11-21 a.b@c", {"snake_case", "2026", "11", "21", "a", "b", "c"}),
        ("Größe ﬁnal ÉTÉ", {"grösse", "final", "été"}),
        ("x" * 50, {"x" * 40}),
        ("é" * 50, {"é" * 40}),
        ("\x00\t\x7f", set()),
        ("", set()),
    ],
)
def test_words_are_folded_and_cut_the_same_in_any_script(text: str, words: set[str]) -> None:
    assert words_of(text) == words
