"""One connection to a client, and how long it is waited for.

- The head of a request arrives within its time, or the connection is closed; so is one that never
  asks anything. A body has a time of its own (`bodies`).
- What is over the limit of open connections is closed at once: no descriptor is spent on it.
- A head has so many bytes at most: the parser itself would take them for as long as they come. So
  have fields behind a body; they are none of its head, and nobody reads them.

Source: docs/spec/20-faces.md section 6.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sealhold.frontends.http.problems import no_request

HEAD_SECONDS = 10.0  # from the first moment, or from the first byte behind an answer
HEAD_BYTES = 65_536
MOST_CONNECTIONS = 256  # a process may have 1,024 files open, and the vault needs some


class Joined:
    """A transport that sends at once what is written in one turn of the loop.

    The head of an answer and its body are then one message, for which the client wakes up once.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # reason: all else is the transport's
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send `data` at the end of this turn."""
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(data)

    def close(self) -> None:
        """Send what was written, and close."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        parts, self._parts = self._parts, []
        if parts and not self._transport.is_closing():
            self._transport.write(b"".join(parts))


class Connection(HttpToolsProtocol):
    """A connection that is closed if its client keeps us waiting."""

    _waits: asyncio.TimerHandle | None = None
    _heading = False  # whether a head has begun that is not whole yet
    _head = 0  # bytes of it, or of what is neither head nor body
    _is_whole = True  # whether no request is half received
    _fed = False  # whether what came last had something of a body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the server's own has it
        """Take the connection, if there is room."""
        super().connection_made(cast("asyncio.Transport", Joined(transport, self.loop)))
        # THREAT T203: many that say nothing are neither kept nor waited for
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what came, and wait on if it is not yet a head."""
        self._fed = False
        super().data_received(data)
        is_counted = self._heading or not (self._is_whole or self._fed)
        self._head = self._head + len(data) if is_counted else 0
        if self._head > HEAD_BYTES:  # THREAT T203: one that says much is not kept either
            self.transport.abort()
        self._watch()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # reason: the parser's words
        """Tell a client that it sent no request, in the form and under the headers of every no."""
        self.transport.write(no_request())
        self.transport.close()

    def on_message_begin(self) -> None:
        """Note that a head has begun."""
        self._heading, self._is_whole = True, False
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of a head."""
        # THREAT T203: what follows a body is kept nowhere, and says nothing of who asks
        if self._heading:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Note that it is whole."""
        self._heading = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._fed = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that a request is whole."""
        self._is_whole = True
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection."""
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if not self._lacks_head():
            self._forget()
        elif self._waits is None:
            self._waits = self.loop.call_later(HEAD_SECONDS, self._end)

    def _forget(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None

    def _end(self) -> None:
        self._waits = None
        if self._lacks_head() and not self.transport.is_closing():
            self.transport.abort()

    def _lacks_head(self) -> bool:
        asked = self.cycle is not None  # until the first head came
        return not asked or self.cycle.response_complete
