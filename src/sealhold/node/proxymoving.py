"""Migrates tables at a provider: begins, fills, compares, switches, ends, and goes back.

- One connection of its own, one table at a time. What it does is repeated from any point: rows that
  are done say so themselves, and how far the table is stands in the proxy's own state.
- What stands in the state is durable before the provider commits it. After a kill in between the
  provider's catalogue says which of two known forms the table has.

Source: docs/spec/61-protecting-a-live-table.md sections 4 and 5; ADR 89.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Final

from sealhold.model.clock import Clock
from sealhold.model.errors import MigrationError, SealBrokenError, SealholdError
from sealhold.node.proxyasking import Provider
from sealhold.node.proxycrowd import Crowd
from sealhold.node.proxyforms import Forms
from sealhold.node.proxykeeping import Planned, defaults, drop_keys, make_keys, said_of
from sealhold.protect.gate import Rids
from sealhold.protect.migrating import steps
from sealhold.protect.migrating.asking import RefusedStatementError
from sealhold.protect.migrating.forms import Move, Phase, Way
from sealhold.protect.migrating.looking import Key, Looked, look
from sealhold.protect.migrating.turning import arrays, differing, turned
from sealhold.protect.sql.names import ORDER, RID
from sealhold.protect.statemoves import Noted, Notes
from sealhold.vault.proxymoves import MovesLog, Step

ROWS: Final = 1_000  # of a batch, about
FEW: Final = 2_000  # rows that may be filled while the table is held
SOME: Final = 50_000  # the same, where passes do not get fewer
WIDEST: Final = 4_096  # blocks of a window
LAST: Final = 2**32 - 1
BUSY: Final = frozenset({"55P03", "40P01", "40001", "57014"})
PAUSE: Final = 0.5  # seconds until a busy table is tried again
TRIES: Final = 200
_TIDS: Final = (27, 27)
_tid = struct.Struct(">IH").pack
_big = struct.Struct(">q")
_FIRST: Final = 16
BEGINNINGS: Final = {Way.IN: Step.BEGAN, Way.BACK: Step.GOING_BACK, Way.TURN: Step.TURNING}


class StoppedError(MigrationError):
    """A migration was told to stop; what is done stays done.

    Remedy: start the proxy with `--migrate` again.
    """


@dataclass(slots=True)
class Progress:
    """How far one run is."""

    phase: str = ""
    filled: int = 0
    compared: int = 0
    left: int = 0
    whole: int = 0  # rows that were not done at the start
    began: int = 0  # milliseconds
    lost: tuple[Key, ...] = ()


Told = Callable[[Progress], None]


@dataclass(slots=True)
class Mover:
    """Migrates one table after the other, on one connection."""

    provider: Provider
    planned: Callable[[Move], Planned]  # for the form that will be
    notes: Notes
    forms: Forms
    rids: Rids
    log: MovesLog
    clock: Clock
    told: Told = lambda _progress: None
    ending: Event = field(default_factory=Event)
    crowd: Crowd = field(default_factory=Crowd)
    pace: int = 0  # rows a second that are filled at most; 0: as fast as can be
    progress: Progress = field(default_factory=Progress)
    _found: int = 0  # rows of the last window that were of interest

    def look(self, move: Move) -> Looked:
        """Return what a table is like at the provider."""
        return look(self.provider.ask, move)

    def left(self, move: Move) -> int:
        """Return how many rows are not done; 0 if the table is in neither form of a migration."""
        return int(self._text(steps.left(move))) if move.is_filling(self.look(move).names) else 0

    def run(self, move: Move) -> None:
        """Bring a table to the other form, from wherever it is.

        Raises:
            MigrationError: something is in the way, or the provider refuses a step.
            DatabaseAwayError: the connection is gone; it can be run again.
        """
        self.progress = Progress(began=self.clock())
        for each in steps.BY_PLACE:
            self.provider.ask(each)
        self.settle(move)
        noted = self.notes.of(move.key)
        if noted is None or noted.phase in {Phase.SWITCHED, Phase.FINISHED}:
            self._check_way(move, noted)
            self._tried(lambda: self._begin(move), move)
        self._fill(move)
        self.compare(move)
        self._pass(move)
        self._tried(lambda: self._switch(move), move, is_last=True)
        self._tell("done")

    def settle(self, move: Move) -> None:
        """After a kill: ask the provider which of two forms a table has.

        Raises:
            MigrationError: it has neither.
        """
        noted = self.notes.of(move.key)
        if noted is None or noted.phase not in {Phase.FILLING, Phase.SWITCHING}:
            return
        if self.forms.has_arrived(move.key, noted.way):
            self._note_switched(move)
            return
        if noted.way is not move.way:
            raise MigrationError(f"`{move.table}` is on its way in the other direction")
        if noted.phase is Phase.FILLING and move.is_filling(self.look(move).names):
            return
        # THREAT T698: what the killed proxy sent last may still be under way: it has the table
        # until it ends, so the catalogue is asked by who has the table after it
        self._tried(lambda: self._settle(move, noted))

    def _settle(self, move: Move, noted: Noted) -> None:
        with self._alone(move):
            there = self.look(move).names
            if move.is_filling(there):
                self.notes.put(move.key, Noted(Phase.FILLING, move.way))
            elif noted.phase is Phase.SWITCHING and move.is_over(there):
                self._note_switched(move)
            elif noted.phase is Phase.FILLING and move.is_before(there):
                self._forget(move)
            else:
                # a catalogue that shows neither of the two forms is not believed
                raise MigrationError(f"`{move.table}` is not as this proxy left it at the provider")

    def finish(self, move: Move) -> None:
        """Drop the form that was.

        Raises:
            MigrationError: the table is not switched, or the provider refuses.
        """
        noted = self.notes.of(move.key)
        if noted is None or noted.phase is not Phase.SWITCHED:
            raise MigrationError(
                f"`{move.table}` has not been switched, so there is nothing to end"
            )
        self.log.tell(Step.FINISHED, move.table)
        for each in steps.finish(move):
            self.provider.ask(each)
        self.notes.put(move.key, Noted(Phase.FINISHED))

    # steps

    def _check_way(self, move: Move, noted: Noted | None) -> None:
        if move.is_back and (noted is None or noted.phase is not Phase.SWITCHED):
            raise MigrationError(
                f"`{move.table}` is not between its switch and its end: no way back"
            )
        # THREAT T697: what was protected once is not taken for clear since a provider shows it so
        if move.way is Way.IN and noted is not None:
            raise MigrationError(f"`{move.table}` has been migrated already")
        if move.way is Way.TURN and noted is not None and noted.phase is Phase.SWITCHED:
            raise MigrationError(
                f"`{move.table}` still has its form from before: end that with `--finish`"
            )

    def _begin(self, move: Move) -> None:
        with self._alone(move):
            looked = self.look(move)
            if looked.in_the_way:
                raise MigrationError(f"`{move.table}`: " + "; ".join(looked.in_the_way))
            if not move.is_before(looked.names):
                raise MigrationError(
                    f"`{move.table}` looks as if it were migrated by another proxy"
                )
            said = said_of(self.provider, looked)
            is_ordered = said.get(RID, "").startswith(ORDER) or move.is_back
            for each in steps.begin(move, () if is_ordered else looked.names):
                self.provider.ask(each)
            self.log.tell(BEGINNINGS[move.way], move.table)
            self.notes.put(move.key, Noted(Phase.FILLING, move.way))
        self.notes.touch()

    def _fill(self, move: Move) -> None:
        before = None
        self.progress.whole = self.progress.left = int(self._text(steps.left(move)))
        while True:
            self._pass(move)
            left = int(self._text(steps.left(move)))
            self.progress.left = left
            self._tell("filling")
            is_stuck = before is not None and left * 2 > before and left <= SOME
            if left <= FEW or is_stuck:
                return
            before = left

    def _pass(self, move: Move) -> None:
        for low, high in self._windows(move):
            self.provider.ask("BEGIN")
            try:
                found = self._batch(move, low, high)
                self.provider.ask("COMMIT")
            except RefusedStatementError as err:
                self._roll_back()
                if err.sqlstate not in BUSY:
                    raise
                found = ROWS  # it is done in the next pass
            except SealholdError:
                self._roll_back()
                raise
            self._found = found
            self._tell("filling")
            if self.pace and found:
                self.ending.wait(found / self.pace)

    def _batch(self, move: Move, low: int, high: int, *, waits: bool = False) -> int:
        """Fill the rows of a window, in the transaction that is under way; return how many."""
        ask = self.provider.ask
        rows = ask(
            steps.window(move, waits=waits), _TIDS, (_tid(low, 0), _tid(high, 0)), keeps=not waits
        )
        if not rows:
            return 0
        places, numbers, *read = zip(*rows, strict=True)
        drawn = iter(self.rids.draw(sum(each is None for each in numbers)))
        rids = [next(drawn) if each is None else _big.unpack(each)[0] for each in numbers]
        made = turned(move, read, rids)
        sql, oids = steps.fill(move)
        given = arrays(move, places, rids, made)
        ask(sql, oids, given, keeps=not waits)
        self.progress.filled += len(rows)
        return len(rows)

    # THREAT T699: each row is opened, and both forms are compared, before the switch
    def compare(self, move: Move) -> None:
        """Open every row that is done, and compare both forms of it.

        Raises:
            MigrationError: they differ.
        """
        for low, high in self._windows(move):
            rows = self.provider.ask(
                steps.done(move), _TIDS, (_tid(low, 0), _tid(high, 0)), keeps=True
            )
            self._found = len(rows)
            if not rows:
                continue
            try:
                wrong = differing(move, rows)
            except SealBrokenError:
                wrong = len(rows)
            if wrong:
                raise MigrationError(f"{wrong} rows of `{move.table}` were changed at the provider")
            self.progress.compared += len(rows)
            self._tell("comparing")

    def _switch(self, move: Move) -> None:
        with self._alone(move):
            looked = self.look(move)
            self._batch(move, 0, LAST, waits=True)
            total, filled, torn = map(int, self._texts(steps.counts(move)))
            if filled != total or torn:
                raise MigrationError(f"{total - filled + torn} rows of `{move.table}` are not done")
            kept = defaults(move, said_of(self.provider, looked))
            drop_keys(self.provider, move, looked.keys)
            for each in (*steps.switch(move, looked.columns), *kept):
                self.provider.ask(each)
            self.progress.lost = make_keys(self.provider, move, looked.keys, self.planned(move))
            self.notes.put(move.key, Noted(Phase.SWITCHING, move.way))
        self._note_switched(move)

    def _note_switched(self, move: Move) -> None:
        # what there is comes first: a phase that is over is never believed without it
        self.forms.arrive(move.key, move.way)
        match move.way:
            case Way.BACK:
                self.notes.drop(move.key)
                self.log.tell(Step.BACK, move.table)
            case Way.TURN:
                self.notes.put(move.key, Noted(Phase.FINISHED))
                self.log.tell(Step.TURNED, move.table)
            case Way.IN:
                self.notes.put(move.key, Noted(Phase.SWITCHED))
                self.log.tell(Step.SWITCHED, move.table)

    def _forget(self, move: Move) -> None:
        match move.way:
            case Way.BACK:
                self.notes.put(move.key, Noted(Phase.SWITCHED))
            case Way.TURN:
                self.notes.put(move.key, Noted(Phase.FINISHED))
            case Way.IN:
                self.notes.drop(move.key)

    # asking

    def _windows(self, move: Move) -> Iterator[tuple[int, int]]:
        """Yield ranges of blocks that hold some thousand rows that are of interest.

        Raises:
            StoppedError: it is to end.
        """
        oid = self.look(move).oid
        blocks = int(self._text(steps.BLOCKS, (26,), (struct.pack(">I", oid),)))
        at, width = 0, _FIRST
        while at < blocks and not self.ending.is_set():
            yield at, min(at + width, LAST)
            at += width
            if self._found * 2 < ROWS:
                width = min(width * 2, WIDEST)
            elif self._found > ROWS * 2:
                width = max(width // 2, 1)
        if self.ending.is_set():
            raise StoppedError(f"`{move.table}` goes on at the next start")

    @contextmanager
    def _alone(self, move: Move) -> Iterator[None]:
        """Run a block in one transaction that has the table for itself."""
        self.provider.ask("BEGIN")
        try:
            self.provider.ask(steps.PATIENCE)
            self.provider.ask(steps.lock(move))
            yield
        except BaseException:
            self._roll_back()
            raise
        self.provider.ask("COMMIT")

    def _roll_back(self) -> None:
        with suppress(SealholdError):
            self.provider.ask("ROLLBACK")

    def _tried(
        self, step: Callable[[], None], move: Move | None = None, *, is_last: bool = False
    ) -> None:
        is_turn = move is not None and move.way is Way.TURN
        for _ in range(TRIES):
            try:
                if move is None:
                    step()
                else:
                    # THREAT T767: nothing that was planned under an older key is still under way
                    with self.crowd.held(self.notes.touch, is_needed=is_turn and is_last):
                        step()
            except RefusedStatementError as err:
                if err.sqlstate not in BUSY or self.ending.wait(PAUSE):
                    raise
            else:
                return
        raise MigrationError("the table is never free: end long transactions, and run it again")

    def _text(self, sql: str, oids: Sequence[int] = (), values: Sequence[bytes | None] = ()) -> str:
        return self._texts(sql, oids, values)[0]

    def _texts(
        self, sql: str, oids: Sequence[int] = (), values: Sequence[bytes | None] = ()
    ) -> list[str]:
        return [(each or b"").decode() for each in self.provider.ask(sql, oids, values)[0]]

    def _tell(self, phase: str) -> None:
        self.progress.phase = phase
        self.told(self.progress)
