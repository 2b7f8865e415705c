"""What another proxy asks, narrowed to its grant and planned: the texts, without a database."""

import pytest

from sealhold.protect.peers.gridding import is_told
from sealhold.protect.peers.planning import normal
from sealhold.protect.sql.plan import Query, Refused
from tests.unit.peer_grants import ROWS, SUMS, TEXTS, planned


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id, name FROM patient WHERE email = $1",
        "SELECT * FROM public.patient",
        "SELECT p.city, q.id FROM patient p JOIN patient AS q ON p.email = q.email",
        "SELECT upper(name), city FROM patient WHERE name LIKE 'A%' ORDER BY city",
        "SELECT city, sum(age) FROM patient GROUP BY city",
        "WITH w AS (SELECT id FROM patient) SELECT id FROM w UNION ALL SELECT id FROM patient",
        "SELECT id FROM patient WHERE id IN (SELECT id FROM patient WHERE age < 30)",
        "SELECT id, CASE WHEN city = 'Bern' THEN 1 END FROM patient",
        "SELECT row_number() OVER (ORDER BY id) FROM patient LIMIT 3",
    ],
)
def test_each_occurrence_of_a_table_is_narrowed(text: str) -> None:
    plan, handed = planned(ROWS, text)

    assert isinstance(plan, Query), plan
    assert handed.count("OFFSET 0") == text.lower().count("patient")
    assert handed.count("patient.city = 'Bern' AND patient.age > 18") == handed.count(
        "public.patient"
    )


def test_a_table_without_a_condition_is_narrowed_to_its_columns_alone() -> None:
    _, handed = planned(SUMS, "SELECT city, count(*) FROM patient GROUP BY city")

    assert "WHERE" not in handed
    assert "OFFSET" not in handed


def test_sums_are_asked_with_what_tells_which_groups_there_are() -> None:
    _, handed = planned(SUMS, "SELECT p.city AS c, avg(p.age) FROM patient AS p GROUP BY p.city")

    assert handed == (
        "SELECT city AS c, pg_catalog.avg(age), pg_catalog.count(*), pg_catalog.count(age)"
        " FROM public.patient GROUP BY city"
    )


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        (("5", "5"), True),
        (("4", "4"), False),
        (("9", "4"), False),  # few values
        (("9", "8"), False),  # few NULLs
        (("10", "5"), True),
        (("9", "0"), False),
        ((None, None), False),
    ],
)
def test_a_group_is_told_if_rows_values_and_nulls_are_enough(
    counts: tuple[str | None, ...], *, told: bool
) -> None:
    assert SUMS.grid is not None
    assert is_told(SUMS.grid, counts) is told


def test_a_statement_is_known_by_what_it_says_and_not_by_how() -> None:
    plan, handed = planned(TEXTS, "select  city from patient -- mine\n where (id = $1)")
    other, _ = planned(TEXTS, "SELECT city FROM patient WHERE id <> $1")

    assert not isinstance(plan, Refused)
    assert handed == TEXTS.statements[0].sql
    assert isinstance(other, Refused)
    assert other.code == "SH007"


def test_values_of_a_statement_are_those_of_the_grant() -> None:
    one = TEXTS.statements[0]

    assert one.takes(("1",))
    assert not one.takes(("3",))
    assert not one.takes(())


def test_a_constant_is_part_of_a_statement() -> None:
    assert normal("SELECT city FROM patient WHERE id = 1") != normal(
        "SELECT city FROM patient WHERE id = 2"
    )
