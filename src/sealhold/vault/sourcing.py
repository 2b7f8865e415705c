"""The owner's sources: files read in, jobs listed, an import taken back.

- Reading happens in a jail that is started for one import and ended with it.

Source: docs/spec/18-connectors.md section 4.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sealhold.connectors import runner
from sealhold.connectors.members import member_of, size_of
from sealhold.connectors.runner import Progress, Reader
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.shown import ImportReport, MapPreview, Recognised, SourceView, TableLook
from sealhold.model.shown.snapshots import WithdrawalView
from sealhold.vault.catalogue import Catalogue, JobRow
from sealhold.vault.core import Core
from sealhold.vault.importing import ImportSink, file_report
from sealhold.vault.index import Index
from sealhold.vault.objects import Objects
from sealhold.vault.signed import Signer, reading, signer_of
from sealhold.vault.undoing import undo

if TYPE_CHECKING:
    from sealhold.vault.steering import Steering
    from sealhold.vault.tablemaps import MappingReader, TableMaps

Cell = Callable[[], AbstractContextManager[Reader]]


class Sources:
    """Where a vault's data comes from."""

    def __init__(
        self,
        core: Core,
        index: Index,
        objects: Objects,
        cell: Cell,
        per_file: Callable[[str], bool],
        seconds: Callable[[], float],
        steered: Callable[[], "Steering"],
    ) -> None:
        self._core = core
        self._index = index
        self._objects = objects
        self._cell = cell
        self._per_file = per_file
        self._seconds = seconds
        self._catalogue = Catalogue(core.store, core.papers, core.owner)
        self.turn = Lock()  # one at a time: two would number the same segment of the index
        self._steered = steered
        self._places: Steering | None = None

    @property
    def places(self) -> "Steering":
        """What their owner does about places that are read again and again."""
        if self._places is None:
            self._places = self._steered()
        return self._places

    def list(self) -> tuple[SourceView, ...]:
        """Return each source once, the one that ran last first."""
        return self._catalogue.shown()

    def import_file(
        self, name: str, path: Path, progress: Callable[[int, int], None]
    ) -> ImportReport:
        """Read the file at `path`, called `name` by its owner, into the vault.

        A file that no connector reads is reported, not raised.
        """

        def watch(step: Progress) -> None:
            progress(step.bytes_read, step.bytes_total)

        return self._run([path], watch, {path: name})

    def import_paths(
        self,
        paths: Iterable[Path],
        watch: Callable[[Progress], None] | None = None,
        signed_by: bytes | None = None,
        *,
        accept: bool = False,
    ) -> ImportReport:
        """Read files, and all files in folders, into the vault.

        With `signed_by`, a 32-byte Ed25519 key, a file is read if a signature by it lies beside it.
        With `accept`, a source may have another shape than it had so far.

        Raises:
            InvalidError: `signed_by` is no key.
        """
        return self._run(paths, watch, {}, signer_of(signed_by), accept=accept)

    @property
    def maps(self) -> "TableMaps":
        """What the owner said about tables."""
        from sealhold.vault.tablemaps import TableMaps  # noqa: PLC0415  # reason: seldom used

        return TableMaps(self._core)

    def recognise(self, files: Mapping[Path, str]) -> tuple[Recognised, ...]:
        """Return what each file is, called so by its owner; of an archive, each in it.

        Nothing is taken in.
        """
        from sealhold.vault.tablemaps import MappingReader  # noqa: PLC0415  # reason: as above

        with self.turn, self._cell() as cell:
            reader = MappingReader(cell, self.maps)
            return tuple(
                _recognised(each, name, reader)
                for path, name in files.items()
                for each in runner.inside(path, reader)
            )

    def table_look(self, path: Path) -> TableLook:
        """Return the columns of the table at `path`, with samples and what each may be.

        Raises:
            UnreadableSourceError: the file is no table.
        """
        with self.turn, self._cell() as cell:
            return self.maps.look(path, cell)

    def map_preview(self, path: Path, said: Mapping[str, str]) -> MapPreview:
        """Return what the table at `path` would be as bookings, by what the owner says of it.

        Raises:
            InvalidError: the words do not fit the table, or leave open how it is written.
            UnreadableSourceError: the file is no table.
        """
        with self.turn, self._cell() as cell:
            return self.maps.preview(path, said, cell)

    def jobs(self) -> tuple[JobRow, ...]:
        """Return every job, oldest first."""
        return tuple(self._catalogue.jobs())

    def job(self, id_text: str) -> JobRow:
        """Return one job.

        Raises:
            NotFoundError: there is none of that id.
        """
        return self._catalogue.find_job(id_text)

    def undo(self, job: JobRow) -> int:
        """Take back what a job brought, and return how many items that were.

        Raises:
            ConflictError: it was undone before, or a later job changed its items.
        """
        with self.turn:
            return undo(self._core, self._index, job)

    def withdrawn(self, connector: str, version: str, *, preview: bool) -> WithdrawalView:
        """Take back what one version of a connector brought, or only tell what that is.

        Raises:
            NotFoundError: it brought nothing that is here.
            AuditUnavailableError: the log cannot be written; what was told as undone is.
        """
        from sealhold.vault.withdrawal import Withdrawal  # noqa: PLC0415  # reason: seldom used

        with self.turn:
            of = Withdrawal(self._core, self._index, connector, version)
            return of.look() if preview else of.carry_out()

    def _run(
        self,
        paths: Iterable[Path],
        watch: Callable[[Progress], None] | None,
        names: dict[Path, str],
        signer: Signer | None = None,
        *,
        accept: bool = False,
    ) -> ImportReport:
        from sealhold.vault.tablemaps import MappingReader  # noqa: PLC0415  # reason: as above

        started = self._seconds()
        with self.turn, self._cell() as cell:
            mapping = MappingReader(cell, self.maps)
            sink = ImportSink(
                self._core,
                self._index,
                self._objects,
                self._per_file,
                names,
                signer,
                accept=accept,
                source_of=mapping.source_of,
            )
            # what a key signed is taken as it is signed
            reader = mapping if signer is None else reading(cell, signer)
            try:
                results = [*runner.run(paths, reader, sink, watch)]
            finally:
                sink.leave()
        files = tuple(file_report(result, sink.name(result.path)) for result in results)
        return ImportReport(
            files=files,
            new=sum(file.new for file in files),
            changed=sum(file.changed for file in files),
            same=sum(file.same for file in files),
            rejected=sum(file.rejected for file in files),
            unreadable=sum(result.known is None for result in results),
            seconds=self._seconds() - started,
            by_collection=dict(sink.new),
        )


def _recognised(found: runner.Inside, name: str, reader: "MappingReader") -> Recognised:
    member, what, why, is_table = member_of(found.path), "", found.why, False
    size = 0
    try:
        size = size_of(found.path)
        if not why:
            known = reader.detect(found.path)
            what = known.what
            is_table = known.source == "csv" and reader.source_of(found.path) is None
    except UnreadableSourceError as err:
        why = str(err)
    except OSError:
        why = "the file cannot be opened"
    full = name if member is None else f"{name}/{member}"
    # a table in an archive stays rows: its mapping is made from the file itself
    return Recognised(
        name=full, size=size, what=what, why=why, is_table=is_table and member is None
    )
