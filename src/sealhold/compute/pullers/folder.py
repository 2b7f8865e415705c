"""A folder of this machine: each file in it is a piece, read by the connector that knows it.

- All of the folder is read at each pull: a file that went takes its items with it.
- Hidden files and links are left out, as at an import. Tables are told apart by the name of their
  file below the folder.

Source: docs/spec/36-sources.md section 1.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from sealhold.connectors.pulling import Health, Piece, Where
from sealhold.connectors.runner import files_of
from sealhold.model.errors import InvalidError, SourceAwayError


class FolderPuller:
    """Reads a folder."""

    kind: ClassVar[str] = "folder"
    about: ClassVar[str] = "A folder of this machine, each file by what it is."
    place: ClassVar[str] = "~/Rides"
    options: ClassVar[Mapping[str, str]] = {}
    is_local: ClassVar[bool] = True
    is_whole: ClassVar[bool] = True
    can_stay: ClassVar[bool] = True

    def check(self, where: Where) -> Health:
        """Look how many files there are."""
        folder = folder_at(where)
        count = sum(1 for _ in files_of(folder))
        return Health(sentence=f"{count:,} files", settings={"place": str(folder)})

    def pull(self, where: Where, cursor: str | None) -> Iterator[Piece]:
        """Yield each file, in the order of their names."""
        del cursor
        folder = folder_at(where)
        for path in files_of(folder):
            name = str(path.relative_to(folder))
            yield Piece(path=path, name=name, within=name)


def folder_at(where: Where) -> Path:
    """Return the folder that a source lies in.

    Raises:
        InvalidError: it is not named.
        SourceAwayError: it is not there.
    """
    said = where.settings.get("place")
    if not isinstance(said, str) or not said:
        raise InvalidError("a folder is named by its path")
    folder = Path(said).expanduser().absolute()
    if not folder.is_dir():
        raise SourceAwayError(f"there is no folder `{folder}`")
    return folder
