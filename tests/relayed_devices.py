"""Devices of a person that are paired and sync over a real relay alone."""

from contextlib import ExitStack

from sealhold.model.clock import Clock
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.identity import DeviceKeys
from sealhold.sharing.devices.joinpapers import Holds, Way, carrier_id, request
from sealhold.sharing.devices.reaching import by_relay, token_for
from sealhold.sharing.devices.syncing import Round, Syncing
from tests.relaying import NOW, Running
from tests.unit.memory_vault import NOON
from tests.unit.owned_devices import Machine, machine


def way_of(relay: Running) -> Way:
    """Return the relay as devices call it: the same one after it was started anew."""
    return Way(kind="relay", address="https://relay.test", token=relay.place.account_token())


def syncing(one: Machine, relay: Running) -> Syncing:
    way = way_of(relay)
    id_ = carrier_id(way, one.devices.base)
    reached = by_relay(id_, way, relay.address, one.devices, lambda: NOW, lambda _: relay.caller())
    return Syncing(one.devices, [reached])


def sync(one: Machine, relay: Running) -> Round:
    return syncing(one, relay).round()


def pair(member: Machine, newcomer: Machine, name: str, relay: Running) -> None:
    """Take a newcomer in, with tokens for the relay."""
    keys = DeviceKeys.generate(NOON, newcomer.vault.core.entropy)
    public = keys.signer.public + keys.box.public
    way = way_of(relay)
    payload = joining.certify(
        member.devices,
        public,
        request(name, keys.published()),
        Role.FULL,
        [way],
        mint=lambda opened, _way: token_for(
            opened, way, relay.address, lambda: NOW, lambda _: relay.caller()
        ),
    )
    theirs = joining.introduction(member.devices)
    joining.accept(newcomer.devices, keys, name, theirs, payload, newcomer.vault.core.entropy)


def begun(
    relay: Running,
    count: int,
    stack: ExitStack,
    papers: str = "papers",
    clock: Clock | None = None,
) -> list[Machine]:
    """Return devices that came in one after the other; they last as long as `stack`."""
    found = [stack.enter_context(machine(b"at a relay %d" % at, clock)) for at in range(count)]
    found[0].devices.begin("first", None)
    found[0].devices.create(Holds.FILES, papers)
    for at, each in enumerate(found[1:], 1):
        assert sync(found[0], relay).troubles == []
        pair(found[0], each, f"device {at}", relay)
        assert sync(found[0], relay).troubles == []
        assert sync(each, relay).troubles == []
    return found
