"""Reading the places that the owner named: into the vault, or only to look.

- A piece is read in the jail like a file that was imported; what comes is shaped and recognised.
- A pull is one job. Its cursor goes on only behind a piece that is durable, so a kill in between
  reads that piece again and finds it all there.
- What a place has no more goes into history and is listed no more.

Source: docs/spec/36-sources.md section 3.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from sealhold.connectors.members import member_of
from sealhold.connectors.pulling import Piece, Pullers, Where
from sealhold.connectors.runner import Reader, inside
from sealhold.connectors.shaping import dataset_from, shaped
from sealhold.connectors.spec import Batch, Item
from sealhold.model.errors import ConflictError, UnreadableSourceError
from sealhold.model.records import Dataset
from sealhold.vault.accounts import Accounts
from sealhold.vault.catalogue import SourceRow
from sealhold.vault.core import Core

Cell = Callable[[], AbstractContextManager[Reader]]


@dataclass(slots=True)
class Read:
    """One piece, while it is read."""

    piece: Piece
    connector: str
    version: str
    rest: Iterator[Batch]
    within: str  # the file without which its items mean nothing, if so
    error: str = ""  # why it cannot be read, or not to its end; what came before stands

    def batches(self) -> Iterator[Batch]:
        """Yield what is in it, up to its end or to where it breaks."""
        try:
            yield from self.rest
        except UnreadableSourceError as err:
            self.error = str(err)

    def items(self) -> Iterator[Item]:
        """Yield its items."""
        return (item for batch in self.batches() for item in batch.items)


class Looking:
    """Reads places to their end."""

    def __init__(
        self, core: Core, cell: Cell, pullers: Pullers, per_file: Callable[[str], bool]
    ) -> None:
        self._cell = cell
        self._per_file = per_file  # whether a connector's items mean nothing without their file
        self._pullers = pullers
        self._accounts = Accounts(core.store, core.papers, core.owner)

    def where(self, source: SourceRow) -> Where:
        """Return where a source lies, with what opens it."""
        return Where(settings=source.settings, secret=self._accounts.secret(source.id))

    def pieces(self, source: SourceRow, cursor: str | None = None) -> Iterator[Read]:
        """Yield each piece since `cursor`, or all there is; each is read before the next is asked.

        A piece that no connector reads has an error and nothing in it.

        Raises:
            SourceAwayError: the place cannot be reached.
            LoginNeededError: it refuses the account.
            IsolationUnavailableError: the reader cannot be confined here.
        """
        dataset = declared(source)
        with self._cell() as cell:
            for piece in self._pullers(source.kind).pull(self.where(source), cursor):
                for part in _parts(cell, piece):
                    yield self._read(cell, part, dataset) if isinstance(part, Piece) else part

    def _read(self, cell: Reader, piece: Piece, dataset: Dataset | None) -> Read:
        if piece.is_empty:
            return Read(piece, "", "", iter(()), "")
        name, version = piece.known
        if not name:
            try:
                known = cell.detect(piece.path)
            except UnreadableSourceError as err:
                return Read(piece, "", "", iter(()), "", str(err))
            name, version = known.source, known.version
        portions = cell.read(piece.path, name, None)
        shapes = (shaped(each.batch, dataset) for each in portions)
        within = piece.within if dataset is None and self._per_file(name) else ""
        return Read(piece, name, version, shapes, within)


def _parts(cell: Reader, piece: Piece) -> Iterator[Piece | Read]:
    """Yield the piece, or what is in it if it is an archive; its cursor stands behind the last."""
    found = [*inside(piece.path, cell)]
    for number, each in enumerate(found, start=1):
        member = member_of(each.path)
        name = f"{piece.name}/{member}" if member else piece.name
        is_last = number == len(found)
        part = replace(
            piece,
            path=each.path,
            name=name,
            cursor=piece.cursor if is_last else "",
            gone=piece.gone if is_last else (),
            kept=piece.kept if is_last else None,
            within=piece.within and name,
        )
        yield Read(part, "", "", iter(()), "", each.why) if each.why else part


def declared(source: SourceRow) -> Dataset | None:
    """Return the dataset that a source's rows are, if its owner said so."""
    told = source.settings.get("dataset")
    return dataset_from(told) if isinstance(told, dict) else None


def check_declared(
    core: Core, sources: Sequence[SourceRow], dataset: Dataset, mine: SourceRow | None = None
) -> None:
    """See that a source may have a dataset of its own: nothing else is called so here.

    Raises:
        ConflictError: a connector fills one of that name, or another source has other columns.
    """
    named = [(each.id, declared(each)) for each in sources]
    same = [(id_, each) for id_, each in named if each and each.name == dataset.name]
    if core.datasets.get(dataset.name) is not None and not same:
        raise ConflictError(
            f"`{dataset.name}` is the name of another dataset; name yours by `dataset`"
        )
    own = mine.id if mine is not None else None
    if any(id_ != own and each.columns != dataset.columns for id_, each in same):
        raise ConflictError(f"a source has a dataset `{dataset.name}` with other columns")
