"""A folder that is emptied: what is laid there is taken in and moved aside with a report.

- A file counts once nothing changed on it for three seconds, by the time of its last change, which
  only the system sets.
- It goes to `done` or `rejected` below the folder once what was in it is durable; a file of the
  same name there is never replaced. Beside it lies what became of it.

Source: docs/spec/45-staging.md section 2.
"""

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar

from sealhold.compute.pullers.folder import folder_at
from sealhold.connectors.pulling import Health, Piece, Where
from sealhold.connectors.runner import files_of
from sealhold.model.clock import Clock
from sealhold.model.errors import SourceAwayError

STILL = 3_000  # milliseconds
DONE, REJECTED = "done", "rejected"
REPORT = ".report.txt"


class DropPuller:
    """Reads what was dropped into a folder."""

    kind: ClassVar[str] = "drop"
    about: ClassVar[str] = "A folder that you drop files into: each is taken in and moved aside."
    place: ClassVar[str] = "~/Drop"
    options: ClassVar[Mapping[str, str]] = {}
    is_local: ClassVar[bool] = True
    is_whole: ClassVar[bool] = False
    can_stay: ClassVar[bool] = False

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def check(self, where: Where) -> Health:
        """Look whether files can be moved there.

        Raises:
            SourceAwayError: they cannot, or the folder is not there.
        """
        folder = folder_at(where)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise SourceAwayError(f"files in `{folder}` cannot be moved")
        waiting = sum(1 for _ in self._still(folder))
        return Health(sentence=f"{waiting:,} files wait", settings={"place": str(folder)})

    def pull(self, where: Where, cursor: str | None) -> Iterator[Piece]:
        """Yield each file that nobody writes any more."""
        del cursor
        folder = folder_at(where)
        for path in [*self._still(folder)]:
            name = str(path.relative_to(folder))
            yield Piece(path=path, name=name, within=name, kept=partial(_aside, folder, path))

    def _still(self, folder: Path) -> Iterator[Path]:
        for path in files_of(folder):
            if path.relative_to(folder).parts[0] not in (DONE, REJECTED) and self._is_still(path):
                yield path

    def _is_still(self, path: Path) -> bool:
        try:
            told = path.stat()
        except OSError:
            return False
        return self._clock() - max(told.st_ctime, told.st_mtime) * 1_000 >= STILL


def _aside(folder: Path, path: Path, said: str, is_read: bool) -> None:  # noqa: FBT001  # reason: one of two folders
    """Move a file to where it belongs now, and lay beside it what became of it."""
    to = folder / (DONE if is_read else REJECTED) / path.relative_to(folder)
    to.parent.mkdir(parents=True, exist_ok=True)
    number, free = 1, to
    while free.exists() or free.with_name(free.name + REPORT).exists():
        number += 1
        free = to.with_name(f"{to.stem} {number}{to.suffix}")
    path.rename(free)
    free.with_name(free.name + REPORT).write_text(said + "\n")
