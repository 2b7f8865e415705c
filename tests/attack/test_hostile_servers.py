"""Servers that lie about lengths, drip or speak without end: each costs its own pull."""

import os
import re
import socket
import subprocess
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from sealhold.compute.live import calling
from sealhold.compute.live.calling import WORDS
from sealhold.compute.live.saying import MAX_FRAME, MAX_WAIT
from sealhold.compute.pullers.dav import CalDavPuller
from sealhold.connectors.pulling import Where
from sealhold.model.errors import (
    InvalidError,
    LoginNeededError,
    SealholdError,
    SourceAwayError,
    UnreadableSourceError,
)
from tests.attack.hostile_servers import SECRET, Talk, imap, pull_mail, pull_web, speaking
from tests.scenarios.jsonserver import JsonServer, json_server, reply

LIST = b'* LIST () "/" INBOX\r\n'
OPENED = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n"
LITERAL = b"* 1 FETCH (UID 1 BODY[] {10000000000}\r\nabc"
HOSTILE: dict[str, tuple[dict[str, bytes], type[SealholdError]]] = {
    "a literal of 10 GB": (
        {"LIST": LIST, "EXAMINE": OPENED, "FETCH": LITERAL},
        UnreadableSourceError,
    ),
    "a line without end": ({"LIST": b"* LIST " + b"x" * 2_000_000}, SourceAwayError),
    "a length that is no number": (
        {
            "LIST": LIST,
            "EXAMINE": OPENED,
            "FETCH": b"* 1 FETCH (UID 1 BODY[] {9" + b"9" * 5_000 + b"}\r\n",
        },
        UnreadableSourceError,
    ),
    "answers without end": ({"LIST": LIST * 200_000}, UnreadableSourceError),
    "nonsense": ({"LIST": b"\xff\x00\xfe\r\n"}, SourceAwayError),
}


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let mail of this machine be read without TLS, so that a test can speak it."""
    from sealhold.compute.pullers import imap as module  # noqa: PLC0415
    from sealhold.compute.pullers.address import Scheme  # noqa: PLC0415

    monkeypatch.setattr(module, "SCHEMES", {"imap": Scheme(port=143, tls="none")})


@pytest.mark.threat("T400")
@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_server_costs_its_own_pull(name: str) -> None:
    answers, expected = HOSTILE[name]
    with speaking(imap(answers)) as port, pytest.raises(expected) as told:
        pull_mail(port)
    sentences = [sentence for _, sentence in WORDS.values()]
    assert any(str(told.value).startswith(each) for each in sentences)


@pytest.mark.threat("T400")
@pytest.mark.usefixtures("plain")
def test_a_folder_cannot_be_called_like_a_command() -> None:
    asked: list[bytes] = []

    def talk(link: socket.socket) -> None:
        name = b'INBOX"\r\nX1 DELETE INBOX'
        listed = b'* LIST () "/" {%d}\r\n%s\r\n' % (len(name), name)
        link.sendall(b"* OK hello\r\n")
        file = link.makefile("rb")
        while line := file.readline():
            asked.append(line)
            tag, word, *_ = line.decode("latin-1").split()
            if word == "LIST":
                link.sendall(listed + LIST)
            if word == "CAPABILITY":
                link.sendall(b"* CAPABILITY IMAP4rev1\r\n")
            if word == "EXAMINE":
                link.sendall(b"* 0 EXISTS\r\n")
            link.sendall(f"{tag} OK done\r\n".encode())

    with speaking(talk) as port:
        assert pull_mail(port) == []
    assert not [each for each in asked if b"DELETE" in each]
    assert [each for each in asked if b'EXAMINE "INBOX"' in each]


def asking_for_tokens(*ways: str, heard: list[bytes]) -> Talk:
    """Return a mail server that takes tokens in these ways, and refuses each with a reason."""

    def talk(link: socket.socket) -> None:
        link.sendall(b"* OK hello\r\n")
        file = link.makefile("rb")
        while line := file.readline():
            tag, word, *_ = line.decode("latin-1").split()
            if word == "CAPABILITY":
                offered = " ".join(f"AUTH={way}" for way in ways)
                link.sendall(f"* CAPABILITY IMAP4rev1 AUTH=PLAIN {offered}\r\n".encode())
            if word == "AUTHENTICATE":
                heard.append(line.split()[2])
                for said in (b"", b64encode(b'{"status": "401"}')):
                    link.sendall(b"+ " + said + b"\r\n")
                    heard.append(b64decode(file.readline()))
                link.sendall(f"{tag} NO refused\r\n".encode())
                continue
            link.sendall(f"{tag} OK done\r\n".encode())

    return talk


@pytest.mark.threat("T402")
@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    ("ways", "said"),
    [
        (("XOAUTH2",), [b"XOAUTH2", b"user=a,b\1auth=Bearer token\1\1", b""]),
        (
            ("XOAUTH2", "OAUTHBEARER"),
            [
                b"OAUTHBEARER",
                b"n,a=a=2Cb,\1host=127.0.0.1\1port=%d\1auth=Bearer token\1\1",
                b"\1",
            ],
        ),
    ],
)
def test_a_token_is_said_in_the_form_that_is_offered_and_a_refusal_is_the_owners_to_mend(
    ways: tuple[str, ...], said: list[bytes]
) -> None:
    heard: list[bytes] = []

    with speaking(asking_for_tokens(*ways, heard=heard)) as port:
        with pytest.raises(LoginNeededError, match="refuses the account"):
            pull_mail(port, "token", "a%2Cb", auth="token")
        assert heard == [each.replace(b"%d", str(port).encode()) for each in said]


@pytest.mark.threat("T402")
@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    ("ways", "token", "expected"),
    [
        ((), "token", InvalidError),
        (("XOAUTH2",), "token\1\1user=bob", LoginNeededError),
    ],
    ids=["no way", "other fields"],
)
def test_a_token_is_not_said_where_it_would_be_something_else(
    ways: tuple[str, ...], token: str, expected: type[SealholdError]
) -> None:
    heard: list[bytes] = []

    with speaking(asking_for_tokens(*ways, heard=heard)) as port, pytest.raises(expected):
        pull_mail(port, token, auth="token")

    assert heard == []


@pytest.mark.threat("T400")
@pytest.mark.usefixtures("plain")
def test_a_server_that_drips_gets_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "TOTAL", 1.0)
    held = threading.Event()

    def talk(link: socket.socket) -> None:
        for _ in range(100):
            link.sendall(b"*")
            if held.wait(0.05):
                return

    with speaking(talk) as port, pytest.raises(SourceAwayError, match="took too long"):
        pull_mail(port)
    held.set()


@pytest.mark.threat("T400")
@pytest.mark.usefixtures("plain")
def test_the_process_that_speaks_has_one_socket_and_nothing_of_the_vault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calling, "TOTAL", 5.0)
    monkeypatch.setenv("SEALHOLD_SOURCE_SECRET", SECRET)
    seen: list[tuple[bytes, bytes, set[str]]] = []
    me = os.getpid()

    def talk(_link: socket.socket) -> None:
        for each in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                line = (each / "cmdline").read_bytes()
                parent = re.search(r"PPid:\s+(\d+)", (each / "status").read_text())
                if b"compute.live.answering" in line and parent and int(parent[1]) == me:
                    kinds = {
                        str(one.readlink()).partition(":")[0] for one in (each / "fd").iterdir()
                    }
                    seen.append((line, (each / "environ").read_bytes(), kinds))

    with speaking(talk) as port, pytest.raises(SourceAwayError):
        pull_mail(port)
    (line, environ, kinds) = seen[0]
    assert SECRET.encode() not in line + environ
    assert environ.strip(b"\0") == b""
    assert kinds <= {"socket", "/dev/null"}


@pytest.mark.threat("T400")
@pytest.mark.parametrize(
    "frame",
    [
        (MAX_FRAME + 1).to_bytes(4, "big"),
        b"\x00\x00\x00\x05junk!",
        b"\x00\x00\x00\x02\x91\xc0",
        b"",
    ],
)
def test_a_process_that_was_taken_over_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, frame: bytes
) -> None:
    program = f"import os; os.read(0, 4); os.write(0, {frame!r})"
    whole = subprocess.Popen

    def other(words: list[str], **more: object) -> object:
        return whole([words[0], "-I", "-c", program], **more)  # type: ignore[call-overload]  # reason: passed on

    monkeypatch.setattr(subprocess, "Popen", other)
    with pytest.raises(SourceAwayError, match="broke off"):
        pull_web("http://127.0.0.1:9/x")


@pytest.fixture(scope="module")
def web() -> Iterator[JsonServer]:
    with json_server([{"id": 1}]) as server:
        yield server


def raw(head: bytes, *, more: bytes = b"") -> Callable[[BaseHTTPRequestHandler], bool]:
    def answer(handler: BaseHTTPRequestHandler) -> bool:
        handler.wfile.write(head)
        with suppress(OSError):
            for _ in range(100 if more else 0):
                handler.wfile.write(more)
        handler.close_connection = True
        return True

    return answer


OK = b"HTTP/1.1 200 OK\r\n"
CHUNK = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
WEB: dict[str, tuple[Callable[[BaseHTTPRequestHandler], bool], type[SealholdError]]] = {
    "10 GB announced": (raw(OK + b"Content-Length: 10000000000\r\n\r\n"), UnreadableSourceError),
    "chunks without end": (
        raw(OK + b"Transfer-Encoding: chunked\r\n\r\n", more=CHUNK),
        UnreadableSourceError,
    ),
    "less than announced": (raw(OK + b"Content-Length: 100\r\n\r\n[]"), SourceAwayError),
    "compressed": (
        raw(OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]"),
        SourceAwayError,
    ),
    "a head without end": (raw(OK + b"X: y\r\n" * 1_000), SourceAwayError),
    "nested without end": (
        raw(OK + b"Content-Length: 200000\r\n\r\n" + b"[" * 200_000),
        UnreadableSourceError,
    ),
    "no number": (raw(OK + b'Content-Length: 11\r\n\r\n[{"a":NaN}]'), UnreadableSourceError),
    "no answer": (raw(b"hello\r\n\r\n"), SourceAwayError),
}


@pytest.mark.threat("T400")
@pytest.mark.parametrize("name", WEB)
def test_a_hostile_server_of_rows_costs_its_own_pull(web: JsonServer, name: str) -> None:
    web.answer, expected = WEB[name]
    with pytest.raises(expected):
        pull_web(web.place)


@pytest.mark.threat("T400")
def test_pages_that_lead_in_a_circle_end(web: JsonServer) -> None:
    def circle(handler: BaseHTTPRequestHandler) -> bool:
        reply(handler, 200, b'[{"id": 1}]', Link='</api/readings.json>; rel="next"')
        return True

    web.answer = circle
    with pytest.raises(SourceAwayError):
        pull_web(web.place)


BOMB = b"""<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>
<m xmlns="DAV:"><response><href>&b;</href></response></m>"""


@pytest.mark.threat("T400")
def test_xml_with_entities_is_not_read() -> None:
    answer = b"HTTP/1.1 207 M\r\nContent-Length: %d\r\n\r\n%s" % (len(BOMB), BOMB)

    def talk(link: socket.socket) -> None:
        link.recv(65_536)
        link.sendall(answer)

    with speaking(talk) as port, pytest.raises(UnreadableSourceError):
        CalDavPuller().check(Where(settings={"place": f"http://127.0.0.1:{port}/x/"}))


@pytest.mark.threat("T400")
def test_a_server_puts_off_its_own_pull_and_not_for_ever(web: JsonServer) -> None:
    head = b"HTTP/1.1 503 X\r\nRetry-After: 99999999999999999999\r\nContent-Length: 2\r\n\r\n[]"
    web.answer = raw(head)

    with pytest.raises(SourceAwayError) as told:
        pull_web(web.place)

    assert told.value.wait_s == MAX_WAIT
