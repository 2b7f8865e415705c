"""What is put into a place, noted: the list of parts that a manifest signs.

Source: docs/spec/29-operations.md section 5.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from sealhold.crypto.digest import fingerprint
from sealhold.model.encoding import Plain
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.copying import Part
from sealhold.stores.spec import Kept, ObjectStore

DIGEST_BYTES: Final = 32


class Noting:
    """A place that notes length and digest of what is put into it."""

    def __init__(self, place: ObjectStore) -> None:
        self._place = place
        self.parts: list[Part] = []

    def put(self, name: ObjectName, sealed: SealedBytes) -> Kept:
        """Keep it, as the place does."""
        kept = self._place.put(name, sealed)
        self.parts.append(Part(name, len(sealed), fingerprint(sealed)))
        return kept

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> SealedBytes:
        """Return what is kept."""
        return self._place.get(name, offset, length)

    def head(self, name: ObjectName) -> int:
        """Return the length of what is kept."""
        return self._place.head(name)

    def delete(self, name: ObjectName) -> None:
        """Forget it."""
        self._place.delete(name)

    def names(self, prefix: str = "") -> Iterator[ObjectName]:
        """Return the names of what is kept."""
        return self._place.names(prefix)


def listed(parts: Sequence[Part]) -> list[Plain]:
    """Return parts as a manifest lists them."""
    return [[part.name, part.length, part.digest] for part in parts]


def parts_of(told: Plain) -> tuple[Part, ...]:
    """Return the parts that a manifest lists.

    Raises:
        ValueError: they are none.
    """
    parts = tuple(Part(ObjectName(str(n)), int(length), bytes(d)) for n, length, d in told)
    if any(len(part.digest) != DIGEST_BYTES for part in parts):
        raise ValueError
    return parts
