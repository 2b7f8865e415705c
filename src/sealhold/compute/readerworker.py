"""The other side of `readercell`: the server that forks, and the worker that reads in the jail.

- The server touches no content. It waits for two open descriptors, forks, and waits on. The next
  word of the importer, or its end, ends the worker.
- The worker closes all it does not need, confines itself, and does what it is asked. Whatever a
  connector raises ends this file only; the text of an error stays here, as it may quote content.

Source: docs/spec/18-connectors.md section 8.
"""

import gc
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import entry_points
from typing import BinaryIO

import msgspec

from sealhold.compute.jail import Profile, confine
from sealhold.connectors.archives import Nest
from sealhold.connectors.detect import detect
from sealhold.connectors.frames import (
    HEAD,
    Broken,
    Finished,
    Frame,
    Known,
    Members,
    Portion,
    Unconfined,
    encode,
)
from sealhold.connectors.spec import SNIFF_BYTES, Source
from sealhold.model.errors import IsolationUnavailableError, UnreadableSourceError

GROUP = "sealhold.sources"
_MAX_WORD = 16  # bytes; `read` or `stop`
_DESCRIPTORS = 2  # the file, and where to answer
_FEW_COLLECTIONS = 100_000  # objects before the collector looks: nearly all here live for a batch


class Order(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a worker has to do with its file: tell what it is, or read it."""

    file_name: str
    source: str | None  # None: tell what it is
    cursor: str | None
    member: str | None = None  # of an archive; empty: list what is in it


def write_order(order: Order) -> bytes:
    """Return an order as it is sent to a worker: its length, then msgpack."""
    body = msgspec.msgpack.encode(order)
    return len(body).to_bytes(HEAD, "big") + body


def installed() -> list[Source]:
    """Return the sources that are installed: this process composes itself, as `node` does.

    A plug-in that does not load is left out; its formats are then said to be unreadable.
    """
    found: list[Source] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        with suppress(ImportError, AttributeError):
            found.append(point.load()())
    return found


def serve(orders: socket.socket, sources: Sequence[Source]) -> None:
    """Fork a worker for each file, until the importer is gone."""
    gc.freeze()  # what is loaded now is shared with each worker and never collected
    worker = 0
    while True:
        word, given, _flags, _address = socket.recv_fds(orders, _MAX_WORD, _DESCRIPTORS)
        if worker:
            _end(worker)
            worker = 0
        if not word:
            return
        if len(given) == _DESCRIPTORS:
            worker = _fork(orders, given[0], given[1], sources)
        for descriptor in given:
            os.close(descriptor)


def _end(worker: int) -> None:
    """End a process that was not waited for yet: its number is still its own."""
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)


def _fork(orders: socket.socket, file: int, answers: int, sources: Sequence[Source]) -> int:
    worker = os.fork()
    if worker:
        return worker
    status = 1
    try:
        orders.close()
        work(file, answers, sources)
        status = 0
    finally:
        os._exit(status)


def work(file: int, answers: int, sources: Sequence[Source]) -> None:
    """Read one file in the jail: what it is, what it holds, as the orders say."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)  # the way to the importer was here
    os.close(nothing)
    _close_but(file, answers)
    gc.set_threshold(_FEW_COLLECTIONS)
    with socket.socket(fileno=answers) as talk, os.fdopen(file, "rb") as content:
        try:
            confine(Profile.reader())  # THREAT T24: from here on nothing can be opened or reached
        except IsolationUnavailableError:
            talk.sendall(encode(Unconfined()))
            return
        archive: Nest | None = None  # kept: what lies behind a member is reached from there
        while (order := _next_order(talk)) is not None:
            content.seek(0)
            if order.member is not None and archive is None:
                try:
                    archive = Nest(content, order.file_name)
                except UnreadableSourceError as err:
                    talk.sendall(encode(Broken(_printable(str(err)))))
                    continue
            for frame in _frames(order, content, sources, archive):
                talk.sendall(encode(frame))


def _close_but(*kept: int) -> None:
    """Close all but the standard three and these: a library may open some at each fork."""
    first = 3
    for descriptor in sorted(kept):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def _next_order(talk: socket.socket) -> Order | None:
    """Return what the importer wants next, or None if it is gone."""
    length = int.from_bytes(_exactly(talk, HEAD), "big")
    body = _exactly(talk, length)
    return msgspec.msgpack.decode(body, type=Order) if body else None


def _exactly(talk: socket.socket, count: int) -> bytes:
    """Return `count` bytes, or none if the importer is gone."""
    data = b""
    while len(data) < count:
        more = talk.recv(count - len(data))
        if not more:
            return b""
        data += more
    return data


def _frames(
    order: Order, content: BinaryIO, sources: Sequence[Source], archive: Nest | None
) -> Iterator[Frame]:
    """Yield what the file holds, and at last how it ended."""
    try:
        if archive is not None and order.member:
            content = archive.open(order.member)
            order = msgspec.structs.replace(order, file_name=order.member.rpartition("/")[2])
        if archive is not None and order.member == "":
            listing = archive.listing()
            yield Members([(n, s) for n, s in listing.entries], [(n, w) for n, w in listing.left])
        elif order.source is None:
            found = detect(content.read(SNIFF_BYTES), order.file_name, sources)
            what = _printable(found.guess.what)
            yield Known(found.source.name, found.source.version, what, found.guess.sure)
        else:
            yield from _portions(order, content, sources)
    except UnreadableSourceError as err:
        yield Broken(_printable(str(err)))
    except MemoryError:
        yield Broken("the file needs more memory than a reader may use")
    except RecursionError:
        yield Broken("the file is nested too deep")
    except Exception as err:  # noqa: BLE001  reason: the top of this process
        yield Broken(f"the connector failed on this file ({type(err).__name__})")
    else:
        yield Finished()


def _portions(order: Order, content: BinaryIO, sources: Sequence[Source]) -> Iterator[Portion]:
    source = next((one for one in sources if one.name == order.source), None)
    if source is None:
        raise UnreadableSourceError("no source of that name is installed")
    for batch in source.read(content, order.file_name, order.cursor):
        yield Portion(batch, content.tell())


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in text[:300])
