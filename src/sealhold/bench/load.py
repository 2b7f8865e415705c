"""A load for a server on this machine: so many connections, each asking again once answered.

- A process of its own, so that no client shares an interpreter with the server, and a light one,
  for it shares the cores: plain sockets, requests that were made before, and of an answer only its
  status and its length are read.
- Reads one JSON object on standard input: `port`, `connections`, `seconds`, `requests` (a list of
  base64 texts, which the connections go through in turns) and `status`; writes one with
  `answered`, `wrong` (answers of another status, or none), `seconds` and `latencies`
  (milliseconds).

Source: docs/benchmarks.md.
"""

import base64
import json
import select
import socket
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from typing import Final

from sealhold.crypto.entropy import system_entropy
from sealhold.model.ids import canonical, random_id

HEAD_END: Final = b"\r\n\r\n"
LENGTH: Final = b"\r\ncontent-length: "
AT_ONCE: Final = 262_144  # bytes
MILLI: Final = 1_000
PATIENCE: Final = 30.0  # seconds for an answer
FRESH: Final = b"00000000-0000-0000-0000-000000000000"  # stands for another id each time


class Client:
    """One connection that asks until the time is over."""

    __slots__ = ("asked_at", "sock", "taken")

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.taken = b""
        self.asked_at = 0.0

    def ask(self, requests: Iterator[bytes]) -> None:
        """Send the next request."""
        asked = next(requests)
        if FRESH in asked:
            asked = asked.replace(FRESH, canonical(random_id(system_entropy)).encode())
        self.asked_at = time.perf_counter()
        self.sock.sendall(asked)

    def answer(self) -> bytes | None:
        """Return the status of an answer once it is whole; empty if the connection ended."""
        try:
            data = self.sock.recv(AT_ONCE)
        except ConnectionError:
            data = b""
        if not data:
            return b""
        taken = self.taken = self.taken + data if self.taken else data
        end = taken.find(HEAD_END)
        if end < 0:
            return None
        at = taken.find(LENGTH, 0, end)
        length = int(taken[at + len(LENGTH) : taken.find(b"\r", at + len(LENGTH))]) if at > 0 else 0
        if len(taken) < end + len(HEAD_END) + length:
            return None
        self.taken = b""
        return taken[9:12]


def load(
    port: int, connections: int, seconds: float, requests: list[bytes], status: int
) -> dict[str, object]:
    """Ask for so many seconds, and return what came of it."""
    turns, expected = cycle(requests), str(status).encode()
    latencies: list[float] = []
    wrong = 0
    started = time.perf_counter()
    until = started + seconds
    clients = {}
    poll = select.epoll()
    for _ in range(connections):
        client = Client(port)
        clients[client.sock.fileno()] = client
        poll.register(client.sock, select.EPOLLIN)
        client.ask(turns)
    while clients:
        ready = poll.poll(PATIENCE)
        for fd, _ in ready:
            client = clients[fd]
            came = client.answer()
            if came is None:
                continue
            now = time.perf_counter()
            latencies.append((now - client.asked_at) * MILLI)
            wrong += came != expected
            if now < until and came:
                client.ask(turns)
            else:
                del clients[fd]
                poll.unregister(fd)
                client.sock.close()
        if not ready:  # nobody answers any more
            wrong += len(clients)
            break
    return {
        "answered": len(latencies),
        "wrong": wrong,
        "seconds": time.perf_counter() - started,
        "latencies": latencies,
    }


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    asked["requests"] = [base64.b64decode(each) for each in asked["requests"]]
    json.dump(load(**asked), sys.stdout)
