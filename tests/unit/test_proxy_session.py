"""Statements on protected columns: what the provider is sent, and what the client gets."""

from dataclasses import replace

from sealhold.protect.policy import Limits
from sealhold.protect.sql.errors import error
from sealhold.protect.sql.parsing import parse_bind, parse_cells, parse_fields, parse_notice
from sealhold.protect.sql.plan import Plan, Refused, Relay
from sealhold.protect.sql.wire import (
    build_bind,
    build_execute,
    build_parse,
    build_query,
    build_target,
    frame,
    u32,
)
from tests.unit.pg_patients import INSERT, PHYSICAL, SELECT, stored
from tests.unit.pg_talk import Admitting, Conversation, Planned, refusal

SYNC = frame(b"S")
DONE = frame(b"C", b"SELECT 2\0")
READY = frame(b"Z", b"I")
ROWS = stored(1, b"anna", 33) + stored(2, None, None)
ALL = replace(SELECT, sql="select name, age, _sh_rid from patient", parameters=(), types=())
PLANS: dict[str, Plan] = {"select": SELECT, "all": ALL, "insert": INSERT, "secret": refusal()}


def frames(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(data):
        stop = at + 1 + u32(data, at + 1)[0]
        found.append((data[at : at + 1], data[at + 5 : stop]))
        at = stop
    return found


def kinds(data: bytes) -> bytes:
    return b"".join(kind for kind, _ in frames(data))


class Scripted(Conversation):
    """A session whose provider says what the test says."""

    def __init__(self, gate: Admitting | None = None, limits: Limits | None = None) -> None:
        super().__init__(Planned(PLANS), gate=gate, limits=limits)
        self.sent = b""
        self.talk.is_dirty, self.talk.version = False, 1

    def settle(self, piece: int = 0) -> bytes:
        del piece
        line = self.talk.line
        said = b""
        while True:
            self.sent += b"".join(line.to_provider)
            line.to_provider.clear()
            said += b"".join(self.to_client)
            self.to_client.clear()
            steps, line.steps[:] = line.steps[:], []
            if not steps:
                return said
            for step in steps:
                self._take(step)

    def answer(self, data: bytes) -> bytes:
        self.serving.provider_said(data)
        return self.settle()


def asked(portal: bytes = b"", results: tuple[int, ...] = ()) -> bytes:
    return (
        build_parse(b"", b"select", ())
        + build_bind(portal, b"", (), (b"anna",), results)
        + build_target(b"D", b"P", portal)
        + build_execute(portal)
        + SYNC
    )


def test_rows_are_opened_and_shown_under_logical_types() -> None:
    session = Scripted()

    assert session.say(asked()) == b""
    got = session.answer(
        frame(b"1") + frame(b"t", b"\0\1\0\0\0\x11") + PHYSICAL + frame(b"2") + ROWS + DONE + READY
    )

    assert kinds(session.sent) == b"PDBES"
    assert kinds(got) == b"12TDDCZ"
    fields = parse_fields(frames(got)[2][1])
    assert [(each.name, each.type, each.format) for each in fields] == [
        ("name", 25, 0),
        ("age", 23, 0),
    ]
    assert [parse_cells(body) for kind, body in frames(got) if kind == b"D"] == [
        (b"anna", b"33"),
        (None, None),
    ]


def test_no_value_of_a_protected_column_is_sent() -> None:
    session = Scripted()

    session.say(asked())
    session.say(
        build_parse(b"i", b"insert", ()) + build_bind(b"", b"i", (), (b"bertha", b"71"), ())
    )

    assert b"anna" not in session.sent
    assert b"bertha" not in session.sent


def test_a_repeated_text_costs_the_provider_no_parse() -> None:
    session = Scripted()
    session.say(asked())
    session.answer(frame(b"1") + frame(b"t", b"\0\0") + PHYSICAL + frame(b"2") + DONE + READY)
    session.sent = b""

    session.say(asked())

    assert kinds(session.sent) == b"BES"


def test_a_query_goes_by_the_extended_protocol_too() -> None:
    session = Scripted()

    session.say(build_query(b"all; all"))

    assert kinds(session.sent) == b"PDBECBECS"
    assert session.sent.endswith(SYNC)


def test_each_execution_draws_numbers_for_its_rows() -> None:
    session = Scripted()
    session.say(build_parse(b"i", b"insert", ()))

    for _ in range(2):
        session.say(build_bind(b"", b"i", (), (b"x", b"1"), ()))

    bound = [parse_bind(body) for kind, body in frames(session.sent) if kind == b"B"]
    assert [each.values[3] for each in bound] == [(1).to_bytes(8), (2).to_bytes(8)]


def test_a_value_that_is_none_of_its_type_is_an_error_and_is_not_sent() -> None:
    session = Scripted()
    session.say(build_parse(b"i", b"insert", ()))

    session.say(build_bind(b"", b"i", (), (b"x", b"old"), ()) + SYNC)

    assert b"old" not in session.sent
    assert b"B" not in kinds(session.sent)


def test_a_lease_is_asked_for_once_and_settled_at_the_end() -> None:
    gate = Admitting()
    session = Scripted(gate)
    session.say(asked())
    session.say(asked())

    session.serving.settle()
    session.settle()

    assert [use.verb for use in gate.asked] == ["SELECT"]
    assert [lease.used_statements for _, lease in gate.settled] == [2]
    assert gate.asked[0].opens == ("patient.name", "patient.age")


def test_who_is_not_admitted_sends_nothing() -> None:
    session = Scripted(Admitting(admits=False))

    got = session.say(build_query(b"all"))

    assert kinds(got) + kinds(session.sent).replace(b"S", b"") == b"E"
    assert parse_notice(frames(got)[0][1])[b"C"] == b"SH007"


def test_rows_wait_for_a_further_lease_in_the_middle_of_an_answer() -> None:
    gate = Admitting(cells=4)
    session = Scripted(gate)
    session.say(asked())
    session.answer(frame(b"1") + frame(b"t", b"\0\0") + PHYSICAL + frame(b"2"))

    got = session.answer(ROWS) + session.answer(ROWS) + session.answer(DONE + READY)

    assert kinds(got).count(b"D") == 4
    assert len(gate.asked) == 2


def test_a_cell_that_does_not_open_is_an_error_in_its_place() -> None:
    session = Scripted()
    session.say(asked())
    bad = stored(1, b"anna", 33)[:-1] + b"\xff"

    got = session.answer(
        frame(b"1") + frame(b"t", b"\0\0") + PHYSICAL + frame(b"2")
        + stored(1, b"anna", 33) + bad + ROWS + DONE + READY
    )  # fmt: skip

    assert kinds(got) == b"12TEZ"
    assert parse_notice(frames(got)[3][1])[b"C"] == b"SH003"
    assert session.gate.noted[0][:2] == ("tampered", "public.patient")


def test_a_transaction_in_which_a_cell_did_not_open_fails_at_the_provider_too() -> None:
    session = Scripted()
    session.talk.line.status = ord("T")
    session.say(asked())
    session.sent = b""
    begun = frame(b"1") + frame(b"t", b"\0\0") + PHYSICAL + frame(b"2")

    got = session.answer(begun + stored(9, b"anna", 1)[:-1] + b"\0" + DONE + frame(b"Z", b"T"))
    later = session.say(build_query(b"do it"))
    failed = session.answer(error("34000", "no portal") + frame(b"Z", b"E"))

    assert (kinds(got), later, kinds(failed)) == (b"12TE", b"", b"Z")
    assert kinds(session.sent) == b"ESQ"


def test_an_error_of_the_provider_is_told_in_the_clients_names() -> None:
    session = Scripted()
    session.say(build_parse(b"i", b"insert", ()) + build_bind(b"", b"i", (), (b"x", b"1"), ()))
    session.say(build_execute(b"") + SYNC)
    begun = frame(b"1") + frame(b"t", b"\0\0") + frame(b"n") + frame(b"2")
    said = 'SERROR\0C23505\0Mduplicate key value violates unique constraint "patient_name_m_key"\0'
    said += "DKey (name_m)=(\\x0123456789abcdef0123) already exists.\0npatient_name_m_key\0\0"

    got = session.answer(begun + frame(b"E", said.encode()) + READY)

    fields = parse_notice(frames(got)[-2][1])
    assert fields[b"D"] == b"Key (name)=(protected) already exists."
    assert fields[b"n"] == b"patient_name_key"
    assert b"_m" not in fields[b"M"]


def test_names_are_read_anew_after_they_changed() -> None:
    plans = {"create": Relay("create", changes_names=True)}
    session = Conversation(Planned(plans, loading=("rows 7",)))
    session.say(build_query(b"create"))
    session.say(build_query(b"rows 1"))
    session.say(build_query(b"rows 1"))

    assert sum(b"rows 7" in each for each in session.provider.seen) == 2


def test_a_statement_of_before_another_policy_is_planned_anew() -> None:
    planner = Planned({})
    session = Conversation(planner)
    session.say(build_parse(b"s", b"rows 1", ()) + SYNC)
    planner.plans = {"rows 1": Refused("SH007", "no more")}
    planner.version = 2

    got = session.say(build_bind(b"", b"s", (), (), ()) + build_execute(b"") + SYNC)

    assert kinds(got) == b"EZ"


def test_more_than_may_be_pending_waits() -> None:
    session = Conversation(limits=Limits(pending=8))

    got = session.say(
        build_parse(b"", b"do it", ())
        + (build_bind(b"", b"", (), (), ()) + build_execute(b"")) * 50
        + SYNC
    )

    assert kinds(got).count(b"C") == 50


def test_several_formats_of_one_row_are_kept() -> None:
    session = Scripted()
    session.say(asked(results=(1, 0)))
    begun = frame(b"1") + frame(b"t", b"\0\0") + PHYSICAL + frame(b"2")

    got = session.answer(begun + stored(1, b"anna", 33) + DONE + READY)

    assert parse_cells(frames(got)[3][1]) == (b"anna", b"33")
