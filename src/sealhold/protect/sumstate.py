"""What a proxy's state holds of sums at an agent: keys, and which rows lie in each block.

- A block is durable here before the agent or the provider knows of it; so whatever is found there
  is known here, after a kill too.
- A key that is ended stays so, and is counted against its agent for good.

Source: docs/spec/64-sums-at-an-agent.md section 4; docs/spec/59-proxy-in-a-vault.md section 2.
"""

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Final, NamedTuple

from sqlcipher3.dbapi2 import Connection

from sealhold.crypto.secret import Secret
from sealhold.model.errors import ExhaustedError
from sealhold.protect.state import State

ROWS: Final = 4096  # of a block
MOST: Final = 2**31 - 1  # numbers of blocks
KEPT: Final = 1024  # blocks in memory, of 32 KiB
ENDED, GONE = 1, 2  # of `state`, added up: ended by a wrong sum; without blocks any more
_KEYS: Final = "SELECT place, number, agent, name, first, state FROM sumkey ORDER BY number"
_BEGIN: Final = (
    "INSERT INTO sumkey (place, agent, name, key, first, next, state)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0)"
)
_TOP: Final = "SELECT coalesce(max(next), 0) FROM sumkey WHERE place = ?"
_NEXT: Final = "UPDATE sumkey SET next = next + 1 WHERE number = ? RETURNING next - 1"
_END: Final = "UPDATE sumkey SET state = 1 WHERE number = ?"
_FORGET: Final = "UPDATE sumkey SET key = x'', state = 2 + state % 2 WHERE number = ?"
_ROWS: Final = "SELECT rows FROM sumblock WHERE number = ? AND block = ?"


class SumKey(NamedTuple):
    """One key of sums of one column."""

    number: int
    agent: str
    name: bytes  # 16 bytes: what the agent knows it by
    first: int  # the number of its first block
    state: int


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows of one block, in the order of their slots; their turn is the block's number."""

    number: int
    rows: bytes  # 8 for each

    @property
    def where(self) -> bytes:
        """Rows and turns of all slots as they are checked."""
        laid = array("Q", bytes(16 * ROWS))
        laid[0::2] = array("Q", self.rows)
        laid[1::2] = array("Q", self.number.to_bytes(8) * ROWS)
        return laid.tobytes()

    def slots(self) -> dict[int, int]:
        """Return the slot of each row."""
        at = range(0, 8 * ROWS, 8)
        return {int.from_bytes(self.rows[each : each + 8]): each >> 3 for each in at}


class SumBook:
    """Keys and blocks of all columns of one proxy; several threads may ask."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._guard = Lock()
        self._keys: Mapping[str, tuple[SumKey, ...]] = self._read()
        self._kept: OrderedDict[tuple[int, int], Kept] = OrderedDict()

    def keys(self, place: str) -> tuple[SumKey, ...]:
        """Return the keys of a column, the oldest first."""
        return self._keys.get(place, ())

    def current(self, place: str) -> SumKey | None:
        """Return the newest key of a column, ended or not."""
        found = self.keys(place)
        return found[-1] if found and found[-1].state < GONE else None

    def secret(self, key: SumKey) -> Secret:
        """Return the whole key of sums."""
        with self._state.reading() as connection:
            (found,) = connection.execute(
                "SELECT key FROM sumkey WHERE number = ?", (key.number,)
            ).fetchone()
        return Secret(bytes(found), "key of sums")

    def failed(self, agent: str) -> int:
        """Return how many keys were ended by wrong sums of an agent."""
        return sum(
            key.agent == agent and key.state % GONE == ENDED
            for keys in self._keys.values()
            for key in keys
        )

    def begin(self, place: str, agent: str, name: bytes, secret: Secret, after: int) -> SumKey:
        """Begin a new key, whose blocks have numbers above `after` and above all before.

        Raises:
            ExhaustedError: there are no more numbers.
            StoreFullError: no room.
            StoreUnavailableError: the disk refuses.
        """
        with self._changed() as connection:
            (top,) = connection.execute(_TOP, (place,)).fetchone()
            # THREAT T730: no number twice, whatever was lost of what is kept here
            first = max(after + 1, int(top), 1)
            if first > MOST // 2:
                raise ExhaustedError("the blocks of sums of a column have no more numbers")
            connection.execute(_BEGIN, (place, agent, name, secret.reveal(), first))
        return self.keys(place)[-1]

    def end(self, key: SumKey) -> None:
        """End a key, durably: nothing is decrypted with it any more."""
        with self._changed() as connection:
            connection.execute(_END, (key.number,))

    def forget(self, key: SumKey) -> None:
        """Forget the blocks and the secret of a key; that it was ended is kept."""
        with self._changed() as connection:
            connection.execute("DELETE FROM sumblock WHERE number = ?", (key.number,))
            connection.execute(_FORGET, (key.number,))

    def put(self, key: SumKey, rows: Sequence[int]) -> Kept:
        """Keep the rows of a new block, durably, and number it.

        Raises:
            ExhaustedError: there are no more numbers.
            StoreFullError: no room.
            StoreUnavailableError: the disk refuses.
        """
        packed = b"".join([row.to_bytes(8) for row in rows])
        with self._guard, self._state.changing() as connection:
            (number,) = connection.execute(_NEXT, (key.number,)).fetchone()
            if number >= MOST:
                raise ExhaustedError("the blocks of sums of a column have no more numbers")
            connection.execute(
                "INSERT INTO sumblock VALUES (?, ?, ?)", (key.number, number, packed)
            )
        return Kept(int(number), packed)

    def drop(self, key: SumKey, block: int) -> None:
        """Forget a block."""
        with self._guard, self._state.changing() as connection:
            connection.execute(
                "DELETE FROM sumblock WHERE number = ? AND block = ?", (key.number, block)
            )
        self._kept.pop((key.number, block), None)

    def blocks(self, key: SumKey) -> frozenset[int]:
        """Return the numbers of all blocks of a key."""
        with self._state.reading() as connection:
            rows = connection.execute(
                "SELECT block FROM sumblock WHERE number = ?", (key.number,)
            ).fetchall()
        return frozenset(int(number) for (number,) in rows)

    def kept(self, key: SumKey, blocks: Iterable[int]) -> dict[int, Kept]:
        """Return the blocks of these numbers that there are."""
        found: dict[int, Kept] = {}
        wanted = []
        with self._guard:
            for block in blocks:
                known = self._kept.get((key.number, block))
                if known is None:
                    wanted.append(block)
                else:
                    found[block] = known
        if wanted:
            with self._state.reading() as connection:
                for block in wanted:
                    row = connection.execute(_ROWS, (key.number, block)).fetchone()
                    if row is not None:
                        found[block] = self._remembered(key, Kept(block, bytes(row[0])))
        return found

    def _remembered(self, key: SumKey, kept: Kept) -> Kept:
        with self._guard:
            if len(self._kept) >= KEPT:
                self._kept.popitem(last=False)
            self._kept[key.number, kept.number] = kept
        return kept

    @contextmanager
    def _changed(self) -> Iterator[Connection]:
        """Lend a transaction that changes keys."""
        with self._guard:
            with self._state.changing() as connection:
                yield connection
            self._keys = self._read()

    def _read(self) -> Mapping[str, tuple[SumKey, ...]]:
        """Return the keys of all columns: sessions ask for them without a wait."""
        with self._state.reading() as connection:
            rows = connection.execute(_KEYS).fetchall()
        found: dict[str, tuple[SumKey, ...]] = {}
        for place, *key in rows:
            found[place] = (*found.get(place, ()), SumKey(*key))
        return found
