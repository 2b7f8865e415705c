"""Files that are handed to the sample vault: a track, a table, and what nobody knows."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sealhold.connectors.rows import table_of
from sealhold.connectors.spec import Batch, Item
from sealhold.connectors.tablemap import guess, map_plain, mapped, propose, samples
from sealhold.frontends.sourceseam import Progress
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.ids import Collection, JobId
from sealhold.model.shown import (
    FileReport,
    ImportReport,
    MapPreview,
    Recognised,
    RejectView,
    SourceView,
    TableLook,
)
from tests.web import sample_data as data
from tests.web.sample_places import SampleMappings, SamplePlaces
from tests.web.sample_sources import sources
from tests.web.sample_state import Part

UNKNOWN = "no connector knows this content"


class SampleSources(Part):
    """Where the data comes from."""

    @property
    def maps(self) -> SampleMappings:
        return SampleMappings(self._vault)

    @property
    def places(self) -> SamplePlaces:
        return SamplePlaces(self._vault)

    def list(self) -> tuple[SourceView, ...]:
        return tuple(self._vault.source_views)

    def recognise(self, files: Mapping[Path, str]) -> tuple[Recognised, ...]:
        return tuple(_recognised(path.read_bytes(), name) for path, name in files.items())

    def table_look(self, path: Path) -> TableLook:
        rows = _rows(path)
        return TableLook(samples=samples(rows), guess=guess(rows), mapping="")

    def map_preview(self, path: Path, said: Mapping[str, str]) -> MapPreview:
        rows = _rows(path)
        table = propose(rows, said)
        items = [_item(number, row) for number, row in enumerate(rows)]
        found = mapped(Batch(items=items, rejects=[], cursor=""), table)
        return MapPreview(
            name=f"bookings by {table_of(table.header)}",
            settings=map_plain(table),
            bookings=tuple(item.fields for item in found.items[:10]),
            rows=len(rows),
            skipped=len(found.rejects),
        )

    def import_file(self, name: str, path: Path, progress: Progress) -> ImportReport:
        content = path.read_bytes()
        progress(len(content), len(content))
        is_track = b"<gpx" in content
        reject = RejectView(position="trk 2", why="no_time", detail="no point has a time")
        report = FileReport(
            name=name,
            what="GPX 1.1" if is_track else "no format that a connector reads",
            job=JobId(data.id_of(name)) if is_track else None,
            new=12 if is_track else 0,
            changed=0,
            same=2 if is_track else 0,
            rejects=(reject,) if is_track else (),
            rejected=1 if is_track else 0,
            error=None if is_track else UNKNOWN,
            remedy=None if is_track else "Export it as GPX, iCalendar, vCard, mbox, OFX or CSV.",
        )
        if is_track:
            self._vault.item_lines = self._vault.item_lines or data.items(self._vault.stranger)
            self._vault.source_views.insert(0, replace(sources()[1], name=name))
        return ImportReport(
            files=(report,),
            new=report.new,
            changed=0,
            same=report.same,
            rejected=report.rejected,
            unreadable=0 if is_track else 1,
            seconds=0.2,
            by_collection={Collection("trips"): report.new} if is_track else {},
        )


def _recognised(content: bytes, name: str) -> Recognised:
    is_table = b";" in content and b"<gpx" not in content
    what = "GPX 1.1" if b"<gpx" in content else "CSV, 3 columns" if is_table else ""
    return Recognised(
        name=name,
        size=len(content),
        what=what,
        why="" if what else UNKNOWN,
        is_table=is_table,
    )


def _rows(path: Path) -> list[dict[str, str]]:
    head, *lines = path.read_text().splitlines()
    if ";" not in head:
        raise UnreadableSourceError("this is no table")
    return [dict(zip(head.split(";"), line.split(";"), strict=True)) for line in lines]


def _item(number: int, row: dict[str, str]) -> Item:
    return Item(
        dataset="rows",
        fields={"cells": dict(row)},
        raw=list(row.values()),
        original_id=None,
        position=f"row {number}",
    )
