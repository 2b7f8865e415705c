"""Turning keys over, as jobs that go on where they were: begun, stepped, paused, ended, swept.

- A job passes over all that it covers until a pass finds nothing to do. Each step is one commit of
  rows and of the place to go on at, so a kill costs at most one step, which is taken again.
- Reads and writes go on meanwhile: whatever a row says it lies under, there is a key for it.
- An older version is destroyed once its end has come, and no row lies under it, and no row that did
  not open is left which the owner has not given up.
- The log tells of each beginning, end and destruction.

Source: docs/spec/28-rotation.md sections 4 and 5.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Event as Signal
from threading import Lock

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.audit.log import Entry
from sealhold.model.collecting import uncollected
from sealhold.model.errors import ConflictError, NotFoundError, TamperedError
from sealhold.model.ids import JobId, SubjectId, random_id
from sealhold.model.quantities import Instant
from sealhold.vault.core import Core
from sealhold.vault.jobs import OPEN, UNDER_WAY, Job, Jobs, Scope, State, Turned
from sealhold.vault.keyturns import KeyTurns
from sealhold.vault.logkeys import forget_older
from sealhold.vault.passes import AppPass, LogPass, Pass, Step, SubjectPass, TokenPass
from sealhold.vault.reindexing import IndexPass
from sealhold.vault.schemas import Schemas
from sealhold.vault.sweeping import Sweeping
from sealhold.vault.telling import PersonTeller, Teller
from sealhold.vault.writer import Work

PIECE = 2_097_152  # bytes of rows in one commit; a batch of a store takes four times that
ROWS = 500  # in one commit
LONGEST_S = 1.0  # that a job waits behind a step, for others who use the vault
PAUSE_S = 0.001  # between two steps, while somebody waits to be heard


class Rotation:
    """The jobs of one vault; several threads may call, and one step is taken at a time."""

    def __init__(
        self, core: Core, schemas: Schemas, retention: int, elapsed: Callable[[], float]
    ) -> None:
        """Make it.

        Args:
            core: of the vault.
            schemas: of its apps.
            retention: for how many milliseconds backups of rows are kept.
            elapsed: seconds from some moment on.
        """
        self.jobs = Jobs(core)
        self._core = core
        self._retention = retention
        self._elapsed = elapsed
        self._turns = KeyTurns(core.keyring)
        self._sweeping = Sweeping(core, self.jobs, self._turns)
        of_subjects = SubjectPass(core, self._turns)
        self._passes: Mapping[Turned, Pass] = {
            Turned.SUBJECT: of_subjects,
            Turned.SUBJECTS: of_subjects,
            Turned.BODIES: of_subjects,
            Turned.APP: AppPass(self._turns),
            Turned.INDEX: IndexPass(core, self._turns, schemas),
            Turned.TOKENS: TokenPass(core),
            Turned.LOG: LogPass(core),
        }
        self._one = Lock()
        self._mine = 0  # works of the last step
        self._waiting = 0  # who want to be heard between two steps
        self._sleep = Signal()

    def app_of(self, subject: SubjectId) -> Scope:
        """Return the scope of one subject.

        Raises:
            NotFoundError: there is no such subject, or it was erased.
        """
        return Scope(self._turns.app_of(subject), subject)

    def plan(self, kind: Turned, scope: Scope) -> Job:
        """Return a job as it would begin; nothing changes."""
        planned = self._planned(kind, scope)
        return replace(planned, total=self._passes[kind].total(planned))

    def _planned(self, kind: Turned, scope: Scope) -> Job:
        return Job(
            id=JobId(random_id(self._core.entropy)),
            kind=kind,
            scope=scope,
            state=State.PLANNED,
            started=self._core.clock(),
        )

    def begin(
        self,
        kind: Turned,
        scope: Scope,
        *,
        actor: Actor = Actor.OWNER,
        compromised: bool = False,
        throttle: int = 0,
    ) -> Job:
        """Keep a new job, which `run` takes up.

        Raises:
            ConflictError: a job that is not over could meet it.
            TamperedError: a job's row was edited.
        """
        planned = self._planned(kind, scope)
        total = 0 if kind is Turned.APP else self._passes[kind].total(planned)
        planned = replace(planned, total=total)  # of an app, counting takes as long as the work
        job = replace(planned, state=State.RUNNING, compromised=compromised, throttle=throttle)
        with self._heard():
            # THREAT T274: two jobs at one key would each take the other's version for done
            met = next((each for each in self.jobs.all() if _meet(each, job)), None)
            if met is not None:
                raise ConflictError(f"a job of the kind `{met.kind}` is under way there")
            reason = "rotation_begun_compromised" if compromised else "rotation_begun"
            self._core.writer.commit(Work((self.jobs.put(job),), (self._told(job, actor, reason),)))
            return self.jobs.get(job.id)

    def run(self, job: JobId) -> Job:
        """Take steps until the job is over, paused or cancelled, and return how it stands.

        Raises:
            StoreUnavailableError: the disk refuses; the job goes on where it was.
            TamperedError: its row was edited.
        """
        while True:
            while self._waiting:
                self._sleep.wait(PAUSE_S)
            with self._one:
                now = self.jobs.get(job)
                if now.state not in UNDER_WAY:
                    return now
                began, before = self._elapsed(), self._core.writer.load.works
                done = self._step(now)
            took, works = self._elapsed() - began, self._core.writer.load.works - before
            wait = done / now.throttle if now.throttle else 0.0
            if works > self._mine:  # others use the vault: as much time is theirs
                wait = max(wait, min(took, LONGEST_S))
            if wait:
                self._sleep.wait(wait)

    def pause(self, job: JobId) -> Job:
        """Stop a job between two steps.

        Raises:
            ConflictError: it is not under way.
        """
        with self._heard():
            return self._moved(self.jobs.get(job), UNDER_WAY, State.PAUSED)

    def resume(self, job: JobId) -> Job:
        """Let a job that was paused, or that failed, go on; `run` takes it up.

        Raises:
            ConflictError: it is neither, or another job could meet it.
        """
        with self._heard():
            paused = replace(self.jobs.get(job), error=None, ended=None)
            others = (each for each in self.jobs.all() if each.id != job)
            if any(_meet(each, paused) for each in others):
                raise ConflictError("another job is under way there")
            state = State.VERIFYING if paused.looks else State.RUNNING
            return self._moved(paused, {State.PAUSED, State.FAILED}, state)

    def cancel(self, job: JobId) -> Job:
        """End a job for good. Keys that it turned over stay so; none of the older is destroyed.

        Raises:
            ConflictError: it is over.
        """
        with self._heard():
            ended = replace(self.jobs.get(job), ended=self._core.clock())
            told = self._told(ended, Actor.OWNER, "rotation_cancelled")
            return self._moved(ended, OPEN | {State.FAILED}, State.CANCELLED, told)

    def give_up(self, job: JobId, numbers: Sequence[int]) -> Job:
        """Say of rows that did not open that the keys they lie under may go.

        Raises:
            NotFoundError: the job has not left such a row.
        """
        with self._heard():
            left = dict(self.jobs.left(job))
            missing = [number for number in numbers if number not in left]
            if missing:
                raise NotFoundError(f"the job left no row {missing[0]}")
            ops = [
                self.jobs.list_left(job, number, replace(left[number], given_up=True))
                for number in numbers
            ]
            told = self._told(self.jobs.get(job), Actor.OWNER, "rows_given_up")
            self._core.writer.commit(Work(tuple(ops), (told,)))
            return self.jobs.get(job)

    def unfinished(self) -> list[JobId]:
        """Return the jobs that are under way and that a process left behind."""
        return [job.id for job in self.jobs.all() if job.state in UNDER_WAY]

    def go_on(self) -> None:
        """Take up what was left, turn over keys that wrapped often enough, and sweep.

        Raises:
            SealholdError: a step failed; what it did not do is done next time.
        """
        for job in self.unfinished():
            self.run(job)
        for subject in list(self._core.keyring.worn):
            self._core.keyring.worn.discard(subject)
            with suppress(NotFoundError):  # erased meanwhile
                scope = self.app_of(subject)
                self.run(self.begin(Turned.SUBJECT, scope, actor=Actor.VAULT).id)
        self.sweep()

    def sweep(self) -> int:
        """Destroy the older versions whose end has come, and return how many they were.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        with self._heard():
            return self._sweeping.sweep(self._core.clock())

    # --- steps ---

    def _step(self, job: Job) -> int:
        """Take one step, and return how many were looked at."""
        self._mine = 0
        due = Instant(self._core.clock() + (0 if job.compromised else self._retention))
        try:
            with self._core.keys.turning.kept(), uncollected():
                step = self._passes[job.kind].step(job, due)
                return self._taken(job, step, due)
        except (ConflictError, NotFoundError, TamperedError) as err:
            failed = replace(
                job, state=State.FAILED, ended=self._core.clock(), error=str(err) or "it failed"
            )
            told = self._told(failed, Actor.VAULT, "rotation_failed")
            self._core.writer.commit(Work((self.jobs.put(failed),), (told,)))
            return 0

    def _taken(self, job: Job, step: Step, due: Instant) -> int:
        """Write what a step found, with the job's row; or nothing, if it is to be taken again."""
        self._mine += step.written
        if step.is_again or (job.kind is Turned.BODIES and not self._all_written(step.works)):
            return 0  # a value changed in this very moment: no second look would find what is left
        after = replace(
            job,
            cursor=step.cursor or b"",
            done=job.done + step.looked,
            total=max(job.total, job.done + step.looked),
            changed=job.changed + step.changed,
            in_pass=job.in_pass + step.changed,
            quarantined=job.quarantined + len(step.left),
        )
        listed = [
            self.jobs.list_left(job.id, job.quarantined + number, left)
            for number, left in enumerate(step.left)
        ]
        entries: tuple[Entry, ...] = ()
        if step.is_all or (step.cursor is None and job.looks and not after.in_pass):
            destroyed = self._passes[job.kind].end(after, due)
            state = State.DONE_WITH_QUARANTINE if after.quarantined else State.DONE
            after = replace(after, state=state, ended=self._core.clock())
            entries = (self._told(after, Actor.VAULT, "rotation_done", destroyed),)
        elif step.cursor is None:
            listed = self.jobs.unlist(job.id, range(after.quarantined))
            after = replace(
                after, state=State.VERIFYING, done=0, in_pass=0, quarantined=0, looks=job.looks + 1
            )
        works = () if job.kind is Turned.BODIES else step.works
        self._write(works, Work((*listed, self.jobs.put(after)), entries))
        if job.kind is Turned.LOG:
            forget_older(self._core.keyring, self._core.writer.log.keys)
        return step.looked

    def _write(self, works: Sequence[Work], last: Work) -> None:
        """Write works, many to a commit, and the job's row with the last of them.

        A work that fails changed in this very moment, and is looked at again in the next pass.
        """
        pieces = list(_pieces(works)) or [[]]
        self._mine += len(works) + 1
        for piece in pieces[:-1]:
            with suppress(ConflictError):
                self._core.writer.submit(piece).result()
        ended = self._core.writer.submit([*pieces[-1], last])
        with suppress(ConflictError):
            ended.result()

    def _all_written(self, works: Sequence[Work]) -> bool:
        self._mine += len(works)
        pieces = [self._core.writer.submit([work]) for work in works]
        return all(not isinstance(piece.exception(), ConflictError) for piece in pieces)

    # --- what the log and the rows are told ---

    def _moved(
        self, job: Job, from_: Collection[State], to: State, told: Entry | None = None
    ) -> Job:
        """Put a job into another state, and return it.

        Raises:
            ConflictError: it is in none of the states that this one follows.
        """
        if job.state not in from_:
            raise ConflictError(f"the job is {job.state.value.replace('_', ' ')}")
        entries = () if told is None else (told,)
        work = Work((self.jobs.put(replace(job, state=to)),), entries)
        self._core.writer.submit([work]).result()
        return self.jobs.get(job.id)

    def _told(self, job: Job, actor: Actor, reason: str, destroyed: int = 0) -> Entry:
        event = Event(
            kind=EventKind.KEY,
            actor=actor,
            outcome=Outcome.FAILED if job.state is State.FAILED else Outcome.DONE,
            app=None if job.scope.app == self._core.app else job.scope.app,
            job=job.id,
            rows_read=destroyed,
            rows_out=job.changed,
            reason=reason,
        )
        teller = self._teller(job.scope)
        return teller.entry(structs.replace(event, subject=teller.subject))

    def _teller(self, scope: Scope) -> Teller:
        """Return who tells: the person whose keys they are, or the owner for all others."""
        if scope.subject is not None and scope.subject != self._core.owner:
            with suppress(NotFoundError, TamperedError):
                return PersonTeller(self._core.keyring.subject(scope.subject))
        return Teller(self._core.keys)

    @contextmanager
    def _heard(self) -> Iterator[None]:
        """Come between two steps of whatever job is under way."""
        self._waiting += 1
        try:
            with self._one:
                yield
        finally:
            self._waiting -= 1


def _meet(one: Job, other: Job) -> bool:
    return one.state in OPEN and one.scope.meets(other.scope)


def _pieces(works: Sequence[Work]) -> Iterator[list[Work]]:
    piece, size = list[Work](), 0
    for work in works:
        if piece and (len(piece) == ROWS or size + work.size > PIECE):
            yield piece
            piece, size = [], 0
        piece.append(work)
        size += work.size
    if piece:
        yield piece
