"""The jailed reader: hostile files are parsed in a process that has nothing to lose.

- One server process per import loads the connectors; for each file it forks a worker, which gets
  the open file and one end of a socket pair, puts itself into the jail, and only then reads.
- The worker that told what a file is reads it, too: the very bytes that were looked at.
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
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from sealhold.compute.readerworker import Order, installed, serve, write_order
from sealhold.connectors.frames import (
    Broken,
    Deframer,
    Finished,
    Frame,
    Known,
    Members,
    Portion,
    Unconfined,
)
from sealhold.connectors.members import archive_of, member_of
from sealhold.model.errors import (
    InvalidEncodingError,
    IsolationUnavailableError,
    UnreadableSourceError,
)

PATIENCE = 300.0  # seconds without a whole frame, then the worker is given up
_CHUNK = 1_048_576  # bytes taken from the socket at once
_GOODBYE = 5.0  # seconds that the server has to end

Launch = Callable[[socket.socket], Callable[[], None]]
"""Starts a server on its end of the orders; returns what waits for its end."""


def spawn(orders: socket.socket) -> Callable[[], None]:
    """Start the server with the installed sources, as a fresh interpreter without environment."""
    server = subprocess.Popen(  # noqa: S603  reason: our own interpreter and module
        [sys.executable, "-I", "-m", __name__],
        stdin=orders.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        start_new_session=True,  # Ctrl-C reaches the importer, which ends this
    )

    def wait() -> None:
        try:
            server.wait(_GOODBYE)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    return wait


class ReaderCell:
    """A `Reader` whose parsers run in the jail; one import per cell, one file at a time."""

    def __init__(self, *, patience: float = PATIENCE, launch: Launch = spawn) -> None:
        self._patience = patience
        self._launch = launch
        self._orders: socket.socket | None = None
        self._wait: Callable[[], None] | None = None
        self._talk: _Talk | None = None

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
        self._hang_up()
        if self._orders is not None:
            self._orders.close()  # the server ends its worker and itself when this is gone
        if self._wait is not None:
            self._wait()
        self._orders = self._wait = None

    def members(self, path: Path) -> Members:
        """Return what an archive holds.

        Raises:
            UnreadableSourceError: it cannot be opened, is broken, or leads out of itself.
            IsolationUnavailableError: this kernel cannot confine the reader.
        """
        order = Order(file_name=path.name, source=None, cursor=None, member="")
        found = [f for f in self._asked(path, order) if isinstance(f, Members)]
        if len(found) != 1:
            self._hang_up()
            raise UnreadableSourceError("the reader did not say what is in the archive")
        return found[0]

    def detect(self, path: Path) -> Known:
        """Return which source reads the file.

        Raises:
            UnreadableSourceError: none does, or the file cannot be opened.
            IsolationUnavailableError: this kernel cannot confine the reader.
        """
        order = Order(
            file_name=archive_of(path).name, source=None, cursor=None, member=member_of(path)
        )
        found = [frame for frame in self._asked(path, order) if isinstance(frame, Known)]
        if len(found) != 1:
            self._hang_up()
            raise UnreadableSourceError("the reader did not say what the file is")
        return found[0]

    def _asked(self, path: Path, order: Order) -> list[Frame]:
        """Return the answers of a new worker, or of the one that has the same archive open.

        Raises:
            UnreadableSourceError: the worker says so, died or hung.
        """
        talk = self._talk
        if talk is None or order.member is None or talk.path != archive_of(path):
            talk = self._call(path)
        try:
            return list(talk.ask(order))
        except UnreadableSourceError:
            if order.member is None or talk.is_over:
                self._hang_up()
            raise
        except BaseException:
            self._hang_up()
            raise

    def read(self, path: Path, source_name: str, cursor: str | None) -> Iterator[Portion]:
        """Yield the file's content from after `cursor`.

        Raises:
            UnreadableSourceError: broken, too slow or too large; what was yielded stands.
            IsolationUnavailableError: this kernel cannot confine the reader.
        """
        talk = self._talk
        if talk is None or talk.path != archive_of(path):
            talk = self._call(path)
        member, is_whole = member_of(path), False
        order = Order(
            file_name=archive_of(path).name, source=source_name, cursor=cursor, member=member
        )
        try:
            for frame in talk.ask(order):
                if not isinstance(frame, Portion):
                    raise UnreadableSourceError("the reader said what nobody asked")
                yield frame
            is_whole = True
        finally:
            # the worker of an archive goes on with its next member; one that broke off does not
            if self._talk is talk and not (is_whole and member):
                self._hang_up()

    def _call(self, path: Path) -> "_Talk":
        """Give a new worker the open file; the worker before it ends."""
        self._hang_up()
        file = _open(archive_of(path))
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._send(file, theirs.fileno())
        except BaseException:
            ours.close()
            raise
        finally:
            os.close(file)
        self._talk = _Talk(archive_of(path), ours, self._patience)
        return self._talk

    def _hang_up(self) -> None:
        """End the worker, should there be one; the server stays."""
        if self._talk is None:
            return
        self._talk.close()
        self._talk = None
        if self._orders is not None:
            try:
                self._orders.send(b"stop")
            except OSError:  # the server died; the next file starts another
                self._orders.close()
                self._orders = None

    def _send(self, file: int, answers: int) -> None:
        try:
            socket.send_fds(self._ready(), [b"read"], [file, answers])
        except OSError:  # the server died between two files; a new one is as good
            self.close()
            socket.send_fds(self._ready(), [b"read"], [file, answers])

    def _ready(self) -> socket.socket:
        """Return the socket to the server, which is started if there is none."""
        if self._orders is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._wait = self._launch(theirs)
            self._orders = ours
        return self._orders


class _Talk:
    """What is said with one worker about one file."""

    def __init__(self, path: Path, answers: socket.socket, patience: float) -> None:
        self.path = path
        self._answers = answers
        self._patience = patience
        self._deframer = Deframer()
        self.is_over = False  # it died or hung, or is not believed any more

    def close(self) -> None:
        self._answers.close()

    def ask(self, order: Order) -> Iterator[Frame]:
        """Yield the worker's frames up to its last, which is taken here.

        Raises:
            UnreadableSourceError: the worker said so, died, hung, or sent what is no frame.
            IsolationUnavailableError: the worker got no jail.
        """
        until = time.monotonic() + self._patience
        with suppress(OSError):  # it died or had no jail: what it sent before says which
            self._answers.sendall(write_order(order))
        while True:
            data = self._receive(until)
            try:
                for frame in self._deframer.feed(data):
                    match frame:
                        case Finished():
                            return
                        case Broken(detail):
                            raise UnreadableSourceError(detail)
                        case Unconfined():
                            raise IsolationUnavailableError("the reader cannot be confined here")
                        case _:
                            yield frame
                    until = time.monotonic() + self._patience
            except InvalidEncodingError as err:  # THREAT T21: a captured worker is not believed
                self.is_over = True
                raise UnreadableSourceError("the reader broke on this file") from err

    def _receive(self, until: float) -> bytes:
        """Return the next bytes of the worker.

        Raises:
            UnreadableSourceError: it died or hung.
        """
        try:
            self.is_over = True
            self._answers.settimeout(max(0.001, until - time.monotonic()))
            data = self._answers.recv(_CHUNK)
        except TimeoutError as err:  # THREAT T21: a hang costs its file, not the import
            raise UnreadableSourceError("the reader gave no sign of life and was stopped") from err
        except OSError as err:
            raise UnreadableSourceError("the reader broke on this file") from err
        if not data:  # THREAT T21: so does a crash
            raise UnreadableSourceError("the reader broke on this file")
        self.is_over = False
        return data


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


if __name__ == "__main__":
    serve(socket.socket(fileno=os.dup(0)), installed())
    os._exit(0)  # at once: whoever imports waits for it, and there is nothing to put away
