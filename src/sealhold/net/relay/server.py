"""The relay as a server: a thread for each connection, TLS 1.3, and a graceful end.

- Each connection is one thread that blocks: TLS and hashing let the others run meanwhile, and a
  pack is read straight into its place.
- So many connections at once, and so much in memory; who comes later waits or is let go.
- Nothing ends it but being told to: where files, threads or memory run out, it pauses and goes on.
- Told to end, it takes nobody more in, wakes who polls, and answers who is in.
- Nothing of a request is written anywhere but where it is kept.

Source: docs/spec/14-relay.md sections 5 and 6.
"""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore, Lock, Thread, current_thread
from time import monotonic, sleep
from typing import Final, Protocol

from sealhold.model.errors import InvalidSettingsError, UsageError
from sealhold.net.relay.files import connections
from sealhold.net.relay.link import BrokenOffError, Link
from sealhold.net.relay.slots import LONG, Coming, Slots
from sealhold.net.relay.wire import Answer, Body, Head, RefusedError, Wire

HANDSHAKE_SECONDS: Final = 15.0
ENDING_SECONDS: Final = 20.0
MOMENT: Final = 0.02  # seconds between two looks at who is still under way
PAUSE: Final = 0.1  # seconds until another connection is tried
BACKLOG: Final = 128
NO_REQUEST: Final = 400  # after which nobody can say where the next one begins

Watch = Callable[[Head, bytes], None]  # what a test sees of each request


class Answering(Protocol):
    """Answers requests."""

    def answer(self, head: Head, body: Body) -> Answer:
        """Return the answer to a request.

        Raises:
            RefusedError: no.
        """
        ...

    def end(self) -> None:
        """Wake who waits for an answer."""
        ...


Greet = Callable[[Link], Answering]  # who is let in at all; BrokenOffError if the other end is not


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 picks a free one.

    Raises:
        UsageError: the address is none of this machine, or the port is taken.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as err:
        raise UsageError(f"`{host}` is no address of this machine") from err
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as err:
        listener.close()
        raise UsageError(f"port {port} of `{host}` cannot be had") from err
    listener.listen(BACKLOG)
    return listener


def tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return how TLS 1.3 is spoken under a certificate.

    Raises:
        InvalidSettingsError: these files are no certificate with its key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0  # nothing by which two connections could be told to be of one client
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as err:
        raise InvalidSettingsError("the certificate and its key cannot be read") from err
    return context


@dataclass(slots=True, eq=False)
class RelayServer:
    """Serves the doors on a socket that listens; `run` blocks until `stop` is called."""

    doors: Answering
    listener: socket.socket
    context: ssl.SSLContext | None = None
    watch: Watch | None = None
    woken: Callable[[], None] | None = None  # what else is to wake who waits
    greet: Greet | None = None  # before the first request; None: all are let in, at the doors
    room: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(connections()))
    slots: Slots = field(default_factory=Slots)
    faults: int = 0  # of ours; their kinds go nowhere
    answered: int = 0
    _open: dict[Link, Thread] = field(default_factory=dict)
    _guard: Lock = field(default_factory=Lock)
    _is_ending: bool = False

    def __post_init__(self) -> None:
        if self.greet is not None:  # members alone, and those of a mailbox share its token
            self.slots = Slots(each=LONG)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, port, *_ = self.listener.getsockname()
        return host, port

    def run(self) -> None:
        """Take connections in until `stop`; then wait for those under way."""
        try:
            while not self._is_ending:
                try:
                    sock, _who = self.listener.accept()
                except OSError:
                    # THREAT T606: who takes all files has those who come wait, and ends nothing
                    if not self._is_ending:
                        sleep(PAUSE)
                    continue
                self._take(sock)
        finally:
            self.stop()
            self._wind_up()

    def _take(self, sock: socket.socket) -> None:
        # THREAT T447: more connections than there is room for are let go, not kept waiting
        if not self.room.acquire(blocking=False):
            sock.close()
            return
        try:
            Thread(target=self._serve, args=(sock,), name="relay", daemon=True).start()
        except RuntimeError:  # THREAT T606: no thread can be had now
            sock.close()
            self.room.release()
            sleep(PAUSE)

    def stop(self) -> None:
        """End: nobody more is taken in, who polls is answered, who is idle is let go."""
        self._is_ending = True
        self.doors.end()
        if self.woken is not None:
            self.woken()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            self.listener.close()

    def _wind_up(self) -> None:
        self.listener.close()
        until = monotonic() + ENDING_SECONDS
        with self._guard:
            waiting = dict(self._open)
        while waiting and monotonic() < until:
            link, thread = next(iter(waiting.items()))
            if link.is_idle:  # now, or since it was answered
                link.close()
            thread.join(MOMENT)
            if not thread.is_alive():
                del waiting[link]
        for link in waiting:
            link.close()

    def _serve(self, plain: socket.socket) -> None:
        link = Link(plain)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.settimeout(HANDSHAKE_SECONDS)
            if self.context is not None:
                link = Link(self.context.wrap_socket(plain, server_side=True))
            with self._guard:
                self._open[link] = current_thread()
            doors = self.doors if self.greet is None else self.greet(link)
            wire = Wire(link)
            while self._once(wire, doors):
                link.is_idle = True
        except (OSError, BrokenOffError):
            pass  # the other end is away
        finally:
            with self._guard:
                self._open.pop(link, None)
            link.close()
            self.room.release()

    def _once(self, wire: Wire, doors: Answering) -> bool:
        coming: Coming | None = None
        head: Head | None = None
        try:
            try:
                head = wire.head()
                if head is None:
                    return False
                coming = Coming(wire, head, self.slots)
                answer = self._answered(head, coming, doors)
            except RefusedError as err:
                answer, head = Answer(err.status), None
            self.answered += 1
            if head is not None and head.method == "HEAD":
                answer = Answer(answer.status, b"", answer.length, answer.headers)
            return wire.say(answer, is_last=self._is_ending or answer.status == NO_REQUEST)
        finally:
            if coming is not None:
                coming.over()

    def _answered(self, head: Head, coming: Coming, doors: Answering) -> Answer:
        try:
            return doors.answer(head, coming)
        except RefusedError as err:
            return Answer(err.status)
        except BrokenOffError:
            raise
        except Exception:  # noqa: BLE001  # reason: the top of a thread; no fault ends the relay
            self.faults += 1
            return Answer(500)
        finally:
            if self.watch is not None:
                self.watch(head, bytes(coming.heard))
