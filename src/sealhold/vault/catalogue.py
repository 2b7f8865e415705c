"""Where data came from: the sources, and the jobs that read them.

- A source is a file's place in a person's life (`Garmin export`), a job is one reading of it.
- A job keeps a keyed digest of its input: the same bytes, read again by the same connector, are
  known to hold nothing new without being read.
- Names, counts and errors are sealed; clear are ids and states.

Source: docs/spec/18-connectors.md section 4.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from sealhold.model.encoding import Plain
from sealhold.model.errors import NotFoundError
from sealhold.model.ids import Collection, Id16, JobId, Kind, SourceId, parse_id, show
from sealhold.model.quantities import Instant
from sealhold.model.shown import RejectView, SourceView
from sealhold.stores.spec import ColumnKind, Delete, Found, Op, Put, ReadView, TableSpec
from sealhold.vault.deciding import rows_of, scan_all
from sealhold.vault.papers import Papers

SOURCES = TableSpec(
    name="source",
    columns={
        "id": ColumnKind.ID16,
        "subject": ColumnKind.ID16,
        "paper": ColumnKind.SEALED,
    },
    key=("id",),
    indexes={},
)
JOBS = TableSpec(
    name="job",
    columns={
        "id": ColumnKind.ID16,
        "subject": ColumnKind.ID16,
        "source": ColumnKind.ID16,
        "input": ColumnKind.TAG16,  # keyed digest of the bytes and the connector's version
        "state": ColumnKind.CODE,
        "paper": ColumnKind.SEALED,
    },
    key=("id",),
    indexes={"input": ("input", "id"), "source": ("source", "id")},
)
UNDONE = "undone"  # the state of a job that was taken back
LEFT = "left in place"  # that of one whose items were left where they lie
FILE, ARCHIVE, FEDERATE = "file", "archive", "federate"
KEPT_REJECTS = 20  # told with their reason in a job's report; the rest is counted


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A source: files that were handed in, or a place that its owner named."""

    id: SourceId
    name: str
    connector: str  # of files; the puller of a named place
    kind: str = FILE
    mode: str = ARCHIVE
    settings: Mapping[str, Plain] = field(default_factory=dict)  # where it lies; no secret
    schedule: str = ""  # `every 6h`, `daily 03:00 Europe/Paris`; empty: when it is told to
    state: str = ""  # of a named place; empty: as its last job ended
    why: str = ""  # it is in that state, in words
    cursor: str = ""  # where the next pull goes on
    shape: Plain = None  # of what came, as it was accepted
    reached: Instant | None = None
    due: Instant | None = None
    tries: int = 0  # that failed since it was reached
    readers: Mapping[str, str] = field(default_factory=dict)  # connectors, the version of each

    @property
    def named(self) -> bool:
        """Whether its owner named it, so that it can be read again."""
        return self.kind != FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One reading of one input."""

    id: JobId
    source: SourceId
    input: bytes  # 16
    state: str  # running | done | done_with_rejects | failed | undone
    file: str
    what: str
    started: Instant
    ended: Instant | None
    new: int
    changed: int
    same: int
    rejected: int
    rejects: tuple[RejectView, ...]
    by_collection: dict[Collection, int]  # new items
    error: str | None
    remedy: str | None
    readers: Mapping[str, str] = field(default_factory=dict)  # connectors, the version of each


_EMPTY = (None, "", 0)
_UNREAD = {False: UNDONE, True: "added"}  # the state of a source without a job, named or not


class Catalogue:
    """Reads and makes the rows of sources and jobs of one subject."""

    def __init__(self, view: ReadView, papers: Papers, subject: Id16) -> None:
        self._view = view
        self._papers = papers
        self._subject = subject

    def put_source(self, source: SourceRow) -> Put:
        """Return the operation that keeps `source`."""
        clear = (source.id, self._subject)
        told = {key: value for key, value in asdict(source).items() if value not in _EMPTY}
        told["settings"], told["readers"] = dict(source.settings), dict(source.readers)
        paper = self._papers.seal(SOURCES.name, clear, {**told, "id": None})
        return Put(SOURCES.name, (*clear, paper))

    def drop_source(self, source: SourceId) -> Delete:
        """Return the operation that forgets a source that brought nothing."""
        return Delete(SOURCES.name, (source,))

    def put_job(self, job: JobRow) -> Op:
        """Return the operation that keeps `job` as it stands."""
        clear = (job.id, self._subject, job.source, job.input, job.state)
        return Put(JOBS.name, (*clear, self._papers.seal(JOBS.name, clear, _paper(job))))

    def sources(self) -> list[SourceRow]:
        """Return every source."""
        return [self._source(found) for found in scan_all(self._view, SOURCES)]

    def jobs(self) -> list[JobRow]:
        """Return every job, oldest first."""
        return [self._job(found) for found in scan_all(self._view, JOBS)]

    def jobs_of_input(self, digest: bytes) -> list[JobRow]:
        """Return the jobs that read exactly this input."""
        return [self._job(found) for found in rows_of(self._view, JOBS, "input", digest)]

    def jobs_of_source(self, source: SourceId) -> list[JobRow]:
        """Return the jobs that read something of a source."""
        return [self._job(found) for found in rows_of(self._view, JOBS, "source", source)]

    def job(self, id_: JobId) -> JobRow:
        """Return one job.

        Raises:
            NotFoundError: there is none.
        """
        found = self._view.get(JOBS.name, [(id_,)])[0]
        if found is None:
            raise NotFoundError(f"no job `{show(Kind.JOB, id_)}`")
        return self._job(found)

    def find_job(self, text: str) -> JobRow:
        """Return the job that an id names.

        Raises:
            NotFoundError: there is none.
        """
        tail = parse_id(Kind.JOB, text)
        for job in self.jobs():
            if job.id.endswith(tail):
                return job
        raise NotFoundError(f"no job `{text}`")

    def shown(self) -> tuple[SourceView, ...]:
        """Return every source with what its last job found."""
        views = []
        jobs = self.jobs()
        for source in self.sources():
            mine = [
                job for job in jobs if job.source == source.id and job.state not in (UNDONE, LEFT)
            ]
            last = mine[-1] if mine else None
            views.append(
                SourceView(
                    id=source.id,
                    name=source.name,
                    connector=source.connector,
                    state=source.state or (last.state if last else _UNREAD[source.named]),
                    last_run=(last.ended or last.started) if last else None,
                    items=sum(job.new for job in mine),
                    rejected=last.rejected if last else 0,
                    error=source.why or (last.error if last else None),
                    remedy=last.remedy if last else None,
                    kind=source.kind,
                    mode=source.mode,
                    place=str(source.settings.get("place", "")),
                    schedule=source.schedule,
                    reached=source.reached,
                    due=source.due,
                )
            )
        return tuple(sorted(views, key=lambda view: (-(view.last_run or 0), view.name)))

    def _source(self, found: Found) -> SourceRow:
        source, subject, paper = found.row
        body = self._papers.open(SOURCES.name, (source, subject), paper)
        return SourceRow(**{**body, "id": source})

    def _job(self, found: Found) -> JobRow:
        *clear, paper = found.row
        body = self._papers.open(JOBS.name, tuple(clear), paper)
        job, _, source, digest, state = clear
        rejects = tuple(RejectView(position=p, why=w, detail=d) for p, w, d in body.pop("rejects"))
        return JobRow(id=job, source=source, input=digest, state=state, rejects=rejects, **body)


def running(job: JobRow, **counts: int) -> JobRow:
    """Return `job` with counts added to those it has."""
    return replace(job, **{name: getattr(job, name) + more for name, more in counts.items()})


def job_name(job: JobRow) -> str:
    """Return the job's id as people read it."""
    return show(Kind.JOB, job.id)


def _paper(job: JobRow) -> Plain:
    return {
        "file": job.file,
        "what": job.what,
        "started": job.started,
        "ended": job.ended,
        "new": job.new,
        "changed": job.changed,
        "same": job.same,
        "rejected": job.rejected,
        "rejects": [[r.position, r.why, r.detail] for r in job.rejects],
        "by_collection": dict(job.by_collection),
        "error": job.error,
        "remedy": job.remedy,
        "readers": dict(job.readers),
    }
