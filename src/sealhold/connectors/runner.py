"""Import jobs: each file from due to done, resumed where it stopped, counted to the last item.

- The runner reads through a `Reader` and hands each batch to a `Sink`; it opens, hashes, seals and
  stores nothing, so what it may do is what these two may do.
- A batch and the cursor after it are one commit of the sink: a kill costs the work of one batch,
  and the next run goes on from the last cursor.
- What the sink knows a file by is of the bytes that were read: a file that is written or replaced
  meanwhile fails, and is read anew at the next import.
- A file that cannot be read fails alone; the files after it are read. An error of the sink ends
  the run, and the job stays where its last commit was.
- Rejects are counted all, and the first 20 of a file are told.

Source: docs/spec/18-connectors.md section 4.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from sealhold.connectors.frames import Known, Members, Portion
from sealhold.connectors.members import Member, may_be_archive, size_of
from sealhold.connectors.spec import Batch, Reject
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.ids import Collection, JobId

REJECTS_TOLD = 20
CHANGED = "the file changed while it was read; what was read of it stands, import it again"
SIGNATURE = ".sig"  # what the name of a signature has more than that of its file
_UNFINISHED = "tmp"  # the folder of a Maildir for mails on their way
_NOTES = ("dovecot", "courier", "maildirfolder", "maildirsize", "subscriptions")


class JobState(StrEnum):
    """Where the import of one file stands."""

    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    DONE_WITH_REJECTS = "done_with_rejects"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of items in the vault."""

    new: int = 0
    changed: int = 0
    same: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Return the sums."""
        return Counts(self.new + other.new, self.changed + other.changed, self.same + other.same)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """A file that a source can read."""

    path: Path
    size: int  # bytes
    known: Known  # which source, its version, and what it found


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStart:
    """Where a job begins: at the beginning, where it stopped, or not at all."""

    job: JobId
    cursor: str | None = None
    already_done: bool = False  # the same bytes were imported to their end by the same version
    counts: Counts = field(default_factory=Counts)  # of what was committed before
    rejected: int = 0  # likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a job ended."""

    state: JobState
    counts: Counts
    rejected: int
    rejects: tuple[Reject, ...]  # the first 20 of this run
    error: str | None = None  # why it failed
    remedy: str = UnreadableSourceError.remedy()  # what its owner can do then


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """What became of one file."""

    path: Path
    known: Known | None  # None if no source reads it
    job: JobId | None
    outcome: Outcome
    already_done: bool = False
    items: Mapping[Collection, int] = field(default_factory=dict)  # read in this run


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the import of one file is."""

    path: Path
    state: JobState
    bytes_read: int
    bytes_total: int
    rows: int  # items and rejects read in this run


Watch = Callable[[Progress], None]


class Reader(Protocol):
    """Opens files and lets sources read them, somewhere where a parser can do no harm."""

    def members(self, path: Path) -> Members:
        """Return what an archive holds.

        Raises:
            UnreadableSourceError: it cannot be opened, is broken, or leads out of itself.
        """
        ...

    def detect(self, path: Path) -> Known:
        """Return which source reads the file.

        Raises:
            UnreadableSourceError: none does, or the file cannot be opened.
        """
        ...

    def read(self, path: Path, source_name: str, cursor: str | None) -> Iterator[Portion]:
        """Yield the file's content from after `cursor`.

        Raises:
            UnreadableSourceError: broken, too slow or too large; what was yielded stands.
        """
        ...


class Sink(Protocol):
    """Keeps what was read: does all hashing, telling apart, sealing and storing."""

    def begin(self, facts: FileFacts) -> JobStart:
        """Make the job of this file running, or find the one that was stopped."""
        ...

    def commit(self, job: JobId, batch: Batch) -> Counts:
        """Keep a batch with its rejects and its cursor, all or nothing.

        Raises:
            InvalidError: an item of a dataset that the job's source does not have.
        """
        ...

    def finish(self, job: JobId, outcome: Outcome) -> None:
        """End the job."""
        ...


def run(
    paths: Iterable[Path], reader: Reader, sink: Sink, watch: Watch | None = None
) -> Iterator[FileResult]:
    """Import each file in turn and yield what became of it.

    A folder stands for the files in it, at any depth, in the order of their names.
    """
    tell = watch or _nobody
    found = [each for path in paths for file in files_of(path) for each in inside(file, reader)]
    for each in found:
        tell(Progress(path=each.path, state=JobState.DUE, bytes_read=0, bytes_total=0, rows=0))
    for each in found:
        if each.why:
            yield _unread(each.path, each.why)
        else:
            yield run_file(each.path, reader, sink, tell)


@dataclass(frozen=True, slots=True)
class Inside:
    """A file to be read, which may lie in an archive."""

    path: Path
    why: str = ""  # it is not read


def inside(path: Path, reader: Reader) -> Iterator[Inside]:
    """Yield the file itself, or the files in an archive, those that are not read with a reason."""
    if not may_be_archive(path):
        yield Inside(path)
        return
    try:
        found = reader.members(path)
    except UnreadableSourceError as err:
        yield Inside(path, str(err))
        return
    for name, size in found.entries:
        yield Inside(Member.of(path, name, size))
    for name, why in found.left:
        yield Inside(Member.of(path, name), why)


def _unread(path: Path, why: str) -> FileResult:
    failed = Outcome(state=JobState.FAILED, counts=Counts(), rejected=0, rejects=(), error=why)
    return FileResult(path=path, known=None, job=None, outcome=failed)


def run_file(path: Path, reader: Reader, sink: Sink, watch: Watch) -> FileResult:
    """Import one file and return what became of it."""
    try:
        before = path.stat()
        known = reader.detect(path)
        facts = FileFacts(path=path, size=size_of(path), known=known)
        start = sink.begin(facts)  # reads the file as well: it may be gone by now
    except (UnreadableSourceError, OSError) as err:
        why = str(err) if isinstance(err, UnreadableSourceError) else "the file cannot be opened"
        watch(_progress(path, 0, JobState.FAILED))
        return _unread(path, why)
    if start.already_done:
        state = JobState.DONE_WITH_REJECTS if start.rejected else JobState.DONE
        same = Outcome(state=state, counts=start.counts, rejected=start.rejected, rejects=())
        watch(_progress(path, facts.size, state))
        return FileResult(path=path, known=known, job=start.job, outcome=same, already_done=True)
    work = _Work(facts, start)
    outcome = work.through(reader, sink, watch)
    if outcome.error is None and not _is_still(path, before):
        outcome = replace(outcome, state=JobState.FAILED, error=CHANGED)
    sink.finish(start.job, outcome)
    watch(work.progress(outcome.state))
    return FileResult(
        path=path, known=known, job=start.job, outcome=outcome, items=dict(work.items)
    )


def _is_still(path: Path, before: os.stat_result) -> bool:
    """Return whether a file is the one that it was, unwritten since."""
    try:
        return _mark(path.stat()) == _mark(before)
    except OSError:
        return False


def _mark(found: os.stat_result) -> tuple[int, ...]:
    # the kernel sets the time of change; who writes a file cannot put it back
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def files_of(path: Path) -> Iterator[Path]:
    """Yield the file itself, or the files in a folder; no link inside a folder is followed.

    A signature beside its file is no file of its own. A folder that cannot be read stands for
    itself, so that its failure is told. Of a Maildir the mails are files, and its inner folders,
    whose names begin with a dot; what a mail server notes beside them and what is still on its
    way into it are none.
    """
    try:
        inside = sorted(path.iterdir()) if path.is_dir() else None
    except OSError:
        inside = None
    if inside is None:
        yield path
        return
    names = {inner.name for inner in inside}
    is_maildir = _is_maildir(path)
    for inner in inside:
        is_signature = inner.suffix == SIGNATURE and inner.stem in names
        is_hidden = inner.name.startswith(".") and not _is_maildir(inner)
        is_no_mail = is_maildir and _is_no_mail(inner)
        if not (inner.is_symlink() or is_hidden or is_signature or is_no_mail):
            yield from files_of(inner)


def _is_maildir(path: Path) -> bool:
    return all((path / name).is_dir() for name in ("cur", "new"))


def _is_no_mail(inner: Path) -> bool:
    return inner.name == _UNFINISHED or (inner.name.startswith(_NOTES) and inner.is_file())


class _Work:
    """One job on its way."""

    def __init__(self, facts: FileFacts, start: JobStart) -> None:
        self._facts = facts
        self._start = start
        self._counts = start.counts
        self._rejected = start.rejected
        self._rejects: list[Reject] = []
        self._rows = 0
        self._bytes_read = 0
        self.items: dict[Collection, int] = {}

    def through(self, reader: Reader, sink: Sink, watch: Watch) -> Outcome:
        """Read and commit until the end of the file, or until it cannot be read on."""
        error, remedy = None, UnreadableSourceError.remedy()
        watch(self.progress(JobState.RUNNING))
        try:
            source = self._facts.known.source
            for portion in reader.read(self._facts.path, source, self._start.cursor):
                self._counts += sink.commit(self._start.job, portion.batch)
                self._note(portion)
                watch(self.progress(JobState.RUNNING))
        except UnreadableSourceError as err:
            error, remedy = str(err), err.remedy()
        outcome = Outcome(
            state=JobState.DONE_WITH_REJECTS if self._rejected else JobState.DONE,
            counts=self._counts,
            rejected=self._rejected,
            rejects=tuple(self._rejects),
        )
        if error is None:
            return outcome
        return replace(outcome, state=JobState.FAILED, error=error, remedy=remedy)

    def progress(self, state: JobState) -> Progress:
        return Progress(
            path=self._facts.path,
            state=state,
            bytes_read=self._bytes_read,
            bytes_total=self._facts.size,
            rows=self._rows,
        )

    def _note(self, portion: Portion) -> None:
        batch = portion.batch
        self._bytes_read = min(portion.bytes_read, self._facts.size)
        self._rows += len(batch.items) + len(batch.rejects)
        self._rejected += len(batch.rejects)
        self._rejects += batch.rejects[: REJECTS_TOLD - len(self._rejects)]
        for item in batch.items:
            name = Collection(item.dataset)
            self.items[name] = self.items.get(name, 0) + 1


def _progress(path: Path, size: int, state: JobState) -> Progress:
    return Progress(path=path, state=state, bytes_read=size, bytes_total=size, rows=0)


def _nobody(progress: Progress) -> None:
    del progress
