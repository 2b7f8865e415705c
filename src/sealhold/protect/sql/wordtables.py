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

from sealhold.model.errors import InvalidPolicyError, TamperedError
from sealhold.protect.columns import NAME_BYTES, Column
from sealhold.protect.pairs import CHUNK, Batch, Found, Pairs, Search
from sealhold.protect.sql.tsquery import Wanted

PREFIX: Final = "_sh_words_"
BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
ROLLBACK: Final = "ROLLBACK"
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
    def of(cls, column: Column) -> "PairTable":
        """Return the table of a column's words.

        Raises:
            InvalidPolicyError: its name would be cut by PostgreSQL.
        """
        name = f"{PREFIX}{column.table}_{column.name}"
        if len(name.encode()) > NAME_BYTES:
            raise InvalidPolicyError(f"`{name}`, for the words of a column, is too long a name")
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

    def writing(self, batch: Batch) -> Iterable[Ask]:
        """Yield what puts pairs there, in the transaction of the change that they are of."""
        # of several arrays, `unnest` means the system's own, whatever the search path
        adding = f"INSERT INTO {self} SELECT * FROM unnest($1::bytea[], $2::bytea[])"
        for at in range(0, len(batch.pairs), CHUNK):
            pairs = batch.pairs[at : at + CHUNK]
            yield Ask(adding, ([one.label for one in pairs], [one.value for one in pairs]))
        for at in range(0, len(batch.dropped), CHUNK):
            dropping = f"DELETE FROM {self} WHERE label = ANY($1::bytea[])"
            yield Ask(dropping, (batch.dropped[at : at + CHUNK],))

    def looked_up(self, pairs: Pairs, words: frozenset[bytes]) -> Steps[Found]:
        """Return what there is of some words, each chunk in a snapshot of its own.

        Raises:
            TamperedError: a label is missing, or a value was changed.
        """
        search = pairs.search(words)
        while True:
            values = yield from self._values(search)
            try:
                return search.found(values)
            except TamperedError:
                # a renewal may have come between; what is missing from a search that is current
                # is withheld
                if pairs.is_current(search):
                    raise
                search = pairs.search(words)

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
        found = f"SELECT label, value FROM {self} WHERE label = ANY($1::bytea[])"
        values: dict[bytes, bytes] = {}
        for chunk in search.chunks():
            for label, value in (yield Ask(found, (chunk,))):
                values[label or b""] = value or b""
        return values


def rows_of(table: PairTable, pairs: Pairs, wanted: Wanted) -> Steps[list[int]]:
    """Return the numbers of the rows that a search names, in order; see `is_negated` of it.

    Raises:
        TamperedError: a label is missing, or a value was changed.
    """
    if wanted.query is None:
        return []
    found = yield from table.looked_up(pairs, frozenset(wanted.query.words()))
    return sorted(wanted.query.rows(found))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
