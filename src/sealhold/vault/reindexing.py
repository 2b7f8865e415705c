"""The tags of one field made anew, under a fresh key: what people are found by moves, they stay.

- The key in force is another one; until the last tag is made anew both lead to people. Then the
  older one is destroyed.
- A person's value is opened to make its tag, for nobody: it leaves this file for no one.
- Each row is exchanged in one commit that fails if the person changed meanwhile. Whatever was begun
  under the key before fails its own.

Source: docs/spec/28-rotation.md section 3.
"""

from sealhold.model.errors import NotFoundError, SealBrokenError, TamperedError
from sealhold.model.ids import AppId, FieldName, Id16, SubjectId
from sealhold.model.people import Lookup
from sealhold.model.quantities import Instant
from sealhold.stores.spec import Cursor, Delete, Found
from sealhold.vault.core import Core
from sealhold.vault.identifiable import FIELDS, open_field
from sealhold.vault.jobs import Job, Left, State
from sealhold.vault.keyturns import KeyTurns
from sealhold.vault.lookups import LOOKUPS, Tags, check_row
from sealhold.vault.passes import NOT_OPEN, Step
from sealhold.vault.retagging import disturb
from sealhold.vault.schemas import Schemas
from sealhold.vault.subjects import ACTIVE, Subjects
from sealhold.vault.writer import Work

ROWS = 500


class IndexPass:
    """Makes the tags of one field anew."""

    def __init__(self, core: Core, turns: KeyTurns, schemas: Schemas) -> None:
        self._core = core
        self._turns = turns
        self._schemas = schemas
        self._subjects = Subjects(core)

    def total(self, job: Job) -> int:
        """Return how many rows lead to people by this field."""
        app, field = _field(job)
        total, cursor = 0, None
        while True:
            page = self._core.store.scan(LOOKUPS.name, "key", (app, field), (), after=cursor)
            mine = sum(found.row[:2] == (app, field) for found in page.rows)
            total, cursor = total + mine, page.cursor
            if cursor is None or mine < len(page.rows):
                return total

    def step(self, job: Job, _due: Instant) -> Step:
        """Make some tags anew."""
        app, field = _field(job)
        self._turns.begin_field(job.id, app, field)
        if job.state is State.RUNNING and not job.cursor:
            # THREAT T272: no tag that was made under the key before is written behind the look
            disturb(self._core, app)
        schema = self._schemas.get(app)
        kind = schema.rules[field].lookup if schema and field in schema.rules else Lookup.NONE
        tags = Tags(self._core, app, field, kind)
        after = Cursor(job.cursor) if job.cursor else None
        page = self._core.store.scan(LOOKUPS.name, "key", (app, field), (), after=after, limit=ROWS)
        mine = [found for found in page.rows if found.row[:2] == (app, field)]
        works, left = list[Work](), list[Left]()
        for found in mine:
            try:
                work = self._anew(tags, found)
            except (NotFoundError, TamperedError):
                left.append(Left(LOOKUPS.name, found.row[:4], NOT_OPEN))
            else:
                works += [work] if work is not None else []
        cursor = page.cursor if len(mine) == len(page.rows) else None
        return Step(cursor, len(mine), len(works), tuple(left), tuple(works))

    def end(self, job: Job, _due: Instant) -> int:
        """Destroy the older keys of the field, unless rows were left that lie under them."""
        return 0 if job.quarantined else self._turns.end_field(*_field(job))

    def _anew(self, tags: Tags, found: Found) -> Work | None:
        """Return what exchanges a row; None if it is new, or the person is on the way out.

        Raises:
            NotFoundError: the person's keys are gone.
            SealBrokenError: the row, the person or the value is not as it was written.
        """
        app, field, _, subject, _, _ = found.row
        row = self._subjects.found(app, SubjectId(Id16(subject)))
        if row is None:
            raise NotFoundError("no such person")
        if row.row[2] != ACTIVE:
            return None
        person, keys = self._subjects.opened(row)
        version = person.fields.get(field)
        if version is None:
            raise SealBrokenError("a row that people are found by is of a field that is not there")
        inner = check_row(self._core, keys, version, found)
        sealed = self._core.store.get(FIELDS.name, [(subject, field)])[0]
        value = open_field(keys, field, version, sealed)
        if tags.inner(value) == inner:
            return None
        gone = Delete(LOOKUPS.name, found.row[:4], found.v)
        return Work((person.guard, gone, tags.row(keys, version, value)), ())


def _field(job: Job) -> tuple[AppId, FieldName]:
    if job.scope.app is None or job.scope.field is None:
        raise TamperedError("a job of one field names none")
    return job.scope.app, FieldName(job.scope.field)
