"""Servers that lead elsewhere, ask for the account in the clear, or change what rows mean."""

import socket
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from sealhold.compute.pullers.http import HttpPuller
from sealhold.connectors.pulling import Where
from sealhold.model.errors import (
    InvalidError,
    LoginNeededError,
    SealholdError,
    SourceAwayError,
)
from sealhold.node import Node
from tests.attack.hostile_servers import SECRET, Talk, pull_mail, pull_web, speaking
from tests.scenarios.jsonserver import JsonServer, json_server, reply
from tests.scenarios.servers import certificate
from tests.scenarios.vaults import Hands, calendar, new_home, opened


@pytest.fixture(scope="module")
def web() -> Iterator[JsonServer]:
    with json_server([{"id": 1}]) as server:
        yield server


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
