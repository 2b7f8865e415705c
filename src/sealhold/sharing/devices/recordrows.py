"""What the records of this vault are called among the devices, and how far both are equal.

- One row per object of the collection: which record it is here, in which version of either. It is
  written in the commit that gives the record, or that takes it in.
- A record may stand for several objects, one of each device that read the same file.

Source: docs/spec/50-vault-in-sync.md section 2.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sealhold.model.encoding import Plain
from sealhold.model.errors import TamperedError
from sealhold.model.ids import ID_BYTES
from sealhold.sharing.devices.keeping import Keeping
from sealhold.stores.spec import Op

_BEHIND = bytes(16)  # fills the name of an object up to that of a row
_CURSOR = bytes(32)  # the name of what says how far the log was read


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """One object, and the record that it is here."""

    thing: bytes  # 16
    author: bytes  # 16: the device that first gave it
    version: bytes  # 16: of the object, to which the record is equal
    record: bytes = b""  # 16; empty: there is none here any more
    number: int = 0  # version of the record
    job: bytes = b""  # 16, of the record


class RecordRows:
    """The rows of one collection of records. For one thread."""

    def __init__(self, keeping: Keeping, collection: bytes) -> None:
        self._keeping = keeping
        self._collection = collection
        self._rows: dict[bytes, RecordRow] = {}
        self._of: defaultdict[bytes, set[bytes]] = defaultdict(set)
        self.cursor: int | None = None  # entries of the log up to which changes were given
        self.load()

    def load(self) -> None:
        """Begin from what is durable."""
        self._rows, self.cursor = {}, None
        self._of = defaultdict(set)
        for name, told in self._keeping.file_rows(self._collection):
            if name == _CURSOR:
                self.cursor = int(told)
            else:
                self.put(_read(name[:ID_BYTES], told))

    def __len__(self) -> int:
        return len(self._rows)

    def all(self) -> list[RecordRow]:
        """Return every row, in the order of the objects."""
        return [self._rows[thing] for thing in sorted(self._rows)]

    def get(self, thing: bytes) -> RecordRow | None:
        """Return the row of an object."""
        return self._rows.get(thing)

    def of(self, record: bytes) -> list[RecordRow]:
        """Return the rows of a record, in the order of the objects."""
        return [self._rows[thing] for thing in sorted(self._of.get(record, ()))]

    def is_had(self, record: bytes, author: bytes) -> bool:
        """Return whether a record stands for an object of an author."""
        return any(row.author == author for row in self.of(record))

    def writing(self, rows: Iterable[RecordRow], gone: Iterable[bytes] = ()) -> list[Op]:
        """Return what makes rows durable, and forgets those of objects; then call `put`, `drop`."""
        here = self._collection
        ops = [self._keeping.drop_file(here, thing + _BEHIND) for thing in gone]
        return [*ops, *(self._keeping.put_file(here, r.thing + _BEHIND, _told(r)) for r in rows)]

    def reached(self, size: int) -> Op:
        """Return what keeps how far the log was read."""
        return self._keeping.put_file(self._collection, _CURSOR, size)

    def put(self, row: RecordRow) -> None:
        """Take it that a row is durable."""
        self.drop(row.thing)
        self._rows[row.thing] = row
        if row.record:
            self._of[row.record].add(row.thing)

    def drop(self, thing: bytes) -> None:
        """Take it that a row is durably gone."""
        old = self._rows.pop(thing, None)
        if old is not None and old.record:
            self._of[old.record].discard(thing)


def _told(row: RecordRow) -> Plain:
    return [row.author, row.version, row.record, row.number, row.job]


def _read(thing: bytes, told: Plain) -> RecordRow:
    match told:
        case [bytes(author), bytes(version), bytes(record), int(number), bytes(job)]:
            return RecordRow(
                thing=thing, author=author, version=version, record=record, number=number, job=job
            )
        case _:
            raise TamperedError("a kept row of a record is not what was written")
