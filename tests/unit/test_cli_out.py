"""What is printed fits the terminal, whole where it must be, and never commands it."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealhold.frontends.cli.out import (
    Block,
    Column,
    Facts,
    Line,
    Table,
    as_json,
    figure,
    id_,
    render,
    safe,
)
from sealhold.frontends.cli.words import short
from sealhold.model.ids import Id16, Kind
from sealhold.model.quantities import MicroBits
from sealhold.model.shown import Meter

DIGEST = "9c41e07b52aa1f08" * 4
WIDTHS = (80, 120)
COMMANDING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # no glyph of their own


@pytest.mark.parametrize("width", WIDTHS)
def test_a_table_wraps_words_and_keeps_ids_and_digests_whole(width: int) -> None:
    words = "a long sentence about what happened here, " * 4
    table = Table(
        (id_("Id"), Column("Digest", whole=True), Column("What")),
        [("g-0123456789ab", "9c41e07b52aa1f08", words)],
    )

    shown = render([table], width=width, color=False)

    assert max(map(len, shown.splitlines())) <= width
    assert "g-0123456789ab" in shown
    assert "9c41e07b52aa1f08" in shown
    assert "…" not in shown


@pytest.mark.parametrize("width", [50, *WIDTHS])
def test_a_fact_that_is_longer_than_the_line_goes_on_below_and_loses_nothing(width: int) -> None:
    shown = render([Facts([("Root", DIGEST)])], width=width, color=False)

    assert "".join(shown.split()).removeprefix("Root") == DIGEST


def test_figures_stand_to_the_right_and_no_line_ends_in_spaces() -> None:
    table = Table((Column("Kind"), figure("Items")), [("trips", "22"), ("events", "1,350")])

    lines = render([table], width=80, color=False).splitlines()

    assert lines == ["Kind    Items", "trips      22", "events  1,350"]


def test_brackets_and_colons_in_a_text_are_no_markup() -> None:
    shown = render([Line("[bold]red[/bold] :smile: {x}")], width=80, color=False)

    assert shown == "[bold]red[/bold] :smile: {x}\n"


def test_colour_is_there_only_when_it_is_asked_for() -> None:
    blocks: list[Block] = [Line("whole", "good"), Line("next", "hint")]

    assert "\x1b" in render(blocks, width=80, color=True)
    assert "\x1b" not in render(blocks, width=80, color=False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "[U+001B][2J"),
        ("a\u202eb", "a[U+202E]b"),
        ("a\x9bb", "a[U+009B]b"),
        ("two\r\nlines\tand", "two lines and"),
        ("\udc80", "[U+DC80]"),
        ("plain ü 漢", "plain ü 漢"),
    ],
)
def test_characters_that_command_or_hide_are_written_out(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(st.text(alphabet=st.characters(codec=None)))
def test_no_text_brings_a_control_character_to_the_terminal(text: str) -> None:
    shown = render([Line(safe(text)), Facts([("a", safe(text))])], width=80, color=False)

    assert {unicodedata.category(char) for char in shown if char != "\n"}.isdisjoint(COMMANDING)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_json_is_one_line_of_ascii_that_reads_back(text: str) -> None:
    line = as_json({"text": text})

    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == {"text": text}


def test_values_have_the_fields_of_the_api() -> None:
    meter = Meter(label="all", used=MicroBits(1), pending=MicroBits(2), cap=MicroBits(3))

    told = json.loads(as_json(meter))

    assert told == {"label": "all", "used": 1, "pending": 2, "cap": 3}


def test_ids_are_shown_short() -> None:
    assert short(Kind.GRANT, Id16(bytes(15) + b"\x07")) == "g-000000000007"
