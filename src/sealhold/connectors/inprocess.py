"""A `Reader` without a jail: for connectors under test, whose input their author wrote.

- It runs in the process that calls it. Files from elsewhere go through `compute.readercell`.

Source: docs/spec/18-connectors.md section 4.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sealhold.connectors.detect import detect
from sealhold.connectors.frames import Known, Members, Portion
from sealhold.connectors.spec import SNIFF_BYTES, Source
from sealhold.model.errors import UnreadableSourceError


class UnjailedReader:
    """Reads with these sources, in this process."""

    def __init__(self, sources: Sequence[Source], *, unjailed_because: str) -> None:
        self.unjailed_because = unjailed_because
        self._sources = sources

    def members(self, path: Path) -> Members:
        """Return what an archive holds; none is opened here.

        Raises:
            UnreadableSourceError: always.
        """
        raise UnreadableSourceError(f"`{path.name}` is an archive, which only the cell opens")

    def detect(self, path: Path) -> Known:
        """Return which source reads the file.

        Raises:
            UnreadableSourceError: none does, or the file cannot be opened.
        """
        try:
            with path.open("rb") as file:
                found = detect(file.read(SNIFF_BYTES), path.name, self._sources)
        except OSError as err:
            raise UnreadableSourceError("the file cannot be opened") from err
        source, guess = found.source, found.guess
        return Known(source.name, source.version, guess.what, guess.sure)

    def read(self, path: Path, source_name: str, cursor: str | None) -> Iterator[Portion]:
        """Yield the file's content from after `cursor`.

        Raises:
            UnreadableSourceError: no source of that name, or the file is broken.
        """
        source = next((one for one in self._sources if one.name == source_name), None)
        if source is None:
            raise UnreadableSourceError("no source of that name")
        with path.open("rb") as file:
            for batch in source.read(file, path.name, cursor):
                yield Portion(batch, file.tell())
