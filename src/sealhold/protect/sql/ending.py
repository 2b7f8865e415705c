"""How transactions end: told once to whoever staged something for one. No I/O.

- What is staged stands in the queue of answers, before the statement that it belongs to. So it is
  known in which transaction that statement ran, however much the client sends ahead.
- An end is heard of: by the tag of COMMIT, ROLLBACK or ROLLBACK TO, or by the end of what was
  asked together. Statements that end transactions are listened to while something is staged.
- Whoever staged is told on another thread. The provider's next message waits for that, hence so
  does the client's next statement, unless it was sent ahead.

Source: docs/spec/62-words-and-ranges-in-statements.md section 3.
"""

from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum, unique
from typing import Final

from sealhold.model.errors import WireError
from sealhold.model.pgsteps import Call, Note
from sealhold.protect.sql.line import IDLE, ONE, Answer, Line, Local
from sealhold.protect.sql.plan import Control, Plan, Verb
from sealhold.protect.sql.wire import HEAD

_ENDS: Final = frozenset((Verb.COMMIT, Verb.ROLLBACK, Verb.SAVEPOINT))


@unique
class Outcome(Enum):
    """What became of a transaction, or of the part behind a savepoint."""

    DONE = "done"
    UNDONE = "undone"
    UNKNOWN = "unknown"  # the connection ended before the answer


Settle = Callable[[Outcome], None]


class _Staged:
    """What waits for an outcome."""

    def __init__(self, settle: Settle) -> None:
        self.settle = settle


class Ending:
    """What is staged in one session."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._ahead: deque[_Staged] = deque()  # their statements are not answered yet
        self._open: list[_Staged | str] = []  # of this transaction; a text is a savepoint's name
        self._due: deque[tuple[_Staged, Outcome]] = deque()
        self.call: Call | None = None  # that tells, the last one
        self._has_ended = False  # a COMMIT or ROLLBACK was heard since the last ReadyForQuery

    @property
    def is_live(self) -> bool:
        """Whether somebody waits to be told."""
        return bool(self._ahead or self._open)

    def stage(self, settle: Settle) -> None:
        """Have `settle` told what becomes of the statement that is asked of the line next.

        It is told once: DONE when the transaction's commit is known to have been done, UNDONE when
        the transaction, or the savepoint around the statement, was rolled back or the statement was
        never reached, UNKNOWN when the connection ended before that was known.

        `settle` runs as a session's Call, on another thread, and may write to a disk. An error of
        it ends the session, so what it cannot write it must know to be in doubt. Between this call
        and the statement nothing may fail or wait.
        """
        staged = _Staged(settle)
        self._ahead.append(staged)
        line = self._line
        line.on_ready, line.on_error = self._ready, self._failed
        if line.owed:
            line.owed.append(Local(lambda: self._begun(staged), lambda: self._lost(staged)))
        else:
            self._begun(staged)

    def hears(self, plans: Iterable[Plan]) -> bool:
        """Whether one of some statements may end what is staged, so that its tag is needed."""
        return self.is_live and any(map(_ends, plans))

    def answer(self, plan: Plan) -> Answer:
        """Return what is owed for the Execute of a statement that goes on as it is."""
        return _Heard(self, plan) if self.is_live and _ends(plan) else ONE

    def gone(self) -> None:
        """End: of what is still staged nobody knows what became."""
        for each in (*self._open, *self._ahead):
            if isinstance(each, _Staged):
                self._due.append((each, Outcome.UNKNOWN))
        self._open.clear()
        self._ahead.clear()
        if self._due:
            self._line.steps.append(Note(self._tell))

    # --- in the order of the provider's answers ---

    def heard(self, plan: Control, tag: bytes) -> None:
        """Take the tag of a statement about the transaction.

        Raises:
            WireError: it is none of such a statement.
        """
        if plan.verb is Verb.SAVEPOINT:
            self._savepoint(plan)
        elif tag in {b"COMMIT", b"ROLLBACK"}:
            self._has_ended = True
            self._end(0, Outcome.DONE if tag == b"COMMIT" else Outcome.UNDONE)
        else:
            raise WireError("a tag of another statement")
        self._line.has_failed = False
        self._wait()

    def _begun(self, staged: _Staged) -> bytes:
        self._ahead.remove(staged)
        if not self._open:
            self._line.has_failed = False
        self._open.append(staged)
        return b""

    def _lost(self, staged: _Staged) -> None:
        self._ahead.remove(staged)
        self._due.append((staged, Outcome.UNDONE))

    def _failed(self) -> None:
        """Take that an error was told, and what was behind it never reached."""
        self._wait()

    def _ready(self, status: int) -> bool:
        """Take a ReadyForQuery before anybody else; return whether it must wait."""
        if status == IDLE and self._open:
            if self._line.has_failed:
                self._end(0, Outcome.UNDONE)
            elif self._line.status == IDLE or self._has_ended:
                self._end(0, Outcome.DONE)
            else:  # a transaction that was open before, and no end of it was heard
                self._end(0, Outcome.UNKNOWN)
        self._wait()
        if self._line.stall is not None:
            return True
        self._has_ended = False
        if not self.is_live:
            self._line.on_ready = self._line.on_error = None
        return False

    def _savepoint(self, plan: Control) -> None:
        names = [at for at, each in enumerate(self._open) if each == plan.name]
        at = names[-1] if names else -1  # one that is not known is older than all of this
        if plan.value == "SAVEPOINT":
            self._open.append(plan.name)
        elif plan.value == "RELEASE":
            start = max(at, 0)
            kept = [each for each in self._open[start:] if isinstance(each, _Staged)]
            self._open[start:] = kept
        else:
            self._end(at + 1, Outcome.UNDONE)

    def _end(self, start: int, outcome: Outcome) -> None:
        self._due += [(each, outcome) for each in self._open[start:] if isinstance(each, _Staged)]
        del self._open[start:]

    def _wait(self) -> None:
        """Have the provider's next message wait until all who are due were told."""
        if self._due and self._line.stall is None:
            self._line.stall = self.call = Call(self._tell)
            self._line.steps.append(self.call)

    def _tell(self) -> None:
        while self._due:
            try:
                staged, outcome = self._due.popleft()
            except IndexError:  # the end of the session and a call come together
                return
            staged.settle(outcome)


class _Heard(Answer):
    """The Execute of a statement about the transaction."""

    def __init__(self, ending: Ending, plan: Plan) -> None:
        self._ending = ending
        self._plan = plan

    def take(self, line: Line, kind: int, message: bytes) -> bool:
        """Tell the client, and take the tag."""
        if kind != ord("C") or not isinstance(self._plan, Control):
            return super().take(line, kind, message)
        line.say(message)
        self._ending.heard(self._plan, message[HEAD:-1])
        return True


def _ends(plan: Plan) -> bool:
    return isinstance(plan, Control) and plan.verb in _ENDS
