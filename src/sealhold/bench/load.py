"""A load for a server on this machine: so many connections, each asking again once answered.

- A process of its own, so that no client shares an interpreter with the server; requests are
  bytes that were made before, and of an answer only its status and its length are read.
- Reads one JSON object on standard input: `port`, `connections`, `seconds`, `requests` (a list of
  base64 texts, which the connections go through in turns) and `status`; writes one with
  `answered`, `wrong` (answers of another status), `seconds` and `latencies` (milliseconds).

Source: docs/benchmarks.md.
"""

import asyncio
import base64
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final

from sealhold.crypto.entropy import system_entropy
from sealhold.model.ids import canonical, random_id

HEAD_END: Final = b"\r\n\r\n"
LENGTH: Final = b"content-length:"
MILLI: Final = 1_000
FRESH: Final = b"00000000-0000-0000-0000-000000000000"  # stands for another id each time


@dataclass(slots=True)
class Run:
    """What all connections of one load have in common."""

    requests: Iterator[bytes]
    status: bytes
    until: float
    left: int  # connections that are still open
    over: asyncio.Event = field(default_factory=asyncio.Event)
    wrong: int = 0
    latencies: list[float] = field(default_factory=list)


class Client(asyncio.Protocol):
    """One connection that asks until the time is over."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._taken = b""
        self._asked_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # reason: TCP
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Ask again once an answer is whole."""
        self._taken += data
        head, end, body = self._taken.partition(HEAD_END)
        if not end or len(body) < _length(head):
            return
        self._taken = b""
        run, now = self._run, time.perf_counter()
        run.latencies.append((now - self._asked_at) * MILLI)
        run.wrong += head[9:12] != run.status
        if now < run.until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that one is fewer."""
        self._run.wrong += exc is not None
        self._run.left -= 1
        if not self._run.left:
            self._run.over.set()

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        asked = next(self._run.requests)
        if FRESH in asked:
            asked = asked.replace(FRESH, canonical(random_id(system_entropy)).encode())
        self._transport.write(asked)


def _length(head: bytes) -> int:
    at = head.lower().find(LENGTH)
    return int(head[at + len(LENGTH) :].partition(b"\r")[0]) if at >= 0 else 0


async def load(
    port: int, connections: int, seconds: float, requests: list[bytes], status: int
) -> dict[str, object]:
    """Ask for so many seconds, and return what came of it."""
    started = time.perf_counter()
    run = Run(cycle(requests), str(status).encode(), started + seconds, connections)
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Client(run), "127.0.0.1", port)
    await run.over.wait()
    return {
        "answered": len(run.latencies),
        "wrong": run.wrong,
        "seconds": time.perf_counter() - started,
        "latencies": run.latencies,
    }


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    asked["requests"] = [base64.b64decode(each) for each in asked["requests"]]
    json.dump(asyncio.run(load(**asked)), sys.stdout)
