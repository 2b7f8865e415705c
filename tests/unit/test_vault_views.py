"""The owner's SQL: typed tables in memory, and nothing else within reach."""

from collections.abc import Iterator
from itertools import count

import pytest

from sealhold.connectors.columns import column
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidQueryError
from sealhold.model.ids import AppId, Collection, FieldName, Id16, JobId, RecordId, SourceId
from sealhold.model.ids import SubjectId as Subject
from sealhold.model.records import ColumnType, Dataset, Provenance, Record, Sensitivity
from sealhold.vault import views

NOBODY = Id16(bytes(16))
THINGS = Collection("things")
CLOCK = count().__next__
COLUMNS = (
    column("at", ColumnType.INSTANT, "when"),
    column("name", ColumnType.TEXT, "what"),
    column("many", ColumnType.INTEGER, "how many"),
    column("much", ColumnType.FLOAT, "how much"),
    column("amount", ColumnType.DECIMAL, "exactly how much"),
    column("flag", ColumnType.BOOL, "whether"),
    column("list", ColumnType.LIST, "which"),
)
ROW: dict[str, Plain] = {
    "at": 1_767_225_600_000,
    "name": "a \"quoted\" 'name' ü",
    "many": 7,
    "much": 0.5,
    "amount": "-12.50",
    "flag": True,
    "list": ["x", {"y": 1}],
}


def dataset(columns: tuple[object, ...] = COLUMNS) -> Dataset:
    return Dataset(
        name=THINGS,
        columns=columns,  # type: ignore[arg-type]  # reason: columns, or none
        time_column=FieldName("at"),
        natural_key=(),
        sensitivity=Sensitivity.ORDINARY,
        granularity="a thing",
    )


def record(fields: dict[str, Plain]) -> Record:
    origin = Provenance(
        source=SourceId(NOBODY),
        job=JobId(NOBODY),
        connector="things",
        connector_version="1",
        original_id=None,
        position="line 1",
        content_hash=bytes(32),
    )
    return Record(
        id=RecordId(NOBODY),
        app=AppId(NOBODY),
        subject=Subject(NOBODY),
        collection=THINGS,
        version=1,
        fields=fields,
        raw=None,
        provenance=origin,
    )


def ask(sql: str, *rows: dict[str, Plain], known: Dataset | None = None) -> list[tuple[Plain, ...]]:
    def opened() -> Iterator[tuple[Record, str, str]]:
        return ((record(row), f"r-{number:012x}", "Things") for number, row in enumerate(rows))

    return views.run(sql, {THINGS: (known or dataset(), opened())}, CLOCK)[1]


def test_each_column_has_its_type() -> None:
    [row] = ask(
        "select id, source, \"at\" = timestamp '2026-01-01 00:00', name, many + 1, much * 2,"
        " amount::text, not flag, list->>0, list->1->>'y' from things",
        ROW,
    )

    told = ("r-000000000000", "Things", True, ROW["name"], 8, 1.0, "-12.5000", False, "x", "1")
    assert row == told


def test_a_value_that_does_not_fit_its_column_is_empty() -> None:
    odd: dict[str, Plain] = {
        "at": "later",
        "many": 1.5,
        "much": "?",
        "flag": 1,
        "amount": "no number",
        "list": None,
    }

    asked = 'select "at", many, much, flag, amount, list from things'

    assert ask(asked, odd) == [(None,) * 6]


def test_bytes_are_told_by_their_length() -> None:
    assert ask("select list from things", {"list": [b"abc"]}) == [('["(3 bytes)"]',)]


def test_a_dataset_without_columns_has_those_that_its_items_show() -> None:
    bare = dataset(())
    rows: list[dict[str, Plain]] = [
        {"Name": "a", "n": 1, "id": "own", "x y": True},
        {"name": "b", "z": [1]},
    ]

    found = ask('select id, "Name", n, "x y", z from things order by id', *rows, known=bare)

    assert found == [
        ("r-000000000000", "a", 1, True, None),
        ("r-000000000001", None, None, None, "[1]"),
    ]


def test_a_long_result_is_cut_and_says_so() -> None:
    _, rows, cut, _ = views.run("select * from range(10001)", {}, CLOCK)

    assert len(rows) == views.MAX_ROWS
    assert cut


def test_a_query_names_the_collections_it_needs() -> None:
    known = [Collection("events"), Collection("messages"), Collection("trips")]

    assert views.named_collections("SELECT * FROM Events e JOIN trips USING (at)", known) == [
        "events",
        "trips",
    ]


@pytest.mark.threat("T22")
@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/passwd')",
        "select * from read_csv('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from glob('/*')",
        "copy things to '/tmp/things.csv'",
        "copy things from '/etc/passwd'",
        "export database '/tmp/things'",
        "attach '/tmp/things.db'",
        "install httpfs",
        "load httpfs",
        "load '/tmp/things.so'",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "set memory_limit = '100GB'",
        "set temp_directory = '/tmp'",
        "reset memory_limit",
        "select getenv('HOME')",
        "select * from ROW",
        "create secret (type s3)",
    ],
)
def test_nothing_outside_the_query_is_within_its_reach(sql: str) -> None:
    with pytest.raises(InvalidQueryError):
        ask(sql, ROW)


@pytest.mark.parametrize(
    "sql", ["", "--", "selec 1", "select", "select 1; select 2", "select * from nowhere", "'"]
)
def test_a_query_that_cannot_be_run_is_told_so(sql: str) -> None:
    with pytest.raises(InvalidQueryError):
        ask(sql, ROW)


def test_a_column_named_like_a_word_of_sql_is_told_to_be_quoted() -> None:
    with pytest.raises(InvalidQueryError, match=r'in double quotes: "at"$'):
        ask("select at, name from things", ROW)


def test_a_failing_conversion_does_not_quote_the_owners_data() -> None:
    with pytest.raises(InvalidQueryError) as caught:
        ask("select name::int from things", {"name": "secret"})

    assert "secret" not in str(caught.value)


def test_a_query_that_takes_too_much_memory_is_refused() -> None:
    big = "create table t as select i, repeat('x', 1000) from range(10_000_000) n(i)"

    with pytest.raises(InvalidQueryError, match="Memory"):
        ask(big)


def test_a_query_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "TIME_S", 0.2)

    with pytest.raises(InvalidQueryError):
        ask("select count(*) from range(1000000) a, range(1000000) b where a.range * b.range = 7")
