"""The judge is judged: a database is its own equal, and each lie of an end is noticed."""

from collections.abc import Iterator

import pytest

from tests.proxying.addresses import Address
from tests.proxying.cases import Case, parsed, written_cases
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.comparing import Outcome, compared, is_ordered
from tests.proxying.generating import generated
from tests.proxying.hostile_pg import TRICKS, hostile
from tests.proxying.oracle import Oracle, ask_all
from tests.proxying.talking import Answer, Step, Talk, Way
from tests.proxying.worlds import PATIENT, TOWN, WORLDS

MADE = 1_400
SEED = 1
REFUSED = Answer("error", sqlstate="SH002", message="not on this protection")


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


def pair(rented: Cluster, name: str) -> tuple[Address, Address]:
    """Return two databases that are alike and hold nothing."""
    for each in ("one", "two"):
        rented.run(f"CREATE DATABASE {name}_{each} TEMPLATE plain")
    return rented.address(f"{name}_one"), rented.address(f"{name}_two")


def test_a_database_is_its_own_equal_in_every_statement_that_is_asked(rented: Cluster) -> None:
    one, two = pair(rented, "own")
    cases = [*written_cases(), *generated(MADE, SEED)]
    ways = [*Way]

    with Oracle(one, two) as oracle:
        oracle.fill(WORLDS)
        assert oracle.views() == []
        for nth, case in enumerate(cases):
            for verdict in ask_all(oracle, [case], [ways[nth % 3]] if nth % 3 else Way):
                assert verdict.outcome is Outcome.IDENTICAL, verdict
        assert oracle.contents(WORLDS) == []

    assert len({str(case) for case in cases}) >= 1_500
    assert oracle.report.answered == 1.0


def test_most_statements_that_are_made_find_rows_and_none_is_an_error(rented: Cluster) -> None:
    address, _ = pair(rented, "trial")
    found, errors = 0, []

    with Talk(address) as link:
        for table in WORLDS:
            for sql in (table.create, *table.inserts(11)):
                link.say(sql)
        for case in generated(400, 2):
            link.say("BEGIN")
            (answer,) = link.say(case.steps[0], Way.TEXT)
            link.say("ROLLBACK")
            found += bool(answer.rows) or answer.kind == "done"
            errors += [(str(case), answer.message)] * (answer.kind == "error")

    assert not errors
    assert found > 300


@pytest.mark.parametrize("name", TRICKS)
def test_an_end_that_lies_about_rows_is_wrong(rented: Cluster, name: str) -> None:
    one, two = pair(rented, name)
    case = Case("lie", (Step("SELECT * FROM patient ORDER BY id"),))

    with (
        hostile(rented.port) as (port, provider),
        Oracle(one.at(port), two) as oracle,
    ):
        oracle.fill([PATIENT])
        honest = oracle.ask(case, Way.TEXT)
        with provider.playing(TRICKS[name]):
            lied = [oracle.ask(case, way) for way in Way]

    assert honest.outcome is Outcome.IDENTICAL
    assert [verdict.outcome for verdict in lied] == [Outcome.WRONG] * 3


def test_an_old_answer_given_again_is_wrong(rented: Cluster) -> None:
    one, two = pair(rented, "old")
    case = Case("lie", (Step("SELECT * FROM town ORDER BY name"),))

    with (
        hostile(rented.port) as (port, provider),
        Oracle(one.at(port), two) as oracle,
    ):
        oracle.fill([TOWN])
        provider.remembers = True
        oracle.ask(case, Way.SIMPLE)
        provider.remembers = False
        changed = Case("change", (Step("UPDATE town SET people = people + 1"),), is_own=True)
        oracle.ask(changed, Way.SIMPLE)
        with provider.playing(provider.replayed):
            assert oracle.ask(case, Way.SIMPLE).outcome is Outcome.WRONG


@pytest.mark.parametrize(
    "ours",
    [
        Answer("silent"),
        Answer("lost"),
        Answer("error", sqlstate="SH003"),
        Answer("error", sqlstate="42601"),
        Answer("done", tag="UPDATE 2"),
        Answer("rows", tag="UPDATE 1"),
        Answer("done", tag="UPDATE 1", parameters=(25,)),
    ],
    ids=lambda answer: answer.kind + answer.sqlstate + answer.tag,
)
def test_silence_a_false_alarm_and_another_answer_are_wrong(ours: Answer) -> None:
    truth = Answer("done", tag="UPDATE 1")

    assert compared([ours], [truth], ordered=False)[0] is Outcome.WRONG
    assert compared([truth], [truth], ordered=False)[0] is Outcome.IDENTICAL


def test_a_refusal_is_neither_right_nor_wrong() -> None:
    assert compared([REFUSED], [], ordered=False)[0] is Outcome.REFUSED


@pytest.mark.parametrize(
    ("sql", "ordered"),
    [
        ("SELECT 1 ORDER BY 1", True),
        ("SELECT 1", False),
        ("SELECT * FROM (SELECT 1 ORDER BY 1) s", False),
        ("SELECT 'order by'", False),
        ("SELECT 1 order  by 1 LIMIT 1", True),
    ],
)
def test_order_counts_where_the_statement_fixes_it(sql: str, *, ordered: bool) -> None:
    assert is_ordered(sql) is ordered


def test_a_line_is_a_case_and_its_parts_are_steps() -> None:
    copied = "COPY t FROM STDIN << 1\\tx\\\\N\\n"
    text = f"## a : own\nBEGIN ;; ROLLBACK\n## b\n{copied}\nSELECT «7», «NULL»"

    own, copy, asked = parsed(text)

    assert (own.is_own, len(own.steps)) == (True, 2)
    assert copy.steps[0].data == b"1\tx\\N\n"
    assert copy.writes
    assert asked.steps[0].values == [b"7", None]
    assert asked.steps[0].numbered == "SELECT $1, $2"
    assert asked.steps[0].literal == "SELECT '7', NULL"
