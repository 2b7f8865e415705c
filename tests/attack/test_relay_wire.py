"""Requests of no form, bodies too long, and answers of a hostile relay."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from sealhold.model.errors import (
    CarrierAwayError,
    ObjectNotFoundError,
)
from sealhold.model.ids import Id16, ObjectName
from sealhold.net.relay.calling import Call, Caller
from sealhold.net.relay.link import Link
from sealhold.net.relay.papers import Rights
from sealhold.net.relay.wire import RefusedError, parse
from sealhold.net.transports.relay import RelayCarrier, RelayPlace
from tests.lying import Liar, Served, Verb
from tests.relaying import Running, running

LOG = "0a" * 16


@pytest.fixture(scope="module")
def relay() -> Iterator[Running]:
    with running() as found:
        yield found


# --- the form of a request ---


def said(relay: Running, told: bytes) -> bytes:
    """Return all that a relay answers to some bytes, until it closes."""
    with socket.create_connection(relay.server.address, 10) as sock:
        sock.sendall(told)
        answer = b""
        while more := sock.recv(65_536):
            answer += more
    return answer


GOOD = b"GET /v1/health HTTP/1.1\r\nHost: relay\r\n"


@pytest.mark.threat("T448")
@pytest.mark.parametrize(
    "told",
    [
        b"GET /v1/health HTTP/1.0\r\nHost: relay\r\n\r\n",
        b"get /v1/health HTTP/1.1\r\nHost: relay\r\n\r\n",
        b"GET http://relay/v1/health HTTP/1.1\r\nHost: relay\r\n\r\n",
        b"GET /v1/health HTTP/1.1\r\n\r\n",
        GOOD + b"Host: other\r\n\r\n",
        GOOD + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\nGET /",
        GOOD + b"Content-Length: 5, 5\r\n\r\nhello",
        GOOD + b"Content-Length: +5\r\n\r\nhello",
        GOOD + b"Content-Length: 1000000000\r\n\r\n",
        GOOD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        GOOD + b"X: a\r\n continued\r\n\r\n",
        GOOD + b"X : a\r\n\r\n",
        GOOD + b"X: a\nY: b\r\n\r\n",
        GOOD + b"X: \x00\r\n\r\n",
        GOOD + b"X: \xc3\xa9\r\n\r\n",
        GOOD + b"Expect: 100-continue\r\n\r\n",
        GOOD + b"X: " + b"a" * 9_000 + b"\r\n\r\n",
        GOOD + b"".join(b"X%d: a\r\n" % number for number in range(40)) + b"\r\n",
        b"GET /v1/health?a=1&a=2 HTTP/1.1\r\nHost: relay\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 no tls here\r\n\r\n",
    ],
)
def test_a_request_of_another_form_is_none_and_ends_its_connection(
    relay: Running, told: bytes
) -> None:
    answer = said(relay, told + GOOD + b"\r\n")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.threat("T448")
def test_a_body_that_was_refused_is_not_read_as_a_request(relay: Running) -> None:
    hidden = GOOD + b"\r\n"
    told = b"PUT /v1/m/%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (
        b"0" * 32,
        len(hidden),
    )

    answer = said(relay, told + hidden)

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.threat("T448")
def test_who_drips_a_head_is_let_go_in_time() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"GET /v1")
        link = Link(theirs)

        with pytest.raises(Exception, match=r"^$") as caught:
            link.head(5, 0.05)
    assert type(caught.value).__name__ == "BrokenOffError"


def test_a_head_of_the_one_form_is_taken_apart() -> None:
    head = parse(b"GET /v1/m/x/heads?after=3&wait=0 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t")

    assert (head.method, head.path, dict(head.query)) == (
        "GET",
        "/v1/m/x/heads",
        {"after": "3", "wait": "0"},
    )
    assert head.headers["authorization"] == "Bearer t"
    with pytest.raises(RefusedError):
        parse(b"GET /v1/health HTTP/1.1")


@pytest.mark.threat("T447")
@pytest.mark.parametrize(("sort", "most"), [("key", 1_572_864), ("member", 262_144)])
def test_what_is_too_long_is_refused_before_it_is_read(
    relay: Running, sort: str, most: int
) -> None:
    admin = relay.admin()
    token = admin.mint(Rights.WRITE)
    digits = "5c" * (16 if sort == "key" else 32)
    head = (
        f"PUT /v1/m/{admin.box.hex()}/{sort}/{digits} HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {most + 1}\r\n\r\n"
    )

    assert said(relay, head.encode()).startswith(b"HTTP/1.1 413 ")


# --- answers of a hostile relay ---


def test_a_liar_is_served_by_a_real_relay() -> None:
    liar, box = Liar(), Id16(bytes(16))
    name = ObjectName(f"m/{box.hex()}/log/{LOG}/{0:016x}")
    liar.side("one").put_new(name, b"entry")
    with running(keeping=Served(liar.side("two"), box)) as relay:
        place = RelayPlace(address=relay.address, box=box, token="two")
        carrier = RelayCarrier(place, caller=relay.caller())

        assert carrier.get(name) == b"entry"
        heads = carrier.heads(f"m/{box.hex()}/")
        assert carrier.heads(f"m/{box.hex()}/", heads.cursor).names == ()
        liar.lie(Verb.WITHHOLD)
        with pytest.raises(ObjectNotFoundError):
            carrier.get(name)
        assert carrier.entries(f"m/{box.hex()}/log/{LOG}/", 0) == []


class Hostile:
    """Answers every request on one connection with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.heard = b""
        self.listener = socket.create_server(("127.0.0.1", 0))

    def serve(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with sock:
                self.heard += sock.recv(65_536)
                sock.sendall(self.answer)


def answered(answer: bytes, relay: Running) -> tuple[Caller, Hostile]:
    hostile = Hostile(answer)
    host, port = hostile.listener.getsockname()
    address = type(relay.address)(host=host, port=port, is_plain=True, private=True)
    return Caller(address, patience=5, pause=lambda _: None), hostile


@pytest.mark.threat("T453")
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n1",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000,
        b"nonsense\r\n\r\n",
        b"",
    ],
)
def test_a_hostile_answer_is_none_and_leads_nowhere(relay: Running, answer: bytes) -> None:
    caller, hostile = answered(answer, relay)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(hostile.serve)
        try:
            with pytest.raises(CarrierAwayError):
                caller.call(Call(method="GET", path="/v1/health", token="t"))
        finally:
            hostile.listener.shutdown(socket.SHUT_RDWR)
            hostile.listener.close()
            caller.close()
    assert b"Host: 127.0.0.1:" in hostile.heard


@pytest.mark.threat("T453")
def test_a_paper_whose_answer_was_lost_is_not_sent_again(relay: Running) -> None:
    caller, hostile = answered(b"", relay)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(hostile.serve)
        try:
            with pytest.raises(CarrierAwayError):
                caller.call(Call(method="POST", path="/v1/x", body=b"p", is_repeatable=False))
        finally:
            hostile.listener.shutdown(socket.SHUT_RDWR)
            hostile.listener.close()
            caller.close()
    assert hostile.heard.count(b"POST") == 1
