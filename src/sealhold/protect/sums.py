"""Sums of protected columns at an agent: asked for, checked, and what a wrong one leads to.

- An agent adds up blocks under masks. An answer is taken only if each slot of it fits its check.
- The first wrong answer ends the key of the column, durably and before anybody is told. The agent
  is asked as before, and its answers are thrown away, until a fold begins another key.
- The second key that an agent's wrong sums end is the last: its columns are opened from then on.

Source: docs/spec/64-sums-at-an-agent.md section 6; docs/spec/55-protected-columns.md section 9.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Protocol

from sealhold.crypto.bfv import MAX_ADDED, BfvKey
from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import TamperedError
from sealhold.protect.columnkeys import Keys
from sealhold.protect.columns import Column
from sealhold.protect.sumform import SumForm, form_of
from sealhold.protect.sumspec import NoSumError, Part
from sealhold.protect.sumstate import ENDED, ROWS, Kept, SumBook, SumKey
from sealhold.protect.techniques.he_sum import Block, HeSum
from sealhold.protect.techniques.sum_mark import SUFFIX

_NAME: Final = 16  # bytes
FEW: Final = 2  # keys that wrong sums of an agent may end
_WHOLE: Final = b"\1" * ROWS
_TO_TEXT: Final = bytes.maketrans(b"\0\1", b"01")


class Agent(Protocol):
    """An agent that adds up what it cannot read. Its calls block; several threads may call.

    All of them raise AgentAwayError where it does not answer, or has not what it was given.
    """

    def put_key(self, name: bytes, public: bytes) -> None:
        """Give it the public part of a key."""

    def drop_key(self, name: bytes) -> None:
        """Have it forget a key and all blocks under it; one that it does not know is forgotten."""

    def blocks(self, name: bytes) -> Collection[int] | None:
        """Return the numbers of the blocks that it has; None if it does not know the key."""

    def put(self, name: bytes, block: int, planes: Sequence[bytes]) -> None:
        """Give it a block."""

    def drop(self, name: bytes, block: int) -> None:
        """Have it forget a block."""

    def add(self, name: bytes, blocks: Sequence[tuple[int, bytes | None]]) -> list[bytes]:
        """Return the sum of each plane of blocks, each under a mask of 512 bytes, or whole."""


@dataclass(frozen=True, slots=True)
class Summed:
    """A column that an agent adds up."""

    column: Column
    form: SumForm
    place: str
    agent_id: str
    agent: Agent


@dataclass(slots=True)
class Sums:
    """The sums of one proxy; several threads may ask."""

    book: SumBook
    keys: Keys
    columns: Mapping[Column, Summed]
    _readers: dict[int, HeSum] = field(default_factory=dict)
    _turn: Lock = field(default_factory=Lock)

    def live(self, columns: Collection[Column]) -> list[int] | None:
        """Return the first block of each column that may be asked for; None if one has none."""
        found = []
        for column in columns:
            summed = self.columns.get(column)
            key = None if summed is None else self.book.current(summed.place)
            if summed is None or key is None or self.is_quarantined(summed):
                return None
            found.append(key.first)
        return found

    def is_quarantined(self, summed: Summed) -> bool:
        """Whether an agent gave too many wrong sums to be asked any more."""
        return self.book.failed(summed.agent_id) >= FEW

    def totals(self, column: Column, parts: Sequence[Part]) -> list[int]:
        """Return the sum of each part.

        Raises:
            NoSumError: its blocks do not have these rows, or its key is ended.
            TamperedError: the agent gave a wrong sum; its key is ended now.
            AgentAwayError: it gives none.
        """
        summed = self.columns[column]
        key = self.book.current(summed.place)
        if key is None:
            raise NoSumError("no key of sums")
        return [self._total(summed, key, part) for part in parts]

    def begun(self, summed: Summed, after: int, entropy: Entropy) -> SumKey:
        """Begin another key for a column, with blocks above `after`.

        Raises:
            ExhaustedError: there are no more numbers of blocks.
            StoreUnavailableError: the disk refuses.
        """
        secret = BfvKey.new().secret()
        return self.book.begin(summed.place, summed.agent_id, entropy(_NAME), secret, after)

    def there(self, summed: Summed, key: SumKey) -> frozenset[int]:
        """Return the blocks that the agent has; give it the key if it does not know it.

        Raises:
            AgentAwayError: it does not answer.
        """
        found = summed.agent.blocks(key.name)
        if found is None:
            summed.agent.put_key(key.name, BfvKey.load(self.book.secret(key)).public())
            return frozenset()
        return frozenset(found)

    def put(self, summed: Summed, key: SumKey, rows: Sequence[int], values: Sequence[int]) -> int:
        """Put a block of 4,096 rows at the agent, and return its number: here first, then there.

        Raises:
            AgentAwayError: it does not take it.
            ExhaustedError: there are no more numbers.
            StoreUnavailableError: the disk refuses.
        """
        # THREAT T725: what a kill leaves behind is a block that no row says it is in
        kept = self.book.put(key, rows)
        block = Block(tuple(rows), (kept.number,) * len(rows))
        planes = self.reader(summed, key).planes(block, values)
        summed.agent.put(key.name, kept.number, planes)
        return kept.number

    def drop(self, summed: Summed, key: SumKey, block: int) -> None:
        """Forget a block, here first.

        Raises:
            AgentAwayError: it does not answer.
        """
        self.book.drop(key, block)
        summed.agent.drop(key.name, block)

    def forget(self, summed: Summed, key: SumKey) -> None:
        """Forget a key that another one follows, there first.

        Raises:
            AgentAwayError: it does not answer.
        """
        summed.agent.drop_key(key.name)
        self.book.forget(key)

    def reader(self, summed: Summed, key: SumKey) -> HeSum:
        """Return what seals and opens under a key."""
        found = self._readers.get(key.number)
        if found is None:
            sums = BfvKey.load(self.book.secret(key))
            found = HeSum(self.checks(summed.column, key), sums, summed.form.bits)
            found.ended = key.state == ENDED
            self._readers = {key.number: found, **self._readers}
        return found

    def checks(self, column: Column, key: SumKey) -> Secret:
        """Return the key of the checks under a key of sums."""
        secret = self.keys.column_key(*column.keys[SUFFIX])
        return derive(secret, Tag.SUM_CHECK, b"key", key.name)

    def _total(self, summed: Summed, key: SumKey, part: Part) -> int:
        total = 0
        for start in range(0, len(part), MAX_ADDED):
            total += self._some(summed, key, part[start : start + MAX_ADDED])
        return total

    def _some(self, summed: Summed, key: SumKey, part: Part) -> int:
        kept = self.book.kept(key, [block for block, _ in part])
        chosen: list[tuple[Kept, bytes]] = []
        for block, rows in part:
            # THREAT T729: a mark that leads nowhere is not believed: what it hides is opened
            if block not in kept:
                raise NoSumError(f"no block {block}")
            chosen.append((kept[block], _mask(kept[block], rows)))
        asked = [(one.number, None if mask is _WHOLE else packed(mask)) for one, mask in chosen]
        answer = summed.agent.add(key.name, asked)
        with self._turn:
            reader = self.reader(summed, key)
            # THREAT T614, T723: what comes after a wrong sum is thrown away, and asked for still
            if reader.ended:
                raise NoSumError("the key of sums is ended")
            try:
                return reader.total(answer, chosen)
            except TamperedError as err:
                self.book.end(key)
                raise TamperedError(f"a sum of `{summed.place}` does not fit its check") from err


def summed_columns(
    columns: Collection[Column], agents: Mapping[str, tuple[str, Agent]]
) -> dict[Column, Summed]:
    """Return how columns are added up; `agents` tells id and agent of a table, by its name."""
    found = {}
    for column in columns:
        table = f"{column.schema}.{column.table}"
        form = form_of(column)
        if form is not None and table in agents:
            found[column] = Summed(column, form, f"{table}.{column.name}", *agents[table])
    return found


def packed(mask: bytes) -> bytes:
    """Return a mask of a byte for each slot as one of a bit for each, the first slot's highest."""
    return int(mask.translate(_TO_TEXT), 2).to_bytes(ROWS // 8)


def _mask(kept: Kept, rows: Collection[int] | None) -> bytes:
    if rows is None or len(rows) == ROWS:
        whole = rows is None or set(rows) == kept.slots().keys()
        if not whole:
            raise NoSumError("rows of another block")
        return _WHOLE
    slots, mask = kept.slots(), bytearray(ROWS)
    try:
        for row in rows:
            mask[slots[row]] = 1
    except KeyError as err:
        raise NoSumError("a row of another block") from err
    if mask.count(1) != len(rows):
        raise NoSumError("a row twice")
    return bytes(mask)
