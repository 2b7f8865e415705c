"""One connection to a client, and how long it is waited for.

- The head of a request arrives within its time, or the connection is closed; so is one that never
  asks anything. A body has a time of its own (`bodies`).
- What is over the limit of open connections is closed at once: no descriptor is spent on it.
- A head has so many bytes at most: the parser itself would take them for as long as they come. So
  have fields behind a body; they are none of its head, and nobody reads them.

Source: docs/spec/20-faces.md section 6.
"""

import asyncio
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from sealhold.frontends.http.problems import no_request
from sealhold.frontends.http.quick import Quick, Short, first_lines

if TYPE_CHECKING:
    from sealhold.frontends.http.counting import Counting

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

    def write_now(self, data: bytes) -> None:
        """Send `data` at once, behind what was written before."""
        if self._parts:
            self._parts.append(data)
        elif not self._transport.is_closing():
            self._transport.write(data)

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
    _keeps: asyncio.TimerHandle | None = None  # for a next request
    _idle_since = 0.0  # on the loop's clock; 0 while something is under way
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
        asked: object = self.cycle
        if isinstance(asked, Short):
            asked.wait()
        if self._waits is not None or self._lacks_head():
            self._watch()

    @property
    def quick(self) -> Quick:
        """The short way, which some of what came here goes."""
        return cast("Quick", cast("Counting", self.app).quick)

    def answer(self, short: Short, data: bytes) -> None:
        """Send an answer of the short way, and go on with what comes next."""
        first = first_lines(
            short.taken.seen.status, self.server_state.default_headers, keep_alive=short.keep_alive
        )
        cast("Joined", self.transport).write_now(first + data)
        if not short.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # reason: the parser's words
        """Tell a client that it sent no request, in the form and under the headers of every no."""
        self.transport.write(no_request())
        self.transport.close()

    def on_message_begin(self) -> None:
        """Note that a head has begun."""
        self._heading, self._is_whole = True, False
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of a head."""
        # THREAT T203: what follows a body is kept nowhere, and says nothing of who asks
        if self._heading:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Note that it is whole, and begin to answer."""
        self._heading = False
        short = self._short()
        if short is None:
            self._go_the_long_way()
            return
        before, self.cycle = self.cycle, cast("RequestResponseCycle", short)
        if getattr(before, "response_complete", True):  # there is none at first
            short.start()
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, cast("Any", self.app)))

    def _go_the_long_way(self) -> None:
        """Let the server itself begin the request whose head is whole."""
        url, headers = self.url, self.headers
        super().on_message_begin()  # which empties both, and makes what the app is told
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()

    def _short(self) -> Short | None:
        """Return the request on the short way, if it can go there."""
        quick = getattr(self.app, "quick", None)
        parser: Any = self.parser  # reason: the server lets go of it with the connection
        if quick is None or parser.should_upgrade() or parser.get_http_version() != "1.1":
            return None
        taken = quick.take(parser.get_method(), self.url, self.headers)
        if taken is None:
            return None
        return Short(self, taken, keep_alive=parser.should_keep_alive())

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401  # reason: the server's own type
        """Begin what waited until all that came before it was answered."""
        asked: object = cycle
        if isinstance(asked, Short):
            asked.start()
        else:
            super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Go on with what waits behind an answer, or wait for more, so long and no longer."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self._keeps is None:
            self._keeps = self.loop.call_later(self.timeout_keep_alive, self._kept)

    def _unset_keepalive_if_required(self) -> None:
        """Note that something came; the timer looks at that, and is not made anew each time."""
        self._idle_since = 0.0

    def _kept(self) -> None:
        """Close a connection on which nothing came for long enough."""
        self._keeps = None
        if not self._idle_since:
            return  # the next answer waits anew
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._keeps = self.loop.call_later(left, self._kept)
        else:
            self.timeout_keep_alive_handler()

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
        if self._keeps is not None:
            self._keeps.cancel()
        for cycle, _ in self.pipeline:
            waiting: object = cycle
            if isinstance(waiting, Short):  # nobody waits for it, and it gives back its place
                waiting.disconnected = True
                waiting.set()
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
