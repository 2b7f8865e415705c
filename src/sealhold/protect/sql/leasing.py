"""Leave to run statements on protected columns: asked of the gate, counted here.

- The gate is asked before the first statement of a kind, and again when its lease is used up. Its
  answer is in the log before anything is sent or opened.
- Rows are opened as far as leases cover their cells. The rest waits for more: no row is opened that
  the log does not tell of.
- What was used of a lease is told to the gate when the lease, or the session, ends.

Source: docs/spec/56-postgresql-proxy.md section 6.
"""

from collections.abc import Generator, Sequence
from functools import partial
from typing import Any, Final

from sealhold.model.clock import Clock
from sealhold.model.pgsteps import Call, Note
from sealhold.protect.gate import Gate, Lease, Use
from sealhold.protect.sql.line import Line
from sealhold.protect.sql.plan import Refused, Touch
from sealhold.protect.watching import UNWATCHED, Watch

NOTED: Final = frozenset({"SH001", "SH002", "SH007"})  # refusals of the planner
KINDS: Final = 1024  # kinds of statements that one session has a lease for
_MILLIS: Final = 1000


class Leasing:
    """The leases of one session."""

    def __init__(
        self,
        gate: Gate,
        clock: Clock,
        line: Line,
        principal: str,
        database: str,
        watch: Watch = UNWATCHED,
    ) -> None:
        self._gate = gate
        self._watch = watch
        self._clock = clock
        self._line = line
        self._principal = principal
        self._database = database
        self._leases: dict[Touch, tuple[Use, list[Lease]]] = {}

    def is_ready(self, touch: Touch) -> bool:
        """Whether one more statement of this kind may run; it is counted then."""
        found = self._leases.get(touch)
        if found is None:
            return False
        for lease in found[1]:
            if lease.used_statements < lease.statements and not self._is_over(lease):
                lease.used_statements += 1
                return True
        return False

    def admitted(self, touch: Touch) -> Generator[Call, Any, None]:
        """Ask for a lease and count one statement.

        Raises:
            SealholdError: the gate refuses; nothing may be sent.
        """
        yield self.call(touch)
        self.is_ready(touch)

    def call(self, touch: Touch, cells: int = 0) -> Call:
        """Return the call that brings a new lease, or as many as cover so many cells."""
        return Call(partial(self._renew, touch, self._use(touch), cells))

    def room(self, touch: Touch, cells: int) -> int:
        """Return how many rows of so many cells each may be opened by now."""
        return sum(map(_left, self._live(touch))) // cells

    def opens(self, touch: Touch, rows: int, cells: int) -> int:
        """Return how many of some rows may be opened, of so many cells each; they are counted."""
        live = self._live(touch)
        # THREAT T741: what one answer brings at once is no reason to open more than is leased
        may = min(rows, sum(map(_left, live)) // cells)
        taken = may * cells
        for lease in live:
            part = min(taken, _left(lease))
            lease.used_cells += part
            taken -= part
        return may

    def _live(self, touch: Touch) -> list[Lease]:
        found = self._leases.get(touch)
        return [] if found is None else [each for each in found[1] if not self._is_over(each)]

    def refused(self, plan: Refused) -> None:
        """Have it recorded that a statement is not sent; of a wrong one nothing is."""
        if plan.code in NOTED:
            use = self._use(Touch(""))
            self._line.steps.append(Note(partial(self._gate.refused, use, plan.code)))

    def found(self, kind: str, touch: Touch, detail: str) -> None:
        """Have recorded that something is wrong at the provider."""
        table = ", ".join(touch.tables)
        # THREAT T745: what follows from it holds before the client's next message
        self._watch.found(kind, table, self._principal)
        self._line.steps.append(Note(partial(self._gate.found, kind, table, detail)))

    def showing(self, table: str, keys: Sequence[int]) -> None:
        """Tell that rows of a table are about to be shown.

        Raises:
            TooFastError: more different rows than the user may see.
        """
        self._watch.opened(self._principal, table, keys)

    def settle(self) -> None:
        """End all leases."""
        for use, leases in self._leases.values():
            for lease in leases:
                self._line.steps.append(Note(partial(self._gate.settle, use, lease)))
        self._leases.clear()

    def _renew(self, touch: Touch, use: Use, cells: int) -> None:
        leases = self._leases.pop(touch, (use, []))[1]
        kept = [each for each in leases if cells and _left(each) and not self._is_over(each)]
        for each in leases:
            if not any(each is one for one in kept):
                self._gate.settle(use, each)
        if len(self._leases) >= KINDS:
            other, over = self._leases.pop(next(iter(self._leases)))
            for each in over:
                self._gate.settle(other, each)
        try:
            kept.append(self._gate.admit(use))
            while sum(map(_left, kept)) < cells:
                kept.append(self._gate.admit(use))
        finally:
            self._leases[touch] = (use, kept)

    def _is_over(self, lease: Lease) -> bool:
        return self._clock() / _MILLIS >= lease.until

    def _use(self, touch: Touch) -> Use:
        return Use(
            principal=self._principal,
            database=self._database,
            verb=touch.verb,
            tables=touch.tables,
            opens=tuple(f"{each.table}.{each.name}" for each in touch.opens),
            writes=tuple(f"{each.table}.{each.name}" for each in touch.writes),
            reads=touch.reads,
        )


def _left(lease: Lease) -> int:
    return max(0, lease.cells - lease.used_cells)
