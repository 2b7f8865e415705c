"""Whether the kept nodes are those of the entries: one walk beside the walk over the log.

- Nodes are there to make proofs quick. A wrong one makes no wrong proof believed, only a right
  one impossible; still it is a change that somebody made.
- One row per level is held at a time.

Source: docs/spec/05-audit-log.md sections 3 and 7.
"""

from collections.abc import Callable, Iterator

from sealhold.audit.reading import rows
from sealhold.audit.tables import NODE
from sealhold.audit.tree import Node
from sealhold.stores.spec import Found, ReadView


class NodeWalk:
    """Reads the nodes of each level in their order. `fault` is told what does not fit."""

    def __init__(self, view: ReadView, fault: Callable[[str], None]) -> None:
        self._view = view
        self._fault = fault
        self._levels = [_Level(rows(view, NODE.name, (), (1,)))]  # below level 1 there is nothing

    def meet(self, node: Node) -> None:
        """Compare the kept node of a place with what it must be."""
        while len(self._levels) <= node.level:
            level = len(self._levels)
            self._levels.append(_Level(rows(self._view, NODE.name, (level,), (level + 1,))))
        kept = self._levels[node.level]
        while kept.ahead is not None and kept.ahead.position < node.position:
            self._refuse(kept)
        if kept.ahead is None or kept.ahead.position != node.position:
            self._fault(f"node {node.position} of level {node.level}: missing")
            return
        if kept.ahead != node:
            self._fault(f"node {node.position} of level {node.level}: not that of its entries")
        kept.step()

    def end(self) -> None:
        """Find nodes beyond those that the entries fill."""
        self._levels.append(_Level(rows(self._view, NODE.name, (len(self._levels),))))
        for kept in self._levels:
            while kept.ahead is not None:
                self._refuse(kept)

    def _refuse(self, kept: "_Level") -> None:
        if kept.ahead is not None:
            self._fault(f"node {kept.ahead.position} of level {kept.ahead.level}: of no entries")
        kept.step()


class _Level:
    """The kept nodes of one level, and the next one of them."""

    def __init__(self, kept: Iterator[Found]) -> None:
        self._kept = kept
        self.step()

    def step(self) -> None:
        found = next(self._kept, None)
        self.ahead = None if found is None else _node_of(found)


def _node_of(found: Found) -> Node:
    match found.row:
        case (int() as level, int() as position, bytes() as hashed):
            return Node(level, position, hashed)
        case _:
            return Node(0, -1, b"")  # no node has this place, so it is named as one of no entries
