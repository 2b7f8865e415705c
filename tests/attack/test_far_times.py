"""A member whose one entry is to end the writing, the rounds, or its own removal."""

import pytest

from sealhold.model.quantities import Instant
from sealhold.sharing.devices import joining, logbook, oplog
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.circle import Own
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.exchange import Exchange, Report
from sealhold.sharing.devices.joinpapers import mailbox
from sealhold.sharing.devices.keeping import Step
from sealhold.sharing.devices.logicaltime import (
    FAR,
    MAX_MS,
    MAX_STEP,
    STEPS,
    LogicalTime,
    following,
    is_reached,
)
from sealhold.sharing.devices.oplog import LogId, Told
from sealhold.sharing.devices.ops import EraseOp
from tests.unit.owned_devices import PLACE, Machine, machines
from tests.unit.replicas import Device, Shelf, devices


def written(thief: Machine, told: Told, shelf: Shelf) -> Open:
    """Have a member leave an entry at a carrier that no device of ours writes."""
    opened = thief.files()
    (made,) = opened.replica._sealed([told])
    opened.replica.keeping.save(opened.about.id, Step(entries=[made.entry]))
    box = mailbox(opened.about.secret, PLACE)
    exchange = Exchange(opened.replica, shelf, bytes(16), box)
    exchange._greet(opened.replica.own.log, Report())
    shelf.put_new(box.entry(opened.replica.own.log, made.entry.seq), made.entry.data)
    return opened


@pytest.mark.threat("T469")
@pytest.mark.parametrize(
    "told",
    [
        Told(LogicalTime(MAX_MS + 1, 0), (), ()),
        Told(LogicalTime(MAX_MS, MAX_STEP), (), ()),
        Told(LogicalTime(FAR + 100_000, 0), (), ()),
        Told(LogicalTime(FAR, MAX_STEP), (), (EraseOp(bytes(16)),)),
        Told(LogicalTime(FAR, MAX_STEP), (), ()),
        Told(LogicalTime(FAR, MAX_STEP - 1), (), ()),
        Told(LogicalTime(FAR, STEPS - 1), (), ()),
    ],
)
def test_no_time_of_a_member_ends_rounds_writing_or_its_removal(told: Told) -> None:
    with machines(3, [Role.FULL, Role.FULL]) as (first, thief, full):
        shelf = Shelf()
        for each in (first, thief, full) * 2:
            each.sync(shelf)
        written(thief, told, shelf)

        first.sync(shelf)
        first.write("before.txt", b"before")
        first.sync(shelf)
        joining.remove(first.devices, thief.devices.me.id)
        for each in (first, full) * 2:
            each.sync(shelf)
        full.write("after.txt", b"after")
        for each in (full, first):
            each.sync(shelf)
            assert each.shown() == {"before.txt": b"before", "after.txt": b"after"}
            each.again()
            assert len(each.shown()) == 2


@pytest.mark.threat("T469")
def test_beyond_what_a_clock_can_show_time_goes_on_by_entries() -> None:
    last = LogicalTime(FAR, MAX_STEP)

    for number in range(1, 100):
        last = following(last, Instant(MAX_MS))._replace(step=MAX_STEP)
        assert is_reached(last, number)
        assert not is_reached(last, number - 1)


@pytest.mark.threat("T602")
def test_thousands_of_logs_of_one_member_stop_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 8
    monkeypatch.setattr(oplog, "MAX_HEADS", most)
    monkeypatch.setattr(logbook, "MAX_MOVED", most)
    with devices(3) as (one, thief, other):
        shelf, log = Shelf(), thief.replica.own.log
        other.replica.write([], {})
        for device in (one, thief, other) * 2:
            device.sync(shelf)
        for number in range(most + 1):
            incarnation = number.to_bytes(16, "big")
            thief.replica.own = Own(log=LogId(log.device, incarnation), signer=thief.signer)
            made = thief.replica._sealed([Told(LogicalTime(1, 0), (), ())])
            thief.replica._commit(made, Step())
        thief.sync(shelf)
        one.sync(shelf)

        for _ in range(2):
            one.replica.write([], {})
        one.sync(shelf)

        assert not other.sync(shelf)[0].troubles
        one.replica.load()
        told = [
            opened.told.heads for opened in one.replica.entries() if opened.entry.log == own(one)
        ]
        assert [len(heads) for heads in told] == [most, 2]
        assert other.replica.own.log in dict(told[0])  # before all others of the thief's


def own(device: Device) -> LogId:
    return device.replica.own.log
