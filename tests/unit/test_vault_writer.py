"""The one writer: batches, one bad piece, a disk that fails, a queue that is full, an end."""

from collections.abc import Callable, Iterator, Sequence
from threading import Event as Signal
from threading import Thread

import pytest

from sealhold.audit.checkpoint import open_checkpoint
from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.audit.reading import read_hashes
from sealhold.model.errors import (
    AuditUnavailableError,
    BusyError,
    ConflictError,
    InvalidError,
    LeakExhaustedError,
    LockedError,
    StoreUnavailableError,
    TamperedError,
)
from sealhold.stores.backends.memory import MemoryRecords
from sealhold.stores.spec import MAX_BATCH, Bump, Expect, Fence, Guard, Op, Put, Result, Unit
from sealhold.vault.budget import BUDGETS
from sealhold.vault.deciding import Deciding
from sealhold.vault.headrows import HEAD_MARK, SET_HASH, set_mac
from sealhold.vault.logkeys import end_of_log
from sealhold.vault.opening import DECIDING
from sealhold.vault.settings import SETTINGS
from sealhold.vault.writer import QUEUE, Work
from tests.unit.memory_vault import NOON, MemoryVault, memory_vault

ENTRY = Entry(event=Event(kind=EventKind.READ, actor=Actor.OWNER))
Finish = Callable[[Sequence[Result]], Sequence[Op]]


class Slow(MemoryRecords):
    """Keeps the first batch waiting until it is let go, and notes the size of each."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.let_go = Signal(), Signal()
        self.batches: list[int] = []

    def commit(self, units: Sequence[Unit], finish: Finish, fence: Fence) -> list[Result]:
        if units:
            self.batches.append(len(units))
            self.entered.set()
            assert self.let_go.wait(10)
        return super().commit(units, finish, fence)


class Failing(MemoryRecords):
    """Answers no commit once it is told so, before or after it did it."""

    is_failing = does_it = False
    is_away = False  # nothing can be looked up either
    commits = renewals = 0

    def commit(self, units: Sequence[Unit], finish: Finish, fence: Fence) -> list[Result]:
        self.commits += 1
        if not self.is_failing:
            return super().commit(units, finish, fence)
        if self.does_it:
            super().commit(units, finish, fence)
        raise StoreUnavailableError("no answer")

    def renew(self) -> None:
        self.renewals += 1
        if self.is_away:
            raise StoreUnavailableError("no answer")


@pytest.fixture
def vault() -> Iterator[MemoryVault]:
    with memory_vault() as found:
        yield found


def setting(name: str, value: int = 0, expect: Expect | int = Expect.ANY) -> Put:
    return Put(SETTINGS.name, (name, value), expect)


def work(*ops: Op, releases: bool = False, size: int = 0) -> Work:
    return Work(ops, (ENTRY,), releases=releases, size=size)


def value(vault: MemoryVault, name: str) -> int | None:
    """Return a setting as memory has it, which must be as the store has it."""
    kept = vault.core.store.get(SETTINGS.name, [(name,)])[0]
    assert vault.core.deciding.get(SETTINGS.name, name) == kept
    return None if kept is None else int(kept.row[1])


def test_a_piece_is_told_its_place_in_the_log(vault: MemoryVault) -> None:
    writer = vault.core.writer

    places = [writer.commit(work(setting("a", n))) for n in range(3)]

    assert places == [0, 1, 2]
    assert value(vault, "a") == 2
    assert len(list(read_hashes(vault.core.store))) == 3


def test_what_waits_while_a_batch_is_written_becomes_one_batch() -> None:
    store = Slow()
    with memory_vault(store) as vault:
        writer = vault.core.writer
        first = writer.submit([work(setting("first"))])
        assert store.entered.wait(10)

        rest = [writer.submit([work(setting(f"n{n}")), work()]) for n in range(50)]
        store.let_go.set()

        assert first.result() == [0]
        assert [done.result() for done in rest] == [[n, n + 1] for n in range(1, 100, 2)]
        assert store.batches == [1, 100]


def test_pieces_that_are_large_together_are_written_apart() -> None:
    store = Slow()
    with memory_vault(store) as vault:
        writer = vault.core.writer
        first = writer.submit([work(setting("first"))])
        assert store.entered.wait(10)

        rest = [writer.submit([work(size=MAX_BATCH // 5)]) for _ in range(6)]
        store.let_go.set()

        for done in (first, *rest):
            done.result()
        assert store.batches == [1, 2, 2, 2]


def test_one_bad_piece_fails_alone() -> None:
    store = Slow()
    with memory_vault(store) as vault:
        writer = vault.core.writer
        first = writer.submit([work(setting("taken"))])
        assert store.entered.wait(10)

        good = [writer.submit([work(setting(f"n{n}"))]) for n in range(3)]
        conflict = writer.submit([work(setting("taken", 1, Expect.ABSENT))])
        misfit = writer.submit([work(Put("nowhere", ("x",)))])
        budget = Put(BUDGETS.name, (bytes(16), 2026, 5))
        spent = writer.submit(
            [work(budget), work(Bump(BUDGETS.name, (bytes(16), 2026), "used", 6, 10))]
        )
        huge = writer.submit([work(Put("setting", ("x" * MAX_BATCH, 1)))])
        more = writer.submit([work(setting("more"))])
        store.let_go.set()

        assert first.result() == [0]
        assert [done.result() for done in good] == [[1], [2], [3]]
        with pytest.raises(ConflictError):
            conflict.result()
        with pytest.raises(InvalidError):
            misfit.result()
        with pytest.raises(LeakExhaustedError):
            spent.result()
        with pytest.raises(InvalidError):
            huge.result()
        more.result()
        assert value(vault, "taken") == 0
        assert value(vault, "more") == 0
        kept = vault.core.store.get(BUDGETS.name, [(bytes(16), 2026)])[0]
        assert kept == vault.core.deciding.get(BUDGETS.name, bytes(16), 2026)
        assert kept is not None
        assert kept.row[2] == 5


def test_a_guard_that_does_not_hold_takes_its_whole_piece_with_it(vault: MemoryVault) -> None:
    writer = vault.core.writer
    writer.commit(work(setting("grant")))
    writer.commit(work(setting("grant", 1)))

    with pytest.raises(ConflictError):
        writer.commit(work(Guard(SETTINGS.name, ("grant",), 1), setting("released", 1)))

    assert value(vault, "released") is None
    assert len(list(read_hashes(vault.core.store))) == 2


def test_the_hash_of_what_decides_is_that_of_a_fresh_load(vault: MemoryVault) -> None:
    for number in range(20):
        vault.core.writer.commit(work(setting(f"n{number % 7}", number)))

    key = vault.core.keyring.named("set-hash")
    fresh = Deciding(DECIDING, key)
    fresh.load(vault.core.store)
    kept = vault.core.store.get(SET_HASH.name, [(0,)])[0]
    assert kept is not None
    assert kept.row == (0, 20, set_mac(key, 20, fresh.total))


def test_what_releases_waits_for_the_checkpoint_beside_the_database(vault: MemoryVault) -> None:
    vault.core.writer.commit(work(releases=True))

    [note] = vault.heads.notes

    assert open_checkpoint(note, (vault.appender.key,)).size == 1


def test_the_checkpoint_follows_within_a_moment_when_nothing_is_released(
    vault: MemoryVault,
) -> None:
    vault.core.writer.commit(work())
    assert vault.heads.notes == []

    vault.core.writer.close()

    assert len(vault.heads.notes) == 1
    mark = vault.core.store.get(HEAD_MARK.name, [(0,)])[0]
    assert mark is not None
    assert mark.row[1] == 1


def test_after_a_failure_nothing_is_tried_until_the_store_began_anew() -> None:
    store = Failing()
    with memory_vault(store) as vault:
        writer = vault.core.writer
        writer.commit(work(setting("before")))
        store.is_failing = store.is_away = True
        with pytest.raises(AuditUnavailableError):
            writer.commit(work(setting("during")))
        store.is_failing, tried = False, store.commits

        with pytest.raises(AuditUnavailableError):
            writer.commit(work(setting("early")))
        assert store.commits == tried
        store.is_away = False
        writer.commit(work(setting("after")))

        names = ("before", "during", "early", "after")
        assert [value(vault, name) for name in names] == [0, None, None, 0]
        assert vault.appender.head.size == 2
        assert store.renewals >= 2


@pytest.mark.threat("T281")
def test_a_commit_without_an_answer_is_looked_up_and_not_repeated() -> None:
    store = Failing()
    with memory_vault(store) as vault:
        writer = vault.core.writer
        store.is_failing = store.does_it = True

        assert writer.commit(work(setting("n", 7), releases=True)) == 0

        store.is_failing = False
        assert store.commits == 1
        assert value(vault, "n") == 7
        assert writer.commit(work(setting("n", 8))) == 1
        assert len(list(read_hashes(vault.core.store))) == 2


@pytest.mark.threat("T281")
@pytest.mark.parametrize("does_it", [True, False])
def test_what_could_not_be_looked_up_at_once_is_known_before_anything_else(
    *, does_it: bool
) -> None:
    store = Failing()
    with memory_vault(store) as vault:
        writer = vault.core.writer
        store.is_failing, store.does_it, store.is_away = True, does_it, True
        with pytest.raises(AuditUnavailableError):
            writer.commit(work(setting("n", 7)))
        store.is_failing = store.is_away = False

        place = writer.commit(work(setting("more")))

        assert place == int(does_it)
        assert value(vault, "n") == (7 if does_it else None)


@pytest.mark.threat("T281")
def test_a_log_that_somebody_else_went_on_with_is_never_written_again() -> None:
    store = Failing()
    with memory_vault(store) as vault:
        writer, base = vault.core.writer, vault.appender.head
        writer.commit(work(setting("first")))
        stranger = end_of_log(store, vault.core.keyring)
        stranger_said = stranger.prepare([ENTRY], NOON, vault.core.entropy)
        store.is_failing = True
        MemoryRecords.commit(store, (), lambda _: stranger_said.ops, vault.fence)
        with pytest.raises((AuditUnavailableError, TamperedError)):
            writer.commit(work(setting("second")))
        store.is_failing = False

        with pytest.raises(AuditUnavailableError):
            writer.commit(work(setting("third")))

        assert base.size == 0
        assert store.get(SETTINGS.name, [("third",)]) == [None]


def test_all_that_waits_when_the_disk_fails_is_told_so() -> None:
    class Gone(Slow):
        def commit(self, units: Sequence[Unit], finish: Finish, fence: Fence) -> list[Result]:
            if self.batches:
                raise StoreUnavailableError("no disk")
            return super().commit(units, finish, fence)

    store = Gone()
    with memory_vault(store) as vault:
        writer = vault.core.writer
        first = writer.submit([work(setting("first"))])
        assert store.entered.wait(10)
        rest = [writer.submit([work(setting(f"n{n}"))]) for n in range(5)]
        store.let_go.set()

        first.result()
        for done in rest:
            with pytest.raises(AuditUnavailableError):
                done.result()


def test_a_queue_that_is_full_turns_callers_away_and_forgets_nothing() -> None:
    store = Slow()
    with memory_vault(store) as vault:
        writer = vault.core.writer
        held = [writer.submit([work()])]
        assert store.entered.wait(10)

        held += [writer.submit([work()]) for _ in range(QUEUE)]
        with pytest.raises(BusyError):
            writer.submit([work()])
        store.let_go.set()

        assert [done.result() for done in held] == [[n] for n in range(QUEUE + 1)]


def test_a_closed_writer_finishes_what_waits_and_refuses_the_rest() -> None:
    store = Slow()
    with memory_vault(store) as vault:
        writer = vault.core.writer
        waiting = [writer.submit([work()]) for _ in range(3)]
        assert store.entered.wait(10)

        closing = Thread(target=writer.close)
        closing.start()
        store.let_go.set()
        closing.join()

        assert [done.result() for done in waiting] == [[0], [1], [2]]
        with pytest.raises(LockedError):
            writer.commit(work())


def test_a_batch_whose_checkpoint_cannot_be_written_is_not_written_a_second_time() -> None:
    store = Slow()
    with memory_vault(store) as vault:
        writer = vault.core.writer
        first = writer.submit([work(setting("first"))])
        assert store.entered.wait(10)
        rest = [writer.submit([work(setting(f"n{n}"), releases=True)]) for n in range(3)]
        vault.heads.is_full = True
        store.let_go.set()

        first.result()
        for done in rest:
            with pytest.raises(AuditUnavailableError):
                done.result()
        assert store.batches == [1, 3]
        assert len(list(read_hashes(vault.core.store))) == 4
