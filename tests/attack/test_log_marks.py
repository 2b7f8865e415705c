"""The audit log of a device that goes back is named by the others, and by itself."""

import pytest

from sealhold.sharing.devices import logmarks
from sealhold.sharing.devices.drafting import Draft
from tests.unit.owned_devices import Machine, machines
from tests.unit.replicas import Shelf


def told(one: Machine) -> None:
    """Have a device tell where its log stands, whatever the time."""
    head = one.vault.core.writer.log.head
    draft = Draft(one.devices.home.replica)
    draft.note(logmarks.MARK, one.devices.me.id, [head.size, head.note])
    draft.commit()


@pytest.mark.threat("T521")
def test_a_log_that_goes_back_is_named() -> None:
    with machines(2) as (first, second):
        shelf = Shelf()
        first.sync(shelf)
        second.sync(shelf)
        head = second.vault.core.writer.log.head
        assert logmarks.tell(second.devices, head)
        assert not logmarks.tell(second.devices, head)  # once an hour
        second.sync(shelf)
        first.sync(shelf)
        assert logmarks.odd(first.devices) == []

        draft = Draft(second.devices.home.replica)
        draft.note(logmarks.MARK, second.devices.me.id, [head.size - 1, head.note])
        draft.commit()
        second.sync(shelf)
        first.sync(shelf)

        assert logmarks.odd(first.devices) == [(second.devices.me.id, head.size - 1, head.size)]
        assert logmarks.odd(first.devices) != []  # in each round


@pytest.mark.threat("T521")
def test_another_log_of_the_same_length_is_named() -> None:
    with machines(2) as (first, second):
        shelf = Shelf()
        first.sync(shelf)
        second.sync(shelf)
        told(second)
        second.sync(shelf)
        first.sync(shelf)
        assert logmarks.odd(first.devices) == []
        size, note = logmarks.own(second.devices) or (0, "")
        draft = Draft(second.devices.home.replica)
        draft.note(logmarks.MARK, second.devices.me.id, [size, "x" + note])
        draft.commit()
        second.sync(shelf)
        first.sync(shelf)

        assert logmarks.odd(first.devices) == [(second.devices.me.id, size, size)]


@pytest.mark.threat("T521")
def test_nobody_tells_of_another_ones_log() -> None:
    with machines(2) as (first, second):
        shelf = Shelf()
        first.sync(shelf)
        second.sync(shelf)
        draft = Draft(second.devices.home.replica)
        draft.note(logmarks.MARK, first.devices.me.id, [1 << 40, "a checkpoint"])
        draft.commit()
        second.sync(shelf)
        first.sync(shelf)

        assert logmarks.own(first.devices) is None
        assert not logmarks.went_back(first.devices, first.vault.core.writer.log.head)


@pytest.mark.threat("T521")
def test_a_device_that_was_put_back_hears_of_it_from_the_others() -> None:
    with machines(2) as (first, second):
        shelf = Shelf()
        before = first.vault.core.writer.log.head
        told(first)
        first.sync(shelf)
        second.sync(shelf)

        assert logmarks.went_back(first.devices, before) is False
        draft = Draft(first.devices.home.replica)
        ahead = first.vault.core.writer.log.head.size + 1_000
        draft.note(logmarks.MARK, first.devices.me.id, [ahead, before.note])
        draft.commit()

        assert logmarks.went_back(first.devices, first.vault.core.writer.log.head)
        assert not logmarks.tell(first.devices, first.vault.core.writer.log.head)
