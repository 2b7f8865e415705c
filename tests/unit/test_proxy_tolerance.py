"""From a fault to what is held, as the policy says; and planners that refuse by it."""

from dataclasses import replace

import pytest

from sealhold.model.errors import QuarantinedError, TooFastError
from sealhold.protect.gate import Use
from sealhold.protect.policy import Csp, Policy
from sealhold.protect.sql.guarding import Guarded, ReadsOnly
from sealhold.protect.sql.plan import Refused
from sealhold.protect.tolerance import RECENT, Alarm, Held, Kind, Tolerance
from tests.planned import PATIENT, POLICY, planner

CSPS = (
    Csp(id="a", kind="postgres", url=""),
    Csp(id="b", kind="postgres", url="", replica_of="a"),
)
ALL = ("failover", "rotate", "quarantine", "notify")


class Told:
    """A tolerance of one table, and what it told."""

    def __init__(
        self,
        *reactions: str,
        csps: tuple[Csp, ...] = CSPS,
        held: tuple[Held, ...] = (),
        **more: int,
    ) -> None:
        table = replace(PATIENT, reactions=reactions, csps=("a",), **more)  # type: ignore[arg-type]  # reason: numbers of the table
        self.alarms: list[Alarm] = []
        self.now = 0
        policy = replace(POLICY, csps=csps, tables=(table,))
        self.tolerance = Tolerance(policy, lambda: self.now, self.alarms.append, held)

    @property
    def marks(self) -> set[str]:
        return {each.mark for each in self.tolerance.held}


def use(principal: str = "anna", table: str = "public.patient") -> Use:
    return Use(principal, "clinic", "SELECT", (table,), ("patient.name",), ())


@pytest.mark.threat("T745")
@pytest.mark.parametrize(
    ("reactions", "marks"),
    [
        (("notify",), set()),
        (("quarantine",), {"table:public.patient"}),
        (("rotate",), {"rotation:public.patient"}),
        (("failover",), {"provider:a"}),
        (ALL, {"table:public.patient", "rotation:public.patient", "provider:a"}),
    ],
)
def test_a_bad_tag_has_the_reactions_of_its_table(
    reactions: tuple[str, ...], marks: set[str]
) -> None:
    told = Told(*reactions)

    told.tolerance.found("tampered", "public.patient", "anna")

    [alarm] = told.alarms
    assert told.marks == {each.mark for each in alarm.held} == marks
    assert told.tolerance.unwritable == (
        {"public.patient"} if "quarantine" in reactions else frozenset()
    )


def test_a_fault_of_a_replica_is_held_against_the_replica() -> None:
    told = Told("failover")
    told.tolerance.found("tampered", "public.patient", "anna", "b")
    told.tolerance.recorded("tampered", "public.patient")  # by the gate, of the same
    assert told.marks == {"provider:b"}
    assert len(told.alarms) == 1


def test_what_the_gate_alone_records_is_an_alarm_too() -> None:
    told = Told("quarantine")
    told.tolerance.recorded("extra", "public.patient")
    assert told.marks == {"table:public.patient"}
    assert told.tolerance.held[0].cause == "extra"


def test_without_a_replica_nothing_fails_over() -> None:
    told = Told("failover", csps=CSPS[:1])
    told.tolerance.found("stale", "public.patient")
    assert told.marks == set()


def test_who_sees_too_much_is_shut_out_and_not_the_table() -> None:
    told = Told(*ALL, distinct_per_hour=2)
    told.tolerance.opened("anna", "public.patient", [1, 2])
    with pytest.raises(TooFastError):
        told.tolerance.opened("anna", "public.patient", [3])

    assert told.tolerance.out == {"user:anna"}
    with pytest.raises(QuarantinedError):
        told.tolerance.used(use())
    told.tolerance.used(use("bert"))
    assert told.tolerance.unwritable == frozenset()


@pytest.mark.threat("T745")
def test_by_a_guess_nobody_is_shut_out() -> None:
    told = Told(*ALL)
    for minute in range(30):
        told.now = minute * 60_000
        told.tolerance.opened("anna", "public.patient", range(10))
    told.now += 60_000
    told.tolerance.opened("anna", "public.patient", range(9_000))

    assert [each.cause for each in told.alarms] == ["unusual-rows"]
    assert told.marks == set()


@pytest.mark.threat("T746")
def test_who_touches_a_decoy_is_told_of_and_shut_out_if_the_policy_says_so() -> None:
    for reactions, out in ((("notify",), frozenset()), (ALL, frozenset({"user:anna"}))):
        told = Told(*reactions, bait=5)
        if out:
            with pytest.raises(QuarantinedError):
                told.tolerance.used(use())
        else:
            told.tolerance.used(use())
        assert [(each.cause, each.principal) for each in told.alarms] == [("decoy-table", "anna")]
        assert told.tolerance.out == out


@pytest.mark.threat("T749")
def test_a_fault_that_comes_again_and_again_is_one_alarm_a_minute() -> None:
    told = Told(*ALL)
    for _ in range(1_000):
        told.tolerance.found("tampered", "public.patient", "anna")
        told.now += 50
    assert len(told.alarms) == 1
    told.now += 60_000
    told.tolerance.found("tampered", "public.patient", "bert")
    assert [len(each.held) for each in told.alarms] == [3, 0]


@pytest.mark.threat("T749")
def test_what_is_remembered_of_the_last_minute_is_bounded() -> None:
    told = Told("notify")
    for nth in range(2 * RECENT):
        told.tolerance.tried(f"name {nth}")
    assert len(told.tolerance._recent) <= RECENT


def test_what_was_held_before_a_start_is_held_after_it() -> None:
    held = (Held(Kind.TABLE, "public.patient", "tampered"), Held(Kind.USER, "anna", "rate"))
    told = Told("quarantine", held=held)
    assert told.tolerance.unwritable == {"public.patient"}
    assert told.tolerance.out == {"user:anna"}
    told.tolerance.found("tampered", "public.patient")
    assert told.alarms[0].held == ()


@pytest.mark.threat("T745")
@pytest.mark.parametrize(
    ("sql", "is_refused"),
    [
        ("SELECT name FROM patient", False),
        ("COPY patient TO STDOUT", False),
        ("INSERT INTO episode (id, note) VALUES (1, 'x')", False),
        ("DROP TABLE episode", False),
        ("INSERT INTO patient (id, name) VALUES (1, 'x')", True),
        ("UPDATE patient SET name = name || 'x'", True),
        ("UPDATE patient SET city = 'x'", True),
        ("DELETE FROM public.patient", True),
        ("COPY patient (id, name) FROM STDIN", True),
        ("TRUNCATE patient", True),
        ("DROP TABLE patient", True),
        ("DROP TABLE episode, public.patient", True),
        ("LOCK TABLE patient", True),
        ("CREATE INDEX i ON patient (email)", True),
        ("PREPARE x AS DELETE FROM patient", True),
    ],
)
def test_a_quarantined_table_is_read_and_not_written(sql: str, is_refused: bool) -> None:  # noqa: FBT001 - a case
    told, (inner, names) = Told("quarantine"), planner()
    guarded = Guarded(Versioned(inner), told.tolerance)
    before = guarded.version
    told.tolerance.found("tampered", "public.patient")

    [plan] = guarded.plan(sql, (), names)

    assert guarded.version != before
    assert (isinstance(plan, Refused) and plan.code == "SH008") == is_refused


@pytest.mark.threat("T750")
@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT name FROM patient", ""),
        ("WITH a AS (SELECT id FROM patient) SELECT * FROM a", ""),
        ("COPY patient TO STDOUT", ""),
        ("BEGIN", ""),
        ("BEGIN READ ONLY", ""),
        ("SET TRANSACTION READ ONLY", ""),
        ("SHOW search_path", ""),
        ("PREPARE x AS SELECT name FROM patient", ""),
        ("not sql", "42601"),
        ("DELETE FROM patient", "25006"),
        ("INSERT INTO episode (id) VALUES (1)", "25006"),
        ("WITH a AS (DELETE FROM plain RETURNING id) SELECT * FROM a", "25006"),
        ("COPY patient (id, name) FROM STDIN", "25006"),
        ("SELECT id FROM patient FOR UPDATE", "25006"),
        ("SELECT 1 AS one INTO new", "25006"),
        ("CREATE TABLE x (id integer)", "25006"),
        ("TRUNCATE patient", "25006"),
        ("BEGIN READ WRITE", "25006"),
        ("BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE", "25006"),
        ("SET TRANSACTION READ WRITE", "25006"),
        ("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "25006"),
        ("SET transaction_read_only = off", "25006"),
        ("SET SESSION default_transaction_read_only TO off", "25006"),
        ("PREPARE x AS DELETE FROM episode", "25006"),
        ("NOTIFY somebody", "25006"),
        ("EXPLAIN ANALYZE DELETE FROM plain", "25006"),
    ],
)
def test_at_a_replica_nothing_is_written(sql: str, code: str) -> None:
    inner, names = planner()

    [plan] = ReadsOnly(Versioned(inner)).plan(sql, (), names)

    assert (plan.code if isinstance(plan, Refused) else "") == code


class Versioned:
    """A planner of one policy, as a session asks it."""

    version = 3
    loading: tuple[str, ...] = ()

    def __init__(self, inner: object) -> None:
        self.plan = inner.plan  # type: ignore[attr-defined]  # reason: any planner

    def names(self, answers: object) -> object:
        return answers


def test_a_policy_without_tables_has_no_alarms_of_tables() -> None:
    alarms: list[Alarm] = []
    tolerance = Tolerance(Policy(name="p", version=1), lambda: 0, alarms.append)
    tolerance.opened("anna", "public.x", [1])
    tolerance.used(use())
    assert alarms == []
