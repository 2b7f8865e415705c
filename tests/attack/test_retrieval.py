"""Attacks by whoever serves a third party's file, or stands between: each costs the file alone."""

import gzip
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sealhold.model.errors import NotFetchedError
from sealhold.net import fetch as module
from sealhold.net.fetch import Way, fetch, is_public, request
from tests.attack.processes import below
from tests.calm import Calm
from tests.scenarios.servers import HOST, Says, Server, file, says, serving

MOST = 1_000
PATH = "/table"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as found:
        yield found


def refused(server: Server, reply: Says | bytes, **way: object) -> str:
    """Return why what a server says is not taken."""
    server.paths[PATH] = says(reply) if isinstance(reply, bytes) else reply
    with pytest.raises(NotFetchedError) as told:
        server.fetch(**way)(HOST, PATH, MOST)
    return told.value.reason


def forever(first: bytes, more: bytes, pause: float = 0.0) -> Says:
    """Send `first`, then `more` again and again."""

    def say(link: socket.socket) -> None:
        link.sendall(first)
        with suppress(OSError):
            while True:
                link.sendall(more)
                time.sleep(pause)

    return say


# --- a server that answers otherwise than with the file ---


@pytest.mark.threat("T180")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target",
    [
        f"https://{HOST}/other",
        "/other",
        "https://elsewhere.example.org/table",
        "http://127.0.0.1/",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_is_not_followed(server: Server, status: int, target: str) -> None:
    server.give("/other", b"other")

    why = refused(server, file(b"", f"Location: {target}", status=f"{status} Go"))

    assert why == "redirect"
    assert len(server.requests) == 1


@pytest.mark.threat("T180")
def test_a_file_that_announces_itself_as_too_large_is_not_read(server: Server) -> None:
    read = threading.Event()

    def say(link: socket.socket) -> None:
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")
        read.wait(30)

    why = refused(server, say)

    read.set()
    assert why == "size"


@pytest.mark.threat("T180")
def test_a_file_without_a_length_ends_at_the_limit(server: Server) -> None:
    assert refused(server, forever(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 4_096)) == "size"


@pytest.mark.threat("T180")
def test_an_endless_chunked_file_ends_at_the_limit(server: Server) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert refused(server, forever(head, b"64\r\n" + b"x" * 100 + b"\r\n")) == "size"


@pytest.mark.threat("T180")
def test_one_chunk_of_an_enormous_length_is_not_waited_for(server: Server) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n"

    assert refused(server, forever(head, b"x" * 4_096)) == "size"


@pytest.mark.threat("T180")
@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nshort",
        b"HTTP/1.1 200",
        b"\x00\xff" * 500,
        b"",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\nfile",
    ],
    ids=["cut", "cut chunk", "odd chunk", "cut head", "noise", "nothing", "heads", "head", "9.9"],
)
def test_an_answer_that_is_broken_is_no_file(server: Server, reply: bytes) -> None:
    assert refused(server, reply) == "broken"


@pytest.mark.threat("T180")
@pytest.mark.parametrize("status", ["204 No", "206 Partial", "304 Same", "404 None", "500 Oh"])
def test_no_status_but_ok_brings_a_file(server: Server, status: str) -> None:
    assert refused(server, file(b"file", status=status)) in {"status", "redirect"}


@pytest.mark.threat("T180")
def test_promises_to_go_on_end_with_the_time(server: Server) -> None:
    say = forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.001)

    assert refused(server, say, total=1.0) == "slow"


@pytest.mark.threat("T180")
@pytest.mark.parametrize(
    ("first", "more"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", b"n"),
        (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
    ],
    ids=["body", "line", "heads"],
)
def test_a_slow_drip_ends_with_the_time_for_one_file(
    server: Server, first: bytes, more: bytes
) -> None:
    started = Calm()

    assert refused(server, forever(first, more, 0.05), total=1.5) == "slow"
    assert started.within(20)  # of the 45 that it would take


@pytest.mark.threat("T180")
def test_a_silent_server_is_given_up(server: Server) -> None:
    silence = threading.Event()

    def say(_link: socket.socket) -> None:
        silence.wait(5)

    why = refused(server, say, idle=0.5, total=4.0)

    silence.set()
    assert why == "slow"


@pytest.mark.threat("T180")
@pytest.mark.parametrize(
    "head",
    [
        "Content-Encoding: gzip",
        "Content-Encoding: identity, br",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: gzip, chunked",
    ],
)
def test_a_compressed_bomb_is_not_unpacked(server: Server, head: str) -> None:
    bomb = gzip.compress(bytes(500_000))
    assert len(bomb) < MOST

    assert refused(server, file(bomb, head)) == "encoding"


@pytest.mark.threat("T180")
def test_a_bomb_that_is_not_announced_stays_as_it_is(server: Server) -> None:
    bomb = gzip.compress(bytes(500_000))
    server.give(PATH, bomb)

    assert server.fetch()(HOST, PATH, MOST) == bomb


@pytest.mark.threat("T184")
def test_a_cookie_is_not_sent_back(server: Server) -> None:
    heads = ("Set-Cookie: who=you; Path=/", 'ETag: "1"', "Last-Modified: Sat, 21 Nov 2026 12:00:00")
    server.paths[PATH] = says(file(b"file", *heads))
    ask = server.fetch()

    assert [ask(HOST, PATH, MOST), ask(HOST, PATH, MOST)] == [b"file"] * 2
    assert server.requests == [request(HOST, PATH)] * 2
    assert b"ookie" not in server.requests[1]
    assert b"If-" not in server.requests[1]


# --- who answers ---


@pytest.mark.petrus("P2")
@pytest.mark.threat("T182")
def test_a_certificate_that_nobody_vouches_for_is_refused(server: Server) -> None:
    assert refused(server, file(b"file"), roots=None) == "certificate"
    assert server.requests == []


@pytest.mark.threat("T182")
def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, "elsewhere.example.org") as server:
        assert refused(server, file(b"file")) == "certificate"
        assert server.requests == []


@pytest.mark.threat("T182")
def test_a_certificate_that_has_ended_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, days=-1) as server:
        assert refused(server, file(b"file")) == "certificate"


@pytest.mark.petrus("P2")
@pytest.mark.threat("T182")
def test_a_server_without_encryption_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            link, _ = listener.accept()
            with link, suppress(OSError):
                link.sendall(file(b"file"))
                link.recv(4_096)

        threading.Thread(target=serve, daemon=True).start()
        way = Way(names={HOST: ("127.0.0.1",)}, port=port, loopback=True)
        with pytest.raises(NotFetchedError) as told:
            fetch(HOST, PATH, MOST, way=way)

    assert told.value.reason == "broken"


@pytest.mark.threat("T181")
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:192.168.1.1",
        "64:ff9b::c0a8:101",
        "2002:c0a8:101::1",
        "2001:0:c0a8:101::1",
        "64:ff9b:1::c0a8:101",
        "::c0a8:101",
        "::ffff:0:c0a8:101",
        "fec0::1",
    ],
)
def test_a_name_that_leads_into_the_home_is_not_connected_to(server: Server, address: str) -> None:
    names = {HOST: ("93.184.215.14", address)}

    assert refused(server, file(b"file"), names=names, loopback=False) == "private"
    assert server.requests == []


@pytest.mark.threat("T181")
def test_the_public_network_is_public() -> None:
    assert is_public("93.184.215.14")
    assert is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")


@pytest.mark.threat("T181")
def test_the_product_knows_no_other_way_than_the_public_one() -> None:
    assert Way() == module.DIRECT
    assert (module.DIRECT.port, module.DIRECT.loopback) == (443, False)
    assert (module.DIRECT.names, module.DIRECT.roots) == ({}, None)


# --- a process that fetches and was taken over ---


def captured(*frames: bytes, most: int = MOST) -> str:
    """Return what the vault makes of a process that sends these bytes."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"".join(frames))
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(NotFetchedError) as told:
            module._hear(ours, b"order", most, lambda _count: None, 2.0)
    return told.value.reason


@pytest.mark.threat("T185")
@pytest.mark.parametrize(
    "frame",
    [
        b"\x00\x00\x00\x03\xe9" + b"x" * 1_001,
        b"\x00\xff\xff\xff\xff",
        b"\x01\x00\x00\x00\xff" + b"x" * 255,
        b"\x01\x00\x00\x00\x04root",
        b"\x07\x00\x00\x00\x00",
        b"\x00\x00\x00\x00\x09short",
        b"\x02\xff\xff\xff\xff",
        b"",
    ],
    ids=["over", "far over", "long", "word", "kind", "short", "count", "gone"],
)
def test_a_captured_process_gives_bytes_or_nothing(frame: bytes) -> None:
    assert captured(frame) == "broken"


@pytest.mark.threat("T180")
def test_a_captured_process_that_never_stops_talking_is_given_up_in_time() -> None:
    ours, theirs = socket.socketpair()
    count = b"\x02\x00\x00\x00\x08" + bytes(8)

    def talk() -> None:
        ends = time.monotonic() + 5.0
        with suppress(OSError):
            while time.monotonic() < ends:
                theirs.sendall(count * 100)

    talking = threading.Thread(target=talk)
    talking.start()
    began = Calm()
    with theirs:
        with ours, pytest.raises(TimeoutError):
            module._hear(ours, b"order", MOST, lambda _count: None, 0.2)
        in_time = began.within(4.0)
        talking.join()

    assert in_time


@pytest.mark.threat("T185")
def test_the_process_that_fetches_inherits_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALHOLD_PASSPHRASE", "correct horse")
    seen: dict[str, object] = {}

    def look(link: socket.socket) -> None:
        seen.update(of_process(fetcher()))
        link.sendall(file(b"file"))

    server.paths[PATH] = look

    assert server.fetch()(HOST, PATH, MOST) == b"file"
    assert seen["environment"] == b""
    assert seen["words"] == ["-I", "-m", "sealhold.net.fetch"]
    assert set(seen["descriptors"]) == {"socket", "/dev/null"}  # type: ignore[call-overload]


def fetcher() -> Path:
    """Return the process that fetches for this one; beside it others fetch, for other tests."""
    for process in below(os.getpid()):
        with suppress(OSError):
            folder = Path(f"/proc/{process}")
            if b"sealhold.net.fetch" in (folder / "cmdline").read_bytes():
                return folder
    raise AssertionError("nothing fetches")


def of_process(folder: Path) -> dict[str, object]:
    words = (folder / "cmdline").read_bytes().decode().split("\0")[1:-1]
    descriptors = [str(each.readlink()).split(":")[0] for each in (folder / "fd").iterdir()]
    return {
        "environment": (folder / "environ").read_bytes(),
        "words": words,
        "descriptors": descriptors,
    }
