"""A network that brings calls to the vault and loses the answers: nothing is made twice."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Thread

import pytest

from sealhold.client import (
    AsyncVault,
    Patience,
    UnavailableError,
    UnsureError,
    Vault,
    people,
    records,
)
from sealhold.client.call import Call
from tests.loops import in_a_loop
from tests.scenarios.people_site import SERVICE
from tests.scenarios.records_site import NOTES, RecordsSite, records_site

HASTY = Patience(tries=4, first=0.01)


@dataclass
class BadLine:
    """A line to the vault that loses the answers to the first calls that it brings."""

    port: int  # of the vault
    loses: int = 0
    brought: int = 0

    def __enter__(self) -> str:
        self._listens = socket.create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._serve)
        self._thread.start()
        return f"http://localhost:{self._listens.getsockname()[1]}"

    def __exit__(self, *_exc: object) -> None:
        self._listens.shutdown(socket.SHUT_RDWR)
        self._listens.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listens.accept()
            except OSError:
                return
            with near:
                self._bring(near)

    def _bring(self, near: socket.socket) -> None:
        asked = whole(near).replace(
            f":{near.getsockname()[1]}\r\n".encode(), f":{self.port}\r\n".encode(), 1
        )
        with socket.create_connection(("127.0.0.1", self.port)) as far:
            far.sendall(asked)
            told = whole(far)
        self.brought += 1
        if self.brought > self.loses:
            near.sendall(told)


def whole(wire: socket.socket) -> bytes:
    """Return one message with the body that its head announces."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += wire.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    ]
    while len(body) < sum(lengths):
        body += wire.recv(65_536)
    return head + b"\r\n\r\n" + body


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordsSite]:
    with records_site(tmp_path_factory.mktemp("cut"), "sqlcipher") as found:
        yield found


Send = Callable[[str, str, Call[object]], object]


def blocking(url: str, token: str, call: Call[object]) -> object:
    with Vault(url, token, patience=HASTY) as vault:
        return vault(call)


def waiting(url: str, token: str, call: Call[object]) -> object:
    async def send() -> object:
        async with AsyncVault(url, token, patience=HASTY) as vault:
            return await vault(call)

    return in_a_loop(send())


both = pytest.mark.parametrize("send", [blocking, waiting])


def kept(site: RecordsSite, who: str) -> list[int]:
    found = site.use("GET", site.path(who)).json["records"]
    return sorted(each["content"]["n"] for each in found)


@both
@pytest.mark.threat("T302")
def test_what_carries_a_key_is_done_once_however_often_its_answer_is_lost(
    site: RecordsSite, send: Send
) -> None:
    who = site.person()
    rows = [{"collection": NOTES, "content": {"n": n}} for n in range(3)]
    line = BadLine(site.site.port, loses=3)

    with line as url:
        came = send(url, site.token, records.load(rows, SERVICE, subject=who))

    assert line.brought == 4
    assert [each.version for each in came] == [1, 1, 1]  # type: ignore[attr-defined]  # reason: lines
    assert kept(site, who) == [0, 1, 2]


@both
@pytest.mark.threat("T302")
def test_a_record_whose_answer_was_lost_is_there_once_and_told_as_unsure(
    site: RecordsSite, send: Send
) -> None:
    who = site.person()
    line = BadLine(site.site.port, loses=1)

    with line as url, pytest.raises(UnsureError):
        send(url, site.token, records.make(who, NOTES, {"n": 7}, SERVICE))

    assert line.brought == 2
    assert kept(site, who) == [7]


@both
@pytest.mark.threat("T302")
def test_a_token_whose_answer_was_lost_is_made_once(site: RecordsSite, send: Send) -> None:
    who = site.person()
    line = BadLine(site.site.port, loses=9)

    with line as url, pytest.raises(UnsureError):
        send(url, site.token, people.token(who))

    assert line.brought == 1
    assert site.use("DELETE", f"/v1/subjects/{who}/tokens").json == {"tokens": 1}


@both
@pytest.mark.threat("T302")
def test_what_only_reads_is_asked_until_it_is_answered(site: RecordsSite, send: Send) -> None:
    who = site.person()
    some, all_of_them = BadLine(site.site.port, loses=2), BadLine(site.site.port, loses=9)

    with some as url:
        assert send(url, site.token, people.show(who)).subject == who  # type: ignore[attr-defined]  # reason: a person
    with all_of_them as url, pytest.raises(UnavailableError) as caught:
        send(url, site.token, people.show(who))

    assert (some.brought, all_of_them.brought) == (3, 4)
    assert not isinstance(caught.value, UnsureError)
