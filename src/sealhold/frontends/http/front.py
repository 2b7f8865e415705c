"""A front: a process of its own that talks HTTP with clients, and holds no key of the vault.

- Whole requests in their plainest form go to the server's process as frames, many to a write; what
  it answers goes to the client as it is. Nothing is decided here.
- Whatever is not plain, or does not come in one piece, is not this process's business: it hands the
  connection itself over, with all that came on it, and the server goes on with it.
- It ends with the server: nobody else holds the other end of its sockets.
- Loads nothing of the vault, so that it is small and soon there.

Source: docs/spec/20-faces.md section 8.
"""

import asyncio
import signal
import socket
import sys
from collections import deque
from contextlib import suppress

import httptools
import msgspec

from sealhold.frontends.http.plainest import is_plain

HEAD_SECONDS = 10.0  # in which a client says something, at first
IDLE_SECONDS = 5.0  # between two requests
MOST_CONNECTIONS = 256
MOST_BYTES = 65_536  # that are read at once, and handed over with a connection
LENGTH = 4  # bytes of a number
GIVE, STAYS, ENDS = 0, 1, 2  # what becomes of a connection: it is handed over, kept, closed

Request = tuple[bytes, bytes, list[tuple[bytes, bytes]], bytes]  # method, address, fields, body


class _Parser:
    """Reads one request that came in one piece."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._begin()
        self._begun = 0

    def _begin(self) -> None:
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = b""
        self._complete = False

    def read(self, data: bytes) -> Request | None:
        """Return the plain request that is all of `data`; None for anything else, once for all."""
        self._begun = 0
        parser = self._parser
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return None
        if self._begun != 1 or not self._complete or parser.get_http_version() != "1.1":
            return None
        method = parser.get_method()
        if not parser.should_keep_alive() or not is_plain(method, self._url, self._headers):
            return None
        return method, self._url, self._headers, self._body

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._begun += 1
        self._begin()

    def on_url(self, url: bytes) -> None:
        """Take its address."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field; one behind the body makes the request no plain one."""
        if self._body:
            self._begun += 1
        self._headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        """Take a part of its body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Note that it is whole."""
        self._complete = True


class Client(asyncio.Protocol):
    """A client's connection, for as long as its requests are plain."""

    def __init__(self, front: "Front") -> None:
        self._front = front
        self._parser = _Parser()
        self._asked = b""  # the request that is being answered
        self._later = b""  # what came behind it
        self.until = 0.0  # when it is closed if nothing comes, on the loop's clock; 0: it is busy

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, if there is room."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # reason: TCP
        self._transport = transport
        transport.max_size = MOST_BYTES  # type: ignore[attr-defined]  # reason: of each transport
        # THREAT T203: many that say nothing are neither kept nor waited for
        if len(self._front.clients) >= MOST_CONNECTIONS:
            transport.abort()
            return
        self._front.clients.add(self)
        self.until = self._front.loop.time() + HEAD_SECONDS

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of it."""
        del exc
        self._front.clients.discard(self)

    def data_received(self, data: bytes) -> None:
        """Take a request, or keep what comes behind one."""
        if self._asked:
            self._later += data
            if len(self._later) >= MOST_BYTES:
                self._transport.pause_reading()
            return
        request = self._parser.read(data)
        if request is None:
            self._front.hand_over(self, self._transport, data)
            return
        self._asked = data
        self.until = 0.0
        self._front.ask(self, request)

    def told(self, answer: memoryview, then: int) -> None:
        """Send an answer, and go on as the server says."""
        asked, self._asked = self._asked, b""
        if self._transport.is_closing():
            return
        if then == GIVE:
            later, self._later = self._later, b""
            self._front.hand_over(self, self._transport, asked + later)
            return
        self._transport.write(answer)
        if then == ENDS or self._front.is_ending:
            self._transport.close()
            return
        self.until = self._front.loop.time() + IDLE_SECONDS
        if self._later:
            later, self._later = self._later, b""
            self._transport.resume_reading()
            self.data_received(later)

    def close_if_idle(self, now: float) -> None:
        """Close a connection on which nothing came for long enough."""
        if self.until and now >= self.until:
            self._transport.abort()


class Server(asyncio.Protocol):
    """The other end: the process that holds the vault."""

    def __init__(self, front: "Front") -> None:
        self._front = front
        self._taken = bytearray()

    def data_received(self, data: bytes) -> None:
        """Pass answers on to who asked."""
        taken = self._taken
        taken += data
        at = 0
        whole = memoryview(bytes(taken)) if len(taken) >= LENGTH else memoryview(b"")
        while len(whole) - at >= LENGTH:
            end = at + LENGTH + int.from_bytes(whole[at : at + LENGTH], "big")
            if end > len(whole):
                break
            self._front.answered(whole[at + LENGTH : end])
            at = end
        del taken[:at]

    def connection_lost(self, exc: Exception | None) -> None:
        """End: nobody is left who answers."""
        del exc
        self._front.over.set()


class Front:
    """What one front process does."""

    def __init__(self, pair: socket.socket, hands: socket.socket) -> None:
        self.loop = asyncio.get_running_loop()
        self.over = asyncio.Event()
        self.is_ending = False
        self.clients: set[Client] = set()
        self._pair = pair
        self._hands = hands
        self._asking: dict[int, Client] = {}
        self._count = 0
        self._frames: list[bytes] = []
        self._handing: deque[tuple[int, bytes]] = deque()
        self._server: asyncio.Server | None = None

    async def run(self, listener: socket.socket) -> None:
        """Answer clients until the server ends."""
        transport, _ = await self.loop.create_connection(lambda: Server(self), sock=self._pair)
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # reason: a stream
        self._transport = transport
        self._server = await self.loop.create_server(lambda: Client(self), sock=listener)
        self._watch()
        await self.over.wait()

    def ask(self, client: Client, request: Request) -> None:
        """Pass a request on; those of one turn of the loop leave together."""
        self._count = (self._count + 1) & 0xFFFF_FFFF
        self._asking[self._count] = client
        frame = msgspec.msgpack.encode((self._count, *request))
        if not self._frames:
            self.loop.call_soon(self._send)
        self._frames += (len(frame).to_bytes(LENGTH, "big"), frame)

    def answered(self, frame: memoryview) -> None:
        """Take one answer; an empty frame tells this process to end."""
        if not frame:
            self._end()
            return
        client = self._asking.pop(int.from_bytes(frame[:LENGTH], "big"), None)
        if client is not None:
            client.told(frame[LENGTH + 1 :], frame[LENGTH])
        if self.is_ending and not self._asking and not self._handing:
            self.over.set()

    def hand_over(self, client: Client, transport: asyncio.Transport, data: bytes) -> None:
        """Give a connection, and what came on it, to the server."""
        self.clients.discard(client)
        self._handing.append((socket.dup(transport.get_extra_info("socket").fileno()), data))
        transport.abort()  # which lets go of this end of it alone
        if len(self._handing) == 1:
            self._hand()

    def _hand(self) -> None:
        self.loop.remove_writer(self._hands)
        while self._handing:
            handle, data = self._handing[0]
            try:
                socket.send_fds(self._hands, [data or b"\0"], [handle])
            except BlockingIOError:
                self.loop.add_writer(self._hands, self._hand)
                return
            except OSError:  # the server has ended
                self.over.set()
            self._handing.popleft()
            socket.close(handle)

    def _send(self) -> None:
        frames, self._frames = self._frames, []
        self._transport.write(b"".join(frames))

    def _end(self) -> None:
        """Take nobody more in, and end once all that was asked is answered."""
        self.is_ending = True
        if self._server is not None:
            self._server.close()
        for client in list(self.clients):
            client.close_if_idle(float("inf"))
        if not self._asking and not self._handing:
            self.over.set()

    def _watch(self) -> None:
        now = self.loop.time()
        for client in list(self.clients):
            client.close_if_idle(now)
        self.loop.call_later(1.0, self._watch)


async def _run(listener: socket.socket, pair: socket.socket, hands: socket.socket) -> None:
    for each in (listener, pair, hands):
        each.setblocking(False)
    with suppress(asyncio.CancelledError):
        await Front(pair, hands).run(listener)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever is at the keyboard stops the server
    asyncio.run(_run(*(socket.socket(fileno=int(text)) for text in sys.argv[1:4])))
