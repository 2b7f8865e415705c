"""How far each word of one column has counted, in a proxy's state.

- Counters are taken durably, and each once: within an epoch of this start, or of a renewal. What an
  older copy of the file forgot was of an epoch that never comes again.
- What is taken is pending under a ticket until somebody says how its transaction ended: then it is
  used, or it is a gap. Tickets that a killed process left are told by `tickets`.
- Once a renewal is used, the series that it replaces are forgotten.

Source: docs/spec/55-protected-columns.md section 8; docs/spec/59-proxy-in-a-vault.md section 2.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlcipher3.dbapi2 import Connection

from sealhold.model.errors import ConflictError
from sealhold.protect.pairs import BEGINNING, Series, Taken
from sealhold.protect.state import State

_TICKET: Final = "INSERT INTO ticket (place) VALUES (?) RETURNING number"
_NEWEST: Final = (
    "SELECT born FROM series WHERE place = ? AND word = ? AND born >= ? ORDER BY born DESC LIMIT 1"
)
_GROW: Final = (
    "INSERT INTO series VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (place, word, born) DO UPDATE SET count = count + ?4 RETURNING count"
)
_BEGUN: Final = "SELECT max(born) FROM series WHERE place = ? AND word = ?"
_TICKETS: Final = "SELECT number FROM ticket WHERE place = ? ORDER BY number"
_REPLACED: Final = "SELECT word, born FROM renewed WHERE ticket = ?"
_RENEWING: Final = (
    "SELECT DISTINCT word FROM renewed JOIN ticket ON number = ticket WHERE place = ?"
)
_PENDING: Final = "INSERT INTO taken VALUES (?, ?, ?, ?, ?)"
_OPEN: Final = "DELETE FROM ticket WHERE number = ? AND place = ? RETURNING number"
_TO_GAPS: Final = "INSERT INTO gap SELECT ?2, word, born, first, count FROM taken WHERE ticket = ?1"
_FORGET_SERIES: Final = (
    "DELETE FROM series WHERE place = ?2 AND (word, born) IN"
    " (SELECT word, born FROM renewed WHERE ticket = ?1)"
)
_FORGET_GAPS: Final = (
    "DELETE FROM gap WHERE place = ?2 AND (word, born) IN"
    " (SELECT word, born FROM renewed WHERE ticket = ?1)"
)
_OF_TICKET: Final = (
    "SELECT word, number, first, count FROM taken JOIN epoch USING (born) WHERE ticket = ?"
)
_OF_WORD: Final = (
    "SELECT born, number, count FROM series JOIN epoch USING (born)"
    " WHERE place = ? AND word = ? ORDER BY born"
)
_GAPS: Final = "SELECT born, first, count FROM gap WHERE place = ? AND word = ?"
_WAITING: Final = (
    "SELECT born, first, count FROM taken JOIN ticket ON number = ticket"
    " WHERE place = ? AND word = ?"
)


class WordCounters:
    """The counters of one column; `place` names it, and never anything else."""

    def __init__(self, state: State, place: str) -> None:
        self._state, self._place = state, place

    def take(self, wants: Mapping[bytes, int]) -> Taken:
        """Take so many counters of each word, in its newest epoch; pending, and durable.

        Raises:
            StoreFullError: no room.
            StoreUnavailableError: the disk refuses.
        """
        with self._state.changing() as connection:
            begun = connection.execute(_BEGUN, (self._place, BEGINNING)).fetchone()[0]
            # THREAT T700, T705: counters are never given again; a table that is emptied begins
            # epochs that it never had
            since = max(self._state.started.born, begun or 0)
            ticket = self._ticket(connection)
            firsts = {}
            for word, count in wants.items():
                found = connection.execute(_NEWEST, (self._place, word, since)).fetchone()
                born = since if found is None else int(found[0])
                first = self._grow(connection, ticket, word, born, count)
                firsts[word] = (_number(connection, born), first)
        return Taken(ticket, firsts)

    def renew(self, word: bytes, count: int, seen: Sequence[Series]) -> Taken:
        """Take counters of a new epoch of a word. Once they are used, older epochs are dropped.

        Raises:
            ConflictError: the word's series are no longer those that were seen.
            StoreFullError: no room.
            StoreUnavailableError: the disk refuses.
        """
        with self._state.changing() as connection:
            if self._series(connection, word) != tuple(seen):
                raise ConflictError("a row got or lost the word meanwhile")
            ticket = self._ticket(connection)
            connection.execute(
                "INSERT INTO renewed SELECT ?, word, born FROM series WHERE place = ? AND word = ?",
                (ticket, self._place, word),
            )
            epoch = self._state.new_epoch(connection)
            self._grow(connection, ticket, word, epoch.born, count)
        return Taken(ticket, {word: (epoch.number, 0)})

    def begin(self, own: Collection[int]) -> Taken:
        """Take a counter for a table that is empty from now on: see `Counters`.

        Raises:
            ConflictError: words of a ticket that is not among `own` are pending.
            StoreFullError: no room.
            StoreUnavailableError: the disk refuses.
        """
        with self._state.changing() as connection:
            waiting = {int(one) for (one,) in connection.execute(_TICKETS, (self._place,))}
            # THREAT T701: labels that another is about to write must not be forgotten
            if waiting - set(own):
                raise ConflictError("another transaction is changing the table")
            ticket = self._ticket(connection)
            connection.execute(
                "INSERT INTO renewed SELECT ?, word, born FROM series WHERE place = ?",
                (ticket, self._place),
            )
            epoch = self._state.new_epoch(connection)
            self._grow(connection, ticket, BEGINNING, epoch.born, 1)
        return Taken(ticket, {BEGINNING: (epoch.number, 0)})

    def is_renewing(self, words: Collection[bytes]) -> bool:
        """Return whether a ticket that is not settled replaces series of some words."""
        with self._state.reading() as connection:
            found = connection.execute(_RENEWING, (self._place,)).fetchall()
        return not set(words).isdisjoint(bytes(word) for (word,) in found)

    def settle(self, ticket: int, *, used: bool) -> None:
        """Say how the transaction ended: pending counters are used, or gaps.

        A ticket that was settled before stays as it was.

        Raises:
            StoreFullError: no room.
            StoreUnavailableError: the disk refuses.
        """
        which = (ticket, self._place)
        with self._state.changing() as connection:
            if connection.execute(_OPEN, which).fetchone() is None:
                return
            if used:
                connection.execute(_FORGET_SERIES, which)
                connection.execute(_FORGET_GAPS, which)
            else:
                connection.execute(_TO_GAPS, which)
            connection.execute("DELETE FROM taken WHERE ticket = ?", (ticket,))
            connection.execute("DELETE FROM renewed WHERE ticket = ?", (ticket,))

    def pending(self, ticket: int) -> Mapping[bytes, Sequence[tuple[int, int]]]:
        """Return the epochs and counters of a ticket that is not settled."""
        with self._state.reading() as connection:
            rows = connection.execute(_OF_TICKET, (ticket,)).fetchall()
        return {
            bytes(word): [(epoch, counter) for counter in range(first, first + count)]
            for word, epoch, first, count in rows
        }

    def tickets(self) -> tuple[int, ...]:
        """Return the tickets that are not settled, the oldest first."""
        with self._state.reading() as connection:
            rows = connection.execute(_TICKETS, (self._place,)).fetchall()
        return tuple(int(number) for (number,) in rows)

    def series(
        self, words: Collection[bytes], without: int = 0
    ) -> Mapping[bytes, Sequence[Series]]:
        """Return the series of each word, of all epochs that are kept; none for an unknown one.

        Those that the ticket `without` replaces are left out.
        """
        with self._state.reading() as connection:
            replaced = connection.execute(_REPLACED, (without,)).fetchall() if without else []
            gone = {(bytes(word), int(born)) for word, born in replaced}
            return {word: self._series(connection, word, gone) for word in words}

    def _ticket(self, connection: Connection) -> int:
        (ticket,) = connection.execute(_TICKET, (self._place,)).fetchone()
        return int(ticket)

    def _grow(self, connection: Connection, ticket: int, word: bytes, born: int, count: int) -> int:
        """Take counters of one series, and return the first."""
        (after,) = connection.execute(_GROW, (self._place, word, born, count)).fetchone()
        first = int(after) - count
        connection.execute(_PENDING, (ticket, word, born, first, count))
        return first

    def _series(
        self, connection: Connection, word: bytes, gone: Collection[tuple[bytes, int]] = ()
    ) -> tuple[Series, ...]:
        which = (self._place, word)
        gaps = _spread(connection.execute(_GAPS, which).fetchall())
        pending = _spread(connection.execute(_WAITING, which).fetchall())
        return tuple(
            Series(number, count, frozenset(gaps[born]), frozenset(pending[born]))
            for born, number, count in connection.execute(_OF_WORD, which).fetchall()
            if (word, born) not in gone
        )


def _number(connection: Connection, born: int) -> int:
    (number,) = connection.execute("SELECT number FROM epoch WHERE born = ?", (born,)).fetchone()
    return int(number)


def _spread(rows: Sequence[tuple[int, int, int]]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for born, first, count in rows:
        found[born].update(range(first, first + count))
    return found
