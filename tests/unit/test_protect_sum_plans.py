"""Which statements an agent adds up, what the provider is sent for them, and what is learned."""

from decimal import Decimal

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.model.errors import InvalidError
from sealhold.protect.agent import unpacked
from sealhold.protect.columns import columns_of
from sealhold.protect.guards import tag_rows
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.policy import Csp, Integrity, Policy, TablePolicy
from sealhold.protect.sql.explaining import ExplainedStatement, explain_statements
from sealhold.protect.sumform import SumForm, added, form_of, overflows
from sealhold.protect.sums import packed
from sealhold.protect.sumstate import ROWS, Kept
from sealhold.protect.techniques.he_sum import Block
from tests.protecting import column, keys
from tests.summing import column_summed

CSPS = (Csp(id="rows", kind="postgres", url="x"), Csp(id="adder", kind="agent", url="y"))


def table(*csps: str, integrity: Integrity = Integrity.CELL) -> TablePolicy:
    return TablePolicy(
        dataset="clinic",
        name="stay",
        csps=csps,
        integrity=integrity,
        columns=(
            column("id", "integer", "clear"),
            column("cost", "integer", "he-sum"),
            column("paid", "numeric(10,2)", "he-sum"),
            column("ward", "text", "deterministic"),
            column("city", "text", "clear"),
            column("note", "text", "sealed"),
        ),
    )


def explained(sql: str, made: TablePolicy | None = None) -> ExplainedStatement:
    policy = Policy(name="p", version=1, csps=CSPS, tables=(made or table("rows", "adder"),))
    columns = columns_of(policy, keys(), seeded(b"x"))
    tag_rows(policy, columns, keys())
    [found] = explain_statements(policy, columns, sql)
    return found


def is_added(found: ExplainedStatement) -> bool:
    return any("the agent adds up" in each for each in found.residual)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT sum(cost) FROM stay",
        "SELECT avg(paid), count(*), count(note), sum(cost) FROM stay s WHERE s.city = $1",
        "SELECT ward, sum(cost) + 1 AS more FROM stay WHERE note IS NULL GROUP BY ward",
        "SELECT city, sum(cost) FROM stay GROUP BY 1 HAVING sum(cost) > 3 ORDER BY 2 LIMIT 5",
        "SELECT DISTINCT sum(paid) FROM stay GROUP BY city",
    ],
)
def test_what_an_agent_adds_up(sql: str) -> None:
    found = explained(sql)

    assert is_added(found)
    assert found.refused is None
    [sent] = found.csp
    assert "GROUP BY" in sent
    assert "count(*) <> 4096" in sent
    assert any("the agent" in each for each in found.leaks)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT sum(cost) FROM stay WHERE cost > 3",
        "SELECT sum(DISTINCT cost) FROM stay",
        "SELECT sum(cost) FILTER (WHERE id > 3) FROM stay",
        "SELECT sum(cost * 2) FROM stay",
        "SELECT min(cost), sum(cost) FROM stay",
        "SELECT id % 2, sum(cost) FROM stay GROUP BY id % 2",
        "SELECT sum(a.cost) FROM stay a JOIN stay b ON a.id = b.id",
        "SELECT avg(paid) FROM stay GROUP BY note",
    ],
)
def test_what_is_done_on_opened_rows(sql: str) -> None:
    found = explained(sql)

    assert not is_added(found)
    assert found.refused is None
    assert not any("_s" in each.replace("_sh_rid", "") for each in found.csp)


@pytest.mark.parametrize("made", [table("rows"), table("rows", "adder", integrity=Integrity.ROW)])
def test_without_an_agent_and_where_rows_have_tags_rows_are_opened(made: TablePolicy) -> None:
    found = explained("SELECT sum(cost) FROM stay", made)

    assert not is_added(found)
    assert any("no gain over fetching" in each for each in found.residual)


def test_a_change_writes_the_mark_with_the_cell() -> None:
    [sent] = explained("INSERT INTO stay (id, cost) VALUES (1, 2)").csp

    assert "cost_s" in sent


def form(type_: str, **more: object) -> SumForm:
    found = form_of(column_summed(type_, **more))
    assert found is not None
    return found


def test_values_are_whole_numbers_of_so_many_bits() -> None:
    paid = form("numeric(10,2)")
    value = codec(paid.type).from_value

    assert (form("smallint").bits, form("integer").bits, form("bigint").bits) == (16, 32, 64)
    assert paid.bits == 35
    assert paid.number(value(Decimal("-12.30"))) == -1230
    assert paid.number(value(Decimal("NaN"))) is None
    assert str(paid.total(-1230)) == "-12.30"
    assert added(paid, [value(Decimal("NaN"))]) is None
    assert form_of(column_summed("numeric")) is None
    assert form_of(column_summed("numeric(30,2)")) is None


def test_a_range_bounds_what_lies_in_blocks() -> None:
    narrow = form("integer", range=(-(2**19), 2**19 - 1))
    value = codec(narrow.type).from_value

    assert narrow.bits == 20
    assert narrow.number(value(2**19)) is None
    assert narrow.exact(value(2**19)) == 2**19
    assert overflows(narrow, 2**63)
    assert not overflows(form("bigint"), 2**63)


def test_a_mask_comes_out_as_it_went_in() -> None:
    mask = bytes([1, 0, 0, 1]) + bytes(ROWS - 5) + b"\1"

    assert unpacked(packed(mask)) == mask
    assert len(packed(mask)) == 512
    for wrong in (bytes(512), b"\1", bytes(513)):
        with pytest.raises(InvalidError):
            unpacked(wrong)


def test_what_is_kept_of_a_block_is_what_was_sealed() -> None:
    rows = tuple(range(5, 5 + ROWS))
    kept = Kept(7, b"".join(row.to_bytes(8) for row in rows))

    assert kept.where == Block(rows, (7,) * ROWS).where
    assert kept.slots()[6] == 1
