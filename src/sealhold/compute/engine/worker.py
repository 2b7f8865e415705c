"""The engine's own process: into the jail first, then it reads what it was told of.

- A server is connected to before the jail closes; what it says is parsed behind it.
- It ends when the vault hangs up.

Source: docs/spec/38-in-place.md section 2.
"""

import gc
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from sealhold.compute.engine.orders import (
    HEAD,
    LARGEST,
    Begin,
    Done,
    Failed,
    Order,
    Rows,
    Said,
    orders,
    packed,
)
from sealhold.compute.jail import Profile, confine
from sealhold.model.errors import (
    IsolationUnavailableError,
    LoginNeededError,
    SealholdError,
    SourceAwayError,
    SourceChangedError,
)

Do = Callable[[Order], Iterator[Said]]


def serve(talk: socket.socket) -> None:
    """Do what the vault says until it hangs up."""
    begin = _next(talk)
    if not isinstance(begin, Begin):
        return
    try:
        do = _ready(begin)
    except SealholdError as err:
        talk.sendall(packed(_failed(err)))
        return
    talk.sendall(packed(Done()))
    gc.freeze()
    while (order := _next(talk)) is not None:
        for each in _said(do, order):
            talk.sendall(packed(each))


def _ready(begin: Begin) -> Do:
    """Load what reads this kind, close the jail, and return what does as it is told."""
    profile = Profile.engine(tuple(Path(each) for each in begin.files))
    if begin.kind == "postgres":
        from sealhold.compute.engine.server import connected  # noqa: PLC0415  # reason: one of them

        server = connected(begin.address, begin.secret)
        _close(profile)  # THREAT T406: the one connection is open; there is no second
        return server.do
    _close(profile)  # THREAT T405: a hostile file meets a process that reaches nothing
    # INVARIANT: DuckDB starts threads when it is loaded, so it is loaded behind the jail's door.
    match begin.kind:
        case "sqlite":
            from sealhold.compute.engine import sqlitefile  # noqa: PLC0415  # reason: as above

            return sqlitefile.do
        case "table":
            from sealhold.compute.engine.tablefile import TableFile  # noqa: PLC0415  # reason: as above

            return TableFile(begin.files[0]).do
        case _:
            from sealhold.compute.engine.answering import Answering  # noqa: PLC0415  # reason: as above

            return Answering().do


def _close(profile: Profile) -> None:
    """Go into the jail, which binds this thread and those that it starts from here on.

    Raises:
        IsolationUnavailableError: another thread runs already, and would stay free.
    """
    if len([*Path("/proc/self/task").iterdir()]) != 1:
        raise IsolationUnavailableError("the engine has threads before it is confined")
    confine(profile)


def _said(do: Do, order: Order) -> Iterator[Said]:
    try:
        yield from do(order)
    except SealholdError as err:
        yield _failed(err)
    except MemoryError:
        yield Failed("stopped", "it needs more memory than an engine may use")
    except Exception as err:  # noqa: BLE001  reason: the top of this process
        yield Failed("changed", f"the table cannot be read ({type(err).__name__})")
    else:
        if isinstance(order, Rows):
            yield Done()


def _failed(err: SealholdError) -> Failed:
    match err:
        case LoginNeededError():
            return Failed("login", str(err))
        case SourceAwayError():
            return Failed("away", str(err))
        case SourceChangedError():
            return Failed("changed", str(err))
        case IsolationUnavailableError():
            return Failed("unconfined", str(err))
        case _:
            return Failed("unfit", str(err))


def _next(talk: socket.socket) -> Order | None:
    head = _exactly(talk, HEAD)
    length = int.from_bytes(head, "big")
    if not head or length > LARGEST:
        return None
    body = _exactly(talk, length)
    return orders.decode(body) if body else None


def _exactly(talk: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = talk.recv(count - len(data))
        if not more:
            return b""
        data += more
    return data


if __name__ == "__main__":
    serve(socket.socket(fileno=os.dup(0)))
