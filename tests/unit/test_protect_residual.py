"""Statements over opened rows: what is refused, what parameters become, how much is held.

What is answered is compared with a server in tests/scenarios/test_protect_residual_on_server.py.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import postgast
import pytest

from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.types import PgType, named
from sealhold.protect.sql.residual import (
    CannotDo,
    Residual,
    RowLimit,
    Slot,
    TooMuchToOpenError,
    compile_expression,
    compile_predicate,
    compile_select,
)

COLUMNS = {"id": "int4", "name": "text", "amount": "numeric(10,2)", "day": "date", "j": "json"}
SLOTS = {name: Slot(at, named(kind)) for at, (name, kind) in enumerate(COLUMNS.items())}
PLAIN = Settings()
WIDE = 10**6


def column(names: tuple[str, ...]) -> Slot:
    return SLOTS[names[-1]]


def select(
    sql: str, types: Sequence[str | None] = (), order: Literal["C", "refuse"] = "refuse"
) -> Residual:
    known = [None if each is None else named(each) for each in types]
    statement = postgast.parse(sql).stmts[0].stmt.select_stmt
    return compile_select(
        statement,
        column,
        lambda at: known[at] if at < len(known) else None,
        text_order=order,
    )


def row(*texts: str | None) -> list[bytes | None]:
    return [
        None if text is None else codec(slot.type).to_binary(text.encode(), PLAIN)
        for text, slot in zip(texts, SLOTS.values(), strict=True)
    ]


ROWS = [
    row("1", "ada", "1.50", "2024-01-31", "{}"),
    row("2", "Bob", None, "2024-02-29", "{}"),
    row("3", None, "-2.00", None, None),
]


def shown(
    residual: Residual, parameters: Sequence[bytes | None] = (), limit: RowLimit | None = None
) -> list[list[str | None]]:
    rows = residual.run(ROWS, parameters, PLAIN, limit or RowLimit(WIDE, WIDE))
    kinds = [codec(kind) for _, kind in residual.outputs]
    return [
        [
            None if cell is None else kind.to_text(cell, PLAIN).decode()
            for cell, kind in zip(cells, kinds, strict=True)
        ]
        for cells in rows
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT now()",
        "SELECT current_date",
        "SELECT random()",
        "SELECT * FROM t",
        "SELECT name ~ 'a'",
        "SELECT name SIMILAR TO 'a'",
        "SELECT to_char(day, 'YYYY')",
        "SELECT (SELECT 1)",
        "SELECT row_to_json(t) FROM t",
        "SELECT sum(id) OVER ()",
        "SELECT id, count(*)",
        "SELECT count(*) WHERE count(*) > 1",
        "SELECT sum(count(*))",
        "SELECT count(*) GROUP BY GROUPING SETS ((id), ())",
        "SELECT id UNION SELECT id",
        "SELECT id FOR UPDATE",
        "SELECT id + name",
        "SELECT name = 1",
        "SELECT myschema.lower(name)",
        "SELECT id OPERATOR(myschema.+) 1",
        "SELECT name::money",
        "SELECT name::myschema.mytype",
        "SELECT ROW(id, name)",
        "SELECT DISTINCT j",
        "SELECT j = j",
        "SELECT day + '1'",
        "SELECT name ORDER BY 2",
        "SELECT DISTINCT name ORDER BY id",
        "SELECT DISTINCT ON (id) id ORDER BY day, id",
        "SELECT id ORDER BY id FETCH FIRST 1 ROW WITH TIES",
        "SELECT id ORDER BY id USING <",
        "SELECT id LIMIT id",
        "SELECT B'101'",
        "SELECT $1 + $1::text",
        'SELECT name COLLATE "de_DE" < name',
        "SELECT extract(julian FROM day)",
        "SELECT 'now'::date",
    ],
)
def test_what_is_not_in_the_list_is_refused_when_it_is_compiled(sql: str) -> None:
    with pytest.raises(CannotDo):
        select(sql, order="C")


@pytest.mark.parametrize(
    "clause",
    [
        "WHERE name < 'b'",
        "WHERE name BETWEEN 'a' AND 'b'",
        "ORDER BY name",
        "GROUP BY id HAVING max(name) = 'a'",
    ],
)
def test_texts_are_put_in_order_only_where_order_c_is_meant(clause: str) -> None:
    with pytest.raises(CannotDo) as caught:
        select(f"SELECT id FROM t {clause}")

    assert "COLLATE" in caught.value.advice
    select(f"SELECT id FROM t {clause}", order="C")


def test_a_statement_can_ask_for_order_c() -> None:
    found = shown(select('SELECT name FROM t ORDER BY name COLLATE "C" DESC NULLS LAST'))

    assert found == [["ada"], ["Bob"], [None]]


def test_equality_of_texts_needs_no_order() -> None:
    assert shown(select("SELECT id FROM t WHERE name IN ('ada', 'x')")) == [["1"]]


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("SELECT 1 / 0 FROM t", "22012"),
        ("SELECT 'x'::int FROM t", "22P02"),
        ("SELECT id FROM t WHERE day = '2024-02-30'", "22008"),
        ("SELECT 32767::smallint + 1::smallint FROM t", "22003"),
    ],
)
def test_a_wrong_constant_fails_though_there_is_no_row(sql: str, sqlstate: str) -> None:
    with pytest.raises(PgValueError) as caught:
        list(select(sql).run([], (), PLAIN, RowLimit(1, 1)))

    assert caught.value.sqlstate == sqlstate


def test_a_wrong_constant_that_is_left_out_does_not_fail() -> None:
    sql = "SELECT CASE WHEN false THEN 1 / 0 ELSE id END, false AND 1 / 0 = 1 FROM t WHERE id = 1"

    assert shown(select(sql)) == [["1", "f"]]


def test_a_parameter_takes_the_type_that_stands_beside_it() -> None:
    residual = select("SELECT id FROM t WHERE amount > $1 AND name LIKE $2 LIMIT $3")

    assert {at: kind.name for at, kind in residual.learned.items()} == {
        0: "numeric",
        1: "text",
        2: "int8",
    }
    given = [codec(named("numeric")).to_binary(b"1", PLAIN), b"a%", (5).to_bytes(8)]
    assert shown(residual, given) == [["1"]]


def test_a_parameter_of_a_known_type_keeps_it() -> None:
    residual = select("SELECT $1 + 1", types=["int8"])

    assert not residual.learned
    assert residual.outputs[0][1].name == "int8"


def test_a_list_of_names_may_be_a_parameter() -> None:
    residual = select("SELECT id FROM t WHERE id = ANY($1)")

    assert residual.learned[0].name == "_int4"


def test_a_null_limit_is_none_and_a_negative_one_is_refused() -> None:
    residual = select("SELECT id FROM t LIMIT $1")

    assert len(shown(residual, [None])) == len(ROWS)
    with pytest.raises(PgValueError) as caught:
        shown(residual, [(-1).to_bytes(8, signed=True)])
    assert caught.value.sqlstate == "2201W"


def test_rows_stream_and_no_more_are_taken_than_needed() -> None:
    taken = 0

    def rows() -> Iterator[Sequence[bytes | None]]:
        nonlocal taken
        for each in ROWS * 10:
            taken += 1
            yield each

    residual = select("SELECT id FROM t WHERE id < 3 LIMIT 2")

    assert len(list(residual.run(rows(), (), PLAIN, RowLimit(WIDE, WIDE)))) == 2
    assert taken == 2


def test_a_group_may_be_named_by_an_output_that_is_no_column() -> None:
    sql = "SELECT lower(name) AS who, count(*) FROM t GROUP BY who HAVING count(*) > 0"

    assert sorted(shown(select(sql)), key=str) == [["ada", "1"], ["bob", "1"], [None, "1"]]


def test_a_name_in_group_by_is_a_column_first() -> None:
    with pytest.raises(CannotDo):
        select("SELECT id % 2 AS id2, lower(name) AS id FROM t GROUP BY id")


def test_letters_change_their_case_one_by_one() -> None:
    sql = "SELECT upper('straße ᾳ é ŉ'), lower('İ É ẞ'), upper('é' COLLATE \"C\") FROM t LIMIT 1"

    assert shown(select(sql)) == [["STRAßE ᾼ É ŉ", "i é ß", "é"]]


def test_a_predicate_is_an_expression_of_truth() -> None:
    node = postgast.parse("SELECT amount IS NULL OR id = $1").stmts[0].stmt.select_stmt
    kept = compile_predicate(node.target_list[0].res_target.val, column, lambda _: None)

    assert kept.type.name == "bool"
    assert kept.learned[0].name == "int4"
    found = [kept.evaluate(each, [(3).to_bytes(4)], PLAIN) for each in ROWS]
    assert found == [b"\0", b"\1", b"\1"]


def assigned(expression: str, target: PgType) -> bytes | None:
    node = postgast.parse(f"SELECT {expression}").stmts[0].stmt.select_stmt
    value = node.target_list[0].res_target.val
    return compile_expression(value, column, lambda _: None, target).evaluate(ROWS[0], (), PLAIN)


def test_what_is_assigned_becomes_of_the_columns_type() -> None:
    amount = named("numeric(10,2)")

    assert assigned("amount * 2 + 0.005", amount) == codec(amount).to_binary(b"3.01", PLAIN)
    assert assigned("'7'", amount) == codec(amount).to_binary(b"7", PLAIN)
    assert assigned("NULL", amount) is None


def test_what_is_assigned_is_refused_where_it_does_not_fit() -> None:
    with pytest.raises(PgValueError) as caught:
        assigned("name || ' lovelace'", named("varchar(5)"))

    assert caught.value.sqlstate == "22001"
    with pytest.raises(CannotDo):
        assigned("name", named("int4"))


def test_more_rows_than_allowed_are_refused() -> None:
    with pytest.raises(TooMuchToOpenError):
        shown(select("SELECT id FROM t"), limit=RowLimit(2, WIDE))


@pytest.mark.parametrize(
    "sql", ["SELECT repeated FROM t ORDER BY id", "SELECT DISTINCT repeated FROM t"]
)
def test_what_is_held_counts_as_what_is_read(sql: str) -> None:
    wide = sql.replace("repeated", "replace('aaaaaaaaaa', 'a', 'bbbbbbbbbbbbbbbbbbbb')")

    with pytest.raises(TooMuchToOpenError):
        shown(select(wide), limit=RowLimit(9, 110))
