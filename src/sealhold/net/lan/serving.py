"""A device as a server in its own network: a relay's server, behind a greeting.

- The certificate is fresh each time a device begins to serve. TLS reads it from a file, which is
  there for a moment, with the key under a password.
- Whoever was greeted is looked up again at each request, in the mailbox that it asks for: members
  of one collection have nothing of another.
- There are no accounts, papers and rendezvous here.

Source: docs/spec/14-relay.md section 9.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore
from typing import Final

from sealhold.crypto.selfsigned import SelfSigned, self_signed
from sealhold.crypto.sign import PublicKey
from sealhold.model.ids import Id16
from sealhold.net.lan.greeting import Known, receive
from sealhold.net.relay.boxdoors import BoxDoors
from sealhold.net.relay.link import Link
from sealhold.net.relay.rates import Rate, Rates
from sealhold.net.relay.server import RelayServer, bind
from sealhold.net.relay.spec import Holding
from sealhold.net.relay.wire import Answer, Body, Head, RefusedError

RATE: Final = Rate(2_000, 20_000)  # calls of a mailbox
CONNECTIONS: Final = 96  # of all addresses together: a process has files of its own to open, too

Members = Mapping[Id16, frozenset[PublicKey]]  # who may use each mailbox


@dataclass(slots=True)
class Guests:
    """Who is let in; replaced as a whole, by whoever knows the members."""

    members: Members = field(default_factory=dict)

    def all(self) -> frozenset[PublicKey]:
        """Return all that are members of anything."""
        return frozenset[PublicKey]().union(*self.members.values())

    def check(self, who: PublicKey, box: str) -> None:
        """Return if a device may use the mailbox with these hex digits.

        Raises:
            RefusedError: it may not, or there is none.
        """
        # THREAT T507: asked at each request, so a removal holds on connections that are open
        found = next((keys for each, keys in self.members.items() if each.hex() == box), None)
        if found is None or who not in found:
            raise RefusedError(403)


@dataclass(frozen=True, slots=True)
class GuestDoors:
    """What one device that was greeted may ask for."""

    doors: BoxDoors[Holding]
    guests: Guests
    who: PublicKey

    def answer(self, head: Head, body: Body) -> Answer:
        """Return the answer to a request.

        Raises:
            RefusedError: no.
        """
        match head.path.split("/")[1:]:
            case ["v1", "m", box, _, *_]:
                self.guests.check(self.who, box)
                answer = self.doors.answer(head, body)
                self.guests.check(self.who, box)  # it may have waited for a minute
                return answer
            case _:
                raise RefusedError(404)

    def end(self) -> None:
        """Wake who waits for an answer."""
        self.doors.end()


def server_of(
    keeping: Holding,
    me: Known,
    guests: Guests,
    host: str,
    port: int,
    room: BoundedSemaphore | None = None,
) -> RelayServer:
    """Return a server that listens in a network, with a fresh certificate.

    Args:
        keeping: what is kept for the others.
        me: this device.
        guests: who is let in.
        host: the address of this machine to listen at.
        port: 0 picks a free one.
        room: how many connections there may be, with those of other servers; None: of this one.

    Raises:
        UsageError: the address or port cannot be had.
    """
    shown = self_signed(me.entropy)
    doors = BoxDoors(keeping, ranges=True, rates=Rates(RATE))

    def greet(link: Link) -> GuestDoors:
        return GuestDoors(doors, guests, receive(link, shown.digest, me, guests.all))

    # THREAT T530: who fills this process with connections fills its place for guests alone
    room = room or BoundedSemaphore(CONNECTIONS)
    return RelayServer(doors, bind(host, port), _context(shown), greet=greet, room=room)


def _context(shown: SelfSigned) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    with TemporaryDirectory() as folder:
        path = Path(folder) / "shown.pem"
        path.write_bytes(shown.pem)
        # THREAT T508: the key stands nowhere without its password, which is in memory alone
        context.load_cert_chain(path, password=shown.password.reveal())
    return context
