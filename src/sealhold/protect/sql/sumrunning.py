"""Carries out sums that an agent makes: the provider's groups, the agent's sums, the client's rows.

- The provider is asked once, so all that is added is of one snapshot. Rows in no block are opened
  like any others: within the limits, and counted by the lease.
- Where the agent cannot do it, or gives nothing that is believed, the same statement is done on
  opened rows. A wrong sum is SH003, and the end of its key.
- While the first part is under way, the client's next messages wait.

Source: docs/spec/64-sums-at-an-agent.md section 6.
"""

from collections.abc import Generator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Final

from sealhold.model.errors import AgentAwayError, TamperedError
from sealhold.model.pgsteps import Call
from sealhold.protect.columns import Column
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.types import named
from sealhold.protect.sql.binding import Values, bound, opened_values
from sealhold.protect.sql.errors import too_many
from sealhold.protect.sql.line import Line, Swallowed
from sealhold.protect.sql.opening import (
    Opening,
    Rows,
    handed_out,
)
from sealhold.protect.sql.plan import Made, SumPlan
from sealhold.protect.sql.residual_limits import RowLimit, TooMuchToOpenError
from sealhold.protect.sql.residual_math import divided
from sealhold.protect.sql.rows import Row
from sealhold.protect.sql.running import Running, answer_of, check_count
from sealhold.protect.sql.sumreading import Group, read_groups, whole_cell
from sealhold.protect.sql.talk import Job, Portal, Talk
from sealhold.protect.sql.wire import BINARY, build_bind, build_execute, build_target
from sealhold.protect.sumform import SumForm, added, form_of, overflows
from sealhold.protect.sumspec import NoSumError, Part
from sealhold.protect.techniques.sum_mark import number

MASKED: Final = 4_096  # blocks under a mask of one statement
WORTH: Final = 400  # rows, which are opened in the time that a block under a mask takes
_PORTAL: Final = b"_sh_sums"


class _Gathered(Rows):
    """The provider's groups: opened and kept, the client told nothing."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self.is_whole = False

    def open(self, line: Line, rows: list[Row]) -> None:
        """Open rows, and keep them."""
        if not self.opening.keep(rows):
            self.fail(line, too_many(self.opening.most))

    def complete(self, line: Line, message: bytes) -> None:  # noqa: ARG002  reason: nobody is told
        """Note that all rows are here."""
        self.is_whole = True


class SumRunning:
    """Carries out sums of one session."""

    def __init__(self, talk: Talk, running: Running) -> None:
        self._talk = talk
        self._running = running

    def execute(self, plan: SumPlan, portal: Portal, most: int) -> Job:
        """Carry one out for an Execute, or hand out more of what one gave.

        Raises:
            SealholdError: it is refused.
            PgValueError: a value that its column cannot hold.
        """
        answer = portal.answer
        if isinstance(answer, Opening):
            self._talk.line.reply(lambda: handed_out(answer, most))
            return
        values = answer.values
        portal.answer = yield from self._done(plan, values, portal.results, most)

    def run(
        self, plan: SumPlan, values: Values, results: Sequence[int], *, is_described: bool = True
    ) -> Job:
        """Carry one out as one statement of a Query, or an EXECUTE.

        Raises:
            SealholdError: it is refused.
            PgValueError: a value that its column cannot hold.
        """
        check_count(plan.opened, values)
        yield from self._done(plan, values, results, 0, is_described=is_described)

    def _done(
        self,
        plan: SumPlan,
        values: Values,
        results: Sequence[int],
        most: int,
        *,
        is_described: bool = False,
    ) -> Generator[Any, Any, Opening | None]:
        running, line, sums = self._running, self._talk.line, self._talk.parts.sums
        live = None if sums is None else sums.live(plan.columns)
        made = None
        if live is not None:
            gathered = yield from self._asked(plan, values, live)
            if not gathered.is_whole or line.skipping or line.is_settling:
                return None
            made = yield from self._summed(plan, gathered.opening.kept, live)
        if made is None:
            return (yield from self._on_rows(plan, values, results, most, is_described))
        opening = running.opening(plan.opened, values, results)
        given = opened_values(plan.sums, values, self._talk.settings)
        limits = self._talk.parts.limits
        limit = RowLimit(max(limits.fetch_rows, len(made)), limits.fetch_bytes)
        run = plan.residual.run(made, given, self._talk.settings, limit)
        opening.ready = [tuple(each) for each in run]
        if is_described:
            running.tell(plan.opened, results)
        line.reply(lambda: handed_out(opening, most))
        return opening

    def _asked(
        self, plan: SumPlan, values: Values, live: Sequence[int]
    ) -> Generator[Any, Any, _Gathered]:
        """Ask the provider for groups and blocks."""
        running, line, query = self._running, self._talk.line, plan.sums
        if not running.is_ready(query):
            yield from running.made_ready(query)
        firsts = {
            at: number.pack(live[each.source.assignment or 0])
            for at, each in enumerate(query.parameters)
            if isinstance(each.source, Made)
        }
        formats, cells = bound(query, values, (), self._talk.settings, firsts)
        prepared = running.prepared.of(query)
        message = build_bind(_PORTAL, prepared.name, formats, cells, (BINARY,))
        line.ask(message, running.swallowed(query))
        gathered = _Gathered(running.opening(query, values, ()))
        line.ask(build_execute(_PORTAL), gathered)
        line.ask(build_target(b"C", b"P", _PORTAL), Swallowed())
        line.flush()
        yield lambda: gathered.is_over
        return gathered

    def _on_rows(
        self,
        plan: SumPlan,
        values: Values,
        results: Sequence[int],
        most: int,
        is_described: bool,  # noqa: FBT001  # reason: handed on
    ) -> Generator[Any, Any, Opening]:
        """Do the statement on opened rows."""
        running, line, query = self._running, self._talk.line, plan.opened
        if not running.is_ready(query):
            yield from running.made_ready(query)
        opening = running.bind(query, values, results, _PORTAL, is_told=False)
        if is_described:
            running.tell(query, results)
        opening.has_begun = True
        answer = Rows(opening, most) if opening.is_kept else answer_of(opening)
        line.ask(build_execute(_PORTAL, opening.most + 1), answer)
        line.ask(build_target(b"C", b"P", _PORTAL), Swallowed())
        return opening

    def _summed(
        self, plan: SumPlan, rows: Sequence[Row], live: Sequence[int]
    ) -> Generator[Any, Any, list[Row] | None]:
        """Return a row for each group: keys and tallies; None if no agent can tell.

        Raises:
            TamperedError: the provider's answer, a cell or a sum is not what it must be.
            TooMuchToOpenError: too many rows are in no block.
            PgValueError: a sum that its type does not hold.
        """
        talk, touch = self._talk, plan.sums.touch
        leasing, sums = self._running.leasing, talk.parts.sums
        read = read_groups(plan, rows, live)
        # few rows are opened sooner than they are added up under masks
        is_quicker = read.rows < read.masked * WORTH and read.rows <= talk.parts.limits.fetch_rows
        if sums is None or is_quicker or read.masked > MASKED:
            return None
        if read.cells > talk.parts.limits.fetch_rows:
            raise TooMuchToOpenError(f"more than {talk.parts.limits.fetch_rows} rows in no block")
        if read.cells and not leasing.opens(touch, 1, read.cells):
            yield leasing.call(touch, read.cells)
            leasing.opens(touch, 1, read.cells)
        parts = [[group.parts[at] for group in read.groups] for at in range(len(plan.columns))]
        try:
            found = yield Call(partial(_totals, sums.totals, plan.columns, parts))
        except NoSumError:
            return None
        except AgentAwayError as err:
            leasing.found("agent", touch, str(err))
            return None
        except TamperedError as err:
            leasing.found("sum", touch, str(err))
            if sums.live(plan.columns) is None:
                leasing.found("quarantined", touch, "")
            raise
        return [_row(plan, group, at, found) for at, group in enumerate(read.groups)]


def _totals(
    totals: Any,  # noqa: ANN401  # reason: a bound method of Sums
    columns: Sequence[Column],
    parts: Sequence[Sequence[Part]],
) -> list[list[int]]:
    """Return for each column the sums of all groups."""
    found = []
    for column, of_groups in zip(columns, parts, strict=True):
        asked = [part for part in of_groups if part]
        given = iter(totals(column, asked))
        found.append([next(given) if part else 0 for part in of_groups])
    return found


def _row(plan: SumPlan, group: Group, at: int, totals: Sequence[Sequence[int]]) -> Row:
    """Return keys and tallies of a group.

    Raises:
        TamperedError: a cell does not open.
        PgValueError: a sum that its type does not hold.
    """
    sums: dict[int, int | None] = {}
    for nth, column in enumerate(plan.columns):
        form = _form(column)
        opened = added(form, _opened(column, group.opened[nth]))
        sums[nth] = None if opened is None else opened + totals[nth][at]
    made: list[bytes | None] = list(group.values)
    for nth, tally in enumerate(plan.tallies):
        if tally.kind == "count":
            made.append(whole_cell.pack(group.counts[nth]))
        else:
            form = _form(plan.columns[tally.at])
            made.append(_tallied(tally.kind, form, sums[tally.at], group.rows[tally.at]))
    return tuple(made)


def _tallied(kind: str, form: SumForm, total: int | None, count: int) -> bytes | None:
    """Return a sum or average in binary form.

    Raises:
        PgValueError: its type does not hold it.
    """
    if not count:
        return None
    numeric = codec(named("numeric"))
    if total is None:
        return numeric.from_value(Decimal("NaN"))
    if overflows(form, total):
        raise PgValueError("22003", "bigint out of range")
    if kind == "sum":
        return codec(form.gives).from_value(form.total(total))
    return numeric.from_value(divided(Decimal(form.total(total)), Decimal(count)))


def _opened(
    column: Column, parts: Sequence[tuple[Sequence[bytes | None], Sequence[int]]]
) -> list[bytes]:
    """Return the values of cells."""
    # THREAT T660: a cell that was moved or changed does not open, here as anywhere
    return [
        value for cells, rids in parts for value in column.decode(cells, rids) if value is not None
    ]


def _form(column: Column) -> SumForm:
    form = form_of(column)
    if form is None:
        raise TamperedError(f"`{column.name}` is not added up")
    return form
