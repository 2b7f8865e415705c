"""Attacks by number: bodies, requests and connections at once, and heads that never come."""

import socket
import time
from contextlib import ExitStack, suppress

import pytest

from sealhold.frontends.http import crowd, patience
from sealhold.frontends.http.crowd import LONG_BODIES, OF_ONE_SENDER, Places, long_bodies
from sealhold.model.errors import BusyError
from tests.calm import Calm
from tests.web.running import Running, running
from tests.web.sample_vault import TOKEN, SampleVault
from tests.web.test_api import call, owner

HEALTH = "/v1/health"


def connected(site: Running, held: ExitStack) -> socket.socket:
    return held.enter_context(socket.create_connection(("127.0.0.1", site.port), timeout=5))


def begun(site: Running, held: ExitStack) -> socket.socket:
    """Announce a long body, and send nothing of it."""
    link = connected(site, held)
    head = (
        f"POST /v1/requests HTTP/1.1\r\nHost: localhost:{site.port}\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
        "Content-Length: 40000000\r\n\r\n"
    )
    link.sendall(head.encode())
    return link


def said(link: socket.socket, seconds: float) -> bytes | None:
    """Return what comes within that time: nothing is an end, None that it is still open."""
    link.settimeout(seconds)
    try:
        return link.recv(65_536)
    except ConnectionResetError:
        return b""
    except TimeoutError:
        return None


@pytest.mark.threat("T201")
def test_of_one_app_two_long_bodies_are_taken_in_and_the_next_is_told_to_come_again(
    site: Running,
) -> None:
    token = owner(site)
    with ExitStack() as held:
        links = [begun(site, held) for _ in range(OF_ONE_SENDER)]
        waiting = [said(link, 0.5) for link in links]

        third = said(begun(site, held), 5) or b""
        meanwhile = call(site, "GET", "/v1/status", token=token)

    assert waiting == [None] * OF_ONE_SENDER
    assert third.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 1\r\n" in third
    assert b"content-security-policy" in third
    assert meanwhile.status == 200


@pytest.mark.threat("T201")
def test_a_place_that_was_left_is_free_again(site: Running) -> None:
    owner(site)
    with ExitStack() as held:
        for _ in range(OF_ONE_SENDER):
            assert said(begun(site, held), 0.5) is None

    time.sleep(0.5)  # until the server has seen that they are gone
    with ExitStack() as held:
        assert said(begun(site, held), 0.5) is None


@pytest.mark.threat("T201")
def test_all_apps_together_take_no_more_places_than_there_are() -> None:
    places = long_bodies()

    with ExitStack() as held:
        for number in range(LONG_BODIES):
            held.enter_context(places.taken(f"app {number}"))
        with pytest.raises(BusyError), places.taken("another"):
            pass

    with places.taken("another"):
        pass


@pytest.mark.threat("T203")
@pytest.mark.parametrize("head", [b"", b"GET", b"GET /v1/health HTTP/1.1\r\nHost: local"])
def test_a_head_that_does_not_come_in_its_time_ends_the_connection(
    vault: SampleVault, head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.3)
    with running(vault) as site, ExitStack() as held:
        link = connected(site, held)
        link.sendall(head)

        assert said(link, 5) == b""


@pytest.mark.threat("T203")
def test_a_second_head_that_drips_ends_the_connection_too(
    vault: SampleVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 1.0)
    with running(vault) as site, ExitStack() as held:
        link = connected(site, held)
        link.sendall(f"GET {HEALTH} HTTP/1.1\r\nHost: localhost:{site.port}\r\n\r\n".encode())
        first = said(link, 5) or b""
        asked_at, calm = time.monotonic(), Calm()
        with suppress(OSError):
            while time.monotonic() < asked_at + 6:
                link.sendall(b"G")
                if said(link, 0.2) == b"":
                    break
        in_time = calm.within(4)

    assert first.startswith(b"HTTP/1.1 200 ")
    assert in_time


@pytest.mark.threat("T203")
def test_a_connection_over_the_limit_is_closed_and_a_freed_one_serves_again(
    vault: SampleVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "MOST_CONNECTIONS", 4)
    with running(vault) as site:
        with ExitStack() as held:
            idle = [connected(site, held) for _ in range(4)]
            time.sleep(0.2)  # until the server has taken them

            assert said(connected(site, held), 5) == b""
            assert [said(link, 0.1) for link in idle] == [None] * 4

        time.sleep(0.3)
        assert call(site, "GET", HEALTH).status == 200


@pytest.mark.threat("T203")
def test_a_request_over_the_limit_is_told_to_come_again(
    vault: SampleVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "MOST_REQUESTS", OF_ONE_SENDER)
    with running(vault) as site, ExitStack() as held:
        owner(site)
        for _ in range(OF_ONE_SENDER):
            assert said(begun(site, held), 0.5) is None

        answer = call(site, "GET", HEALTH)

    assert answer.status == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["x-frame-options"] == "DENY"


def test_places_forget_whoever_left() -> None:
    places = Places(2, 1)

    for number in range(5):
        with places.taken(f"{number}"), pytest.raises(BusyError), places.taken(f"{number}"):
            pass


@pytest.mark.threat("T203")
def test_a_head_that_goes_on_and_on_ends_the_connection(vault: SampleVault) -> None:
    with running(vault) as site, ExitStack() as held:
        link = connected(site, held)
        line = b"X-Long: " + b"x" * 4_000 + b"\r\n"
        with suppress(OSError):
            link.sendall(f"GET {HEALTH} HTTP/1.1\r\nHost: localhost:{site.port}\r\n".encode())
            for _ in range(100):
                link.sendall(line)

        with suppress(ConnectionResetError):
            assert said(link, 5) == b""


def in_pieces(site: Running, token: str, behind: bytes) -> bytes:
    """Return a request whose body comes in chunks, up to the fields behind the last of them."""
    head = (
        f"POST /v1/requests HTTP/1.1\r\nHost: localhost:{site.port}\r\n{token}"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    )
    return head.encode() + behind


@pytest.mark.threat("T203")
def test_fields_behind_a_body_that_go_on_and_on_end_the_connection(site: Running) -> None:
    owner(site)
    with ExitStack() as held:
        link = connected(site, held)
        with suppress(OSError):
            link.sendall(in_pieces(site, f"Authorization: Bearer {TOKEN}\r\n", b"X-Long: "))
            for _ in range(100):
                link.sendall(b"x" * 4_000)
                time.sleep(0.001)

        with suppress(ConnectionResetError):
            assert said(link, 5) == b""


@pytest.mark.threat("T203")
def test_a_field_behind_a_body_is_none_of_its_head(site: Running) -> None:
    owner(site)
    with ExitStack() as held:
        link = connected(site, held)
        link.sendall(in_pieces(site, "", f"Authorization: Bearer {TOKEN}\r\n\r\n".encode()))

        answer = said(link, 5) or b""

    assert answer.startswith(b"HTTP/1.1 401 ")
