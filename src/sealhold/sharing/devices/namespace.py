"""The namespace of a collection: one tree of files and folders that devices move at the same time.

- The tree is what its operations give in the order of (logical time, author). So the same set of
  operations gives the same tree, in whichever order it arrived.
- What arrives late is put in its place: the operations after it are undone, and done again.
- No operation makes a cycle: one that would put a folder under itself has no effect, nor has one
  that would make the tree deeper than it may be.
- An object keeps its id through every move and rename, so neither sends content.
- A delete marks its object and leaves it where it was: a deleted folder is shown as long as it
  holds something that nobody deleted. Whatever names the object afterwards brings it back.

Source: docs/spec/47-folders.md section 2; ADR 63; after Kleppmann, Mulligan, Gomes and Beresford,
"A highly-available move operation for replicated trees" (IEEE TPDS 2022).
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Container, Iterable
from typing import NamedTuple

import msgspec

from sealhold.sharing.devices.filenames import LINUX, Holds, Named, shown_names
from sealhold.sharing.devices.treeops import ROOT, Op, OpKind

MAX_DEPTH = 256  # names of a path; what the root holds has depth 1
NOTHING: frozenset[bytes] = frozenset()


class Place(NamedTuple):
    """Where an object is, after some of the operations."""

    parent: bytes | None  # None: no operation placed it yet
    name: str | None  # None: the name was erased, or has not come
    is_folder: bool
    is_deleted: bool
    order: tuple[int, int, bytes]  # time and author of what last placed or named it


class _Done(NamedTuple):
    """An operation, whether it had an effect, and where its object was before it."""

    op: Op
    before: Place | None
    had_effect: bool


class Shown(msgspec.Struct, frozen=True):
    """A file or folder as it is shown."""

    object: bytes
    path: tuple[str, ...]  # shown names from the root down
    is_folder: bool
    is_deleted: bool  # it is shown for what it holds, or for an edit that nobody deleted


class Tree:
    """The tree of one collection. For one thread."""

    def __init__(self, ops: Iterable[Op] = ()) -> None:
        self._done: list[_Done] = []  # in order
        self._keys: list[tuple[int, int, bytes, bytes]] = []  # of `_done`
        self._places: dict[bytes, Place] = {}
        self._under: defaultdict[bytes, set[bytes]] = defaultdict(set)
        self._deleted = 0  # places that are
        self._known: dict[bytes, tuple[tuple[str, ...], list[Shown]]] = {}  # by folder
        self._touched: set[bytes] = set()  # folders that hold something else since
        self.apply(ops)

    def apply(self, ops: Iterable[Op]) -> int:
        """Take in operations, of which some may be known or come late; return how many were new."""
        fresh = {op.key: op for op in ops}
        for known in [key for key in fresh if self._knows(key)]:
            del fresh[known]
        if not fresh:
            return 0
        since = bisect_left(self._keys, min(fresh))
        undone = self._done[since:]
        for done in reversed(undone):
            self._undo(done)
        del self._done[since:]
        del self._keys[since:]
        fresh.update((done.op.key, done.op) for done in undone)
        for key in sorted(fresh):
            self._keys.append(key)
            self._done.append(self._do(fresh[key]))
        return len(fresh) - len(undone)

    def __contains__(self, op: Op) -> bool:
        return self._knows(op.key)

    def __len__(self) -> int:
        return len(self._done)

    def ops(self) -> list[Op]:
        """Return all operations in their order."""
        return [done.op for done in self._done]

    def ignored(self) -> list[Op]:
        """Return the operations without effect: they would have made a cycle or been too deep."""
        return [done.op for done in self._done if not done.had_effect]

    def place_of(self, thing: bytes) -> Place | None:
        """Return where an object is; None if no operation speaks of it."""
        return self._places.get(thing)

    def objects(self) -> frozenset[bytes]:
        """Return every object that an operation speaks of."""
        return frozenset(self._places)

    def children(self, parent: bytes) -> frozenset[bytes]:
        """Return what lies under a folder, with what is deleted."""
        return frozenset(self._under.get(parent, ()))

    def adrift(self) -> frozenset[bytes]:
        """Return the objects whose folder, or a folder above it, no operation placed."""
        reached = {thing for thing, _ in self._downwards()}
        return frozenset(self._places) - reached

    def shown(self, edited: Container[bytes] = NOTHING, holds: Holds = LINUX) -> dict[bytes, Shown]:
        """Return each object that is to be seen, by its id, folders before what they hold.

        Args:
            edited: what was deleted here while another device edited it: the edit wins.
            holds: which names the file system can hold.
        """
        if not self._deleted and holds is LINUX:
            return self._shown_plain()
        alive = self._alive(edited)
        paths: dict[bytes, tuple[str, ...]] = {ROOT: ()}
        found: dict[bytes, Shown] = {}
        for parent, things in self._folders():
            if parent not in paths:
                continue
            seen = [
                Named((*self._places[it].order, it), self._places[it].name)
                for it in things
                if it in alive
            ]
            above = paths[parent]
            for thing, name in shown_names(seen, holds).items():
                place, path = self._places[thing], (*above, name)
                if place.is_folder:
                    paths[thing] = path
                found[thing] = Shown(thing, path, place.is_folder, place.is_deleted)
        return found

    def _shown_plain(self) -> dict[bytes, Shown]:
        """Return each object, where nothing is deleted; what did not change is not made anew."""
        paths: dict[bytes, tuple[str, ...]] = {ROOT: ()}
        found: dict[bytes, Shown] = {}
        for parent, things in self._folders():
            above, known = paths[parent], self._known.get(parent)
            if parent in self._touched or known is None or known[0] != above:
                seen = [
                    Named((*self._places[it].order, it), self._places[it].name) for it in things
                ]
                below = [
                    Shown(it, (*above, name), self._places[it].is_folder, is_deleted=False)
                    for it, name in shown_names(seen).items()
                ]
                known = self._known[parent] = above, below
                self._touched.discard(parent)
            found.update((each.object, each) for each in known[1])
            paths.update((each.object, each.path) for each in known[1] if each.is_folder)
        return found

    def _alive(self, edited: Container[bytes]) -> set[bytes]:
        """Return what is not deleted or was edited meanwhile, and each folder above it."""
        alive: set[bytes] = set()
        for thing, _ in self._downwards():
            if not self._places[thing].is_deleted or thing in edited:
                above: bytes | None = thing
                while above is not None and above != ROOT and above not in alive:
                    alive.add(above)
                    above = self._places[above].parent
        return alive

    def _folders(self) -> Iterable[tuple[bytes, set[bytes]]]:
        waiting = [ROOT]
        while waiting:
            parent = waiting.pop()
            if things := self._under.get(parent):
                yield parent, things
                waiting.extend(it for it in things if self._places[it].is_folder)

    def _downwards(self) -> Iterable[tuple[bytes, bytes]]:
        return ((thing, parent) for parent, things in self._folders() for thing in things)

    def _knows(self, key: tuple[int, int, bytes, bytes]) -> bool:
        at = bisect_left(self._keys, key)
        return at < len(self._keys) and self._keys[at] == key

    def _do(self, op: Op) -> _Done:
        before = self._places.get(op.object)
        if op.kind is OpKind.DELETE:
            now = before or _nowhere(op)
            self._set(op.object, before, now._replace(is_deleted=True))
            return _Done(op, before, had_effect=True)
        had = before or _nowhere(op)
        parent = had.parent if op.parent is None else op.parent
        # INVARIANT: whatever is done, every chain of parents ends.
        if parent != had.parent and not self._fits(op.object, parent):
            return _Done(op, before, had_effect=False)
        name = had.name if op.name is None else op.name
        is_folder = had.is_folder or op.kind is OpKind.FOLDER
        self._set(
            op.object, before, Place(parent, name, is_folder, is_deleted=False, order=op.order)
        )
        return _Done(op, before, had_effect=True)

    def _undo(self, done: _Done) -> None:
        if done.had_effect:
            self._set(done.op.object, self._places[done.op.object], done.before)

    def _set(self, thing: bytes, before: Place | None, now: Place | None) -> None:
        self._deleted += bool(now and now.is_deleted) - bool(before and before.is_deleted)
        was = before.parent if before else None
        parent = now.parent if now else None
        self._touched.update(each for each in (was, parent) if each is not None)
        if was != parent:
            if was is not None:
                self._under[was].discard(thing)
            if parent is not None:
                self._under[parent].add(thing)
        if now is None:
            del self._places[thing]
        else:
            self._places[thing] = now

    def _fits(self, thing: bytes, parent: bytes | None) -> bool:
        """Return whether `thing` may go under `parent`: not under itself, and not too deep."""
        depth = 1
        above = parent
        while above is not None and above != ROOT:
            # THREAT T470: a folder never gets below itself, however moves meet.
            if above == thing or depth >= MAX_DEPTH:
                return False
            depth += 1
            place = self._places.get(above)
            above = place.parent if place else None
        return not self._is_taller(thing, MAX_DEPTH - depth)

    def _is_taller(self, thing: bytes, levels: int) -> bool:
        """Return whether there are more than `levels` levels below `thing`."""
        level = self._under.get(thing)
        while level:
            if levels == 0:
                return True
            levels -= 1
            level = {each for one in level for each in self._under.get(one, ())}
        return False


def _nowhere(op: Op) -> Place:
    return Place(None, None, is_folder=False, is_deleted=False, order=op.order)
