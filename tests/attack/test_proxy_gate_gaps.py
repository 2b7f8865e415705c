"""What went by the gate: large answers, statements in the clear, refusals and logins untold."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealhold.audit.event import EventKind, Outcome
from sealhold.model.pgsteps import Call
from sealhold.protect.gate import LOGIN, NOT_LET_IN, Use
from sealhold.protect.policy import Policy, Role
from sealhold.protect.sql.errors import error
from sealhold.protect.sql.plan import Plan, Refused, Relay, Touch
from sealhold.protect.sql.wire import build_bind, build_execute, build_parse, build_query, frame
from sealhold.vault.proxyrights import refusal
from tests.unit.pg_patients import PHYSICAL, SELECT
from tests.unit.pg_talk import Admitting, Conversation, Planned
from tests.unit.proxy_vault import POLICY, ProxyVault, proxy_vault, use
from tests.unit.test_proxy_session import DONE, READY, ROWS, SYNC, Scripted, asked, kinds

BOOK = Touch("SELECT", ("public.book",))
PLANS: dict[str, Plan] = {
    "book": Relay("book", ("public.book",), touch=BOOK),
    "hidden": Refused("SH007", "not for you"),
    "wrong": Refused("42601", "what is this"),
}


@pytest.fixture
def proxy() -> Iterator[ProxyVault]:
    with proxy_vault() as found:
        yield found


@pytest.mark.threat("T741")
@pytest.mark.parametrize("cells", [1, 2, 3, 7, 50])
def test_no_answer_is_opened_beyond_its_leases(cells: int) -> None:
    gate = Admitting(cells=cells)
    session = Scripted(gate)
    session.say(asked())
    session.answer(frame(b"1") + frame(b"t", b"\0\0") + PHYSICAL + frame(b"2"))

    got = session.answer(ROWS * 10)  # two cells a row, twenty rows at once
    got += session.answer(DONE + READY)
    session.serving.settle()
    session.settle()

    assert kinds(got).count(b"D") == 20
    assert sum(lease.used_cells for _, lease in gate.settled) == 40
    assert all(lease.used_cells <= lease.cells for _, lease in gate.settled)
    assert len(gate.settled) == len(gate.asked)


@pytest.mark.threat("T741")
def test_what_is_not_leased_any_more_is_not_told() -> None:
    gate = Admitting(cells=6)
    session = Scripted(gate)
    session.say(asked())
    session.answer(frame(b"1") + frame(b"t", b"\0\0") + PHYSICAL + frame(b"2"))
    gate.admits = False

    got = session.answer(ROWS * 10)

    assert kinds(got) == b"DDDE"


def clear(gate: Admitting) -> Conversation:
    session = Conversation(Planned(PLANS), gate=gate)
    session.talk.is_dirty, session.talk.version = False, 1
    return session


@pytest.mark.threat("T740")
def test_a_clear_table_is_asked_for_once_and_counted() -> None:
    gate = Admitting()
    session = clear(gate)

    for _ in range(5):
        session.say(build_query(b"book"))
    session.say(build_parse(b"s", b"book", ()) + SYNC)
    for _ in range(5):
        session.say(build_bind(b"", b"s", (), (), ()) + build_execute(b"") + SYNC)
    session.serving.settle()
    session.settle()

    assert [each.tables for each in gate.asked] == [("public.book",)]
    assert [lease.used_statements for _, lease in gate.settled] == [10]


class Late(Scripted):
    """A session whose provider says something while the gate is asked."""

    meanwhile = b""

    def _take(self, step: object) -> None:
        if isinstance(step, Call):
            said, self.meanwhile = self.meanwhile, b""
            self.serving.provider_said(said)
        super()._take(step)


@pytest.mark.threat("T740")
@pytest.mark.parametrize("text", [b"book", b"select"])
def test_what_failed_while_the_gate_was_asked_is_not_gone_on_with(text: bytes) -> None:
    session = Late()
    session.talk.parts.planner.plans = {**PLANS, "select": SELECT}  # type: ignore[attr-defined]  # reason: it is one of tests
    session.say(build_parse(b"s", text, ()) + SYNC)
    session.answer(frame(b"1") + (b"" if text == b"book" else frame(b"t", b"\0\0") + PHYSICAL))
    session.answer(READY)
    session.sent, session.meanwhile = b"", error("42P01", "no such table")

    got = session.say(
        build_parse(b"w", b"other", ()) + build_bind(b"", b"s", (), (b"x",), ()) + SYNC
    )
    got += session.answer(READY)

    assert kinds(session.sent) == b"PS"
    assert kinds(got) == b"EZ"


@pytest.mark.threat("T740")
@pytest.mark.parametrize("text", [b"book", b"book; book", b"other; book"])
def test_who_may_not_read_a_clear_table_sends_nothing(text: bytes) -> None:
    session = Scripted(Admitting(admits=False))
    session.talk.parts.planner.plans = PLANS  # type: ignore[attr-defined]  # reason: it is one of tests

    got = session.say(build_query(text))

    assert kinds(got) == b"E"
    assert b"book" not in session.sent


@pytest.mark.threat("T742")
def test_refusals_of_the_planner_are_told_and_wrong_statements_are_not() -> None:
    gate = Admitting()
    session = clear(gate)

    session.say(build_query(b"hidden"))
    session.say(build_parse(b"", b"hidden", ()) + SYNC)
    session.say(build_query(b"wrong"))

    assert gate.noted == [("refused", "", "SH007")] * 2


@pytest.mark.threat("T742")
def test_a_thousand_wrong_passwords_are_two_entries(proxy: ProxyVault) -> None:
    for name in ("anna", "nobody", "no one"):
        for _ in range(1_000):
            proxy.gate.refused(Use(name, "", LOGIN, (), (), ()), NOT_LET_IN)
    proxy.gate.close()

    told = proxy.told(EventKind.PROXY_LOGIN)
    assert len(told) == 4  # one at once and one with a count: for a user, and for all others
    assert {each.outcome for each in told} == {Outcome.DENIED}
    assert sorted(each.more for each in told) == [0, 0, 998, 1_998]
    assert {each.reason for each in told} == {NOT_LET_IN}


@pytest.mark.threat("T740")
@pytest.mark.parametrize(
    ("role", "verb", "why"),
    [
        (Role(name="r", users=("anna",), may=("read",)), "INSERT", "may not write"),
        (Role(name="r", users=("*",), may=("write",)), "SELECT", "may not read"),
        (Role(name="r", users=("anna",), tables=("visit",)), "SELECT", "public.patient"),
        (Role(name="r", users=("ben",), may=("read",)), "INSERT", ""),
        (Role(name="r", users=("anna",), tables=("public.patient",)), "DELETE", ""),
        (Role(name="r", users=("anna",), may=("read", "write", "define")), "DDL", ""),
    ],
)
def test_a_role_narrows_what_its_users_may(
    proxy: ProxyVault, role: Role, verb: str, why: str
) -> None:
    policy: Policy = replace(POLICY, roles=(role,))
    user = proxy.users.find("anna")
    assert user is not None

    said = refusal(user, use(verb=verb, table="public.patient"), policy, policy.role_of("anna"))

    assert why in said
    assert bool(why) == bool(said)
