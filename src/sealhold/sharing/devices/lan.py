"""This device in its own network: it serves the others, is announced, and finds them.

- Each device keeps mailboxes of its own for the others: it gives and takes there itself, as at any
  carrier, and the others do over the network.
- Who is let in follows from the members of each collection; `renew` after a round, since only the
  thread that syncs may read them.
- By what a device is announced follows from a secret that all full members have. A limited device
  has it not, and syncs by other carriers.

Source: docs/spec/14-relay.md section 9.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from threading import BoundedSemaphore, Event, Thread
from types import TracebackType
from typing import Final, Self

from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey
from sealhold.model.clock import Clock
from sealhold.model.errors import CarrierAwayError, NotFoundError, UsageError
from sealhold.model.ids import DeviceId, Id16
from sealhold.model.quantities import Instant
from sealhold.net.lan.beacons import HOUR_MS, beacon, beacons, hour_of, lan_key
from sealhold.net.lan.greeting import Known
from sealhold.net.lan.serving import CONNECTIONS, Guests, Members, server_of
from sealhold.net.mdns import Announcer, Seen, browse
from sealhold.net.relay.calling import Caller
from sealhold.net.relay.server import RelayServer
from sealhold.net.spec import Carrier
from sealhold.net.transports.lan import NOWHERE, LanPeer, lan_caller
from sealhold.net.transports.relay import RelayCarrier, RelayPlace
from sealhold.sharing.devices.certs import read_certificate
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.joinpapers import Way, carrier_id
from sealhold.sharing.devices.lanlooking import LISTEN_SECONDS
from sealhold.sharing.devices.lanshelf import ROOM, Shelf
from sealhold.sharing.devices.memberstate import Standing
from sealhold.sharing.devices.names import Mailbox
from sealhold.sharing.devices.reaching import by_store
from sealhold.sharing.devices.syncing import Reached
from sealhold.stores.spec import ObjectStore

KIND: Final = "lan"
PORTS: Final = 8  # that are tried, where a free one of one address is taken at another
ENDING_SECONDS: Final = 30.0
MINUTE: Final = 60.0  # seconds


def way_of(device: DeviceId) -> Way:
    """Return the way to what a device keeps for the others."""
    return Way(kind=KIND, address=device.hex())


def announced(devices: Devices, now: Instant) -> str:
    """Return the name by which this device is announced at a time.

    Raises:
        NotFoundError: this vault is no device, or a limited one.
    """
    return beacon(_key(devices), devices.me.id, hour_of(now))


def known(devices: Devices) -> Known:
    """Return who this device is to the others in a network.

    Raises:
        NotFoundError: this vault is no device, or a limited one.
    """
    return Known(signer=devices.me.keys.signer, key=_key(devices), entropy=devices.entropy)


class LanServer:
    """Serves the others while it is entered; what it keeps outlives it."""

    def __init__(
        self,
        devices: Devices,
        objects: ObjectStore,
        *,
        hosts: Sequence[str],
        port: int = 0,
        room: int = ROOM,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        """Listen; nobody is answered before it is entered.

        Args:
            devices: of this person; asked by the thread that calls, and never by another.
            objects: what is kept for the others, and nothing else.
            hosts: the addresses of this machine to listen at, at one port; at no other.
            port: 0 picks a free one.
            room: bytes that may be kept.
            heard: told by other threads when a device put something here.

        Raises:
            NotFoundError: this vault is no device, or a limited one.
            UsageError: the address or port cannot be had.
        """
        self._devices = devices
        self._shelf = Shelf(objects, devices.entropy, room, heard)
        self._guests = Guests()
        self.renew()
        self._servers = _serving(self._shelf, known(devices), self._guests, hosts, port)
        self._threads = [Thread(target=each.run, name="lan", daemon=True) for each in self._servers]
        self._announced = _Announced(_key(devices), devices.me.id)

    @property
    def port(self) -> int:
        """At which it listens."""
        return self._servers[0].address[1]

    @property
    def faults(self) -> int:
        """How many requests met a fault of this program."""
        return sum(each.faults for each in self._servers)

    def own(self) -> Reached:
        """Return what is kept here, as a carrier for a round of this device itself."""
        return kept_here(self._devices, self._shelf.objects)

    def renew(self) -> None:
        """Let in who is a member now."""
        self._guests.members = _members(self._devices)

    def announce(self, addresses: Sequence[str], clock: Clock) -> None:
        """Be announced at addresses of this machine until the end, by another name each hour.

        Raises:
            ExtraMissingError: the library is not installed.
            CarrierAwayError: the network takes no announcement.
        """
        self._announced.start(Announcer(addresses, self.port), clock)

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._announced.stop()
        for server in self._servers:
            server.stop()
        for thread in self._threads:
            thread.join(ENDING_SECONDS)


def kept_here(devices: Devices, objects: ObjectStore) -> Reached:
    """Return what this device keeps for the others, as a carrier for a round of its own."""
    way = way_of(devices.me.id)
    return by_store(carrier_id(way, devices.base), way, objects)


def _serving(
    shelf: Shelf, me: Known, guests: Guests, hosts: Sequence[str], port: int
) -> list[RelayServer]:
    """Return servers that listen at one port of several addresses.

    Raises:
        UsageError: an address or port cannot be had.
    """
    room = BoundedSemaphore(CONNECTIONS)
    for _ in range(PORTS):
        found: list[RelayServer] = []
        try:
            for host in hosts:
                at = found[0].address[1] if found else port
                # THREAT T531: at the addresses that were chosen, each by itself, and nowhere else
                found.append(server_of(shelf, me, guests, host, at, room))
                found[-1].woken = shelf.stop
        except UsageError:
            for each in found:
                each.listener.close()
            if port or not found:
                raise
        else:
            return found
    raise UsageError("no port can be had at all addresses")


class _Announced:
    """Has a device announced, by the name of the hour."""

    def __init__(self, key: Secret, device: DeviceId) -> None:
        self._key, self._device = key, device
        self._ended = Event()
        self._thread: Thread | None = None

    def start(self, announcer: Announcer, clock: Clock) -> None:
        """Begin now.

        Raises:
            CarrierAwayError: the network takes no announcement.
        """
        try:
            self._say(announcer, clock)
        except CarrierAwayError:
            announcer.close()
            raise
        turning = Thread(target=self._turn, args=(announcer, clock), name="beacon", daemon=True)
        self._thread = turning
        turning.start()

    def stop(self) -> None:
        """End, and return once nothing is announced any more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(ENDING_SECONDS)

    def _turn(self, announcer: Announcer, clock: Clock) -> None:
        wait = 0.0  # the hour may have turned while the first name was told
        while not self._ended.wait(wait):
            with suppress(CarrierAwayError):  # a network that is away is tried again
                self._say(announcer, clock)
            # at each minute, too: a machine that slept has lost count
            wait = min(MINUTE, (HOUR_MS - clock() % HOUR_MS) / 1_000)
        announcer.close()

    def _say(self, announcer: Announcer, clock: Clock) -> None:
        announcer.say(beacon(self._key, self._device, hour_of(clock())))


def found(
    devices: Devices,
    addresses: Sequence[str],
    clock: Clock,
    seconds: float = LISTEN_SECONDS,
    calling: Callable[[LanPeer], Caller] = lan_caller,
) -> list[Reached]:
    """Return the other devices that are announced in the networks of `addresses`.

    Args:
        devices: of this person.
        addresses: of this machine.
        clock: which hour it is.
        seconds: how long to listen; it ends once as many answered as there are.
        calling: gives what calls a device; who gives another can close it.

    Raises:
        NotFoundError: this vault is no device, or a limited one.
        ExtraMissingError: the library is not installed.
        CarrierAwayError: the network cannot be spoken in.
    """
    wanted = expected(devices, clock())
    seen = browse(addresses, seconds, wanted=wanted, enough=len(set(wanted.values())))
    return reached(devices, seen, clock, calling)


def expected(devices: Devices, now: Instant) -> dict[str, DeviceId]:
    """Return the names by which other devices may be announced now, and which device each means.

    Raises:
        NotFoundError: this vault is no device, or a limited one.
    """
    return beacons(_key(devices), _others(devices), now)


def reached(
    devices: Devices,
    seen: Iterable[Seen],
    clock: Clock,
    calling: Callable[[LanPeer], Caller] = lan_caller,
) -> list[Reached]:
    """Return the other devices among what was seen, each as a carrier of this device's rounds.

    Args:
        devices: of this person.
        seen: what was announced.
        clock: which hour it is.
        calling: gives what calls a device; who gives another can close it.

    Raises:
        NotFoundError: this vault is no device, or a limited one.
    """
    names, taken = expected(devices, clock()), dict[DeviceId, Reached]()
    for each in seen:
        device = names.get(each.name)
        if device is not None and device not in taken:
            taken[device] = reached_at(devices, device, each, calling)
    return list(taken.values())


def reached_at(
    devices: Devices,
    device: DeviceId,
    seen: Seen,
    calling: Callable[[LanPeer], Caller] = lan_caller,
) -> Reached:
    """Return another device as a carrier, where it was announced.

    Raises:
        NotFoundError: this vault is no device, or a limited one; or the other is none in standing.
    """
    pin = _others(devices).get(device)
    if pin is None:
        raise NotFoundError("no such device in good standing")
    peer = LanPeer(addresses=seen.addresses, port=seen.port, pin=pin, me=known(devices))
    return _reached(devices, device, calling(peer))


def lan_carrier(box: Id16, caller: Caller) -> RelayCarrier:
    """Return a mailbox at the device that is called; several may share its caller."""
    place = RelayPlace(
        address=NOWHERE,
        box=box,
        token=box.hex(),  # what lets in is the greeting
        ranges=True,
        deletes=True,
    )
    return RelayCarrier(place, caller=caller)


def _reached(devices: Devices, device: DeviceId, caller: Caller) -> Reached:
    way = way_of(device)

    def at(_opened: Open, box: Mailbox) -> Carrier:
        return lan_carrier(Id16(box.id), caller)

    return Reached(carrier_id(way, devices.base), way, at)


def _key(devices: Devices) -> Secret:
    return lan_key(devices.home.about.secret)


def _others(devices: Devices) -> dict[DeviceId, PublicKey]:
    signing = _signing(devices, devices.home)
    return {device: key for device, key in signing.items() if device != devices.me.id}


def _members(devices: Devices) -> Members:
    way = way_of(devices.me.id)
    # THREAT T507: own devices alone, also where other people are members of what is shared
    own = frozenset(_signing(devices, devices.home).values())
    return {
        Id16(Mailbox.at(each.about.secret, way.kind, way.address).id): own.intersection(
            _signing(devices, each).values()
        )
        for each in devices.collections()
        if not each.is_foreign
    }


def _signing(devices: Devices, opened: Open) -> dict[DeviceId, PublicKey]:
    """Return the signing keys of the members in good standing.

    A newcomer that has none of the log yet knows those by whom it was certified: the words that
    were compared are theirs.
    """
    members = opened.members.state.members
    if not members:
        chain = [read_certificate(each).certificate for each in devices.me.chain]
        return {each.device: each.signing for each in chain}
    return {
        device: member.certificate.signing
        for device, member in members.items()
        if member.standing is Standing.MEMBER
    }
