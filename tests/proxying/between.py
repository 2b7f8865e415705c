"""What stands between a client and a server and sees all of it: a relay of connections.

- It listens on a port of its own and brings each connection to the server. Where `folder` holds a
  certificate it speaks TLS to the client, as the server itself would; to the server it is plain.
- A `Wire` is one connection: both directions pass through it, and a kind of it may keep or change
  what passes. It says N to a wish for TLS that it cannot grant.
"""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

PIECE: Final = 65_536
WISH: Final = 80_877_103  # SSLRequest
GSS_WISH: Final = 80_877_104
TERMINATE: Final = b"X\0\0\0\4"


class Wire:
    """One connection, passed on as it is."""

    def upward(self, data: bytes) -> bytes:
        """Return what the server gets for what the client sent."""
        return data

    def downward(self, data: bytes) -> bytes:
        """Return what the client gets for what the server sent."""
        return data


@contextmanager
def between(target: int, wire: Callable[[], Wire], folder: Path | None = None) -> Iterator[int]:
    """Relay connections to the port `target`; yield the port of the relay."""
    context = None
    if folder is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.crt", folder / "server.key")
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        threading.Thread(
            target=_listen, args=(listener, target, wire, context), daemon=True
        ).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _listen(
    listener: socket.socket, target: int, wire: Callable[[], Wire], context: ssl.SSLContext | None
) -> None:
    with suppress(OSError):
        while True:
            link, _ = listener.accept()
            threading.Thread(
                target=_serve, args=(link, target, wire(), context), daemon=True
            ).start()


def _serve(link: socket.socket, target: int, wire: Wire, context: ssl.SSLContext | None) -> None:
    with suppress(OSError), socket.create_connection(("127.0.0.1", target)) as server:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client, first = _greeted(link, context)
        with client:
            if first:
                server.sendall(wire.upward(first))
            pull = threading.Thread(
                target=_pumped, args=(server, client, wire.downward), daemon=True
            )
            pull.start()
            _pumped(client, server, wire.upward)
            pull.join()


def _greeted(link: socket.socket, context: ssl.SSLContext | None) -> tuple[socket.socket, bytes]:
    """Answer wishes for encryption; return the client's end, and what it said first."""
    while True:
        first = link.recv(PIECE)
        wish = struct.unpack_from(">i", first, 4)[0] if len(first) == 8 else 0
        if wish == WISH and context is not None:
            link.sendall(b"S")
            return context.wrap_socket(link, server_side=True), b""
        if wish not in {WISH, GSS_WISH}:
            return link, first
        link.sendall(b"N")


def _pumped(source: socket.socket, sink: socket.socket, through: Callable[[bytes], bytes]) -> None:
    with suppress(OSError):
        while data := source.recv(PIECE):
            passed = through(data)
            if passed:
                sink.sendall(passed)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Recorder:
    """Keeps all that passes through its wires, both ways."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def wire(self) -> Wire:
        """Return a connection whose bytes are kept."""
        return _Kept(self.pieces)

    @property
    def seen(self) -> bytes:
        return b"".join(self.pieces)


class _Kept(Wire):
    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def upward(self, data: bytes) -> bytes:
        self._pieces.append(data)
        return data

    def downward(self, data: bytes) -> bytes:
        self._pieces.append(data)
        return data
