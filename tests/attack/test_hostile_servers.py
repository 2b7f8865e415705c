"""Servers that lie, drip, point elsewhere or ask for the account: what each costs, and tells."""

import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from sealhold.compute.live import calling
from sealhold.compute.live.calling import WORDS
from sealhold.compute.live.saying import MAX_FRAME
from sealhold.compute.pullers.dav import CalDavPuller
from sealhold.compute.pullers.http import HttpPuller
from sealhold.compute.pullers.imap import ImapPuller
from sealhold.connectors.pulling import Where
from sealhold.model.errors import (
    InvalidError,
    LoginNeededError,
    SealholdError,
    SourceAwayError,
    UnreadableSourceError,
)
from sealhold.node import Node
from tests.scenarios.jsonserver import JsonServer, json_server, reply
from tests.scenarios.servers import certificate
from tests.scenarios.vaults import Hands, calendar, new_home, opened

SECRET = "a-secret-of-nobody"
Talk = Callable[[socket.socket], None]


@contextmanager
def speaking(talk: Talk) -> Iterator[int]:
    """Serve connections that go as `talk` says; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    link, _ = listener.accept()
                    with link, suppress(OSError):
                        talk(link)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def imap(answers: dict[str, bytes], *, greeting: bytes = b"* OK hello\r\n") -> Talk:
    """Return a server that answers each command by its name."""

    def talk(link: socket.socket) -> None:
        link.sendall(greeting)
        file = link.makefile("rb")
        while line := file.readline():
            tag, name, *_ = line.decode("latin-1").split()
            if name == "CAPABILITY":
                link.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n")
            link.sendall(answers.get(name, b"") + f"{tag} OK done\r\n".encode())

    return talk


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


def pull_mail(port: int) -> list[str]:
    where = Where(settings={"place": f"imap://alice@127.0.0.1:{port}"}, secret=SECRET)
    return [piece.name for piece in ImapPuller().pull(where, None)]


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
    whole = calling.subprocess.Popen

    def other(words: list[str], **more: object) -> object:
        return whole([words[0], "-I", "-c", program], **more)  # type: ignore[call-overload]

    monkeypatch.setattr(calling.subprocess, "Popen", other)
    with pytest.raises(SourceAwayError, match="broke off"):
        pull_web("http://127.0.0.1:9/x")


def pull_web(place: str, **more: str) -> int:
    where = Where(settings={"place": place, **more}, secret=SECRET)
    return sum(1 for _ in HttpPuller().pull(where, None))


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


# --- elsewhere ---


@pytest.mark.threat("T401")
@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["192.168.7.7"], ["93.184.216.34", "::1"]])
def test_a_name_that_leads_into_the_home_is_not_connected_to(addresses: list[str]) -> None:
    puller = HttpPuller(names={"data.example.org": addresses})
    with pytest.raises(InvalidError, match="not public"):
        puller.check(Where(settings={"place": "https://data.example.org/x"}, secret=SECRET))


@pytest.mark.threat("T401")
def test_a_public_address_is_not_read_without_tls() -> None:
    puller = HttpPuller(names={"data.example.org": ["93.184.216.34"]})
    with pytest.raises(InvalidError, match="without TLS"):
        puller.check(Where(settings={"place": "http://data.example.org/x"}))


@pytest.mark.threat("T401")
@pytest.mark.parametrize("way", ["redirect", "link"])
def test_neither_a_redirect_nor_a_link_leads_to_another_server(way: str, web: JsonServer) -> None:
    with json_server([{"id": 1}]) as other:
        to = other.place

        def away(handler: BaseHTTPRequestHandler) -> bool:
            if way == "redirect":
                reply(handler, 302, b"", Location=to)
            else:
                reply(handler, 200, b'[{"id": 1}]', Link=f'<{to}>; rel="next"')
            return True

        web.answer = away
        with pytest.raises(SourceAwayError, match="another server"):
            pull_web(web.place)
        assert other.asked == []


# --- the account ---


@pytest.mark.threat("T402")
@pytest.mark.parametrize(
    "greeting", [b"* OK hello\r\n", b"* PREAUTH welcome\r\n"], ids=["stripped", "let in"]
)
def test_nothing_secret_is_said_to_a_mail_server_that_does_not_encrypt(greeting: bytes) -> None:
    heard: list[bytes] = []

    def talk(link: socket.socket) -> None:
        link.sendall(greeting)
        file = link.makefile("rb")
        while line := file.readline():
            heard.append(line)
            tag, word, *_ = line.split()
            if word == b"CAPABILITY":
                link.sendall(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
            link.sendall(tag + b" OK done\r\n")

    with speaking(talk) as port, pytest.raises(SourceAwayError, match="does not encrypt"):
        pull_mail(port)
    assert {line.split()[1] for line in heard} <= {b"CAPABILITY"}


@pytest.mark.threat("T402")
def test_nothing_is_said_to_a_server_with_the_certificate_of_another(tmp_path: Path) -> None:
    import ssl  # noqa: PLC0415

    held, pem = certificate(tmp_path, "other.example.org")
    (tmp_path / "roots.pem").write_text(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(held)
    heard: list[bytes] = []

    def talk(link: socket.socket) -> None:
        with context.wrap_socket(link, server_side=True) as secured:
            heard.append(secured.recv(1))

    with speaking(talk) as port, pytest.raises(SourceAwayError, match="certificate"):
        pull_web(f"https://localhost:{port}/x", trust=str(tmp_path / "roots.pem"))
    assert b"".join(heard) == b""


@pytest.mark.threat("T402")
@pytest.mark.parametrize(
    "place", ["https://alice:word@data.example.org/", "ftp://data.example.org/", "https:///x"]
)
def test_an_address_holds_no_secret(place: str) -> None:
    with pytest.raises(InvalidError) as told:
        HttpPuller().check(Where(settings={"place": place}))
    assert "word@" not in str(told.value)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with opened(new_home(tmp_path / "home", Hands()), Hands()) as found:
        yield found


@pytest.mark.threat("T402")
def test_a_secret_stands_in_no_list_no_log_and_no_file(
    node: Node, tmp_path: Path, web: JsonServer
) -> None:
    web.answer, web.token = None, SECRET
    source = node.standing.add("meter", "http", {"place": web.place}, SECRET)
    node.standing.pull(source)
    web.token = "another"
    with pytest.raises(LoginNeededError) as told:
        node.standing.pull(node.standing.find("meter"))
    web.token = ""
    shown = [repr(node.standing.find("meter")), repr(node.sources.list()), str(told.value)]
    assert not [each for each in shown if SECRET in each]
    files = [each for each in (tmp_path / "home").rglob("*") if each.is_file()]
    assert files
    assert not [each for each in files if SECRET.encode() in each.read_bytes()]


# --- meaning ---


@pytest.mark.threat("T403")
def test_rows_that_changed_their_shape_are_not_taken_in(node: Node, web: JsonServer) -> None:
    web.answer = None
    web.rows = [{"id": n, "kwh": 1.5} for n in range(3)]
    source = node.standing.add("meter", "http", {"place": web.place})
    node.standing.pull(source)
    web.rows = [{"id": n, "other": 9} for n in range(3)]
    with pytest.raises(SealholdError):
        node.standing.pull(node.standing.find("meter"))
    rows = node.records.query("SELECT kwh FROM readings").rows
    assert [tuple(row) for row in rows] == [(1.5,)] * 3
    assert node.standing.find("meter").state == "broken"
    assert node.standing.due() == []


PLAN = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:{uid}\nSUMMARY:theirs\nEND:VEVENT\nEND:VCALENDAR\n"
RESPONSE = """<d:response><d:href>{href}</d:href><d:propstat><d:prop>{prop}</d:prop>
<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"""


def lying_calendar(state: dict[str, bool]) -> Talk:
    """Return a server with one event that is called as an event of somebody else."""
    space = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'

    def body(asked: bytes) -> str:
        if b"propfind" in asked:
            prop = "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>"
            return RESPONSE.format(href="/cal/", prop=prop)
        if b"sync-collection" in asked:
            if state.get("gone"):
                gone = "<d:status>HTTP/1.1 404 Not Found</d:status></d:response>"
                return (
                    f"<d:response><d:href>/cal/a.ics</d:href>{gone}<d:sync-token>2</d:sync-token>"
                )
            prop = "<d:getetag>1</d:getetag>"
            told = RESPONSE.format(href="/cal/a.ics", prop=prop)
            return told + "<d:sync-token>1</d:sync-token>"
        data = f"<d:getetag>1</d:getetag><c:calendar-data>{PLAN.format(uid='u0')}</c:calendar-data>"
        other = RESPONSE.format(href="/cal/never-asked.ics", prop=data.replace("u0", "u9"))
        return RESPONSE.format(href="/cal/a.ics", prop=data) + other

    def talk(link: socket.socket) -> None:
        file = link.makefile("rb")
        while file.readline():
            length = 0
            while (line := file.readline()).strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            told = f"<d:multistatus {space}>{body(file.read(length))}</d:multistatus>".encode()
            link.sendall(b"HTTP/1.1 207 M\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told))

    return talk


@pytest.mark.threat("T403")
def test_a_calendar_cannot_take_or_remove_the_events_of_another(node: Node, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    calendar(mine / "plans.ics", ["mine"])  # it is called `u0`
    node.standing.pull(node.standing.add("mine", "folder", {"place": str(mine)}))
    state: dict[str, bool] = {}
    plans = "SELECT summary FROM events ORDER BY ALL"
    with speaking(lying_calendar(state)) as port:
        place = f"http://127.0.0.1:{port}/cal/"
        taken = node.standing.pull(node.standing.add("theirs", "caldav", {"place": place}))
        assert taken.new == 1  # what was not asked for is not taken
        assert [row[0] for row in node.records.query(plans).rows] == ["mine", "theirs"]
        state["gone"] = True
        assert node.standing.pull(node.standing.find("theirs")).gone == 1
    assert [row[0] for row in node.records.query(plans).rows] == ["mine"]
