"""How often a task may be asked: one count for a manifest, bumped with the charge."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import ConflictError, QuestionsExhaustedError
from sealhold.model.ids import TaskDigest
from sealhold.vault.questions import Questions
from sealhold.vault.writer import Work
from tests.unit.memory_vault import MemoryVault, memory_vault

ONE, OTHER = TaskDigest(b"\x01" * 32), TaskDigest(b"\x02" * 32)
ENTRY = Entry(event=Event(kind=EventKind.CHARGE, actor=Actor.VAULT))


@pytest.fixture
def vault() -> Iterator[MemoryVault]:
    with memory_vault() as found:
        yield found


def test_a_task_is_asked_as_often_as_its_manifest_says_and_no_more(vault: MemoryVault) -> None:
    questions = Questions(vault.core.deciding)

    for _ in range(3):
        vault.core.writer.commit(Work(questions.ops(ONE, 3), (ENTRY,)))

    assert questions.used(ONE) == 3
    with pytest.raises(QuestionsExhaustedError, match="was asked 3 times, of 3 in all"):
        questions.ops(ONE, 3)
    assert questions.used(OTHER) == 0
    assert questions.ops(OTHER, 1)


def test_the_last_question_is_asked_once_though_two_ask_it_at_the_same_time(
    vault: MemoryVault,
) -> None:
    questions = Questions(vault.core.deciding)
    both = [questions.ops(ONE, 1) for _ in range(2)]

    vault.core.writer.commit(Work(both[0], (ENTRY,)))
    with pytest.raises(ConflictError):
        vault.core.writer.commit(Work(both[1], (ENTRY,)))

    assert questions.used(ONE) == 1
