"""What lies under subject keys: one list of the tables, and how a row of each is re-wrapped.

- A row holds a key, or a block of keys, wrapped under one version of its subject's key. Re-wrapping
  puts the same key under the version in force: nothing that it seals is opened or moved.
- Whoever adds a table with such rows adds it here: then rotation, `key list` and the last look
  before a version is destroyed know it.

Source: docs/spec/28-rotation.md section 2.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sealhold.model.clock import Entropy
from sealhold.model.ids import ID_BYTES, SubjectId
from sealhold.stores.spec import Found, Key, ReadView, Row, TableSpec
from sealhold.vault import identifiable, keyblocks, objects, owned
from sealhold.vault.deciding import rows_of, scan_all
from sealhold.vault.versions import Versions

ENOUGH = 4  # a page of which less than one row in so many is wanted is no way to look for more


Rewrite = Callable[[Versions, Row, Entropy], Row]


@dataclass(frozen=True, slots=True)
class Under:
    """One table whose rows lie under subject keys."""

    spec: TableSpec
    rewrapped: Rewrite  # the key under the version in force
    resealed: Rewrite | None = None  # the content under another key; None: it holds none
    index: str = "key"  # begins with the subject; without one, all rows are looked at

    @property
    def subject_at(self) -> int:
        """Which column is the subject."""
        return list(self.spec.columns).index("subject")

    @property
    def version_at(self) -> int:
        """Which column is the version of the subject key."""
        return list(self.spec.columns).index("skver")

    def key(self, row: Row) -> Key:
        """Return the key of a row."""
        columns = list(self.spec.columns)
        return tuple(row[columns.index(name)] for name in self.spec.key)

    def rows(self, view: ReadView, subjects: Sequence[SubjectId]) -> Iterator[Found]:
        """Yield the rows of `subjects`, which are in the order of their ids."""
        if not subjects:
            return
        if self.index:
            yield from self._by_subject(view, subjects)
            return
        wanted = set(subjects)
        for found in scan_all(view, self.spec):
            if found.row[self.subject_at] in wanted:
                yield found

    def counted(self, view: ReadView) -> Iterator[tuple[bytes, int]]:
        """Yield subject and version of each row."""
        subject, version = self.subject_at, self.version_at
        return ((found.row[subject], found.row[version]) for found in scan_all(view, self.spec))

    def _by_subject(self, view: ReadView, subjects: Sequence[SubjectId]) -> Iterator[Found]:
        """Yield as above: page by page from the first to the last, or one by one if few lie so."""
        at, wanted, last = self.subject_at, set(subjects), int.from_bytes(subjects[-1])
        end: Key = ((last + 1).to_bytes(ID_BYTES),) if last + 1 < 1 << 8 * ID_BYTES else ()
        cursor = None
        while True:
            page = view.scan(self.spec.name, self.index, (subjects[0],), end, after=cursor)
            hits = [found for found in page.rows if found.row[at] in wanted]
            cursor = page.cursor
            yield from hits
            if cursor is None:
                return
            if len(hits) * ENOUGH < len(page.rows):
                break
        reached = page.rows[-1]
        for subject in subjects:
            if subject < reached.row[at]:
                continue
            for found in rows_of(view, self.spec, self.index, subject):
                if subject > reached.row[at] or self.key(found.row) > self.key(reached.row):
                    yield found


UNDER_SUBJECTS = (
    Under(identifiable.FIELDS, identifiable.rewrapped, identifiable.resealed),
    Under(keyblocks.KEY_BLOCKS, keyblocks.rewrapped),
    Under(owned.RECORDS, owned.rewrapped, owned.resealed, index=""),
    Under(owned.OLDER, owned.rewrapped, owned.resealed, index=""),
    Under(objects.CHUNKS, objects.rewrapped, index="subject"),
)
