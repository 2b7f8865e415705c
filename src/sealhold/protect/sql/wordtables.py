"""Tables of pairs at the provider, and what is asked of them: searches, and how a ticket ended.

- Steps are said, not done: each function is a generator that yields what is to be asked and is sent
  the rows. Whoever runs one asks in the order in which it says.
- The pairs of one statement have a ticket of their own. A statement took place whole or not at all,
  whatever became of its transaction, its savepoints or its connection: so how it ended is seen from
  its labels, once nobody can add them any more.
- A transaction may still be under way whose connection is gone. It holds the place of its labels in
  the index: trying to put one there waits until it ended, and the trial is rolled back.

Source: docs/spec/60-statements.md section 14, docs/spec/55-protected-columns.md section 8.
"""
# ruff: noqa: S608  reason: a name of a checked policy is quoted in, and nothing else

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from sealhold.model.errors import (
    ConflictError,
    InvalidPolicyError,
    InvalidQueryError,
    TamperedError,
)
from sealhold.protect.columns import NAME_BYTES, Column
from sealhold.protect.pairs import CHUNK, Batch, Found, Pairs, Search
from sealhold.protect.sql.tsquery import Wanted

PREFIX: Final = "_sh_words_"
RANGES: Final = "_sh_range_"
BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
ROLLBACK: Final = "ROLLBACK"
COMMIT: Final = "COMMIT"
WAIT: Final = "SELECT pg_catalog.pg_sleep(0.05)::text, NULL"
MOST_WAITS: Final = 40  # each of 50 ms
_T = TypeVar("_T")

Rows = Sequence[Sequence[bytes | None]]


@dataclass(frozen=True, slots=True)
class Ask:
    """One statement of ours; each of its values is an array of bytea."""

    sql: str
    arrays: tuple[Sequence[bytes], ...] = ()


Steps = Generator[Ask, Rows, _T]


@dataclass(frozen=True, slots=True)
class PairTable:
    """Where the pairs of one column lie."""

    schema: str
    name: str

    @classmethod
    def of(cls, column: Column, prefix: str = PREFIX) -> "PairTable":
        """Return the table of a column's words, or of its ranges.

        Raises:
            InvalidPolicyError: its name would be cut by PostgreSQL.
        """
        name = f"{prefix}{column.table}_{column.name}"
        if len(name.encode()) > NAME_BYTES:
            raise InvalidPolicyError(f"`{name}`, for what a column is found by, is too long a name")
        return cls(column.schema, name)

    def __str__(self) -> str:
        return f"{_quoted(self.schema)}.{_quoted(self.name)}"

    @property
    def creating(self) -> str:
        """What makes it."""
        return f"CREATE TABLE {self} (label bytea PRIMARY KEY, value bytea NOT NULL)"

    @property
    def dropping(self) -> str:
        """What drops it."""
        return f"DROP TABLE {self}"

    @property
    def adding(self) -> str:
        """What puts pairs there: labels, and values."""
        # of several arrays, `unnest` means the system's own, whatever the search path
        return f"INSERT INTO {self} SELECT * FROM unnest($1::bytea[], $2::bytea[])"

    @property
    def asking(self) -> str:
        """What looks labels up."""
        return f"SELECT label, value FROM {self} WHERE label = ANY($1::bytea[])"

    def writing(self, batch: Batch) -> Iterable[Ask]:
        """Yield what puts pairs there, in the transaction of the change that they are of."""
        for at in range(0, len(batch.pairs), CHUNK):
            pairs = batch.pairs[at : at + CHUNK]
            yield Ask(self.adding, ([one.label for one in pairs], [one.value for one in pairs]))
        for at in range(0, len(batch.dropped), CHUNK):
            dropping = f"DELETE FROM {self} WHERE label = ANY($1::bytea[])"
            yield Ask(dropping, (batch.dropped[at : at + CHUNK],))

    def looked_up(self, pairs: Pairs, words: frozenset[bytes], without: int = 0) -> Steps[Found]:
        """Return what there is of some words, each chunk in a snapshot of its own.

        `without` is the ticket of a new beginning in the same transaction.

        Raises:
            ConflictError: the words are being written anew for longer than is waited for.
            InvalidQueryError: the table was made, or the proxy's state begun, without pairs.
            TamperedError: a label is missing, or a value was changed.
        """
        # THREAT T706: of a table that was made without pairs, no rows would be found in silence
        if not pairs.is_begun:
            raise InvalidQueryError(
                f"{self} holds no pairs of the rows that are there: make the table anew"
            )
        waits = 0
        while True:
            search = pairs.search(words, without)
            values = yield from self._values(search)
            try:
                found = search.found(values)
            except TamperedError:
                # a renewal may have come between; what is missing from a search that is current,
                # while nothing is renewed, is withheld
                is_renewing = pairs.is_renewing(search)
                if pairs.is_current(search, without) and not is_renewing:
                    raise
                waits += 1
                if waits > MOST_WAITS:
                    raise ConflictError("the words are being written anew") from None
                if is_renewing:
                    yield Ask(WAIT)
            else:
                pairs.note_worn(search, found)
                return found

    def written_anew(self, pairs: Pairs, word: bytes) -> Steps[bool]:
        """Write a word anew, in a transaction of its own; return whether it could be done.

        Whoever asks has no transaction under way.

        Raises:
            TamperedError: a label is missing, or a value was changed.
        """
        search = pairs.search([word])
        found = search.found((yield from self._values(search)))
        try:
            batch = pairs.renewed(word, search, found)
        except ConflictError:
            return False
        pairs.doubt(batch.ticket)  # until its end is known
        yield Ask(BEGIN)
        for each in self.writing(batch):  # noqa: UP028  reason: answers are sent in
            yield each
        yield Ask(COMMIT)
        pairs.settle(batch.ticket, used=True)
        return True

    def settled(self, pairs: Pairs, ticket: int) -> Steps[bool]:
        """Settle a ticket of which nobody knows how it ended; return whether it took place.

        Whoever asks has no transaction under way, and the one that took the ticket has none.

        Raises:
            TamperedError: some of its labels are there and some are not.
        """
        labels = pairs.doubted(ticket)
        if not labels:
            return pairs.cleared(ticket, (), 0)
        trial = f"INSERT INTO {self} VALUES (($1::bytea[])[1], '') ON CONFLICT DO NOTHING"
        # THREAT T617: without the wait, a commit under way would be taken for none
        yield Ask(BEGIN)
        yield Ask(trial, (labels[:1],))
        yield Ask(ROLLBACK)
        there = 0
        for at in range(0, len(labels), CHUNK):
            found = f"SELECT label FROM {self} WHERE label = ANY($1::bytea[])"
            there += len((yield Ask(found, (labels[at : at + CHUNK],))))
        return pairs.cleared(ticket, labels, there)

    def _values(self, search: Search) -> Steps[dict[bytes, bytes]]:
        values: dict[bytes, bytes] = {}
        for chunk in search.chunks():
            for label, value in (yield Ask(self.asking, (chunk,))):
                values[label or b""] = value or b""
        return values


def rows_of(table: PairTable, pairs: Pairs, wanted: Wanted, without: int = 0) -> Steps[list[int]]:
    """Return the numbers of the rows that a search names, in order; see `is_negated` of it.

    Raises:
        TamperedError: a label is missing, or a value was changed.
    """
    if wanted.query is None:
        return []
    found = yield from table.looked_up(pairs, frozenset(wanted.query.words()), without)
    return sorted(wanted.query.rows(found))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
