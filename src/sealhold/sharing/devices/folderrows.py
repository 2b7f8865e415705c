"""The rows of a synced folder, kept in the vault.

- A path stands in no column: a row is found by its keyed hash.

Source: docs/spec/47-folders.md section 5; docs/spec/11-exchange-and-op-log.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sealhold.crypto.digest import keyed
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain
from sealhold.model.errors import TamperedError
from sealhold.sharing.devices.keeping import Keeping
from sealhold.sharing.devices.keeping import Step as Kept
from sealhold.sharing.devices.keptrows import Kind, Row, Stat, Step
from sealhold.stores.spec import Op

_BOUND = bytes(32)  # the name of what says which folder it is
_STEPS = bytes(31) + b"\x01"  # of what is about to be done
CHOSEN = bytes(31) + b"\x02"  # of what this device keeps of it: chosen.py
TENDED = bytes(31) + b"\x03"  # of when old versions were last looked at: tending.py
_RESERVED = (_BOUND, _STEPS, CHOSEN, TENDED)


@dataclass(frozen=True, slots=True)
class Bound:
    """Which folder of this device a collection is kept equal to."""

    path: str
    mark: bytes  # 16, as its marker says


class FolderRows:
    """What a folder held when it was last equal to the vault; `keptrows.Kept` over the vault."""

    def __init__(self, keeping: Keeping, collection: bytes, secret: Secret) -> None:
        self._keeping = keeping
        self._collection = collection
        self._secret = secret
        self._rows: dict[str, Row] = {}
        self._steps: list[Step] = []
        self.bound: Bound | None = None
        for name, told in keeping.file_rows(collection):
            if name == _BOUND:
                self.bound = _bound(told)
            elif name == _STEPS:
                self._steps = [_step(each) for each in told]
            elif name not in _RESERVED:
                row = _row(told)
                self._rows[row.path] = row

    def bind(self, bound: Bound) -> None:
        """Keep which folder it is; durable on return."""
        told = [bound.path, bound.mark]
        self._save([self._keeping.put_file(self._collection, _BOUND, told)])
        self.bound = bound

    def unbind(self) -> None:
        """Forget the folder and all that was kept of it; durable on return."""
        names = [_BOUND, _STEPS, *(self._name(path) for path in self._rows)]
        self._save([self._keeping.drop_file(self._collection, name) for name in names])
        self.bound, self._rows, self._steps = None, {}, []

    def rows(self) -> Mapping[str, Row]:
        """Return all rows, by path."""
        return self._rows

    def steps(self) -> list[Step]:
        """Return the steps that were kept and not forgotten."""
        return list(self._steps)

    def settle(self, drops: Iterable[str], puts: Iterable[Row]) -> None:
        """Drop rows by path, put others, and forget all steps."""
        gone, came = list(drops), list(puts)
        self._save(self.settling(gone, came))
        self.settled(gone, came)

    def settling(self, drops: Iterable[str], puts: Iterable[Row]) -> list[Op]:
        """Return what makes that durable, together with something else; then call `settled`."""
        here = self._collection
        ops = [self._keeping.drop_file(here, self._name(path)) for path in drops]
        ops += [self._keeping.put_file(here, self._name(row.path), _told(row)) for row in puts]
        if self._steps:
            ops.append(self._keeping.drop_file(here, _STEPS))
        return ops

    def settled(self, drops: Iterable[str], puts: Iterable[Row]) -> None:
        """Take it that what `settling` returned is durable."""
        for path in drops:
            self._rows.pop(path, None)
        self._rows.update((row.path, row) for row in puts)
        self._steps = []

    def intend(self, steps: Iterable[Step]) -> None:
        """Keep what is about to be done, in place of the steps that are kept."""
        self._steps = list(steps)
        told = [[_maybe(step.before), _maybe(step.after)] for step in self._steps]
        self._save([self._keeping.put_file(self._collection, _STEPS, told)])

    def _save(self, ops: list[Op]) -> None:
        if ops:
            self._keeping.save(self._collection, Kept(beside=ops))

    def _name(self, path: str) -> bytes:
        name = keyed(self._secret, Tag.SYNCED_FILE, path.encode("utf-8", "surrogateescape"))
        return name if name not in _RESERVED else keyed(self._secret, Tag.SYNCED_FILE, name)


def _maybe(row: Row | None) -> Plain:
    return None if row is None else _told(row)


def _told(row: Row) -> list[Plain]:
    path = row.path.encode("utf-8", "surrogateescape")
    return [
        path,
        row.object,
        row.kind.value,
        list(row.stat),
        row.mode,
        row.digest,
        row.version,
        row.looked_ns,
    ]


def _row(told: Plain) -> Row:
    match told:
        case [
            bytes(path),
            bytes(thing),
            str(kind),
            [int(size), int(mtime), int(ctime), int(inode)],
            int(mode),
            bytes(digest),
            bytes(version),
            int(looked),
        ]:
            return Row(
                path=path.decode("utf-8", "surrogateescape"),
                object=thing,
                kind=Kind(kind),
                stat=Stat(size, mtime, ctime, inode),
                mode=mode,
                digest=digest,
                version=version,
                looked_ns=looked,
            )
        case _:
            raise TamperedError("what was kept of a folder is not what was written")


def _step(told: Plain) -> Step:
    before, after = told
    return Step(None if before is None else _row(before), None if after is None else _row(after))


def _bound(told: Plain) -> Bound:
    match told:
        case [str(path), bytes(mark)]:
            return Bound(path, mark)
        case _:
            raise TamperedError("what was kept of a folder is not what was written")
