"""Proofs from the log as it is kept: a block of hashes per level is read, never the whole log.

- A full part of the tree lies inside one block of 16 hashes: of leaves, or of nodes 4, 8 ... levels
  up. The part at the right edge, which is not full yet, comes from the head.
- So a proof over a million entries reads five blocks.

Source: docs/spec/05-audit-log.md section 3.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sealhold.audit.tables import BLOCK, BLOCK_LEVELS, LEAF, NODE
from sealhold.crypto.merkle import Frontier, inclusion_spans, root
from sealhold.model.errors import TamperedError
from sealhold.stores.spec import ReadView


class Node(NamedTuple):
    """The root over a full block, in its place."""

    level: int  # 1: over leaves, 2: over nodes of level 1 ...
    position: int
    hash: bytes  # 32 bytes


def filled_nodes(frontier: Frontier, leaf: bytes) -> Iterator[Node]:
    """Return the node of each block that appending `leaf` will fill, the smallest first."""
    full, height = frontier.size + 1, BLOCK_LEVELS
    while full % (1 << height) == 0:
        position = (full >> height) - 1
        yield Node(height // BLOCK_LEVELS, position, frontier.filled(leaf, height))
        height += BLOCK_LEVELS


class StoredTree:
    """The tree of a log at the size of its head, read from one view."""

    def __init__(self, view: ReadView, frontier: Frontier) -> None:
        self._view = view
        self._frontier = frontier
        self._blocks: dict[tuple[int, int], list[bytes]] = {}

    def prove_inclusion(self, index: int) -> tuple[bytes, ...]:
        """Return the proof that leaf `index` is in the tree.

        Raises:
            InvalidError: the tree has no such leaf.
            TamperedError: the store lacks a hash that must be there.
        """
        spans = inclusion_spans(index, self._frontier.size)
        return tuple(self._span_root(low, high) for low, high in spans)

    def frontier_at(self, size: int) -> Frontier:
        """Return the tree when it had `size` leaves, which must not be more than it has.

        Raises:
            TamperedError: the store lacks a hash that must be there.
        """
        low, edge = 0, []
        for height in range(size.bit_length() - 1, -1, -1):
            if size >> height & 1:
                edge.append(self._span_root(low, low + (1 << height)))
                low += 1 << height
        return Frontier(size, edge)

    def _span_root(self, low: int, high: int) -> bytes:
        count = high - low
        if count & (count - 1):  # not full, so it ends where the tree does
            return self._frontier.root_from(low)
        level, height = divmod(count.bit_length() - 1, BLOCK_LEVELS)
        block, first = divmod(low >> (level * BLOCK_LEVELS), BLOCK)
        hashes = self._block(level, block)[first : first + (1 << height)]
        if len(hashes) != 1 << height:
            raise TamperedError(f"the log lacks hashes of level {level}")
        return root(hashes)

    def _block(self, level: int, block: int) -> list[bytes]:
        if (level, block) not in self._blocks:
            low, high = block * BLOCK, (block + 1) * BLOCK
            if level:
                page = self._view.scan(NODE.name, "key", (level, low), (level, high), limit=BLOCK)
                hashes = [found.row[2] for found in page.rows]
            else:
                page = self._view.scan(LEAF.name, "key", (low,), (high,), limit=BLOCK)
                hashes = [found.row[1] for found in page.rows]
            self._blocks[level, block] = [bytes(each) for each in hashes if isinstance(each, bytes)]
        return self._blocks[level, block]
