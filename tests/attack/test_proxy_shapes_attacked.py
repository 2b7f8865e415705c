"""A text that goes on because another one did: nothing passes by the planner that it would hold."""

from collections.abc import Sequence

import pytest

from sealhold.protect.sql.plan import Plan, Relay, Touch
from sealhold.protect.sql.wire import build_query
from tests.unit.pg_talk import Conversation, Planned, refusal

SEEN = "select a from t where b = 1"
READS = Touch("SELECT", ("public.t",))


class Strict(Planned):
    """Lets one text go on, and no other."""

    def plan(self, text: str, oids: Sequence[int], names: object) -> tuple[Plan, ...]:
        del oids, names
        return (Relay(text, touch=READS) if text == SEEN else refusal(),)


@pytest.fixture
def talk() -> Conversation:
    found = Conversation(Strict())
    found.say(build_query(SEEN.encode()))
    assert b"SH002" not in found.say(build_query(b"select a from t where b = 4711"))
    return found


@pytest.mark.threat("T693")
@pytest.mark.parametrize("comment", ["-- 47", "/* 47 */", "--47\n", "/*47*/ ;", "/*/*47*/ 2 */"])
def test_a_comment_does_not_go_on_with_a_text_that_was_seen(
    talk: Conversation, comment: str
) -> None:
    assert b"SH002" in talk.say(build_query(f"{SEEN} {comment}".encode()))


@pytest.mark.threat("T691")
@pytest.mark.parametrize(
    "text",
    [
        "select a from t2 where b = 1",
        "select a from t where b = 1; select 2",
        "select a from t where b1 = 1",
        "select a from t where b = x1",
        'select a from "t" where b = 1',
        "select a from t where b = '1'",
        "select a from t where b = $1",
        "select a from t where b = 1e5",
        "select a from t where b = 1é",
        "select a from t where b = 1 and 'secret' = 'secret'",
    ],
)
def test_a_text_that_differs_in_more_than_a_number_is_planned(
    talk: Conversation, text: str
) -> None:
    assert b"SH002" in talk.say(build_query(text.encode()))


@pytest.mark.threat("T644")
def test_under_another_policy_nothing_that_was_seen_goes_on(talk: Conversation) -> None:
    planner = talk.talk.parts.planner
    assert isinstance(planner, Strict)
    planner.version += 1
    assert b"SH002" in talk.say(build_query(b"select a from t where b = 5"))
