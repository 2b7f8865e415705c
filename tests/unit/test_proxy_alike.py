"""Sessions that are told the same names have one plan for a text; others have their own."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sealhold.protect.sql.alike import PLANS, Alike, Common
from sealhold.protect.sql.plan import Plan
from sealhold.protect.sql.talk import Talk
from sealhold.protect.sql.wire import build_query
from tests.unit.pg_talk import Conversation, Planned

Answers = Sequence[Sequence[list[str | None]]]
ONE: Answers = [[["public", "t"]]]
OTHER: Answers = [[["public", "t"], ["public", "u"]]]


def talk(planner: Planned, alike: Alike, answers: Answers) -> Talk:
    """Return a session to which a provider told this of its names."""
    made = Conversation(planner).talk
    made.common = alike.under(planner.version, answers, planner.names)
    return made


def test_sessions_of_one_planner_plan_a_text_once() -> None:
    planner, alike = Planning(), Alike()
    kept: list[Conversation] = []
    for _ in range(3):
        session = Conversation(planner)
        session.talk.parts = replace(session.talk.parts, alike=alike)
        kept.append(session)
        assert session.say(build_query(b"select 1")).endswith(b"Z\0\0\0\5I")

    assert planner.texts == ["select 1"]


@dataclass
class Planning(Planned):
    """Keeps the texts that it plans."""

    texts: list[str] = field(default_factory=list)

    def plan(self, text: str, oids: Sequence[int], names: object) -> tuple[Plan, ...]:
        self.texts.append(text)
        return super().plan(text, oids, names)


def test_one_plan_serves_all_sessions_that_are_told_the_same() -> None:
    planner, alike = Planning(), Alike()
    talks = [talk(planner, alike, answers) for answers in (ONE, ONE, OTHER)]

    found = [each.plans(b"select 1") for each in talks]

    assert planner.texts == ["select 1"] * 2
    assert found[0] is found[1]
    assert talks[0].common.names is talks[1].common.names
    assert talks[2].common.names is not talks[0].common.names


def test_under_another_version_nothing_that_was_planned_is_taken() -> None:
    planner, alike = Planning(), Alike()
    first = talk(planner, alike, ONE)
    first.plans(b"select 1")
    planner.version += 1
    second = talk(planner, alike, ONE)
    second.plans(b"select 1")

    assert planner.texts == ["select 1"] * 2


def test_types_of_parameters_make_another_plan() -> None:
    planner = Planning()
    one = talk(planner, Alike(), ONE)
    for oids in ((23,), (25,), (23,)):
        one.plans(b"select $1", oids)

    assert planner.texts == ["select $1"] * 2


def test_what_no_session_uses_is_not_kept() -> None:
    alike = Alike()
    common = alike.under(1, ONE, list)
    assert alike.under(1, ONE, list) is common
    del common
    gc.collect()
    assert not list(alike._known)


def test_the_oldest_plan_is_forgotten_when_there_are_too_many() -> None:
    common = Common(None)
    for each in range(PLANS + 1):
        common.keep(each, ())

    assert common.plans(0) is None
    assert [common.plans(each) for each in (1, PLANS)] == [(), ()]
