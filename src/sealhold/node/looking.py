"""What files are and which datasets there can be: asked without a vault, and nothing is kept.

Source: docs/architecture.md section 3.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sealhold import plugins
from sealhold.compute.readercell import ReaderCell
from sealhold.connectors.members import size_of
from sealhold.connectors.runner import files_of, inside
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.ids import Collection
from sealhold.model.records import Dataset
from sealhold.vault.signed import reading, signer_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a file is, before anything of it is taken in."""

    path: Path
    size: int  # bytes
    what: str | None  # "GPX 1.1"; None if no connector reads it
    why: str  # why not


def datasets() -> Mapping[Collection, Dataset]:
    """Return each dataset that some connector can fill, by its name."""
    return plugins.datasets()


def look(paths: Iterable[Path], signed_by: bytes | None = None) -> Iterator[Found]:
    """Yield what each file is, as an import would find it; needs no vault and keeps nothing."""
    with ReaderCell() as cell:
        reader = reading(cell, signer_of(signed_by))
        files = (file for path in paths for file in files_of(path))
        for each in (each for file in files for each in inside(file, reader)):
            what, size, why = None, 0, each.why or "the file cannot be opened"
            with suppress(OSError):
                size = size_of(each.path)
                if not each.why:
                    try:
                        what, why = reader.detect(each.path).what, ""
                    except UnreadableSourceError as err:
                        why = str(err)
            yield Found(path=each.path, size=size, what=what, why=why)
