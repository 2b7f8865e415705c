"""Listening: one uvicorn server on a socket that is already bound.

- The server itself logs nothing of a request, because a path or a name in it is personal.
- Told to end, it takes nobody more in and answers who is in; then it ends.
- Forwarded headers are not believed.
- So many connections are open at once, and each has so long to say what it wants (`patience`).
"""

import socket

import uvicorn
from starlette.types import ASGIApp

from sealhold.frontends.http.patience import Connection
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


def make_server(app: ASGIApp) -> uvicorn.Server:
    """Return a server for `app`; its `run(sockets=[...])` blocks, `should_exit` ends it."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=Connection,
            loop="asyncio",  # also where a faster one is installed, which the database proxy uses
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
