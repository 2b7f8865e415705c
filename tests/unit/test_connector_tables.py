"""CSV and JSON lines: what is proven, what stays text, what is rejected."""

import io

import pytest

from sealhold.connectors.sources.csv import Csv
from sealhold.connectors.sources.jsonlines import JsonLines
from sealhold.connectors.spec import Item, Reject, Source, Why
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError


def read(source: Source, content: bytes) -> tuple[list[Item], list[Reject]]:
    batches = list(source.read(io.BytesIO(content), "file", None))
    items = [item for batch in batches for item in batch.items]
    return items, [reject for batch in batches for reject in batch.rejects]


def cells(source: Source, content: bytes) -> list[dict[str, Plain]]:
    return [item.fields["cells"] for item in read(source, content)[0]]


def csv_of(*lines: str) -> bytes:
    return "\n".join(lines).encode()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_by_what_the_rows_have_in_common(delimiter: str) -> None:
    lines = [delimiter.join(row) for row in (["name", "city"], ["Ann", "Lyon"], ["Bo", "Bern"])]

    assert cells(Csv(), csv_of(*lines)) == [
        {"name": "Ann", "city": "Lyon"},
        {"name": "Bo", "city": "Bern"},
    ]


def test_a_day_over_twelve_proves_the_date_order() -> None:
    found = read(Csv(), csv_of("day,what", "03/02/2025,a", "25/02/2025,b"))[0]

    assert [item.fields["cells"]["day"] for item in found] == ["2025-02-03", "2025-02-25"]
    assert found[0].fields["at"] == 1_738_540_800_000
    assert found[0].raw == ["03/02/2025", "a"]


def test_a_date_order_that_nothing_proves_leaves_the_text() -> None:
    found = read(Csv(), csv_of("day,what", "03/02/2025,a", "04/02/2025,b"))[0]

    assert [item.fields["cells"]["day"] for item in found] == ["03/02/2025", "04/02/2025"]
    assert found[0].fields["at"] is None


def test_one_proven_column_decides_for_the_doubtful_one_of_its_file() -> None:
    found = cells(Csv(), csv_of("sum;rate", "1.234;1,5", "2.345;2,25"))

    assert found == [{"sum": "1234", "rate": "1.5"}, {"sum": "2345", "rate": "2.25"}]


def test_columns_that_prove_opposite_signs_leave_the_doubtful_one_as_text() -> None:
    found = cells(Csv(), csv_of("a;b;c", "1,5;1.5;1.234", "2,5;2.5;2.345"))

    assert [row["c"] for row in found] == ["1.234", "2.345"]
    assert [row["a"] for row in found] == ["1.5", "2.5"]


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        (["-12,50", "1.234,00"], ["-12.50", "1234.00"]),
        (["+3.10", "1,234.5"], ["3.10", "1234.5"]),
        (["1'234'567,5", "0,5"], ["1234567.5", "0.5"]),
        (["007.5", "8.0"], ["7.5", "8.0"]),
    ],
)
def test_amounts_become_exact_decimals(written: list[str], exact: list[str]) -> None:
    found = cells(Csv(), csv_of("n;amount", *(f"x;{text}" for text in written)))

    assert [row["amount"] for row in found] == exact


def test_a_row_is_titled_by_its_first_text() -> None:
    table = read(Csv(), csv_of("day,n,what", "2025-01-31,1,tea", "2025-01-31,2,"))[0]
    line = read(JsonLines(), b'{"n": 1, "at": "2025-01-31", "what": "tea"}')[0]

    assert [item.fields["title"] for item in (*table, *line)] == ["tea", None, "tea"]


def test_a_number_with_a_leading_zero_stays_the_text_it_is() -> None:
    found = cells(Csv(), csv_of("phone,n", "0049123,1", "0049124,2"))

    assert found == [{"phone": "0049123", "n": 1}, {"phone": "0049124", "n": 2}]


def test_a_leading_zero_stays_also_beside_a_column_that_proves_the_decimal_sign() -> None:
    found = cells(Csv(), csv_of("town,price", "01234,1.50", "99084,20.00"))

    assert found == [{"town": "01234", "price": "1.50"}, {"town": "99084", "price": "20.00"}]


def test_a_day_that_no_month_has_stays_text_in_its_row() -> None:
    found = cells(Csv(), csv_of("day,n", "31.01.2025,1", "31.02.2025,2"))

    assert [row["day"] for row in found] == ["2025-01-31", "31.02.2025"]


def test_a_row_of_another_width_is_a_reject_with_its_line() -> None:
    items, rejects = read(Csv(), csv_of("a,b", *["x,y"] * 9, "1,2,3"))

    assert len(items) == 9
    assert [(reject.position, reject.why) for reject in rejects] == [("line 11", Why.MALFORMED)]


def test_lines_before_the_table_are_rejects_and_the_table_is_read() -> None:
    items, rejects = read(Csv(), csv_of("Bank of Nowhere", "a;b", *["x;y"] * 9))

    assert len(items) == 9
    assert [(reject.position, reject.why) for reject in rejects] == [("line 1", Why.UNSUPPORTED)]


def test_a_table_without_a_header_gets_numbered_columns() -> None:
    assert cells(Csv(), csv_of("1,x", "2,y", "3,x"))[0] == {"column 1": 1, "column 2": "x"}


def test_bytes_that_are_not_utf8_are_assumed_windows_1252_and_kept_beside() -> None:
    found = read(Csv(), "name,n\nJosé,1\nAnn,2".encode("cp1252"))[0]

    assert found[0].fields["cells"]["name"] == "José"
    assert found[0].raw == ["José", "1"]


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_proves_the_charset(charset: str) -> None:
    assert cells(Csv(), "name,n\nJosé,1\nAnn,2".encode(charset))[0] == {"name": "José", "n": 1}


def test_a_quoted_cell_may_hold_delimiters_quotes_and_lines() -> None:
    found = cells(Csv(), b'a,b\n"x, ""y""\nz",1\nv,2')

    assert found[0] == {"a": 'x, "y"\nz', "b": 1}


def test_text_without_a_table_is_unreadable() -> None:
    with pytest.raises(UnreadableSourceError):
        list(Csv().read(io.BytesIO(b"only\nwords\n"), "file", None))


def test_keys_of_an_inner_object_are_joined_and_deeper_ones_stay() -> None:
    found = cells(JsonLines(), b'{"user": {"name": "Ann", "at": {"x": 1}}, "n": [1, 2.5]}')

    assert found == [{"user.name": "Ann", "user.at": {"x": 1}, "n": [1, 2.5]}]


def test_joined_keys_that_would_collide_stay_apart() -> None:
    found = cells(JsonLines(), b'{"a": {"b": 1}, "a.b": 2}')

    assert found == [{"a": {"b": 1}, "a.b": 2}]


def test_the_first_time_in_a_line_is_its_time() -> None:
    found = read(JsonLines(), b'{"n": 1, "when": "2025-01-01T02:00:00+02:00"}')[0][0]

    assert (found.fields["at"], found.fields["offset_min"]) == (1_735_689_600_000, 120)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"[1]", Why.UNSUPPORTED),
        (b"{", Why.MALFORMED),
        (b'{"a": NaN}', Why.MALFORMED),
        (b'{"a": 1e999}', Why.MALFORMED),
        (b'{"a": "\xff"}', Why.ENCODING),
        (b'{"a": "\\ud800"}', Why.ENCODING),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, Why.MALFORMED),
    ],
)
def test_a_line_that_is_no_object_is_a_reject(line: bytes, why: Why) -> None:
    items, rejects = read(JsonLines(), b'{"a": 1}\n' + line + b'\n{"a": 2}\n')

    assert [item.fields["cells"] for item in items] == [{"a": 1}, {"a": 2}]
    assert [(reject.position, reject.why) for reject in rejects] == [("line 2", why)]


@pytest.mark.parametrize("line", ['{"a": 1, "a": 2}', '{"a": 123456789012345678901234567890}'])
def test_a_line_whose_fields_do_not_tell_all_is_kept_whole(line: str) -> None:
    assert read(JsonLines(), line.encode())[0][0].raw == line
