"""The vault's side of an engine: starts it, tells it what to read, and takes what comes for data.

- An engine has an empty environment, and one socket: to here. It is killed when it is let go of.
- One that crashes, hangs or sends what is no answer costs what was asked of it, with an error.

Source: docs/spec/38-in-place.md section 2.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

import msgspec

from sealhold.compute.engine.orders import (
    HEAD,
    LARGEST,
    Answer,
    Begin,
    Done,
    Failed,
    Looked,
    Order,
    Said,
    answers,
    packed,
)
from sealhold.model.errors import (
    InvalidQueryError,
    IsolationUnavailableError,
    LoginNeededError,
    SealholdError,
    SourceAwayError,
    SourceChangedError,
    UnreadableSourceError,
)

PATIENCE = 330.0  # seconds without an answer: more than a server's statement may take
_WORKER = "sealhold.compute.engine.worker"
_LAST = (Looked, Done, Answer)  # what ends an answer
_WORDS = 300  # characters of an error that are believed


class UnfitError(Exception):
    """The engine cannot answer as the vault itself would: it is asked in the ordinary way."""


class Engine:
    """One process for one place; it is started with the first order."""

    def __init__(self, begin: Begin, *, patience: float = PATIENCE) -> None:
        self._begin = begin
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._talk: socket.socket | None = None

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
        """End the process."""
        if self._talk is not None:
            self._talk.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._talk = self._process = None

    def ask(self, order: Order, patience: float | None = None) -> Iterator[Said]:
        """Yield what the engine says to an order.

        Raises:
            SourceAwayError: the place cannot be reached.
            LoginNeededError: it refuses the account.
            SourceChangedError: there is something else than what was accepted.
            UnreadableSourceError: the engine broke on it.
            InvalidQueryError: a query took too long or too much memory.
            UnfitError: it cannot be answered there.
            IsolationUnavailableError: an engine cannot be confined here.
        """
        try:
            if self._talk is None:
                self._start()
            self._send(order)
            while True:
                said = _told(self._next(patience or self._patience))
                if not isinstance(said, Done):
                    yield said
                if isinstance(said, _LAST):
                    return
        except UnfitError:
            raise
        except BaseException:  # whoever stops in the middle leaves nothing half said
            self.close()
            raise

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # reason: our own interpreter and module
                [sys.executable, "-I", "-m", _WORKER],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                start_new_session=True,
            )
        self._talk = ours
        self._send(self._begin)
        _told(self._next(self._patience))

    def _send(self, order: Order) -> None:
        assert self._talk is not None  # noqa: S101  # reason: started before
        with suppress(OSError):  # it died: what it sent before, or its silence, says so
            self._talk.sendall(packed(order))

    def _next(self, patience: float) -> Said:
        until = time.monotonic() + patience
        length = int.from_bytes(self._exactly(HEAD, until), "big")
        # THREAT T405: an engine that was taken over can lie about its table, and no more
        if length > LARGEST:
            raise UnreadableSourceError("the engine broke on it")
        try:
            said: Said = answers.decode(self._exactly(length, until))
        except (msgspec.MsgspecError, ValueError) as err:
            raise UnreadableSourceError("the engine broke on it") from err
        return said

    def _exactly(self, count: int, until: float) -> bytes:
        assert self._talk is not None  # noqa: S101  # reason: started before
        data = bytearray()
        while len(data) < count:
            try:
                self._talk.settimeout(max(0.001, until - time.monotonic()))
                more = self._talk.recv(count - len(data))
            except OSError as err:
                raise UnreadableSourceError("the engine gave no sign of life") from err
            if not more:
                raise UnreadableSourceError("the engine broke on it")
            data += more
        return bytes(data)


def memory_of(name: str) -> int:
    """Return a file in memory, for as long as its descriptor is open."""
    return os.memfd_create(name, os.MFD_CLOEXEC)


def _told(said: Said) -> Said:
    if isinstance(said, Failed):
        raise _meaning(said)
    return said


def _meaning(said: Failed) -> SealholdError | UnfitError:
    words = "".join(one if one.isprintable() else "?" for one in said.words[:_WORDS])
    match said.why:
        case "away":
            return SourceAwayError(words)
        case "login":
            return LoginNeededError(words)
        case "changed":
            return SourceChangedError(words)
        case "stopped":
            return InvalidQueryError(words)
        case "unconfined":
            return IsolationUnavailableError(words)
        case _:
            return UnfitError(words)
