"""A local folder with one file per object.

- An object gets its name by one `link`, which fails when the name is taken: put-if-absent.
- A part of a name before a `/` is a folder marked with `+`, so `a` and `a/b` never meet.
- The folder of a name is synced after the link, and those above it once they were made or found,
  so a power cut cannot take the name away.
- A killed put leaves at most a file of a name that no object can have.
- Not for network disks, which may repeat a lost `link` and report its own success as EXISTS, nor
  for FAT, which has no links.

Source: docs/spec/04-stores.md section 8.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from tempfile import mkstemp

from sealhold.model.errors import (
    ObjectNotFoundError,
    StoreFullError,
    StoreUnavailableError,
    TamperedError,
)
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.objectnames import check_range, checked
from sealhold.stores.pieces import write_all
from sealhold.stores.spec import NO_ROOM, Kept

UNFINISHED = ".tmp-"  # no part of an object's name starts with a dot
FOLDER_MARK = "+"  # no object name has one
FOLDER_MODE = 0o700


class LocalDir:
    """Keeps objects in `folder`, which must exist."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._durable: set[Path] = set()  # folders whose names were synced since they were made

    def put(self, name: ObjectName, sealed: SealedBytes) -> Kept:
        path = self._path(name)
        way = [path.parent, *path.parent.parents]
        way = way[: way.index(self._folder) + 1]
        with _answering(name):
            for folder in reversed(way[:-1]):
                self._make(folder)
            ended = _place(path, sealed)
            _sync(path.parent)  # after EXISTS too: the first writer may have died before this
            for folder, above in pairwise(way):
                if folder not in self._durable:
                    _sync(above)
                    self._durable.add(folder)
        return ended

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=FOLDER_MODE)
        except FileExistsError:
            if not folder.is_dir():
                raise
        else:
            self._durable.discard(folder)

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> SealedBytes:
        path = self._path(name)
        check_range(offset, length)
        with self._finding(name), path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            end = max(size, offset) if length is None else offset + length
            if end > size:
                raise TamperedError(f"object `{name}` has {size} bytes; asked up to {end}")
            file.seek(offset)
            found = file.read(end - offset)
        if len(found) != end - offset:
            raise TamperedError(f"object `{name}` was cut while it was read")
        return SealedBytes(found)

    def head(self, name: ObjectName) -> int:
        path = self._path(name)
        with self._finding(name):
            return path.stat().st_size

    def delete(self, name: ObjectName) -> None:
        path = self._path(name)
        with suppress(ObjectNotFoundError), self._finding(name):
            path.unlink()
            _sync(path.parent)

    def names(self, prefix: str = "") -> Iterator[ObjectName]:
        found = []
        with _answering(prefix):
            for folder, _folders, files in os.walk(self._folder, onerror=_raise):
                parts = [part.removesuffix(FOLDER_MARK) for part in self._below(folder)]
                found += ["/".join((*parts, file)) for file in files if not _is_unfinished(file)]
        return iter([ObjectName(name) for name in sorted(found) if name.startswith(prefix)])

    @contextmanager
    def _finding(self, name: ObjectName) -> Iterator[None]:
        with _answering(name):
            try:
                yield
            except FileNotFoundError as err:
                if not self._folder.is_dir():
                    raise  # the disk is not mounted: that says nothing of the object
                raise ObjectNotFoundError(f"no object `{name}`") from err

    def _path(self, name: ObjectName) -> Path:
        *folders, file = checked(name).split("/")
        return self._folder.joinpath(*(part + FOLDER_MARK for part in folders), file)

    def _below(self, folder: str) -> tuple[str, ...]:
        return Path(folder).relative_to(self._folder).parts


def _place(path: Path, sealed: SealedBytes) -> Kept:
    """Write and sync a file beside `path`, and link it there if nothing is."""
    handle, part = mkstemp(prefix=UNFINISHED, dir=path.parent)
    try:
        try:
            write_all(handle, sealed)
            os.fsync(handle)
        finally:
            os.close(handle)
        try:
            os.link(part, path)
        except FileExistsError:
            return Kept.EXISTS
        return Kept.CREATED
    finally:
        Path(part).unlink()


@contextmanager
def _answering(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        if err.errno in NO_ROOM:
            raise StoreFullError(f"no room for object `{name}`") from err
        raise StoreUnavailableError(f"object `{name}` cannot be reached") from err


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_unfinished(file: str) -> bool:
    return file.startswith(UNFINISHED)


def _raise(err: OSError) -> None:
    raise err
