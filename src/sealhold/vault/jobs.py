"""The jobs that turn keys over, as they are kept: where each stands, and which rows it left.

- A job's row is sealed under the owner's key and bound to what is clear of it: one that was edited
  is no job. One that was put back to an older moment makes a job look again at what is done.
- No row of a job says that anything may be destroyed: that is looked up each time, in the rows.
- A row that does not open is listed with its place and reason, and left as it is.
- Two jobs that could meet at one key do not run beside each other.

Source: docs/spec/28-rotation.md section 4.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum

from sealhold.crypto.seal import NOBODY
from sealhold.model.encoding import Plain
from sealhold.model.errors import NotFoundError, TamperedError
from sealhold.model.ids import AppId, Id16, JobId, Kind, SubjectId, canonical, parse_id, show
from sealhold.model.quantities import Instant
from sealhold.model.shown.jobs import JobView, QuarantinedView
from sealhold.stores.spec import Cell, ColumnKind, Delete, Expect, Found, Key, Op, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of, scan_all

JOBS = TableSpec(
    name="keyjob",
    columns={"id": ColumnKind.ID16, "state": ColumnKind.CODE, "paper": ColumnKind.SEALED},
    key=("id",),
    indexes={},
)
QUARANTINE = TableSpec(
    name="quarantine",
    columns={"job": ColumnKind.ID16, "n": ColumnKind.I64, "paper": ColumnKind.SEALED},
    key=("job", "n"),
    indexes={},
)
TABLES = (JOBS, QUARANTINE)


class Turned(StrEnum):
    """What a job turns over."""

    SUBJECT = "subject"  # the key of one person, or of the owner
    SUBJECTS = "subjects"  # those of all people of an app, or of everybody
    APP = "app"  # the key of an app, and all wraps under it
    BODIES = "bodies"  # the keys of records and fields, and so what they seal
    INDEX = "index"  # the key of a field that people are found by
    TOKENS = "tokens"  # the key that mints access tokens
    LOG = "log"  # the key that signs for the log


class State(StrEnum):
    """Where a job stands."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    VERIFYING = "verifying"
    DONE = "done"
    DONE_WITH_QUARANTINE = "done_with_quarantine"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNDER_WAY = frozenset({State.RUNNING, State.VERIFYING})
OPEN = UNDER_WAY | {State.PLANNED, State.PAUSED}


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose keys: everybody's, those of an app, of one subject of it, or of one field."""

    app: AppId | None = None
    subject: SubjectId | None = None
    field: str | None = None

    def meets(self, other: "Scope") -> bool:
        """Return whether a key can be in both."""
        if self.app is None or other.app is None:
            return True
        if self.app != other.app:
            return False
        return None in (self.subject, other.subject) or self.subject == other.subject

    def shown(self, core: Core) -> str:
        """Return it as a person writes it."""
        if self.app is None:
            return "all"
        if self.subject is not None:
            return "owner" if self.subject == core.owner else canonical(self.subject)
        return canonical(self.app) + (f"/{self.field}" if self.field else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job."""

    id: JobId
    kind: Turned
    scope: Scope
    state: State
    cursor: bytes = b""  # where to go on; empty at the beginning of a pass
    done: int = 0
    total: int = 0
    changed: int = 0
    in_pass: int = 0  # changed in this pass
    looks: int = 0  # passes after the first one
    quarantined: int = 0
    compromised: bool = False
    throttle: int = 0
    started: Instant
    ended: Instant | None = None
    error: str | None = None
    v: int = 0

    def with_id(self, job: JobId) -> "Job":
        """Return it under another id."""
        return replace(self, id=job)

    def view(self, core: Core, *, dry_run: bool = False) -> JobView:
        """Return it as the faces show it."""
        return JobView(
            id=self.id,
            kind=self.kind.value,
            scope=self.scope.shown(core),
            state=self.state.value,
            done=self.done,
            total=self.total,
            changed=self.changed,
            quarantined=self.quarantined,
            dry_run=dry_run,
            compromised=self.compromised,
            throttle=self.throttle,
            started=self.started,
            ended=self.ended,
            error=self.error,
        )


@dataclass(frozen=True, slots=True)
class Left:
    """A row that did not open."""

    table: str
    key: Key
    reason: str
    given_up: bool = False


class Jobs:
    """The rows of jobs."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def all(self) -> list[Job]:
        """Return every job that is as it was written, the newest first."""
        jobs = list[Job]()
        for found in scan_all(self._core.store, JOBS):
            with suppress(TamperedError):
                jobs.append(self._job(found))
        return sorted(jobs, key=lambda job: -job.started)

    def edited(self) -> list[JobId]:
        """Return the jobs whose rows are not as they were written."""
        known = {job.id for job in self.all()}
        ids = (JobId(Id16(found.row[0])) for found in scan_all(self._core.store, JOBS))
        return [job for job in ids if job not in known]

    def get(self, job: JobId) -> Job:
        """Return one job.

        Raises:
            NotFoundError: there is none.
            TamperedError: its row was edited.
        """
        found = self._core.store.get(JOBS.name, [(job,)])[0]
        if found is None:
            raise NotFoundError(f"no job `{show(Kind.JOB, job)}`")
        return self._job(found)

    def find(self, text: str) -> Job:
        """Return the job that an id means, whole or in its short form.

        Raises:
            NotFoundError: there is none.
            InvalidIdError: it is no id.
        """
        tail = parse_id(Kind.JOB, text)
        for found in scan_all(self._core.store, JOBS):
            if found.row[0].endswith(tail):
                return self._job(found)
        raise NotFoundError("no such job")

    def put(self, job: Job) -> Op:
        """Return the operation that keeps a job over the row that it was read from."""
        paper: list[Plain] = [
            job.kind.value,
            [job.scope.app, job.scope.subject, job.scope.field],
            job.cursor,
            [job.done, job.total, job.changed, job.in_pass, job.looks, job.quarantined],
            [job.compromised, job.throttle, job.started, job.ended, job.error],
        ]
        clear = (job.id, job.state.value)
        sealed = self._core.papers.seal(JOBS.name, clear, paper)
        return Put(JOBS.name, (*clear, sealed), job.v or Expect.ABSENT)

    # --- rows that did not open ---

    def list_left(self, job: JobId, number: int, left: Left) -> Op:
        """Return the operation that lists a row that did not open."""
        clear = (job, number)
        key = list(left.key)
        sealed = self._core.papers.seal(
            QUARANTINE.name, clear, [left.table, key, left.reason, left.given_up]
        )
        return Put(QUARANTINE.name, (*clear, sealed))

    def left(self, job: JobId) -> list[tuple[int, Left]]:
        """Return the rows that a job left, each with its number.

        Raises:
            TamperedError: the list was edited.
        """
        rows = rows_of(self._core.store, QUARANTINE, "key", job)
        return [(found.row[1], self._left(found)) for found in rows]

    def all_left(self) -> Iterator[tuple[JobId, int, Left]]:
        """Yield every row that a job left.

        Raises:
            TamperedError: the list was edited.
        """
        for found in scan_all(self._core.store, QUARANTINE):
            yield JobId(Id16(found.row[0])), found.row[1], self._left(found)

    @staticmethod
    def unlist(job: JobId, numbers: Sequence[int]) -> list[Op]:
        """Return the operations that take rows off a job's list."""
        return [Delete(QUARANTINE.name, (job, number)) for number in numbers]

    def views(self, job: JobId) -> tuple[QuarantinedView, ...]:
        """Return what a job left, as the faces show it."""
        return tuple(
            QuarantinedView(
                number=number,
                table=left.table,
                row=" ".join(
                    cell.hex() if isinstance(cell, bytes) else str(cell) for cell in left.key
                ),
                reason=left.reason,
                given_up=left.given_up,
            )
            for number, left in self.left(job)
        )

    def _left(self, found: Found) -> Left:
        *clear, sealed = found.row
        table, key, reason, given_up = self._core.papers.open(QUARANTINE.name, tuple(clear), sealed)
        return Left(table, tuple(key), reason, given_up)

    def _job(self, found: Found) -> Job:
        job, state, sealed = found.row
        name = f"job `{show(Kind.JOB, job)}`"
        try:
            paper = self._core.papers.open(JOBS.name, (job, state), sealed)
        # THREAT T273: a job whose row was edited neither goes on nor ends
        except TamperedError as err:
            raise TamperedError(f"{name} is not as it was written") from err
        kind, (app, subject, field), cursor, counts, rest = paper
        done, total, changed, in_pass, looks, quarantined = counts
        compromised, throttle, started, ended, error = rest
        return Job(
            id=JobId(Id16(job)),
            kind=Turned(kind),
            scope=Scope(
                None if app is None else AppId(Id16(app)),
                None if subject is None else SubjectId(Id16(subject)),
                field,
            ),
            state=State(state),
            cursor=cursor,
            done=done,
            total=total,
            changed=changed,
            in_pass=in_pass,
            looks=looks,
            quarantined=quarantined,
            compromised=compromised,
            throttle=throttle,
            started=Instant(started),
            ended=None if ended is None else Instant(ended),
            error=error,
            v=found.v,
        )


def _cell(cell: Cell) -> str:
    return cell.hex() if isinstance(cell, bytes) else str(cell)


NO_JOB = JobId(NOBODY)
