"""Statements about the session that concern protected columns: PREPARE, EXECUTE, cursors, settings.

- What was prepared or declared on protected columns lives here; the provider knows a portal of it
  at most. What concerns clear statements goes on as it is (`extended.passes`).
- A cursor reads forward. It ends with its transaction.

Source: docs/spec/56-postgresql-proxy.md section 4.
"""

from collections.abc import Callable, Sequence
from typing import Final

from sealhold.protect.sql.binding import Values
from sealhold.protect.sql.errors import NOT_POSSIBLE, error
from sealhold.protect.sql.line import INSIDE, Line, Swallowed
from sealhold.protect.sql.opening import NO_DATA, Opening, Rows, framed, row_description
from sealhold.protect.sql.plan import Control, Given, Hidden, Plan, Query, Rewrite, SumPlan, Verb
from sealhold.protect.sql.rewriting import Rewriting
from sealhold.protect.sql.running import Running
from sealhold.protect.sql.sumrunning import SumRunning
from sealhold.protect.sql.talk import OURS, Cursor, Job, Portal, Statement, Talk
from sealhold.protect.sql.wire import build_execute, build_target, frame

_ALL: Final = 2**31
_FORWARD: Final = 3


class _Fetched(Rows):
    """The answer to an Execute that a FETCH became."""

    def complete(self, line: Line, message: bytes) -> None:  # noqa: ARG002  reason: the count is ours
        """Tell the client how many it got."""
        line.say(complete(f"FETCH {self.count}"))


class Commands:
    """Carries out statements about the session."""

    def __init__(
        self, talk: Talk, running: Running, rewriting: Rewriting, summing: SumRunning
    ) -> None:
        self._talk = talk
        self._running = running
        self._rewriting = rewriting
        self._summing = summing

    def description(self, plan: Plan, results: Sequence[int]) -> Callable[[], bytes]:
        """Return what a Describe is answered, at its turn."""
        query = self._query_behind(plan)
        if query is None:
            return lambda: NO_DATA
        prepared = self._running.prepared.of(query)
        return lambda: row_description(query, prepared, results)

    def run(self, plan: Control, results: Sequence[int], *, is_described: bool) -> Job:
        """Carry out one; if `is_described`, the client is told of columns too.

        Raises:
            SealholdError: it is refused.
            PgValueError: a value that its column cannot hold.
        """
        talk, line = self._talk, self._talk.line
        name = plan.name.encode()
        match plan.verb:
            case Verb.SET:
                talk.learn(plan.name, plan.value)
                line.reply(complete("SET"))
            case Verb.PREPARE:
                self._prepare(plan, name)
            case Verb.DEALLOCATE:
                talk.statements.pop(name, None)
                line.reply(complete("DEALLOCATE"))
            case Verb.EXECUTE:
                yield from self._execute(plan, name, results, is_described=is_described)
            case Verb.DECLARE:
                yield from self._declare(plan)
            case Verb.FETCH:
                self._fetch(plan, results, is_described=is_described)
            case Verb.CLOSE:
                cursor = talk.cursors.pop(plan.name)
                talk.portals.pop(name, None)
                line.ask(build_target(b"C", b"P", cursor.portal), Swallowed())
                line.reply(complete("CLOSE CURSOR"))
            case _:
                line.refuse(error("0A000", f"{plan.verb.value} is not possible here"))

    def _prepare(self, plan: Control, name: bytes) -> None:
        talk = self._talk
        if name in talk.statements:
            talk.line.refuse(error("42P05", f'prepared statement "{plan.name}" already exists'))
            return
        if plan.inner is None:
            talk.line.refuse(error("0A000", "PREPARE of nothing"))
            return
        if isinstance(plan.inner, Query):
            self._running.prepared.of(plan.inner)
        talk.statements[name] = Statement(
            name, plan.sql, plan.types, plan.inner, talk.epoch, is_relayed=False, is_by_sql=True
        )
        talk.line.reply(complete("PREPARE"))

    def _execute(
        self, plan: Control, name: bytes, results: Sequence[int], *, is_described: bool
    ) -> Job:
        talk = self._talk
        statement = talk.statements.get(name)
        if statement is None:
            said = f'prepared statement "{plan.name}" does not exist'
            talk.line.refuse(error("26000", said))
            return
        refused = talk.renewed(statement)
        if refused is not None:
            talk.line.refuse(refused)
            return
        values = Values(plan.arguments)
        match statement.plan:
            case Query() as query:
                yield from self._running.whole(query, values, results, is_described=is_described)
            case Rewrite() as rewrite:
                yield from self._rewriting.run(rewrite, values, results, is_described=is_described)
            case SumPlan() as sums:
                yield from self._summing.run(sums, values, results, is_described=is_described)
            case _:
                talk.line.refuse(
                    error(NOT_POSSIBLE, "EXECUTE of such a statement is not possible here")
                )

    def _declare(self, plan: Control) -> Job:
        talk, line, query = self._talk, self._talk.line, plan.inner
        if isinstance(query, SumPlan):
            query = query.opened  # a cursor is a portal at the provider
        yield from talk.drained()
        if line.skipping:
            return
        if line.status != INSIDE and not line.unsynced:
            said = "DECLARE CURSOR can only be used in transaction blocks"
            line.refuse(error("25P01", said))
        elif plan.name in talk.cursors or plan.name.encode().startswith(OURS):
            line.refuse(error("42P03", f'cursor "{plan.name}" already exists'))
        elif not isinstance(query, Query) or takes_values(query):
            line.refuse(error(NOT_POSSIBLE, "such a cursor is not possible on protected columns"))
        else:
            if not self._running.is_ready(query):
                yield from self._running.made_ready(query)
            ready, may_go_on = yield from self._running.prepared_pairs(query, Values())
            if not may_go_on:
                return
            portal = plan.name.encode()
            opening = self._running.bind(query, Values(), (), portal, is_told=False, ready=ready)
            talk.cursors[plan.name] = Cursor(portal, opening)
            statement = Statement(b"", "", (), query, talk.epoch, is_relayed=False)
            talk.portals[portal] = Portal(statement, is_relayed=False, answer=opening)
            line.reply(complete("DECLARE CURSOR"))

    def _fetch(self, plan: Control, results: Sequence[int], *, is_described: bool) -> None:
        line = self._talk.line
        cursor = self._talk.cursors[plan.name]
        way = plan.value.split()
        most = int(way[-1]) if len(way) == _FORWARD else 0
        if way[:2] != ["FETCH", "FORWARD"] or most < 1:
            line.refuse(error(NOT_POSSIBLE, "a cursor on protected columns only reads forward"))
            return
        opening: Opening = cursor.opening
        rows = 0 if most >= _ALL else most
        if any(results):
            line.refuse(error(NOT_POSSIBLE, "FETCH in binary form over protected columns"))
            return
        if is_described:
            self._running.tell(opening.query, results)
        if not opening.is_kept:
            line.ask(build_execute(cursor.portal, rows), _Fetched(opening))
        elif opening.has_begun:
            line.reply(lambda: _as_fetch(opening, rows))
        else:
            opening.has_begun = True
            line.ask(build_execute(cursor.portal, opening.most + 1), _FetchedFirst(opening, rows))

    def _query_behind(self, plan: Plan) -> Query | None:
        if not isinstance(plan, Control):
            return None
        if plan.verb is Verb.FETCH and plan.name in self._talk.cursors:
            query: Query = self._talk.cursors[plan.name].opening.query
            return query
        statement = self._talk.statements.get(plan.name.encode())
        if plan.verb is Verb.EXECUTE and statement is not None:
            behind = statement.plan
            if isinstance(behind, Rewrite):
                return behind.change
            if isinstance(behind, SumPlan):
                return behind.opened
            return behind if isinstance(behind, Query) else None
        return None


class _FetchedFirst(Rows):
    """The first FETCH of rows that are gathered here."""

    def hand_out(self, most: int) -> bytes:
        """Return the rows of this FETCH and its end."""
        return _as_fetch(self.opening, most)


def _as_fetch(opening: Opening, most: int) -> bytes:
    columns, count, _ = opening.next_rows(most)
    return framed(columns, count) + complete(f"FETCH {count}")


def takes_values(query: Query) -> bool:
    """Whether a query has parameters that only a client can give."""
    return any(
        isinstance(each.source, Given)
        or (isinstance(each.source, Hidden) and each.source.client is not None)
        for each in query.parameters
    )


def complete(tag: str) -> bytes:
    """Return a CommandComplete."""
    return frame(b"C", tag.encode() + b"\0")
