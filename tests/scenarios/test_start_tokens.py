"""A vault's folder that is copied, put back or lost sight of: when a device begins a new log."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.node.starttoken import begun
from sealhold.sharing.devices.devices import Devices
from tests.unit.copied_devices import copy, put_back
from tests.unit.owned_devices import Machine, machine


@pytest.fixture
def device() -> Iterator[Machine]:
    with machine() as found:
        yield found


def started(device: Machine, outside: Path) -> bytes:
    """Start a device; return its incarnation."""
    device.devices = begun(device.vault.core, device.vault.packs, outside, outside / "machine")
    return device.devices.me.incarnation


@pytest.fixture
def outside(device: Machine, tmp_path: Path) -> Path:
    (tmp_path / "machine").write_text("one machine")
    device.devices = begun(
        device.vault.core, device.vault.packs, tmp_path / "tokens", tmp_path / "machine"
    )
    assert not (tmp_path / "tokens").exists()  # a vault that is no device leaves nothing outside
    folder = tmp_path / "tokens"
    folder.mkdir()
    (folder / "machine").write_text("one machine")
    device.devices.begin("first", None)
    return folder


@pytest.mark.threat("T497")
def test_a_device_goes_on_in_its_log_start_after_start(device: Machine, outside: Path) -> None:
    first = device.devices.me.incarnation
    assert {started(device, outside) for _ in range(3)} == {first}


@pytest.mark.threat("T497")
def test_an_older_copy_put_back_on_the_same_machine_begins_a_new_log(
    device: Machine, outside: Path
) -> None:
    first = started(device, outside)
    yesterday = copy(device)
    device.token = device.devices._token
    assert started(device, outside) == first
    put_back(device, yesterday)
    assert device.devices.me.incarnation == first
    assert started(device, outside) != first


@pytest.mark.threat("T497")
@pytest.mark.parametrize("change", ["machine", "token"])
def test_another_machine_or_a_lost_token_begins_a_new_log_once(
    device: Machine, outside: Path, change: str
) -> None:
    first = started(device, outside)
    if change == "machine":
        (outside / "machine").write_text("another machine")
    else:
        for path in outside.iterdir():
            if path.name != "machine":
                path.unlink()
    second = started(device, outside)
    assert second != first
    assert started(device, outside) == second


def test_where_nothing_can_be_kept_outside_a_device_goes_on_in_its_log(
    device: Machine, tmp_path: Path
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("no folder")
    device.devices = Devices(device.vault.core, device.vault.packs)
    device.devices.begin("first", None)
    found = [begun(device.vault.core, device.vault.packs, blocked / "in") for _ in range(2)]
    first, second = (each.me.incarnation for each in found)
    assert first == second
