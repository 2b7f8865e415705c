"""The client's Parse, Bind, Describe, Execute, Close and Sync.

- What belongs to a clear statement goes on as it came. All else is `hidden.py`.
- A value is sent on only for a statement that is known here, and planned under the names and the
  policy of now: never for one that was refused, or is unknown.
- Names that begin with `_sh_` are ours.

Source: docs/spec/56-postgresql-proxy.md section 4.
"""

from collections.abc import Callable

from sealhold.model.errors import SealholdError, WireError
from sealhold.protect.sql.errors import error
from sealhold.protect.sql.hidden import Hiding
from sealhold.protect.sql.line import ONE, Answer, Line, Relayed
from sealhold.protect.sql.opening import value_error
from sealhold.protect.sql.parsing import cstring, parse_execute, parse_parse, parse_target
from sealhold.protect.sql.passing import is_ending, passes, ran, touch_of
from sealhold.protect.sql.plan import Control, Refused, Relay, Touch
from sealhold.protect.sql.talk import OURS, Job, Portal, Statement, Talk
from sealhold.protect.sql.wire import HEAD, build_execute, build_parse, build_target

CLOSED = b"3\0\0\0\4"  # CloseComplete
_DESCRIBE = build_target(b"D", b"P", b"")  # what most clients send, over and over
_EXECUTE = build_execute(b"")
Take = Callable[[bytes, int, int], None]


class RelayedParse(Relayed):
    """A relayed Parse: if it fails there is no such statement; if it is skipped, the old one is."""

    def __init__(self, talk: Talk, statement: Statement) -> None:
        self._talk = talk
        self._statement = statement

    def error(self, line: Line, message: bytes) -> None:
        """Forget the statement."""
        if not self._statement.name:
            self._statement.before = None  # the one without a name goes first
        self.dropped(line)
        super().error(line, message)

    def dropped(self, line: Line) -> None:  # noqa: ARG002  reason: nothing is told
        """Forget the statement; one of that name that was there before still is."""
        statements, one = self._talk.statements, self._statement
        one.is_gone = True
        if statements.get(one.name) is one:
            del statements[one.name]
            _put_back(self._talk, one)


class RelayedClose(Answer):
    """A relayed Close of a statement: if it is skipped, the statement is still there."""

    def __init__(self, talk: Talk, statement: Statement) -> None:
        self._talk = talk
        self._statement = statement

    def take(self, line: Line, kind: int, message: bytes) -> bool:
        """Forget the statement, and those before it that are not there either."""
        if kind != CLOSED[0]:
            return super().take(line, kind, message)
        line.say(message)
        each: Statement | None = self._statement
        while each is not None:
            each.is_gone = True
            each = each.before
        self._settle()
        return True

    def dropped(self, line: Line) -> None:  # noqa: ARG002  reason: nothing is told
        """Put the statement back."""
        self._settle()
        _put_back(self._talk, self._statement)

    def _settle(self) -> None:
        closing, one = self._talk.closing, self._statement
        if closing.get(one.name) is one:
            del closing[one.name]


class Extended:
    """Carries out messages of the extended protocol. Each takes a whole frame."""

    def __init__(self, talk: Talk, hiding: Hiding) -> None:
        self._talk = talk
        self._hiding = hiding

    def parse(self, data: bytes, at: int, stop: int) -> None:
        """Prepare a statement.

        Raises:
            WireError: the message is out of form.
        """
        talk = self._talk
        said = parse_parse(data[at + HEAD : stop])
        if not talk.is_current:
            talk.start(self._parse_later(data[at:stop]))
            return
        known = talk.statements.get(said.name)
        if said.name.startswith(OURS):
            talk.line.refuse(error("42602", "names that begin with _sh_ are the proxy's"))
            return
        if not said.name:
            talk.statements.pop(b"", None)
        elif known is not None and not known.is_relayed:
            name = said.name.decode("utf-8", "replace")
            talk.line.refuse(error("42P05", f'prepared statement "{name}" already exists'))
            return
        plan = talk.one_plan(said.text, said.oids)
        if talk.looks_again(said.text, plan):
            talk.start(self._parse_later(data[at:stop]))
            return
        if isinstance(plan, Refused):
            talk.refuse(plan)
            return
        statement = Statement(
            said.name, said.text.decode(), said.oids, plan, talk.epoch, passes(talk, plan)
        )
        if not statement.is_relayed:
            self._hiding.parse(statement)
        else:
            statement.before = known or talk.closing.get(said.name)
            self._relay_parse(statement, data[at:stop], said.text)
        talk.statements[said.name] = statement

    def bind(self, data: bytes, at: int, stop: int) -> None:
        """Give a statement its values.

        Raises:
            WireError: the message is out of form.
        """
        talk = self._talk
        first = data.find(b"\0", at + HEAD, stop)
        second = data.find(b"\0", first + 1, stop)
        if first < 0 or second < 0:
            raise WireError("a text without end")
        name = data[first + 1 : second]
        statement = talk.statements.get(name)
        # THREAT T643: values for a statement that was refused, or is not known, may be anything's
        if statement is None:
            self._unknown(name, self.bind, data[at:stop])
            return
        if statement.epoch != talk.epoch or not talk.is_current:
            talk.start(self._bind_later(statement, data[at:stop]))
            return
        portal = data[at + HEAD : first]
        if portal.startswith(OURS):
            talk.line.refuse(error("42602", "names that begin with _sh_ are the proxy's"))
        elif statement.is_relayed:
            touch = touch_of(talk, statement.plan)
            if touch is not None and not self._hiding.leasing.is_ready(touch):
                talk.start(self._bind_admitted(touch, data[at:stop]))
                return
            talk.portals[portal] = statement.portal or _relayed_portal(statement)
            line = talk.line
            line.to_provider.append(data[at:stop])
            line.owed.append(ONE)
            line.unsynced = True
        else:
            self._hiding.bind(statement, data[at + HEAD : stop])

    def describe(self, data: bytes, at: int, stop: int) -> None:
        """Tell what a statement takes, and gives.

        Raises:
            WireError: the message is out of form.
        """
        talk = self._talk
        message = data[at:stop]
        if message == _DESCRIBE:
            kind, name = b"P", b""
        else:
            kind, name = parse_target(message[HEAD:])
        if kind == b"P":
            portal = talk.portals.get(name)
            if portal is None and name.startswith(OURS):
                talk.line.refuse(_no_portal(name), is_first=True)
            elif portal is None or portal.is_relayed:  # unknown here: a cursor, or an error
                talk.line.ask(message, ONE)
            else:
                self._hiding.describe_portal(portal)
            return
        statement = talk.statements.get(name)
        if statement is None:
            self._unknown(name, self.describe, message)
        elif statement.is_relayed:
            talk.line.ask(message, ONE)
        else:
            self._hiding.describe(statement)

    def execute(self, data: bytes, at: int, stop: int) -> None:
        """Run a portal.

        Raises:
            WireError: the message is out of form.
        """
        talk = self._talk
        message = data[at:stop]
        name, rows = (b"", 0) if message == _EXECUTE else parse_execute(message[HEAD:])
        portal = talk.portals.get(name)
        if portal is None and name.startswith(OURS):
            talk.line.refuse(_no_portal(name), is_first=True)
        elif portal is None:  # a cursor on what is clear, or an error
            talk.line.ask(message, ONE)
        elif portal.is_relayed:
            talk.line.ask(message, talk.ending.answer(portal.statement.plan))
            ran(talk, portal.statement.plan)
        else:
            self._hiding.execute(portal, name, rows)

    def close(self, data: bytes, at: int, stop: int) -> None:
        """Forget a statement or portal.

        Raises:
            WireError: the message is out of form.
        """
        talk = self._talk
        kind, name = parse_target(data[at + HEAD : stop])
        if name.startswith(OURS):
            talk.line.reply(CLOSED)
            return
        if kind == b"S":
            known = talk.statements.pop(name, None)
            if known is not None and known.is_relayed:
                talk.closing[name] = known
                talk.line.ask(data[at:stop], RelayedClose(talk, known))
                return
            is_relayed = known is None
        else:
            portal = talk.portals.pop(name, None)
            is_relayed = portal is None or portal.is_relayed or portal.answer is None
        if is_relayed:
            talk.line.ask(data[at:stop], ONE)
        else:
            self._hiding.close(kind, name)

    def _unknown(self, name: bytes, take: Take, message: bytes) -> None:
        """Refuse what needs a statement that is not known, once it is certain that it is not."""
        line = self._talk.line
        if line.owed:
            self._talk.start(self._when_known(name, take, message))
        else:
            line.refuse(_no_statement(name), is_first=True)

    def _when_known(self, name: bytes, take: Take, message: bytes) -> Job:
        yield from self._talk.drained()
        if self._talk.line.skipping:
            return
        if name in self._talk.statements:
            take(message, 0, len(message))
        else:
            self._talk.line.refuse(_no_statement(name), is_first=True)

    def _relay_parse(self, statement: Statement, message: bytes, text: bytes) -> None:
        plan = statement.plan
        assert isinstance(plan, (Relay, Control))  # noqa: S101  reason: for the type alone; see `passes`
        sql = plan.sql.encode()
        if sql != text:
            message = build_parse(statement.name, sql, statement.oids)
        self._talk.line.ask(message, RelayedParse(self._talk, statement))

    def _parse_later(self, message: bytes) -> Job:
        talk = self._talk
        yield from talk.current()
        if talk.line.skipping:
            return
        if talk.is_lost and not self._is_ending(parse_parse(message[HEAD:]).text):
            talk.line.refuse(talk.line.aborted)
            return
        self._parse_now(message)

    def _parse_now(self, message: bytes) -> None:
        talk = self._talk
        if not talk.is_lost:
            self.parse(message, 0, len(message))
            return
        said = parse_parse(message[HEAD:])  # the end of a failed transaction, whatever names mean
        plan = talk.one_plan(said.text, said.oids)
        statement = Statement(said.name, said.text.decode(), said.oids, plan, -1, is_relayed=True)
        talk.statements[said.name] = statement
        self._relay_parse(statement, message, said.text)

    def _is_ending(self, text: bytes) -> bool:
        return is_ending(self._talk.one_plan(text, ()))

    def _bind_admitted(self, touch: Touch, message: bytes) -> Job:
        """Bind a clear statement once the gate gave leave for it."""
        try:
            yield self._hiding.leasing.call(touch)
        except SealholdError as err:
            self._talk.line.refuse(value_error(err))
            return
        if not self._talk.line.skipping:  # by an error meanwhile: the provider drops it too
            self.bind(message, 0, len(message))

    def _bind_later(self, statement: Statement, message: bytes) -> Job:
        """Bind a statement that was prepared under other names: if they mean the same."""
        talk = self._talk
        if not talk.is_current:
            yield from talk.current()
        if talk.line.skipping:
            return
        if talk.is_lost:
            if not is_ending(statement.plan):
                talk.line.refuse(talk.line.aborted)
                return
            portal, _ = cstring(message, HEAD)
            talk.portals[portal] = Portal(statement, is_relayed=True)
            talk.line.ask(message, ONE)
            return
        refused = talk.renewed(statement)
        if refused is not None:
            talk.line.refuse(refused)
        else:
            self.bind(message, 0, len(message))


def _relayed_portal(statement: Statement) -> Portal:
    """Return what stands for any portal of a clear statement: nothing is kept of one."""
    statement.portal = Portal(statement, is_relayed=True)
    return statement.portal


def _put_back(talk: Talk, statement: Statement) -> None:
    """Let a name mean a statement again, or the last one before it that did not fail."""
    found: Statement | None = statement
    while found is not None and found.is_gone:
        found = found.before
    if found is not None:
        talk.statements.setdefault(found.name, found)


def _no_statement(name: bytes) -> bytes:
    text = name.decode("utf-8", "replace")
    said = (
        f'prepared statement "{text}" does not exist'
        if text
        else ("unnamed prepared statement does not exist")
    )
    return error("26000", said)


def _no_portal(name: bytes) -> bytes:
    return error("34000", f'portal "{name.decode("utf-8", "replace")}" does not exist')
