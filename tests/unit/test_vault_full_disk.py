"""A disk without room: what waits, what goes on from which reserve, and when work goes on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.crypto.seal import new_key
from sealhold.model.errors import AuditUnavailableError, StoreFullError
from sealhold.stores.backends.memory import MemoryRecords
from sealhold.stores.spec import Expect, Fence, Guard, Op, Result, Unit
from sealhold.vault.heldkeys import TAGS, HeldField
from sealhold.vault.reserves import NoReserves, Room
from sealhold.vault.retagging import retag
from sealhold.vault.wraps import ACTIVE, put_field
from sealhold.vault.writer import Work, Writer
from tests.unit.memory_vault import MemoryVault, memory_vault
from tests.unit.people_vault import MAIL, SERVICE, crowd
from tests.unit.test_vault_writer import Finish, setting, value

ENTRY = Entry(event=Event(kind=EventKind.READ, actor=Actor.OWNER))
NOTHING_THERE = Guard("setting", ("nothing",), Expect.ABSENT)


class Disk(MemoryRecords):
    """Has room for so many batches."""

    room = 1_000

    def commit(self, units: Sequence[Unit], finish: Finish, fence: Fence) -> list[Result]:
        if self.room < 1:
            raise StoreFullError("no room")
        self.room -= 1
        return super().commit(units, finish, fence)


class Kept(NoReserves):
    """A reserve of a batch for each slice."""

    def __init__(self, disk: Disk, slices: int) -> None:
        super().__init__()
        self._disk = disk
        self._slices = dict.fromkeys(Room, slices)

    def note_full(self) -> None:
        self._is_short = True

    def release(self, room: Room) -> bool:
        if not self._slices[room]:
            return False
        self._slices[room] -= 1
        self._disk.room += 1
        return True

    def refill(self) -> bool:
        self._is_short = self._disk.room < 10
        return not self._is_short

    def left(self, room: Room) -> int:
        return self._slices[room]


@dataclass(frozen=True)
class Full:
    """A vault whose disk has just been filled."""

    vault: MemoryVault
    disk: Disk
    kept: Kept

    def put(self, name: str) -> int:
        return self.vault.core.writer.commit(Work((setting(name),), (ENTRY,)))

    def read(self) -> int:
        return self.vault.core.writer.commit(Work((NOTHING_THERE,), (ENTRY,)))

    def withdraw(self, name: str) -> int:
        return self.vault.core.writer.commit(Work((setting(name),), (ENTRY,), right=True))


@contextmanager
def full_disk(slices: int = 3) -> Iterator[Full]:
    disk = Disk()
    kept = Kept(disk, slices)
    with memory_vault(disk, reserves=kept) as vault:
        disk.room = 0
        yield Full(vault, disk, kept)
        disk.room = 1_000


@pytest.fixture
def full() -> Iterator[Full]:
    with full_disk() as found:
        yield found


@pytest.mark.threat("T280")
def test_a_put_is_refused_and_takes_nothing_of_the_reserve(full: Full) -> None:
    for _ in range(5):
        with pytest.raises(StoreFullError):
            full.put("a")

    assert value(full.vault, "a") is None
    assert (full.kept.left(Room.READS), full.kept.left(Room.RIGHTS)) == (3, 3)


@pytest.mark.threat("T280")
def test_reads_go_on_from_their_reserve_and_then_fail_closed(full: Full) -> None:
    assert [full.read() for _ in range(3)] == [0, 1, 2]

    with pytest.raises(AuditUnavailableError):
        full.read()
    assert full.vault.appender.head.size == 3
    assert full.kept.left(Room.RIGHTS) == 3


@pytest.mark.threat("T280")
def test_a_withdrawal_goes_on_when_the_reserve_of_reads_is_used_up(full: Full) -> None:
    for _ in range(3):
        full.read()

    assert full.withdraw("consent") == 3
    assert value(full.vault, "consent") == 0


@pytest.mark.threat("T280")
def test_a_put_does_not_take_the_room_that_was_given_back_for_a_read(full: Full) -> None:
    full.read()
    full.disk.room = 2  # a slice gives more than one entry takes

    with pytest.raises(StoreFullError):
        full.put("a")
    assert full.read() == 1


def test_work_goes_on_once_there_is_room_for_the_whole_reserve(full: Full) -> None:
    with pytest.raises(StoreFullError):
        full.put("a")
    assert full.vault.core.writer.load.is_full

    full.disk.room = 100

    assert full.put("a") == 0
    assert not full.vault.core.writer.load.is_full


def test_of_what_waits_together_each_kind_is_told_its_own() -> None:
    with full_disk(slices=1) as full:
        writer = full.vault.core.writer
        ops: dict[str, tuple[Op, ...]] = {"put": (setting("p"),), "read": (NOTHING_THERE,)}
        works = [Work(ops["put"], (ENTRY,)), Work(ops["read"], (ENTRY,))]
        works.append(Work((setting("w"),), (ENTRY,), right=True))

        put, read, right = (writer.submit([each]) for each in works)

        assert isinstance(put.exception(), StoreFullError)
        assert sorted([*read.result(), *right.result()]) == [0, 1]
        assert (value(full.vault, "p"), value(full.vault, "w")) == (None, 0)


def test_a_store_without_a_reserve_refuses_all_alike_and_asks_again_at_once() -> None:
    disk = Disk()
    with memory_vault(disk) as vault:
        disk.room = 0
        with pytest.raises(StoreFullError):
            vault.core.writer.commit(Work((setting("a"),), (ENTRY,)))
        with pytest.raises(AuditUnavailableError):
            vault.core.writer.commit(Work((), (ENTRY,)))
        disk.room = 2

        assert vault.core.writer.commit(Work((setting("a"),), (ENTRY,))) == 0


@pytest.mark.threat("T280")
def test_tags_are_made_anew_from_the_reserve_of_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    with crowd() as many:
        ada, ring = many.person(), many.vault.core.keyring
        other = HeldField(1, ACTIVE, new_key(ring.entropy, "tags"))
        ring.commit([put_field(many.one, TAGS, other, ring.lies_in.app(many.one), ring.entropy)])
        assert many.people.find(many.one, SERVICE, MAIL, "ada@example.org") == ()
        rooms: list[Room] = []
        commit = Writer.commit

        def noted(writer: Writer, work: Work) -> int:
            rooms.append(work.room)
            return commit(writer, work)

        with monkeypatch.context() as watched:
            watched.setattr(Writer, "commit", noted)
            retag(many.vault.core, {many.one})

        assert rooms == [Room.RIGHTS, Room.RIGHTS]
        assert many.people.find(many.one, SERVICE, MAIL, "ada@example.org") == (ada,)
