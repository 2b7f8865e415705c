"""Rows by word, at a provider that knows no word: pairs of label and value in a table of their own.

- The table is `(label bytea PRIMARY KEY, value bytea NOT NULL)`, one for each column.
- A change of rows is turned into pairs, which go into the table in the transaction of the change.
  Counters are taken before that, durably, and each once: counters of what was rolled back stay as
  gaps. Two pairs of one label would link their rows before any search, and open each other.
- A search looks up all labels of its words, opens what it finds, and leaves out rows that were
  removed. A label that must be there and is not: the provider withholds it.
- Of a transaction whose end nobody knows, all labels are looked up at once: all are there, or none.
- A word with many removed rows is written anew under another epoch, which also hides from then on
  what an earlier search showed.

Source: docs/spec/55-protected-columns.md section 8.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, NamedTuple, Protocol, TypeVar

from sealhold.crypto.secret import Secret
from sealhold.crypto.sse import Entry, Pair, WordKey, word_key
from sealhold.model.clock import Entropy
from sealhold.model.errors import ConflictError, TamperedError

CHUNK: Final = 500  # labels of one statement
_RENEW_ABOVE: Final = 0.3  # of a word's pairs, those of removed rows and their removal
_DRAW: Final = 8  # bytes; two that are the same keep their order, which is as good
MOST_WORN: Final = 1024  # words that wait to be written anew
BEGINNING: Final = b""  # the word of which each table has one pair: it says when it was empty
_RENEW_FROM: Final = 16  # pairs; below it is not worth it


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Series:
    """The counters of one word in one epoch: 0 to `count` - 1 were taken."""

    epoch: int
    count: int
    gaps: frozenset[int] = frozenset()  # of what was rolled back: no pair has them
    pending: frozenset[int] = frozenset()  # of transactions that did not end, or nobody knows how


@dataclass(frozen=True, slots=True)
class Taken:
    """Counters that were taken for one transaction."""

    ticket: int
    firsts: Mapping[bytes, tuple[int, int]]  # of each word, its epoch and its first counter


class Counters(Protocol):
    """Keeps how far each word of one column has counted. Durable, and never put back.

    Who puts an older copy of it back begins a new epoch for all words. Two proxies have an epoch
    each, and ask for the words of both.
    """

    def take(self, words: Mapping[bytes, int]) -> Taken:
        """Take so many counters of each word, in its newest epoch; pending, and durable."""
        ...

    def renew(self, word: bytes, count: int, seen: Sequence[Series]) -> Taken:
        """Take counters of a new epoch of a word. Once they are used, older epochs are dropped.

        Raises:
            ConflictError: the word's series are no longer those that were seen.
        """
        ...

    def settle(self, ticket: int, *, used: bool) -> None:
        """Say how the transaction ended: pending counters are used, or gaps."""
        ...

    def pending(self, ticket: int) -> Mapping[bytes, Sequence[tuple[int, int]]]:
        """Return the epochs and counters of a ticket that is not settled."""
        ...

    def series(
        self, words: Collection[bytes], without: int = 0
    ) -> Mapping[bytes, Sequence[Series]]:
        """Return the series of each word, of all epochs that are kept; none for an unknown one.

        Those that the ticket `without` replaces are left out.
        """
        ...

    def begin(self, own: Collection[int]) -> Taken:
        """Take a counter of `BEGINNING` for a table that is empty from now on.

        Once it is used, all that was before is forgotten, but for what came meanwhile.

        Raises:
            ConflictError: words of a ticket that is not among `own` are pending.
        """
        ...

    def tickets(self) -> Sequence[int]:
        """Return the tickets that are not settled, the oldest first."""
        ...

    def is_renewing(self, words: Collection[bytes]) -> bool:
        """Return whether a ticket that is not settled replaces series of some words."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """One row gets some words and loses others."""

    row: int
    added: Collection[bytes] = ()
    removed: Collection[bytes] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs to insert in one transaction, and the ticket to settle after it."""

    pairs: tuple[Pair, ...]
    ticket: int
    dropped: tuple[bytes, ...] = ()  # labels to delete in the same transaction


class _Asked(NamedTuple):
    """Whose labels some are: of one word in one epoch."""

    word: bytes
    key: WordKey
    counters: Sequence[int]
    labels: Sequence[bytes]  # of each counter
    pending: frozenset[int]  # counters whose label may be missing


@dataclass(frozen=True, slots=True)
class Search:
    """Labels to look up, in an order that tells nothing, and how the answer is read.

    They are looked up in a snapshot that begins after the search was made: an older one lacks pairs
    that must be there.
    """

    labels: tuple[bytes, ...]
    series: Mapping[bytes, Sequence[Series]]
    _asked: Sequence[_Asked]

    def chunks(self) -> Iterable[Sequence[bytes]]:
        """Yield labels as they are asked for: `label = ANY($1)`."""
        for at in range(0, len(self.labels), CHUNK):
            yield self.labels[at : at + CHUNK]

    def found(self, values: Mapping[bytes, bytes]) -> "Found":
        """Return what the table has of the labels.

        Args:
            values: the value of each label that is there; all chunks together, of one snapshot.

        Raises:
            TamperedError: a label is missing that must be there.
            SealBrokenError: a value was changed, or is another label's.
        """
        rows: dict[bytes, Counter[int]] = {}
        pairs: Counter[bytes] = Counter()
        for word, key, counters, labels, pending in self._asked:
            of_word = rows.setdefault(word, Counter())
            pairs[word] += len(labels)
            for counter, label in zip(counters, labels, strict=True):
                value = values.get(label)
                if value is None:
                    if counter in pending:
                        continue
                    # THREAT T617: a row that is left out of an answer is noticed
                    raise TamperedError("a label of a word is not in the provider's table")
                row, is_removed = key.open(counter, value)
                of_word[row] += -1 if is_removed else 1
        return Found(rows, pairs)


@dataclass(frozen=True, slots=True)
class Found:
    """Which rows each word has."""

    _rows: Mapping[bytes, Mapping[int, int]]
    _pairs: Mapping[bytes, int]

    def rows(self, word: bytes) -> set[int]:
        """Return the rows that have a word now."""
        return {row for row, times in self._rows.get(word, {}).items() if times > 0}

    def worth_renewing(self, word: bytes) -> bool:
        """Return whether many pairs of a word are of rows that have it no more."""
        pairs = self._pairs.get(word, 0)
        return pairs >= _RENEW_FROM and pairs - len(self.rows(word)) > _RENEW_ABOVE * pairs


class Pairs:
    """The pairs of one column."""

    def __init__(self, key: Secret, counters: Counters, entropy: Entropy) -> None:
        """Take a key of 32 bytes, the column's counters, and what shuffles labels."""
        self._key = key
        self._counters = counters
        self._entropy = entropy
        self._doubts: dict[int, None] = {}
        self._worn: dict[bytes, None] = {}

    def doubt(self, ticket: int) -> None:
        """Note that nobody knows how a ticket ended: see `doubts`."""
        self._doubts[ticket] = None

    def doubts(self) -> tuple[int, ...]:
        """Return the tickets that are in doubt and not settled; they stay so until that is done."""
        doubts = tuple(self._doubts)
        there = frozenset(self._counters.tickets()) if doubts else frozenset()
        for ticket in doubts:
            if ticket not in there:
                self.sure(ticket)
        return tuple(ticket for ticket in doubts if ticket in there)

    def sure(self, ticket: int) -> None:
        """Ask no more how a ticket ended."""
        self._doubts.pop(ticket, None)

    def doubt_all(self) -> None:
        """Note that all tickets are in doubt: those of a process that ended."""
        for ticket in self._counters.tickets():
            self.doubt(ticket)

    def note_worn(self, search: Search, found: Found) -> None:
        """Note which words of a search are worth writing anew."""
        for word in search.series:
            if found.worth_renewing(word) and len(self._worn) < MOST_WORN:
                self._worn[word] = None

    def worn(self) -> tuple[bytes, ...]:
        """Return words that are worth writing anew, each once."""
        words = tuple(self._worn)
        for word in words:
            self._worn.pop(word, None)
        return words

    def begun(self, own: Collection[int]) -> Batch:
        """Return the pair of a table that is new or emptied, to insert in the same transaction.

        Raises:
            ConflictError: words of a ticket that is not among `own` are pending.
        """
        taken = self._counters.begin(own)
        made = self._made(BEGINNING, [Entry(0, removed=False)], taken)
        return Batch(tuple(made), taken.ticket)

    @property
    def is_begun(self) -> bool:
        """Whether the table was made, or emptied, with a first pair: else rows may have none."""
        series = self._counters.series([BEGINNING]).get(BEGINNING, ())
        return any(each.count > len(each.gaps) for each in series)

    def batch(self, changes: Iterable[Change]) -> Batch:
        """Return the pairs of some changes. Settle its ticket when the transaction has ended."""
        entries: dict[bytes, list[Entry]] = {}
        for change in changes:
            for word in change.removed:
                entries.setdefault(word, []).append(Entry(change.row, removed=True))
            for word in change.added:
                entries.setdefault(word, []).append(Entry(change.row, removed=False))
        # THREAT T618: counters are gone once they are taken, whatever becomes of the transaction
        taken = self._counters.take({word: len(listed) for word, listed in entries.items()})
        pairs = [
            pair for word, listed in entries.items() for pair in self._made(word, listed, taken)
        ]
        # THREAT T704: the order in which pairs come would tell which are of one word, or of one row
        return Batch(tuple(_shuffled(pairs, self._entropy)), taken.ticket)

    def settle(self, ticket: int, *, used: bool) -> None:
        """Say that a transaction was committed, or rolled back."""
        self._counters.settle(ticket, used=used)

    def doubted(self, ticket: int) -> tuple[bytes, ...]:
        """Return all labels of a transaction whose end nobody knows, to look them up."""
        labels = [
            self._word(word, epoch).labels([counter])[0]
            for word, places in self._counters.pending(ticket).items()
            for epoch, counter in places
        ]
        return tuple(_shuffled(labels, self._entropy))

    def cleared(self, ticket: int, labels: Collection[bytes], there: int) -> bool:
        """Settle a transaction by how many of its labels are there; return whether it took place.

        Raises:
            TamperedError: some are there and some are not, which no transaction does.
        """
        if there not in {0, len(labels)}:
            raise TamperedError("a transaction has left some of its labels and not others")
        self._counters.settle(ticket, used=bool(there))
        return bool(there)

    def search(self, words: Iterable[bytes], without: int = 0) -> Search:
        """Return what to look up for some words, together; see `Counters.series`."""
        found = self._counters.series(frozenset(words), without)
        asked = []
        for word, listed in found.items():
            for series in listed:
                key = self._word(word, series.epoch)
                counters: Sequence[int] = range(series.count)
                if series.gaps:
                    counters = [counter for counter in counters if counter not in series.gaps]
                asked.append(_Asked(word, key, counters, key.labels(counters), series.pending))
        labels = [label for each in asked for label in each.labels]
        return Search(tuple(_shuffled(labels, self._entropy)), found, asked)

    def is_current(self, search: Search, without: int = 0) -> bool:
        """Return whether nothing was taken or settled since: else a failed search is repeated."""
        return self._counters.series(frozenset(search.series), without) == search.series

    def is_renewing(self, search: Search) -> bool:
        """Return whether words are about to be written anew: their labels may be gone."""
        return self._counters.is_renewing(frozenset(search.series))

    def renewed(self, word: bytes, search: Search, found: Found) -> Batch:
        """Return a word's rows as pairs of a new epoch, and the labels that they replace.

        Args:
            word: which.
            search: of this word alone.
            found: what it found.

        Raises:
            ConflictError: a row got or lost the word meanwhile, or is about to.
        """
        seen = search.series[word]
        if any(series.pending for series in seen):
            raise ConflictError("a transaction with this word has not ended")
        rows = sorted(found.rows(word))
        taken = self._counters.renew(word, len(rows), seen)
        made = self._made(word, [Entry(row, removed=False) for row in rows], taken)
        return Batch(tuple(_shuffled(made, self._entropy)), taken.ticket, search.labels)

    def _made(self, word: bytes, entries: Sequence[Entry], taken: Taken) -> list[Pair]:
        epoch, first = taken.firsts[word]
        key = self._word(word, epoch)
        return [key.seal(counter, entry) for counter, entry in enumerate(entries, first)]

    def _word(self, word: bytes, epoch: int) -> WordKey:
        return word_key(self._key, epoch, word)


def _shuffled(things: Iterable[T], entropy: Entropy) -> list[T]:
    """Return things in an order that nobody can foretell."""
    listed = list(things)
    drawn = entropy(_DRAW * len(listed))
    keys = [drawn[at : at + _DRAW] for at in range(0, len(drawn), _DRAW)]
    return [thing for _, thing in sorted(zip(keys, listed, strict=True), key=itemgetter(0))]
