"""A change in two phases: rows are locked and opened, then changed by arrays of what was made.

- Both phases are sent without a Sync between them, so they are of one transaction: the client's, or
  one of their own. An error in either leaves nothing changed.
- While the first phase is under way, the client's next messages wait.

Source: docs/spec/56-postgresql-proxy.md section 5.
"""

import struct
from collections.abc import Sequence
from typing import Final

from sealhold.model.errors import SealholdError, TamperedError
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.sql.binding import Values, arrays, bound, opened_values
from sealhold.protect.sql.errors import told
from sealhold.protect.sql.line import Line, Swallowed
from sealhold.protect.sql.opening import Opening, Rows, too_many, value_error, width_of
from sealhold.protect.sql.plan import Rewrite
from sealhold.protect.sql.rows import Row, RowReader
from sealhold.protect.sql.running import Running, answer_of
from sealhold.protect.sql.talk import Job, Talk
from sealhold.protect.sql.wire import BINARY, build_bind, build_execute, build_target

_PORTAL: Final = b"_sh_change"
_TRUE: Final = b"\1"
_rid = struct.Struct(">q").unpack


class _Gathered(Rows):
    """Rows of the first phase: opened and kept, the client told nothing."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self._reader = RowReader(max(width_of(opening.query), 1))
        self.rids: list[int] = []
        self.cells: list[Row] = []
        self.is_whole = False

    def rows(self, line: Line, data: bytes, at: int) -> int:
        """Open all rows that are whole."""
        opening = self.opening
        rows, end = self._reader.rows(data, at)
        if self.is_given_up or not rows:
            return end
        may = opening.may_open(len(rows))
        if not may:
            self.stall(line)
            return at
        if may < len(rows):
            rows, end = self._reader.rows(data, at, may)
        try:
            opened = opening.opened(rows)
            self.cells += zip(*opened, strict=True) if opened else [()] * len(rows)
            self.rids += [_rid(each[0] or bytes(8))[0] for each in rows]
        except TamperedError as err:
            opening.leasing.found("tampered", self.query.touch, str(err))
            self.fail(line, told(err))
        except (PgValueError, SealholdError) as err:
            self.fail(line, value_error(err))
        if len(self.rids) > opening.most:
            self.fail(line, too_many(opening.most))
        return end

    def complete(self, line: Line, message: bytes) -> None:  # noqa: ARG002  reason: nobody is told
        """Note that all rows are here."""
        self.is_whole = True


class Rewriting:
    """Carries out changes in two phases."""

    def __init__(self, talk: Talk, running: Running) -> None:
        self._talk = talk
        self._running = running

    def whole(self, plan: Rewrite, values: Values) -> Job:
        """Carry one out as one statement of a Query.

        Raises:
            SealholdError: it is refused.
            PgValueError: a value that its column cannot hold.
        """
        yield from self.run(plan, values, (), is_described=True)

    def run(
        self, plan: Rewrite, values: Values, results: Sequence[int], *, is_described: bool = False
    ) -> Job:
        """Carry one out.

        Raises:
            SealholdError: it is refused.
            PgValueError: a value that its column cannot hold.
        """
        running, line = self._running, self._talk.line
        if not running.is_ready(plan.select):
            yield from running.made_ready(plan.select)
        gathered = self._select(plan, values)
        line.flush()
        yield lambda: gathered.is_over
        if not gathered.is_whole or line.skipping or line.is_settling:
            return
        rids, made = self._made(plan, values, gathered)
        columns = [each.column for each in plan.assignments]
        given = arrays(plan.change.parameters, columns, made, rids)
        settings = self._talk.settings
        formats, cells = bound(plan.change, values, (), settings, given)
        opening = running.opening(plan.change, values, results)
        running.send(plan.change, formats, cells, results, _PORTAL, is_told=False)
        if is_described:
            running.tell(plan.change, results)
        line.ask(build_execute(_PORTAL), answer_of(opening))
        line.ask(build_target(b"C", b"P", _PORTAL), Swallowed())

    def _select(self, plan: Rewrite, values: Values) -> _Gathered:
        running, line = self._running, self._talk.line
        select = plan.select
        formats, cells = bound(select, values, (), self._talk.settings)
        prepared = running.prepared.of(select)
        message = build_bind(_PORTAL, prepared.name, formats, cells, (BINARY,))
        line.ask(message, running.swallowed(select))
        gathered = _Gathered(running.opening(select, values, ()))
        line.ask(build_execute(_PORTAL), gathered)
        line.ask(build_target(b"C", b"P", _PORTAL), Swallowed())
        return gathered

    def _made(
        self, plan: Rewrite, values: Values, gathered: _Gathered
    ) -> tuple[list[int], list[list[bytes | None]]]:
        """Return the rows that are changed, and for each column the new value of each row."""
        settings = self._talk.settings
        parameters = opened_values(plan.select, values, settings)
        where = plan.where
        chosen = [
            (rid, row)
            for rid, row in zip(gathered.rids, gathered.cells, strict=True)
            if where is None or where.evaluate(row, parameters, settings) == _TRUE
        ]
        unique = dict(chosen)  # a row that a join found twice is changed once
        made = [
            [
                None
                if each.expression is None
                else each.expression.evaluate(row, parameters, settings)
                for row in unique.values()
            ]
            for each in plan.assignments
        ]
        return list(unique), made
