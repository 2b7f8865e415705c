"""What an app keeps of its people beside profiles: records in collections, and what is shown of it.

- A record is a JSON object under an id that the app chose, in one collection, of one person.
- A collection has rules that the owner laid down: category, purposes, term, versions, field types.

Source: docs/spec/25-records-of-people.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sealhold.model.encoding import Plain
from sealhold.model.errors import SealholdError
from sealhold.model.ids import AppId, Collection, FieldName, Purpose, RecordId, SubjectId
from sealhold.model.quantities import Instant

Content = Mapping[str, Plain]  # a JSON object
Span = tuple[int | None, int | None]  # first and last byte; without a first, the last so many


class FieldKind(StrEnum):
    """What a member of a record's content may be."""

    TEXT = "text"
    NUMBER = "number"
    TRUTH = "truth"
    LIST = "list"
    OBJECT = "object"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldType:
    """What a collection asks of one member of its records."""

    kind: FieldKind
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionRule:
    """What the owner laid down for one collection of an app."""

    category: str  # which kind of personal data: a DPV-PD term such as `Location`
    sensitive: bool
    retention_days: int  # each version is kept for so long after it was written; 0: without end
    purposes: frozenset[Purpose]  # what for: these, and what lies within them
    versions: int  # how many older versions of a record are kept
    fields: Mapping[FieldName, FieldType]  # none: content may have any members


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionView:
    """A collection as it stands; version 0 while nothing was laid down."""

    app: AppId
    collection: Collection
    version: int
    rule: CollectionRule | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHead:
    """A version of a record, without its content."""

    subject: SubjectId
    collection: Collection
    id: RecordId
    version: int  # 1 when new, +1 with each change
    written_at: Instant
    retain_until: Instant  # 0: without end


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """A version of a record, open."""

    head: RecordHead
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    """Some records of a collection, by their ids, and where to go on."""

    records: tuple[RecordView, ...]
    after: RecordId | None  # none: these were the last


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsView:
    """The versions of a record that are kept, the newest first."""

    versions: tuple[RecordHead, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentHead:
    """An attachment of a record, without its content."""

    subject: SubjectId
    collection: Collection
    record: RecordId
    number: int
    version: int  # 1 when new, +1 with each other content
    size: int  # bytes
    written_at: Instant
    retain_until: Instant  # 0: without end


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentsView:
    """The attachments of a record, by their numbers."""

    attachments: tuple[AttachmentHead, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentView:
    """An attachment, open: its bytes from `start` to before `end`, piece by piece."""

    head: AttachmentHead
    media: str
    start: int
    end: int
    pieces: Iterator[bytes]  # each is opened when it is taken


class RecordPlace(NamedTuple):
    """Which record somebody means, and what for: texts as they came."""

    subject: str
    collection: str
    record: str
    purpose: str


class Reading(NamedTuple):
    """A read of a record as it came: a token, a place, and what for."""

    token: str
    place: RecordPlace


class Making(NamedTuple):
    """A new record as it came: a token, a place and what for, and the content."""

    token: str
    place: RecordPlace
    content: Content


@dataclass(frozen=True, slots=True)
class KeptLine:
    """The record that a line of many became."""

    subject: SubjectId
    id: RecordId
    version: int


@dataclass(frozen=True, slots=True)
class LineView:
    """What came of one line of many: a record, or why there is none."""

    line: int  # counts from 1
    came: KeptLine | SealholdError
