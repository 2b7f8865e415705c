"""Stages of a document, and how they are kept in the lineage that begins without some words.

- A stage tells who wrote when, how much, and how far the document was then; it tells no words.

Source: docs/spec/48-documents.md sections 11 and 12.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidEncodingError, InvalidError
from sealhold.model.ids import ID_BYTES
from sealhold.sharing.devices.docops import MAX_AUTHOR, MAX_COUNT
from sealhold.sharing.devices.docversions import Version
from sealhold.sharing.devices.logicaltime import LogicalTime, checked_time

MAX_ID = 32  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A document right after somebody wrote in it.

    `id`: the same on all devices; of the first stage it is `0`.
    `device`: who wrote, by the log that it stands in; 16 bytes.
    `why`: what else than edits it came of; else empty.
    `version`: all that is in the document then.
    `inserted`, `deleted`: code points of texts. `values`: values that were set, moved or taken out.
    """

    id: str
    time: LogicalTime
    device: bytes
    why: str
    version: Version
    inserted: int = 0
    deleted: int = 0
    values: int = 0


def told_stages(stages: Iterable[Stage]) -> list[Plain]:
    """Return stages as they are kept: of each version, what is new in it."""
    told: list[Plain] = []
    before: Version = {}
    for each in stages:
        new = [[who, end] for who, end in sorted(each.version.items()) if before.get(who) != end]
        counts = [each.inserted, each.deleted, each.values]
        told.append([each.id, each.time.ms, each.time.step, each.device, each.why, new, counts])
        before = each.version
    return told


def read_stages(told: Iterable[Plain]) -> tuple[Stage, ...]:
    """Return stages that were kept.

    Raises:
        InvalidEncodingError: not as they are kept.
    """
    # THREAT T513: a device that erases writes the past of others: who, when, how much, and no words
    found: list[Stage] = []
    version: dict[int, int] = {}
    for each in told:
        match each:
            case [str(id_), int(ms), int(step), bytes(device), str(why), list(new), list(counts)]:
                version = {**version, **dict(_end(one) for one in new)}
            case _:
                raise InvalidEncodingError("a stage of a document is not as it is kept")
        if len(id_) > MAX_ID or len(why) > MAX_ID or len(device) != ID_BYTES:
            raise InvalidEncodingError("a stage of a document is not as it is kept")
        try:
            time = checked_time(ms, step)
        except InvalidError as err:
            raise InvalidEncodingError("a stage of a document at no time") from err
        inserted, deleted, values = _counts(counts)
        found.append(
            Stage(
                id=id_,
                time=time,
                device=device,
                why=why,
                version=version,
                inserted=inserted,
                deleted=deleted,
                values=values,
            )
        )
    return tuple(found)


def _end(told: Plain) -> tuple[int, int]:
    match told:
        case [int(author), int(end)] if 0 <= author <= MAX_AUTHOR and 0 < end <= MAX_COUNT:
            return author, end
        case _:
            raise InvalidEncodingError("a version tells authors and numbers")


def _counts(told: list[Plain]) -> tuple[int, int, int]:
    match told:
        case [int(inserted), int(deleted), int(values)] if min(inserted, deleted, values) >= 0:
            return inserted, deleted, values
        case _:
            raise InvalidEncodingError("a stage of a document counts what was done")
