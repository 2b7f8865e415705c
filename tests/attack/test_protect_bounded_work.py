"""Work on opened rows is bounded: no value and no statement makes the proxy slow, deep or large."""

from contextlib import suppress
from decimal import Decimal
from time import perf_counter

import postgast
import pytest

from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.types import named
from sealhold.protect.sql.residual import (
    RowLimit,
    Slot,
    TooMuchToOpenError,
    compile_expression,
    compile_select,
)

PLAIN = Settings()
SOON = 2.0  # seconds; each takes a few hundredths, and what it must not do takes minutes
TEXT = Slot(0, named("text"))


def evaluated(expression: str, text: str) -> bytes | None:
    node = postgast.parse(f"SELECT {expression}").stmts[0].stmt.select_stmt.target_list[0]
    made = compile_expression(node.res_target.val, lambda _: TEXT, lambda _: None)
    return made.evaluate([text.encode()], (), PLAIN)


@pytest.mark.threat("T630")
@pytest.mark.parametrize("name", ["json", "jsonb"])
@pytest.mark.parametrize("mark", ["[", '{"a":'])
def test_a_text_that_nests_without_end_is_refused(name: str, mark: str) -> None:
    with pytest.raises(PgValueError) as caught:
        codec(named(name)).to_binary(mark.encode() * 100_000, PLAIN)

    assert caught.value.sqlstate in {"54001", "22P02"}


@pytest.mark.threat("T630")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("numeric", "1" * 131_072),
        ("numeric", "1e-1000000000"),
        ("numeric", "1e1000000000"),
        ("int8", "9" * 1_000_000),
        ("float8", "9" * 1_000_000),
        ("interval", "1" * 100_000),
        ("interval", " 1 day" * 20_000),
        ("timestamptz", "2024-01-01 " + " " * 100_000 + "x"),
        ("date", "1" * 100_000 + "-01-01"),
        ("text[]", "{" + "a " * 100_000 + "}"),
        ("text[]", '{"' + "\\" * 100_000),
        ("bytea", "\\x" + " " * 100_000 + "g"),
        ("jsonb", '["' + "\\" * 100_001 + '"]'),
        ("json", "1" * 100_000),
    ],
)
def test_no_text_is_slow_to_read(name: str, text: str) -> None:
    forms, begun = codec(named(name)), perf_counter()

    with suppress(PgValueError):
        binary = forms.to_binary(text.encode(), PLAIN)
        forms.to_text(forms.canonical(binary) if name != "json" else binary, PLAIN)

    assert perf_counter() - begun < SOON


@pytest.mark.threat("T631")
def test_a_text_does_not_grow_without_end() -> None:
    with pytest.raises(PgValueError) as caught:
        evaluated("replace(t, 'a', t)", "a" * 20_000)

    assert caught.value.sqlstate == "54000"


@pytest.mark.threat("T631")
def test_numbers_of_all_digits_are_multiplied_and_divided_soon() -> None:
    number = codec(named("numeric"))
    most = number.from_value(Decimal("9" * 60_000))
    slot = Slot(0, named("numeric"))
    node = postgast.parse("SELECT (n * n) / n % 7").stmts[0].stmt.select_stmt.target_list[0]
    made = compile_expression(node.res_target.val, lambda _: slot, lambda _: None)
    begun = perf_counter()

    made.evaluate([most], (), PLAIN)

    assert perf_counter() - begun < SOON


@pytest.mark.threat("T632")
@pytest.mark.parametrize(
    "pattern", ["%a" * 40 + "b", "%_a" * 40 + "b", "%" * 2_000 + "b", "_" * 5_000 + "%b"]
)
@pytest.mark.parametrize("operator", ["LIKE", "ILIKE"])
def test_no_pattern_makes_matching_slow(pattern: str, operator: str) -> None:
    begun = perf_counter()

    assert evaluated(f"t {operator} '{pattern}'", "a" * 5_000) == b"\0"
    assert perf_counter() - begun < SOON


@pytest.mark.threat("T633")
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT t FROM t",
        "SELECT count(*) FROM t",
        "SELECT array_agg(replace(t, 'a', 'bbbbbbbb')) FROM t",
        "SELECT string_agg(t, ',' ORDER BY t) FROM t",
        "SELECT t FROM t GROUP BY t",
        "SELECT DISTINCT t || t FROM t",
        "SELECT t FROM t ORDER BY t",
    ],
)
def test_a_statement_cannot_have_more_opened_than_the_policy_allows(sql: str) -> None:
    select = postgast.parse(sql).stmts[0].stmt.select_stmt
    residual = compile_select(select, lambda _: TEXT, lambda _: None, text_order="C")
    rows = ([b"a" * 1_000 + b"%d" % number] for number in range(10_000))

    with pytest.raises(TooMuchToOpenError):
        list(residual.run(rows, (), PLAIN, RowLimit(100_000, 1_000_000)))
