"""Runs of processings as they are kept, and the leases that read for them.

- A lease is a token with caveats: one processing, an end within the hour, so many reads. Its holder
  can narrow it to a person, a purpose, or fields and collections, parted by spaces. It opens
  nothing by itself: each use is decided.
- A run counts its reads and the people whose data it read; both counts decide. The list of these
  people is sealed row by row, so one who is missing from it shows.
- A run that ended leaves what it was and how it ended, and its lease is dead.

Source: docs/spec/26-processings.md section 7; docs/spec/03-keys.md section 7.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sealhold.crypto import token as tokens
from sealhold.crypto.token import Caveat, CaveatKind
from sealhold.model.errors import (
    BadTokenError,
    DeniedError,
    InvalidError,
    NotFoundError,
    SealBrokenError,
)
from sealhold.model.ids import (
    AppId,
    Id16,
    ProcessingId,
    Purpose,
    RunId,
    SubjectId,
    canonical,
    random_id,
)
from sealhold.model.quantities import HOUR, Instant
from sealhold.policy import dpv
from sealhold.stores.spec import (
    Bump,
    ColumnKind,
    Delete,
    DeleteWhere,
    Expect,
    Found,
    Guard,
    Op,
    Put,
    TableSpec,
)
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.minting import Minting
from sealhold.vault.processings import Processing

RUNS = TableSpec(
    name="processingrun",
    columns={
        "id": ColumnKind.ID16,
        "app": ColumnKind.ID16,
        "processing": ColumnKind.ID16,
        "code": ColumnKind.HASH32,
        "at": ColumnKind.I64,
        "until": ColumnKind.I64,
        "most": ColumnKind.I64,
    },
    key=("id",),
    indexes={"until": ("until", "id"), "processing": ("processing", "id")},
)
COUNTS = TableSpec(
    name="runcount",
    columns={"run": ColumnKind.ID16, "reads": ColumnKind.I64, "people": ColumnKind.I64},
    key=("run",),
    indexes={},
)
PEOPLE = TableSpec(
    name="runperson",
    columns={"run": ColumnKind.ID16, "subject": ColumnKind.ID16, "paper": ColumnKind.SEALED},
    key=("run", "subject"),
    indexes={"subject": ("subject",)},
)
ENDED = TableSpec(
    name="runended",
    columns={"id": ColumnKind.ID16, "paper": ColumnKind.SEALED},
    key=("id",),
    indexes={},
)
DECIDING = (RUNS, COUNTS)
LONGEST = HOUR
MOST_READS = 10_000  # so that all people of a run are checked in one commit
MOST_OPEN = 32  # runs of one processing at a time
AT_ONCE = 32  # overdue runs that are ended when another begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that has not ended."""

    id: RunId
    app: AppId
    processing: ProcessingId
    code: str  # 64 hex digits
    at: Instant
    until: Instant
    most: int
    v: int

    @property
    def guard(self) -> Op:
        """What fails a commit if the run has ended by then."""
        return Guard(RUNS.name, (self.id,), self.v)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A lease that holds now, and how its holders narrowed it."""

    run: Run
    subjects: frozenset[str] = frozenset()  # each of them must be the person
    purposes: frozenset[str] = frozenset()  # within each of them
    within: frozenset[str] | None = None  # fields and collections; None: all of the processing
    uses: int = 0  # reads of the run at most

    @property
    def is_whole(self) -> bool:
        """Whether nobody narrowed it."""
        bounds = (self.subjects, self.purposes, self.within is not None)
        return not any(bounds) and self.uses == self.run.most

    def covers(self, subject: SubjectId | None, purpose: Purpose) -> bool:
        """Return whether it is good for this person and purpose at all."""
        named = canonical(subject) if subject is not None else ""
        is_for = all(each == named for each in self.subjects)
        return is_for and all(dpv.narrower(purpose, Purpose(each)) for each in self.purposes)


@dataclass(slots=True)
class _Bounds:
    """What the caveats of one token come to."""

    processing: str
    subjects: set[str] = field(default_factory=set)
    purposes: set[str] = field(default_factory=set)
    within: frozenset[str] | None = None
    uses: int = MOST_READS

    def admits(self, caveat: Caveat) -> bool:
        """Return whether a lease can have this caveat, and take note of it."""
        match caveat.kind:
            case CaveatKind.PROCESSING:
                return caveat.value == self.processing
            case CaveatKind.SUBJECT:
                self.subjects.add(caveat.value)
            case CaveatKind.PURPOSE:
                self.purposes.add(caveat.value)
            case CaveatKind.SCOPE:
                named = frozenset(caveat.value.split())
                self.within = named if self.within is None else self.within & named
            case CaveatKind.USES:
                self.uses = min(self.uses, int(caveat.value))
            case CaveatKind.UNTIL | CaveatKind.CLIENT:
                return False  # an end is checked with the seal; nobody shows a key here
        return True


class Leases:
    """The runs of one vault."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._minting = Minting(core.keyring, core.deciding)

    def begun(self, processing: Processing, reads: int) -> tuple[Run, str, tuple[Op, ...]]:
        """Return a new run, its lease (said once), and the operations that keep it.

        Raises:
            InvalidError: no number of reads that a run may make.
        """
        if not 0 < reads <= MOST_READS:
            raise InvalidError(f"a run makes 1 to {MOST_READS} reads")
        now = self._core.clock()
        run = Run(
            id=RunId(random_id(self._core.entropy)),
            app=processing.app,
            processing=processing.id,
            code=processing.terms.code,
            at=now,
            until=Instant(now + LONGEST),
            most=reads,
            v=1,
        )
        caveats = (
            Caveat(CaveatKind.PROCESSING, canonical(processing.id)),
            Caveat(CaveatKind.UNTIL, str(run.until)),
            Caveat(CaveatKind.USES, str(reads)),
        )
        row = (
            run.id,
            run.app,
            run.processing,
            bytes.fromhex(run.code),
            run.at,
            run.until,
            run.most,
        )
        ops = (
            Put(RUNS.name, row, Expect.ABSENT),
            Put(COUNTS.name, (run.id, 0, 0), Expect.ABSENT),
        )
        return run, self._minting.mint(run.id, caveats), ops

    def check(self, app: AppId, text: str) -> Lease | None:
        """Return the lease that `text` is, if it holds now and is this app's."""
        now = self._core.clock()
        try:
            run = self.open(RunId(tokens.parse(text).id))
            if run is None:
                return None
            bounds = _Bounds(canonical(run.processing))
            self._minting.check(text, now=now, admits=bounds.admits)
        except (BadTokenError, InvalidError, DeniedError):
            return None
        # THREAT T257: a lease of another app, of a run that ended, or past its end is none
        if run.app != app or not now < run.until:
            return None
        return Lease(
            run=run,
            subjects=frozenset(bounds.subjects),
            purposes=frozenset(bounds.purposes),
            within=bounds.within,
            uses=min(bounds.uses, run.most),
        )

    def open(self, run: RunId) -> Run | None:
        """Return a run that nobody ended; it may be over."""
        found = self._core.deciding.get(RUNS.name, run)
        return None if found is None else _run(found)

    def counts(self, run: RunId) -> tuple[int, int]:
        """Return how often a run has read, and of how many people."""
        found = self._core.deciding.get(COUNTS.name, run)
        return (0, 0) if found is None else (found.row[1], found.row[2])

    def counted(self, lease: Lease, subject: SubjectId) -> tuple[Op, ...]:
        """Return the operations that count one more read of a person."""
        run = lease.run.id
        once = Bump(COUNTS.name, (run,), "reads", 1, lease.uses)
        if self._core.store.get(PEOPLE.name, [(run, subject)])[0] is not None:
            return (lease.run.guard, once)
        sealed = self._core.papers.seal(PEOPLE.name, (run, subject), None)
        return (
            lease.run.guard,
            once,
            Bump(COUNTS.name, (run,), "people", 1, MOST_READS),
            Put(PEOPLE.name, (run, subject, sealed), Expect.ABSENT),
        )

    def people(self, run: RunId) -> tuple[SubjectId, ...]:
        """Return everybody whose data a run has read.

        Raises:
            SealBrokenError: one was erased, or taken out or put in behind the vault's back.
        """
        rows = [found.row for found in rows_of(self._core.store, PEOPLE, "key", run)]
        # THREAT T258: whoever is missing from the list is missed by its count
        if len(rows) != self.counts(run)[1]:
            raise SealBrokenError("the people of a run are not whole")
        for _, subject, sealed in rows:
            self._core.papers.open(PEOPLE.name, (run, subject), sealed)
        return tuple(SubjectId(Id16(row[1])) for row in rows)

    def ended(self, run: Run, state: str) -> tuple[Op, ...]:
        """Return the operations that end a run, if nothing more is read until then."""
        counted = self._core.deciding.get(COUNTS.name, run.id)
        reads, people = self.counts(run.id)
        at = self._core.clock()
        paper = [run.app, run.processing, run.code, state, run.at, at, reads, people]
        return (
            Delete(RUNS.name, (run.id,), run.v),
            # a read that comes between makes the ending be decided anew
            Delete(COUNTS.name, (run.id,), counted.v if counted else Expect.ANY),
            DeleteWhere(PEOPLE.name, "key", (run.id,)),
            Put(
                ENDED.name,
                (run.id, self._core.papers.seal(ENDED.name, (run.id,), paper)),
                Expect.ABSENT,
            ),
        )

    def origin(self, run: RunId) -> tuple[AppId, ProcessingId, Instant]:
        """Return whose run it is or was, of which processing, and when it began.

        Raises:
            NotFoundError: there never was such a run.
        """
        now = self.open(run)
        if now is not None:
            return now.app, now.processing, now.at
        found = self._core.store.get(ENDED.name, [(run,)])[0]
        if found is None:
            raise NotFoundError("no such run")
        paper = self._core.papers.open(ENDED.name, (run,), found.row[1])
        return AppId(Id16(paper[0])), ProcessingId(Id16(paper[1])), Instant(paper[4])

    def overdue(self) -> Iterator[Run]:
        """Yield some of the runs whose hour is over."""
        hi = (self._core.clock() + 1,)
        for found in self._core.store.scan(RUNS.name, "until", (), hi, limit=AT_ONCE).rows:
            run = self.open(RunId(Id16(found.row[0])))
            if run is not None:
                yield run

    def is_crowded(self, processing: ProcessingId) -> bool:
        """Return whether a processing has as many runs as it may have at a time."""
        found = rows_of(self._core.store, RUNS, "processing", processing)
        return sum(1 for _ in found) >= MOST_OPEN


def ends(core: Core) -> Iterator[Op]:
    """Yield the operations that end every run at once, without a trace of it."""
    for table in (RUNS, COUNTS):
        for found in core.deciding.all(table.name):
            yield Delete(table.name, (found.row[0],), found.v)
    yield DeleteWhere(PEOPLE.name, "key", ())


def _run(found: Found) -> Run:
    run, app, processing, code, at, until, most = found.row
    return Run(
        id=RunId(Id16(run)),
        app=AppId(Id16(app)),
        processing=ProcessingId(Id16(processing)),
        code=code.hex(),
        at=Instant(at),
        until=Instant(until),
        most=most,
        v=found.v,
    )
