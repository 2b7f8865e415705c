"""Third parties' files: the versions that are kept, the last try of each, and which were bound.

- A file's place is a keyed tag of its address, its pin and its largest size; a version in it has a
  number. The content lies in packs, like that of any larger record, and the row names its chunks.
- A series is what one function is under all the versions of its files; its turns are the tuples
  of digests that were bound, in their order. A turn is written once.
- All of these rows decide: one that was put back to an older state would let a tuple return.

Source: docs/spec/08-task-manifest.md section 9.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sealhold.model.quantities import Instant
from sealhold.stores.spec import ColumnKind, Expect, Found, Op, Put, TableSpec
from sealhold.vault.deciding import Deciding
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.papers import Papers

RESOURCES = TableSpec(
    name="resource",
    columns={
        "place": ColumnKind.TAG16,
        "serial": ColumnKind.I64,
        "digest": ColumnKind.HASH32,  # of the content, as it was fetched
        "size": ColumnKind.I64,
        "at": ColumnKind.I64,
        "paper": ColumnKind.SEALED,
    },
    key=("place", "serial"),
    indexes={},
)
TRIES = TableSpec(
    name="fetchtry",
    columns={"place": ColumnKind.TAG16, "at": ColumnKind.I64, "paper": ColumnKind.SEALED},
    key=("place",),
    indexes={},
)
TURNS = TableSpec(
    name="turn",
    columns={
        "series": ColumnKind.HASH32,
        "n": ColumnKind.I64,
        "paper": ColumnKind.SEALED,
    },
    key=("series", "n"),
    indexes={},
)
TABLES = (RESOURCES, TRIES, TURNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One version of a file."""

    place: bytes  # 16
    serial: int
    digest: bytes  # 32
    size: int  # bytes
    at: Instant  # when it came
    chunks: bytes  # what `Objects.fetch` reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """The last time that a file was asked for."""

    at: Instant
    why: str  # why it did not come, in words; empty if it did


class ResourceRows:
    """The rows of one vault."""

    def __init__(self, deciding: Deciding, papers: Papers, keys: SubjectKeys) -> None:
        self._deciding = deciding
        self._papers = papers
        self._names = keys.identities

    def place(self, url: str, pin: bytes, most: int) -> bytes:
        """Return the 16-byte place of a file."""
        return self._names.mac16(b"resource", url.encode(), pin, most.to_bytes(8))

    def versions(self, place: bytes) -> list[Kept]:
        """Return the versions of a file that are kept, the oldest first."""
        rows = self._deciding.all(RESOURCES.name)
        return sorted(
            (self._kept(found) for found in rows if found.row[0] == place),
            key=lambda kept: kept.serial,
        )

    def last_try(self, place: bytes) -> Try | None:
        """Return the last try of a file."""
        found = self._deciding.get(TRIES.name, place)
        if found is None:
            return None
        *clear, paper = found.row
        return Try(at=found.row[1], why=self._papers.open(TRIES.name, tuple(clear), paper)["why"])

    def turns(self, series: bytes) -> list[dict[str, bytes]]:
        """Return the tuples of a series, in their order: digests by the ids of the files."""
        rows = [each for each in self._deciding.all(TURNS.name) if each.row[0] == series]
        rows.sort(key=lambda found: int(found.row[1]))
        return [
            self._papers.open(TURNS.name, tuple(found.row[:-1]), found.row[-1])["digests"]
            for found in rows
        ]

    def keep(self, kept: Kept) -> Op:
        """Return the operation that keeps a version."""
        clear = (kept.place, kept.serial, kept.digest, kept.size, kept.at)
        paper = self._papers.seal(RESOURCES.name, clear, {"chunks": kept.chunks})
        return Put(RESOURCES.name, (*clear, paper), Expect.ABSENT)

    def tried(self, place: bytes, last: Try) -> Op:
        """Return the operation that notes a try in place of the one before."""
        clear = (place, last.at)
        paper = self._papers.seal(TRIES.name, clear, {"why": last.why})
        found = self._deciding.get(TRIES.name, place)
        return Put(TRIES.name, (*clear, paper), Expect.ABSENT if found is None else found.v)

    def turn(
        self, series: bytes, before: Sequence[Mapping[str, bytes]], digests: Mapping[str, bytes]
    ) -> Op:
        """Return the operation that binds a tuple after those `before`; once, whoever races."""
        clear = (series, len(before))
        paper = self._papers.seal(TURNS.name, clear, {"digests": dict(digests)})
        return Put(TURNS.name, (*clear, paper), Expect.ABSENT)

    def _kept(self, found: Found) -> Kept:
        *clear, paper = found.row
        body = self._papers.open(RESOURCES.name, tuple(clear), paper)
        place, serial, digest, size, at = clear
        return Kept(
            place=place, serial=serial, digest=digest, size=size, at=at, chunks=body["chunks"]
        )
