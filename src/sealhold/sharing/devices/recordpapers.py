"""A record, its source and its import as devices of one owner give them to each other.

- All of it travels inside the seals of a collection; types and lengths are checked all the same,
  since a device may be in other hands than its owner's.

Source: docs/spec/50-vault-in-sync.md section 3.
"""

from dataclasses import dataclass

from sealhold.connectors.spec import Item
from sealhold.model.encoding import Plain, pack, pack_item, unpack, unpack_item
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import ID_BYTES, Id16, JobId, SourceId
from sealhold.model.quantities import Instant
from sealhold.model.records import Record
from sealhold.vault.synced import JobTold, SourceTold

FORM = 1
MAX_RECORD = 67_108_864  # bytes
MAX_WORD = 64  # characters of the name of a dataset or connector
MAX_TEXT = 1_024  # of a file's name, a position or a source's own id of an item
MAX_TIME = 1 << 53


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTold:
    """A record as it travels."""

    item: Item
    source: SourceId
    job: JobId
    version: str  # of the connector that read it


def encoded(record: Record) -> bytes:
    """Return a record as it travels, inside a seal."""
    told = record.provenance
    content = pack_item(dict(record.fields), record.raw)
    of = [told.source, told.job, told.connector, told.connector_version]
    return pack([FORM, record.collection, content, *of, told.original_id, told.position])


def read(data: bytes) -> RecordTold:
    """Return a record that came.

    Raises:
        InvalidEncodingError: not as a record is told.
    """
    match unpack(data):
        case [
            1,
            str(dataset),
            bytes(content),
            bytes(source),
            bytes(job),
            str(connector),
            str(version),
            (str() | None) as original_id,
            str(position),
        ] if (
            len(source) == len(job) == ID_BYTES
            and all(_is_word(each) for each in (dataset, connector, version))
            and max(len(original_id or ""), len(position)) <= MAX_TEXT
        ):
            fields, raw = unpack_item(content)
        case _:
            raise InvalidEncodingError("a record is not told as it must be")
    # THREAT T520: what another device says is kept only if it is what an import could have given
    if not isinstance(fields, dict) or not all(type(name) is str for name in fields):
        raise InvalidEncodingError("a record has no fields")
    if pack_item(fields, raw) != content:
        raise InvalidEncodingError("the content of a record is not in its one form")
    item = Item(dataset=dataset, fields=fields, raw=raw, original_id=original_id, position=position)
    return RecordTold(
        item=item, source=SourceId(Id16(source)), job=JobId(Id16(job)), version=version
    )


def source_told(source: SourceTold) -> Plain:
    """Return a source as a note tells it."""
    return [FORM, source.name, source.connector, source.kind]


def read_source(id_: bytes, told: Plain) -> SourceTold:
    """Return the source that a note tells of.

    Raises:
        InvalidEncodingError: not as a source is told.
    """
    match told:
        case [1, str(name), str(connector), str(kind)] if (
            len(id_) == ID_BYTES
            and 0 < len(name) <= MAX_TEXT
            and _is_word(connector)
            and _is_word(kind)
        ):
            of = SourceId(Id16(id_))
            return SourceTold(id=of, name=name, connector=connector, kind=kind)
        case _:
            raise InvalidEncodingError("a source is not told as it must be")


def job_told(job: JobTold) -> Plain:
    """Return an import as a note tells it."""
    return [FORM, job.source, job.file, job.what, job.started]


def read_job(id_: bytes, told: Plain) -> JobTold:
    """Return the import that a note tells of.

    Raises:
        InvalidEncodingError: not as an import is told.
    """
    match told:
        case [1, bytes(source), str(file), str(what), int(started)] if (
            len(id_) == len(source) == ID_BYTES
            and max(len(file), len(what)) <= MAX_TEXT
            and 0 <= started < MAX_TIME
        ):
            return JobTold(
                id=JobId(Id16(id_)),
                source=SourceId(Id16(source)),
                file=file,
                what=what,
                started=Instant(started),
            )
        case _:
            raise InvalidEncodingError("an import is not told as it must be")


def _is_word(text: str) -> bool:
    return 0 < len(text) <= MAX_WORD and text.isascii() and text.isprintable()
