"""The jailed reader: hostile files are parsed in a process that has nothing to lose.

- One server process per import loads the connectors; for each file it forks a worker, which gets
  the open file and one end of a socket pair, puts itself into the jail, and only then reads.
- A worker that crashes, hangs, outgrows its memory or sends no frame costs its own file, with
  `UnreadableSourceError`; the next file gets a new worker.
- The server's environment is empty, and no content is ever written to a file.

Source: docs/spec/18-connectors.md section 8, docs/spec/19-confinement.md.
"""

import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from sealhold.compute.readerworker import Order, serve
from sealhold.connectors.frames import (
    Broken,
    Deframer,
    Finished,
    Frame,
    Known,
    Portion,
    Unconfined,
)
from sealhold.model.errors import (
    InvalidEncodingError,
    IsolationUnavailableError,
    UnreadableSourceError,
)

PATIENCE = 300.0  # seconds without a whole frame, then the worker is given up
_CHUNK = 1_048_576  # bytes taken from the socket at once
_GOODBYE = 5.0  # seconds that the server has to end


class ReaderCell:
    """A `Reader` whose parsers run in the jail; one import per cell."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._server: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server and its worker."""
        if self._orders is not None:
            self._orders.close()  # the server ends its worker and itself when this is gone
        if self._server is not None:
            try:
                self._server.wait(_GOODBYE)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        self._orders = self._server = None

    def detect(self, path: Path) -> Known:
        """Return which source reads the file.

        Raises:
            UnreadableSourceError: none does, or the file cannot be opened.
            IsolationUnavailableError: this kernel cannot confine the reader.
        """
        order = Order(file_name=path.name, source=None, cursor=None)
        found = [frame for frame in self._frames(path, order) if isinstance(frame, Known)]
        if len(found) != 1:
            raise UnreadableSourceError("the reader did not say what the file is")
        return found[0]

    def read(self, path: Path, source_name: str, cursor: str | None) -> Iterator[Portion]:
        """Yield the file's content from after `cursor`.

        Raises:
            UnreadableSourceError: broken, too slow or too large; what was yielded stands.
            IsolationUnavailableError: this kernel cannot confine the reader.
        """
        order = Order(file_name=path.name, source=source_name, cursor=cursor)
        for frame in self._frames(path, order):
            if not isinstance(frame, Portion):
                raise UnreadableSourceError("the reader said what nobody asked")
            yield frame

    def _frames(self, path: Path, order: Order) -> Iterator[Frame]:
        """Yield the frames of one worker up to its last, which is taken here.

        Raises:
            UnreadableSourceError: the worker said so, or failed in any way.
        """
        file = _open(path)
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._send(order, file, theirs.fileno())
            yield from _until_end(ours, self._patience)
        finally:
            os.close(file)
            ours.close()
            self._stop_worker()

    def _send(self, order: Order, file: int, answer: int) -> None:
        body = msgspec.msgpack.encode(order)
        try:
            socket.send_fds(self._ready(), [body], [file, answer])
        except OSError:  # the server is gone; a new one is as good
            self.close()
            socket.send_fds(self._ready(), [body], [file, answer])

    def _stop_worker(self) -> None:
        """End the worker, should it still run; the server stays."""
        if self._orders is not None:
            try:
                self._orders.send(b"\x00")
            except OSError:
                self.close()

    def _ready(self) -> socket.socket:
        """Return the socket to the server, which is started if there is none."""
        if self._orders is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._server = subprocess.Popen(  # noqa: S603  reason: our own interpreter and module
                    [sys.executable, "-I", "-m", __name__],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={},
                    cwd="/",
                    start_new_session=True,  # Ctrl-C reaches the importer, which ends this
                )
            self._orders = ours
        return self._orders


def _open(path: Path) -> int:
    """Open a regular file; a pipe or device is never waited for.

    Raises:
        UnreadableSourceError: it is no file, or cannot be opened.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as err:
        raise UnreadableSourceError("the file cannot be opened") from err
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise UnreadableSourceError("not a file but a folder, a pipe or a device")
    return file


def _until_end(answers: socket.socket, patience: float) -> Iterator[Frame]:
    """Yield frames until the worker says that it is done.

    Raises:
        UnreadableSourceError: the worker said so, died, hung, or sent what is no frame.
        IsolationUnavailableError: the worker got no jail.
    """
    deframer = Deframer()
    until = time.monotonic() + patience
    while True:
        data = _receive(answers, until)
        try:
            for frame in deframer.feed(data):
                match frame:
                    case Finished():
                        return
                    case Broken(detail):
                        raise UnreadableSourceError(detail)
                    case Unconfined():
                        raise IsolationUnavailableError("the reader cannot be confined here")
                    case _:
                        yield frame
                until = time.monotonic() + patience
        except InvalidEncodingError as err:  # THREAT T21: a captured worker is believed nothing
            raise UnreadableSourceError("the reader broke on this file") from err


def _receive(answers: socket.socket, until: float) -> bytes:
    """Return the next bytes of the worker.

    Raises:
        UnreadableSourceError: it died or hung.
    """
    try:
        answers.settimeout(max(0.001, until - time.monotonic()))
        data = answers.recv(_CHUNK)
    except TimeoutError as err:  # THREAT T21: a hang costs its file, not the import
        raise UnreadableSourceError("the reader gave no sign of life and was stopped") from err
    except OSError as err:
        raise UnreadableSourceError("the reader broke on this file") from err
    if not data:  # THREAT T21: so does a crash
        raise UnreadableSourceError("the reader broke on this file")
    return data


if __name__ == "__main__":
    serve(socket.socket(fileno=os.dup(0)))
