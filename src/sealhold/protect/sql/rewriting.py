"""A change in two phases: rows are locked and opened, then changed by arrays of what was made.

- Both phases are sent without a Sync between them, so they are of one transaction: the client's, or
  one of their own. An error in either leaves nothing changed.
- While the first phase is under way, the client's next messages wait.

Source: docs/spec/56-postgresql-proxy.md section 5.
"""

import struct
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.sql.besides import Changes, besides_of
from sealhold.protect.sql.binding import Values, arrays, bound, opened_values
from sealhold.protect.sql.errors import too_many
from sealhold.protect.sql.line import Line, Swallowed
from sealhold.protect.sql.opening import Opening, Rows, width_of
from sealhold.protect.sql.plan import Rewrite
from sealhold.protect.sql.rows import Row, RowReader
from sealhold.protect.sql.running import Running, answer_of
from sealhold.protect.sql.tagging import Tagging
from sealhold.protect.sql.talk import Job, Talk, Wait
from sealhold.protect.sql.wire import BINARY, build_bind, build_execute, build_target

TRIES: Final = 5  # of a change by a search, until what it finds is the same before and after
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
        self.raw: list[Row] = []  # of a table whose rows are tagged
        self._is_tagged = bool(opening.query.wholes)
        self.is_whole = False

    def read(self, data: bytes, at: int, most: int) -> tuple[list[Row], int]:
        """Return rows with their numbers."""
        return self._reader.rows(data, at, most)

    def open(self, line: Line, rows: list[Row]) -> None:
        """Open rows, and keep them with their numbers."""
        opened = self.opening.opened(rows)
        self.cells += zip(*opened, strict=True) if opened else [()] * len(rows)
        self.rids += [_rid(each[0] or bytes(8))[0] for each in rows if not self._is_tagged]
        self.raw += rows if self._is_tagged else ()
        if len(self.cells) > self.opening.most:
            self.fail(line, too_many(self.opening.most))

    def complete(self, line: Line, message: bytes) -> None:  # noqa: ARG002  reason: nobody is told
        """Note that all rows are here."""
        self.is_whole = True


class Rewriting:
    """Carries out changes in two phases."""

    def __init__(self, talk: Talk, running: Running) -> None:
        self._talk = talk
        self._running = running
        self._tagging = Tagging(talk, running)

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
        if plan.select is plan.change:  # an INSERT of rows that are tagged
            yield from self._tagging.insert(plan, values, results, is_described=is_described)
            return
        gathered = yield from self._locked(plan, values)
        if gathered is None:
            return
        if plan.guard is not None:
            yield from self._tagging.change(
                plan, values, results, gathered.raw, gathered.cells, is_described=is_described
            )
            return
        rids, made = self._made(plan, values, gathered)
        columns = [each.column for each in plan.assignments]
        given = arrays(plan.change.parameters, columns, made, rids)
        settings = self._talk.settings
        formats, cells = bound(plan.change, values, (), settings, given)
        opening = running.opening(plan.change, values, results)
        written = yield from running.pairing.batches(_changes(plan, gathered, rids, made))
        if written is None:
            return
        running.pairing.send(written)
        running.send(plan.change, formats, cells, results, _PORTAL, is_told=False)
        if is_described:
            running.tell(plan.change, results)
        line.ask(build_execute(_PORTAL), answer_of(opening))
        line.ask(build_target(b"C", b"P", _PORTAL), Swallowed())

    def _locked(self, plan: Rewrite, values: Values) -> Generator[Wait, Any, _Gathered | None]:
        """Read and lock the rows; None if an error came meanwhile.

        Raises:
            SealholdError: it is refused.
            PgValueError: what a search finds changes again and again.
        """
        running, line = self._running, self._talk.line
        if not running.is_ready(plan.select):
            yield from running.made_ready(plan.select)
            if line.skipping:
                return None
        found = yield from running.pairing.found(plan.select, values)
        for _ in range(TRIES):
            if found is None:
                return None
            gathered = self._select(plan, values, found)
            line.flush()
            yield from _until_over(gathered)
            if not gathered.is_whole or line.skipping or line.is_settling:
                return None
            # THREAT T707: what is found once the rows are locked is found until they are changed
            again = yield from running.pairing.found(plan.select, values)
            if again == found:
                return gathered
            found = again
        raise PgValueError("40001", "rows that a search finds change: run the statement again")

    def _select(
        self, plan: Rewrite, values: Values, found: Mapping[int, bytes | None]
    ) -> _Gathered:
        running, line = self._running, self._talk.line
        select = plan.select
        formats, cells = bound(select, values, (), self._talk.settings, found)
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


def _until_over(gathered: _Gathered) -> Job:
    yield lambda: gathered.is_over


def _changes(
    plan: Rewrite,
    gathered: _Gathered,
    rids: Sequence[int],
    made: Sequence[Sequence[bytes | None]],
) -> Changes:
    """Return what changes in the tables beside the columns that are set, or whose rows go."""
    changes: Changes = {}
    if not plan.kept:
        return changes
    rows = dict(zip(gathered.rids, gathered.cells, strict=True))
    for kept in plan.kept:
        new = made[kept.assignment] if kept.assignment is not None else (None,) * len(rids)
        for beside in besides_of(kept.column):
            changes[beside] = [
                beside.change(rid, rows[rid][kept.old], value)
                for rid, value in zip(rids, new, strict=True)
            ]
    return changes
