"""A folder of the file system that is kept equal to a collection: changes out, wanted state in.

- `changes` looks through the folder and tells what somebody did there; whoever makes operations
  and versions of it says `done`, in the same unit in which they are kept.
- `apply` makes the folder equal to what is wanted, and touches nothing that was written since.
- Every file of the folder is in exactly one state: synced, pending, busy, conflict or skipped.
- For one thread; one process at a time.

Source: docs/spec/47-folders.md sections 5 to 7.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from dataclasses import replace as replaced
from enum import Enum
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import FolderGoneError
from sealhold.sharing.devices.applying import Applied, Order, apply
from sealhold.sharing.devices.comparing import Change, Compared, Ground, What, compare
from sealhold.sharing.devices.disk import Disk
from sealhold.sharing.devices.keptrows import Kept, Row, Seen
from sealhold.sharing.devices.reading import Digests, Sink, Taken, digest_of, take
from sealhold.sharing.devices.scanning import Reason, Scan, check_marker, rules_of, scan
from sealhold.sharing.devices.writing import Content, Hand, Wanted, recover

T = TypeVar("T")
NONE: frozenset[bytes] = frozenset()
_STAYING = (What.CREATED, What.EDITED)  # what drops no row, and moves none


class State(Enum):
    """How a file of the folder stands."""

    SYNCED = "synced"
    PENDING = "pending"  # it differs from the vault, and that was not made good yet
    BUSY = "busy"  # somebody is writing it
    CONFLICT = "conflict"  # versions were made at the same time
    SKIPPED = "skipped"  # it is passed over, for a reason


@dataclass(frozen=True, slots=True)
class Standing:
    """The one state of a file."""

    state: State
    reason: Reason | None = None  # of what is skipped


@dataclass(frozen=True, slots=True)
class Made:
    """A change that operations and a version were made of."""

    change: Change
    version: bytes = b""  # 16 bytes, of what was created or edited
    seen: Seen | None = None  # how the file was when it was read
    digest: bytes = b""  # of what was read
    looked_ns: int = 0  # when it was, before the first byte


@dataclass(frozen=True, slots=True)
class Settled:
    """What the rows become: first the drops, then the puts, in one unit."""

    drops: tuple[str, ...]
    puts: tuple[Row, ...]


class Folder:
    """One folder, and the rows that are kept of it."""

    def __init__(
        self,
        root: Path,
        *,
        mark: bytes,
        kept: Kept,
        digests: Digests,
        clock: Clock,
        entropy: Entropy,
        opening: Callable[[Path], Disk] = Disk,
    ) -> None:
        try:
            self._disk = opening(root)
        except OSError as err:
            raise FolderGoneError("a synced folder is not there") from err
        self._mark = mark
        self._kept = kept
        self._clock = clock
        self._hand = Hand(
            disk=self._disk,
            kept=kept,
            digests=digests,
            fresh_id=lambda: entropy(16),
            now_ns=lambda: clock() * 1_000_000,
        )
        self._looked = Scan()
        self._compared = Compared()
        self._applied = Applied()

    def close(self) -> None:
        """Let go of the folder."""
        self._disk.close()

    def recover(self) -> None:
        """Make good what a kill left; to be called before anything else.

        Raises:
            FolderGoneError: the folder is not there, or is another one.
        """
        check_marker(self._disk, self._mark)
        recover(self._hand, self._scan)

    def _recover(self) -> None:
        """Make good what an error of the disk left, if it left anything."""
        if self._kept.steps():
            recover(self._hand, self._scan)

    def changes(self, allowed: frozenset[str] = frozenset()) -> Compared:
        """Look through the folder; return what changed since it was last equal to the vault.

        Args:
            allowed: paths whose delete a person said yes to, of `Compared.held`.

        Raises:
            FolderGoneError: the folder is not there, or is another one.
        """
        check_marker(self._disk, self._mark)
        self._recover()
        now = self._hand.now_ns()
        self._looked = self._scan()
        ground = Ground(
            rows=self._kept.rows(),
            scan=self._looked,
            read=self._read,
            fresh_id=self._hand.fresh_id,
            now_ns=now,
            allowed=allowed,
        )
        with self._disk.many():
            self._compared = compare(ground)
        if self._compared.refreshed:
            self._kept.settle([], self._compared.refreshed)
        return self._compared

    def many(self) -> AbstractContextManager[None]:
        """Have folders stay open, each for an instant, while many files are taken."""
        return self._disk.many()

    def take(self, change: Change, sink: Sink[T]) -> Taken[T] | None:
        """Read the content of what changed into `sink`, which may be called several times.

        Return what it gave for a content that the file had, whole; None if somebody is writing
        the file, or it is gone or unreadable: then it is told again by a later scan.
        """
        now = self._hand.now_ns()
        try:
            taken = take(self._disk, change.path, self._hand.digests, sink)
        except OSError:
            taken = None
        if taken is None:
            self._compared.busy.append(change.path)
            return None
        return replaced(taken, looked_ns=now)

    def settled(self, made: Iterable[Made]) -> Settled:
        """Return what the rows become once these changes are kept: all of one look, or some."""
        before = self._kept.rows()
        all_of = list(made)
        now = self._hand.now_ns()
        if all(each.change.what in _STAYING for each in all_of):
            fresh = [_row_of(each, now) for each in all_of]
            return Settled((), tuple(row for row in fresh if before.get(row.path) != row))
        paths = {row.object: path for path, row in before.items()}
        gone = {each.change.object for each in all_of if each.change.what is What.DELETED}
        # INVARIANT: moves are of one moment: each is told by where things were before all of them.
        moves = {
            paths[each.change.object]: each.change
            for each in all_of
            if each.change.what is What.MOVED and each.change.object in paths
        }
        rows = {}
        for row in before.values():
            if row.object not in gone:
                after = _carried(row, moves)
                rows[after.path] = after
        for each in all_of:
            if each.change.what in _STAYING:
                rows[each.change.path] = _row_of(each, now)
        puts = tuple(row for path, row in rows.items() if before.get(path) != row)
        return Settled(tuple(path for path in before if path not in rows), puts)

    def done(self, made: Iterable[Made]) -> None:
        """Keep that these changes are known to the vault."""
        all_of = list(made)
        settled = self.settled(all_of)
        self._kept.settle(settled.drops, settled.puts)
        known = {id(each.change) for each in all_of}
        self._compared.changes = [each for each in self._compared.changes if id(each) not in known]

    def apply(self, wanted: Iterable[Wanted], content: Content, order: Order = list) -> Applied:
        """Make the folder equal to `wanted`, which names all that is to lie in it.

        Contents are asked for in `order`, which is told all of them before.

        Raises:
            FolderGoneError: the folder is not there, or is another one.
            StoreFullError: no room; each file is old or new.
        """
        check_marker(self._disk, self._mark)
        self._recover()
        self._applied = apply(self._hand, wanted, content, order)
        return self._applied

    def states(self, conflicts: Container[bytes] = NONE) -> dict[str, Standing]:
        """Return the state of each file, folder and link, as of the last look.

        Args:
            conflicts: the objects whose versions stand beside each other.
        """
        rows = self._kept.rows()
        pending = {each.path for each in self._compared.changes}
        pending.update(self._applied.local_first, self._applied.failed)
        if self._compared.held is not None:
            pending |= self._compared.held.paths
        states = {path: Standing(State.SKIPPED, why) for path, why in self._looked.skipped.items()}
        for path in (*self._looked.found, *pending, *rows):
            if path in states or self._looked.is_passed_over(path):
                continue
            row = rows.get(path)
            if path in self._compared.busy:
                states[path] = Standing(State.BUSY)
            elif row is not None and row.object in conflicts:
                states[path] = Standing(State.CONFLICT)
            else:
                is_synced = row is not None and path not in pending
                states[path] = Standing(State.SYNCED if is_synced else State.PENDING)
        return states

    def _scan(self) -> Scan:
        return scan(self._disk, self._kept.rows(), rules_of(self._disk))

    def _read(self, path: str) -> tuple[Seen, bytes] | None:
        taken = digest_of(self._disk, path, self._hand.digests)
        return (taken.seen, taken.digest) if taken else None


def _carried(row: Row, moves: Mapping[str, Change]) -> Row:
    """Return a row after it moved, by itself or with a folder above it."""
    above = row.path
    while above and above not in moves:
        above = above.rpartition("/")[0]
    if not above:
        return row
    change = moves[above]
    stat = change.seen.stat if above == row.path and change.seen is not None else row.stat
    return replace(row, path=change.path + row.path[len(above) :], stat=stat)


def _row_of(made: Made, now_ns: int) -> Row:
    change, seen = made.change, made.seen or made.change.seen
    if seen is None:
        raise ValueError("a change without what was seen")
    return Row(
        path=change.path,
        object=change.object,
        kind=change.kind,
        stat=seen.stat,
        mode=seen.mode,
        digest=made.digest or change.digest or b"",
        version=made.version,
        looked_ns=made.looked_ns or now_ns,
    )
