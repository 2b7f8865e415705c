"""Who staged something for a transaction is told once how it ended, whichever way it is spoken."""

from sealhold.model.errors import DeniedError, WireError
from sealhold.model.pgsteps import Note
from sealhold.protect.sql.ending import Outcome
from sealhold.protect.sql.plan import Control, Plan, Verb
from sealhold.protect.sql.wire import build_bind, build_execute, build_parse, build_query, frame
from tests.unit.pg_talk import Conversation, Planned

SYNC = frame(b"S")
PLANS: dict[str, Plan] = {
    text: Control(Verb.SAVEPOINT, text, text.split()[-1], value=text.rpartition(" ")[0].upper())
    for text in ("savepoint s", "savepoint t", "release s", "rollback to s", "rollback to z")
}
DONE, UNDONE, UNKNOWN = Outcome.DONE, Outcome.UNDONE, Outcome.UNKNOWN


class Staging(Conversation):
    """A session, and what was told of what was staged in it."""

    def __init__(self) -> None:
        super().__init__(Planned(PLANS))
        self.talk.is_dirty, self.talk.version = False, 1
        self.told: dict[str, list[Outcome]] = {}

    def stage(self, name: str) -> None:
        self.told[name] = []
        self.talk.ending.stage(self.told[name].append)

    def staged(self, name: str, text: str = "do it") -> None:
        self.stage(name)
        self.query(text)

    def query(self, text: str) -> bytes:
        return self.say(build_query(text.encode()))

    def outcomes(self) -> dict[str, Outcome | None]:
        assert all(len(each) <= 1 for each in self.told.values())
        return {name: each[0] if each else None for name, each in self.told.items()}


def extended(*texts: str) -> bytes:
    return b"".join(
        build_parse(b"", each.encode(), ()) + build_bind(b"", b"", (), (), ()) + build_execute(b"")
        for each in texts
    )


def test_a_statement_of_its_own_is_done_or_undone() -> None:
    talk = Staging()
    talk.staged("good")
    talk.staged("bad", "fail")
    talk.stage("long")
    talk.say(extended("do it") + SYNC)

    assert talk.outcomes() == {"good": DONE, "bad": UNDONE, "long": DONE}
    assert not talk.talk.ending.is_live


def test_a_transaction_ends_with_its_commit_or_rollback() -> None:
    for last, expected in (("commit", DONE), ("rollback", UNDONE)):
        for how in (lambda text: build_query(text.encode()), lambda text: extended(text) + SYNC):
            talk = Staging()
            talk.query("begin")
            talk.staged("one")
            talk.query("rows 3")
            talk.staged("two")
            assert talk.outcomes() == {"one": None, "two": None}
            said = talk.say(how(last))
            assert talk.outcomes() == {"one": expected, "two": expected}
            assert said.endswith(frame(b"C", last.upper().encode() + b"\0") + frame(b"Z", b"I"))


def test_a_commit_of_what_failed_is_a_rollback() -> None:
    talk = Staging()
    talk.query("begin")
    talk.staged("one")
    talk.query("fail")
    talk.provider.status = b"E"
    talk.query("rollback")

    assert talk.outcomes() == {"one": UNDONE}


def test_savepoints_undo_what_is_behind_them() -> None:
    talk = Staging()
    talk.query("begin")
    talk.staged("a")
    talk.query("savepoint s")
    talk.staged("b")
    talk.query("savepoint t")
    talk.staged("c")
    talk.query("rollback to s")
    assert talk.outcomes() == {"a": None, "b": UNDONE, "c": UNDONE}
    talk.staged("d")
    talk.query("release s")
    talk.staged("e")
    talk.query("commit")
    assert talk.outcomes() == {"a": DONE, "b": UNDONE, "c": UNDONE, "d": DONE, "e": DONE}


def test_a_savepoint_of_before_undoes_all() -> None:
    talk = Staging()
    talk.query("begin")
    talk.query("savepoint z")
    talk.staged("a")
    talk.query("savepoint s")
    talk.staged("b")
    talk.query("rollback to z")

    assert talk.outcomes() == {"a": UNDONE, "b": UNDONE}


def test_what_is_sent_ahead_belongs_to_its_own_transaction() -> None:
    talk = Staging()
    ending = talk.talk.ending
    serving = talk.serving
    for name, text in (("a", "do it"), ("b", "fail"), ("c", "do more")):
        talk.stage(name)
        serving.client_said(extended(text) + SYNC)
    assert ending.is_live
    talk.settle()
    assert talk.outcomes() == {"a": DONE, "b": UNDONE, "c": DONE}


def test_what_stands_behind_an_error_was_never_reached() -> None:
    talk = Staging()
    talk.serving.client_said(extended("do it", "fail"))
    talk.stage("never")
    talk.serving.client_said(extended("do it") + SYNC)
    talk.settle()

    assert talk.outcomes() == {"never": UNDONE}


def test_the_client_hears_of_an_end_after_it_was_told() -> None:
    talk = Staging()
    heard: list[bytes] = []
    talk.talk.ending.stage(lambda _: heard.append(b"".join(talk.to_client)))
    said = talk.query("do it")

    assert frame(b"Z", b"I") not in heard[0]
    assert said.endswith(frame(b"Z", b"I"))


def test_a_connection_that_ends_leaves_a_doubt() -> None:
    talk = Staging()
    talk.query("begin")
    talk.staged("open")
    talk.stage("sent")
    talk.serving.client_said(extended("do it") + SYNC)
    talk.talk.line.steps.clear()
    talk.serving.settle()
    for step in talk.talk.line.steps:
        if isinstance(step, Note):
            step.run()

    assert talk.outcomes() == {"open": UNKNOWN, "sent": UNKNOWN}


def test_who_cannot_take_the_end_ends_the_session() -> None:
    talk = Staging()

    def refuses(_: Outcome) -> None:
        raise DeniedError("no room")

    talk.talk.ending.stage(refuses)
    try:
        talk.query("do it")
    except WireError:
        return
    raise AssertionError
