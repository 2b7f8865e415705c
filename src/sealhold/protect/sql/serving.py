"""A session past its login: takes the client's frames in order, and the provider's answers.

- A frame is handed to what carries it out. Up to the client's next Sync, after an error, frames
  are dropped. While a job waits, frames wait too.
- Both sides are bounded: who hands in bytes asks `is_full` first.

Source: docs/spec/56-postgresql-proxy.md section 3.
"""

from collections.abc import Callable
from typing import Final

from sealhold.model.errors import SealholdError, WireError
from sealhold.model.pgsteps import Call, End
from sealhold.protect.sql.copying import Copying
from sealhold.protect.sql.errors import error, told
from sealhold.protect.sql.extended import Extended
from sealhold.protect.sql.hearing import Hearing
from sealhold.protect.sql.hidden import Hiding
from sealhold.protect.sql.line import IDLE
from sealhold.protect.sql.running import Running
from sealhold.protect.sql.simple import Simple
from sealhold.protect.sql.talk import Job, Talk
from sealhold.protect.sql.wire import AFTER_LOGIN, HEAD, Inbox, frame, u32

FULL: Final = 2**20  # bytes that wait on one side
_SYNC, _TERMINATE = 0x53, 0x58
_IN_COPY: Final = b"dcf"

Take = Callable[[bytes, int, int], None]


class Serving:
    """The middle of one session."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.line = talk.line
        self._hearing = Hearing(talk.line)
        self.is_over = False
        self._running = Running(talk)
        self._copying = Copying(talk, self._running)
        hiding = Hiding(talk, self._running, self._copying)
        extended = Extended(talk, hiding)
        simple = Simple(talk, hiding, self._copying)
        self._takes: dict[int, Take] = {
            ord("Q"): simple.query,
            ord("P"): extended.parse,
            ord("B"): extended.bind,
            ord("D"): extended.describe,
            ord("E"): extended.execute,
            ord("C"): extended.close,
            ord("H"): self._flush,
            _SYNC: self._sync,
            _TERMINATE: self._end,
            ord("d"): self._copy,
            ord("c"): self._copy,
            ord("f"): self._copy,
            ord("F"): self._function,
        }
        self._inbox = Inbox(AFTER_LOGIN)
        self._waiting: list[bytes] = []
        self._size = 0
        self._is_working = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing that was planned is under way; any thread may ask, in this order."""
        if self._is_working:
            return False
        return self.talk.is_held or (self.talk.job is None and not self.line.owed)

    @property
    def is_full(self) -> bool:
        """Whether the client should wait with more."""
        # THREAT T652: who sends and does not read is not read either
        return self._size > FULL

    @property
    def is_stalled(self) -> bool:
        """Whether the provider should wait with more."""
        return self.line.stall is not None and self._hearing.waiting > FULL

    @property
    def is_strained(self) -> bool:
        """Whether either is worth asking."""
        return self._size > 0 or self.line.stall is not None

    def client_said(self, data: bytes) -> None:
        """Take what the client sent.

        Raises:
            WireError: it is not the protocol.
        """
        line, versions = self.line, self.talk.parts.versions
        if versions is not None and line.status == IDLE and not line.owed:
            self.talk.since = versions.now  # before anything of it is sent
        if self.talk.job is not None or line.is_settling:
            self._waiting.append(data)
            self._size += len(data)
        else:
            self._is_working = True
            self._work(data)
            self._is_working = False

    def provider_said(self, data: bytes) -> None:
        """Take what the provider sent.

        Raises:
            WireError: it is not the protocol, or out of turn.
        """
        self._hearing.receive(data)
        self._after()

    def returned(self, call: Call, value: object) -> None:
        """Take what came of a call.

        Raises:
            WireError: what waited is not the protocol.
        """
        if call is self.talk.waits:
            self.talk.go_on(value)
        elif call is self.line.stall:
            self._hearing.resume()
        self._after()

    def failed(self, call: Call, err: SealholdError) -> None:
        """Take why a call failed.

        Raises:
            WireError: what waited is not the protocol.
        """
        if call is self.talk.waits:
            self.talk.throw(err)
        elif call is self.line.stall:
            if call is self.talk.ending.call:  # nothing may go on as if it had been told
                raise WireError("how a transaction ended could not be written down")
            self._hearing.stall_failed(told(err))
        self._after()

    def _after(self) -> None:
        """Go on with what may go on now.

        Raises:
            WireError: the session cannot go on.
        """
        line, talk = self.line, self.talk
        if talk.waits is None and not self._waiting and not line.is_broken:
            return
        if line.is_broken:
            raise WireError("the session cannot go on")
        if talk.waits is not None:
            talk.look()
        if talk.job is None and self._waiting and not line.is_settling:
            data = b"".join(self._waiting)
            self._waiting.clear()
            self._size = 0
            self._is_working = True
            self._work(data)
            self._is_working = False

    def _work(self, data: bytes) -> None:  # noqa: C901  reason: the one hot loop, in one piece
        """Take whole frames, each by what carries it out.

        Raises:
            WireError: a frame that no client sends.
        """
        data = self._inbox.taken(data)
        at, end = 0, len(data)
        line, talk, takes = self.line, self.talk, self._takes
        pending = talk.parts.limits.pending
        while end - at >= HEAD:
            kind = data[at]
            stop = at + 1 + u32(data, at + 1)[0]
            if stop > end:
                break
            if stop < at + HEAD:
                raise WireError("a frame shorter than its head")
            take = takes.get(kind)
            if take is None:
                raise WireError("a message of a kind that no client sends")
            if not line.skipping or kind in {_SYNC, _TERMINATE}:
                if len(line.owed) >= pending and kind != _TERMINATE:
                    talk.start(talk.room())
                    if talk.job is not None:
                        break
                take(data, at, stop)
            at = stop
            if talk.job is not None or line.is_settling or self.is_over:
                break
        if talk.job is None and not line.is_settling:
            self._inbox.keep(data[at:])
        elif at < end:
            self._waiting.insert(0, data[at:])
            self._size += end - at

    def settle(self) -> None:
        """Count what was used of each lease; tell whoever waits for a transaction to end."""
        self._running.leasing.settle()
        self._running.pairing.gone()
        self.talk.ending.gone()

    def _sync(self, data: bytes, at: int, stop: int) -> None:  # noqa: ARG002  reason: it has no body
        if not self.line.copying_in and not self._copying.is_on:
            self.line.sync()

    def _flush(self, data: bytes, at: int, stop: int) -> None:  # noqa: ARG002  reason: it has no body
        self.line.flush()

    def _end(self, data: bytes, at: int, stop: int) -> None:  # noqa: ARG002  reason: it has no body
        self.is_over = True
        self.line.to_provider.append(frame(b"X"))
        self.line.steps.append(End())

    def _copy(self, data: bytes, at: int, stop: int) -> None:
        line = self.line
        # THREAT T650: lines that nobody asked for go nowhere: they may be of a protected table
        if line.copying_in:
            line.to_provider.append(data[at:stop])
            if data[at] != ord("d"):
                line.copying_in = False
        elif self._copying.is_on:
            self._copying.take(data, at, stop)
        elif line.owed:
            self.talk.start(self._copy_later(data[at:stop]))

    def _copy_later(self, message: bytes) -> Job:
        """Wait until it is known whether lines may be sent: to whom, and in what form."""
        line, copying = self.line, self._copying
        line.flush()
        yield lambda: line.copying_in or copying.is_on or not line.owed
        if line.copying_in or copying.is_on:
            self._copy(message, 0, len(message))

    def _function(self, data: bytes, at: int, stop: int) -> None:  # noqa: ARG002  reason: it is not read
        said = error("0A000", "function calls do not go through this proxy")
        self.talk.start(self.talk.refused_whole(said))
