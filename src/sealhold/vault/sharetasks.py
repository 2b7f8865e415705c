"""Programs that answer people under a share: which one for whom, and what it sees.

- A row stands from the moment at which each object was charged for the program; what the program
  sees is read from the row, and not from whoever calls.
- The rows decide, so older pages of the database that lack one, or an end, are found.

Source: docs/spec/52-share-spaces.md section 10.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sealhold.model.encoding import Plain
from sealhold.model.errors import TamperedError
from sealhold.model.ids import AppId, FieldName, GrantId, Id16, TaskDigest
from sealhold.model.quantities import Instant
from sealhold.policy.sight import Said
from sealhold.stores.spec import Expect, Found, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.syncrows import SHARE_TASKS

_FORM = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareTask:
    """One program under one share."""

    grant: GrantId
    task: TaskDigest
    person: AppId  # who is answered, as budgets call them
    said: Said  # which rows the program sees, and how finely
    fields: frozenset[FieldName]  # what of a row
    ended: Instant | None = None
    v: int = 1


class ShareTasks:
    """The programs that answer people, of one vault."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def get(self, grant: GrantId) -> ShareTask | None:
        """Return the program of a share; None if nothing was charged for one."""
        found = self._core.deciding.get(SHARE_TASKS.name, grant)
        return None if found is None else self._read(found)

    def all(self) -> Iterator[ShareTask]:
        """Yield every program that ever answered under a share, in no order."""
        return (self._read(found) for found in self._core.deciding.all(SHARE_TASKS.name))

    def add(self, task: ShareTask) -> Op:
        """Return the operation that keeps a program; in the commit that charges for it."""
        return self._put(task, Instant(0), Expect.ABSENT)

    def end(self, task: ShareTask, now: Instant) -> Op:
        """Return the operation that ends a program for good."""
        return self._put(task, now, task.v)

    def _put(self, task: ShareTask, ended: Instant, expect: Expect | int) -> Put:
        clear = (task.grant, task.task, ended)
        paper: Plain = [
            _FORM,
            task.person,
            task.said.rows,
            list(task.said.precision),
            sorted(task.fields),
        ]
        sealed = self._core.papers.seal(SHARE_TASKS.name, clear, paper)
        return Put(SHARE_TASKS.name, (*clear, sealed), expect)

    def _read(self, found: Found) -> ShareTask:
        grant, task, ended, sealed = found.row
        match self._core.papers.open(SHARE_TASKS.name, (grant, task, ended), sealed):
            case [1, bytes(person), str(rows), list(precision), list(fields)]:
                return ShareTask(
                    grant=GrantId(Id16(grant)),
                    task=TaskDigest(task),
                    person=AppId(Id16(person)),
                    said=Said(rows, tuple(str(each) for each in precision)),
                    fields=frozenset(FieldName(str(each)) for each in fields),
                    ended=Instant(ended) if ended else None,
                    v=found.v,
                )
            case _:
                raise TamperedError("what was kept of a program is not what was written")
