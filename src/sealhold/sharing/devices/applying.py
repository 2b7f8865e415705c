"""The folder is made equal to what is wanted in it: rename, make, remove, write, in that order.

- What moved is renamed, so no content is fetched. What stands in the way is put aside first, so
  that two files can change places.
- Nothing is replaced or removed that somebody wrote since the last sync: its path is told, it
  becomes a version by the next scan, and what is wanted comes after.
- A file that lies there already with the wanted content is taken as it is.

Source: docs/spec/47-folders.md section 7.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from sealhold.model.errors import (
    CarrierAwayError,
    CarrierRefusedError,
    ObjectNotFoundError,
    TamperedError,
)
from sealhold.sharing.devices.keptrows import Kind, Row
from sealhold.sharing.devices.reading import digest_of
from sealhold.sharing.devices.writing import BATCH_BYTES, BATCH_FILES, Content, Hand, Wanted

Order = Callable[[list[Wanted]], list[Wanted]]  # puts what is to be read into a good order
ABSENT = (CarrierAwayError, CarrierRefusedError, ObjectNotFoundError)  # what has a content is away


@dataclass(slots=True)
class Applied:
    """What became of what was wanted."""

    written: int = 0  # files whose content was put there
    renamed: int = 0
    removed: int = 0
    local_first: list[str] = field(default_factory=list)  # paths that somebody wrote to
    failed: dict[str, str] = field(default_factory=dict)  # path, why
    tampered: list[str] = field(default_factory=list)  # paths whose content is not what was named


def apply(hand: Hand, wanted: Iterable[Wanted], content: Content, order: Order = list) -> Applied:
    """Make the folder equal to `wanted`, which names everything that is to lie in it.

    Contents are asked for in `order`, which is told all of them before.

    Raises:
        StoreFullError: no room; each file is old or new.
    """
    applied = Applied()
    every = list(wanted)
    rows = hand.kept.rows()
    differing = [each for each in every if not _is_there(rows.get(each.path), each)]
    by_depth = sorted(differing, key=lambda each: (each.path.count("/"), each.path))
    arranging = _Arranging(hand, applied)
    writes = [each for each in by_depth if arranging.place(each)]
    arranging.make_folders()
    _remove(hand, every, applied)
    for batch in _batches(order(writes)):
        _write(hand, batch, content, applied)
    return applied


def _is_there(row: Row | None, wanted: Wanted) -> bool:
    """Return whether a row says that what is wanted lies where it is wanted."""
    return (
        row is not None
        and row.object == wanted.object
        and row.kind is wanted.kind
        and (row.kind is Kind.FOLDER or row.version == wanted.version)
    )


class _Arranging:
    """Brings what is there to its place."""

    def __init__(self, hand: Hand, applied: Applied) -> None:
        self._hand = hand
        self._applied = applied
        self._paths = {row.object: path for path, row in hand.kept.rows().items()}
        self._making: list[Wanted] = []  # folders that are made together

    def place(self, wanted: Wanted) -> bool:
        """Rename or make what is wanted; return whether its content is to be written."""
        try:
            return self._placed(wanted)
        except OSError as err:
            self._applied.failed[wanted.path] = err.strerror or "failed"
            return False

    def _placed(self, wanted: Wanted) -> bool:
        row = self._row(wanted)
        if row is None or row.path != wanted.path:
            if not self._is_cleared(wanted, row):
                return False
            if row is not None:
                self._rename(row, wanted.path)
                self._applied.renamed += 1
            elif wanted.kind is Kind.FOLDER:
                self._making.append(wanted)
                self._paths[wanted.object] = wanted.path
        now = self._row(wanted)
        return wanted.kind is not Kind.FOLDER and (now is None or now.version != wanted.version)

    def _row(self, wanted: Wanted) -> Row | None:
        path = self._paths.get(wanted.object)
        row = None if path is None else self._hand.kept.rows().get(path)
        return row if row is not None and row.kind is wanted.kind else None

    def _is_cleared(self, wanted: Wanted, row: Row | None) -> bool:
        """Return whether the place is free for what is wanted, once others went aside."""
        hand = self._hand
        if row is not None and row.kind is not Kind.FOLDER and not hand.is_free(row, row.path):
            self._applied.local_first.append(row.path)
            return False
        if (there := hand.kept.rows().get(wanted.path)) is not None:
            return self._put_aside(there)
        if hand.disk.stat(wanted.path) is None:
            return True
        seen = hand.seen(wanted.path)
        if seen is not None and row is not None and seen.stat.inode == row.stat.inode:
            return True  # the same file under a name that this file system takes for the same
        if seen is not None and row is None and seen.kind is wanted.kind and self._adopts(wanted):
            return wanted.kind is Kind.FOLDER
        self._applied.local_first.append(wanted.path)
        return False

    def _put_aside(self, row: Row) -> bool:
        """Give what stands in the way a name of ours; it gets its own place, or goes, later."""
        if row.kind is not Kind.FOLDER and not self._hand.is_free(row, row.path):
            self._applied.local_first.append(row.path)
            return False
        self._rename(row, self._hand.aside(row.path))
        return True

    def _adopts(self, wanted: Wanted) -> bool:
        """Take what lies there for what is wanted, if it is equal."""
        if wanted.kind is Kind.FOLDER:
            return True
        taken = digest_of(self._hand.disk, wanted.path, self._hand.digests)
        if taken is None or (taken.digest, taken.seen.mode) != (wanted.digest, wanted.mode):
            return False
        self._hand.keep(wanted)
        self._paths[wanted.object] = wanted.path
        return True

    def make_folders(self) -> None:
        """Make the folders that are to be made, in two commits for all of them."""
        making, self._making = self._making, []
        failed = self._hand.make_folders(making) if making else {}
        for path, err in failed.items():
            self._applied.failed[path] = err.strerror or "failed"

    def _rename(self, row: Row, target: str) -> None:
        self.make_folders()  # it may lead into one of them
        self._hand.rename(row, target)
        self._paths = {each.object: path for path, each in self._hand.kept.rows().items()}


def _remove(hand: Hand, wanted: list[Wanted], applied: Applied) -> None:
    staying = {each.object for each in wanted}
    going = [row for row in hand.kept.rows().values() if row.object not in staying]
    if not going:
        return
    stays, failed = hand.remove(going)
    for path, err in failed.items():
        applied.failed[path] = err.strerror or "failed"
    applied.local_first += [row.path for row in stays if row.kind is not Kind.FOLDER]
    applied.removed += len(going) - len(stays) - len(failed)


def _write(hand: Hand, batch: list[Wanted], content: Content, applied: Applied) -> None:
    rows = hand.kept.rows()
    try:
        taken = hand.write([(each, rows.get(each.path)) for each in batch], content)
    except (OSError, TamperedError, *ABSENT) as err:
        if len(batch) > 1:  # find the one that cannot be written, and write the others
            for each in batch:
                _write(hand, [each], content, applied)
        elif isinstance(err, TamperedError):
            applied.tampered.append(batch[0].path)
        elif isinstance(err, OSError):
            applied.failed[batch[0].path] = err.strerror or "failed"
        else:  # a place that has it is away: the next round tries again
            applied.failed[batch[0].path] = "its content is not at hand"
        return
    applied.written += len(batch) - len(taken)
    applied.local_first += [each.path for each in taken]


def _batches(wanted: Iterable[Wanted]) -> Iterator[list[Wanted]]:
    batch: list[Wanted] = []
    size = 0
    for each in wanted:
        if batch and (len(batch) == BATCH_FILES or size + each.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += each.size
    if batch:
        yield batch
