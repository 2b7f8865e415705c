"""Tables beside columns, as one session asks and writes them.

- A look-up goes over the client's connection, before the statement that needs it is bound: so it
  sees what the client's transaction wrote. Its own snapshot is as new as the counters that it is
  made of; in a transaction whose snapshot is older it is refused.
- What is written goes right before the statement whose rows it is of, in the same transaction.
  Counters are taken durably before that, and settled when the transaction's end is known.
- Disks are waited for, and keys worked with, in a session's Call.

Source: docs/spec/62-words-and-ranges-in-statements.md sections 4 and 5.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from sealhold.model.errors import (
    ConflictError,
    InvalidQueryError,
    SealholdError,
    TamperedError,
)
from sealhold.model.pgsteps import Call, Note
from sealhold.protect.pairs import Batch, Change
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.sql.asked import Fetched
from sealhold.protect.sql.besides import (
    Beside,
    Changes,
    note_rows,
)
from sealhold.protect.sql.besides import stored as stored_in
from sealhold.protect.sql.binding import NOTHING, Values, array, bound, opened_values, rid_cell
from sealhold.protect.sql.coercing import coerce
from sealhold.protect.sql.ending import Outcome
from sealhold.protect.sql.leasing import Leasing
from sealhold.protect.sql.line import INSIDE, Swallowed
from sealhold.protect.sql.plan import Found, Hidden, Known, Parameter, Query, Touch
from sealhold.protect.sql.prepared import PreparedStore, ToldSwallowed
from sealhold.protect.sql.seeking import steps_of
from sealhold.protect.sql.talk import Talk, Wait
from sealhold.protect.sql.wire import BINARY, build_bind, build_execute, build_target
from sealhold.protect.sql.wordtables import WAIT, Ask, Steps

BYTEA, BYTEAS, BIGINT = 17, 1001, 20
BEGIN_WAITS: Final = 50  # each of 50 ms: what is in doubt is settled meanwhile
PAIR_BYTES: Final = 256  # of a pair that waits
_PORTAL: Final = b"_sh_pairs"
_ISOLATION: Final = "SELECT pg_catalog.current_setting('transaction_isolation')::bytea"
_NEW_SNAPSHOTS: Final = (b"read committed", b"read uncommitted")
_TOUCH: Final = Touch("SELECT")


@dataclass(slots=True)
class Written:
    """What one statement writes into tables beside: made, and not sent yet."""

    batches: list[tuple[Beside, Batch]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many bytes of pairs wait."""
        return PAIR_BYTES * sum(len(batch.pairs) for _, batch in self.batches)


@dataclass(frozen=True, slots=True)
class Made:
    """All that an execution sends: values for the provider, and pairs before them."""

    formats: Sequence[int]
    cells: Sequence[bytes | None]
    written: Written


class Pairing:
    """What one session does with tables beside columns."""

    def __init__(self, talk: Talk, prepared: PreparedStore, leasing: Leasing) -> None:
        self._talk = talk
        self._prepared = prepared
        self._leasing = leasing
        self._own: dict[Beside, dict[int, None]] = {}  # tickets of transactions that are open
        self._begun: dict[Beside, int] = {}  # the ticket of a beginning, in such a one
        self._unsent: dict[tuple[Beside, int], None] = {}
        self._is_gone = False

    # --- before a statement is bound ---

    def made(
        self, query: Query, values: Values, rids: Sequence[int]
    ) -> Generator[Wait, Any, Made | None]:
        """Return what an execution sends; None if it cannot go on, which the client knows.

        Raises:
            PgValueError: a value that its column cannot hold, or that is no search.
            SealholdError: one that is refused, or a look-up that found something wrong.
        """
        found = yield from self.found(query, values)
        if found is None:
            return None
        settings = self._talk.settings
        formats, cells = bound(query, values, rids, settings, found)
        changes: Changes = {}
        opened = opened_values(query, values, settings)
        for each in stored_in(query.parameters):
            value = self._plain(each, opened)
            note_rows(changes, each.column, [rids[each.row or 0]], [value])
        written = yield from self.batches(changes)
        return None if written is None else Made(formats, cells, written)

    def found(
        self, query: Query, values: Values
    ) -> Generator[Wait, Any, Mapping[int, bytes | None] | None]:
        """Look up what a query's searches find, by number of the parameter.

        None if a look-up failed, which the client was told.

        Raises:
            PgValueError: a value that is no search.
            TamperedError: a pair is missing or was changed.
            SealholdError: a value that is refused.
        """
        asked = [
            (at, each.source)
            for at, each in enumerate(query.parameters)
            if isinstance(each.source, Found)
        ]
        if not asked:
            return NOTHING
        yield from self._talk.drained()  # so that it is known how the transaction stands
        if self._talk.line.skipping or not (yield from self._is_fresh()):
            return None
        opened = opened_values(query, values, self._talk.settings)
        made: dict[int, bytes | None] = {}
        for at, source in asked:
            steps = steps_of(source, opened, self._talk.settings, self._begun)
            if steps is None:
                made[at] = None
                continue
            try:
                rows = yield from self._run(steps)
            except TamperedError as err:
                self._leasing.found("tampered", query.touch, str(err))
                raise
            except ConflictError as err:
                said = "the words are being written anew: run the statement again"
                raise PgValueError("40001", said) from err
            if rows is None:
                return None
            made[at] = array(BIGINT, [rid_cell(each) for each in rows])
        return made

    # --- writing ---

    def batches(self, changes: Changes) -> Generator[Wait, Any, Written | None]:
        """Make pairs of changes, after their counters were taken durably.

        None if the client's transaction failed meanwhile, or its message was dropped.

        Raises:
            SealholdError: the disk refuses, or has no room for counters.
        """
        written = Written()
        some = {
            beside: [each for each in listed if each.added or each.removed]
            for beside, listed in changes.items()
        }
        for beside, listed in some.items():
            if listed:
                try:
                    batch = yield Call(partial(self._taken, beside, listed))
                except SealholdError:
                    self.drop(written)
                    raise
                written.batches.append((beside, batch))
        if self._talk.line.skipping:
            self.drop(written)
            return None
        return written

    def send(self, written: Written) -> None:
        """Send pairs; their transaction's end is waited for from now on."""
        for beside, batch in written.batches:
            self._unsent.pop((beside, batch.ticket), None)
            self._stage(beside, batch)
            for each in beside.table.writing(batch):
                self._ask(each, ToldSwallowed(Query(each.sql, _TOUCH)))

    def drop(self, written: Written) -> None:
        """Say of pairs that they are never sent."""
        for beside, batch in written.batches:
            self._forget(beside, batch.ticket)
        written.batches.clear()

    def gone(self) -> None:
        """End: what was not sent never is."""
        self._is_gone = True
        for beside, ticket in tuple(self._unsent):
            self._forget(beside, ticket)

    def began(self, besides: Iterable[Beside]) -> Generator[Wait, Any, Written]:
        """Make the first pair of tables that are new or emptied.

        Raises:
            PgValueError: another transaction is changing one of them.
        """
        written = Written()
        for each in besides:
            try:
                batch = yield from self._begun_once_free(each)
            except ConflictError as err:
                self.drop(written)
                raise PgValueError("55P03", str(err)) from err
            if batch is None:
                break  # the provider refused to wait, which the client was told
            written.batches.append((each, batch))
        return written

    def _begun_once_free(self, beside: Beside) -> Generator[Wait, Any, Batch | None]:
        """Make the first pair of a table, once no other session's words are pending.

        Raises:
            ConflictError: they are for too long.
        """
        waits = 0
        while True:
            own = tuple(self._own.get(beside, ()))
            try:
                batch: Batch = yield Call(partial(self._begins, beside, own))
            except ConflictError:
                waits += 1
                if waits > BEGIN_WAITS:
                    raise
                if (yield from self._asked(Ask(WAIT))) is None:
                    return None
            else:
                return batch

    def note_began(self, written: Written) -> None:
        """Note that tables are empty in this transaction, which the provider was asked for."""
        for beside, batch in written.batches:
            self._begun[beside] = batch.ticket

    # --- one table ---

    def _taken(self, beside: Beside, listed: Sequence[Change]) -> Batch:
        return self._kept(beside, beside.pairs.batch(listed))

    def _begins(self, beside: Beside, own: Sequence[int]) -> Batch:
        return self._kept(beside, beside.pairs.begun(own))

    def _kept(self, beside: Beside, batch: Batch) -> Batch:
        """Note what a Call made: if the session has ended meanwhile, nobody else settles it."""
        key = (beside, batch.ticket)
        self._unsent[key] = None
        if self._is_gone and self._unsent.pop(key, key) is None:
            beside.pairs.settle(batch.ticket, used=False)
        return batch

    def _forget(self, beside: Beside, ticket: int) -> None:
        if self._unsent.pop((beside, ticket), ticket) is None:
            settle = partial(beside.pairs.settle, ticket, used=False)
            self._talk.line.steps.append(Note(settle))

    def _stage(self, beside: Beside, batch: Batch) -> None:
        self._own.setdefault(beside, {})[batch.ticket] = None
        pairs = beside.pairs

        def settle(outcome: Outcome) -> None:
            self._own.get(beside, {}).pop(batch.ticket, None)
            if self._begun.get(beside) == batch.ticket:
                self._begun.pop(beside, None)
            if outcome is Outcome.UNKNOWN:
                pairs.doubt(batch.ticket)
            else:
                pairs.settle(batch.ticket, used=outcome is Outcome.DONE)

        self._talk.ending.stage(settle)

    def _is_fresh(self) -> Generator[Wait, Any, bool]:
        """Whether what is asked now sees what was committed before.

        Raises:
            InvalidQueryError: the transaction looks at an older moment.
        """
        line = self._talk.line
        if line.status != INSIDE and not line.unsynced:
            return True
        rows = yield from self._asked(Ask(_ISOLATION))
        # THREAT T703: in an older snapshot, labels that are there would be missing
        if rows is not None and rows[0][0] not in _NEW_SNAPSHOTS:
            raise InvalidQueryError(
                "a search by words or hidden ranges needs READ COMMITTED: an older snapshot lacks"
                " what was written since"
            )
        return rows is not None

    def _run(self, steps: Steps[Sequence[int]]) -> Generator[Wait, Any, Sequence[int] | None]:
        """Ask all that some steps ask; None if the provider refuses one."""
        rows: Sequence[Sequence[bytes | None]] | None = None
        while True:
            ask, found = yield Call(partial(_advanced, steps, rows))
            if ask is None:
                return list(found)
            rows = yield from self._asked(ask)
            if rows is None:
                return None

    def _asked(self, ask: Ask) -> Generator[Wait, Any, list[Sequence[bytes | None]] | None]:
        line = self._talk.line
        is_alone = not line.unsynced
        fetched = Fetched()
        self._ask(ask, fetched)
        if is_alone:
            line.sync_unheard()
        else:
            line.flush()
        yield lambda: fetched.is_over and not line.owed
        if fetched.found is None:
            line.skipping = True  # the client was told
        return fetched.found

    def _ask(self, ask: Ask, answer: "Fetched | ToldSwallowed") -> None:
        line = self._talk.line
        query = Query(ask.sql, _TOUCH, (Parameter(BYTEAS, Known(None)),) * len(ask.arrays))
        name = self._prepared.of(query).name
        cells = [array(BYTEA, each) for each in ask.arrays]
        line.ask(build_bind(_PORTAL, name, (BINARY,), cells, (BINARY,)), ToldSwallowed(query))
        line.ask(build_execute(_PORTAL), answer)
        line.ask(build_target(b"C", b"P", _PORTAL), Swallowed())

    def _plain(self, hidden: Hidden, opened: Sequence[bytes | None]) -> bytes | None:
        """Return the value that a cell is made of, as its column holds it."""
        if hidden.expression is not None:
            value = hidden.expression.evaluate((), opened, self._talk.settings)
        else:
            value = opened[hidden.client or 0]
        if value is None:
            return None
        made = coerce(value, hidden.given or hidden.column.type, hidden.column.type, "store")
        return made if isinstance(made, bytes) else None


def _advanced(
    steps: Steps[Sequence[int]], rows: Sequence[Sequence[bytes | None]] | None
) -> tuple[Ask | None, Sequence[int]]:
    """Return what steps ask next, or what they found."""
    try:
        return (next(steps) if rows is None else steps.send(rows)), ()
    except StopIteration as end:
        found: Sequence[int] = end.value
        return None, found
