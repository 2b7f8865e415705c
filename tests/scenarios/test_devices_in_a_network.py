"""Two devices of a person sync straight over their network, found by what they announce."""

import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from sealhold.model.errors import CarrierRefusedError, ExtraMissingError
from sealhold.model.quantities import Instant
from sealhold.net.lan.beacons import HOUR_MS
from sealhold.net.mdns import Announcer, Seen, browse, own_addresses
from sealhold.net.relay.calling import Caller
from sealhold.net.transports.lan import LanPeer, lan_caller
from sealhold.sharing.devices import joining, lan
from sealhold.sharing.devices.lan import LanServer
from sealhold.sharing.devices.names import Mailbox
from sealhold.sharing.devices.syncing import Reached, Round, Syncing
from sealhold.stores.backends.folder import FolderObjects
from sealhold.stores.backends.memory import MemoryObjects
from tests.loops import in_a_loop
from tests.unit.owned_devices import Machine, machines
from tests.unit.replicas import Shelf

HERE = ["127.0.0.1"]
NOON = Instant(472_222 * HOUR_MS + 1)
LONG = bytes(range(256)) * 8_000  # 2 MB: goes into packs
LONG_ENOUGH = 60.0  # seconds to listen; what is waited for ends it sooner


@pytest.fixture
def two() -> Iterator[list[Machine]]:
    with machines(2) as found:
        yield found


def noon() -> Instant:
    return NOON


_calling: list[Caller] = []


def calling(peer: LanPeer) -> Caller:
    """Return what calls a device until the test ends."""
    _calling.append(lan_caller(peer))
    return _calling[-1]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while _calling:
        _calling.pop().close()


def shown_at(server: LanServer, machine: Machine) -> Seen:
    """Return what a device announces, without a network."""
    return Seen(lan.announced(machine.devices, NOON), tuple(HERE), server.port)


def around(machine: Machine, server: LanServer | None, *others: Reached) -> Round:
    """Do a round over what this device keeps, and what others do."""
    near = [*([server.own()] if server else []), *others]
    done = Syncing(machine.devices, near).round()
    if server is not None:
        server.renew()
    return done


@contextmanager
def heard() -> Iterator[list[bytes]]:
    """Record every datagram of multicast DNS that passes on this machine."""
    found: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(("", 5353))
        member = struct.pack("4s4s", socket.inet_aton("224.0.0.251"), socket.inet_aton(HERE[0]))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        sock.settimeout(0.0)
        yield found
        while True:
            try:
                found.append(sock.recv(9_000))
            except BlockingIOError:
                return


def test_two_devices_sync_straight_over_their_network(two: list[Machine], tmp_path: Path) -> None:
    first, second = two
    first.write("a.txt", b"from the first")
    first.write("long.bin", LONG)
    with LanServer(first.devices, FolderObjects(tmp_path, "first"), hosts=HERE) as server:
        around(first, server)
        [near] = lan.reached(second.devices, [shown_at(server, first)], noon, calling)
        for _ in range(2):
            assert around(second, None, near).troubles == []
            server.renew()
        second.write("b.txt", b"from the second")
        done = around(second, None, near)
        assert (done.troubles, done.away) == ([], [])
        around(first, server)
        # a content is fetched when it is read
        expected = {"a.txt": b"from the first", "long.bin": LONG, "b.txt": b"from the second"}
        assert first.shown() == second.shown() == expected
        assert server.faults == 0


def test_the_network_and_another_carrier_come_to_one_state(two: list[Machine]) -> None:
    first, second = two
    shelf = Shelf()
    with ExitStack() as stack:
        servers = [
            stack.enter_context(LanServer(each.devices, MemoryObjects(), hosts=HERE))
            for each in two
        ]
        for each in (first, second):
            each.sync(shelf)
        first.write("by.txt", b"the network")
        second.write("at.txt", b"the same time")
        for _ in range(3):
            for at, each in enumerate(two):
                other = 1 - at
                near = lan.reached(
                    each.devices, [shown_at(servers[other], two[other])], noon, calling
                )
                assert around(each, servers[at], *near).troubles == []
        second.write("then.txt", b"by the shelf")
        for each in (second, first):
            each.sync(shelf)
    assert first.shown() == second.shown()
    assert len(first.shown()) == 3


def test_a_removed_device_is_let_in_no_more(two: list[Machine]) -> None:
    first, second = two
    with LanServer(first.devices, MemoryObjects(), hosts=HERE) as server:
        around(first, server)
        [near] = lan.reached(second.devices, [shown_at(server, first)], noon, calling)
        for _ in range(2):
            assert around(second, None, near).away == []
            around(first, server)
        joining.remove(first.devices, second.devices.me.id)
        server.renew()
        first.write("after.txt", b"not for the second")
        around(first, server)

        done = around(second, None, near)

        for opened in second.devices.collections():
            box = Mailbox.at(opened.about.secret, near.way.kind, near.way.address)
            with pytest.raises(CarrierRefusedError):
                near.at(opened, box).heads(box.prefix)
    assert len(done.troubles) == 4  # giving and taking of both collections
    assert "after.txt" not in second.shown()


def test_devices_find_each_other_by_what_they_announce(two: list[Machine]) -> None:
    first, second = two
    with heard() as told, LanServer(first.devices, MemoryObjects(), hosts=HERE) as server:
        server.announce(HERE, noon)
        [near] = lan.found(second.devices, HERE, noon, LONG_ENOUGH)

        assert near.way == lan.way_of(first.devices.me.id)
        assert lan.found(first.devices, HERE, noon, 0.0) == []  # not itself
    passed = b"".join(told).lower()
    assert b"_sealhold" in passed
    host = socket.gethostname().partition(".")[0].lower().encode()
    assert bytes([len(host)]) + host not in passed  # as a label, since a host's name may be short
    for name in (first.devices.me.name, first.devices.me.id.hex(), "papers"):
        assert name.encode().lower() not in passed


def test_who_turns_the_hour_is_announced_by_the_new_name_alone() -> None:
    announcer = Announcer(HERE, 4_711)
    try:
        announcer.say("00" * 8)
        announcer.say("11" * 8)
        names = {each.name for each in browse(HERE, LONG_ENOUGH, wanted=["11" * 8], enough=1)}
        assert names == {"11" * 8}
        assert browse(HERE, 0.3, wanted=["00" * 8], enough=1) == []
    finally:
        announcer.close()


def test_a_caller_may_have_a_loop_that_stands_meanwhile() -> None:
    async def within() -> list[Seen]:
        announcer = Announcer(HERE, 4_712)
        try:
            announcer.say("22" * 8)
            return browse(HERE, LONG_ENOUGH, wanted=["22" * 8], enough=1)
        finally:
            announcer.close()

    assert in_a_loop(within()) == [Seen("22" * 8, tuple(HERE), 4_712)]


def test_a_beacon_turns_while_it_is_announced(two: list[Machine]) -> None:
    first, second = two
    before = Instant(HOUR_MS * 472_222 + HOUR_MS - 30)  # 30 ms to the full hour
    begun = time.monotonic()

    def clock() -> Instant:
        return Instant(before + int((time.monotonic() - begun) * 1_000))

    def later() -> Instant:
        return Instant(HOUR_MS * 472_224)  # from which the first name is two hours away

    with LanServer(first.devices, MemoryObjects(), hosts=HERE) as server:
        server.announce(HERE, clock)
        [near] = lan.found(second.devices, HERE, later, LONG_ENOUGH)
        assert near.way == lan.way_of(first.devices.me.id)


def test_without_its_library_nothing_is_announced_or_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    monkeypatch.setitem(sys.modules, "ifaddr", None)
    for ask in (lambda: Announcer(HERE, 1), lambda: browse(HERE, 0.1), own_addresses):
        with pytest.raises(ExtraMissingError, match="lan"):
            ask()
