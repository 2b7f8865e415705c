"""Which texts are alike but for their numbers, and which a session sends on for it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sealhold.protect.sql.plan import Plan, Relay, Touch
from sealhold.protect.sql.shapes import shape_of
from sealhold.protect.sql.wire import build_query
from tests.unit.pg_talk import Conversation, Planned, refusal


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (b"SELECT a FROM t WHERE b = 17;", b"SELECT a FROM t WHERE b = 0;"),
        (b"select 1,22 , 333", b"select 0,0 , 0"),
        (b"select t1.a from t1 limit 5", b"select t1.a from t1 limit 0"),
        (b"select a - 7", b"select a - 0"),
        (b"select 1.5, 2e3, 0x1F, 1_000", b"select 0.0, 2e3, 0x1F, 1_000"),
    ],
)
def test_a_shape_is_a_text_without_its_whole_numbers(text: bytes, shape: bytes) -> None:
    assert shape_of(text) == shape


@pytest.mark.parametrize(
    "text",
    [
        b"select '1'",
        b'select "1"',
        b"select $1",
        b"select 1 -- 2",
        b"select 1 /* 2 */",
        "select 1 as é1".encode(),
        b"select 1\0",
        b"select " + b"1, " * 1000 + b"1",
    ],
)
def test_what_may_hold_a_number_as_something_else_has_no_shape(text: bytes) -> None:
    assert shape_of(text) is None


class Counted(Planned):
    """Counts the texts that were planned; what it relays reads a table."""

    count = 0

    def plan(self, text: str, oids: Sequence[int], names: object) -> tuple[Plan, ...]:
        self.count += 1
        made = super().plan(text, oids, names)
        return tuple(self._touching(each) if isinstance(each, Relay) else each for each in made)

    def _touching(self, relay: Relay) -> Relay:
        return replace(relay, touch=relay.touch or Touch("SELECT", ("public.t",)))


def test_a_text_that_differs_in_a_number_goes_on_without_a_plan_of_its_own() -> None:
    planner = Counted()
    talk = Conversation(planner)
    for number in range(5):
        said = talk.say(build_query(b"select %d" % number))
        assert said.endswith(b"Z\0\0\0\5I")
    assert planner.count == 1


def test_a_shape_is_forgotten_when_names_are_read_anew() -> None:
    planner = Counted()
    talk = Conversation(planner)
    talk.say(build_query(b"select 1"))
    planner.version += 1
    planner.plans = {"select 2": refusal()}
    assert b"SH002" in talk.say(build_query(b"select 2"))


def test_what_is_refused_or_changes_names_has_no_shape() -> None:
    planner = Counted(plans={"drop 1": Relay("drop 1", changes_names=True), "no 1": refusal()})
    talk = Conversation(planner)
    for text in (b"drop 1", b"drop 2", b"no 1", b"no 2"):
        talk.say(build_query(text))
    assert planner.count == 4
