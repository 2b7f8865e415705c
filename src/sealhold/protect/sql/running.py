"""Runs queries on protected columns at the provider.

- `is_ready` and `made_ready` come first: the lease, and numbers for new rows. Then `bind` sends.
- Numbers of rows are drawn in stocks, so that not each INSERT waits for a disk. Those that a
  session did not use are gaps.

Source: docs/spec/56-postgresql-proxy.md sections 5 and 6.
"""

from collections import deque
from collections.abc import Generator, Sequence
from functools import partial
from typing import Any, Final

from sealhold.model.pgsteps import Call
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.sql.binding import Values, bound, needed, opened_values
from sealhold.protect.sql.checking import checking_of
from sealhold.protect.sql.leasing import Leasing
from sealhold.protect.sql.line import BOUND, Swallowed
from sealhold.protect.sql.opening import (
    NO_DATA,
    Opening,
    Passed,
    Rows,
    asked_formats,
    row_description,
    width_of,
)
from sealhold.protect.sql.pairing import Made as Ready
from sealhold.protect.sql.pairing import Pairing
from sealhold.protect.sql.plan import Query
from sealhold.protect.sql.prepared import PreparedStore, Told, ToldSwallowed
from sealhold.protect.sql.talk import Job, Talk, Wait
from sealhold.protect.sql.wire import build_bind, build_execute, build_target

STOCK: Final = 128  # row numbers that are drawn at least
AHEAD: Final = 4  # times the numbers that many rows at once need: more of them come
_PORTAL: Final = b"_sh_run"
_NONE_GIVEN: Final = ("42P02", "there is no parameter $1")
_TOO_FEW: Final = ("42601", "wrong number of parameters for prepared statement")


class _Bound(Told):
    """The answer to a Bind of the client's: it goes on."""

    table = BOUND


class Running:
    """What one session runs queries with."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self.prepared = PreparedStore(talk.line)
        talk.on_epoch.append(self.prepared.close_all)
        talk.on_forget.append(self.prepared.forget_all)
        parts = talk.parts
        self.leasing = Leasing(
            parts.gate, parts.clock, talk.line, parts.principal, parts.database, parts.watch
        )
        talk.on_refused = self.leasing.refused
        self._rids: deque[int] = deque()
        self.pairing = Pairing(talk, self.prepared, self.leasing)

    def is_ready(self, query: Query) -> bool:
        """Whether a query may be sent at once; it is counted then."""
        if query.has_pairs or len(self._rids) < query.new_rows:
            return False
        return self.leasing.is_ready(query.touch)

    def made_ready(self, query: Query) -> Generator[Call, Any, None]:
        """Get what a query needs before it is sent.

        Raises:
            SealholdError: the gate refuses.
        """
        if not self.leasing.is_ready(query.touch):
            yield from self.leasing.admitted(query.touch)
        yield from self.stocked(query.new_rows)

    def stocked(self, count: int) -> Generator[Call, Any, None]:
        """Have so many row numbers at hand.

        Raises:
            SealholdError: none can be drawn.
        """
        while len(self._rids) < count:
            missing = count - len(self._rids)
            need = STOCK if missing < STOCK else AHEAD * missing
            self._rids.extend((yield Call(partial(self._talk.parts.rids.draw, need))))

    def take_rids(self, count: int) -> list[int]:
        """Take row numbers that are at hand."""
        return [self._rids.popleft() for _ in range(count)]

    def opening(self, query: Query, values: Values, results: Sequence[int]) -> Opening:
        """Return how the rows of one execution are opened.

        Raises:
            PgValueError: a value is none of its type.
            TypeRefusedError: one in a form that the proxy does not read.
        """
        talk = self._talk
        parameters = (
            opened_values(query, values, talk.settings) if query.residual is not None else ()
        )
        limits = talk.parts.limits
        checking = checking_of(query, talk.parts.versions, talk.since)
        return Opening(
            query, self.leasing, lambda: talk.settings, results, limits, parameters, checking
        )

    def bind(
        self,
        query: Query,
        values: Values,
        results: Sequence[int],
        portal: bytes,
        *,
        is_told: bool,
        ready: Ready | None = None,
    ) -> Opening:
        """Bind a query at the provider. If `is_told`, the client gets the answer.

        `ready` is what was made of the values before, of a query with tables beside.

        Raises:
            PgValueError: a value that its column cannot hold.
            TypeRefusedError: one that a technique cannot hold.
            WireError: fewer values than the statement takes.
        """
        if query.has_pairs and ready is None:
            raise PgValueError("0A000", "a search, or what is found by one, is not possible here")
        opening = self.opening(query, values, results)
        if ready is not None:
            self.pairing.send(ready.written)
            self.send(query, ready.formats, ready.cells, results, portal, is_told=is_told)
            return opening
        rids = self.take_rids(query.new_rows)
        formats, cells = bound(query, values, rids, self._talk.settings)
        self.send(query, formats, cells, results, portal, is_told=is_told)
        return opening

    def prepared_pairs(
        self, query: Query, values: Values
    ) -> Generator[Wait, Any, tuple[Ready | None, bool]]:
        """Return what a query with tables beside sends, and whether it may go on at all.

        Raises:
            PgValueError: a value that its column cannot hold, or that is no search.
            SealholdError: one that is refused, or a look-up that found something wrong.
        """
        if not query.has_pairs:
            return None, True
        ready = yield from self.pairing.made(query, values, self.take_rids(query.new_rows))
        return ready, ready is not None

    def send(
        self,
        query: Query,
        formats: Sequence[int],
        cells: Sequence[bytes | None],
        results: Sequence[int],
        portal: bytes,
        *,
        is_told: bool,
    ) -> None:
        """Send a Bind for values that are made."""
        prepared = self.prepared.of(query)
        width = len(prepared.fields) if prepared.fields is not None else width_of(query)
        asked = asked_formats(query, results, width)
        message = build_bind(portal, prepared.name, formats, cells, asked)
        self._talk.line.ask(message, _Bound(query) if is_told else ToldSwallowed(query))

    def swallowed(self, query: Query) -> Told:
        """Return what is owed for a message of ours about a query."""
        return ToldSwallowed(query)

    def whole(
        self, query: Query, values: Values, results: Sequence[int], *, is_described: bool = True
    ) -> Job:
        """Run a query as one statement of a Query: its description, if that is wanted, and rows.

        Raises:
            SealholdError: it is refused.
            PgValueError: a value that its column cannot hold.
        """
        check_count(query, values)
        if not self.is_ready(query):
            yield from self.made_ready(query)
            if self._talk.line.skipping:
                return
        ready, may_go_on = yield from self.prepared_pairs(query, values)
        if not may_go_on:
            return
        opening = self.bind(query, values, results, _PORTAL, is_told=False, ready=ready)
        if is_described:
            self.tell(query, results)
        line = self._talk.line
        rows = opening.most + 1 if opening.is_kept else 0
        opening.has_begun = True
        line.ask(build_execute(_PORTAL, rows), answer_of(opening))
        line.ask(build_target(b"C", b"P", _PORTAL), Swallowed())

    def tell(self, query: Query, results: Sequence[int]) -> None:
        """Tell the client of its columns, at their turn; nothing if there are none."""
        prepared = self.prepared.of(query)

        def said() -> bytes:
            description = row_description(query, prepared, results)
            return b"" if description == NO_DATA else description

        self._talk.line.reply(said)


def check_count(query: Query, values: Values) -> None:
    """Look whether a statement of a Query, or EXECUTE, gives enough values.

    Raises:
        PgValueError: too few.
    """
    if len(values.cells) < needed(query):
        code, said = _NONE_GIVEN if not values.cells else _TOO_FEW
        raise PgValueError(code, said)


def answer_of(opening: Opening, most: int = 0) -> Rows | Passed:
    """Return what is owed for an Execute; `most` rows of those that are kept are told."""
    query = opening.query
    return Passed(query) if query.outputs is None else Rows(opening, most)
