"""Laws of five devices: whatever they do in whichever order, they end equal and lose nothing."""

from collections.abc import Iterator

import pytest

from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.exchange import Exchange
from tests.property.scheduled_devices import Base, Step, paired
from tests.property.schedules import drawn, shrunk, tried


@pytest.fixture(scope="module")
def base() -> Iterator[Base]:
    with paired() as found:
        yield found


def shown(seed: int, why: str, steps: list[Step]) -> str:
    return "\n".join([f"seed {seed}: {why}", *(f"    {step}" for step in steps)])


def all_hold(base: Base, seeds: range) -> None:
    for seed in seeds:
        steps = drawn(seed)
        if (why := tried(base, seed, steps)) is not None:
            pytest.fail(shown(seed, why, shrunk(base, seed, steps)))


def test_after_any_schedule_all_devices_are_equal_and_no_byte_is_lost(base: Base) -> None:
    all_hold(base, range(20))


@pytest.mark.soak
def test_after_a_thousand_schedules_all_devices_are_equal_and_no_byte_is_lost(base: Base) -> None:
    all_hold(base, range(20, 1_020))


# device 2 writes, is copied, writes for all, and goes on from the copy
COPIED = [
    Step("write", 2, 0, 1),
    Step("sync", 2, 1, 0),
    Step("folder", 4, 0, 0),
    Step("copy", 2, 0, 0),
    Step("write", 2, 0, 2),
    Step("sync", 2, 1, 0),
    Step("clock", 3, 4, 0),
    Step("restore", 2, 0, 0),
    Step("write", 2, 0, 3),
]


def test_a_device_that_goes_on_under_its_old_numbers_is_found_and_the_schedule_cut_down(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tried(base, 0, COPIED) is None
    monkeypatch.setattr(Exchange, "differs", lambda _self, _log: None)
    monkeypatch.setattr(Devices, "go_on_anew", lambda _self: None)
    assert tried(base, 0, COPIED) is not None
    left = shrunk(base, 0, COPIED)
    assert tried(base, 0, left) is not None
    assert [step.what for step in left] == ["copy", "write", "sync", "restore", "write"]
