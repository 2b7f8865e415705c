"""Safe writing into a folder: each file is old or new, and what somebody wrote there stays.

- A file is written beside its place under a name of its own, durable, and then renamed. Just
  before that the place is looked at again: if what stands there is not what was last synced, it is
  left alone, and becomes a version first.
- What will be done is kept before it is done, and the rows after it. A kill between leaves steps
  that `recover` holds against the disk.
- Files come in batches: one wait for the disk serves many.

Source: docs/spec/47-folders.md section 7.
"""

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from sealhold.model.errors import SealholdError, StoreFullError, TamperedError
from sealhold.sharing.devices.disk import Disk
from sealhold.sharing.devices.filenames import cut_name
from sealhold.sharing.devices.keptrows import (
    Kept,
    Kind,
    Row,
    Seen,
    Stat,
    Step,
    is_as_kept,
    is_racy,
    moved,
    seen_of,
)
from sealhold.sharing.devices.reading import Digests, digest_of
from sealhold.sharing.devices.scanning import PART, Scan

BATCH_FILES = 512
BATCH_BYTES = 64 << 20
FEW_FILES = 8  # so many are made durable one by one; a wait for the whole disk costs more
PIECE = 1 << 20  # bytes that are written at once
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_EMPTY = {errno.ENOTEMPTY, errno.EEXIST}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to lie in the folder."""

    object: bytes  # 16 bytes
    path: str  # shown names, joined by `/`
    kind: Kind
    mode: int = 0o644
    mtime_ns: int = 0
    size: int = 0  # bytes
    digest: bytes = b""  # keyed, of the content; empty for a folder
    version: bytes = b""


Content = Callable[[Wanted], Iterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """What writes into one folder."""

    disk: Disk
    kept: Kept
    digests: Digests
    fresh_id: Callable[[], bytes]
    now_ns: Callable[[], int]

    def seen(self, path: str) -> Seen | None:
        """Return what lies at `path`; None for nothing, or what is no file, folder or link."""
        found = self.disk.stat(path)
        return seen_of(found) if found else None

    def part(self, path: str) -> str:
        """Return a name of our own beside `path`."""
        above, slash, _ = path.rpartition("/")
        return f"{above}{slash}{PART}{self.fresh_id().hex()}"

    def aside(self, path: str) -> str:
        """Return a name of our own beside `path`, from which its name can be told."""
        above, slash, name = path.rpartition("/")
        return f"{above}{slash}{cut_name(f'{PART}{self.fresh_id().hex()}-{name}')}"

    def is_free(self, row: Row | None, path: str) -> bool:
        """Return whether nobody changed what lies at `path` since it was synced."""
        found = self.disk.stat(path)
        if row is None or found is None:
            return found is None
        if not is_as_kept(row, seen_of(found)):
            return False
        if not is_racy(row):
            return True
        taken = digest_of(self.disk, path, self.digests)
        return taken is not None and taken.digest == row.digest

    def rename(self, row: Row, target: str) -> None:
        """Give a file or folder another place, with all that lies in it.

        Raises:
            OSError: it cannot be renamed.
        """
        self.kept.intend([Step(row, replace(row, path=target))])
        self.disk.rename(row.path, target)
        self._carried(row, target)

    def _carried(self, row: Row, target: str) -> None:
        """Keep rows that follow a rename that was done."""
        all_of = moved(self.kept.rows(), row.path, target)
        puts = [replace(each, path=path) for each, path in all_of]
        if (seen := self.seen(target)) is not None:
            puts = [replace(each, stat=seen.stat) if each.path == target else each for each in puts]
        self.kept.settle([each.path for each, _ in all_of], puts)

    def make_folders(self, wanted: Sequence[Wanted]) -> dict[str, OSError]:
        """Make folders, those above before those below, or take what lies there for them.

        Returns the paths of those that cannot be made, and why.
        """
        failed: dict[str, OSError] = {}
        now = self.now_ns()
        self.kept.intend([Step(None, row_of(each, None, now)) for each in wanted])
        for each in wanted:
            try:
                with suppress(FileExistsError):
                    self.disk.make_folder(each.path)
            except OSError as err:
                failed[each.path] = err
        made = [each for each in wanted if each.path not in failed]
        self.kept.settle([], [row_of(each, self.seen(each.path), now) for each in made])
        return failed

    def keep(self, wanted: Wanted) -> None:
        """Keep a row of what lies there as it is wanted."""
        self.kept.settle([], [row_of(wanted, self.seen(wanted.path), self.now_ns())])

    def remove(self, rows: Iterable[Row]) -> tuple[list[Row], dict[str, OSError]]:
        """Remove what nobody changed, deepest first.

        Returns what stays, for it was changed, and the paths of what cannot be removed, with why.
        """
        going = sorted(rows, key=lambda row: -row.path.count("/"))
        stays, failed = list[Row](), dict[str, OSError]()
        self.kept.intend([Step(row, None) for row in going])
        for row in going:
            try:
                if not self._is_removed(row):
                    stays.append(row)
            except OSError as err:
                failed[row.path] = err
        # THREAT T472: the row of what went goes, else its absence would be taken for a delete
        staying = failed.keys() | {row.path for row in stays}
        self.kept.settle([row.path for row in going if row.path not in staying], [])
        for row in stays:
            self._bring_back(row)
        return stays, failed

    def _is_removed(self, row: Row) -> bool:
        """Remove one thing; return False if it was changed.

        Raises:
            OSError: it cannot be removed.
        """
        if row.kind is Kind.FOLDER:
            return self._remove_folder(row)
        # THREAT T472: what was written since is not removed.
        if not self.is_free(row, row.path):
            return False
        with suppress(FileNotFoundError):
            self.disk.remove(row.path)
        return True

    def _bring_back(self, row: Row) -> None:
        """Give a folder that went aside, and holds something of the owner's, a name to be seen."""
        above, slash, name = row.path.rpartition("/")
        if name.startswith(PART) and row.kind is Kind.FOLDER:
            number, _, plain = name.removeprefix(PART).partition("-")
            seen = f"{above}{slash}{cut_name(plain or 'folder', f' ({number[-8:]})')}"
            if self.disk.stat(seen) is None:
                self.rename(row, seen)

    def _remove_folder(self, row: Row) -> bool:
        """Remove a folder; return False if something that was not synced lies in it.

        Raises:
            OSError: it cannot be removed for another reason.
        """
        try:
            self.disk.remove_folder(row.path)
        except FileNotFoundError:
            return True
        except OSError as err:
            if err.errno not in _NOT_EMPTY:
                raise
            return False
        return True

    def write(self, batch: list[tuple[Wanted, Row | None]], content: Content) -> list[Wanted]:
        """Write files and links; return those whose place somebody else wrote to.

        Raises:
            TamperedError: a content is not the one that is wanted.
            StoreFullError: no room; each file is old or new.
            OSError: something else of the file system.
            SealholdError: what `content` raises.
        """
        self.kept.intend([Step(row, row_of(wanted, None, 0)) for wanted, row in batch])
        parts: list[str] = []
        try:
            self._write_parts(batch, parts, content)
            return self._put_in_place(batch, parts)
        except (OSError, SealholdError) as err:
            for part in parts:
                with suppress(OSError):
                    self.disk.remove(part)
            if isinstance(err, OSError) and err.errno in _FULL:
                raise StoreFullError("the disk of a synced folder is full") from err
            raise

    def _write_parts(
        self, batch: list[tuple[Wanted, Row | None]], parts: list[str], content: Content
    ) -> None:
        """Write files and links beside their places, durably; `parts` gets what each is called."""
        is_few, handles = len(batch) <= FEW_FILES, list[int]()
        try:
            with self.disk.many():
                for wanted, _ in batch:
                    parts.append(self.part(wanted.path))
                    handle = self._write_part(parts[-1], wanted, content)
                    if handle is not None and is_few:
                        handles.append(handle)
                    elif handle is not None:
                        os.close(handle)
            for handle in handles:
                self.disk.sync(handle)
        finally:
            for handle in handles:
                os.close(handle)
        if not is_few:
            self.disk.sync_all()

    def _write_part(self, part: str, wanted: Wanted, content: Content) -> int | None:
        """Write a file, and return it open; or a link."""
        digest = self.digests.start()
        if wanted.kind is Kind.LINK:
            says = b"".join(content(wanted))
            digest.update(says)
            self._check(wanted, digest.digest())
            self.disk.link_to(part, says)
            return None
        handle = self.disk.create(part)
        try:
            for piece in _joined(content(wanted)):
                digest.update(piece)
                self.disk.write(handle, piece)
            if wanted.size >= PIECE:
                self.disk.begin_sync(handle)  # so that the wait for it is short
            self._check(wanted, digest.digest())
            self.disk.dress(handle, wanted.mode, wanted.mtime_ns)
        except BaseException:
            os.close(handle)
            raise
        return handle

    def _check(self, wanted: Wanted, digest: bytes) -> None:
        if digest != wanted.digest:
            raise TamperedError("the content of a file is not the one that its version names")

    def _put_in_place(
        self, batch: list[tuple[Wanted, Row | None]], parts: list[str]
    ) -> list[Wanted]:
        taken, done = list[Wanted](), list[Row]()
        with self.disk.many():
            try:
                for (wanted, row), part in zip(batch, parts, strict=True):
                    # THREAT T472: what somebody wrote meanwhile is a version before it is replaced.
                    if self.is_free(row, wanted.path):
                        now = self.now_ns()
                        self.disk.rename(part, wanted.path)
                        # looked at here and now: an edit from here on shows beside this row
                        done.append(row_of(wanted, self.seen(wanted.path), now))
                    else:
                        self.disk.remove(part)
                        taken.append(wanted)
            except OSError:
                with suppress(OSError):
                    self._keep_done(done)
                raise
            self._keep_done(done)
        return taken

    def _keep_done(self, done: list[Row]) -> None:
        """Keep the rows of what stands in its place, once its name is durable."""
        for above in sorted({row.path.rpartition("/")[0] for row in done}):
            self.disk.sync_folder(above)
        self.kept.settle([], done)


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield pieces of `PIECE` bytes and more of what comes in smaller ones."""
    held, size = list[bytes](), 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= PIECE:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def row_of(wanted: Wanted, seen: Seen | None, now_ns: int) -> Row:
    """Return the row of what was put in its place; without a look at it, one to be compared."""
    return Row(
        path=wanted.path,
        object=wanted.object,
        kind=wanted.kind,
        stat=seen.stat if seen else Stat(wanted.size, wanted.mtime_ns, 0, 0),
        mode=wanted.mode,
        digest=wanted.digest,
        version=wanted.version,
        looked_ns=now_ns,
    )


def recover(hand: Hand, scan: Callable[[], Scan]) -> None:
    """Make the rows true again after a kill, and remove what was half written."""
    drops: list[str] = []
    puts: list[Row] = []
    for step in hand.kept.steps():
        before, after = step.before, step.after
        if after is None:
            if before is not None and hand.seen(before.path) is None:
                drops.append(before.path)
        elif before is not None and before.path != after.path:
            _recover_rename(hand, before, after, drops, puts)
        elif (row := _as_written(hand, after)) is not None:
            puts.append(row)
    hand.kept.settle(drops, puts)
    for path, seen in scan().parts.items():
        if seen.kind is not Kind.FOLDER:
            hand.disk.remove(path)


def _recover_rename(hand: Hand, before: Row, after: Row, drops: list[str], puts: list[Row]) -> None:
    seen = hand.seen(after.path)
    if seen is None or (seen.kind, seen.stat.inode) != (before.kind, before.stat.inode):
        return
    for row, path in moved(hand.kept.rows(), before.path, after.path):
        drops.append(row.path)
        puts.append(
            replace(row, path=path, stat=seen.stat if row.path == before.path else row.stat)
        )


def _as_written(hand: Hand, after: Row) -> Row | None:
    """Return the row of a file or folder that was put in its place before the kill."""
    seen = hand.seen(after.path)
    if seen is None or seen.kind is not after.kind:
        return None
    if after.kind is Kind.FOLDER:
        return replace(after, stat=seen.stat)
    now = hand.now_ns()
    taken = digest_of(hand.disk, after.path, hand.digests)
    if taken is None or taken.digest != after.digest:
        return None
    return replace(after, stat=taken.seen.stat, looked_ns=now)
