"""The migrations of one proxy: what is asked of them by a face, and the thread that does them.

- A migration that was begun goes on whenever the proxy is served: until its switch, its table is
  used in the form that was.

Source: docs/spec/61-protecting-a-live-table.md sections 1 and 4.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Final

from sealhold.model.clock import Clock
from sealhold.model.errors import DatabaseAwayError, NotFoundError, SealholdError
from sealhold.model.shown.proxies import ProxyMigration, ProxyMigrationPreview
from sealhold.node.proxyasking import Provider
from sealhold.node.proxycrowd import Crowd
from sealhold.node.proxyforms import Forms
from sealhold.node.proxykeeping import Planned
from sealhold.node.proxymoving import Mover, Progress, StoppedError, Told
from sealhold.protect.columns import Column
from sealhold.protect.gate import Rids
from sealhold.protect.migrating.forms import Move, Phase, Way, move_in
from sealhold.protect.migrating.looking import Looked, lost
from sealhold.protect.statemoves import Key, Noted, Notes
from sealhold.vault.proxymoves import MovesLog

AGAIN: Final = 1.0  # seconds until a provider that was away is tried again
BUSY: Final = frozenset({Phase.FILLING, Phase.SWITCHING})
CELL_BYTES: Final = 45  # of a cell and its place in a row, besides its value
TERM_BYTES: Final = 24


@dataclass(slots=True, kw_only=True)
class Migrations:
    """What one proxy can do about migrations."""

    forms: Forms
    notes: Notes
    planned: Callable[[Move], Planned]
    connect: Callable[[], Provider]
    rids: Rids
    log: MovesLog
    clock: Clock
    crowd: Crowd = field(default_factory=Crowd)
    pace: int = 0  # rows a second at most; 0: as fast as can be
    failed: str = ""  # why the thread gave up

    def key(self, table: str) -> Key:
        """Return the table of that name, `schema.table` or of `public`.

        Raises:
            NotFoundError: the policy does not protect it.
        """
        schema, _, name = table.rpartition(".")
        key = (schema or "public", name)
        if key not in self.forms:
            raise NotFoundError(f"the policy protects no table `{table}`")
        return key

    def move(self, key: Key, way: Way = Way.IN) -> Move:
        """Return the migration of a table: the one that is under way, or one that might be."""
        noted = self.notes.of(key)
        is_busy = noted is not None and noted.phase in BUSY
        return self.forms.move(key, noted if noted and is_busy else Noted(Phase.FILLING, way))

    def set_out(self, key: Key, mover: Mover, *, is_back: bool = False) -> Move:
        """Return the migration of a table, which is noted now if it was not under way.

        Raises:
            MigrationError: a form that no migration leads to.
            DatabaseAwayError: the provider is away.
            StoreUnavailableError: the disk refuses.
        """
        noted, way = self.notes.of(key), Way.BACK if is_back else Way.IN
        if noted is not None and noted.phase in BUSY:
            return self.forms.move(key, noted if not is_back else Noted(noted.phase, way))
        if is_back:
            return self.forms.set_out(key, way)
        # a table that was never brought in may lie in the clear, whatever an older policy said
        whole = move_in(*key, self.forms.columns(key, self.forms.wanted(key)).values())
        is_new = noted is None and whole.is_before(mover.look(whole).names)
        if not is_new and self.forms.is_due(key):
            return self.forms.set_out(key, Way.TURN)
        return self.forms.set_out(key, Way.IN) if is_new else whole

    def run(self, table: str, told: Told, *, is_back: bool = False) -> ProxyMigration:
        """Migrate one table, or take its protection back.

        Raises:
            MigrationError: something is in the way, or the provider refuses a step.
            DatabaseAwayError: the provider is away; it can be run again.
            NotFoundError: the policy does not protect it.
        """
        key = self.key(table)
        with self.connect() as provider:
            mover = self._mover(provider, Event(), told)
            move = self.set_out(key, mover, is_back=is_back)
            mover.run(move)
        done, noted = mover.progress, self.notes.of(move.key)
        spent = max(self.clock() - done.began, 1)
        return ProxyMigration(
            table=table,
            phase="" if noted is None else noted.phase.value,
            is_back=is_back,
            is_turn=move.way is Way.TURN,
            filled=done.filled,
            compared=done.compared,
            per_second=done.filled * 1_000 // spent,
            lost=tuple(each.name for each in done.lost),
        )

    def finish(self, table: str) -> None:
        """Drop what a table was before.

        Raises:
            MigrationError: it is not switched.
            NotFoundError: the policy does not protect it.
        """
        move = self.move(self.key(table))
        with self.connect() as provider:
            self._mover(provider, Event(), _silent).finish(move)

    def settle(self) -> None:
        """After a kill: learn which of two forms each table has that was between them.

        Raises:
            MigrationError: one has neither.
            DatabaseAwayError: the provider is away.
        """
        between = [key for key, noted in self.notes.all.items() if noted.phase is Phase.SWITCHING]
        for key in between:
            noted = self.notes.of(key)
            with self.connect() as provider:
                mover = self._mover(provider, Event(), _silent)
                mover.settle(self.forms.move(key, noted or Noted(Phase.SWITCHING)))

    def looked(self, key: Key) -> Looked:
        """Return what a table is like at the provider; it has no columns if it is not there.

        Raises:
            DatabaseAwayError: the provider is away.
        """
        with self.connect() as provider:
            return self._mover(provider, Event(), _silent).look(self.move(key))

    def absent(self) -> None:
        """Forget how tables lie that are not at the provider: they are made as the policy says.

        Raises:
            DatabaseAwayError: the provider is away.
        """
        for key in self.forms.stale():
            if self.notes.of(key) is None and not self.looked(key).columns:
                self.forms.drop(key)

    def preview(self, table: str) -> ProxyMigrationPreview:
        """Return what a migration would do, without doing it.

        Raises:
            NotFoundError: the policy does not protect it.
            DatabaseAwayError: the provider is away.
        """
        move = self.move(self.key(table))
        with self.connect() as provider:
            looked = self._mover(provider, Event(), _silent).look(move)
        gone = lost(looked.keys, move.columns)
        cells = sum(CELL_BYTES + TERM_BYTES * (len(each.techniques) - 1) for each in move.columns)
        return ProxyMigrationPreview(
            table=table,
            rows=looked.rows,
            bytes=looked.bytes,
            adds=looked.bytes + looked.rows * cells,
            columns=tuple(each.name for each in move.columns),
            keys=tuple(each.name for each in looked.keys if each not in gone),
            lost=tuple(each.name for each in gone),
            in_the_way=looked.in_the_way,
            still=tuple(_unanswered(each) for each in move.columns),
        )

    def standing(self) -> tuple[ProxyMigration, ...]:
        """Return how far each protected table is, with the rows that are left.

        Raises:
            DatabaseAwayError: the provider is away.
        """
        return tuple(self._standing(key) for key in self.forms)

    def _standing(self, key: Key) -> ProxyMigration:
        noted, name = self.notes.of(key), ".".join(key)
        if noted is None:
            return ProxyMigration(table=name, phase="")
        left = 0
        if noted.phase in BUSY:
            with self.connect() as provider:
                left = self._mover(provider, Event(), _silent).left(self.move(key))
        return ProxyMigration(
            table=name,
            phase=noted.phase.value,
            is_back=noted.is_back,
            is_turn=noted.way is Way.TURN,
            left=left,
        )

    @contextmanager
    def going_on(self, tables: Sequence[str]) -> Iterator[None]:
        """Migrate tables, and those that were begun or are on their way, while a block runs.

        Raises:
            NotFoundError: the policy does not protect one of them.
        """
        keys = [key for key, noted in self.notes.all.items() if noted.phase in BUSY]
        keys += [key for key in self.forms.on_their_way() if key not in keys]
        asked = [
            key
            for each in tables
            if (key := self.key(each)) not in keys
            and (self.notes.of(key) is None or self.forms.is_due(key))
        ]
        ending = Event()
        thread = Thread(
            target=self._work, args=([*keys, *asked], ending), name="migration", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            ending.set()
            thread.join()

    def _work(self, keys: Sequence[Key], ending: Event) -> None:
        for key in keys:
            while not ending.is_set():
                try:
                    self.settle()
                    noted = self.notes.of(key)
                    is_over = noted is not None and noted.phase not in BUSY
                    if is_over and not self.forms.is_due(key):
                        break
                    with self.connect() as provider:
                        mover = self._mover(provider, ending, _silent)
                        mover.run(self.set_out(key, mover, is_back=_goes_back(noted)))
                except StoppedError:
                    return
                except DatabaseAwayError:
                    ending.wait(AGAIN)
                except SealholdError as err:
                    self.failed = str(err)
                    break
                else:
                    break

    def _mover(self, provider: Provider, ending: Event, told: Told) -> Mover:
        return Mover(
            provider, self.planned, self.notes, self.forms, self.rids, self.log, self.clock, told,
            ending, self.crowd, self.pace,
        )  # fmt: skip


def under_way(notes: Notes, forms: Forms) -> dict[Key, Move]:
    """Return the migrations whose tables are used in the form that was."""
    return {
        key: forms.move(key, noted)
        for key, noted in notes.all.items()
        if noted.phase in BUSY and key in forms and not _is_clear_now(forms, key, noted)
    }


def _is_clear_now(forms: Forms, key: Key, noted: Noted) -> bool:
    """Whether a way back is over, but for the note that says so."""
    return noted.is_back and forms.has_arrived(key, noted.way)


def _goes_back(noted: Noted | None) -> bool:
    return noted is not None and noted.phase in BUSY and noted.is_back


def _silent(_progress: Progress) -> None:
    return


def _unanswered(column: Column) -> str:
    answered = {op for each in column.techniques.values() for op in each.answers}
    named = ", ".join(sorted(each.value for each in answered)) or "nothing but reading"
    return f"{column.name}: the provider still does {named}"
