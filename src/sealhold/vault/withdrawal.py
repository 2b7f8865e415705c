"""What one version of a connector brought, taken back as one set.

- Each reading is undone as a single one is, the newest first. Where a later reading by another
  version stands on it, the item stays and loses that past alone.
- A kill in between costs nothing: what was undone is told as undone, and the rest goes next time.
- A named source is read anew from its beginning; a file that was undone may be read again.

Source: docs/spec/46-snapshots.md section 5.
"""

from collections.abc import Mapping
from dataclasses import replace

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.errors import NotFoundError
from sealhold.model.ids import Kind, SourceId, show
from sealhold.model.shown.snapshots import ReadingView, WithdrawalView
from sealhold.stores.spec import Delete, Op
from sealhold.vault.catalogue import LEFT, UNDONE, Catalogue, JobRow, SourceRow
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.index import Index
from sealhold.vault.owned import OLDER, RECORDS
from sealhold.vault.recognising import IDENTITIES
from sealhold.vault.telling import Teller
from sealhold.vault.undoing import undo, write
from sealhold.vault.writer import Work

AT_ONCE = 500  # older versions that go in one commit
OVER = frozenset({UNDONE, LEFT})  # states of readings that brought nothing that is here


class Withdrawal:
    """The readings of one version of a connector."""

    def __init__(self, core: Core, index: Index, connector: str, version: str) -> None:
        self._core = core
        self._index = index
        self._of = connector, version
        self._catalogue = Catalogue(core.store, core.papers, core.owner)

    def look(self) -> WithdrawalView:
        """Return what would be taken back; nothing changes.

        Raises:
            NotFoundError: this version brought nothing that is here.
        """
        return self._view(self._jobs(), done=False)

    def carry_out(self) -> WithdrawalView:
        """Take all of it back; return what it was.

        Raises:
            NotFoundError: this version brought nothing that is here.
            AuditUnavailableError: the log cannot be written; what was told as undone is.
        """
        jobs = self._jobs()
        view = self._view(jobs, done=True)
        self._begin_anew({job.source for job in jobs})
        for job in jobs:
            self._cut(job)
            undo(self._core, self._index, job)
        return view

    def _jobs(self) -> list[JobRow]:
        """Return the readings, the newest first.

        Raises:
            NotFoundError: there is none.
        """
        connector, version = self._of
        found = [
            job
            for job in self._catalogue.jobs()
            if job.readers.get(connector) == version and job.state not in OVER
        ]
        if not found:
            raise NotFoundError(
                f"version `{version}` of `{connector}` brought nothing that is here"
            )
        return found[::-1]

    def _view(self, jobs: list[JobRow], *, done: bool) -> WithdrawalView:
        sources = self._sources()
        connector, version = self._of
        readings = tuple(self._reading(job, sources.get(job.source)) for job in jobs)
        return WithdrawalView(
            connector=connector,
            version=version,
            readings=readings,
            items=sum(each.items for each in readings),
            done=done,
        )

    def _reading(self, job: JobRow, source: SourceRow | None) -> ReadingView:
        items = sum(1 for _ in rows_of(self._core.store, RECORDS, "job", job.id))
        return ReadingView(
            job=show(Kind.JOB, job.id),
            source=source.name if source else "",
            file=job.file,
            at=job.started,
            items=items,
            by_itself=source is not None and source.named,
        )

    def _sources(self) -> Mapping[SourceId, SourceRow]:
        return {each.id: each for each in self._catalogue.sources()}

    def _begin_anew(self, sources: set[SourceId]) -> None:
        """Let named sources be read from their beginning: first, so that a kill loses nothing."""
        teller = Teller(self._core.keys)
        for source in self._sources().values():
            if source.id in sources and source.named:
                event = Event(
                    kind=EventKind.SOURCE,
                    actor=Actor.OWNER,
                    subject=teller.subject,
                    source=source.id,
                    reason="withdrawn",
                )
                put = self._catalogue.put_source(replace(source, cursor="", shape=None))
                self._core.writer.commit(Work((put,), (teller.entry(event),)))

    def _cut(self, job: JobRow) -> None:
        """Take out the versions of a reading on which a later one stands, or that went since."""
        store = self._core.store
        mine = {found.row[0] for found in rows_of(store, RECORDS, "job", job.id)}
        under: list[Op] = [
            Delete(OLDER.name, (found.row[0], found.row[4]))
            for found in rows_of(store, OLDER, "job", job.id)
            if found.row[0] not in mine
        ]
        under += [
            Delete(IDENTITIES.name, (found.row[0],))
            for found in rows_of(store, IDENTITIES, "job", job.id)
            if found.row[1] not in mine
        ]
        for at in range(0, len(under), AT_ONCE):
            write(self._core, job, under[at : at + AT_ONCE], len(mine))
