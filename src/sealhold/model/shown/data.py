"""What is shown of the owner's data: sources, imports, search hits, items.

Source: docs/spec/20-faces.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sealhold.model.encoding import Plain
from sealhold.model.ids import Collection, JobId, RecordId, SourceId
from sealhold.model.quantities import Instant
from sealhold.model.records import Column, Provenance
from sealhold.model.shown.happened import LedgerLine


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """Where data came from."""

    id: SourceId
    name: str
    connector: str
    state: str  # done | done_with_rejects | running | failed
    last_run: Instant | None
    items: int
    rejected: int
    error: str | None
    remedy: str | None
    kind: str = "file"  # `file`: handed in; else a place that is read again
    mode: str = "archive"  # archive | federate
    place: str = ""  # where it lies, as its owner said
    schedule: str = ""
    reached: Instant | None = None
    due: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectView:
    """One item that was skipped, and why."""

    position: str
    why: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What became of one file of an import."""

    name: str
    what: str  # "GPX 1.1", or what was found instead
    job: JobId | None
    new: int
    changed: int
    same: int
    rejects: tuple[RejectView, ...]
    rejected: int  # all of them; `rejects` holds the first 20
    error: str | None
    remedy: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of an import."""

    files: tuple[FileReport, ...]
    new: int
    changed: int
    same: int
    rejected: int
    unreadable: int
    seconds: float
    by_collection: Mapping[Collection, int]  # new items


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPreview:
    """What a table would be as bookings, by what its owner says of its columns."""

    name: str  # of the mapping
    settings: Mapping[str, Plain]  # the mapping, as it would be kept
    bookings: tuple[Mapping[str, Plain], ...]  # the first 10
    rows: int  # that were looked at
    skipped: int  # of them


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLook:
    """A table before its owner said what its columns are."""

    samples: Mapping[str, tuple[str, ...]]  # column to its first 3 different texts, in order
    guess: Mapping[str, str]  # role to column, as names and values suggest it
    mapping: str  # the name of the mapping for its header; empty without one


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What a file is, before anything of it is taken in."""

    name: str  # as its owner called it; of a member of an archive, behind the archive's
    size: int  # bytes
    what: str  # `GPX 1.1`; empty if no connector reads it
    why: str  # why not
    is_table: bool  # a table whose columns nobody has said the meaning of


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """One item in a list or among search hits."""

    id: RecordId
    collection: Collection
    at: Instant | None
    title: str
    snippet: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """What a search or a timeline page found."""

    items: tuple[ItemLine, ...]
    total: int
    by_collection: Mapping[Collection, int]
    cursor: str | None  # where the next page begins


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubleView:
    """What another source has of the same thing; both stand."""

    id: RecordId
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One item, open, with its history of versions and uses."""

    id: RecordId
    collection: Collection
    version: int
    at: Instant | None
    title: str
    fields: tuple[tuple[Column, Plain], ...]
    raw: Plain
    provenance: Provenance
    source: str
    uses: tuple[LedgerLine, ...]
    also: tuple[DoubleView, ...] = ()  # the same trip, as other sources saw it
