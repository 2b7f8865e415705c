"""Folds: puts values that are in no block into blocks at an agent, and clears away what is left.

- One connection of its own, one column at a time, 4,096 rows in one transaction: rows are locked,
  opened, put at the agent, and marked. A mark is committed last, so a kill leaves a block that no
  row says it is in, and the next fold takes that away.
- Blocks of which less than half is left, those that the agent lost, and those under a key that was
  ended are folded anew.

Source: docs/spec/64-sums-at-an-agent.md section 4.
"""
# ruff: noqa: S608  reason: names are quoted, and values are parameters

import struct
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Final

from sealhold.model.clock import Entropy
from sealhold.model.errors import NotFoundError, SealholdError, TamperedError
from sealhold.model.shown.proxies import ProxyFold
from sealhold.node.proxyasking import Provider
from sealhold.protect.migrating.forms import Phase
from sealhold.protect.migrating.looking import quoted
from sealhold.protect.sql.binding import array, rid_cell
from sealhold.protect.statemoves import Notes
from sealhold.protect.sums import Summed, Sums
from sealhold.protect.sumstate import ENDED, ROWS, SumKey
from sealhold.protect.techniques.sum_mark import NEVER, number
from sealhold.vault.proxymoves import MovesLog, Step

AGAIN: Final = 60.0  # seconds between two looks while a proxy is served
SPARSE: Final = ROWS // 2  # rows of a block that are worth keeping it for
_INT4, _INT8, _INT4S, _INT8S = 23, 20, 1007, 1016
_MOVING: Final = frozenset({Phase.FILLING, Phase.SWITCHING})
_big = struct.Struct(">q")


@dataclass(slots=True)
class Folder:
    """Folds the columns of one proxy."""

    sums: Sums
    connect: Callable[[], Provider]
    notes: Notes
    log: MovesLog
    entropy: Entropy
    failed: str = ""  # why the thread could not the last time
    _ending: Event = field(default_factory=Event)

    def fold(self, table: str = "") -> tuple[ProxyFold, ...]:
        """Fold the columns of a table, or all of them.

        Raises:
            NotFoundError: no column of it is added up at an agent.
            AgentAwayError: the agent does not answer; it can be run again.
            DatabaseAwayError: the provider does not.
            MigrationError: the provider refuses a step.
        """
        names = {f"{each.column.schema}.{each.column.table}" for each in self.sums.columns.values()}
        wanted = table if "." in table or not table else f"public.{table}"
        if wanted and wanted not in names:
            raise NotFoundError(f"no column of `{table}` is added up at an agent")
        chosen = [
            each
            for each in self.sums.columns.values()
            if wanted in {"", f"{each.column.schema}.{each.column.table}"}
        ]
        with self.connect() as provider:
            return tuple(_Fold(self, each, provider, self._ending).run() for each in chosen)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Fold from time to time while a block runs."""
        thread = Thread(target=self._work, name="fold", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ending.set()
            thread.join()

    def is_moving(self, summed: Summed) -> bool:
        """Whether the table is between two forms."""
        noted = self.notes.of((summed.column.schema, summed.column.table))
        return noted is not None and noted.phase in _MOVING

    def _work(self) -> None:
        while self.sums.columns:
            try:
                self.fold()
                self.failed = ""
            except SealholdError as err:
                self.failed = str(err)
            if self._ending.wait(AGAIN):
                return


class _Fold:
    """One fold of one column."""

    def __init__(self, folder: Folder, summed: Summed, provider: Provider, ending: Event) -> None:
        self._sums, self._folder, self._summed = folder.sums, folder, summed
        self._ask, self._ending = provider.ask, ending
        column = summed.column
        self._table = f"{quoted(column.schema)}.{quoted(column.table)}"
        self._cell, self._mark = quoted(column.name), quoted(column.name + "_s")
        self._blocks = self._rows = 0

    def run(self) -> ProxyFold:
        """Put all rows that make whole blocks at the agent."""
        summed, sums = self._summed, self._sums
        quarantined = sums.is_quarantined(summed)
        if not quarantined and not self._folder.is_moving(summed):
            key = sums.book.current(summed.place)
            if key is None or key.state == ENDED:
                key = self._begun()
            if key is not None:
                self._fold(key)
        return ProxyFold(
            column=summed.place,
            blocks=self._blocks,
            rows=self._rows,
            quarantined=quarantined,
        )

    def _begun(self) -> SumKey | None:
        """Begin a key, if there is a block for it."""
        few = f"SELECT 1 FROM {self._table} WHERE {self._mark} >= 0 LIMIT {ROWS}"
        if len(self._ask(few)) < ROWS:
            return None
        top = self._ask(f"SELECT coalesce(max({self._mark}), 0) FROM {self._table}")[0][0]
        after = max(_told(number, top), 0)
        key = self._sums.begun(self._summed, after, self._folder.entropy)
        self._folder.log.tell(
            Step.SUMS, f"{self._summed.column.schema}.{self._summed.column.table}"
        )
        return key

    def _fold(self, key: SumKey) -> None:
        sums, summed = self._sums, self._summed
        anew = self._tidied(key, sums.there(summed, key))
        last: int | None = -1
        while last is not None and not self._ending.is_set():
            last = self._block(key, anew, last)
        if self._ending.is_set():
            return
        for old in sums.book.keys(summed.place):
            if old.number != key.number and old.state <= ENDED:
                sums.forget(summed, old)

    def _tidied(self, key: SumKey, there: Collection[int]) -> list[int]:
        """Take blocks away that no row is in; return those whose rows are folded anew."""
        counted = self._ask(
            f"SELECT {self._mark}, count(*) FROM {self._table} WHERE {self._mark} > 0 GROUP BY 1"
        )
        counts = {_told(number, mark): _told(_big, count) for mark, count in counted}
        mine = self._sums.book.blocks(key)
        for block in mine | set(there):
            if block not in mine or not counts.get(block):
                self._sums.drop(self._summed, key, block)
        return [
            block
            for block, count in counts.items()
            if block >= key.first and (block not in mine or block not in there or count < SPARSE)
        ]

    def _block(self, key: SumKey, anew: Sequence[int], last: int) -> int | None:
        """Fold the next block behind row `last`; return its last row, None if there is none."""
        self._ask("BEGIN")
        try:
            found = self._ask(
                f"SELECT _sh_rid, {self._cell} FROM {self._table}"
                f" WHERE ({self._mark} >= 0 AND {self._mark} < $1 OR {self._mark} = ANY($2))"
                f" AND _sh_rid > $3 ORDER BY _sh_rid LIMIT {ROWS} FOR NO KEY UPDATE SKIP LOCKED",
                (_INT4, _INT4S, _INT8),
                (number.pack(key.first), _marks(anew), _big.pack(last)),
                keeps=True,
            )
            if len(found) < ROWS:
                self._ask("ROLLBACK")
                return None
            rows = [_told(_big, rid) for rid, _ in found]
            last = self._put(key, rows, [cell for _, cell in found]) or last
            self._ask("COMMIT")
        except BaseException:
            with suppress(SealholdError):
                self._ask("ROLLBACK")
            raise
        return last

    def _put(self, key: SumKey, rows: Sequence[int], cells: Sequence[bytes | None]) -> int | None:
        """Put a block at the agent and mark its rows; None if some are to be left out of blocks."""
        opened = self._summed.column.decode(cells, rows)
        numbers = [None if each is None else self._summed.form.number(each) for each in opened]
        unfit = [row for row, each in zip(rows, numbers, strict=True) if each is None]
        if unfit:
            self._marked(NEVER, unfit)
            return None
        values = [each for each in numbers if each is not None]
        # THREAT T725: rows are marked last, by the transaction that has them locked
        self._marked(self._sums.put(self._summed, key, rows, values), rows)
        self._blocks += 1
        self._rows += len(rows)
        return rows[-1]

    def _marked(self, mark: int, rows: Sequence[int]) -> None:
        self._ask(
            f"UPDATE {self._table} SET {self._mark} = $1 WHERE _sh_rid = ANY($2)",
            (_INT4, _INT8S),
            (number.pack(mark), array(_INT8, [rid_cell(row) for row in rows])),
            keeps=True,
        )


def _told(form: struct.Struct, cell: bytes | None) -> int:
    """Return a number that the provider gives.

    Raises:
        TamperedError: it is none.
    """
    if cell is None or len(cell) != form.size:
        raise TamperedError("the provider gives no number")
    return int(form.unpack(cell)[0])


def _marks(blocks: Sequence[int]) -> bytes:
    return array(_INT4, [number.pack(each) for each in blocks])
