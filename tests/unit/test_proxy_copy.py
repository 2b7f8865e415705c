"""Lines of COPY: read however they are cut, written so that they are read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.sql.copyreading import HEADER, Fields, reader_of
from sealhold.protect.sql.copywriting import writer_of
from sealhold.protect.sql.parsing import parse_cells
from sealhold.protect.sql.plan import CopyColumn, CopyPlan, Touch
from sealhold.protect.sql.wire import build_copy_response, build_query, frame
from tests.unit.pg_patients import AGE, NAME
from tests.unit.pg_talk import Conversation, Planned
from tests.unit.test_proxy_session import Scripted, frames, kinds

NAMES = ("a", "b")
NO_ZERO = st.characters(codec="utf-8", exclude_characters="\0")
cells = st.one_of(st.none(), st.text(NO_ZERO, max_size=6).map(str.encode))
rows = st.lists(st.tuples(cells, cells), max_size=4)
FORMS = [
    ("text", {}),
    ("text", {"delimiter": "|", "null": "NULL"}),
    ("csv", {}),
    ("csv", {"delimiter": ";", "quote": "'", "escape": "\\", "null": "-"}),
    ("csv", {"header": "true", "force_quote": "*"}),
    ("binary", {}),
]
INTO = CopyPlan(
    "copy patient (name, name_m, age, _sh_rid) from stdin (format binary)",
    into=True,
    columns=(CopyColumn("name", NAME.type, NAME), CopyColumn("age", AGE.type, AGE)),
    rid=True,
    touch=Touch("COPY FROM", ("public.patient",), writes=(NAME, AGE)),
)


def read(form: str, options: dict[str, str], data: bytes, size: int) -> list[Fields]:
    reader = reader_of(form, options, NAMES)
    found = [row for at in range(0, len(data), size) for row in reader.feed(data[at : at + size])]
    return [tuple(row) for row in [*found, *reader.finish()]]


@pytest.mark.parametrize(("form", "options"), FORMS)
@given(rows=rows, size=st.integers(1, 9))
def test_what_is_written_is_read_again(
    form: str, options: dict[str, str], rows: list[Fields], size: int
) -> None:
    writer = writer_of(form, options)
    null = options.get("null", "").encode()
    if (null and form == "text") or (form == "csv" and "force_quote" not in options):
        rows = [row for row in rows if null not in row]  # such a value is read as NULL
    data = writer.head(NAMES) + b"".join(map(writer.row, rows)) + writer.tail()

    assert read(form, options, data, size) == rows


@pytest.mark.parametrize(
    ("form", "data", "expected"),
    [
        ("text", b"1\t\\N\n2\tx\\ty\n\\.\nrest", [(b"1", None), (b"2", b"x\ty")]),
        ("text", b"\\x41\\101\tb\r\n", [(b"AA", b"b")]),
        ("text", b"a\\\nb\tc\n", [(b"a\nb", b"c")]),
        ("csv", b'"a""b",c\n,""\n', [(b'a"b', b"c"), (None, b"")]),
        ("csv", b'"two\nlines",x', [(b"two\nlines", b"x")]),
        ("csv", b'pre"in,side"post,x\n', [(b"prein,sidepost", b"x")]),
    ],
)
def test_lines_mean_what_they_mean_to_the_server(
    form: str, data: bytes, expected: list[Fields]
) -> None:
    assert read(form, {}, data, 3) == expected


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("text", b"1\n"),
        ("text", b"1\t2\t3\n"),
        ("text", b"a\rb\tc\n"),
        ("csv", b'"open,x\n'),
        ("binary", b"PGCOPY\n\xff\r\n\0" + bytes(8)),
        ("binary", b"something else that is long enough"),
        ("binary", HEADER + b"\0\1" + b"\0\0\0\0"),
    ],
)
def test_a_line_out_of_form_is_refused(form: str, data: bytes) -> None:
    with pytest.raises(PgValueError):
        read(form, {}, data, 5)


def test_lines_become_sealed_rows() -> None:
    session = Scripted()
    session.talk.parts.planner.plans["copy"] = INTO  # type: ignore[attr-defined]  # a test's own
    begun = frame(b"1") + frame(b"2") + frame(b"3") + build_copy_response(b"G", 1, 4)
    session.say(build_query(b"copy"))

    got = session.answer(begun)
    session.sent = b""
    session.say(frame(b"d", b"anna\t3") + frame(b"d", b"3\nbert\t\\N\n") + frame(b"c"))

    assert kinds(got) == b"G"
    assert kinds(session.sent) == b"dcS"
    data = frames(session.sent)[0][1]
    assert data.startswith(HEADER)
    assert data.endswith(b"\xff\xff")
    name, term, age, rid = parse_cells(data[len(HEADER) : _row_end(data, len(HEADER))])
    assert NAME.decode([name], [1]) == [b"anna"]
    assert term == NAME.encode("_m", [b"anna"], [0])[0]
    assert AGE.decode([age], [1]) == [(33).to_bytes(4)]
    assert rid == (1).to_bytes(8)


def test_a_bad_line_fails_the_copy_at_the_provider_and_tells_why() -> None:
    session = Scripted()
    session.talk.parts.planner.plans["copy"] = INTO  # type: ignore[attr-defined]  # as above
    session.say(build_query(b"copy"))
    session.answer(frame(b"1") + frame(b"2") + frame(b"3") + build_copy_response(b"G", 1, 4))
    session.sent = b""

    session.say(frame(b"d", b"anna\told\n") + frame(b"c"))
    got = session.answer(frame(b"E", b"SERROR\0C57014\0Mfailed\0\0"))
    end = session.answer(frame(b"Z", b"I"))

    assert kinds(session.sent) == b"fS"
    assert b"22P02" in got
    assert end == frame(b"Z", b"I")


def test_lines_for_a_copy_that_was_refused_are_dropped() -> None:
    session = Conversation(Planned({"copy": INTO}))
    session.gate.admits = False

    session.say(build_query(b"copy") + frame(b"d", b"anna\t33\n") + frame(b"c"))

    assert session.provider.lines == []
    assert not any(b"anna" in each for each in session.provider.seen)


def _row_end(data: bytes, at: int) -> int:
    at += 2
    for _ in range(4):
        at += 4 + max(int.from_bytes(data[at : at + 4], "big", signed=True), 0)
    return at
