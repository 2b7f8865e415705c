"""Sessions that are held back while what they plan by changes, and portals from before it."""

from dataclasses import dataclass, replace

import pytest

from sealhold.protect.sql.plan import Script, Touch
from sealhold.protect.sql.wire import build_bind, build_execute, build_parse, build_query, frame
from tests.unit.pg_talk import Conversation, Planned

SYNC, FLUSH = frame(b"S"), frame(b"H")
SELECT = b"SELECT 1"


@dataclass
class Held:
    """Holds so many times."""

    times: int

    @property
    def is_held(self) -> bool:
        return self.times > 0

    def wait(self) -> None:
        self.times -= 1


def conversation(held: Held, planner: Planned | None = None) -> Conversation:
    made = Conversation(planner)
    made.talk.parts = replace(made.talk.parts, hold=held)
    return made


def test_a_session_that_begins_something_waits_and_is_idle_meanwhile() -> None:
    held = Held(3)
    session = conversation(held)
    session.serving.client_said(build_query(SELECT))
    assert session.serving.is_idle
    assert session.talk.is_held
    session.settle()
    assert not held.is_held
    assert session.serving.is_idle
    assert not session.talk.is_held


def test_a_session_in_a_transaction_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    held, planner = Held(0), Planned()
    session = conversation(held, planner)
    session.say(build_query(b"begin"))
    held.times, planner.version = 10**9, 2

    def never(_self: Held) -> None:
        raise AssertionError("it waits")

    monkeypatch.setattr(Held, "wait", never)
    session.say(build_query(SELECT))
    assert planner.loads == 2


def test_a_session_with_answers_owed_is_not_idle() -> None:
    session = conversation(Held(0))
    session.say(build_query(SELECT))
    session.serving.client_said(build_query(SELECT))
    assert not session.serving.is_idle
    session.settle()
    assert session.serving.is_idle


@pytest.mark.threat("T767")
def test_a_portal_from_before_a_change_is_not_carried_out_after_it() -> None:
    script = Script(("made for the older form",), "CREATE TABLE", Touch("CREATE TABLE"))
    planner = Planned({"define": script})
    session = conversation(Held(0), planner)
    session.say(build_parse(b"x", b"define", ()) + build_bind(b"", b"x", (), (), ()) + FLUSH)
    planner.version = 2

    said = session.say(build_execute(b"") + SYNC)

    assert b"40001" in said
    assert not any(b"made for the older form" in each for each in session.provider.seen)
