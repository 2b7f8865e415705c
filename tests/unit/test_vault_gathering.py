"""What a thread gathers for the writer, and what a batch was decided on."""

from collections.abc import Iterator
from threading import Thread

import pytest

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import AuditUnavailableError, ConflictError
from sealhold.stores.spec import Expect, Guard, Op, Put
from sealhold.vault.settings import SETTINGS
from sealhold.vault.writer import Work
from tests.unit.memory_vault import MemoryVault, memory_vault

ENTRY = Entry(event=Event(kind=EventKind.READ, actor=Actor.OWNER))


@pytest.fixture
def vault() -> Iterator[MemoryVault]:
    with memory_vault() as found:
        yield found


def setting(name: str, value: int = 0) -> Put:
    return Put(SETTINGS.name, (name, value))


def work(*ops: Op) -> Work:
    return Work(ops, (ENTRY,))


def value(vault: MemoryVault, name: str) -> int | None:
    kept = vault.core.store.get(SETTINGS.name, [(name,)])[0]
    return None if kept is None else int(kept.row[1])


def test_what_a_thread_gathers_shares_a_batch(vault: MemoryVault) -> None:
    writer = vault.core.writer
    before = writer.load.batches

    with writer.together():
        waits = [writer.submit([work(setting("together", n))]) for n in range(20)]
        elsewhere = Thread(target=writer.commit, args=(work(setting("elsewhere")),))
        elsewhere.start()
        elsewhere.join()
        assert not any(each.done() for each in waits)
    places = [each.result()[0] for each in waits]

    assert places == [*range(places[0], places[0] + 20)]
    assert writer.load.batches == before + 2


def test_who_waits_for_what_it_gathered_does_not_wait_for_ever(vault: MemoryVault) -> None:
    writer = vault.core.writer

    with writer.together():
        first = writer.submit([work(setting("first"))])
        assert writer.commit(work(setting("second"))) == 1
        assert first.done()
        writer.submit([work(setting("third"))])

    assert value(vault, "first") == value(vault, "second") == 0


def test_what_a_thread_gathered_is_refused_once_the_vault_is_locked() -> None:
    with memory_vault() as vault:
        writer = vault.core.writer
    with writer.together():
        waits = writer.submit([work(setting("late"))])

    with pytest.raises(AuditUnavailableError):
        waits.result()


def test_guards_of_rows_that_decide_are_held_against_memory(vault: MemoryVault) -> None:
    writer = vault.core.writer
    writer.commit(work(setting("chosen", 1)))
    holds = Guard(SETTINGS.name, ("chosen",), 1)
    for guard, is_kept in (
        (holds, True),
        (Guard(SETTINGS.name, ("chosen",), 2), False),
        (Guard(SETTINGS.name, ("chosen",), Expect.ABSENT), False),
        (Guard(SETTINGS.name, ("nothing",), Expect.ABSENT), True),
        (Guard(SETTINGS.name, ("nothing",), Expect.PRESENT), False),
    ):
        piece = writer.submit([Work((), (ENTRY,), on=(guard,))])
        assert (piece.exception() is None) is is_kept
    with writer.together():  # the first changes what the second was decided on
        first = writer.submit([work(setting("chosen", 2))])
        second = writer.submit([Work((), (ENTRY,), on=(holds,))])
    assert first.exception() is None
    assert isinstance(second.exception(), ConflictError)
