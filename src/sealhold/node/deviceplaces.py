"""The places that a device syncs through, opened by their addresses.

- A place is a folder (`folder:PATH`), a bucket (`s3://...`) or a relay (`https://HOST`, with the
  token of an account there).
- One that is not there is away, and costs its own part of a round.

Source: docs/spec/11-exchange-and-op-log.md section 9.
"""

from dataclasses import replace

from sealhold.model.clock import Clock
from sealhold.model.errors import (
    CarrierAwayError,
    CarrierRefusedError,
    InvalidError,
    SealholdError,
)
from sealhold.net.relay.calling import Caller, RelayAddress, address_of
from sealhold.net.relay.papers import Rights
from sealhold.net.spec import Carrier
from sealhold.node.placing import place_of
from sealhold.node.world import World
from sealhold.sharing.devices.carrier import StoreCarrier
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.joinpapers import Way, carrier_id, read_way
from sealhold.sharing.devices.names import Mailbox
from sealhold.sharing.devices.reaching import by_relay, by_store, token_for
from sealhold.sharing.devices.relayrooms import RelayMeetings
from sealhold.sharing.devices.rendezvous import CarrierMeetings, Meetings
from sealhold.sharing.devices.syncing import Reached
from sealhold.sharing.peers.inbox import Spot
from sealhold.sharing.peers.withdrawals import is_withdrawn

BUCKET, FOLDER = "s3://", "folder:"
RELAYS = ("https://", "http://")


class Places:
    """The places of one device."""

    def __init__(self, devices: Devices, world: World, clock: Clock) -> None:
        self._devices, self._world, self._clock = devices, world, clock

    def tried(self, way: Way) -> None:
        """Try a place that is new; a folder is made.

        Raises:
            InvalidSettingsError: the address is none.
            StoreUnavailableError: it cannot be made or does not answer.
        """
        if way.kind == "relay":
            _relay(way)
        else:
            place_of(way.address, self._world, create=True)

    def reached(self) -> list[Reached]:
        """Return all places; one that cannot be opened is told as away."""
        found = [
            self._at(id_, read_way(told)) for id_, told in self._devices.keeping.carriers().items()
        ]
        for opened in filter(lambda each: each.is_foreign, self._devices.collections()):
            if is_withdrawn(self._devices, opened.about.id, opened.about.root):
                continue  # nothing of it is given any more, and who shared it is called no more
            # THREAT T547: where another person's lies, nothing of this one is put
            only = opened.about.id
            found += [replace(self._of_others(way), only=only) for way in opened.about.ways]
        return found

    def id_of(self, way: Way) -> bytes:
        """Return the 16 bytes by which this device calls a place."""
        return carrier_id(way, self._devices.base)

    def _of_others(self, way: Way) -> Reached:
        """Return a place that another person told of."""
        id_ = self.id_of(way)
        if way.kind != "relay":
            # THREAT T536: another person leads into no folder or bucket that is not used already
            kept = self._devices.keeping.carriers()
            if id_ not in kept:
                return _away(id_, way, "it is no place of yours")
            return self._at(id_, read_way(kept[id_]))
        try:
            address, _ = self.reach(way.address)
        except CarrierRefusedError as err:
            return _away(id_, way, str(err))
        return by_relay(id_, way, address, self._devices, self._clock)

    def _at(self, id_: bytes, way: Way) -> Reached:
        if way.kind == "relay":
            return by_relay(id_, way, _relay(way), self._devices, self._clock)
        try:
            return by_store(id_, way, place_of(way.address, self._world))
        except SealholdError:  # a bucket without its keys, too
            return self._later(id_, way)

    def _later(self, id_: bytes, way: Way) -> Reached:
        """Return a place that is not there, and is looked for again by each round."""

        def at(opened: Open, box: Mailbox) -> Carrier:
            try:
                store = place_of(way.address, self._world)
            except SealholdError as err:
                raise CarrierAwayError(f"`{way.address}` is not there: {err}") from err
            return by_store(id_, way, store).at(opened, box)

        return Reached(id_, way, at)

    def spots(self) -> list[Spot]:
        """Return all places, as far as inboxes of people go."""
        found: list[Spot] = []
        for told in self._devices.keeping.carriers().values():
            way = read_way(told)
            if way.kind == "relay":
                found.append(Spot(way, address=_relay(way), caller=Caller(_relay(way))))
                continue
            try:
                store = StoreCarrier(place_of(way.address, self._world))
            except SealholdError:
                found.append(Spot(way))
            else:
                found.append(Spot(way, store=store))
        return found

    def reach(self, address: str) -> tuple[RelayAddress, Caller]:
        """Return what calls a relay that another person's card names.

        Raises:
            CarrierRefusedError: it is no address that a card may lead to.
        """
        ways = map(read_way, self._devices.keeping.carriers().values())
        is_own = any(way.kind == "relay" and way.address == address for way in ways)
        # THREAT T536: a card leads to no machine at home, and nowhere without TLS
        if not is_own and not address.startswith("https://"):
            raise CarrierRefusedError("a card names a relay that is not reached by https")
        try:
            found = address_of(address, private=is_own)
        except InvalidError as err:
            raise CarrierRefusedError("a card names a relay that has no address") from err
        return found, Caller(found)

    def meetings(self, way: Way) -> Meetings:
        """Return the rooms at a place, where two devices meet.

        Raises:
            StoreUnavailableError: it does not answer.
        """
        if way.kind == "relay":
            return RelayMeetings(Caller(_relay(way)))
        return CarrierMeetings(StoreCarrier(place_of(way.address, self._world)))

    def mint(self, opened: Open, way: Way) -> str:
        """Return a token for a newcomer; empty where none is needed."""
        if way.kind != "relay":
            return ""
        return token_for(opened, way, _relay(way), self._clock)

    def mint_for_guests(self, opened: Open, way: Way) -> str:
        """Return a token for people who are let in: it deletes nothing; empty where none is needed.

        Raises:
            CarrierRefusedError: the relay knows no such account.
            CarrierAwayError: no answer.
        """
        if way.kind != "relay":
            return ""
        return token_for(opened, way, _relay(way), self._clock, rights=Rights.WRITE)


def way_of(address: str, token: str = "") -> Way:
    """Return the place that an address says.

    Raises:
        InvalidError: it says none.
    """
    if address.startswith(RELAYS):
        return Way(kind="relay", address=address, token=token)
    if address.startswith(BUCKET):
        return Way(kind="bucket", address=address)
    if address.startswith(FOLDER) and len(address) > len(FOLDER):
        return Way(kind="folder", address=address)
    raise InvalidError("a place is folder:PATH, s3://BUCKET/FOLDER?endpoint=... or https://HOST")


def _relay(way: Way) -> RelayAddress:
    return address_of(way.address, private=True)


def _away(id_: bytes, way: Way, why: str) -> Reached:
    def at(*_: object) -> Carrier:
        raise CarrierAwayError(f"`{way.address}` is not called: {why}")

    return Reached(id_, way, at)
