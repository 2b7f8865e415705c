"""What changed in a folder, read in portions that one commit holds: each while one is written down.

- Short files go first: so others have most of them soon, and little to do at the end. The first
  portions have fewer files, so others begin soon.
- A portion is read by a thread of its own while the one before it becomes durable and is given on;
  one at most is read ahead, so memory stays bounded.

Source: docs/spec/47-folders.md section 6.
"""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import NamedTuple

from sealhold.sharing.devices.bodytaking import Packer, Pending
from sealhold.sharing.devices.comparing import Change, What
from sealhold.sharing.devices.folder import Folder
from sealhold.sharing.devices.keptrows import Kind
from sealhold.sharing.devices.reading import Taken

FILES = 1_000  # of one portion at most
FIRST = 200  # of the first one; each that follows has twice as many
BYTES = 32_000_000
_WITH_CONTENT = (What.CREATED, What.EDITED)


class Read(NamedTuple):
    """A change, and its content if it has one."""

    change: Change
    taken: Taken[Pending] | None


def read(
    folder: Folder, packer: Packer, changes: Sequence[Change]
) -> Generator[list[Read], None, None]:
    """Yield what changed, portion by portion, without files that are busy: a later look tells them.

    What was yielded is begun by `packer`, and can be settled.

    Raises:
        StoreUnavailableError: the disk that packs are staged on does not answer.
        StoreFullError: it has no room.
    """
    waiting = _portions(changes)
    portion = next(waiting, None)
    if portion is None:
        return
    over = Event()
    found = _read(folder, packer, portion, over)
    with ThreadPoolExecutor(1, thread_name_prefix="reading-ahead") as pool:
        try:
            for portion in waiting:
                ahead = pool.submit(_read, folder, packer, portion, over)
                yield found
                found = ahead.result()
        finally:
            over.set()
    yield found


def _read(folder: Folder, packer: Packer, portion: Sequence[Change], over: Event) -> list[Read]:
    found = list[Read]()
    with folder.many():
        for change in portion:
            if over.is_set():
                break
            taken = folder.take(change, packer.take) if _has_content(change) else None
            if taken is not None or not _has_content(change):
                found.append(Read(change, taken))
    packer.begin_all()
    return found


def _has_content(change: Change) -> bool:
    return change.what in _WITH_CONTENT and change.kind is not Kind.FOLDER


def _portions(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Yield changes in portions that one commit holds; all moves and deletes in the first.

    Short files go first: so others have most of them soon, and little to do at the end.
    """
    portion = [change for change in changes if not _has_content(change)]
    files, size, most = 0, 0, FIRST
    contents = [change for change in changes if _has_content(change)]
    for change in sorted(contents, key=_size):
        if files >= most or size >= BYTES:
            yield portion
            portion, files, size, most = [], 0, 0, min(FILES, 2 * most)
        portion.append(change)
        files += 1
        size += _size(change)
    if portion:
        yield portion


def _size(change: Change) -> int:
    return 0 if change.seen is None else change.seen.stat.size
