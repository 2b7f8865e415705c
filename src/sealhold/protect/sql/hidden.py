"""Statements that are not sent as they are: on protected columns, or about the session itself.

- Towards the provider always by the extended protocol, whichever the client speaks.
- Before a statement's values go anywhere, the gate has admitted it and its row numbers are drawn.

Source: docs/spec/56-postgresql-proxy.md sections 4 and 5.
"""

from dataclasses import dataclass

from sealhold.model.errors import SealholdError
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.sql.binding import Values
from sealhold.protect.sql.commands import Commands
from sealhold.protect.sql.copying import Copying
from sealhold.protect.sql.errors import NOT_POSSIBLE, error
from sealhold.protect.sql.leasing import Leasing
from sealhold.protect.sql.line import ONE, Line, Swallowed
from sealhold.protect.sql.opening import Opening, Rows, handed_out, row_description, value_error
from sealhold.protect.sql.parsing import Bind, parse_bind
from sealhold.protect.sql.passing import passes, ran, touch_of
from sealhold.protect.sql.plan import (
    Control,
    CopyPlan,
    Given,
    Plan,
    Query,
    Refused,
    Relay,
    Rewrite,
    Script,
    Touch,
)
from sealhold.protect.sql.prepared import ToldSwallowed
from sealhold.protect.sql.rewriting import Rewriting
from sealhold.protect.sql.running import Running, answer_of
from sealhold.protect.sql.talk import Job, Portal, Statement, Talk
from sealhold.protect.sql.wire import (
    build_bind,
    build_execute,
    build_oids,
    build_parse,
    build_target,
    frame,
)

PARSED = frame(b"1")
BOUND = frame(b"2")
CLOSED = frame(b"3")


@dataclass(slots=True)
class Waiting:
    """What a portal holds for its Execute, where nothing was bound at the provider."""

    values: Values


class Hiding:
    """Carries out what does not go on as it came."""

    def __init__(self, talk: Talk, running: Running, copying: Copying) -> None:
        self._talk = talk
        self._running = running
        self._copying = copying
        self._rewriting = Rewriting(talk, running)
        self._commands = Commands(talk, running, self._rewriting)

    # --- one message of the extended protocol ---

    def parse(self, statement: Statement) -> None:
        """Prepare a statement."""
        query = _query_of(statement.plan)
        if query is not None:
            self._running.prepared.of(query)
        self._talk.line.reply(PARSED)

    def bind(self, statement: Statement, body: bytes) -> None:
        """Give a statement its values.

        Raises:
            WireError: the message is out of form.
        """
        said = parse_bind(body)
        plan = statement.plan
        if not isinstance(plan, Query):
            values = Values(said.values, said.formats)
            self._talk.portals[said.portal] = Portal(
                statement, is_relayed=False, results=said.results, answer=Waiting(values)
            )
            self._talk.line.reply(BOUND)
        elif self._running.is_ready(plan):
            self._bound(statement, plan, said)
        else:
            self._talk.start(self._bind_later(statement, plan, said))

    def describe(self, statement: Statement) -> None:
        """Tell what a statement takes and gives."""
        plan = statement.plan
        query = _query_of(plan)
        if query is None:
            behind = self._commands.description(plan, ())
            self._talk.line.reply(lambda: build_oids(()) + behind())
            return
        prepared = self._running.prepared.of(query)
        first = plan.select if isinstance(plan, Rewrite) else query
        before = prepared if first is query else self._running.prepared.of(first)

        def said() -> bytes:
            oids = client_oids(query, prepared.parameters, statement.oids)
            if first is not query:
                oids = _either(oids, client_oids(first, before.parameters, statement.oids))
            return build_oids(oids) + row_description(query, prepared, ())

        self._talk.line.reply(said)

    def describe_portal(self, portal: Portal) -> None:
        """Tell what a portal gives."""
        plan = portal.statement.plan
        query = _query_of(plan)
        if query is None:
            self._talk.line.reply(self._commands.description(plan, portal.results))
            return
        prepared = self._running.prepared.of(query)
        self._talk.line.reply(lambda: row_description(query, prepared, portal.results))

    def execute(self, portal: Portal, name: bytes, rows: int) -> None:
        """Run a portal."""
        line, plan, answer = self._talk.line, portal.statement.plan, portal.answer
        if not isinstance(plan, Query):
            self._talk.start(self._guarded(self._execute_other(portal)))
        elif not isinstance(answer, Opening):
            line.refuse(error("55000", "portal cannot be run"))
        elif not answer.is_kept:
            line.ask(build_execute(name, rows), answer_of(answer))
        elif answer.has_begun:
            line.reply(lambda: handed_out(answer, rows))
        else:
            answer.has_begun = True
            line.ask(build_execute(name, answer.most + 1), Rows(answer, rows))

    def close(self, kind: bytes, name: bytes) -> None:
        """Forget a statement or portal; the provider keeps what it has prepared."""
        if kind == b"P":
            self._talk.line.ask(build_target(b"C", b"P", name), ONE)
        else:
            self._talk.line.reply(CLOSED)

    # --- one statement of a Query ---

    def whole(self, plan: Plan, *, is_alone: bool) -> Job:  # noqa: C901  reason: one case for each plan
        """Carry out one of several statements, with its description and its end.

        Raises:
            SealholdError: it is refused; the client is not told yet.
        """
        line = self._talk.line
        match plan:
            case Relay(sql):
                yield from self._leave(plan.touch)
                self._relayed(sql)
                if plan.changes_names:
                    self._talk.names_change()
            case Query():
                yield from self._running.whole(plan, Values(), ())
            case CopyPlan() if is_alone:
                yield from self._copying.begin(plan)
            case CopyPlan():
                line.refuse(error(NOT_POSSIBLE, "COPY of a protected table together with others"))
            case Refused():
                self._talk.refuse(plan)
            case Rewrite():
                yield from self._rewriting.whole(plan, Values())
            case Script():
                yield from self._leave(plan.touch)
                self._script(plan)
            case Control() if passes(self._talk, plan):
                yield from self._leave(touch_of(self._talk, plan))
                self._relayed(plan.sql)
                ran(self._talk, plan)
            case Control():
                yield from self._commands.run(plan, (), is_described=True)

    @property
    def leasing(self) -> Leasing:
        """The leases of the session."""
        return self._running.leasing

    def _leave(self, touch: Touch | None) -> Job:
        """Have leave for one statement.

        Raises:
            SealholdError: the gate refuses.
        """
        if touch is not None and not self.leasing.is_ready(touch):
            yield from self.leasing.admitted(touch)

    def _bound(self, statement: Statement, plan: Query, said: Bind) -> None:
        talk = self._talk
        try:
            opening = self._running.bind(
                plan, Values(said.values, said.formats), said.results, said.portal, is_told=True
            )
        except (PgValueError, SealholdError) as err:
            talk.line.refuse(value_error(err))
            return
        talk.portals[said.portal] = Portal(
            statement, is_relayed=False, results=said.results, answer=opening
        )

    def _bind_later(self, statement: Statement, plan: Query, said: Bind) -> Job:
        try:
            yield from self._running.made_ready(plan)
        except SealholdError as err:
            self._talk.line.refuse(value_error(err))
            return
        if not self._talk.line.skipping:  # by an error meanwhile: the provider drops it too
            self._bound(statement, plan, said)

    def _guarded(self, job: Job) -> Job:
        try:
            yield from job
        except (PgValueError, SealholdError) as err:
            self._talk.line.refuse(value_error(err))

    def _execute_other(self, portal: Portal) -> Job:
        plan = portal.statement.plan
        values = portal.answer.values if isinstance(portal.answer, Waiting) else Values()
        match plan:
            case Rewrite():
                yield from self._rewriting.run(plan, values, portal.results)
            case Script():
                yield from self._leave(plan.touch)
                self._script(plan)
            case Control():
                yield from self._commands.run(plan, portal.results, is_described=False)
            case _:
                self._talk.line.refuse(
                    error(NOT_POSSIBLE, "COPY of a protected table goes as a simple query alone")
                )

    def _relayed(self, sql: str) -> None:
        """Do a clear statement between others."""
        line = self._talk.line
        line.ask(build_parse(b"", sql.encode(), ()), Swallowed())
        line.ask(build_bind(b"", b"", (), (), ()), Swallowed())
        line.ask(build_target(b"D", b"P", b""), Columns())
        line.ask(build_execute(b""), ONE)

    def _script(self, plan: Script) -> None:
        """Do several statements as one: of their answers the client gets one end."""
        line = self._talk.line
        query = Query("", plan.touch)
        for each in plan.statements:
            line.ask(build_parse(_DDL, each.encode(), ()), ToldSwallowed(query))
            line.ask(build_bind(_DDL, _DDL, (), (), ()), ToldSwallowed(query))
            line.ask(build_execute(_DDL), ToldSwallowed(query))
            line.ask(build_target(b"C", b"P", _DDL), Swallowed())
            line.ask(build_target(b"C", b"S", _DDL), Swallowed())
        line.reply(frame(b"C", plan.tag.encode() + b"\0"))
        self._talk.names_change()


class Columns(Swallowed):
    """The description of a clear statement's rows; nothing is said if it has none."""

    def take(self, line: Line, kind: int, message: bytes) -> bool:
        """Tell the client of columns alone."""
        if kind == ord("T"):
            line.say(message)
        return super().take(line, kind, message)


_DDL = b""


def client_oids(query: Query, given: tuple[int, ...], declared: tuple[int, ...]) -> list[int]:
    """Return the types of the client's parameters: declared, planned, or as the provider says."""
    found: dict[int, int] = {}
    for at, each in enumerate(query.parameters):
        if isinstance(each.source, Given) and at < len(given):
            found.setdefault(each.source.client, given[at])
    found |= {at: type_.oid for at, type_ in enumerate(query.types) if type_ is not None}
    found |= {at: oid for at, oid in enumerate(declared) if oid}
    count = max(found, default=-1) + 1
    return [found.get(at, _TEXT) for at in range(count)]


def _either(oids: list[int], others: list[int]) -> list[int]:
    """Return the types of parameters of which each phase of a change knows some."""
    longer, shorter = sorted((oids, others), key=len, reverse=True)
    return [
        oid if at >= len(shorter) or oid != _TEXT else shorter[at] for at, oid in enumerate(longer)
    ]


_TEXT = 25


def _query_of(plan: Plan) -> Query | None:
    """Return what decides a plan's parameters and columns."""
    if isinstance(plan, Query):
        return plan
    return plan.change if isinstance(plan, Rewrite) else None
