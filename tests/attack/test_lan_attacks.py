"""Strangers, removed devices and who stands between, in the network of a person's devices."""

import os
import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from threading import Event, Thread

import pytest

from sealhold.crypto.digest import framed, keyed, sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.selfsigned import self_signed
from sealhold.crypto.tags import Tag
from sealhold.model.errors import (
    CarrierAwayError,
    CarrierFullError,
    CarrierRefusedError,
    InvalidError,
)
from sealhold.model.ids import Id16, ObjectName
from sealhold.net.lan import serving as lan_serving
from sealhold.net.lan.greeting import Known
from sealhold.net.relay.calling import Call
from sealhold.net.relay.link import Link
from sealhold.net.relay.server import bind
from sealhold.net.transports.lan import LanPeer, connected, lan_caller
from tests.lanning import HERE, K_LAN, Serving, device, serving

SERVER, GUEST, OTHER = device(1), device(2), device(3)
NEVER = device(5)  # a device that is let in by no test
STRANGER = device(4, Secret(b"\x09" * 32, "no K_lan"))
PIN = SERVER.signer.public
LOG = "0a" * 16


@pytest.fixture(scope="module")
def lan() -> Iterator[Serving]:
    with serving(SERVER) as found:
        yield found


def entry(box: Id16, seq: int = 0) -> ObjectName:
    return ObjectName(f"m/{box.hex()}/log/{LOG}/{seq:016x}")


_open: list[ssl.SSLSocket] = []


@pytest.fixture(autouse=True)
def lines() -> Iterator[None]:
    """Close what a test connected."""
    yield
    while _open:
        _open.pop().close()


class Line:
    """A connection by TLS to a server of the network, whoever that is."""

    def __init__(self, port: int) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection((HERE[0], port), 10)
        self.sock = context.wrap_socket(plain)
        _open.append(self.sock)
        self.shown = self.sock.getpeercert(binary_form=True) or b""
        self.certificate = sha256(self.shown)

    def read(self, length: int) -> bytes:
        """Return so many bytes, or less if the other end closes."""
        data = b""
        while len(data) < length:
            try:
                more = self.sock.recv(length - len(data))
            except OSError:
                break
            if not more:
                break
            data += more
        return data


def knocked(line: Line, key: Secret = K_LAN) -> bytes:
    """Knock, and return what proofs of this connection are bound to."""
    nonce, mine = line.read(32), os.urandom(32)
    bound = framed(line.certificate, nonce, mine)
    line.sock.sendall(mine + keyed(key, Tag.LAN_KNOCK, bound))
    return bound


def proof(who: Known, bound: bytes, tag: Tag = Tag.LAN_CLIENT) -> bytes:
    return who.signer.public + who.signer.sign(tag, bound)


@contextmanager
def pretending(talk: Callable[[ssl.SSLSocket, bytes], None]) -> Iterator[int]:
    """Serve one connection by `talk`, under a certificate of one's own; lend the port."""
    shown = self_signed(os.urandom)
    context = lan_serving._context(shown)
    listener = bind(HERE[0], 0)

    def run() -> None:
        # the other end may have had enough
        with suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True) as sock:
            talk(sock, shown.digest)

    thread = Thread(target=run, daemon=True)
    thread.start()
    with closing(listener):
        yield listener.getsockname()[1]
        thread.join(10)
    assert not thread.is_alive()


def enter(port: int, pin: Known = SERVER, me: Known = GUEST) -> socket.socket:
    return connected(LanPeer(addresses=HERE, port=port, pin=pin.signer.public, me=me))


# --- who is not let in ---


@pytest.mark.threat("T506")
def test_a_stranger_learns_nothing_but_a_nonce(lan: Serving) -> None:
    lan.admit(GUEST)
    line = Line(lan.port)
    knocked(line, STRANGER.key)

    assert line.read(1) == b""
    assert len(line.shown) > 100
    assert bytes(SERVER.signer.public) not in line.shown


@pytest.mark.threat("T506")
def test_a_server_shows_another_certificate_each_time_it_begins() -> None:
    shown = set[bytes]()
    for _ in range(2):
        with serving(SERVER) as found:
            line = Line(found.port)
            shown.add(line.certificate)
    assert len(shown) == 2


@pytest.mark.threat("T507")
def test_a_device_that_is_no_member_is_not_let_in_though_it_knows_the_key(lan: Serving) -> None:
    box = lan.admit(GUEST)
    lan.carrier(GUEST, box).put_new(entry(box), b"entry")

    with pytest.raises(CarrierRefusedError):
        lan.carrier(NEVER, box).get(entry(box))
    line = Line(lan.port)
    bound = knocked(line)
    line.read(96)
    line.sock.sendall(proof(NEVER, bound))
    assert line.read(1) == b""  # not even welcome


@pytest.mark.threat("T507")
def test_a_removed_device_is_refused_on_the_connection_that_it_has(lan: Serving) -> None:
    box = lan.admit(GUEST, OTHER)
    carrier = lan.carrier(OTHER, box)
    carrier.put_new(entry(box), b"entry")
    lan.admit(GUEST, box=box)
    lan.admit(OTHER)  # it is a member of something else, so its connection goes on

    for ask in (
        lambda: carrier.get(entry(box)),
        lambda: carrier.put_new(entry(box, 1), b"entry"),
        lambda: carrier.heads(f"m/{box.hex()}/"),
        lambda: list(carrier.list_after(f"m/{box.hex()}/")),
    ):
        with pytest.raises(CarrierRefusedError):
            ask()
    assert lan.carrier(GUEST, box).entries(f"m/{box.hex()}/log/{LOG}/", 0) == [b"entry"]


@pytest.mark.threat("T507")
def test_a_device_that_is_removed_while_it_waits_is_told_nothing(
    lan: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = lan.admit(GUEST, OTHER)
    waiting, writing = lan.carrier(OTHER, box), lan.carrier(GUEST, box)
    writing.put_new(entry(box), b"entry")
    cursor = waiting.heads(f"m/{box.hex()}/").cursor
    is_in, wait = Event(), lan.shelf.wait

    def waited(of: Id16, after: int, seconds: float) -> None:
        is_in.set()
        wait(of, after, seconds)

    monkeypatch.setattr(lan.shelf, "wait", waited)
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(waiting.heads, f"m/{box.hex()}/", cursor, 30.0)
        assert is_in.wait(20)
        lan.admit(GUEST, box=box)
        writing.put_new(entry(box, 1), b"entry")
        with pytest.raises(CarrierRefusedError):
            told.result(20)


@pytest.mark.threat("T507")
def test_a_member_of_one_collection_has_nothing_of_another(lan: Serving) -> None:
    mine, theirs = lan.admit(GUEST), lan.admit(OTHER)
    carrier = lan.carrier(OTHER, theirs)
    carrier.put_new(entry(theirs), b"entry")

    with pytest.raises(CarrierRefusedError):
        lan.carrier(GUEST, theirs).get(entry(theirs))
    caller = lan_caller(lan.peer(GUEST))
    with closing(caller):
        path = f"/v1/{entry(theirs)}"
        for token in (mine.hex(), theirs.hex(), "", "x" * 32):
            assert caller.call(Call(method="GET", path=path, token=token)).status == 403
        assert (
            caller.call(Call(method="GET", path=f"/v1/{entry(mine)}", token=theirs.hex())).status
            == 403
        )


@pytest.mark.threat("T507")
def test_what_a_relay_has_beside_mailboxes_is_not_there(lan: Serving) -> None:
    box = lan.admit(GUEST)
    room = "ab" * 16
    with closing(lan_caller(lan.peer(GUEST))) as caller:
        for method, path in (
            ("GET", "/v1/health"),
            ("GET", "/v1/account"),
            ("GET", f"/v1/rv/{room}/0"),
            ("PUT", f"/v1/rv/{room}/0"),
            ("PUT", f"/v1/m/{box.hex()}"),
        ):
            call = Call(
                method=method, path=path, token=box.hex(), body=b"" if method == "PUT" else None
            )
            assert caller.call(call).status == 404, path
        tokens = Call(method="POST", path=f"/v1/m/{box.hex()}/tokens", token=box.hex(), body=b"x")
        assert caller.call(tokens).status in {400, 404, 405}


# --- proofs of another connection ---


@pytest.mark.threat("T508")
def test_a_proof_that_is_said_again_lets_nobody_in(lan: Serving) -> None:
    lan.admit(GUEST)
    first = Line(lan.port)
    nonce, mine = first.read(32), os.urandom(32)
    bound = framed(first.certificate, nonce, mine)
    knock, said = mine + keyed(K_LAN, Tag.LAN_KNOCK, bound), proof(GUEST, bound)
    first.sock.sendall(knock)
    first.read(96)
    first.sock.sendall(said)
    assert first.read(1) == b"\x01"

    again = Line(lan.port)  # who recorded everything
    again.read(32)
    again.sock.sendall(knock)
    assert again.read(1) == b""

    thief = Line(lan.port)  # who was removed, and knows how to knock
    knocked(thief)
    assert len(thief.read(96)) == 96
    thief.sock.sendall(said)
    assert thief.read(1) == b""


@pytest.mark.threat("T508")
def test_the_proof_of_a_server_is_none_of_a_client(lan: Serving) -> None:
    lan.admit(GUEST, SERVER)
    line = Line(lan.port)
    knocked(line)
    line.sock.sendall(line.read(96))

    assert line.read(1) == b""


@pytest.mark.threat("T508")
def test_who_passes_everything_on_gets_no_further_than_the_knock(lan: Serving) -> None:
    lan.admit(GUEST)
    heard: list[bytes] = []

    def between(sock: ssl.SSLSocket, _certificate: bytes) -> None:
        real = Line(lan.port)
        sock.sendall(real.read(32))
        real.sock.sendall(Link(sock).read(64, 5.0))
        heard.append(real.read(96))

    with pretending(between) as port, pytest.raises(CarrierAwayError):
        enter(port)
    assert heard == [b""]


@pytest.mark.threat("T508")
def test_a_removed_device_cannot_stand_between_two_members(lan: Serving) -> None:
    lan.admit(GUEST)
    after: list[int] = []

    def between(sock: ssl.SSLSocket, _certificate: bytes) -> None:
        real = Line(lan.port)
        knocked(real)  # it knows K_lan
        sock.sendall(os.urandom(32))
        Link(sock).read(64, 5.0)
        sock.sendall(real.read(96))  # true, and of another connection
        after.append(len(sock.recv(96)))

    with pretending(between) as port, pytest.raises(CarrierAwayError):
        enter(port)
    assert after in ([], [0])  # the client showed nothing of itself


@pytest.mark.threat("T508")
def test_a_proof_given_to_one_server_opens_no_other(lan: Serving) -> None:
    lan.admit(OTHER)
    opened: list[bytes] = []

    def bad(sock: ssl.SSLSocket, certificate: bytes) -> None:
        """Be a true member, and use what a guest proves here at another member's server."""
        real = Line(lan.port)
        nonce = real.read(32)
        sock.sendall(nonce)
        told = bytes(Link(sock).read(64, 5.0))
        bound = framed(certificate, nonce, told[:32])
        sock.sendall(proof(GUEST, bound, Tag.LAN_SERVER))
        theirs = bytes(Link(sock).read(96, 5.0))
        there = framed(real.certificate, nonce, told[:32])
        real.sock.sendall(told[:32] + keyed(K_LAN, Tag.LAN_KNOCK, there))
        real.read(96)
        real.sock.sendall(theirs)
        opened.append(real.read(1))

    with pretending(bad) as port, pytest.raises(CarrierRefusedError):
        enter(port, pin=GUEST, me=OTHER)
    assert opened == [b""]


@pytest.mark.threat("T508")
def test_another_member_than_the_one_meant_is_not_spoken_to(lan: Serving) -> None:
    box = lan.admit(GUEST)

    with pytest.raises(CarrierAwayError):
        lan.carrier(GUEST, box, pin=OTHER.signer.public).get(entry(box))


@pytest.mark.threat("T508")
def test_the_key_of_a_certificate_stands_in_its_file_under_a_password() -> None:
    shown = self_signed(os.urandom)

    assert b"ENCRYPTED PRIVATE KEY" in shown.pem
    assert b"BEGIN PRIVATE KEY" not in shown.pem
    assert shown.password.reveal() not in shown.pem


# --- too much ---


@pytest.mark.threat("T507")
def test_what_is_too_long_is_refused_before_it_is_read(lan: Serving) -> None:
    box = lan.admit(GUEST)
    carrier = lan.carrier(GUEST, box)

    with pytest.raises((InvalidError, CarrierAwayError)):
        carrier.put_new(entry(box), bytes(1_572_865))
    assert list(carrier.list_after(f"m/{box.hex()}/")) == []
    sock = enter(lan.port)
    sock.sendall(b"GET /v1/m/" + b"a" * 20_000)
    assert sock.recv(100).startswith(b"HTTP/1.1 400 ")
    sock.close()


@pytest.mark.threat("T507")
def test_a_device_fills_the_room_that_there_is_and_no_more() -> None:
    with serving(SERVER, room=5 * 4_096) as lan:
        box = lan.admit(GUEST)
        carrier = lan.carrier(GUEST, box)
        key = ObjectName(f"m/{box.hex()}/key/{LOG}")
        carrier.put_new(key, b"k" * 4_097)  # two blocks
        for seq in range(3):
            carrier.put_new(entry(box, seq), b"e")
        with pytest.raises(CarrierFullError):
            carrier.put_new(entry(box, 3), b"e")
        carrier.delete(key)
        carrier.delete(key)
        for seq in (3, 4):
            carrier.put_new(entry(box, seq), b"e")
        with pytest.raises(CarrierFullError):
            carrier.put_new(entry(box, 5), b"e")


@pytest.mark.threat("T509")
def test_a_made_up_announcement_leads_to_no_public_address() -> None:
    asked: list[object] = []
    peer = LanPeer(addresses=("8.8.8.8", "::ffff:8.8.8.8"), port=9, pin=PIN, me=GUEST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "create_connection", lambda *told: asked.append(told))
        with pytest.raises(CarrierAwayError, match="cannot be reached"):
            connected(peer)
    assert asked == []
