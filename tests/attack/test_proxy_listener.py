"""Clients that say nothing, that are too many, or whose session broke within."""

import asyncio
from contextlib import suppress

import pytest

from sealhold.frontends.pg import listener
from sealhold.net.dial import Server
from sealhold.node.pgserving import PgDoor
from sealhold.protect.sql.session import Session
from sealhold.protect.sql.wire import build_startup
from tests.attack.test_proxy_wire import SSL_REQUEST, site
from tests.loops import in_a_loop


@pytest.mark.threat("T645")
@pytest.mark.parametrize("said", [b"", b"\0\0\0\x50\0\3", b"\x16\3\1"])
def test_half_a_login_and_silence_is_hung_up_on(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "LOGIN_SECONDS", 0.05)

    assert in_a_loop(_say_to_listener(said)) == b""


async def _say_to_listener(said: bytes) -> bytes:
    door = PgDoor(site(), lambda _: Server(host="127.0.0.1", port=1), None)
    listening = listener.Listening(door)
    server = await asyncio.get_running_loop().create_server(listening.client, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(said)
    try:
        async with asyncio.timeout(5):
            with suppress(ConnectionError):
                return await reader.read()
            return b""
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        server.close()
        listening.end()
        await asyncio.sleep(0.01)


@pytest.mark.threat("T645")
def test_more_than_may_be_connected_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "CLIENTS", 0)

    assert in_a_loop(_say_to_listener(SSL_REQUEST)) == b""


@pytest.mark.threat("T645")
def test_a_session_that_broke_within_is_hung_up_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: object) -> None:
        raise ValueError("within")

    monkeypatch.setattr(Session, "returned", breaks)

    assert in_a_loop(_say_to_listener(build_startup({"user": "anna"}))) == b""
    assert "ValueError: within" in caplog.text
