"""Devices that serve each other on this machine, without vaults: keys, servers and carriers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.model.ids import Id16
from sealhold.net.lan.greeting import Known
from sealhold.net.lan.serving import Guests, server_of
from sealhold.net.relay.calling import Caller
from sealhold.net.relay.server import RelayServer
from sealhold.net.transports.lan import LanPeer, lan_caller
from sealhold.net.transports.relay import RelayCarrier
from sealhold.sharing.devices.lan import lan_carrier
from sealhold.sharing.devices.lanshelf import ROOM, Shelf
from sealhold.stores.backends.memory import MemoryObjects
from sealhold.stores.spec import ObjectStore

HERE = ("127.0.0.1",)
K_LAN = Secret(bytes(range(32)), "K_lan")


def device(number: int, key: Secret = K_LAN) -> Known:
    """Return a device that knows K_lan, or says so."""
    signer = SigningKey(Secret(number.to_bytes(32), "signing seed"))
    return Known(signer=signer, key=key, entropy=os.urandom)


@dataclass(slots=True)
class Serving:
    """A device that serves."""

    me: Known
    shelf: Shelf
    guests: Guests
    server: RelayServer
    callers: list[Caller] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.server.address[1]

    def peer(self, me: Known, pin: PublicKey | None = None) -> LanPeer:
        """Return this one as another device knows it."""
        return LanPeer(addresses=HERE, port=self.port, pin=pin or self.me.signer.public, me=me)

    def carrier(self, me: Known, box: Id16, pin: PublicKey | None = None) -> RelayCarrier:
        """Return a mailbox here, as another device uses it until the test ends."""
        self.callers.append(lan_caller(self.peer(me, pin)))
        return lan_carrier(box, self.callers[-1])

    def admit(self, *who: Known, box: Id16 | None = None) -> Id16:
        """Let devices into a mailbox, a new one if none is named; return it."""
        box = box or Id16(os.urandom(16))
        keys = frozenset(each.signer.public for each in who)
        self.guests.members = {**self.guests.members, box: keys}
        return box


@contextmanager
def serving(
    me: Known, objects: ObjectStore | None = None, *, room: int = ROOM
) -> Iterator[Serving]:
    """Run a device's server on this machine."""
    guests, shelf = Guests(), Shelf(objects or MemoryObjects(), os.urandom, room)
    server = server_of(shelf, me, guests, HERE[0], 0)
    server.woken = shelf.stop
    thread = Thread(target=server.run, name="lan", daemon=True)
    thread.start()
    told = Serving(me, shelf, guests, server)
    try:
        yield told
    finally:
        for caller in told.callers:
            caller.close()
        server.stop()
        thread.join(10)
    assert not thread.is_alive()
    assert server.faults == 0
