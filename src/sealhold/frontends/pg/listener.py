"""The listener of the PostgreSQL face: moves bytes between sockets and sessions, and nothing else.

- One read gives at most one write to each side. No task is made for a message; one is made for
  connecting, and one for each call that waits.
- Reading one side pauses while more than 1 MiB waits on the other.
- Who has not logged in after 30 s is hung up on, and so is who comes when too many are there.
- The client gone, the provider's connection is closed, which rolls back; and the other way round.

Source: docs/spec/56-postgresql-proxy.md section 3.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from typing import Final, cast

from sealhold.frontends.pg.seam import Door, Link, Pipe, Session
from sealhold.model.errors import SealholdError, WireError
from sealhold.model.pgsteps import Call, Cancel, Connect, End, Note, Ready, Secure, Step

LOGIN_SECONDS: Final = 30.0
UNSENT: Final = 2**20  # bytes
CLIENTS: Final = 512  # connections at once
THREADS: Final = 8  # for what waits: lookups of users, the log
_HANDSHAKE: Final = 0x16  # how TLS begins


class Listening:
    """All connections of one listener."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.threads: Executor = ThreadPoolExecutor(THREADS, thread_name_prefix="pg")
        self.clients: set[Client] = set()
        self.tasks: set[asyncio.Task[None]] = set()

    def client(self) -> "Client":
        """Return who takes one connection."""
        return Client(self)

    def end(self) -> None:
        """Hang up on everybody."""
        for each in list(self.clients):
            each.abort()
        for task in self.tasks:
            task.cancel()
        self.threads.shutdown(wait=False)


class Client(asyncio.Protocol):
    """One client's connection and the provider's that belongs to it."""

    def __init__(self, listening: Listening) -> None:
        self._all = listening
        self._door = listening.door
        self._session: Session = listening.door.session()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._tls: Pipe | None = None
        self._is_direct = False  # TLS from the first byte
        self._has_spoken = False
        self._link: Link | None = None
        self._late: asyncio.TimerHandle | None = None
        self._is_held_client = False  # what is read of it is paused
        self._is_held_link = False
        self._client_waits = False  # it takes no more bytes now
        self._link_waits = False

    # --- the client's side; called by the event loop ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take in a client."""
        transport = cast("asyncio.Transport", transport)  # reason: uvloop has a class of its own
        self._transport = transport
        transport.set_write_buffer_limits(UNSENT)
        # THREAT T645, T663: half a login and silence, or very many clients, hold no more than this
        if len(self._all.clients) >= CLIENTS:
            transport.abort()
            return
        self._all.clients.add(self)
        self._late = self._loop.call_later(LOGIN_SECONDS, self._too_late)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        if self._tls is not None or not self._has_spoken:
            data = self._opened(data)
            if not data:
                return
        self._session.client_said(data)
        self._move()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  reason: lost is lost
        """Let the provider's connection go too: what was open there is rolled back."""
        self._transport = None
        self._all.clients.discard(self)
        if self._late is not None:
            self._late.cancel()
        self._session.gone()
        self._door.ended(self._session)
        for step in self._session.steps:
            if isinstance(step, Note):
                self._note(step)
        if self._link is not None:
            self._link.close()

    def pause_writing(self) -> None:
        """Read no more of the provider, since the client does not take it."""
        self._client_waits = True
        self._hold()

    def resume_writing(self) -> None:
        """Read the provider again."""
        self._client_waits = False
        self._hold()

    # --- the provider's side; called by the link ---

    def received(self, data: bytes) -> None:
        """Take what the provider sent."""
        self._session.provider_said(data)
        self._move()

    def lost(self) -> None:
        """Tell the client that the provider is gone."""
        self._link = None
        self._session.provider_gone()
        self._move()

    def hold(self) -> None:
        """Read no more of the client, since the provider does not take it."""
        self._link_waits = True
        self._hold()

    def go_on(self) -> None:
        """Read the client again."""
        self._link_waits = False
        self._hold()

    # --- moving ---

    def abort(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.abort()

    def _opened(self, data: bytes) -> bytes:
        """Return what was said inside of TLS; what begins like TLS begins it."""
        if not self._has_spoken:
            self._has_spoken = True
            if data[0] == _HANDSHAKE:
                self._tls, self._is_direct = self._door.pipe(), True
                if self._tls is None:
                    self.abort()
        tls = self._tls
        if tls is None:
            return data if not self._is_direct else b""
        was_open = tls.is_open
        try:
            data = tls.receive(data)
        except WireError:
            self._flush(tls)
            self.abort()
            return b""
        self._flush(tls)
        if tls.is_open and not was_open:
            if self._is_direct and not tls.has_alpn:
                self.abort()
                return b""
            self._session.secured(tls.endpoint)
        return data

    def _flush(self, tls: Pipe) -> None:
        if tls.to_peer and self._transport is not None:
            self._transport.write(b"".join(tls.to_peer))
            tls.to_peer.clear()

    def _move(self) -> None:
        """Send what the session leaves, and take its steps."""
        session = self._session
        said = session.to_provider
        if said:
            if self._link is not None:
                self._link.write(said[0] if len(said) == 1 else b"".join(said))
            said.clear()
        said = session.to_client
        if said and self._transport is not None:
            data = said[0] if len(said) == 1 else b"".join(said)
            said.clear()
            if self._tls is None:
                self._transport.write(data)
            else:
                self._tls.send(data)
                self._flush(self._tls)
        if session.steps:
            steps = session.steps[:]
            session.steps.clear()
            for step in steps:
                self._take(step)
        if self._is_held_client or self._is_held_link or session.is_strained:
            self._hold()

    def _take(self, step: Step) -> None:
        match step:
            case Call():
                self._call(step)
            case Note():
                self._note(step)
            case Secure():
                self._tls = self._door.pipe()
            case Ready():
                if self._late is not None:
                    self._late.cancel()
            case Connect(database):
                self._task(self._connect(database))
            case Cancel(key):
                self._task(self._cancel(key))
            case End():
                self._end()

    def _hold(self) -> None:
        """Pause and resume reading, as both sides can take more."""
        session, transport = self._session, self._transport
        held = self._link_waits or session.is_full
        if held != self._is_held_client and transport is not None and not transport.is_closing():
            self._is_held_client = held
            if held:
                transport.pause_reading()
            else:
                transport.resume_reading()
        held = self._client_waits or session.is_stalled
        if held != self._is_held_link and self._link is not None:
            self._is_held_link = held
            if held:
                self._link.pause()
            else:
                self._link.resume()

    def _call(self, step: Call) -> None:
        def done(future: asyncio.Future[object]) -> None:
            if self._transport is None or future.cancelled():
                return
            try:
                self._came(step, future)
            except BaseException:
                self.abort()  # a session that cannot go on is not waited for
                raise

        self._loop.run_in_executor(self._all.threads, step.run).add_done_callback(done)

    def _came(self, step: Call, future: asyncio.Future[object]) -> None:
        """Hand the session what came of a call."""
        err = future.exception()
        if err is None:
            self._session.returned(step, future.result())
        elif isinstance(err, SealholdError):
            self._session.failed(step, err)
        else:
            self._session.failed(step, SealholdError(type(err).__name__))
        self._move()

    def _note(self, step: Note) -> None:
        with suppress(RuntimeError):  # the listener ends
            self._all.threads.submit(step.run)

    def _task(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._all.tasks.add(task)
        task.add_done_callback(self._all.tasks.discard)

    async def _connect(self, database: str) -> None:
        session = self._session
        try:
            link = await self._door.connect(session, database, self)
        except SealholdError:
            session.not_connected()
        else:
            if self._transport is None:
                link.close()
                return
            self._link = link
            session.connected(link.endpoint)
        self._move()

    async def _cancel(self, key: bytes) -> None:
        with suppress(SealholdError):  # nobody is told whether there was anything to cancel
            await self._door.cancel(key)

    def _end(self) -> None:
        if self._link is not None:
            self._link.close()
        if self._transport is not None:
            self._transport.close()

    def _too_late(self) -> None:
        self.abort()


async def serve(door: Door, listener: socket.socket, is_ending: Callable[[], bool]) -> None:
    """Take in clients on a socket that listens already, until `is_ending` says yes."""
    loop = asyncio.get_running_loop()
    listening = Listening(door)
    server = await loop.create_server(listening.client, sock=listener, backlog=128)
    try:
        while not is_ending():  # noqa: ASYNC110  reason: who ends it is on another thread
            await asyncio.sleep(_LOOKING)
    finally:
        server.close()
        listening.end()


_LOOKING: Final = 0.2  # seconds


def run(door: Door, listener: socket.socket, is_ending: Callable[[], bool]) -> None:
    """Serve on an event loop of its own, the faster one where it is installed."""
    with asyncio.Runner(loop_factory=_faster()) as runner:
        runner.run(serve(door, listener, is_ending))


def _faster() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415  reason: an extra
    except ImportError:
        return None
    return uvloop.new_event_loop
