"""Devices that have some collections alone: known to the owner like all others."""

from collections.abc import Iterator

import pytest

from sealhold.model.ids import DeviceId
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.identity import DeviceKeys
from sealhold.sharing.devices.joinpapers import Holds, request
from tests.unit.memory_vault import NOON
from tests.unit.owned_devices import PLACE, Machine, machine


@pytest.fixture
def first() -> Iterator[Machine]:
    with machine() as found:
        found.devices.begin("first", None)
        found.devices.create(Holds.FILES, "papers")
        yield found


def limited(first: Machine, name: str) -> DeviceId:
    """Take in a device that has one collection; return its id."""
    keys = DeviceKeys.generate(NOON, first.devices.entropy)
    only = frozenset([first.files().about.id])
    public, asked = keys.signer.public + keys.box.public, request(name, keys.published())
    joining.certify(first.devices, public, asked, Role.LIMITED, [PLACE], only)
    return keys.id


def test_limited_devices_are_listed_numbered_renamed_and_removed_like_others(
    first: Machine,
) -> None:
    one, other = limited(first, "phone"), limited(first, "watch")

    members = first.devices.members()
    assert members.keys() == {first.devices.me.id, one, other}
    assert sorted(each.certificate.seq for each in members.values()) == [1, 2, 3]
    first.devices.rename(one, "old phone")
    assert first.devices.names()[one] == "old phone"
    joining.remove(first.devices, one)
    assert not first.devices.members()[one].holds_keys
    assert first.devices.members()[other].holds_keys
