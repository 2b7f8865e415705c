"""Which version each row of a tagged table has, as far as this proxy told it to be.

- A version is a number that is never given twice and only grows: the start's place among all, and
  a count. So a row's number and version stand for one content alone.
- Versions are *staged* durably before rows are sent, and hold once the end of their transaction is
  known. Until then, and after a kill, both the old and the new one are taken: until a row is seen.
- What a version replaced is remembered for a while, for statements that began before.
- 1,024 row numbers are a *part*. Under `table` each part has a sum, by which a head stands for all.

Source: docs/spec/63-integrity-of-rows.md section 3.
"""

from array import array
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Final

from sqlcipher3.dbapi2 import Connection

from sealhold.crypto.rowtags import SUM_BYTES, root
from sealhold.model.errors import RowStaleError, RowTamperedError
from sealhold.protect.guards import Guard
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.rowparts import DELETED, NEVER, PART, Rows, Ticket
from sealhold.protect.state import State

KEPT: Final = 200_000  # changes that are remembered for statements that began before them
COUNTS: Final = 2**32  # versions of one start; a start takes its place from the table of epochs
_PUT: Final = (
    "INSERT INTO part VALUES (?, ?, ?, ?) ON CONFLICT (place, number)"
    " DO UPDATE SET versions = excluded.versions, total = excluded.total"
)

Key = tuple[str, int]  # place and row number


class Versions:
    """The versions of all rows of one proxy; several threads may ask."""

    def __init__(self, state: State, guards: Iterable[Guard]) -> None:
        """Read what the state knows.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        self._state = state
        self._writing, self._turn = Lock(), Lock()  # in this order
        self._base, self._count = state.started.born * COUNTS, 0
        self._tables = {each.place: Rows(each) for each in guards}
        self._pending: defaultdict[Key, list[Ticket]] = defaultdict(list)
        self._tickets = 0
        self._replaced: defaultdict[Key, list[tuple[int, int]]] = defaultdict(list)
        self._order: deque[tuple[int, Key]] = deque()
        self._horizon = 0  # changes before it are not remembered any more
        self._seen: list[tuple[Ticket, int]] = []  # doubts that a row has ended, not yet durable
        self.now = 0  # counts changes
        with state.reading() as connection:
            self._load(connection)

    def _load(self, connection: Connection) -> None:
        for place, number, versions, total in connection.execute("SELECT * FROM part"):
            table = self._tables.setdefault(place, Rows(None))
            table.parts[number] = array("q", versions)
            table.totals[number] = int.from_bytes(total)
        rows = connection.execute("SELECT * FROM staged ORDER BY ticket, version").fetchall()
        for number, place, rid, version in rows:
            self._add(Ticket(number, place, (rid,), version, in_doubt=True))
            self._tickets = max(self._tickets, number)

    def _add(self, ticket: Ticket) -> None:
        for rid in ticket.rids:
            self._pending[ticket.place, rid].append(ticket)

    # --- writing ---

    def draw(self) -> int:
        """Return a version that nobody had before.

        Raises:
            StoreUnavailableError: the disk refuses another place among all starts.
        """
        with self._turn:
            self._count += 1
            if self._count < COUNTS:
                return self._base + self._count
        with self._state.changing() as connection:
            epoch = self._state.new_epoch(connection)
        with self._turn:
            self._base, self._count = epoch.born * COUNTS, 1
            return self._base + 1

    def stage(self, place: str, rids: Sequence[int], version: int) -> Ticket:
        """Note durably that rows are about to be written; a version of DELETED is that they go.

        Raises:
            StoreFullError: no room.
            StoreUnavailableError: the disk refuses.
        """
        with self._writing:
            self._tickets += 1
            ticket = Ticket(self._tickets, place, tuple(rids), version)
            rows = [(ticket.number, place, rid, version) for rid in ticket.rids]
            # THREAT T715: what is sent is known here first, so no kill makes an honest row unknown
            with self._state.changing() as connection:
                connection.executemany("INSERT INTO staged VALUES (?, ?, ?, ?)", rows)
                self._write_seen(connection)
            with self._turn:
                self._add(ticket)
        return ticket

    # THREAT T714: durable before the client hears of its commit, so that is never taken back unseen
    def apply(self, written: Sequence[tuple[Ticket, Sequence[int]]]) -> None:
        """Let the versions of what a statement wrote hold: its transaction is committed.

        Args:
            written: the tickets of the statement, and the rows of each that it did write.

        Raises:
            StoreFullError: no room; then they are in doubt.
            StoreUnavailableError: the disk refuses; as above.
        """
        tickets = [ticket for ticket, _ in written]
        with self._writing:
            try:
                with self._turn:
                    parts = self._put(
                        (ticket.place, rid, ticket.version)
                        for ticket, rids in written
                        for rid in rids
                    )
                with self._state.changing() as connection:
                    self._write_parts(connection, parts)
                    self._delete(connection, tickets)
                    self._write_seen(connection)
            except BaseException:
                self.doubt(tickets)
                raise
            with self._turn:
                self._forget(tickets)

    def drop(self, tickets: Sequence[Ticket]) -> None:
        """Forget versions whose transaction was rolled back.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        with self._writing:
            with self._turn:
                self._forget(tickets)
            with self._state.changing() as connection:
                self._delete(connection, tickets)

    def doubt(self, tickets: Iterable[Ticket]) -> None:
        """Note that nobody knows whether a transaction was committed."""
        for each in tickets:
            each.in_doubt = True

    def forget(self, place: str) -> None:
        """Forget all rows of a table, which is made anew.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        with self._writing, self._state.changing() as connection:
            connection.execute("DELETE FROM part WHERE place = ?", (place,))
            connection.execute("DELETE FROM staged WHERE place = ?", (place,))
            with self._turn:
                table = self._tables.get(place)
                self._tables[place] = Rows(None if table is None else table.guard)
                for key in [key for key in self._pending if key[0] == place]:
                    del self._pending[key]
                for key in [key for key in self._replaced if key[0] == place]:
                    del self._replaced[key]

    def _put(self, changes: Iterable[tuple[str, int, int]]) -> set[Key]:
        """Set versions; return the parts that they are in."""
        self.now += 1
        parts = set()
        for place, rid, version in changes:
            table = self._tables[place]
            held = table.version(rid)
            # two sessions may be told of their ends in another order than they came to them
            if held != DELETED and (version == DELETED or version > held):
                table.put(rid, version)
                version = held  # noqa: PLW2901  # reason: it is that one which was replaced
            if version != NEVER:
                self._replaced[place, rid].append((self.now, version))
                self._order.append((self.now, (place, rid)))
            parts.add((place, rid // PART))
        while len(self._order) > KEPT:
            self._horizon, key = self._order.popleft()
            kept = self._replaced.get(key, [])
            self._replaced[key] = [each for each in kept if each[0] > self._horizon]
            if not self._replaced[key]:
                del self._replaced[key]
        return parts

    def _forget(self, tickets: Iterable[Ticket]) -> None:
        for ticket in tickets:
            for rid in ticket.rids:
                self._end(ticket, rid)

    def _end(self, ticket: Ticket, rid: int) -> None:
        key = (ticket.place, rid)
        left = [each for each in self._pending.get(key, ()) if each is not ticket]
        if left:
            self._pending[key] = left
        else:
            self._pending.pop(key, None)

    def _write_parts(self, connection: Connection, parts: Iterable[Key]) -> None:
        for place, number in parts:
            table = self._tables[place]
            total = table.totals[number].to_bytes(SUM_BYTES)
            connection.execute(_PUT, (place, number, table.parts[number].tobytes(), total))

    @staticmethod
    def _delete(connection: Connection, tickets: Iterable[Ticket]) -> None:
        connection.executemany(
            "DELETE FROM staged WHERE ticket = ?", [(each.number,) for each in tickets]
        )

    def _write_seen(self, connection: Connection) -> None:
        """Make durable what rows told of doubts."""
        with self._turn:
            seen, self._seen = self._seen, []
        parts = {(one.place, rid // PART) for one, rid in seen}
        known = [each for each in parts if each[1] in self._tables[each[0]].parts]
        self._write_parts(connection, known)
        connection.executemany(
            "DELETE FROM staged WHERE ticket = ? AND rid = ?",
            [(ticket.number, rid) for ticket, rid in seen],
        )

    # --- reading ---

    def judge(
        self, place: str, rows: Iterable[tuple[int, int]], since: int, *, is_last: bool = False
    ) -> None:
        """Take the versions that a statement was shown, or refuse them.

        Args:
            place: the table.
            rows: number and version of each, whose tag was right.
            since: what `now` was before the statement's transaction began.
            is_last: the rows are locked or all else is known to have ended: nothing newer comes.

        Raises:
            RowStaleError: a version that was replaced, or a row that was deleted, before.
            RowTamperedError: a version that never held.
            PgValueError: it may have been replaced since, so long ago that nobody remembers.
        """
        with self._turn:
            table = self._tables.get(place) or Rows(None)
            for rid, version in rows:
                if table.version(rid) != version:
                    self._judge_other(place, rid, version, table.version(rid), since)
                if is_last and (place, rid) in self._pending:
                    self._end_doubts(place, rid)

    def _judge_other(self, place: str, rid: int, version: int, held: int, since: int) -> None:
        """Take a version that is not the one that holds.

        Raises:
            RowStaleError: it was replaced, or the row deleted, before.
            RowTamperedError: it never held.
            PgValueError: nobody remembers.
        """
        key = (place, rid)
        for ticket in self._pending.get(key, ()):
            if ticket.version == version and not ticket.in_doubt:
                return
            if ticket.version == version > held != DELETED:  # committed, or nobody would see it
                self._put([(place, rid, version)])
                self._end_doubts(place, rid)
                return
        if any(old == version and tick > since for tick, old in self._replaced.get(key, ())):
            return
        # THREAT T712: an older row with its own right tag is known by its version
        if held == DELETED or 0 < version < held:
            if since < self._horizon:
                raise PgValueError("40001", "the transaction is too old to judge what it reads")
            raise RowStaleError(f"row {rid} of `{place}` is older than what was written last")
        # THREAT T711: a row of a transaction that was rolled back has a right tag, and never held
        raise RowTamperedError(f"row {rid} of `{place}` is not one that was ever committed")

    def _end_doubts(self, place: str, rid: int) -> None:
        for ticket in list(self._pending.get((place, rid), ())):
            if ticket.in_doubt:
                self._end(ticket, rid)
                self._seen.append((ticket, rid))

    # --- for audits ---

    @property
    def doubts(self) -> set[Key]:
        """Return the rows of which two versions are taken."""
        with self._turn:
            return {key for key, each in self._pending.items() if any(one.in_doubt for one in each)}

    def settle(self, place: str, rid: int, shown: int) -> None:
        """End the doubts about a row, as the provider shows it; NEVER: it does not show it."""
        with self._turn:
            kept = {one.version for one in self._pending.get((place, rid), ()) if one.in_doubt}
            if shown in kept:
                self._put([(place, rid, shown)])
            elif shown == NEVER and DELETED in kept:
                self._put([(place, rid, DELETED)])
            self._end_doubts(place, rid)

    def flush(self) -> None:
        """Make durable what was settled.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        with self._writing, self._state.changing() as connection:
            self._write_seen(connection)

    def adopt(self, place: str, rows: Mapping[int, int]) -> None:
        """Take rows as a provider shows them for the whole table.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        self.forget(place)
        with self._writing:
            with self._turn:
                parts = self._put((place, rid, version) for rid, version in rows.items())
            with self._state.changing() as connection:
                self._write_parts(connection, parts)

    def version(self, place: str, rid: int) -> int:
        """Return the version that holds of a row."""
        with self._turn:
            table = self._tables.get(place)
            return NEVER if table is None else table.version(rid)

    def parts(self, place: str) -> list[int]:
        """Return the numbers of the parts of a table, in order."""
        with self._turn:
            table = self._tables.get(place)
            return [] if table is None else sorted(table.parts)

    def live(self, place: str, number: int) -> list[tuple[int, int]]:
        """Return the rows of a part that are there, with their versions."""
        with self._turn:
            table = self._tables.get(place)
            return [] if table is None else list(table.live(number))

    def head(self) -> bytes:
        """Return what stands for all sums of all parts."""
        with self._turn:
            every = [
                (place, number, table.totals[number])
                for place, table in sorted(self._tables.items())
                if table.guard is not None and table.guard.proves_all
                for number in sorted(table.totals)
            ]
        return root(self._state.started.born, every)
