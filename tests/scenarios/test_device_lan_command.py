"""The commands about the home network: off until somebody says so, and who may."""

import sys
from pathlib import Path

import pytest

from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.lanchoice import LanChoice
from sealhold.sharing.devices.lannear import Near
from sealhold.sharing.devices.syncing import Syncing
from sealhold.stores.backends.memory import MemoryObjects
from tests.scenarios.test_device_commands import Desk
from tests.scenarios.test_devices_in_a_network import noon
from tests.unit.owned_devices import machine, machines, pair


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    found = Desk(tmp_path, 1)
    assert found.line("init --headless").code == 0
    return found


def test_the_home_network_is_off_goes_on_and_off_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for word in ("on", "off", "status"):
        assert desk.line(f"device lan {word}").code == 4, word  # no device yet
    assert desk.line("device begin laptop").code == 0
    before = desk.told("device", "lan", "status")
    assert (before["is_on"], before["can"], before["addresses"]) == (False, True, [])

    assert desk.line("device lan on --address 8.8.8.8").code == 5
    assert desk.line("device lan on --room 1KB").code == 5
    assert desk.line("device lan on --room much").code == 2
    assert desk.told("device", "lan", "status") == before

    on = desk.told("device", "lan", "on", "--address", "127.0.0.1", "--room", "500MB")
    assert (on["is_on"], on["chosen"], on["room"]) == (True, ["127.0.0.1"], 500_000_000)
    assert on["addresses"] == ["127.0.0.1"]
    shown = desk.line("device lan status")
    assert "no other device" in shown.out
    assert desk.told("device", "sync")["near"] == []
    assert desk.told("device", "lan", "off")["is_on"] is False
    assert "is off" in desk.line("device lan status").out
    assert desk.line("audit verify").code == 0

    monkeypatch.setitem(sys.modules, "ifaddr", None)
    missing = desk.line("device lan on")
    assert missing.code != 0
    assert "sealhold[lan]" in missing.err
    assert desk.told("device", "lan", "status")["is_on"] is False


def test_a_limited_device_takes_no_part_and_syncs_by_other_places() -> None:
    with machines(1) as [first], machine(b"limited one") as limited:
        only = frozenset([first.files().about.id])
        pair(first, limited, "limited", Role.LIMITED, only)
        near = Near(limited.devices, MemoryObjects(), LanChoice(is_on=True), noon, lambda: None)
        assert (near.is_on, near.carriers()) == (False, [])
        near.close()


def test_what_was_kept_for_others_is_read_from_while_it_is_off() -> None:
    objects = MemoryObjects()
    with machines(1) as [only]:
        on = Near(
            only.devices, objects, LanChoice(is_on=True, addresses=("127.0.0.1",)), noon, None, 0.0
        )
        [own] = on.carriers()
        only.write("long.bin", b"l" * 100_000)
        Syncing(only.devices, [own]).round()
        on.close()
        off = Near(only.devices, objects, LanChoice(), noon)
        syncing = Syncing(only.devices, [])
        syncing.reach([], off.sources())
        for name in list(only.vault.packs.names("sync/")):
            only.vault.packs.delete(name)
        syncing.round()
        assert only.shown()["long.bin"] == b"l" * 100_000
        kept = list(objects.names())
        only.write("b.txt", b"later")
        syncing.round()
        assert list(objects.names()) == kept  # nothing is given there
