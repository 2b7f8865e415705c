"""The provider's side of a session: what it was asked, and what its answers become. No I/O.

- Whatever is sent that has an answer leaves an `Answer` in a queue, in the same order. The first
  one decides what becomes of the next message: it goes on as it came, is swallowed, or is changed.
- Answers of clear statements are not taken apart: from frame to frame by their heads, then on in
  one piece, and long rows go on before they are whole.
- After an error all that was asked up to the next Sync has no answer: so the provider has it too.
- A message that nothing asked for ends the session.

Source: docs/spec/56-postgresql-proxy.md section 3.
"""

from collections import deque
from collections.abc import Callable
from typing import ClassVar, Final

from sealhold.model.errors import WireError
from sealhold.model.pgsteps import Call, Step
from sealhold.protect.sql.wire import HEAD, build_execute, frame

IDLE, INSIDE, FAILED = 0x49, 0x54, 0x45  # `I`, `T`, `E` of ReadyForQuery
NOWHERE: Final = b"_sh_nowhere"  # a portal that is never there
ROW, COPY_DATA, ERROR, READY = 0x44, 0x64, 0x45, 0x5A
COPY_IN, COPY_OUT = 0x47, 0x48
FLUSH: Final = frame(b"H")
SYNC: Final = frame(b"S")

BAD, ON, POP, DONE, SLOW = range(5)


def _table(**kinds: int) -> tuple[int, ...]:
    """Return what becomes of a message by its kind: all that are named, any others are wrong."""
    actions = dict.fromkeys(b"NAES", SLOW)
    for name, action in kinds.items():
        actions |= dict.fromkeys(name.removeprefix("k").encode(), action)
    return tuple(actions.get(kind, BAD) for kind in range(256))


# Numbers stand behind a `k`: a name does not begin with one.
RELAYED: Final = _table(k123TnCsI=POP, tdHcD=ON, G=SLOW)
_WHOLE: Final = _table(TDCIdHcn=ON, G=SLOW, Z=DONE)
_SYNCED: Final = _table(Z=DONE)


class Answer:
    """What is owed for one message that was sent. This one is done with its first message."""

    table: ClassVar[tuple[int, ...]] = ()  # not empty: goes on unread

    def take(self, line: "Line", kind: int, message: bytes) -> bool:
        """Take one whole message, its head included; return whether it was the last.

        Raises:
            WireError: this is no answer to what was asked.
        """
        del line, kind, message
        raise WireError("an answer that nobody asked for")

    def rows(self, line: "Line", data: bytes, at: int) -> int:
        """Take as many whole rows as there are from `at` on, and return where they end.

        Raises:
            WireError: no rows were asked for.
        """
        del line, data, at
        raise WireError("rows that nobody asked for")

    def error(self, line: "Line", message: bytes) -> None:
        """Tell the client of an error, in place of the answer."""
        line.tell_error(message)

    def dropped(self, line: "Line") -> None:
        """Note that no answer comes, since an error came before."""

    def give_up(self) -> None:
        """Take what still comes, and tell nobody of it."""


class Relayed(Answer):
    """One message of the extended protocol, whose answer goes on unread."""

    table = RELAYED


class _Whole(Answer):
    table = _WHOLE


class _Synced(Answer):
    table = _SYNCED


ONE: Final = Relayed()  # one message of the extended protocol, whose answer goes on
WHOLE: Final = _Whole()  # a Query, whose answers go on up to ReadyForQuery
SYNCED: Final = _Synced()  # a Sync


class Local(Answer):
    """Something for the client that waits for its turn: bytes, or what makes them then."""

    def __init__(
        self, said: bytes | Callable[[], bytes], lost: Callable[[], None] | None = None
    ) -> None:
        self._said = said
        self._lost = lost

    def dropped(self, line: "Line") -> None:  # noqa: ARG002  reason: nothing is told
        """Tell whoever wants to know that its turn never comes."""
        if self._lost is not None:
            self._lost()

    def say(self) -> bytes:
        """Return what the client is told."""
        return self._said if isinstance(self._said, bytes) else self._said()


class Swallowed(Answer):
    """One message of the extended protocol that the client never sent."""

    def take(self, line: "Line", kind: int, message: bytes) -> bool:
        """Take the answer and tell nobody."""
        if RELAYED[kind] != POP:
            return super().take(line, kind, message)
        return True


class Poison(Answer):
    """An error that we caused, so that the provider's transaction fails as ours does."""

    def __init__(self, said: bytes, *, is_first: bool) -> None:
        self._said = said
        self._is_first = is_first

    def error(self, line: "Line", message: bytes) -> None:  # noqa: ARG002  reason: it is of no interest
        """Tell the client of our error; once the transaction has failed, of that."""
        fails = line.status == FAILED and not self._is_first
        line.say(line.aborted if fails else self._said)


class Unheard(Answer):
    """An error that we caused and that the client was told of before."""

    def error(self, line: "Line", message: bytes) -> None:
        """Say nothing."""


class Silenced(Answer):
    """A Sync whose ReadyForQuery nobody is told."""

    def take(self, line: "Line", kind: int, message: bytes) -> bool:
        """Take the status alone."""
        if kind != READY:
            return super().take(line, kind, message)
        line.note_status(message[HEAD])
        return True


class Line:
    """Both directions of one session towards the provider."""

    def __init__(self, aborted: bytes) -> None:
        self.aborted = aborted  # the error of statements in a failed transaction
        self.to_client: list[bytes] = []
        self.to_provider: list[bytes] = []
        self.steps: list[Step] = []
        self.owed: deque[Answer] = deque()
        self.status = IDLE
        self.skipping = False  # the client's messages are dropped up to its next Sync
        self.unsynced = False  # something was sent since the last Sync
        self.copying_in = False  # the provider waits for lines that the client sends as they are
        self.is_broken = False  # the session ends
        self.stall: Call | None = None  # until that is done, the provider's messages wait
        self.doubts = False  # names may have changed
        self.on_setting: Callable[[bytes], None] = _ignored
        self.on_idle: Callable[[], None] = _nothing
        self.mapped: Callable[[bytes, bytes], bytes] = _unchanged
        self.loud: list[bytes] | None = None  # where the client listens, while it hears nothing
        self.is_settling = False  # the end of a transaction that must fail is awaited
        self.has_failed = False  # the provider told of an error; see `ending.py`
        self.on_ready: Callable[[int], bool] | None = None  # whether a ReadyForQuery must wait
        self.on_error: Callable[[], None] | None = None

    # --- towards both ---

    def say(self, message: bytes) -> None:
        """Send to the client now: for answers, at their turn."""
        self.to_client.append(message)

    def ask(self, message: bytes, answer: Answer) -> None:
        """Send to the provider; `answer` is what is owed for it."""
        self.to_provider.append(message)
        self.owed.append(answer)
        self.unsynced = True

    def sync(self) -> None:
        """End what was asked together."""
        self.to_provider.append(SYNC)
        self.owed.append(SYNCED)
        self.unsynced = False
        self.skipping = False

    def sync_unheard(self) -> None:
        """End what was asked together, of which the client knows nothing."""
        self.to_provider.append(SYNC)
        self.owed.append(Silenced())
        self.unsynced = False

    def reply(self, said: bytes | Callable[[], bytes]) -> None:
        """Tell the client something when all that was asked before is answered."""
        if self.owed:
            self.owed.append(Local(said))
        else:
            self.say(said if isinstance(said, bytes) else said())

    def flush(self) -> None:
        """Let the provider send what it has, so that what is owed comes."""
        if self.unsynced and self.owed:
            self.to_provider.append(FLUSH)

    def refuse(self, said: bytes, *, is_first: bool = False) -> None:
        """Answer the client's message by an error: up to its Sync nothing is done any more.

        The provider's transaction fails with ours, if there is one: by an Execute of nothing. In a
        failed transaction the client is told that it has failed, unless this error `is_first`.
        """
        # THREAT T648: what stands behind a refused message is not sent, and its transaction fails
        self.skipping = True
        if self.owed or self.unsynced or self.status == INSIDE:
            self.ask(build_execute(NOWHERE), Poison(said, is_first=is_first))
            self.flush()
        else:
            self.say(self.aborted if self.status == FAILED and not is_first else said)

    def fail(self, said: bytes) -> None:
        """Answer by an error where the provider had none: what its answer holds is not good.

        The client hears nothing more up to its Sync, and the provider's transaction is made to
        fail too. If more was sent already than what belongs together with the failed statement,
        the session ends: it may have been done by now.
        """
        self.say(said)
        if self.loud is None:
            self.loud, self.to_client = self.to_client, []
        following = list(self.owed)
        if SYNCED not in following:
            self.skipping = True
            self.ask(build_execute(NOWHERE), Unheard())
            self.flush()
        elif following.index(SYNCED) == len(following) - 1:
            self.is_settling = True
        else:
            self.is_broken = True

    def tell_error(self, message: bytes) -> None:
        """Send the provider's error on, in words that fit the client's names."""
        self.say(self.mapped(b"E", message))

    def note_status(self, status: int) -> None:
        """Take in how the provider's transaction stands."""
        self.status = status
        if status == IDLE:
            self.on_idle()


def _ignored(_message: bytes) -> None:
    """Stand for nobody who listens."""


def _nothing() -> None:
    """Stand for nobody who listens."""


def _unchanged(kind: bytes, message: bytes) -> bytes:  # noqa: ARG001  reason: stands for what maps names
    return message
