"""The listener for other proxies: TLS 1.3, a greeting, and then statements one after the other.

- A thread for each connection, and so many at once; who comes later is let go.
- The certificate is fresh at each start. TLS reads it from a file, which is there for a moment.

Source: docs/spec/67-proxy-to-proxy.md section 4.
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore, Event, Lock, Thread, current_thread
from time import sleep
from typing import Final

from sealhold.crypto.selfsigned import SelfSigned, self_signed
from sealhold.crypto.sign import PublicKey
from sealhold.model.errors import SealholdError
from sealhold.net.proxies.greeting import Proven, receive
from sealhold.net.relay.link import BrokenOffError, Link
from sealhold.net.relay.server import bind

CONNECTIONS: Final = 32
HANDSHAKE_SECONDS: Final = 10.0
ENDING_SECONDS: Final = 5.0
TENDING_SECONDS: Final = 0.5
PAUSE: Final = 0.1  # seconds until another connection is tried

Answer = Callable[[Link, PublicKey], bool]  # one statement; whether another one may come


@dataclass(slots=True)
class ProxyServer:
    """Serves other proxies; `begin` returns at once, `end` waits for those under way."""

    me: Proven
    is_guest: Callable[[PublicKey], bool]
    answer: Answer
    tend: Callable[[], None]  # called from time to time
    finish: Callable[[], None]  # called once, at the end
    listener: socket.socket
    _open: dict[Link, Thread] = field(default_factory=dict)
    _guard: Lock = field(default_factory=Lock)
    _room: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(CONNECTIONS))
    _ending: Event = field(default_factory=Event)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, port, *_ = self.listener.getsockname()
        return host, port

    def begin(self) -> None:
        """Take connections in from now on."""
        shown = self_signed(self.me.entropy)
        context = _context(shown)
        run = Thread(target=self._run, args=(context, shown), name="proxies", daemon=True)
        run.start()
        Thread(target=self._tend, name="proxies tended", daemon=True).start()

    def end(self) -> None:
        """Take nobody in any more, and hang up on all."""
        self._ending.set()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self._guard:
            open_ = dict(self._open)
        for link in open_:
            link.close()
        for thread in open_.values():
            thread.join(ENDING_SECONDS)
        self.finish()

    def _tend(self) -> None:
        while not self._ending.wait(TENDING_SECONDS):
            with suppress(SealholdError):
                self.tend()

    def _run(self, context: ssl.SSLContext, shown: SelfSigned) -> None:
        while not self._ending.is_set():
            try:
                plain, _who = self.listener.accept()
            except OSError:
                if not self._ending.is_set():
                    sleep(PAUSE)
                continue
            # THREAT T761: who opens connections takes no more than their room
            if not self._room.acquire(blocking=False):
                plain.close()
                continue
            try:
                Thread(target=self._serve, args=(plain, context, shown), daemon=True).start()
            except RuntimeError:  # no thread can be had now
                plain.close()
                self._room.release()

    def _serve(self, plain: socket.socket, context: ssl.SSLContext, shown: SelfSigned) -> None:
        link = Link(plain)
        try:
            plain.settimeout(HANDSHAKE_SECONDS)
            link = Link(context.wrap_socket(plain, server_side=True))
            with self._guard:
                self._open[link] = current_thread()
            who = receive(link, shown.digest, self.me, self.is_guest)
            while not self._ending.is_set() and self.answer(link, who):
                pass
        except (OSError, BrokenOffError, SealholdError):
            pass  # the other end is away, or does not keep to the form
        finally:
            with self._guard:
                self._open.pop(link, None)
            link.close()
            self._room.release()


def server_of(  # reason: what a server is made of, and where
    *,
    me: Proven,
    is_guest: Callable[[PublicKey], bool],
    answer: Answer,
    tend: Callable[[], None],
    finish: Callable[[], None],
    host: str,
    port: int,
) -> ProxyServer:
    """Return a server that listens; port 0 picks a free one.

    Raises:
        UsageError: the address or port cannot be had.
    """
    return ProxyServer(me, is_guest, answer, tend, finish, bind(host, port))


def _context(shown: SelfSigned) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    with TemporaryDirectory() as folder:
        path = Path(folder) / "shown.pem"
        path.write_bytes(shown.pem)
        # the key stands nowhere without its password, which is in memory alone
        context.load_cert_chain(path, password=shown.password.reveal())
    return context
