"""Attacks on whoever asks a provider for its catalogue: floods, wrong turns, nonsense."""

import os
import struct

import pytest

from sealhold.model.errors import DatabaseAwayError, LoginRefusedError, WireError
from sealhold.protect.findings import has_errors
from sealhold.protect.livereading import ASKED, ASKED_TOO, read_live
from sealhold.protect.policy import Csp
from sealhold.protect.policycheck import check
from sealhold.protect.policyfile import read
from sealhold.protect.proposing import propose
from sealhold.protect.sql.asking import MOST, Asking
from sealhold.protect.sql.upstream import Account
from sealhold.protect.sql.wire import build_notice, build_row, frame

IN = frame(b"R", struct.pack(">I", 0))
READY = frame(b"Z", b"I")
DONE = frame(b"C", b"SELECT 1\0")


def begun(*questions: str) -> Asking:
    """Return a connection that is past its login, and the BEGIN."""
    asking = Asking(Account("us", "clinic", None), os.urandom, b"", questions)
    asking.receive(IN + READY)
    asking.receive(DONE + READY)
    return asking


@pytest.mark.threat("T628")
def test_a_catalogue_that_never_ends_is_hung_up_on() -> None:
    asking = begun("SELECT 1")
    flood = build_row([b"x" * 1_000_000])
    for _ in range(MOST // 1_000_000 - 1):
        asking.receive(flood)

    with pytest.raises(WireError, match="more than 64 MiB"):
        asking.receive(flood * 2)


@pytest.mark.threat("T628")
@pytest.mark.parametrize(
    "said",
    [
        frame(b"G", b"\0\0\0"),  # a COPY that nobody asked for
        frame(b"D", b"\0\2\0\0\0\1x"),  # fewer values than it says
        b"D\xff\xff\xff\xff",
        build_row([b"\xff\xfe"]),
    ],
)
def test_what_is_no_answer_ends_it(said: bytes) -> None:
    with pytest.raises(WireError):
        begun("SELECT 1").receive(said)


@pytest.mark.threat("T628")
def test_an_error_of_the_provider_is_told_by_its_code_alone() -> None:
    notice = build_notice(b"E", {b"S": b"ERROR", b"C": b"42501", b"M": b"\x1b[2J words"})

    with pytest.raises(DatabaseAwayError, match=r"42501$"):
        begun("SELECT 1").receive(notice)


@pytest.mark.threat("T642")
def test_a_provider_that_wants_the_password_does_not_get_it() -> None:
    asking = Asking(Account("us", "clinic", None), os.urandom, b"", ["SELECT 1"])

    with pytest.raises(LoginRefusedError):
        asking.receive(frame(b"R", struct.pack(">I", 3)))


def test_pieces_of_answers_are_put_together() -> None:
    asking = begun("SELECT 1", "SELECT 2")
    rows = build_row([b"one", None]) + DONE + READY

    for at in range(len(rows)):
        asking.receive(rows[at : at + 1])
    asking.receive(DONE + READY)

    assert asking.is_over
    assert asking.answers == [[["one", None]], []]
    assert asking.to_provider[-1] == frame(b"X")


@pytest.mark.threat("T628")
@pytest.mark.parametrize(
    "answers",
    [
        [[], [], []],
        [[["public", "t"]], [], [], []],
        [[["public", "t", "table"]], [["public", "t"]], [], []],
        [[["public", "t", "table"]], [], [["public", "t", "true", "[1]"]], []],
        [[["public", "t", "table"]], [], [["public", "t", "true", None]], []],
        [[["public", "t", "table"]], [], [], [], [["public", "t", "many"]], []],
        [[["public", "t", "table"]], [], [], [["public", "t", "[]"]]],
        [[["public", "t", "table"], ["public", "t", "table"]], [], [], []],
        [[["public", "t" * 10_000, "table"]], [], [], []],
        *(
            [[["public", "t", "table"]], [], [], [], [], [["public", "t", "c", said, "4"]]]
            for said in ("nan", "inf", "-inf", "1e400", "-1e30")
        ),
    ],
)
def test_a_catalogue_out_of_form_is_refused(answers: list[list[list[str | None]]]) -> None:
    with pytest.raises(WireError):
        read_live(answers, ["public"])


@pytest.mark.threat("T629")
def test_no_question_names_a_table_of_the_owner_or_a_common_value() -> None:
    for each in (*ASKED, *ASKED_TOO):
        assert "pg_catalog." in each
        assert "most_common" not in each
        assert "histogram" not in each
        assert ";" not in each


@pytest.mark.threat("T628")
@pytest.mark.parametrize(
    "type_",
    ["numeric(,)", "numeric( )", "numeric(1,2,3)", "varchar(-1)", "_" * 5_000 + "int4", "\0", "",
     "numeric(99999999999999999999)", '"Odd"', "geometry(Point,3857)", "int[][]" * 9],
)  # fmt: skip
def test_a_type_of_a_stranger_is_left_out_or_held(type_: str) -> None:
    columns: list[list[str | None]] = [
        ["public", "t", "a", type_, "false"],
        ["public", "t", "b", "text", "false"],
    ]
    live = read_live([[["public", "t", "table"]], columns, [], []], ["public"])

    made = propose(live.tables, name="x", csp=Csp(id="x", kind="postgres", url="postgresql://h/d"))

    assert not has_errors(check(read(made.text)))
