"""What is done for many rows at once is what is done for each of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealhold.crypto.cellseal import CellSealer
from sealhold.crypto.secret import Secret
from sealhold.model.errors import SealBrokenError, WireError
from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.types import named
from sealhold.protect.sql.copyreading import Fields, reader_of
from sealhold.protect.sql.parsing import parse_cells
from sealhold.protect.sql.rows import RowReader
from sealhold.protect.sql.wire import build_cells, build_row, build_rows, build_tuples

BIG = 1 << 40
SETTINGS = Settings()
short = st.binary(max_size=3)
cells = st.one_of(st.none(), short)
pairs = st.tuples(cells, cells)
# runs of rows that are alike in their lengths, so that many are read at once
runs = st.lists(
    st.tuples(pairs, st.integers(1, 40)).map(lambda run: [run[0]] * run[1]), max_size=6
).map(lambda found: [row for run in found for row in run])
texts = st.one_of(
    st.none(),
    st.integers(-(10**11), 10**11).map(lambda number: b"%d" % number),
    st.integers(0, 99).map(lambda number: b"%d" % number),
    st.sampled_from([b"", b" 7 ", b"+7", b"007", b"1_0", b"x", "é".encode(), b"\xff", b"a\0"]),
)


def sealer(pad: int = 0) -> CellSealer:
    nonces = iter(range(1, 10**9))

    def entropy(count: int) -> bytes:
        return b"".join(next(nonces).to_bytes(12) for _ in range(count // 12))

    return CellSealer(
        lambda _: Secret(bytes(32), "key"), 1, ("d", "s.t", "c", "text"), entropy, pad
    )


@given(runs, st.integers(1, 200))
def test_rows_are_read_whatever_stands_beside_them(
    rows: list[tuple[bytes | None, bytes | None]], size: int
) -> None:
    data = b"".join(map(build_row, rows))
    reader = RowReader(2)
    found: list[object] = []
    rest = b""
    for at in range(0, len(data), size * 7):
        rest += data[at : at + size * 7]
        some, end = reader.rows(rest, 0)
        found += some
        rest = rest[end:]
    assert (found, rest) == (rows, b"")


@given(st.integers(0, 39), st.data())
def test_a_row_that_is_out_of_form_is_seen_among_many(at: int, data: st.DataObject) -> None:
    rows = [build_row((b"abc", b"defg"))] * 40
    head = data.draw(st.sampled_from([5, 6, 7, 8, 9, 10, 14, 15, 16, 17]))
    rows[at] = rows[at][:head] + bytes([rows[at][head] ^ 0x40]) + rows[at][head + 1 :]
    reader = RowReader(2)
    reader.rows(build_row((b"abc", b"defg")) * 20, 0)
    with pytest.raises(WireError):
        reader.rows(b"".join(rows), 0)


@given(runs)
def test_rows_are_written_at_once_as_one_by_one(
    rows: list[tuple[bytes | None, bytes | None]],
) -> None:
    if rows:
        columns = list(zip(*rows, strict=True))
        assert build_rows(columns) == b"".join(map(build_row, rows))
        assert build_tuples(columns) == b"".join(map(build_cells, rows))
        assert parse_cells(build_rows(columns)[5 : 5 + len(build_cells(rows[0]))]) == rows[0]


@given(
    st.lists(st.tuples(short, st.one_of(st.integers(0, 300), st.integers(BIG, BIG + 9)))),
    st.sampled_from([0, 16]),
    st.booleans(),
)
def test_cells_are_sealed_together_as_one_by_one(
    given_cells: list[tuple[bytes, int]],
    pad: int,
    by_row: bool,  # noqa: FBT001  # reason: drawn
) -> None:
    values = [value for value, _ in given_cells]
    rows = [row for _, row in given_cells] if by_row else None
    one = sealer(pad)
    single = [
        one.seal([value], None if rows is None else [rows[at]])[0]
        for at, value in enumerate(values)
    ]
    assert sealer(pad).seal(values, rows) == single
    assert sealer(pad).open(single, rows) == values
    for at, cell in enumerate(single):
        assert sealer(pad).open([cell], None if rows is None else [rows[at]]) == [values[at]]


@given(st.integers(0, 9), st.integers(0, 9))
def test_among_many_cells_one_of_another_row_does_not_open(at: int, other: int) -> None:
    rows = [BIG + each for each in range(10)]
    cells_ = sealer().seal([b"x"] * 10, rows)
    cells_[at] = cells_[other]
    if at == other:
        assert sealer().open(cells_, rows) == [b"x"] * 10
    else:
        with pytest.raises(SealBrokenError):
            sealer().open(cells_, rows)


@pytest.mark.parametrize("name", ["integer", "bigint", "smallint", "text", "varchar(3)", "char(3)"])
@given(st.lists(texts, max_size=5))
def test_many_texts_become_binary_as_each_does(name: str, given_texts: list[bytes | None]) -> None:
    form = codec(named(name))

    def slowly() -> list[bytes | None]:
        made = (None if each is None else super_binary(name, each) for each in given_texts)
        return list(made)

    try:
        expected: object = slowly()
    except PgValueError as err:
        expected = (err.sqlstate, err.message)
    try:
        found: object = form.to_binaries(given_texts, SETTINGS)
    except PgValueError as err:
        found = (err.sqlstate, err.message)
    assert found == expected


def super_binary(name: str, text: bytes) -> bytes:
    """The way of any type: parsed, fitted, packed."""
    form = codec(named(name))
    try:
        plain = text.decode()
    except UnicodeDecodeError:
        return form.to_binary(text, SETTINGS)
    if "\0" in plain:
        return form.to_binary(text, SETTINGS)
    return form.from_value(form.fit(form.parse(plain, SETTINGS)))


@given(
    st.lists(
        st.sampled_from([b"1\ta", b"22\t", b"\\N\tb", b"3\tc\r", b"4\td\\\\", b"5", b"6\t\t"])
    ),
    st.integers(1, 30),
)
def test_lines_are_read_together_as_one_by_one(lines: list[bytes], size: int) -> None:
    data = b"".join(line + b"\n" for line in lines)

    def read(pieces: list[bytes]) -> list[Fields] | str:
        reader = reader_of("text", {}, ("a", "b"))
        try:
            found = [[*row] for piece in pieces for row in reader.feed(piece)]
            return [*found, *([*row] for row in reader.finish())]
        except PgValueError as err:
            return err.message

    cut = [data[at : at + size] for at in range(0, len(data), size)]
    assert read([data]) == read([line + b"\n" for line in lines]) == read(cut)
