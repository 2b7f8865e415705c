"""Strangers and broken devices where a device takes part in its home network."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from threading import BoundedSemaphore, Thread
from threading import enumerate as threads

import pytest

from sealhold.crypto.sign import PublicKey
from sealhold.model.errors import CarrierAwayError, InvalidError
from sealhold.model.ids import DeviceId, Id16
from sealhold.net.lan.serving import Guests, server_of
from sealhold.net.mdns import Seen
from sealhold.net.relay.calling import Call
from sealhold.net.relay.server import RelayServer, bind
from sealhold.net.transports import lan as transport
from sealhold.net.transports.lan import LanPeer, connected
from sealhold.sharing.devices import lan, lannear
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.lan import LanServer
from sealhold.sharing.devices.lanchoice import LanChoice, chosen, read_choice
from sealhold.sharing.devices.lanlooking import Found, Looking
from sealhold.sharing.devices.lannear import Near, NearCaller
from sealhold.sharing.devices.lanshelf import Shelf
from sealhold.sharing.devices.syncing import Syncing
from sealhold.stores.backends.memory import MemoryObjects
from tests.lanning import HERE, K_LAN, device, serving
from tests.scenarios.test_devices_in_a_network import noon
from tests.unit.owned_devices import machines

SERVER, GUEST, LIAR = device(1), device(2), device(6, K_LAN)
ELSEWHERE = "127.0.0.2"  # of this machine, too
ROOM = 1 << 30


@contextmanager
def run(server: RelayServer) -> Iterator[RelayServer]:
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)
    assert not thread.is_alive()


def is_let_go(sock: socket.socket) -> bool:
    """Return whether the other end closes, rather than waits for what is said."""
    sock.settimeout(0.3)
    try:
        return sock.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


@pytest.mark.threat("T530")
def test_who_fills_the_place_for_guests_takes_no_more_and_frees_it_by_going() -> None:
    room = BoundedSemaphore(3)
    guests, shelf = Guests(), Shelf(MemoryObjects(), os.urandom)
    box = os.urandom(16)
    guests.members = {box: frozenset([GUEST.signer.public])}  # type: ignore[dict-item]
    at = [server_of(shelf, SERVER, guests, host, 0, room) for host in (HERE[0], ELSEWHERE)]
    with run(at[0]) as one, run(at[1]) as other:
        with ExitStack() as stack:
            held = [
                stack.enter_context(socket.create_connection(each.address, 5))
                for each in (one, other, one, other, one)
            ]
            assert sorted(is_let_go(each) for each in held) == [False] * 3 + [True] * 2
        peer = LanPeer(addresses=HERE, port=one.address[1], pin=SERVER.signer.public, me=GUEST)
        for _ in range(100):  # the server hears in its own time that they went
            with suppress(CarrierAwayError):
                connected(peer).close()
                break
        else:
            pytest.fail("the place of who went is not free again")


@pytest.mark.threat("T530")
def test_all_addresses_of_a_device_share_one_room() -> None:
    with (
        machines(1) as [only],
        LanServer(only.devices, MemoryObjects(), hosts=[HERE[0], ELSEWHERE]) as server,
    ):
        rooms = {id(each.room) for each in server._servers}
        assert len(rooms) == 1
        assert {each.address for each in server._servers} == {
            (host, server.port) for host in (HERE[0], ELSEWHERE)
        }


@pytest.mark.threat("T531")
def test_a_device_listens_at_the_chosen_address_and_at_no_other() -> None:
    with (
        machines(1) as [only],
        LanServer(only.devices, MemoryObjects(), hosts=[ELSEWHERE]) as server,
    ):
        socket.create_connection((ELSEWHERE, server.port), 5).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HERE[0], server.port), 5)


@pytest.mark.threat("T531")
def test_nobody_listens_or_looks_unless_somebody_said_so() -> None:
    before = set(threads())
    with machines(1) as [only]:
        near = Near(
            only.devices,
            MemoryObjects(),
            read_choice(only.devices.keeping.lan()),
            noon,
            lambda: None,
        )
        assert (near.is_on, near.carriers(), near.sources()) == (False, [], [])
        assert set(threads()) - before <= {each for each in threads() if each.name != "looking"}
        assert not [each for each in threads() if each.name in {"looking", "lan", "beacon"}]
        near.close()


@pytest.mark.threat("T531")
@pytest.mark.parametrize("address", ["8.8.8.8", "0.0.0.0", "224.0.0.251", "fd00::1", "desk", ""])
def test_an_address_that_the_world_reaches_cannot_be_chosen(address: str) -> None:
    with pytest.raises(InvalidError):
        chosen([address], ROOM)
    assert chosen(["192.168.1.7"], ROOM).addresses == ("192.168.1.7",)


@contextmanager
def silent() -> Iterator[tuple[int, list[socket.socket]]]:
    """Take connections, and say nothing to anybody."""
    taken: list[socket.socket] = []
    listener = bind(HERE[0], 0)

    def take() -> None:
        with suppress(OSError):
            while True:
                taken.append(listener.accept()[0])

    thread = Thread(target=take, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], taken
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for each in (listener, *taken):
            each.close()


@pytest.mark.threat("T532")
def test_a_device_that_hangs_costs_one_wait_and_not_one_for_each_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.1)
    gone: list[bool] = []
    with silent() as (port, taken):
        peer = LanPeer(addresses=HERE, port=port, pin=SERVER.signer.public, me=GUEST)
        with closing(NearCaller(peer, lambda: gone.append(True))) as caller:
            call = Call(method="GET", path="/v1/m/x", is_repeatable=False)
            for _ in range(20):
                with pytest.raises(CarrierAwayError):
                    caller.call(call)
        assert (caller.is_away, gone, len(taken)) == (True, [True], 1)


@pytest.mark.threat("T532")
def test_a_device_that_went_costs_the_round_nothing_and_is_left_alone_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.1)
    now = [1_000.0]
    monkeypatch.setattr(lannear, "monotonic", lambda: now[0])
    monkeypatch.setattr(LanChoice, "at_hand", lambda _self: list(HERE))
    found: list[Found] = []
    monkeypatch.setattr(Looking, "_look", lambda _self: found[-1])
    with machines(2) as [one, other], silent() as (port, taken):
        name = lan.announced(other.devices, noon())
        found.append(Found(tuple(HERE), (Seen(name, tuple(HERE), port),)))
        near = Near(one.devices, MemoryObjects(), LanChoice(is_on=True), noon)
        with closing(near):
            own, hung = near.carriers()
            one.write("a.txt", b"the rest goes on")
            done = Syncing(one.devices, [own, hung]).round()
            assert (done.troubles, done.away) == ([], [hung.way.address])
            assert done.given
            tried = len(taken)
            assert near.done() == []
            assert near.carriers() == [own]  # it is left alone
            now[0] += lannear.LEFT_ALONE
            assert len(near.carriers()) == 2
            assert len(taken) == tried  # nothing is asked before a round asks


@pytest.mark.threat("T533")
def test_who_answers_in_a_devices_place_at_one_address_hides_it_at_no_other() -> None:
    with serving(SERVER) as real:
        box = real.admit(GUEST)
        liar = server_of(Shelf(MemoryObjects(), os.urandom), LIAR, Guests(), ELSEWHERE, real.port)
        with run(liar):
            peer = LanPeer(
                addresses=(ELSEWHERE, *HERE),
                port=real.port,
                pin=SERVER.signer.public,
                me=GUEST,
            )
            with closing(connected(peer)) as sock:
                assert sock.getpeername()[0] == HERE[0]
    assert box


@pytest.mark.threat("T533")
def test_a_name_that_somebody_says_again_leads_to_nobody_but_the_device() -> None:
    """A stranger repeats the beacon of a device, with an address of their own."""
    with machines(2) as [one, other], serving(LIAR) as stranger:
        near = lan.reached_at(
            one.devices,
            other.devices.me.id,
            Seen(lan.announced(other.devices, noon()), tuple(HERE), stranger.port),
        )
        one.write("a.txt", b"not for strangers")
        done = Syncing(one.devices, [near]).round()
        assert (done.away, done.given) == ([near.way.address], 0)
        assert list(stranger.shelf.objects.names()) == []


@pytest.mark.threat("T507")
def test_a_member_that_is_no_device_of_the_owner_is_let_in_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Other people may be members of what is shared with them; the network is not theirs."""
    signing = lan._signing
    with machines(2) as [one, other]:
        stranger = DeviceId(Id16(b"of other people.")), GUEST.signer.public

        def with_guest(devices: Devices, opened: Open) -> dict[DeviceId, PublicKey]:
            found = signing(devices, opened)
            return found if opened is devices.home else {**found, stranger[0]: stranger[1]}

        monkeypatch.setattr(lan, "_signing", with_guest)
        admitted = frozenset[PublicKey]().union(*lan._members(one.devices).values())
        assert admitted == {each.devices.me.keys.signer.public for each in (one, other)}
