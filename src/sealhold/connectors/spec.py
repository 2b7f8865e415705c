"""What a connector promises: the contract of each file in `sources/`.

- A connector is pure: no key, clock, entropy, hash or socket. It gets an open file and says what
  it found. It runs in a jailed process, because parsers of hostile formats break.
- It drops nothing silently: what it cannot map is a `Reject` with position and reason.
- It yields in the input's order, and the same bytes give the same rows; positions are stable.
- A cursor is its own: given again with the same bytes, rows go on after it, no gap, no double.

Source: docs/spec/18-connectors.md. Suite: tests/conformance/test_connectors.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, ClassVar, Protocol

import msgspec

from sealhold.model.encoding import Plain
from sealhold.model.records import Dataset

SNIFF_BYTES = 65_536  # a format is known by its content: this much of its beginning
BATCH_ROWS = 4_000  # rows per batch: one commit each, so a kill costs at most this much work
BATCH_BYTES = 4_194_304  # and at most this much content, so that a batch fits one commit


class Why(StrEnum):
    """Why an item is not a row."""

    MALFORMED = "malformed"  # not what the format says
    NO_TIME = "no_time"  # a trip or event without any time
    TOO_LARGE = "too_large"  # over a limit of the connector
    UNSUPPORTED = "unsupported"  # valid, but nothing that this dataset holds
    ENCODING = "encoding"  # bytes that are no text in the declared or proven charset


class Item(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One natural object, mapped. Travels from the jail as msgpack, so it is a Struct."""

    dataset: str
    fields: dict[str, Plain]
    raw: Plain  # what is not lost; None if the fields say all
    original_id: str | None  # the source's own name of it
    position: str
    coarse: bool = False  # less exact than other items of that name: it replaces none of them


class Reject(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An item that is not a row: it is told of and not kept; the source's file still holds it."""

    position: str
    why: Why
    detail: str  # says what is wrong without quoting data
    raw: bytes  # at most 4 KiB of the item, for who mends the source; goes no further


class Batch(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What was read since the last batch, and where to go on."""

    items: list[Item]
    rejects: list[Reject]
    cursor: str  # opaque to everybody else


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """How sure a connector is that a file is its own: 0 no, 100 certain by a magic or root tag."""

    sure: int
    what: str  # what it found: `GPX 1.1`, `CSV, 7 columns, comma`


class Source(Protocol):
    """Reads one file format.

    A class is made without an argument, or with the number of rows that its batches may have. One
    whose files do not say what they are of may have `per_file = True`: equal items of two files of
    different names are then two.
    """

    name: ClassVar[str]  # `gpx`
    version: ClassVar[str]  # raised whenever the same bytes give other rows
    datasets: ClassVar[tuple[Dataset, ...]]

    def sniff(self, head: bytes, file_name: str) -> Guess:
        """Return how sure this is the format, from the first bytes; the name is a hint only."""
        ...

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        """Yield the file's content, from after `cursor` if one is given.

        Raises:
            UnreadableSourceError: the file as a whole is broken; what was yielded stands.
        """
        ...
