"""How often each task was asked: counted before anything is evaluated, and never given back.

- One counter per manifest, whoever asks, under whichever grant, parameter and selection. The
  manifest says how far it goes, and a new answer or a look counts one.
- It is bumped in the commit that charges the answer, so a kill leaves both or neither. Bytes that
  left before and leave again are no new question.

Source: docs/spec/09-leakage.md section 11.
"""

from sealhold.model.errors import QuestionsExhaustedError
from sealhold.model.ids import TaskDigest
from sealhold.stores.spec import Bump, ColumnKind, Expect, Op, Put, TableSpec
from sealhold.vault.deciding import Deciding

QUESTIONS = TableSpec(
    name="question",
    columns={"task": ColumnKind.HASH32, "used": ColumnKind.I64},
    key=("task",),
    indexes={},
)


class Questions:
    """The counters of one vault."""

    def __init__(self, deciding: Deciding) -> None:
        self._deciding = deciding

    def used(self, task: TaskDigest) -> int:
        """Return how often a task was asked."""
        found = self._deciding.get(QUESTIONS.name, task)
        return found.row[1] if found else 0

    def ops(self, task: TaskDigest, most: int) -> tuple[Op, ...]:
        """Return the operations that count one question of at most `most`.

        Raises:
            QuestionsExhaustedError: the task was asked as often as its manifest says.
        """
        used = self.used(task)
        # THREAT T91: however many grants, apps and parameters, one manifest has one count
        if used >= most:
            raise QuestionsExhaustedError(
                f"task `{task.hex()[:12]}` was asked {used:,} times, of {most:,} in all"
            )
        if not used:
            return (Put(QUESTIONS.name, (task, 1), Expect.ABSENT),)
        return (Bump(QUESTIONS.name, (task,), "used", 1, most),)
