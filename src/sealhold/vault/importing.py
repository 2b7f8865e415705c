"""Imports as the vault sees them: jobs begun, continued, ended and reported.

- The same bytes, read to their end by the same version of a connector, are known by their digest.
- A job that was killed is read again from its beginning: what it had committed is recognised, so
  nothing is lost or doubled, ordinals among equals stay what they were, and the job is kept with
  the counts of an unbroken run.

Source: docs/spec/18-connectors.md section 4.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.connectors.canary import Canary
from sealhold.connectors.frames import Known
from sealhold.connectors.members import archive_of, member_of
from sealhold.connectors.runner import Counts, FileFacts, FileResult, JobStart, JobState, Outcome
from sealhold.connectors.spec import Batch
from sealhold.crypto.digest import FileDigest, mac16
from sealhold.crypto.tags import Tag
from sealhold.model.errors import SealholdError
from sealhold.model.ids import Collection, JobId, SourceId, timed_id
from sealhold.model.shown import FileReport, RejectView
from sealhold.stores.spec import Op
from sealhold.vault.catalogue import UNDONE, Catalogue, JobRow, SourceRow
from sealhold.vault.core import Core
from sealhold.vault.index import Index
from sealhold.vault.ingest import Ingest
from sealhold.vault.objects import Objects
from sealhold.vault.signed import Signer
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

DONE = frozenset({JobState.DONE.value, JobState.DONE_WITH_REJECTS.value})
RUNNING = JobState.RUNNING.value
CHUNK = 1_048_576  # bytes of a file hashed at once


@dataclass(slots=True)
class _Under:
    """A job that is under way."""

    row: JobRow
    source: SourceRow
    ingest: Ingest
    version: str
    canary: Canary


class ImportSink:
    """Keeps what an import reads; the `Sink` of the runner."""

    def __init__(
        self,
        core: Core,
        index: Index,
        objects: Objects,
        per_file: Callable[[str], bool],
        names: Mapping[Path, str],
        signer: Signer | None = None,
        *,
        accept: bool = False,
        source_of: Callable[[Path], SourceRow | None] = lambda _path: None,
    ) -> None:
        self._source_of = source_of  # the source of a mapping that its owner made
        self._core = core
        self._index = index
        self._objects = objects
        self._per_file = per_file  # whether a connector's items mean nothing without their file
        self._signer = signer
        self._accept = accept  # whatever shape a source has now
        self._names = names  # what the owner calls a file, where its path does not say it
        self._catalogue = Catalogue(core.store, core.papers, core.owner)
        self._teller = Teller(core.keys)
        self._jobs: dict[JobId, _Under] = {}
        self._nth = count()
        self._digested: tuple[object, bytes] = (None, b"")  # the last file, and its digest
        self.new: Counter[Collection] = Counter()  # items that were not there before, by kind

    def begin(self, facts: FileFacts) -> JobStart:
        """Find the job of this input, or make one and keep it."""
        digest = self._digest(facts.path, facts.known)
        earlier = self._catalogue.jobs_of_input(digest)
        for job in earlier:
            if job.state in DONE and not self._lacks(job):
                same = Counts(same=job.new + job.changed + job.same)
                return JobStart(job=job.id, already_done=True, counts=same, rejected=job.rejected)
        source = self._source(facts)
        stopped = next((job for job in earlier if job.state == RUNNING), None)
        job = stopped or self._new_job(facts, source, digest)
        job = replace(job, state=RUNNING, same=0, rejected=0, rejects=(), error=None, remedy=None)
        readers = {facts.known.source: facts.known.version}
        job = replace(job, readers=readers)
        source = replace(source, readers={**source.readers, **readers})
        event = self._event(EventKind.JOB, job, reason="begun")
        ops: tuple[Op, ...] = (self._catalogue.put_source(source), self._catalogue.put_job(job))
        self._core.writer.commit(Work(ops, (self._teller.entry(event),)))
        taken = stopped.new + stopped.changed if stopped else 0
        ingest = Ingest(self._core, self._index, self._objects, source, self._signer, taken=taken)
        canary = Canary(None if self._accept else source.shape)
        self._jobs[job.id] = _Under(job, source, ingest, facts.known.version, canary)
        return JobStart(job=job.id)

    def commit(self, job: JobId, batch: Batch) -> Counts:
        """Keep a batch; its rows, words, checkpoint and log entry are one commit."""
        under = self._jobs[job]
        # THREAT T398: an export that changed its form adds nothing, and is told before it does
        under.canary.see(batch)
        after, counts = under.ingest.take(under.row, batch, under.version)
        self.new.update(Counter(after.by_collection) - Counter(under.row.by_collection))
        under.row = after
        return counts

    def finish(self, job: JobId, outcome: Outcome) -> None:
        """End the job."""
        under = self._jobs.pop(job)
        under.ingest.finish()
        ended = replace(
            under.row,
            state=outcome.state.value,
            ended=self._core.clock(),
            error=outcome.error,
            remedy=outcome.remedy if outcome.error else None,
        )
        event = self._event(EventKind.JOB, ended, reason=outcome.state.value)
        ops: list[Op] = [self._catalogue.put_job(ended)]
        if outcome.error is None:
            shaped = replace(under.source, shape=under.canary.shape())
            ops.append(self._catalogue.put_source(shaped))
        self._core.writer.commit(Work(tuple(ops), (self._teller.entry(event),)))

    def leave(self) -> None:
        """Wait until what was taken of jobs that were broken off is durable, or is not kept."""
        for under in self._jobs.values():
            with suppress(SealholdError):  # whoever broke off is told why already
                under.ingest.finish()

    def _lacks(self, job: JobRow) -> bool:
        """Return whether items that a job found there already may be gone since."""
        return job.same > 0 and any(
            other.state == UNDONE and other.id < job.id
            for other in self._catalogue.jobs_of_source(job.source)
        )

    def _digest(self, path: Path, known: Known) -> bytes:
        files = self._core.keys.files
        digest = self._content(archive_of(path))
        member = [each.encode() for each in [member_of(path)] if each]
        reader = f"{known.source} {known.version}".encode()
        name = self.name(path).encode() if self._per_file(known.source) else b""
        signer = [self._signer.key] if self._signer else []
        return mac16(files, Tag.IDEMPOTENCY, digest, reader, name, *signer, *member)

    def _content(self, path: Path) -> bytes:
        """Return the digest of a file; that of an archive is made once for all its members."""
        told = path.stat()
        mark = (path, told.st_ino, told.st_size, told.st_mtime_ns)
        if self._digested[0] != mark:
            digest = FileDigest(self._core.keys.files, Tag.FILE_DIGEST)
            with path.open("rb") as file:
                while piece := file.read(CHUNK):
                    digest.update(piece)
            self._digested = (mark, digest.digest())
        return self._digested[1]

    def name(self, path: Path) -> str:
        """Return what the owner calls a file."""
        archive = archive_of(path)
        name = self._names.get(archive, archive.name)
        member = member_of(path)
        return f"{name}/{member}" if member else name

    def _source(self, facts: FileFacts) -> SourceRow:
        connector = facts.known.source
        mapping = self._source_of(facts.path)
        if mapping is not None:
            return mapping
        name = self.name(facts.path) if self._per_file(connector) else f"{connector} files"
        name = f"{name}, {self._signer.words()}" if self._signer else name
        for source in self._catalogue.sources():
            if (source.connector, source.name) == (connector, name):
                return source
        number = SourceId(timed_id(self._core.clock(), self._core.entropy, next(self._nth)))
        return SourceRow(id=number, name=name, connector=connector)

    def _new_job(self, facts: FileFacts, source: SourceRow, digest: bytes) -> JobRow:
        now = self._core.clock()
        return JobRow(
            id=JobId(timed_id(now, self._core.entropy, next(self._nth))),
            source=source.id,
            input=digest,
            state=RUNNING,
            file=self.name(facts.path),
            what=facts.known.what,
            started=now,
            ended=None,
            new=0,
            changed=0,
            same=0,
            rejected=0,
            rejects=(),
            by_collection={},
            error=None,
            remedy=None,
        )

    def _event(self, kind: EventKind, job: JobRow, reason: str) -> Event:
        return Event(
            kind=kind,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            job=job.id,
            source=job.source,
            rows_out=job.new + job.changed,
            reason=reason,
        )


def file_report(result: FileResult, name: str) -> FileReport:
    """Return what became of one file, as people read it."""
    outcome = result.outcome
    return FileReport(
        name=name,
        what=result.known.what if result.known else "",
        job=result.job,
        new=outcome.counts.new,
        changed=outcome.counts.changed,
        same=outcome.counts.same,
        rejects=tuple(
            RejectView(position=each.position, why=str(each.why), detail=each.detail)
            for each in outcome.rejects
        ),
        rejected=outcome.rejected,
        error=outcome.error,
        remedy=outcome.remedy if outcome.error else None,
    )
