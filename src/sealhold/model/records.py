"""What a person's data is made of here: one record per natural object, and where it came from.

- A record is one object of the leakage ledger: a trip, a message, a booking. The connector chose
  that granularity, and says why in its dataset.
- Fields are plain values; the raw item stands beside them, so what is not mapped is not lost.
- An instant is UTC; the offset that the source wrote stands beside it, or `None` if unknown.

Source: docs/spec/01-encoding.md section 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from sealhold.model.encoding import Plain
from sealhold.model.ids import AppId, Collection, FieldName, JobId, RecordId, SourceId, SubjectId


class Sensitivity(IntEnum):
    """How much harm a leak of a collection could do."""

    PUBLIC = 0  # already published by the person
    ORDINARY = 1  # contacts, plays
    INTIMATE = 2  # places, messages, money
    SPECIAL = 3  # health and the other categories of Art 9 GDPR


class ColumnType(StrEnum):
    """What a field holds; the value is its type in the owner's SQL."""

    TEXT = "VARCHAR"
    INTEGER = "BIGINT"
    FLOAT = "DOUBLE"
    DECIMAL = "DECIMAL(18,4)"  # kept as exact text: `-12.50`
    BOOL = "BOOLEAN"
    INSTANT = "TIMESTAMP"  # kept as milliseconds since 1970, UTC
    LIST = "JSON"  # kept as a list


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field of a dataset."""

    name: FieldName
    type: ColumnType
    about: str  # unit and meaning, in a few words
    searchable: bool = False  # its words enter the word index


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A stable name with a documented schema; queries and tasks know nothing else of a source."""

    name: Collection
    columns: tuple[Column, ...]
    time_column: FieldName | None
    natural_key: tuple[FieldName, ...]
    sensitivity: Sensitivity
    granularity: str  # what one object is, and why: "a trip, because ..."
    title: FieldName | None = None  # what lists call an item by; else its first searchable text


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a record version came from."""

    source: SourceId
    job: JobId
    connector: str
    connector_version: str
    original_id: str | None  # the source's own name of the item
    position: str  # where in the input: `trk 2 seg 1`, `line 17`
    content_hash: bytes  # 32 bytes, keyed by the subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One version of one record, open. Only the firewall hands these out."""

    id: RecordId
    app: AppId
    subject: SubjectId
    collection: Collection
    version: int  # 1 for the first
    fields: Mapping[str, Plain]
    raw: Plain  # the item as the source gave it, or None
    provenance: Provenance
