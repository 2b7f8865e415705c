"""Pieces of work for the one writer: what is asked of it, and how whoever waits is told.

- Of what is asked some is done even when the disk is full: entries of reads, and what a person has
  a right to on any day.
- A failure is told as what it means to who waits: that the log cannot be written, or no room.

Source: docs/spec/05-audit-log.md section 6; docs/spec/29-operations.md section 1.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, get_ident

import msgspec

from sealhold.audit.log import Entry
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
    UnavailableError,
)
from sealhold.stores.spec import MAX_BATCH, MAX_UNITS, Guard, Op, Outcome, Put, Result
from sealhold.vault.reserves import Room


class Work(msgspec.Struct, frozen=True):
    """Operations that hold together, and the log entries that tell of them.

    Without an entry goes only what touches no row that decides: a step of a job, whose beginning
    and end are told.
    """

    ops: tuple[Op, ...]
    entries: tuple[Entry, ...]
    releases: bool = False  # something leaves once this is durable
    size: int = 0  # bytes of its rows, about; 0 for little
    right: bool = False  # an erasure, a withdrawal or an end, which a full disk does not stop
    on: tuple[Op, ...] = ()  # guards: what it was decided on; many works may share one tuple

    @property
    def room(self) -> Room:
        """What it is when there is no room."""
        if self.right:
            return Room.RIGHTS
        is_read = all(type(op) is Guard for op in self.ops)
        return Room.READS if is_read else Room.ORDINARY


def bytes_of(ops: Sequence[Op]) -> int:
    """Return how many bytes the rows have that operations put, about: those sealed in them."""
    total = 0
    for op in ops:
        # THREAT T434: a version that moves counts as much as the one in its place
        if type(op) is Put and type(op.row[-1]) is bytes:
            total += len(op.row[-1])
    return total


@dataclass(slots=True)
class Piece:
    """Works that go into one batch, and who waits for them."""

    works: Sequence[Work]
    done: Future[list[int]] = field(default_factory=Future)

    @property
    def room(self) -> Room:
        """That of all its works, if they are of one kind."""
        rooms = {work.room for work in self.works}
        return rooms.pop() if len(rooms) == 1 else Room.ORDINARY


@dataclass(frozen=True, slots=True)
class Load:
    """How much the writer has to do; counted since it began."""

    waiting: int  # pieces
    batches: int
    works: int
    is_writing: bool  # if not, something failed and was not mended yet
    is_full: bool
    log_size: int


class Gathered(Future[list[int]]):
    """What becomes of a piece that is queued later; who waits for it has it queued."""

    def __init__(self, send: Callable[[], None]) -> None:
        super().__init__()
        self._send = send

    def result(self, timeout: float | None = None) -> list[int]:
        """Return what came of it."""
        self._send()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Return why nothing came of it, if so."""
        self._send()
        return super().exception(timeout)


class Line:
    """Where pieces wait for the writer, in one order; any thread puts, one takes."""

    def __init__(self) -> None:
        self._waiting: deque[Piece] = deque()
        self._changed = Condition()
        self._ended = False
        self._gathered: list[Piece] = []
        self._gatherer = 0  # the thread whose pieces are gathered; 0 for none

    def __len__(self) -> int:
        return len(self._waiting) + len(self._gathered)

    def add(self, works: Sequence[Work]) -> Future[list[int]] | None:
        """Queue a piece, or gather it; return what it waits for, None if the line has ended."""
        if self._gatherer and self._gatherer == get_ident():
            piece = Piece(works, Gathered(self._send))
            self._gathered.append(piece)
            return piece.done
        piece = Piece(works)
        return piece.done if self.put([piece]) else None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Queue what this thread adds in the block at its end, with nothing between."""
        self._gatherer = get_ident()
        try:
            yield
        finally:
            self._send()
            self._gatherer = 0

    def _send(self) -> None:
        """Queue what this thread gathered, if it gathers."""
        if self._gatherer != get_ident():
            return
        pieces, self._gathered = self._gathered, []
        if pieces and not self.put(pieces):
            refuse(pieces, LockedError("the vault was locked"))

    def put(self, pieces: Sequence[Piece]) -> bool:
        """Queue pieces one behind the other, with none between; False if the line has ended."""
        with self._changed:
            if not self._ended:
                self._waiting.extend(pieces)
                self._changed.notify()
            return not self._ended

    def end(self) -> None:
        """Take no more; what waits is still given out."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def take(self, seconds: float) -> list[Piece] | None:
        """Return all that waits, up to the limits of a batch, once something does.

        Nothing after `seconds` without any, None once the line has ended and is empty.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended, seconds)
            if not self._waiting:
                return None if self._ended else []
            batch: list[Piece] = []
            units = size = 0
            for piece in self._waiting:
                units += len(piece.works)
                size += sum(work.size for work in piece.works)
                if batch and (units > MAX_UNITS or size > MAX_BATCH // 2):
                    break
                batch.append(piece)
            for _ in batch:
                self._waiting.popleft()
            return batch


def tell(batch: Sequence[Piece], results: Sequence[Result], firsts: Sequence[int]) -> None:
    """Tell each piece of a batch that is durable the first log index of its works."""
    at = 0
    for piece in batch:
        mine = results[at : at + len(piece.works)]
        failed = next((r for r in mine if r.outcome is not Outcome.APPLIED), None)
        if failed is None:
            piece.done.set_result(list(firsts[at : at + len(piece.works)]))
        else:
            piece.done.set_exception(_refusal(failed))
        at += len(piece.works)


def refuse(batch: Sequence[Piece], err: SealholdError) -> None:
    """Tell each piece of a batch that `err` ended it."""
    for piece in batch:
        piece.done.set_exception(_outside(err, piece.room))


def _refusal(result: Result) -> SealholdError:
    match result.outcome:
        case Outcome.EXHAUSTED:
            return LeakExhaustedError("a budget does not cover this")
        case Outcome.CONFLICT:
            return ConflictError("what this was decided on has changed")
        case _:
            return InvalidError("a row does not fit its table")


def _outside(err: SealholdError, room: Room) -> SealholdError:
    told = (AuditUnavailableError, ConflictError, ExhaustedError, InvalidError, TamperedError)
    if isinstance(err, told):
        return err
    if isinstance(err, StoreFullError) and room is not Room.READS:
        return err
    unwritten = AuditUnavailableError("the log cannot be written; nothing was released")
    unwritten.__cause__ = err
    return unwritten


def unpublished(err: SealholdError) -> SealholdError:
    """Return what is told of a batch that is written and whose checkpoint is not."""
    told = StoreUnavailableError("the newest checkpoint cannot be written")
    told.__cause__ = err
    return told


def is_unwritten(err: BaseException) -> bool:
    """Return whether work that ended so has written nothing for sure.

    Only then may go what its rows would name: behind any other end they may stand in the store.
    """
    if isinstance(err, (StoreFullError, BusyError)):
        return True
    return isinstance(err, SealholdError) and not isinstance(err, UnavailableError)
