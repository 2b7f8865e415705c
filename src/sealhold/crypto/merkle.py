"""A tree of hashes over an append-only list: one root names them all, a short proof shows one.

- Leaf `SHA-256(0x00 || d)`, node `SHA-256(0x01 || left || right)`; the root of nothing is
  SHA-256 of no bytes.
- The left part of a tree of n leaves holds the largest power of two below n; so a tree never
  changes a part that is full, and a proof is about log2(n) hashes.
- A proof has exactly the length that its sizes call for; anything else is refused.
- Pure: no store, no clock. The caller says where the hash of a span of leaves comes from.

Source: docs/spec/05-audit-log.md section 2; RFC 6962 section 2.1, RFC 9162 section 2.1.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from sealhold.model.errors import BadProofError, InvalidError

HASH_BYTES = 32  # SHA-256
EMPTY_ROOT = sha256().digest()  # the root of a tree without leaves

Span = tuple[int, int]  # leaves from the first number on, before the second


def leaf_hash(data: bytes) -> bytes:
    """Return the 32-byte hash of a leaf over `data`."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of the node above two hashes."""
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes, which stay as they are."""
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        # A last hash without a partner rises unchanged: exactly the split at a power of two.
        level = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ] + odd
    return level[0]


class Frontier:
    """What appending needs of a tree: its size and the roots of its full parts, largest first.

    There is one full part for each bit that is set in the size.
    """

    __slots__ = ("_edge", "_size")

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        if size < 0 or len(edge) != size.bit_count() or any(len(h) != HASH_BYTES for h in edge):
            raise InvalidError(f"{len(edge)} hashes are no right edge of {size} leaves")
        self._size = size
        self._edge = list(edge)

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    @property
    def edge(self) -> tuple[bytes, ...]:
        """The roots of the full parts, largest first."""
        return tuple(self._edge)

    def copy(self) -> "Frontier":
        """Return an equal tree that grows by itself."""
        return Frontier(self._size, self._edge)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        edge, full = self._edge, self._size
        while full & 1:
            leaf = sha256(b"\x01" + edge.pop() + leaf).digest()
            full >>= 1
        edge.append(leaf)
        self._size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes in their order."""
        for leaf in leaves:
            self.append(leaf)

    def filled(self, leaf: bytes, height: int) -> bytes:
        """Return the root of the part of 2**`height` leaves that appending `leaf` would fill.

        Raises:
            InvalidError: it would not fill such a part.
        """
        if (self._size + 1) % (1 << height):
            raise InvalidError(f"leaf {self._size} fills no part of height {height}")
        for part in reversed(self._edge[len(self._edge) - height :]):
            leaf = sha256(b"\x01" + part + leaf).digest()
        return leaf

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        return self.root_from(0) if self._edge else EMPTY_ROOT

    def root_from(self, low: int) -> bytes:
        """Return the root over the leaves from `low` on, where a full part begins.

        Raises:
            InvalidError: no full part begins there.
        """
        start, parts = 0, list(self._edge)
        for height in range(self._size.bit_length() - 1, -1, -1):
            if start == low:
                break
            if self._size >> height & 1:
                start += 1 << height
                del parts[0]
        if start != low or not parts:
            raise InvalidError(f"no full part of {self._size} leaves begins at {low}")
        total = parts.pop()
        while parts:
            total = sha256(b"\x01" + parts.pop() + total).digest()
        return total


def inclusion_spans(index: int, size: int) -> tuple[Span, ...]:
    """Return the spans whose roots prove leaf `index` in a tree of `size`, the nearest first.

    Raises:
        InvalidError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise InvalidError(f"a tree of {size} leaves has no leaf {index}")
    spans: list[Span] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            spans.append((middle, high))
            high = middle
        else:
            spans.append((low, middle))
            low = middle
    return tuple(reversed(spans))


def consistency_spans(size1: int, size2: int) -> tuple[Span, ...]:
    """Return the spans whose roots prove that a tree of `size1` grew into one of `size2`.

    Raises:
        InvalidError: the second tree is the smaller one.
    """
    if not 0 <= size1 <= size2:
        raise InvalidError(f"a tree of {size1} leaves cannot grow to {size2}")
    if size1 == 0:
        return ()  # every tree grew out of the empty one
    spans: list[Span] = []
    low, high = 0, size2
    while size1 != high:
        middle = low + _split(high - low)
        if size1 <= middle:
            spans.append((middle, high))
            high = middle
        else:
            spans.append((low, middle))
            low = middle
    if low:  # else this part is the whole first tree, whose root the verifier has
        spans.append((low, high))
    return tuple(reversed(spans))


def prove_inclusion(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the proof that the leaf hash at `index` is in the tree over `leaves`.

    Raises:
        InvalidError: the tree has no such leaf.
    """
    return tuple(root(leaves[low:high]) for low, high in inclusion_spans(index, len(leaves)))


def prove_consistency(leaves: Sequence[bytes], size1: int) -> tuple[bytes, ...]:
    """Return the proof that the tree over `leaves` grew out of its first `size1` leaves.

    Raises:
        InvalidError: there are fewer leaves than `size1`.
    """
    return tuple(root(leaves[low:high]) for low, high in consistency_spans(size1, len(leaves)))


def verify_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that `leaf`, a leaf hash, stands at `index` in the tree of `size` under `root`.

    Raises:
        BadProofError: the proof is of another length, or does not lead to the root.
    """
    if not 0 <= index < size or any(len(part) != HASH_BYTES for part in (leaf, *proof)):
        raise BadProofError(f"no proof of leaf {index} among {size}")
    place, last, total = index, size - 1, leaf
    for part in proof:
        if last == 0:
            raise BadProofError(f"the proof of leaf {index} among {size} is too long")
        if place & 1 or place == last:
            total = node_hash(part, total)
            while not place & 1 and place:  # parts without a partner rise unchanged
                place >>= 1
                last >>= 1
        else:
            total = node_hash(total, part)
        place >>= 1
        last >>= 1
    if last or total != root:
        raise BadProofError(f"leaf {index} is not under the root of {size} leaves")


def verify_consistency(
    size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `size2` under `root2` grew out of the one of `size1` under `root1`.

    Every tree grew out of the empty one, so from size 0 this says nothing about `root2`.

    Raises:
        BadProofError: the proof is of another length, or does not lead to both roots.
    """
    hashes = (root1, root2, *proof)
    if not 0 <= size1 <= size2 or any(len(part) != HASH_BYTES for part in hashes):
        raise BadProofError(f"no proof from {size1} to {size2} leaves")
    if size1 in {0, size2}:
        same = size1 < size2 or root1 == root2
        if proof or not same or (size1 == 0 and root1 != EMPTY_ROOT):
            raise BadProofError(f"{size1} leaves do not lead to {size2}")
        return
    parts = list(proof)
    if size1 & (size1 - 1) == 0:  # the first tree is one full part of the second
        parts.insert(0, root1)
    if not parts:
        raise BadProofError(f"the proof from {size1} to {size2} leaves is too short")
    place, last = size1 - 1, size2 - 1
    while place & 1:
        place >>= 1
        last >>= 1
    _climb(place, last, parts, root1, root2)


def _climb(place: int, last: int, parts: Sequence[bytes], root1: bytes, root2: bytes) -> None:
    old = new = parts[0]
    for part in parts[1:]:
        if last == 0:
            raise BadProofError("the proof of growth is too long")
        if place & 1 or place == last:
            old = node_hash(part, old)
            new = node_hash(part, new)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            new = node_hash(new, part)
        place >>= 1
        last >>= 1
    if last or old != root1 or new != root2:
        raise BadProofError("the longer tree did not grow out of the shorter one")


def _split(count: int) -> int:
    """Return the largest power of two below `count`, which is 2 or more."""
    return 1 << ((count - 1).bit_length() - 1)
