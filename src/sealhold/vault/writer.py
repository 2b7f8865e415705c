"""The one writer: every change and every audited read goes through its queue, in one order.

- It takes all that waits, up to a batch's limits, with no timer, and makes one commit of it: rows,
  log entries, checkpoint, and the hash of the rows that decide. All of it holds or none.
- A piece of work is told of its success only when the batch is durable; what releases something
  waits also for HEAD, which lies outside the database.
- One bad piece fails alone. If the log cannot be written, nothing is written, and after a failure
  of the disk the writer stays shut: the same handle is never tried again.
- Nobody waits for ever: work that comes once the writer is closed is refused, and whatever ends a
  batch is told to all who wait for it.

Source: docs/spec/05-audit-log.md section 6.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from threading import Lock, Thread

import msgspec

from sealhold.audit.log import Appender, Entry, Prepared
from sealhold.crypto.digest import keyed
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import (
    AuditUnavailableError,
    BusyError,
    ConflictError,
    ExhaustedError,
    InvalidError,
    LeakExhaustedError,
    LockedError,
    SealholdError,
    StoreFullError,
    StoreUnavailableError,
    TamperedError,
)
from sealhold.stores.spec import (
    MAX_BATCH,
    MAX_UNITS,
    ColumnKind,
    Fence,
    Op,
    Outcome,
    Put,
    RecordStore,
    Result,
    TableSpec,
    Unit,
)
from sealhold.vault.deciding import Change, Deciding

QUEUE = 4_096  # pieces that may wait; beyond it the caller is told to come back
IDLE_S = 1.0  # HEAD is at most this much behind a batch that released nothing

SET_HASH = TableSpec(
    name="sethash",
    columns={"one": ColumnKind.I64, "size": ColumnKind.I64, "mac": ColumnKind.HASH32},
    key=("one",),
    indexes={},
)
HEAD_MARK = TableSpec(
    name="headmark",
    columns={"one": ColumnKind.I64, "size": ColumnKind.I64, "generation": ColumnKind.I64},
    key=("one",),
    indexes={},
)


class Work(msgspec.Struct, frozen=True):
    """Operations that hold together, and the log entries that tell of them.

    Only what touches no row that decides and nobody is told of may go without an entry: a step of a
    job, whose beginning and end are told.
    """

    ops: tuple[Op, ...]
    entries: tuple[Entry, ...]
    releases: bool = False  # something leaves once this is durable
    size: int = 0  # bytes of its rows, about; 0 for little


@dataclass(slots=True)
class _Piece:
    works: Sequence[Work]
    done: Future[list[int]] = field(default_factory=Future)


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
        self._queue: Queue[_Piece | None] = Queue(QUEUE)
        self._shut: SealholdError | None = None
        self._gate = Lock()  # nothing is queued behind the end
        self._closed = False
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
        piece = _Piece(works)
        with self._gate:
            if self._closed:
                raise LockedError("the vault was locked")
            try:
                self._queue.put_nowait(piece)
            except Full as err:
                raise BusyError(f"{QUEUE} pieces of work wait") from err
        return piece.done

    def commit(self, work: Work) -> int:
        """Do one piece of work and return its first log index.

        Raises:
            ConflictError: what the work expected did not hold.
            ExhaustedError: a budget is used up.
            AuditUnavailableError: the log cannot be written.
            StoreUnavailableError: the disk refuses.
        """
        return self.submit([work]).result()[0]

    def close(self) -> None:
        """Finish what waits, write HEAD, and note in the store that it was written."""
        with self._gate:
            self._closed = True
        self._queue.put(None)
        self._thread.join()
        if self._shut is None:
            self._publish()
            self._store.commit((), lambda _: (self._mark(),), self._fence)

    def _run(self) -> None:
        while True:
            try:
                first = self._queue.get(timeout=IDLE_S)
            except Empty:
                self._publish_quietly()
                continue
            if first is None:
                return
            batch = self._take(first)
            if not self._commit_batch(batch) and len(batch) > 1:
                for piece in batch:  # one of them is bad: let it fail alone
                    self._commit_batch([piece])

    def _take(self, first: _Piece) -> list[_Piece]:
        batch = [first]
        units = len(first.works)
        size = sum(work.size for work in first.works)
        while True:
            waiting = self._queue.queue
            following = waiting[0] if waiting else None
            if following is None:
                return batch
            units += len(following.works)
            size += sum(work.size for work in following.works)
            if units > MAX_UNITS or size > MAX_BATCH // 2:
                return batch
            batch.append(following)
            self._queue.get_nowait()

    def _commit_batch(self, batch: list[_Piece]) -> bool:
        works = [work for piece in batch for work in piece.works]
        plans: list[_Plan] = []

        def finish(results: Sequence[Result]) -> Sequence[Op]:
            plans.append(self._plan(works, results))
            return plans[-1].ops

        if self._shut is not None:
            _refuse(batch, self._shut)
            return True
        is_written = False
        try:
            units = [Unit(work.ops) for work in works]
            results = self._store.commit(units, finish, self._fence)
            is_written, plan = True, plans[-1]
            if plan.prepared is not None:
                self._appender.adopt(plan.prepared)
                self._deciding.adopt(plan.change)
            if any(work.releases for work in works):
                self._publish()
        except SealholdError as err:
            is_full = isinstance(err, StoreFullError) and not is_written
            # a full disk wrote nothing, and may have room again; what was written is not again
            if is_written or (isinstance(err, StoreUnavailableError) and not is_full):
                self._shut = err
            if len(batch) > 1 and self._shut is None:
                return False
            _refuse(batch, err)
            return True
        except Exception as err:  # noqa: BLE001  # reason: whatever it is, somebody waits for it
            self._shut = SealholdError(f"the writer met {type(err).__name__}")
            self._shut.__cause__ = err
            _refuse(batch, self._shut)
            return True
        self._tell(batch, results, plan.firsts)
        return True

    def _plan(self, works: Sequence[Work], results: Sequence[Result]) -> "_Plan":
        applied = [
            work
            for work, result in zip(works, results, strict=True)
            if result.outcome is Outcome.APPLIED
        ]
        entries = [entry for work in applied for entry in work.entries]
        if not entries:  # nothing was applied, or steps of jobs, which touch no row that decides
            return _Plan(prepared=None, change=Change({}, self._deciding.total), ops=(), firsts=())
        prepared = self._appender.prepare(entries, self._clock(), self._entropy)
        change = self._deciding.preview(op for work in applied for op in work.ops)
        size = prepared.head.size
        mac = set_mac(self._set_key, size, change.total)
        firsts = []
        at = prepared.seqs.start
        for work, result in zip(works, results, strict=True):
            firsts.append(at)
            if result.outcome is Outcome.APPLIED:
                at += len(work.entries)
        ops = (*prepared.ops, Put(SET_HASH.name, (0, size, mac)), self._mark())
        return _Plan(prepared=prepared, change=change, ops=ops, firsts=tuple(firsts))

    def _mark(self) -> Put:
        return Put(HEAD_MARK.name, (0, self._written, self._keys_generation()))

    def _publish(self) -> None:
        head = self._appender.head
        if self._written != head.size:
            self._write_head(head.note)
            self._written = head.size

    def _publish_quietly(self) -> None:
        if self._shut is not None:
            return
        try:
            self._publish()
        except SealholdError as err:
            self._shut = err

    @staticmethod
    def _tell(batch: list[_Piece], results: list[Result], firsts: Sequence[int]) -> None:
        at = 0
        for piece in batch:
            mine = results[at : at + len(piece.works)]
            failed = next((r for r in mine if r.outcome is not Outcome.APPLIED), None)
            if failed is None:
                piece.done.set_result(list(firsts[at : at + len(piece.works)]))
            else:
                piece.done.set_exception(_refusal(failed))
            at += len(piece.works)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    prepared: Prepared | None
    change: Change
    ops: tuple[Op, ...]
    firsts: tuple[int, ...]  # the first log index of each work


def set_mac(key: Secret, size: int, total: int) -> bytes:
    """Return what binds the sum of the rows that decide to the log's size."""
    return keyed(key, Tag.SET_SUM, size.to_bytes(8, "big"), total.to_bytes(32, "big"))


def _refuse(batch: Sequence[_Piece], err: SealholdError) -> None:
    for piece in batch:
        piece.done.set_exception(_outside(err))


def _refusal(result: Result) -> SealholdError:
    match result.outcome:
        case Outcome.EXHAUSTED:
            return LeakExhaustedError("a budget does not cover this")
        case Outcome.CONFLICT:
            return ConflictError("what this was decided on has changed")
        case _:
            return InvalidError("a row does not fit its table")


def _outside(err: SealholdError) -> SealholdError:
    if isinstance(err, (ConflictError, ExhaustedError, InvalidError, TamperedError)):
        return err
    unwritten = AuditUnavailableError("the log cannot be written; nothing was released")
    unwritten.__cause__ = err
    return unwritten
