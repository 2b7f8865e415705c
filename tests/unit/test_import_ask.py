"""The questions about a table's columns, asked at a terminal that a test types at."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from sealhold.connectors.tablemap import guess, samples
from sealhold.frontends.cli.import_ask import asked_map
from sealhold.frontends.cli.session import Session, Shell
from sealhold.model.errors import InvalidError, UsageError
from sealhold.model.shown import MapPreview, TableLook
from sealhold.node import Node
from tests.transcripts.cli import Typist

ROWS = [
    {"Day": "01.02.2026", "Amount": "1,50", "Who": "Shop"},
    {"Day": "03.02.2026", "Amount": "-7,25", "Who": "Ann"},
]


class Table:
    """A vault that knows one table, and notes what it is told of it."""

    def __init__(self, doubts: Sequence[str] = ()) -> None:
        self.said: dict[str, str] = {}
        self._doubts = doubts

    @property
    def sources(self) -> "Table":
        return self

    def table_look(self, path: Path) -> TableLook:
        del path
        return TableLook(samples=samples(ROWS), guess=guess(ROWS), mapping="")

    def map_preview(self, path: Path, said: Mapping[str, str]) -> MapPreview:
        del path
        for name in self._doubts:
            if name not in said:
                raise InvalidError(f"`Day` may be one or the other: say which with `{name}=`")
        self.said = dict(said)
        return MapPreview(
            name="bookings by day", settings={"order": "a", "sign": "b"}, bookings=(), rows=2,
            skipped=0,
        )  # fmt: skip


def ask(tmp_path: Path, table: Table, *typed: str) -> MapPreview | None:
    path = tmp_path / "bank.csv"
    path.write_text("Day;Amount;Who")
    session = Session(Shell(terminal=Typist(typed, shows=True)))
    return asked_map(session, cast("Node", cast("Any", table)), [path])


def test_enter_takes_what_names_and_values_suggest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = Table(doubts=["order", "sign"])

    found = ask(tmp_path, table, "", "", "", "EUR", "month-first", "", "y")

    assert found is not None
    assert table.said == {
        "date": "Day",
        "amount": "Amount",
        "payee": "Who",
        "currency": "EUR",
        "order": "month-first",
        "sign": "comma",
    }
    told = capsys.readouterr()
    assert "Amount: 1,50, -7,25" in told.out + told.err
    assert "is [date]: " in told.out
    assert "`Day` may be one or the other." in told.out + told.err


def test_what_was_said_once_is_not_offered_again_and_a_wrong_word_is_asked_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = Table()

    found = ask(tmp_path, table, "-", "date", "date", "memo", "", "no")

    assert found is None
    assert table.said == {"date": "Amount", "memo": "Who"}
    assert "Nothing was taken in." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (("x", "y", "z"), "no answer that fits"),
        (("date",), "questions were left"),
        ((), "terminal"),
    ],
)
def test_without_answers_nothing_is_made_up(
    typed: tuple[str, ...], why: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=why):
        ask(tmp_path, Table(), *typed)


def test_one_table_is_asked_about_at_a_time(tmp_path: Path) -> None:
    session = Session(Shell(terminal=Typist(["-"], shows=False)))

    with pytest.raises(UsageError, match="one table"):
        asked_map(session, cast("Node", cast("Any", Table())), [tmp_path])
