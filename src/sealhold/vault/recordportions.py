"""Which lines of a bulk load go together: by their number, and by their bytes.

- A portion is what is looked for, sealed and handed to the writer at once; no record is in it
  twice. A unit of it is what of one person is put in one commit.
- What a line replaces counts with it, if it is long: that moves to the older versions.

Source: docs/spec/25-records-of-people.md section 6.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sealhold.model.ids import RecordId, SubjectId
from sealhold.model.personrecords import Content
from sealhold.stores.spec import MAX_ROW, Found
from sealhold.vault.personrecords import At
from sealhold.vault.personrows import is_left_out
from sealhold.vault.recordasking import Asking
from sealhold.vault.recordwriting import Before

PORTION_LINES = 1_000  # a log entry names each
PORTION_BYTES = 2_097_152  # of content
UNIT_BYTES = 5_242_880  # of rows that are put, older versions among them

There = Mapping[int, Found | None]  # by the number of a line


@dataclass(frozen=True, slots=True)
class Line:
    """A record that is to be kept."""

    asking: Asking
    at: At
    content: Content
    plain: bytes  # `content`, packed
    expected: int | None  # the version that it replaces; None: it is new
    is_drawn: bool = False  # its id was drawn for it, so nothing is there

    @property
    def key(self) -> tuple[SubjectId, str, RecordId]:
        """Which record it is, among all of the vault."""
        return (self.asking.subject, self.at.collection, self.at.record)


class Ready(NamedTuple):
    """A line that may be kept, with what is there before it."""

    nth: int
    line: Line
    before: Before
    kept: int  # older versions that stay

    @property
    def size(self) -> int:
        """Bytes of the rows that are put."""
        found = self.before.found
        return len(self.line.plain) + (len(found.row[-1]) if found and self.kept else 0)


def portions(lines: Mapping[int, Line]) -> Iterator[dict[int, Line]]:
    """Yield which lines go together: as many as a commit can hold, and no record twice."""
    portion: dict[int, Line] = {}
    seen: set[tuple[SubjectId, str, RecordId]] = set()
    size = 0
    for nth, line in lines.items():
        is_full = len(portion) == PORTION_LINES or size + len(line.plain) > PORTION_BYTES
        key = None if line.is_drawn else line.key  # nobody else names what was drawn
        if portion and (is_full or key in seen):
            yield portion
            portion, seen, size = {}, set(), 0
        portion[nth] = line
        if key is not None:
            seen.add(key)
        size += len(line.plain)
    if portion:
        yield portion


def parts(lines: Mapping[int, Line], there: There) -> Iterator[Mapping[int, Line]]:
    """Yield which lines of a portion go together: fewer, if they replace long contents."""
    if not any(is_left_out(found) for found in there.values()):
        yield lines
        return
    part: dict[int, Line] = {}
    size = 0
    for nth, line in lines.items():
        more = len(line.plain) + (MAX_ROW if is_left_out(there.get(nth)) else 0)
        # THREAT T434: what moves to the older versions is in memory as well
        if part and size + more > UNIT_BYTES:
            yield part
            part, size = {}, 0
        part[nth] = line
        size += more
    yield part


def units(ready: Sequence[Ready]) -> Iterator[list[Ready]]:
    """Yield which lines of one person are put together: as many as a commit can hold."""
    unit: list[Ready] = []
    size = 0
    for each in ready:
        if unit and size + each.size > UNIT_BYTES:
            yield unit
            unit, size = [], 0
        unit.append(each)
        size += each.size
    if unit:
        yield unit
