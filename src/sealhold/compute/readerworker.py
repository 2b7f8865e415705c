"""The other side of `readercell`: the server that forks, and the worker that reads in the jail.

- The server touches no content. It loads the installed sources, waits for an order with two open
  descriptors, forks, and waits on. A new order, a stop or the end of the importer ends its worker.
- The worker closes all it does not need, confines itself, and reads. Whatever a connector raises
  ends this file only; the text of an error stays here, because it may quote content.

Source: docs/spec/18-connectors.md section 8.
"""

import os
import select
import signal
import socket
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import BinaryIO

import msgspec

from sealhold.compute.jail import Profile, confine
from sealhold.connectors.detect import detect
from sealhold.connectors.frames import (
    Broken,
    Finished,
    Frame,
    Known,
    Portion,
    Unconfined,
    encode,
)
from sealhold.connectors.spec import SNIFF_BYTES, Source
from sealhold.model.errors import IsolationUnavailableError, SealholdError, UnreadableSourceError

GROUP = "sealhold.sources"
_MAX_ORDER = 65_536  # bytes; a name, a source and a cursor
_DESCRIPTORS = 2  # the file, and where to answer


class Order(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a worker has to do: tell what the file is, or read it."""

    file_name: str
    source: str | None  # None: tell what it is
    cursor: str | None


def serve(orders: socket.socket) -> None:
    """Carry out orders until the importer is gone."""
    sources = installed()
    worker: _Worker | None = None
    while True:
        body, given, _flags, _address = socket.recv_fds(orders, _MAX_ORDER, _DESCRIPTORS)
        if worker is not None:
            worker.end()
            worker = None
        if not body:
            return
        if len(given) == _DESCRIPTORS:
            worker = _Worker.start(orders, body, given, sources)
        for descriptor in given:
            os.close(descriptor)


def installed() -> list[Source]:
    """Return the sources that are installed, this process being the one that composes them."""
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return [point.load()() for point in points]


class _Worker:
    """A forked process, held by its descriptor so that its number cannot be another's."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    @classmethod
    def start(
        cls, orders: socket.socket, body: bytes, given: list[int], sources: list[Source]
    ) -> "_Worker":
        pid = os.fork()
        if pid:
            return cls(pid)
        status = 1
        try:
            orders.close()
            _work(msgspec.msgpack.decode(body, type=Order), given[0], given[1], sources)
            status = 0
        finally:
            os._exit(status)

    def end(self) -> None:
        """End the process; it was not waited for yet, so its number is still its own."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _work(order: Order, file: int, answer: int, sources: list[Source]) -> None:
    """Do what is ordered, in the jail."""
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    with socket.socket(fileno=answer) as answers, os.fdopen(file, "rb") as content:
        try:
            confine(Profile.reader())  # THREAT T24: from here on nothing can be opened or reached
        except IsolationUnavailableError:
            answers.sendall(encode(Unconfined()))
            return
        for frame in _frames(order, content, sources):
            answers.sendall(encode(frame))


def _frames(order: Order, content: BinaryIO, sources: list[Source]) -> Iterator[Frame]:
    """Yield what the file holds, and at last how it ended."""
    try:
        if order.source is None:
            found = detect(content.read(SNIFF_BYTES), order.file_name, sources)
            guess = found.guess
            yield Known(found.source.name, found.source.version, _printable(guess.what), guess.sure)
        else:
            yield from _portions(order, content, sources)
    except UnreadableSourceError as err:
        yield Broken(_printable(str(err)))
    except MemoryError:
        yield Broken("the file needs more memory than a reader may use")
    except RecursionError:
        yield Broken("the file is nested too deep")
    except (Exception, SealholdError) as err:  # noqa: BLE001  reason: the top of this process
        yield Broken(f"the connector failed on this file ({type(err).__name__})")
    else:
        yield Finished()


def _portions(order: Order, content: BinaryIO, sources: list[Source]) -> Iterator[Portion]:
    source = next((one for one in sources if one.name == order.source), None)
    if source is None:
        raise UnreadableSourceError("no source of that name is installed")
    for batch in source.read(content, order.file_name, order.cursor):
        yield Portion(batch, content.tell())


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in text[:300])
