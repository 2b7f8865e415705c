"""A server on a free loopback port, in a thread, with a sample vault behind it."""

import hashlib
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sealhold.frontends.http.app import make_app
from sealhold.frontends.http.peer import PeerCheck, is_owner
from sealhold.frontends.http.serve import bind, make_server
from sealhold.frontends.web.texts import ENGLISH
from sealhold.model.quantities import Instant
from tests.web.sample_data import NOW
from tests.web.sample_vault import SampleVault

LABEL = "abcdefghijklmnopqrstuvwxyz"


class CountedBytes:
    """Bytes that differ at each call, the same in every run."""

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self, count: int, /) -> bytes:
        self._calls += 1
        return hashlib.shake_256(b"%d" % self._calls).digest(count)


class SetClock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> Instant:
        return self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Where a server listens."""

    vault: SampleVault
    clock: SetClock
    port: int

    @property
    def url(self) -> str:
        """The origin of the pages."""
        return f"http://{LABEL}.localhost:{self.port}"


@contextmanager
def running(
    vault: SampleVault,
    *,
    demo: bool = True,
    words: Mapping[str, str] = ENGLISH,
    peer_check: PeerCheck = is_owner,
) -> Iterator[Running]:
    """Serve `vault` as long as the block lasts."""
    listener = bind(0)
    port = listener.getsockname()[1]
    clock = SetClock()
    app = make_app(
        vault,
        origin=f"http://localhost:{port}",
        label=LABEL,
        demo=demo,
        clock=clock,
        entropy=CountedBytes(),
        words=words,
        peer_check=peer_check,
    )
    server = make_server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield Running(vault=vault, clock=clock, port=port)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
