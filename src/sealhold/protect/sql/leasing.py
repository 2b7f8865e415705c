"""Leave to run statements on protected columns: asked of the gate, counted here.

- The gate is asked before the first statement of a kind, and again when its lease is used up. Its
  answer is in the log before anything is sent or opened.
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
from sealhold.protect.sql.plan import Touch
from sealhold.protect.watching import UNWATCHED, Watch

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
        self._leases: dict[Touch, tuple[Use, Lease]] = {}

    def is_ready(self, touch: Touch) -> bool:
        """Whether one more statement of this kind may run; it is counted then."""
        found = self._leases.get(touch)
        if found is None:
            return False
        lease = found[1]
        if lease.used_statements >= lease.statements or self._is_over(lease):
            return False
        lease.used_statements += 1
        return True

    def admitted(self, touch: Touch) -> Generator[Call, Any, None]:
        """Ask for a lease and count one statement.

        Raises:
            SealholdError: the gate refuses; nothing may be sent.
        """
        yield self.call(touch)
        self.is_ready(touch)

    def call(self, touch: Touch) -> Call:
        """Return the call that brings a new lease."""
        return Call(partial(self._renew, touch, self._use(touch)))

    def opens(self, touch: Touch, cells: int) -> bool:
        """Whether so many cells more may be opened; they are counted then."""
        found = self._leases.get(touch)
        if found is None or self._is_over(found[1]):
            return False
        lease = found[1]
        if lease.used_cells and lease.used_cells + cells > lease.cells:
            return False  # a lease that is new opens one batch, whatever its size
        lease.used_cells += cells
        return True

    def refused(self, touch: Touch, code: str) -> None:
        """Have a refusal recorded."""
        self._line.steps.append(Note(partial(self._gate.refused, self._use(touch), code)))

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
        for use, lease in self._leases.values():
            self._line.steps.append(Note(partial(self._gate.settle, use, lease)))
        self._leases.clear()

    def _renew(self, touch: Touch, use: Use) -> None:
        old = self._leases.pop(touch, None)
        if old is not None:
            self._gate.settle(*old)
        if len(self._leases) >= KINDS:
            self._gate.settle(*self._leases.pop(next(iter(self._leases))))
        self._leases[touch] = (use, self._gate.admit(use))

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
        )
