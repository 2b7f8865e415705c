"""Protected columns for tests: policies in a line, keys, counters and tokens in memory."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.model.errors import ConflictError
from sealhold.protect.columnkeys import Derived
from sealhold.protect.columns import Column, columns_of
from sealhold.protect.pairs import BEGINNING, Change, Pairs, Series, Taken
from sealhold.protect.policy import Bind, ColumnPolicy, Policy, TablePolicy

KEY = Secret(bytes(range(32)), "column key")


def keys(number: int = 1) -> Derived:
    return Derived(lambda dataset: Secret(bytes([number]) * 32, f"key of {dataset}"))


def column(name: str, type_: str, *protect: str, **more: object) -> ColumnPolicy:
    return ColumnPolicy(name=name, type=type_, protect=protect, **more)  # type: ignore[arg-type]  # reason: fields by name


def table(*columns: ColumnPolicy, name: str = "patient", bind: Bind = Bind.ROW) -> TablePolicy:
    return TablePolicy(dataset="clinic", name=name, columns=columns, bind=bind)


def columns(*tables: TablePolicy, number: int = 1) -> dict[str, Column]:
    """Return all columns of some tables by name; of one that two tables have, the later."""
    policy = Policy(name="clinic", version=1, tables=tables)
    made = columns_of(policy, keys(number), seeded(b"nonces"))
    return {name: each for of_table in made.values() for name, each in of_table.items()}


@dataclass
class MemoryCounters:
    """Counters of one column. What is taken stays taken, as on a disk."""

    epoch: int = 0
    _next: dict[bytes, dict[int, int]] = field(default_factory=dict)
    _gaps: set[tuple[bytes, int, int]] = field(default_factory=set)
    _open: dict[int, list[tuple[bytes, int, int]]] = field(default_factory=dict)
    _drops: dict[int, tuple[bytes, list[int]]] = field(default_factory=dict)
    _tickets: int = 0

    def take(self, words: Mapping[bytes, int]) -> Taken:
        firsts = {}
        taken = []
        for word, count in words.items():
            epochs = self._next.setdefault(word, {self.epoch: 0})
            newest = max(epochs)
            firsts[word] = (newest, epochs[newest])
            taken += [(word, newest, epochs[newest] + at) for at in range(count)]
            epochs[newest] += count
        self._tickets += 1
        self._open[self._tickets] = taken
        return Taken(self._tickets, firsts)

    def renew(self, word: bytes, count: int, seen: Sequence[Series]) -> Taken:
        if self.series([word]).get(word) != seen:
            raise ConflictError("the word was changed")
        older = list(self._next[word])
        self.epoch += 1
        self._next[word][self.epoch] = 0
        taken = self.take({word: count})
        self._drops[taken.ticket] = (word, older)
        return taken

    def settle(self, ticket: int, *, used: bool) -> None:
        taken = self._open.pop(ticket)
        if not used:
            self._gaps.update(taken)
        elif ticket in self._drops:
            word, older = self._drops[ticket]
            for epoch in older:
                del self._next[word][epoch]

    def pending(self, ticket: int) -> Mapping[bytes, Sequence[tuple[int, int]]]:
        found: dict[bytes, list[tuple[int, int]]] = {}
        for word, epoch, counter in self._open[ticket]:
            found.setdefault(word, []).append((epoch, counter))
        return found

    def begin(self, own: Collection[int]) -> Taken:
        if set(self._open) - set(own):
            raise ConflictError("another transaction is changing the table")
        self._next[BEGINNING] = {self.epoch: 0}
        return self.take({BEGINNING: 1})

    def tickets(self) -> Sequence[int]:
        return tuple(self._open)

    def is_renewing(self, words: Collection[bytes]) -> bool:
        return any(self._drops[each][0] in words for each in self._open if each in self._drops)

    def series(
        self,
        words: Collection[bytes],
        without: int = 0,  # noqa: ARG002  reason: nothing begins anew in these tests
    ) -> Mapping[bytes, Sequence[Series]]:
        pending = {place for taken in self._open.values() for place in taken}
        return {
            word: [
                Series(
                    epoch,
                    count,
                    frozenset(c for w, e, c in self._gaps if (w, e) == (word, epoch)),
                    frozenset(c for w, e, c in pending if (w, e) == (word, epoch)),
                )
                for epoch, count in self._next[word].items()
            ]
            for word in words
            if word in self._next
        }


@dataclass
class MemoryTokens:
    """Tokens of one domain."""

    by_value: dict[bytes, bytes] = field(default_factory=dict)
    by_token: dict[bytes, bytes] = field(default_factory=dict)

    def tokens(self, values: Iterable[bytes]) -> Mapping[bytes, bytes]:
        return {value: self.by_value[value] for value in values if value in self.by_value}

    def values(self, tokens: Iterable[bytes]) -> Mapping[bytes, bytes]:
        return {token: self.by_token[token] for token in tokens if token in self.by_token}

    def keep(self, drawn: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
        for value, token in drawn.items():
            if value not in self.by_value and token not in self.by_token:
                self.by_value[value], self.by_token[token] = token, value
        return self.tokens(drawn)


class Rented:
    """A table of pairs at a provider, and the pairs of one column that fill it."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.counters = MemoryCounters()
        self.pairs = Pairs(KEY, self.counters, seeded(b"labels"))

    def write(self, *changes: Change, commit: bool = True) -> int:
        batch = self.pairs.batch(changes)
        if commit:
            self.rows.update(batch.pairs)
        self.pairs.settle(batch.ticket, used=commit)
        return batch.ticket

    def find(self, word: bytes) -> set[int]:
        search = self.pairs.search([word])
        there = {label: self.rows[label] for label in search.labels if label in self.rows}
        return search.found(there).rows(word)
