"""What the provider says in a session: each message goes to what was asked for it.

- Answers of clear statements are not taken apart: from frame to frame by their heads, then on in
  one piece, and long rows go on before they are whole.
- After an error all that was asked up to the next Sync has no answer: so the provider has it too.
- A message that nothing asked for ends the session.

Source: docs/spec/56-postgresql-proxy.md section 3.
"""

from typing import Final

from sealhold.model.errors import WireError
from sealhold.protect.sql.line import (
    BAD,
    COPY_DATA,
    COPY_IN,
    DONE,
    ERROR,
    INSIDE,
    NOWHERE,
    ON,
    ONE,
    POP,
    READY,
    ROW,
    SLOW,
    SYNCED,
    WHOLE,
    Line,
    Local,
    Silenced,
    Unheard,
)
from sealhold.protect.sql.wire import AFTER_LOGIN, HEAD, Inbox, build_execute, u32

_LONG: Final = frozenset((ROW, COPY_DATA))  # go on before they are whole
_NOTICE, _SETTING, _NOTIFICATION = 0x4E, 0x53, 0x41
_ASIDE: Final = frozenset((_NOTICE, _SETTING, _NOTIFICATION))  # may come at any time


class Hearing:
    """Takes the bytes of the provider for a line."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._inbox = Inbox(AFTER_LOGIN)
        self._through = 0  # bytes of a relayed frame that are still to come

    def receive(self, data: bytes) -> None:  # noqa: C901, PLR0912  reason: the one hot loop, in one piece
        """Take what came from the provider.

        Raises:
            WireError: it is not what was asked for.
        """
        line = self._line
        if self._through:
            data = self._go_through(data)
        data = self._inbox.taken(data)
        if not data or line.stall is not None:
            self._inbox.keep(data)
            return
        at, start, end, owed = 0, 0, len(data), line.owed
        while end - at >= HEAD and not line.is_broken:
            kind = data[at]
            stop = at + 1 + u32(data, at + 1)[0]
            table = owed[0].table if owed else ()
            if stop > end:
                if table and kind in _LONG and table[kind] == ON and stop - at <= AFTER_LOGIN:
                    self._through = stop - end
                    at = end
                break
            action = table[kind] if table else SLOW
            if action == ON:
                at = stop
                continue
            if action == POP:
                owed.popleft()
            elif action == DONE and line.loud is None:
                if line.on_ready is not None and line.on_ready(data[at + HEAD]):
                    break
                owed.popleft()
                line.note_status(data[at + HEAD])
            elif action == BAD:
                raise WireError("an answer out of turn")
            else:
                if at > start:
                    line.to_client.append(data[start:at])
                start = self._read(kind, data, at, stop)
                if start == at:
                    break
                at = start
                if line.stall is not None:
                    break
                continue
            at = stop
            if owed and type(owed[0]) is Local:
                line.to_client.append(data[start:at])
                start = at
                self._say_locals()
        if at > start:
            line.to_client.append(data if at == end and not start else data[start:at])
        self._inbox.keep(data[at:])

    def resume(self) -> None:
        """Go on after a stall.

        Raises:
            WireError: as `receive`.
        """
        line = self._line
        line.stall = None
        self.receive(self._inbox.all())

    @property
    def waiting(self) -> int:
        """How many bytes of the provider wait here."""
        return self._inbox.size

    def _go_through(self, data: bytes) -> bytes:
        line = self._line
        count = min(len(data), self._through)
        self._through -= count
        if count == len(data):
            line.to_client.append(data)
            return b""
        line.to_client.append(data[:count])
        return data[count:]

    def _read(self, kind: int, data: bytes, at: int, stop: int) -> int:
        """Take one message that does not go on as it is, or many rows; return where it ends.

        Raises:
            WireError: nobody asked for it.
        """
        line = self._line
        owed = line.owed
        if kind == READY and line.on_ready is not None and line.on_ready(data[at + HEAD]):
            return at
        if kind == ROW and owed:
            return owed[0].rows(line, data, at)
        message = data[at:stop]
        if kind in _ASIDE:
            self._aside(kind, message)
        elif kind == ERROR:
            self._failed(message)
        elif not owed:
            raise WireError("a message that nobody asked for")
        elif kind == COPY_IN and owed[0].table:
            self._begins_copy(message)
        elif kind == READY and owed[0] is SYNCED:
            self._ends(message)
        elif owed[0].take(line, kind, message):
            owed.popleft()
            self._say_locals()
        return stop

    def _aside(self, kind: int, message: bytes) -> None:
        """Take what may come at any time: notices, notifications, settings."""
        line = self._line
        if kind == _SETTING:
            line.on_setting(message)
        line.say(line.mapped(b"N", message) if kind == _NOTICE else message)

    def _failed(self, message: bytes) -> None:
        line = self._line
        owed = line.owed
        line.copying_in = False
        line.has_failed = True
        if not owed:  # it ends the connection: shutting down, or idle for too long
            line.tell_error(message)
            return
        if owed[0] is WHOLE:
            line.tell_error(message)
            return
        owed.popleft().error(line, message)
        self._drop()
        if line.on_error is not None:
            line.on_error()
        if not owed:
            line.skipping = True

    def _drop(self) -> None:
        """Forget what is owed up to the next Sync."""
        line = self._line
        owed = line.owed
        while owed and owed[0] is not SYNCED and not isinstance(owed[0], Silenced):
            owed.popleft().dropped(line)

    def _begins_copy(self, message: bytes) -> None:
        """Let the client send its lines. The provider ignores a Sync that was sent already.

        Raises:
            WireError: more was asked behind the COPY.
        """
        line = self._line
        line.say(message)
        line.copying_in = True
        if line.owed[0] is ONE:
            if any(each is not SYNCED for each in list(line.owed)[1:]):
                raise WireError("messages behind a COPY that had not begun")
            while len(line.owed) > 1:
                line.owed.pop()
            line.unsynced = True

    def _ends(self, message: bytes) -> None:
        """End what was answered by an error of ours: a transaction around it must fail too."""
        line = self._line
        line.owed.popleft()
        if line.is_settling and message[HEAD] == INSIDE:
            line.ask(build_execute(NOWHERE), Unheard())
            line.sync()
            return
        line.is_settling = False
        if line.loud is not None:
            line.to_client, line.loud = line.loud, None
        line.note_status(message[HEAD])
        line.say(message)
        self._say_locals()

    def _say_locals(self) -> None:
        line = self._line
        owed = line.owed
        while owed and type(owed[0]) is Local:
            line.say(owed.popleft().say())  # type: ignore[attr-defined]  # reason: the type was looked at

    def stall_failed(self, err: bytes) -> None:
        """Answer by an error, since what was waited for is refused.

        Raises:
            WireError: as `receive`.
        """
        line = self._line
        if line.owed:
            line.owed[0].give_up()
        line.fail(err)
        self.resume()
