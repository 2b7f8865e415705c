"""The fronts of a served vault: their processes, and what comes from them.

- A front answers HTTP for whoever asks plain things; here its frames go the short way through the
  API, and what it hands over becomes a connection like any other.
- Its sockets are made here and have no name: no other process can reach them. It gets no word of
  the vault, no environment, and no key.
- One that ends by itself is replaced; if that happens again and again, this process listens itself.

Source: docs/spec/20-faces.md section 8.
"""

import asyncio
import socket
import subprocess  # noqa: S404  # reason: our own program, with arguments of ours
import sys
from collections.abc import Callable
from functools import partial

import msgspec

from sealhold.frontends.http.front import ENDS, GIVE, LENGTH, MOST_BYTES, STAYS
from sealhold.frontends.http.quick import Quick, Taken

MOST = 8  # fronts
TRIES = 5  # times in all that a front is replaced
ENDING_SECONDS = 5.0
END = bytes(LENGTH)  # an empty frame

Request = tuple[int, bytes, bytes, list[tuple[bytes, bytes]], bytes]
First = Callable[[int, bool], bytes]  # the first lines of an answer: status, whether it stays
Adopt = Callable[[socket.socket, bytes], None]


class Frames(asyncio.Protocol):
    """What one front asks, and is answered."""

    def __init__(self, quick: Quick, first: First, lost: Callable[["Frames"], None]) -> None:
        self._quick = quick
        self._first = first
        self._lost = lost
        self._taken = bytearray()
        self._answers: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._decoder = msgspec.msgpack.Decoder(Request)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # reason: a stream
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the front is gone; what it asked is taken to its end all the same."""
        del exc
        self._lost(self)

    def data_received(self, data: bytes) -> None:
        """Take what the front asks."""
        taken = self._taken
        taken += data
        at = 0
        while len(taken) - at >= LENGTH:
            end = at + LENGTH + int.from_bytes(taken[at : at + LENGTH], "big")
            if end > len(taken):
                break
            self._ask(*self._decoder.decode(taken[at + LENGTH : end]))
            at = end
        del taken[:at]

    def end(self) -> None:
        """Tell the front to end once all that it asked is answered."""
        if not self._transport.is_closing():
            self._transport.write(END)

    def _ask(
        self, number: int, method: bytes, url: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> None:
        taken = self._quick.take(method, url, headers)
        if taken is None:  # it is answered the long way, on its own connection
            self._tell(number, GIVE, b"")
        elif taken.length != len(body):
            self._quick.left(taken)
            self._tell(number, GIVE, b"")
        else:
            self._quick.go(taken, body, partial(self._answered, number, taken))

    def _answered(self, number: int, taken: Taken, data: bytes) -> None:
        self._tell(number, STAYS, self._first(taken.seen.status, True) + data)

    def _tell(self, number: int, then: int, answer: bytes) -> None:
        if not self._answers:
            self._loop.call_soon(self._send)
        head = (LENGTH + 1 + len(answer)).to_bytes(LENGTH, "big") + number.to_bytes(LENGTH, "big")
        self._answers += (head, bytes([then]), answer)

    def _send(self) -> None:
        answers, self._answers = self._answers, []
        if not self._transport.is_closing():
            self._transport.write(b"".join(answers))


class Fronts:
    """The front processes of one server."""

    def __init__(self, count: int, listener: socket.socket) -> None:
        self._count = count
        self._listener = listener
        self._running: dict[Frames, tuple[subprocess.Popen[bytes], socket.socket]] = {}
        self._tries = TRIES
        self._is_ending = False

    async def begin(
        self, quick: Quick, first: First, adopt: Adopt, listen: Callable[[], None]
    ) -> None:
        """Start them; `listen` is called if they end again and again."""
        self._loop = asyncio.get_running_loop()
        self._quick, self._first, self._adopt, self._listen = quick, first, adopt, listen
        for _ in range(self._count):
            await self._start()

    async def end(self) -> None:
        """Let them answer what is under way, and end."""
        self._is_ending = True
        for frames in self._running:
            frames.end()
        until = self._loop.time() + ENDING_SECONDS
        while self._running and self._loop.time() < until:
            await asyncio.sleep(0.01)
        for process, _ in self._running.values():
            process.kill()
            process.wait()

    async def _start(self) -> None:
        pair, far = socket.socketpair()
        hands, far_hands = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with far, far_hands:
            handles = [self._listener.fileno(), far.fileno(), far_hands.fileno()]
            # THREAT T338: it gets three sockets and nothing else: no environment, no file of ours
            process = subprocess.Popen(  # noqa: S603, ASYNC220  # reason: our own program; at once
                [sys.executable, "-I", "-m", "sealhold.frontends.http.front", *map(str, handles)],
                pass_fds=handles,
                env={},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        pair.setblocking(False)
        hands.setblocking(False)
        _, frames = await self._loop.create_connection(
            lambda: Frames(self._quick, self._first, self._ended), sock=pair
        )
        self._running[frames] = (process, hands)
        self._loop.add_reader(hands, self._take_over, hands)

    def _take_over(self, hands: socket.socket) -> None:
        """Go on with connections that a front does not understand."""
        while True:
            try:
                data, handles, _, _ = socket.recv_fds(hands, MOST_BYTES * 4, 1)
            except BlockingIOError:
                return
            except OSError:
                self._loop.remove_reader(hands)
                return
            if not data:
                return
            for handle in handles:
                self._adopt(socket.socket(fileno=handle), data)

    def _ended(self, frames: Frames) -> None:
        process, hands = self._running.pop(frames)
        self._take_over(hands)  # what was handed over last
        self._loop.remove_reader(hands)
        hands.close()
        process.kill()
        process.wait()
        if self._is_ending:
            return
        if self._tries:
            self._tries -= 1
            self._task = self._loop.create_task(self._start())
        elif not self._running:
            self._listen()
