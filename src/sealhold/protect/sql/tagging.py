"""Changes of rows that are tagged, carried out: noted durably, sent, and applied at their end.

- Before anything is sent, the state knows which rows are written in which version. Once the end
  of the transaction is known, the versions hold, or are forgotten; if it is not, both are taken.
- An UPDATE or DELETE reads its rows first: locked, verified, opened. From them it makes new ones.
- What the provider gives back of a change is verified as any row is.

Source: docs/spec/63-integrity-of-rows.md sections 3 and 6.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from sealhold.model.errors import RowTamperedError, SealholdError, TamperedError
from sealhold.model.pgsteps import Call
from sealhold.protect.guards import TAG
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.types import named
from sealhold.protect.rowparts import DELETED, Ticket
from sealhold.protect.sql.binding import Values, array, bound, opened_values, rid_cell
from sealhold.protect.sql.ending import Outcome
from sealhold.protect.sql.errors import finding, told
from sealhold.protect.sql.line import Line, Swallowed
from sealhold.protect.sql.opening import Opening, Rows, framed, value_error
from sealhold.protect.sql.plan import Made, Rewrite, Whole
from sealhold.protect.sql.rows import Row
from sealhold.protect.sql.running import Running
from sealhold.protect.sql.talk import Job, Talk
from sealhold.protect.sql.wire import build_execute, build_target
from sealhold.protect.versions import Versions

_PORTAL: Final = b"_sh_change"
_TRUE: Final = b"\1"
_BIGINT, _BYTEA = 20, 17
_COMPLETE: Final = 0x43


class Written(Rows):
    """The answer to a change: its rows, whole and verified, and which rows they are."""

    def __init__(self, opening: Opening, plan: Rewrite, rids: Sequence[int], version: int) -> None:
        super().__init__(opening)
        self._plan = plan
        self._asked = frozenset(rids)
        self._version = rid_cell(version)  # DELETED: rows come as they were
        self._is_delete = version == DELETED
        self.rids: list[int] = []

    def open(self, line: Line, rows: list[Row]) -> None:  # noqa: ARG002  reason: nobody is told
        """Verify and open rows."""
        self.opening.keep(rows)
        self._note(rows)

    def take(self, line: Line, kind: int, message: bytes) -> bool:
        """Take the end of the change."""
        if kind != _COMPLETE:
            return super().take(line, kind, message)
        self.is_over = True
        if self.is_given_up:
            return True
        opening = self.opening
        try:
            self._check_all()
            opening.finish()
            columns, count, _ = opening.next_rows(0)
        except TamperedError as err:
            opening.leasing.found(finding(err), self.query.touch, str(err))
            self.fail(line, told(err))
        except (PgValueError, SealholdError) as err:
            self.fail(line, value_error(err))
        else:
            line.say((framed(columns, count) if opening.is_kept else b"") + message)
        return True

    def _note(self, rows: Sequence[Row]) -> None:
        """Note which rows were written.

        Raises:
            RowTamperedError: another one than was sent, or not as it was sent.
        """
        place = self.query.wholes[0].rid_at
        for row in rows:
            rid = int.from_bytes(row[place] or b"")
            if rid not in self._asked or not (self._is_delete or row[place + 1] == self._version):
                raise RowTamperedError("the provider changed another row than it was told to")
            self.rids.append(rid)

    def _check_all(self) -> None:
        """Check that nothing was left out.

        Raises:
            RowTamperedError: a row was not changed.
        """
        # THREAT T719: a change that the provider says it did, and did not do
        if len(self.rids) != len(self._asked) and not self._plan.may_skip:
            raise RowTamperedError("the provider did not change all rows that it was told to")


class Tagging:
    """Carries out changes of rows that are tagged."""

    def __init__(self, talk: Talk, running: Running) -> None:
        self._talk = talk
        self._running = running

    @property
    def _versions(self) -> Versions:
        versions = self._talk.parts.versions
        assert versions is not None  # noqa: S101  reason: for the type alone; who tags has them
        return versions

    def insert(
        self, plan: Rewrite, values: Values, results: Sequence[int], *, is_described: bool
    ) -> Job:
        """Make rows.

        Raises:
            SealholdError: it is refused.
            PgValueError: a value that its column cannot hold.
        """
        running, change = self._running, plan.change
        if not running.is_ready(change):
            yield from running.made_ready(change)
        opening = running.opening(change, values, results)
        rids, version = running.take_rids(change.new_rows), self._versions.draw()
        sent = bound(change, values, rids, self._talk.settings, version=version)
        yield from self._send(plan, opening, rids, version, sent, is_described=is_described)

    def change(
        self, plan: Rewrite, values: Values, results: Sequence[int], rows: Sequence[Row],
        opened: Sequence[Row], *, is_described: bool,
    ) -> Job:  # fmt: skip
        """Change rows that are locked and verified.

        Args:
            plan: of the change.
            values: the client's.
            results: the formats that it wants.
            rows: as the provider keeps them.
            opened: the outputs of each.
            is_described: it is told of columns too.

        Raises:
            SealholdError: it is refused.
            PgValueError: a value that its column cannot hold.
        """
        settings, whole = self._talk.settings, plan.select.wholes[0]
        parameters = opened_values(plan.select, values, settings)
        chosen: dict[int, tuple[Row, Row]] = {}  # a row that a join found twice is changed once
        for row, seen in zip(rows, opened, strict=True):
            if plan.where is None or plan.where.evaluate(seen, parameters, settings) == _TRUE:
                chosen.setdefault(int.from_bytes(row[whole.rid_at] or b""), (row, seen))
        is_delete = not any(
            isinstance(each.source, Made) and each.source.suffix == TAG
            for each in plan.change.parameters
        )
        version = DELETED if is_delete else self._versions.draw()
        new = [
            [
                None
                if each.expression is None
                else each.expression.evaluate(seen, parameters, settings)
                for _, seen in chosen.values()
            ]
            for each in plan.assignments
        ]
        made = _arrays(plan, whole, chosen, new, version)
        opening = self._running.opening(plan.change, values, results)
        sent = bound(plan.change, values, (), settings, made, version)
        yield from self._send(plan, opening, [*chosen], version, sent, is_described=is_described)

    def _send(
        self, plan: Rewrite, opening: Opening, rids: Sequence[int], version: int,
        sent: tuple[Sequence[int], list[bytes | None]], *, is_described: bool,
    ) -> Job:  # fmt: skip
        """Note the rows, then send what changes them.

        Raises:
            SealholdError: they cannot be noted; nothing is sent.
        """
        running, line, talk, change = self._running, self._talk.line, self._talk, plan.change
        versions, place = self._versions, opening.query.wholes[0].guard.place
        ticket = yield Call(partial(versions.stage, place, rids, version))
        if line.skipping or line.is_settling or line.is_broken:
            yield Call(partial(versions.drop, [ticket]))
            return
        answer = Written(opening, plan, rids, version)
        talk.ending.stage(settling(versions, lambda: [(ticket, answer.rids)]))
        running.send(change, *sent, opening.results, _PORTAL, is_told=False)
        if is_described:
            running.tell(change, opening.results)
        line.ask(build_execute(_PORTAL), answer)
        line.ask(build_target(b"C", b"P", _PORTAL), Swallowed())
        line.flush()
        yield lambda: answer.is_over  # it is not committed before it is known to be whole


def settling(
    versions: Versions, written: Callable[[], Sequence[tuple[Ticket, Sequence[int]]]]
) -> Callable[[Outcome], None]:
    """Return what is told how a transaction ended; `written` says what was noted and done."""

    def settle(outcome: Outcome) -> None:
        done = written()
        if outcome is Outcome.DONE:
            versions.apply(done)
        elif outcome is Outcome.UNDONE:
            versions.drop([ticket for ticket, _ in done])
        else:
            versions.doubt(ticket for ticket, _ in done)

    return settle


def _arrays(
    plan: Rewrite,
    whole: Whole,
    chosen: dict[int, tuple[Row, Row]],
    new: Sequence[Sequence[bytes | None]],
    version: int,
) -> dict[int, bytes]:
    """Return the arrays of a change, by number of the parameter."""
    guard, rids = whole.guard, [*chosen]
    cells = [list(each) for each in zip(*(row for row, _ in chosen.values()), strict=True)]
    columns = cells[whole.at : whole.rid_at] if cells else [[] for _ in guard.physical]
    stored: dict[tuple[int, str], list[bytes | None]] = {}
    for at, each in enumerate(plan.assignments):
        for suffix in each.column.techniques:
            made = each.column.encode(suffix, new[at], rids)
            stored[at, suffix] = columns[guard.at[each.column.physical(suffix)]] = made
    arrays: dict[int, bytes] = {}
    for at, parameter in enumerate(plan.change.parameters):
        source = parameter.source
        if not isinstance(source, Made):
            continue
        if source.suffix == TAG:
            tag = guard.tags.tag
            rows = zip(rids, zip(*columns, strict=True), strict=True)
            arrays[at] = array(_BYTEA, [tag(rid, version, row) for rid, row in rows])
        elif source.assignment is None:
            arrays[at] = array(_BIGINT, [*map(rid_cell, rids)])
        else:
            column = plan.assignments[source.assignment].column
            oid = named(column.techniques[source.suffix].sql_type).oid
            arrays[at] = array(oid, stored[source.assignment, source.suffix])
    return arrays
