"""The one writer: every change and every audited read goes through its queue, in one order.

- It takes all that waits, up to a batch's limits, with no timer, and makes one commit of it: rows,
  log entries, checkpoint, and the hash of the rows that decide. All of it holds or none.
- A piece of work is told of its success only when the batch is durable; what releases something
  waits also for HEAD, which lies outside the database.
- One bad piece fails alone. If the log cannot be written, nothing is written.
- After a failure of disk or server the writer stops: before anything else is written the store
  begins anew, and the log's head tells whether the batch took effect. It is never just repeated.
- On a full disk entries alone are written on, from a reserve (`reserves.py`): those of reads and
  those of rights, each from its own. All else is refused until there is room.
- Nobody waits for ever: work that comes once the writer is closed is refused, and whatever ends a
  batch is told to all who wait for it.

Source: docs/spec/05-audit-log.md section 6.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from threading import Thread

from sealhold.audit.log import Appender, Prepared, newest_batch
from sealhold.crypto.secret import Secret
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import (
    AuditUnavailableError,
    BusyError,
    LockedError,
    SealholdError,
    StoreFullError,
    StoreUnavailableError,
    TamperedError,
)
from sealhold.stores.spec import Fence, Op, Outcome, Put, RecordStore, Result
from sealhold.vault.decidedon import units_of
from sealhold.vault.deciding import Change, Deciding
from sealhold.vault.headrows import HEAD_MARK, SET_HASH, set_mac
from sealhold.vault.pieces import Line, Load, Piece, Work, bytes_of, refuse, tell, unpublished
from sealhold.vault.refusals import entries_of
from sealhold.vault.reserves import NoReserves, Reserves, Room
from sealhold.vault.watch import Watch

__all__ = ["Load", "Work", "Writer", "bytes_of"]  # what is asked of it

QUEUE = 4_096  # pieces that may wait; beyond it the caller is told to come back
NO_ROOM = "the disk is full"
IDLE_S = 1.0  # HEAD is at most this much behind a batch that released nothing

_Results = list[Result]


class _Ended(Enum):
    """How a batch ended."""

    TOLD = auto()  # all who wait for it know
    APART = auto()  # one of its pieces is bad: nothing was written
    FULL = auto()  # no room: nothing was written


class Writer:
    """Commits work from any thread, in one thread of its own."""

    def __init__(  # noqa: PLR0913  # reason: the one place where all of these meet
        self,
        *,
        store: RecordStore,
        appender: Appender,
        deciding: Deciding,
        fence: Fence,
        set_key: Secret,
        keys_generation: Callable[[], int],
        write_head: Callable[[str], None],
        written: int,
        clock: Clock,
        entropy: Entropy,
        reserves: Reserves | None = None,
        rows_here: bool = True,
    ) -> None:
        self._store = store
        self._appender = appender
        self._deciding = deciding
        self._fence = fence
        self._set_key = set_key
        self._keys_generation = keys_generation
        self._write_head = write_head
        self._written = written
        self._clock = clock
        self._entropy = entropy
        self._reserves = reserves or NoReserves()
        self._rows_here = rows_here  # on the disk that there is a reserve of
        self._room = Room.READS  # whose reserve the checkpoint may take
        self._batches = self._works = 0
        self._unsure: _Unsure | None = None
        self.watch = Watch()  # who may be another before what it concerns is done
        self._line = Line()
        self._shut: SealholdError | None = None
        self._thread = Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, works: Sequence[Work]) -> Future[list[int]]:
        """Queue pieces that go into one batch; the future gives each one's first log index.

        Where no piece of the batch has an entry, it gives none.

        Raises:
            AuditUnavailableError: the writer is shut.
            BusyError: the queue is full; nothing was begun.
            LockedError: the vault was locked meanwhile.
        """
        if self._shut is not None:
            raise AuditUnavailableError("the log cannot be written") from self._shut
        if len(self._line) >= QUEUE:
            raise BusyError(f"{QUEUE} pieces of work wait")
        waits = self._line.add(works)
        if waits is None:
            raise LockedError("the vault was locked")
        return waits

    def together(self) -> AbstractContextManager[None]:
        """Queue what this thread submits in the block at its end, so that it shares a commit.

        For one thread at a time; what others submit meanwhile is queued at once. Whoever waits for
        a piece within the block has all queued that was gathered until then.
        """
        return self._line.together()

    def commit(self, work: Work) -> int:
        """Do one piece of work and return its first log index.

        Raises:
            ConflictError: what the work expected did not hold.
            ExhaustedError: a budget is used up.
            AuditUnavailableError: the log cannot be written; of a failure the effect is unknown.
            StoreFullError: no room, and this is no read; nothing was written.
        """
        return self.submit([work]).result()[0]

    @property
    def log(self) -> Appender:
        """The end of the log, to be looked at alone."""
        return self._appender

    @property
    def load(self) -> Load:
        """How much there is to do."""
        return Load(
            waiting=len(self._line),
            batches=self._batches,
            works=self._works,
            is_writing=self._shut is None and self._unsure is None,
            is_full=self._reserves.is_short,
            log_size=self._appender.head.size,
        )

    def close(self) -> None:
        """Finish what waits, write HEAD, and note in the store that it was written."""
        self._line.end()
        self._thread.join()
        if self._is_sure():
            self._publish()
            with suppress(StoreUnavailableError):  # the next batch writes the mark as well
                self._store.commit((), lambda _: (self._mark(),), self._fence)

    def _run(self) -> None:
        while (batch := self._line.take(IDLE_S)) is not None:
            if batch:
                self._do(batch)
            else:
                self._publish_quietly()

    def _do(self, batch: list[Piece]) -> None:
        """Do a batch, in parts if it must be, until all who wait for it are told."""
        is_right = any(each.room is Room.RIGHTS for each in batch)
        self._room = Room.RIGHTS if is_right else Room.READS
        if not self._is_sure():
            refuse(batch, self._trouble())
        elif self._reserves.is_short and not self._reserves.refill():
            self._do_on_full_disk(batch)
        else:
            match self._commit_batch(batch):
                case _Ended.APART:
                    for piece in batch:  # one of them is bad: let it fail alone
                        self._do([piece])
                case _Ended.FULL:
                    if self._rows_here:
                        self._reserves.note_full()
                    self._do_on_full_disk(batch)
                case _Ended.TOLD:
                    pass

    def _do_on_full_disk(self, batch: list[Piece]) -> None:
        # THREAT T280: what writes more than its entry waits, and takes no room from what may not
        refuse([each for each in batch if each.room is Room.ORDINARY], StoreFullError(NO_ROOM))
        for room in (Room.RIGHTS, Room.READS):
            pieces = [each for each in batch if each.room is room]
            if pieces:
                self._spend(room, pieces)

    def _spend(self, room: Room, pieces: list[Piece]) -> None:
        """Do pieces of one kind from its reserve; they are refused once that is used up."""
        self._room = room
        with suppress(SealholdError):  # what the store's own log of changes takes is had first
            self._store.renew()
        while self._is_sure():
            match self._commit_batch(pieces):
                case _Ended.TOLD:
                    return
                case _Ended.APART:
                    for piece in pieces:
                        self._spend(room, [piece])
                    return
                case _Ended.FULL:
                    if not (self._rows_here and self._reserves.release(room)):
                        refuse(pieces, StoreFullError(NO_ROOM))
                        return
        refuse(pieces, self._trouble())

    def _commit_batch(self, batch: list[Piece]) -> _Ended:
        works = [work for piece in batch for work in piece.works]
        try:
            self.watch.settle_for(works)
            results, plan = self._committed(works)
        except StoreFullError:
            return _Ended.FULL
        except SealholdError as err:
            if len(batch) > 1 and not isinstance(err, StoreUnavailableError):
                return _Ended.APART  # what may not be done alone is refused alone
            refuse(batch, err)
            return _Ended.TOLD
        except Exception as err:  # noqa: BLE001  # reason: whatever it is, somebody waits for it
            self._shut = SealholdError(f"the writer met {type(err).__name__}")
            self._shut.__cause__ = err
            refuse(batch, self._shut)
            return _Ended.TOLD
        self._batches += 1
        self._works += len(works)
        try:
            if any(work.releases for work in works):
                self._publish_now()
            self.watch.committed(works, plan.prepared)
        except SealholdError as err:  # written, and may not leave
            refuse(batch, unpublished(err))
            return _Ended.TOLD
        tell(batch, results, plan.firsts)
        return _Ended.TOLD

    def _committed(self, works: Sequence[Work]) -> tuple[_Results, "_Plan"]:
        """Commit works and take their batch over, also if only a look told that it took effect.

        Raises:
            StoreFullError: no room.
            StoreUnavailableError: it took no effect, or that cannot be known yet.
        """
        told: list[_Results] = []
        plans: list[_Plan] = []

        def finish(results: Sequence[Result]) -> Sequence[Op]:
            told.append(list(results))
            plans.append(self._plan(works, results))
            return plans[-1].ops

        try:
            units = units_of(works, self._deciding)
            self._store.commit(units, finish, self._fence)
        except StoreFullError:
            raise
        except StoreUnavailableError as err:
            self._unsure = _Unsure(err, plans[-1] if plans else None)
            # THREAT T281: a commit that was not answered is looked up, and never just repeated
            prepared = plans[-1].prepared if plans else None
            if self._is_sure() and prepared and prepared.head is self._appender.head:
                return told[-1], plans[-1]
            raise
        self._adopt(plans[-1])
        return told[-1], plans[-1]

    def _adopt(self, plan: "_Plan") -> None:
        if plan.prepared is not None:
            self._appender.adopt(plan.prepared)
            self._deciding.adopt(plan.change)

    def _is_sure(self) -> bool:
        """Return whether memory is what the store holds; if not, try to find that out."""
        unsure = self._unsure
        if unsure is not None and self._shut is None:
            try:
                self._look_up(unsure)
                self._unsure = None
                self._publish()
            except TamperedError as err:
                self._shut = err
            except SealholdError as err:
                self._unsure = _Unsure(err, self._unsure.plan if self._unsure else None)
        return self._shut is None and self._unsure is None

    def _look_up(self, unsure: "_Unsure") -> None:
        self._store.renew()
        newest = newest_batch(self._store)
        if newest == self._appender.head.batch:
            return
        plan = unsure.plan
        if plan is None or plan.prepared is None or newest != plan.prepared.head.batch:
            raise TamperedError("the log went on without its writer")
        self._adopt(plan)

    def _trouble(self) -> SealholdError:
        failed = self._unsure.err if self._unsure is not None else None
        return self._shut or failed or StoreUnavailableError("the store does not answer")

    def _plan(self, works: Sequence[Work], results: Sequence[Result]) -> "_Plan":
        applied = [
            work
            for work, result in zip(works, results, strict=True)
            if result.outcome is Outcome.APPLIED
        ]
        entries, places = entries_of(applied)
        if not entries:  # nothing was applied, or steps of jobs, which touch no row that decides
            return _Plan(prepared=None, change=Change({}, self._deciding.total), ops=(), firsts=())
        prepared = self._appender.prepare(entries, self._clock(), self._entropy)
        change = self._deciding.preview(op for work in applied for op in work.ops)
        size = prepared.head.size
        mac = set_mac(self._set_key, size, change.total)
        following = iter(places)
        firsts = [
            prepared.seqs.start + (next(following) if result.outcome is Outcome.APPLIED else 0)
            for result in results
        ]
        ops = (*prepared.ops, Put(SET_HASH.name, (0, size, mac)), self._mark())
        return _Plan(prepared=prepared, change=change, ops=ops, firsts=tuple(firsts))

    def _mark(self) -> Put:
        return Put(HEAD_MARK.name, (0, self._written, self._keys_generation()))

    def _publish(self) -> None:
        head = self._appender.head
        if self._written != head.size:
            self._reserves.spend(self._room, lambda: self._write_head(head.note))
            self._written = head.size

    def _publish_now(self) -> None:
        try:
            self._publish()
        except SealholdError as err:
            self._unsure = _Unsure(err)
            raise

    def _publish_quietly(self) -> None:
        if self._reserves.is_short:
            self._reserves.refill()
        if self._is_sure():
            with suppress(SealholdError):  # whoever comes next is told
                self._publish_now()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    prepared: Prepared | None
    change: Change
    ops: tuple[Op, ...]
    firsts: tuple[int, ...]  # the first log index of each work


@dataclass(frozen=True, slots=True)
class _Unsure:
    """Why the writer stopped, and the batch whose effect is not known."""

    err: SealholdError
    plan: _Plan | None = None
