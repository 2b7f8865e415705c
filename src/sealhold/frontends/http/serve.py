"""Listening: one uvicorn server on a socket that is already bound.

- The server itself logs nothing of a request, because a path or a name in it is personal.
- Told to end, it takes nobody more in and answers who is in; then it ends.
- Forwarded headers are not believed.
- With fronts (`fronts`), other processes talk to the clients, and this one answers them.
- So many connections are open at once, and each has so long to say what it wants (`patience`).
"""

import asyncio
import socket
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from sealhold.frontends.http.fronts import Fronts
from sealhold.frontends.http.patience import Connection
from sealhold.frontends.http.quick import first_lines
from sealhold.model.errors import UsageError

BACKLOG = 128
CLOSING_SECONDS = 20  # for what is under way when it ends


def bind(port: int) -> socket.socket:
    """Return a socket that listens on this machine only; port 0 picks a free one.

    Raises:
        UsageError: the port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as err:
        listener.close()
        raise UsageError(f"port {port} is taken; choose another with `--port`") from err
    return listener


class Served(uvicorn.Server):
    """A server that may have fronts: then they listen, and it answers them."""

    fronts: Fronts | None = None
    _here: asyncio.Server | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        if self.fronts is None:
            await super().startup(sockets)
            return
        await super().startup([])
        self._sockets = sockets or []
        app = self.config.loaded_app
        await self.fronts.begin(app.quick, self._first, self._adopt, self._listen)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what is under way, and end."""
        if self.fronts is not None:
            await self.fronts.end()
        await super().shutdown(sockets)

    def _first(self, status: int, keep_alive: bool) -> bytes:  # noqa: FBT001  # reason: as it is called
        return first_lines(status, self.server_state.default_headers, keep_alive=keep_alive)

    def _connection(self, pending: bytes = b"") -> Connection:
        made = Connection(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        made.pending = pending
        return made

    def _adopt(self, client: socket.socket, data: bytes) -> None:
        """Go on with a connection that a front handed over."""
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        made = loop.connect_accepted_socket(lambda: self._connection(data), client)
        task = loop.create_task(_quietly(made))
        self.server_state.tasks.add(task)
        task.add_done_callback(self.server_state.tasks.discard)

    def _listen(self) -> None:
        """Listen in this process: the fronts do not stay."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._listen_here())
        self.server_state.tasks.add(task)
        task.add_done_callback(self.server_state.tasks.discard)

    async def _listen_here(self) -> None:
        loop = asyncio.get_running_loop()
        for each in self._sockets:
            self.servers.append(await loop.create_server(self._connection, sock=each))


async def _quietly(made: Coroutine[Any, Any, object]) -> None:
    with suppress(OSError):  # the client went away meanwhile
        await made


def make_server(app: ASGIApp, fronts: Fronts | None = None) -> Served:
    """Return a server for `app`; its `run(sockets=[...])` blocks, `should_exit` ends it."""
    server = Served(
        uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=CLOSING_SECONDS,
        )
    )
    server.fronts = fronts
    return server
