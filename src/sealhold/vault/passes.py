"""One pass of a job over what it turns over, step by step.

- A step looks at some rows and says what to write, which rows do not open, and where to go on. It
  may be taken again from the same place: what is done already is left as it is.
- People come by hundreds, each with all their rows; the owner's rows come by pages, since there
  may be many. Whoever changes a person meanwhile is held to the person's row, which is counted up
  when their key is turned over: what was sealed before does not come behind it.

Source: docs/spec/28-rotation.md sections 2 and 3.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from sealhold.model.encoding import pack, unpack_own
from sealhold.model.errors import ConflictError, SealBrokenError, TamperedError
from sealhold.model.ids import AppId, Id16, JobId, SubjectId
from sealhold.model.quantities import Instant
from sealhold.stores.shapes import MAX_I64
from sealhold.stores.spec import Bump, Cursor, Found, Op, Put
from sealhold.vault import recordkeys
from sealhold.vault.core import Core
from sealhold.vault.jobs import Job, Left, State, Turned
from sealhold.vault.keyturns import BrokenKey, KeyTurns, Portion
from sealhold.vault.logkeys import succeeded
from sealhold.vault.minting import turned_over
from sealhold.vault.registry import TOKENS
from sealhold.vault.rewrapping import UNDER_SUBJECTS, Under
from sealhold.vault.subjects import SUBJECTS
from sealhold.vault.tokenrows import OFFICER_TOKENS, PERSON_TOKENS
from sealhold.vault.versions import Versions
from sealhold.vault.wraps import SUBJECT
from sealhold.vault.writer import Work

PEOPLE = 1_000  # of one step, whose keys are turned over in one commit of the key set
AT_ONCE = 10  # people of one step whose contents are sealed anew
ROWS = 500  # of the owner, in one step
AHEAD_BYTES = 8_388_608  # of rows that are sealed anew and wait for the writer
NO_KEY, NOT_OPEN = "its key does not open", "it does not open"


@dataclass(frozen=True, slots=True)
class Step:
    """What one step found."""

    cursor: bytes | None  # where to go on; None at the end of the pass
    looked: int = 0
    changed: int = 0
    left: tuple[Left, ...] = ()
    works: tuple[Work, ...] = ()  # what is written with the job's row
    written: int = 0  # works that were written already, since they are too much to wait
    is_again: bool = False  # something changed in this very moment: the step is to be taken again
    is_all: bool = False  # nobody could come between: what it found needs no second look


@dataclass(slots=True)
class _Sealed:
    """What came of sealing records of people anew."""

    changed: int = 0
    written: int = 0
    left: list[Left] = field(default_factory=list)
    is_again: bool = False


class Pass(Protocol):
    """What a kind of job does."""

    def total(self, job: Job, /) -> int:
        """Return about how many a pass looks at."""
        ...

    def step(self, job: Job, due: Instant, /) -> Step:
        """Take the step that begins at the job's cursor.

        `due` is when older versions are to be destroyed, under which a look found nothing more.
        """
        ...

    def end(self, job: Job, due: Instant, /) -> int:
        """End what is over once a pass found nothing to do; return how many keys were destroyed."""
        ...


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a pass over subjects stands."""

    app: AppId
    after: bytes = b""  # the last person
    table: int = 0  # of the owner
    at: bytes = b""  # in that table

    def packed(self) -> bytes:
        return pack([self.app, self.after, self.table, self.at])


class SubjectPass:
    """Turns over keys of subjects, and puts what lies under them under the new ones.

    A job of the kind `bodies` turns over none: it seals contents anew, under keys drawn for them.
    """

    def __init__(self, core: Core, turns: KeyTurns) -> None:
        self._core = core
        self._turns = turns

    def total(self, job: Job) -> int:
        """Return how many people a job covers, and rows of the owner."""
        total = 0
        for app in self._apps(job):
            if app != self._core.app:
                total += self._turns.count(app, job.scope.subject)
            else:
                of_owner = [self._core.owner]
                for under in UNDER_SUBJECTS:
                    total += sum(1 for _ in under.rows(self._core.store, of_owner))
        return total

    def step(self, job: Job, due: Instant) -> Step:
        """Take one step: some people, or a page of the owner."""
        place = self._place(job)
        if place is None:
            return Step(None)
        if place.app == self._core.app:
            return self._of_owner(job, place)
        portion = self._portion(job, place)
        step = self._of_people(job, place, portion)
        if job.state is State.VERIFYING and not step.works and job.kind is not Turned.BODIES:
            self._turns.retire(portion.rows, due)
        return step

    def end(self, job: Job, due: Instant) -> int:
        """Set the end of the owner's older keys; those of people were set as they were done."""
        if job.kind is not Turned.BODIES and self._core.app in self._apps(job):
            self._turns.retire(self._turns.rows_of(self._core.owner), due)
        return 0

    # --- people ---

    def _of_people(self, job: Job, place: _Place, portion: Portion) -> Step:
        subjects = [each.subject for each in portion.people]
        versions = {each.subject: each for each in portion.people}
        ops: dict[bytes, list[Op]] = {subject: [] for subject in subjects}
        left = [*map(_left_key, portion.broken)]
        for under in UNDER_SUBJECTS:
            if not under.index:
                continue
            for found in under.rows(self._core.store, subjects):
                subject = found.row[under.subject_at]
                made = self._made(job, versions[subject], under, found)
                if isinstance(made, Left):
                    left.append(made)
                elif made is not None:
                    ops[subject].append(made)
        changed = sum(map(len, ops.values()))
        sealed = self._blocks(job, portion)
        works = [work for of_one in ops.values() for work in _works(of_one)]
        if _turn(job) is not None:
            # THREAT T272: whatever was sealed for them under the key before fails its commit now;
            # each counts up by itself, and before any row, so that no other change stops it
            works = [*(_work([_counted_up(each)]) for each in self._there(subjects)), *works]
        last = portion.last
        return Step(
            cursor=self._behind(job, place.app)
            if last is None
            else _Place(place.app, last).packed(),
            looked=len(subjects) + len(portion.broken),
            changed=changed + sealed.changed,
            left=(*left, *sealed.left),
            works=tuple(works),
            written=sealed.written,
            is_again=sealed.is_again,
        )

    def _blocks(self, job: Job, portion: Portion) -> _Sealed:
        """Seal records of people anew, a block of keys at a time, and write them."""
        told = _Sealed()
        if job.kind is not Turned.BODIES or job.state is not State.RUNNING:
            return told
        core = self._core
        waiting: deque[tuple[Future[list[int]], int]] = deque()
        ahead = 0
        for keys in portion.people:
            for made in recordkeys.anew(core.store, keys, core.entropy):
                if isinstance(made, Left):
                    told.left.append(made)
                    continue
                work = _work(made.ops)
                waiting.append((core.writer.submit([work]), work.size))
                ahead += work.size
                told.written += 1
                told.changed += len(made.ops) - 1
                # THREAT T434: what waits for the disk is bounded by its bytes
                while waiting and (made.goes_on or ahead > AHEAD_BYTES):
                    written, size = waiting.popleft()
                    ahead -= size
                    told.is_again |= isinstance(written.exception(), ConflictError)
                if told.is_again:
                    return told
        told.is_again = any(isinstance(each.exception(), ConflictError) for each, _ in waiting)
        return told

    def _there(self, subjects: Sequence[SubjectId]) -> Iterator[bytes]:
        """Yield the people of whom there is a row; one with a key alone is being made."""
        found = self._core.store.get(SUBJECTS.name, [(subject,) for subject in subjects])
        return (each.row[0] for each in found if each is not None)

    def _portion(self, job: Job, place: _Place) -> Portion:
        most = AT_ONCE if job.kind is Turned.BODIES else PEOPLE
        return self._turns.turn(_turn(job), place.app, job.scope.subject, place.after, most)

    # --- the owner ---

    def _of_owner(self, job: Job, place: _Place) -> Step:
        core = self._core
        people = self._turns.turn(_turn(job), core.app, core.owner, b"", 1).people
        if not people:
            raise TamperedError("the owner's key does not open")
        core.keys.turning.now = keys = people[0]
        under = UNDER_SUBJECTS[place.table]
        page = core.store.scan(
            under.spec.name,
            under.index or "key",
            (core.owner,) if under.index else (),
            (),
            after=Cursor(place.at) if place.at else None,
            limit=ROWS,
        )
        mine = [found for found in page.rows if found.row[under.subject_at] == core.owner]
        made = [self._made(job, keys, under, found) for found in mine]
        ops = [each for each in made if each is not None and not isinstance(each, Left)]
        is_over = bool(under.index) and len(mine) < len(page.rows)
        cursor: bytes | None = None
        if page.cursor is not None and not is_over:
            cursor = _Place(core.app, b"", place.table, page.cursor).packed()
        elif place.table + 1 < len(UNDER_SUBJECTS):
            cursor = _Place(core.app, b"", place.table + 1).packed()
        else:
            cursor = self._behind(job, core.app)
        return Step(
            cursor=cursor,
            looked=len(mine),
            changed=len(ops),
            left=tuple(each for each in made if isinstance(each, Left)),
            works=tuple(_work([op]) for op in ops),
        )

    # --- rows ---

    def _made(self, job: Job, keys: Versions, under: Under, found: Found) -> Op | Left | None:
        """Return what a row is to be, None if it is that; or that it does not open."""
        row = found.row
        try:
            if job.kind is Turned.BODIES:
                if under.resealed is None or job.state is State.VERIFYING:
                    return None
                made = under.resealed(keys, row, self._core.entropy)
            elif row[under.version_at] == keys.version:
                return None
            else:
                made = under.rewrapped(keys, row, self._core.entropy)
        except SealBrokenError:
            return Left(under.spec.name, under.key(row), NOT_OPEN)
        return Put(under.spec.name, made, found.v)

    def _place(self, job: Job) -> _Place | None:
        if job.cursor:
            app, after, table, at = unpack_own(job.cursor)
            return _Place(AppId(Id16(app)), after, table, at)
        return next((_Place(app) for app in self._apps(job)), None)

    def _behind(self, job: Job, app: AppId) -> bytes | None:
        return next((_Place(each).packed() for each in self._apps(job) if each > app), None)

    def _apps(self, job: Job) -> Iterator[AppId]:
        yield from self._turns.apps() if job.scope.app is None else [job.scope.app]


class AppPass:
    """Turns over the key of an app, and puts what lies under it under the new one."""

    def __init__(self, turns: KeyTurns) -> None:
        self._turns = turns

    def total(self, job: Job) -> int:
        """Return how many rows of keys lie under the app's."""
        return self._turns.count(_app(job), None)

    def step(self, job: Job, _due: Instant) -> Step:
        """Put some keys under the app's new one."""
        self._turns.begin_app(job.id, _app(job))
        done = self._turns.rewrap(_app(job), job.cursor)
        left = tuple(map(_left_key, done.broken))
        is_all = not job.cursor and done.last is None
        return Step(done.last, done.looked, done.changed, left, is_all=is_all)

    def end(self, job: Job, _due: Instant) -> int:
        """Destroy the app's older keys: no backup of rows needs one, and one of keys has its own.

        Where a key was left under an older one, that stays.
        """
        return 0 if job.quarantined else self._turns.end_app(_app(job))


class TokenPass:
    """Turns over the key that mints access tokens: one commit, together with the job's end."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def total(self, _job: Job) -> int:
        """Return how many tokens were minted that may still be used."""
        tables = (TOKENS, PERSON_TOKENS, OFFICER_TOKENS)
        return sum(1 for table in tables for _ in self._core.deciding.all(table.name))

    def step(self, job: Job, due: Instant) -> Step:
        """Make the next key and put it in force; the one before is over when `due` is."""
        # THREAT T02: of a key that somebody else may know, no token holds from this commit on
        ops = turned_over(self._core, due)
        return Step(None, self.total(job), 1, works=(Work(ops, ()),), is_all=True)

    def end(self, _job: Job, _due: Instant) -> int:
        """End nothing: the key before is over by its time."""
        return 0


class LogPass:
    """Turns over the key that signs for the log: one commit, together with the job's end."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def total(self, _job: Job) -> int:
        """Return 1: the key."""
        return 1

    def step(self, job: Job, _due: Instant) -> Step:
        """Make the next key, and put it in force."""
        entry = succeeded(self._core, job.id, compromised=job.compromised)
        return Step(None, 1, 1, works=(Work((), (entry,), releases=True),), is_all=True)

    def end(self, _job: Job, _due: Instant) -> int:
        """End nothing: the key before may go once the next one is in force."""
        return 0


def _turn(job: Job) -> JobId | None:
    """Return under which name keys are turned over, if they are: not behind the first pass."""
    return job.id if job.state is State.RUNNING and job.kind is not Turned.BODIES else None


def _app(job: Job) -> AppId:
    if job.scope.app is None:
        raise TamperedError("a job of one app names none")
    return job.scope.app


def _works(ops: Sequence[Op]) -> Iterator[Work]:
    """Yield works of some of the rows each; every row is written over its own version."""
    for first in range(0, len(ops), ROWS):
        yield _work(ops[first : first + ROWS])


def _work(ops: Sequence[Op]) -> Work:
    cells = (cell for op in ops if isinstance(op, Put) for cell in op.row)
    size = sum(len(cell) if isinstance(cell, bytes) else 16 for cell in cells)
    return Work(tuple(ops), (), size=size)


def _counted_up(subject: bytes) -> Bump:
    """Return what makes a person's row another one, with nothing of it changed."""
    return Bump(SUBJECTS.name, (subject,), "ver", 0, MAX_I64)


def _left_key(key: BrokenKey) -> Left:
    return Left(SUBJECT.name, (key.subject, key.version), NO_KEY)
