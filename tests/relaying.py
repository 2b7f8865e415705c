"""A relay in a thread, with mailboxes for tests; and one that records all that it is shown."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Thread

from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.token import mint
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.net.relay.admin import RelayAdmin
from sealhold.net.relay.calling import Caller, RelayAddress
from sealhold.net.relay.doors import Doors
from sealhold.net.relay.linkdoors import LinkDoors
from sealhold.net.relay.linkspec import LinkKeeping
from sealhold.net.relay.papers import Rights
from sealhold.net.relay.server import RelayServer, Watch, bind, tls
from sealhold.net.relay.spec import Keeping
from sealhold.net.transports.relay import RelayCarrier, RelayPlace
from sealhold.sharing.hosting.linkshelf import LinkShelf
from sealhold.sharing.hosting.mailboxes import Mailboxes
from sealhold.sharing.hosting.tables import TABLES
from sealhold.stores.backends.localdir import LocalDir
from sealhold.stores.backends.memory import MemoryObjects, MemoryRecords
from sealhold.stores.spec import ObjectStore, RecordStore
from tests.scenarios.servers import certificate

HOST = "relay.test"
NOW = Instant(1_700_000_000_000)
ACCOUNT = Id16(b"account of tests")
QUOTA = 1 << 30
_numbers = count(1)


def entropy(length: int) -> bytes:
    """Return bytes that never come twice."""
    return next(_numbers).to_bytes(8).rjust(length, b"r")[:length].ljust(length, b"r")


@dataclass(slots=True)
class Place:
    """The stores of a relay, which outlive its process."""

    rows: RecordStore = field(default_factory=MemoryRecords)
    objects: ObjectStore = field(default_factory=MemoryObjects)
    quotas: dict[Id16, int] = field(default_factory=lambda: {ACCOUNT: QUOTA})
    key: Secret = field(default_factory=lambda: Secret(bytes(range(32)), "relay's key"))
    is_made: bool = False
    now: Instant = NOW  # by which links end

    def mailboxes(self) -> Mailboxes:
        """Open them."""
        self.rows.open(TABLES, lambda: bytes(32), create=not self.is_made)
        self.is_made = True
        fence = self.rows.lease(Id16(bytes(16)), Id16(bytes(16)), 3_600, NOW)
        return Mailboxes(
            rows=self.rows,
            objects=self.objects,
            key=self.key,
            quotas=self.quotas.get,
            clock=lambda: NOW,
            entropy=entropy,
            fence=fence,
        )

    def shelf(self, kept: Mailboxes) -> LinkShelf:
        """Return its link shares, over the same stores."""
        parts = (self.rows, self.objects, kept.committing, self.quotas.get)
        return LinkShelf(*parts, lambda: self.now, entropy)

    def account_token(self, account: Id16 = ACCOUNT) -> str:
        """Return what opens mailboxes."""
        return mint(self.key, account)


@dataclass(slots=True)
class Running:
    """A relay that runs, and how it is reached."""

    address: RelayAddress
    place: Place
    server: RelayServer
    callers: list[Caller] = field(default_factory=list)

    def caller(self) -> Caller:
        """Return what calls this relay until the test ends."""
        self.callers.append(Caller(self.address))
        return self.callers[-1]

    def admin(self, seed: int = 1) -> RelayAdmin:
        """Return the admin of a new mailbox, which is open."""
        key = SigningKey(Secret(seed.to_bytes(32), "mailbox key"))
        admin = RelayAdmin(self.caller(), Id16(entropy(16)), key, lambda: NOW)
        admin.open(self.place.account_token())
        return admin

    def carrier(
        self, admin: RelayAdmin, rights: Rights = Rights.ADMIN, *, ranges: bool = False
    ) -> RelayCarrier:
        """Return a device's carrier at a mailbox."""
        place = RelayPlace(
            address=self.address,
            box=admin.box,
            token=admin.mint(rights),
            ranges=ranges,
            deletes=rights is Rights.ADMIN,
        )
        return RelayCarrier(place, caller=self.caller())


@contextmanager
def running(
    place: Place | None = None,
    *,
    watch: Watch | None = None,
    context: ssl.SSLContext | None = None,
    ranges: bool = False,
    keeping: Keeping | None = None,
    roots: str = "",
    links: Callable[[LinkShelf], LinkKeeping] = lambda shelf: shelf,
) -> Iterator[Running]:
    """Run a relay on this machine."""
    place = place or Place()
    mailboxes = place.mailboxes()
    doors = Doors(
        keeping or mailboxes, ranges=ranges, links=LinkDoors(links(place.shelf(mailboxes)))
    )
    server = RelayServer(
        doors, bind("127.0.0.1", 0), context, watch, woken=mailboxes.committing.end
    )
    thread = Thread(target=server.run, name="relay", daemon=True)
    thread.start()
    host, port = server.address
    if context is not None:
        host = HOST
    address = RelayAddress(
        host=host,
        port=port,
        is_plain=context is None,
        private=True,
        roots=roots,
        names={HOST: ["127.0.0.1"]},
    )
    told = Running(address, place, server)
    try:
        yield told
    finally:
        for caller in told.callers:
            caller.close()
        server.stop()
        thread.join(10)
        place.rows.close()
    assert not thread.is_alive()
    assert server.faults == 0


def certified(folder: Path) -> tuple[ssl.SSLContext, str]:
    """Return how a relay speaks TLS as HOST, and the certificate to trust."""
    path, roots = certificate(folder, HOST)
    return tls(path, path), roots


def on_disk(folder: Path) -> Place:
    """Return a place whose objects lie in a folder."""
    folder.mkdir(exist_ok=True)
    return Place(objects=LocalDir(folder))
