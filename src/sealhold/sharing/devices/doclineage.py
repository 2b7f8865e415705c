"""What a document begins from, and how edits of it are sealed inside an operation.

- A lineage is an object of its own without a name: its keys are dropped when it is erased, and with
  them all edits that were sealed for it.
- A document names the lineage that it goes on in, and what of each author is in there already.

Source: docs/spec/48-documents.md section 11.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sealhold.crypto.digest import framed
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import open_once, seal_once
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import InvalidEditError, InvalidEncodingError
from sealhold.model.ids import ID_BYTES
from sealhold.sharing.devices.contents import INLINE
from sealhold.sharing.devices.docops import MAX_AUTHOR, MAX_COUNT
from sealhold.sharing.devices.docstages import Stage, read_stages, told_stages
from sealhold.sharing.devices.docversions import Span, Version

FORM = 1


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a document goes on.

    `version`: what of each author is in the snapshot that the lineage begins with.
    """

    id: bytes  # 16
    version: Version


@dataclass(frozen=True, slots=True)
class Base:
    """What a lineage begins with.

    `gone`: units whose text or value was erased.
    `snapshot`: as `Document.snapshot`, or nothing.
    `past`: the stages whose versions are in the snapshot, in order.
    """

    gone: tuple[Span, ...]
    snapshot: bytes
    past: tuple[Stage, ...] = ()


def packed_lineage(lineage: Lineage) -> bytes:
    """Return what stands in a version of a document.

    Raises:
        InvalidEditError: of so many authors that it does not stand in a version.
    """
    ends = [[author, end] for author, end in sorted(lineage.version.items())]
    told = pack([FORM, lineage.id, ends])
    if len(told) > INLINE:
        raise InvalidEditError("a document of too many authors")
    return told


def unpacked_lineage(told: bytes) -> Lineage:
    """Return where a document goes on.

    Raises:
        InvalidEncodingError: not what stands in a version of a document.
    """
    match unpack(told):
        case [1, bytes(lineage), list(ends)] if len(lineage) == ID_BYTES:
            return Lineage(lineage, dict(_end(each) for each in ends))
        case _:
            raise InvalidEncodingError("a document names its lineage")


def packed_base(base: Base) -> bytes:
    """Return the content of a lineage."""
    gone = [list(span) for span in base.gone]
    return pack([FORM, gone, base.snapshot, told_stages(base.past)])


def unpacked_base(data: bytes) -> Base:
    """Return what a lineage begins with.

    Raises:
        InvalidEncodingError: not the content of a lineage.
    """
    match unpack(data):
        case [1, list(gone), bytes(snapshot), list(past)]:
            return Base(tuple(_span(each) for each in gone), snapshot, read_stages(past))
        case _:
            raise InvalidEncodingError("a lineage begins with a snapshot")


def covered(spans: Iterable[Span], by: Iterable[Span]) -> bool:
    """Return whether each unit of `spans` is in one stretch of `by`."""
    held = list(by)
    return all(
        any(author == other and begin <= first and end <= until for other, begin, until in held)
        for author, first, end in spans
    )


def merged(*many: Iterable[Span]) -> tuple[Span, ...]:
    """Return all units of these as the fewest spans, in order."""
    found: list[Span] = []
    for author, first, end in sorted(span for spans in many for span in spans):
        if found and found[-1][0] == author and first <= found[-1][2]:
            found[-1] = (author, found[-1][1], max(end, found[-1][2]))
        else:
            found.append((author, first, end))
    return tuple(found)


def seal_edits(
    entry: bytes, collection: bytes, lineage: bytes, key: Secret, entropy: Entropy
) -> bytes:
    """Return an entry of a document sealed under the key of its lineage, its salt of 16 before."""
    salt = entropy(ID_BYTES)
    place = framed(Tag.DOCUMENT_EDITS, collection, lineage)
    return salt + seal_once(derive(key, Tag.DOCUMENT_EDITS, salt), entry, place)


def open_edits(sealed: bytes, collection: bytes, lineage: bytes, key: Secret) -> bytes:
    """Return the entry that was sealed.

    Raises:
        SealBrokenError: changed, or of another document or lineage.
    """
    # THREAT T503: edits of one document open in no other, and in none that follows an erasure
    place = framed(Tag.DOCUMENT_EDITS, collection, lineage)
    return open_once(derive(key, Tag.DOCUMENT_EDITS, sealed[:ID_BYTES]), sealed[ID_BYTES:], place)


def _end(told: Plain) -> tuple[int, int]:
    match told:
        case [int(author), int(end)] if 0 <= author <= MAX_AUTHOR and 0 < end <= MAX_COUNT:
            return author, end
        case _:
            raise InvalidEncodingError("a version tells authors and numbers")


def _span(told: Plain) -> Span:
    match told:
        case [int(author), int(first), int(end)] if (
            0 <= author <= MAX_AUTHOR and 0 <= first < end <= MAX_COUNT
        ):
            return author, first, end
        case _:
            raise InvalidEncodingError("a span tells an author and two numbers")
