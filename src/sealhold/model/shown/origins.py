"""Where an item is from, as the faces show it.

Source: docs/spec/41-snapshots.md section 3.
"""

from dataclasses import dataclass

from sealhold.model.ids import Collection, JobId, RecordId
from sealhold.model.quantities import Instant
from sealhold.model.shown.data import DoubleView


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """One version of an item, and the reading that brought it."""

    version: int
    job: JobId
    file: str  # as its owner called it; empty if the job is not known any more
    at: Instant | None  # when the reading began
    input: str  # 32 hex digits: keyed, of the bytes that were read and the connector's version
    snapshot: int | None  # the number of the first one that tells of the reading


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginView:
    """Where an item is from."""

    id: RecordId
    collection: Collection
    version: int  # the newest, which all but `versions` is about
    source: str
    connector: str
    connector_version: str
    position: str  # in the input
    original_id: str | None  # the source's own name of the item
    content: str  # 64 hex digits: keyed, of the item's content
    versions: tuple[VersionView, ...]  # the newest first
    also: tuple[DoubleView, ...] = ()  # the same trip, as other sources saw it


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeView:
    """An item that a connector made."""

    id: RecordId
    collection: Collection
    connector_version: str
    job: JobId
