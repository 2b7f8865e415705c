"""Tasks that ended for good, because an object of their frozen set was erased.

- A manifest that stands here is not allowed again, and no grant of it is used: its set cannot be
  what it was, and an answer over what is left would tell of what is gone.
- The rows decide, so older pages of the database that lack one are found.

Source: docs/spec/09-leakage.md section 12.
"""

from sealhold.model.ids import TaskDigest
from sealhold.model.quantities import Instant
from sealhold.stores.spec import ColumnKind, Expect, Op, Put, TableSpec
from sealhold.vault.deciding import Deciding

RETIRED = TableSpec(
    name="retired",
    columns={"task": ColumnKind.HASH32, "at": ColumnKind.I64},
    key=("task",),
    indexes={},
)


def is_retired(deciding: Deciding, task: TaskDigest) -> bool:
    """Return whether a task has ended for good."""
    return deciding.get(RETIRED.name, task) is not None


def retire(deciding: Deciding, task: TaskDigest, now: Instant) -> tuple[Op, ...]:
    """Return the operations that end a task for good; none if it has."""
    if is_retired(deciding, task):
        return ()
    return (Put(RETIRED.name, (task, now), Expect.ABSENT),)
