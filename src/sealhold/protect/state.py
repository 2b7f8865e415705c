"""What a proxy keeps: row numbers, counters of words, tokens, how much each key sealed.

- One encrypted file. `statewords.py` and `statetokens.py` say what stands in its other tables.
- Each start takes an *epoch*: 31 bits that this file never had, by chance and durably before the
  first use. A row number is an epoch and 32 bits that count up; words count within epochs, too. So
  a kill or an older copy of the file brings nothing back that was used, but for one chance in 2^31
  per epoch that was forgotten.
- What a key sealed is counted ahead, in steps, so a kill counts too much and never too little.
- Each change of the file counts its `turn` up. Whoever remembers a turn elsewhere finds an older
  copy of the file by it.

Source: docs/spec/59-proxy-in-a-vault.md section 2.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, RLock
from typing import Final, NamedTuple, Self

from sqlcipher3.dbapi2 import Connection

from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.model.errors import ExhaustedError, InvalidError, ProxyStateLostError
from sealhold.protect.stateschema import FORM, LATER, SCHEMA
from sealhold.stores.cipherfile import CipherFile, becoming
from sealhold.stores.connections import Connections

EPOCH_BITS: Final = 31
NUMBERS: Final = 2**32  # of rows in an epoch
MOST_CELLS: Final = 2**31  # under one key: NIST SP 800-38D allows 2^32 random nonces of 96 bits
AHEAD: Final = 2**20  # cells counted ahead: a commit of some milliseconds each million
READ: Final = "SELECT value FROM meta WHERE name = ?"
TURN: Final = "UPDATE meta SET value = value + 1 WHERE name = 'turn' RETURNING value"
TAKE: Final = "INSERT INTO epoch (number) VALUES (?) ON CONFLICT DO NOTHING RETURNING born"
COUNT: Final = (
    "INSERT INTO sealed VALUES (?1, ?2)"
    " ON CONFLICT (key) DO UPDATE SET cells = cells + ?2 RETURNING cells"
)


class Epoch(NamedTuple):
    """A number that nobody had before, and which it is in the order of all."""

    born: int
    number: int


class State:
    """The open state of one proxy; several threads may call at once."""

    def __init__(self, path: Path, key: Secret, entropy: Entropy, turn: int = 0) -> None:
        """Open what was made, and take an epoch.

        Args:
            path: where the file is.
            key: 32 bytes.
            entropy: where epochs come from.
            turn: how often the file was changed at least, as far as the caller remembers.

        Raises:
            ProxyStateLostError: the file is gone, or older than `turn`; it is left as it is.
            TamperedError: the file is damaged, or its key is another.
            InvalidError: it is of another form.
            StoreFullError: no room.
            StoreUnavailableError: the file cannot be read or written.
        """
        if not path.exists():
            raise ProxyStateLostError(f"`{path.name}` is gone")
        file = CipherFile(path, key.reveal())
        file.check_header()
        self._connections, self._entropy = Connections(file), entropy
        self._drawing, self._turning = Lock(), RLock()
        self._next = self._end = 0  # of the epoch that row numbers are drawn from
        self._left: dict[str, int] = {}  # cells of each key that are counted and not sealed yet
        try:
            self._turn = self._read(path, turn)
            with self.changing() as connection:
                for text in LATER:
                    connection.execute(text)
                self.started = self.new_epoch(connection)
        except BaseException:
            self._connections.close()
            raise
        self._begin(self.started)

    @classmethod
    def make(cls, path: Path, key: Secret, entropy: Entropy) -> Self:
        """Make a new file, which must not be there, and open it.

        Raises:
            InvalidError: the place is taken.
            StoreFullError: no room.
            StoreUnavailableError: the folder cannot be written.
        """
        with becoming(path) as part:
            *tables, last = SCHEMA
            CipherFile(part, key.reveal()).write_schema(tables, (last, ()))
        return cls(path, key, entropy)

    @property
    def turn(self) -> int:
        """How often the file was changed."""
        return self._turn

    def draw(self, count: int) -> range:
        """Return `count` row numbers of 63 bits that nobody had before, without a wait.

        Raises:
            InvalidError: more at once than an epoch has.
            StoreFullError: no room for another epoch.
            StoreUnavailableError: the disk refuses.
        """
        if not 0 <= count <= NUMBERS:
            raise InvalidError(f"{count} row numbers at once; at most {NUMBERS}")
        with self._drawing:
            if self._end - self._next < count:
                with self.changing() as connection:
                    epoch = self.new_epoch(connection)
                self._begin(epoch)
            first, self._next = self._next, self._next + count
        return range(first, first + count)

    def count(self, key: str, cells: int) -> None:
        """Count cells that a key, named with its version, is about to seal.

        Raises:
            ExhaustedError: the key sealed as much as it may; nothing was counted.
            StoreUnavailableError: the disk refuses.
        """
        with self._turning:
            left = self._left.get(key, 0)
            if left < cells:
                left += self._count_ahead(key, max(AHEAD, cells))
            self._left[key] = left - cells

    def new_epoch(self, connection: Connection) -> Epoch:
        """Take another epoch, in a change that is under way."""
        while True:
            drawn = int.from_bytes(self._entropy(4)) >> (32 - EPOCH_BITS)
            # THREAT T680: no epoch twice, so nothing twice, whatever was lost of the last one
            found = connection.execute(TAKE, (drawn,)).fetchone()
            if found is not None:
                return Epoch(int(found[0]), drawn)

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Lend a transaction: durable at the end of the block, or undone by an error.

        Raises:
            StoreFullError: no room; nothing was written.
            StoreUnavailableError: the disk refuses.
        """
        with self._turning:
            with self._connections.writing() as connection:
                yield connection
                (turn,) = connection.execute(TURN).fetchone()
            self._turn = int(turn)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection that reads what is durable."""
        with self._connections.apart(again=True) as connection:
            connection.execute("BEGIN")
            yield connection

    def close(self) -> None:
        """Let go of the file.

        Raises:
            StoreUnavailableError: its log of changes could not be moved; it still holds all.
        """
        self._connections.close()

    def _begin(self, epoch: Epoch) -> None:
        self._next = epoch.number * NUMBERS
        self._end = self._next + NUMBERS

    def _count_ahead(self, key: str, step: int) -> int:
        with self.changing() as connection:
            (counted,) = connection.execute(COUNT, (key, step)).fetchone()
            # THREAT T681: nonces are drawn, and under one key they must not become too many
            if counted > MOST_CELLS:
                raise ExhaustedError(f"the key `{key}` has sealed all that it may")
        return step

    def _read(self, path: Path, least: int) -> int:
        with self._connections.apart() as connection:
            (form,) = connection.execute(READ, ("form",)).fetchone()
            (turn,) = connection.execute(READ, ("turn",)).fetchone()
        if form != FORM:
            raise InvalidError(f"`{path.name}` has form {form}; this program reads form {FORM}")
        # THREAT T680: before anything is written, or a second try would find it new enough
        if turn < least:
            raise ProxyStateLostError(f"`{path.name}` is older than it was")
        return int(turn)
