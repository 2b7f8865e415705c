"""What the owner said about tables: kept sealed, found again by a table's header.

- A mapping is a source of its own: bookings of every file with its header are that source's, so
  files that overlap add nothing twice.
- The header is read where every file is read: in the cell. A file that is signed is not mapped.
- Without the mapping such files are rows again; what came by it stays until its job is undone.

Source: docs/spec/44-money-and-mail.md section 5.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.connectors.frames import Known, Members, Portion
from sealhold.connectors.rows import table_of
from sealhold.connectors.runner import Reader
from sealhold.connectors.spec import Batch
from sealhold.connectors.tablemap import (
    TableMap,
    guess,
    map_from,
    map_plain,
    mapped,
    propose,
    samples,
    texts_of,
)
from sealhold.model.errors import ConflictError, NotFoundError, UnreadableSourceError
from sealhold.model.ids import SourceId, timed_id
from sealhold.model.shown import MapPreview, TableLook
from sealhold.stores.spec import Op
from sealhold.vault.catalogue import Catalogue, SourceRow
from sealhold.vault.core import Core
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

CONNECTOR = "csv"
SHOWN = 10  # rows of a preview


class TableMaps:
    """The mappings of one vault."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._catalogue = Catalogue(core.store, core.papers, core.owner)
        self._teller = Teller(core.keys)

    def all(self) -> list[SourceRow]:
        """Return the source of each mapping."""
        return [source for source in self._catalogue.sources() if "map" in source.settings]

    def of_header(self, header: tuple[str, ...]) -> SourceRow | None:
        """Return the source of the mapping for a header, or None without one."""
        same = (each for each in self.all() if _map_of(each).header == header)
        return next(same, None)

    def names(self) -> tuple[str, ...]:
        """Return what each mapping is called."""
        return tuple(sorted(source.name for source in self.all()))

    def look(self, path: Path, reader: Reader) -> TableLook:
        """Return the columns of the table at `path`, with samples and what each may be.

        Raises:
            UnreadableSourceError: the file is no table.
        """
        _, rows = _table(path, reader)
        source = self.of_header(tuple(rows[0])) if rows else None
        return TableLook(
            samples=samples(rows),
            guess=guess(rows),
            mapping="" if source is None else source.name,
        )

    def preview(self, path: Path, said: Mapping[str, str], reader: Reader) -> MapPreview:
        """Return the mapping that the owner's words make for the table at `path`.

        Raises:
            InvalidError: the words do not fit the table, or leave open how it is written.
            UnreadableSourceError: the file is no table.
        """
        batch, rows = _table(path, reader)
        table = propose(rows, said)
        found = mapped(batch, table)
        return MapPreview(
            name=f"bookings by {table_of(table.header)}",
            settings=map_plain(table),
            bookings=tuple(item.fields for item in found.items[:SHOWN]),
            rows=len(found.items) + len(found.rejects),
            skipped=len(found.rejects),
        )

    def keep(self, preview: MapPreview) -> SourceRow:
        """Keep a mapping: files with its header become bookings from now on.

        Raises:
            ConflictError: there is one for this header.
        """
        if self.of_header(map_from(preview.settings).header) is not None:
            raise ConflictError("there is a mapping for this header; forget it first")
        now = self._core.clock()
        settings = {"map": dict(preview.settings), "since": now}
        names = {each.name for each in self._catalogue.sources()}
        number = next(
            n for n in range(1, len(names) + 2) if _numbered(preview.name, n) not in names
        )
        source = SourceRow(
            id=SourceId(timed_id(now, self._core.entropy)),
            name=_numbered(preview.name, number),
            connector=CONNECTOR,
            settings=settings,
        )
        self._commit(source, "mapped", self._catalogue.put_source(source))
        return source

    def find(self, name: str) -> SourceRow:
        """Return the source of a mapping.

        Raises:
            NotFoundError: there is none of that name.
        """
        source = next((each for each in self.all() if each.name == name), None)
        if source is None:
            raise NotFoundError(f"no mapping `{name}`")
        return source

    def forget(self, name: str) -> SourceRow:
        """Forget a mapping; what came by it stays.

        Raises:
            NotFoundError: there is none of that name.
        """
        source = self.find(name)
        op: Op = self._catalogue.drop_source(source.id)
        if self._catalogue.jobs_of_source(source.id):  # its items name it
            op = self._catalogue.put_source(replace(source, settings={}))
        self._commit(source, "mapping forgotten", op)
        return source

    def _commit(self, source: SourceRow, reason: str, op: Op) -> None:
        event = Event(
            kind=EventKind.SOURCE,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            source=source.id,
            reason=reason,
        )
        self._core.writer.commit(Work((op,), (self._teller.entry(event),)))


class MappingReader:
    """A reader that gives bookings of tables that their owner mapped."""

    def __init__(self, reader: Reader, maps: TableMaps) -> None:
        self._reader = reader
        self._maps = maps
        self._found: dict[Path, SourceRow] = {}

    def members(self, path: Path) -> Members:
        """Return what an archive holds.

        Raises:
            UnreadableSourceError: it cannot be opened, is broken, or leads out of itself.
        """
        return self._reader.members(path)

    def detect(self, path: Path) -> Known:
        """Return which source reads the file, and under which mapping.

        Raises:
            UnreadableSourceError: none does, or the file cannot be opened.
        """
        known = self._reader.detect(path)
        self._found.pop(path, None)
        if known.source != CONNECTOR or not self._maps.all():
            return known
        told = map(texts_of, _first(path, self._reader).items)
        source = self._maps.of_header(next((tuple(each) for each in told if each), ()))
        if source is None:
            return known
        self._found[path] = source
        since = source.settings["since"]
        return msgspec.structs.replace(
            known, version=f"{known.version} map {since}", what=f"{known.what}, as bookings"
        )

    def read(self, path: Path, source_name: str, cursor: str | None) -> Iterator[Portion]:
        """Yield the content, rows as bookings if there is a mapping for them.

        Raises:
            UnreadableSourceError: as the reader says.
        """
        source = self._found.get(path)
        for portion in self._reader.read(path, source_name, cursor):
            if source is None:
                yield portion
            else:
                yield Portion(mapped(portion.batch, _map_of(source)), portion.bytes_read)

    def source_of(self, path: Path) -> SourceRow | None:
        """Return the source of the mapping under which a file was told, or None."""
        return self._found.get(path)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name} {number}"


def _map_of(source: SourceRow) -> TableMap:
    return map_from(source.settings["map"])


def _table(path: Path, reader: Reader) -> tuple[Batch, list[dict[str, str]]]:
    """Return the first batch of a table, and its rows as texts.

    Raises:
        UnreadableSourceError: the file is no table.
    """
    if reader.detect(path).source != CONNECTOR:
        raise UnreadableSourceError(f"`{path.name}` is no table")
    batch = _first(path, reader)
    return batch, [texts for item in batch.items if (texts := texts_of(item)) is not None]


def _first(path: Path, reader: Reader) -> Batch:
    """Return the first batch of a table, empty if it has none."""
    for portion in reader.read(path, CONNECTOR, None):
        return portion.batch
    return Batch(items=[], rejects=[], cursor="")
