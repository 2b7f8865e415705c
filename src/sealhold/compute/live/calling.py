"""The vault's side: starts the process that speaks to a server, and believes it little.

- A fresh interpreter without environment, with one socket and nothing else inherited. What opens
  the account goes over that socket, never to an argument, a file or a log.
- Each piece lies in memory that has no name. Frames, pieces, their number of names, the wait for
  a frame and the whole time are bounded: a hostile server costs its own pull.

Source: docs/spec/37-live.md section 3.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import Final, NoReturn, Self

import msgspec

from sealhold.compute.live.saying import (
    HEAD,
    LONGEST_NAME,
    MAX_FRAME,
    MAX_GONE,
    MAX_WAIT,
    Done,
    Ended,
    Failed,
    Frame,
    Order,
    Part,
    Shown,
    Up,
)
from sealhold.connectors.pulling import Piece
from sealhold.model.errors import (
    InvalidError,
    LoginNeededError,
    SealholdError,
    SourceAwayError,
    SourceChangedError,
    UnreadableSourceError,
)

PATIENCE: Final = 300.0  # seconds without a whole frame
TOTAL: Final = 1_800.0  # seconds of one pull; the next goes on where it stopped
MAX_PIECE: Final = 100_663_296  # bytes; the largest mail has 64 MiB
_CHUNK: Final = 1_048_576

WORDS: Final[Mapping[str, tuple[type[SealholdError], str]]] = {
    "name": (SourceAwayError, "the name of the server is not known"),
    "away": (SourceAwayError, "the server cannot be reached"),
    "slow": (SourceAwayError, "the server took too long"),
    "cut": (SourceAwayError, "the server broke off, or what it said is no answer"),
    "busy": (SourceAwayError, "the server asks to come back later"),
    "absent": (SourceAwayError, "the server has nothing at this address"),
    "status": (SourceAwayError, "the server does not give it out"),
    "certificate": (
        SourceAwayError,
        "the server has no certificate for its name that is trusted here",
    ),
    "starttls": (SourceAwayError, "the server does not encrypt, so nothing was said to it"),
    "redirect": (SourceAwayError, "the server points to another server, which is not followed"),
    "private": (
        InvalidError,
        "the name leads to an address that is not public; is it meant: `--with private=yes`",
    ),
    "plain": (InvalidError, "without TLS only an address within your home is read"),
    "secret": (InvalidError, "without TLS no password is said to another machine"),
    "roots": (InvalidError, "the file of `trust` holds no certificate"),
    "folder": (InvalidError, "there is no folder called"),
    "login": (LoginNeededError, "the server refuses the account"),
    "tokenless": (InvalidError, "the server lets nobody in by a token: leave `auth` out"),
    "size": (UnreadableSourceError, "the server sends more than is read at once"),
    "form": (UnreadableSourceError, "what the server gives is not of this kind"),
    "rows": (SourceChangedError, "there is no list of rows any more"),
    "lacks": (SourceChangedError, "every row lacks what all had"),
    "types": (SourceChangedError, "the rows hold values of another type in"),
}


def check(order: Order) -> Shown:
    """Return what is found where an order leads.

    Raises:
        SealholdError: one of those of `WORDS`.
    """
    with _Call(order) as call:
        frame = call.next()
        if not isinstance(frame, Shown):
            _stop("cut")
        return frame


def pull(order: Order, known: tuple[str, str]) -> Iterator[Piece]:
    """Yield what a server gives; a piece is readable until the next is asked for.

    Args:
        order: what to ask for.
        known: the connector that reads it, and its version.

    Raises:
        SealholdError: one of those of `WORDS`.
    """
    with _Call(order) as call:
        while (piece := call.piece(known)) is not None:
            yield piece


class _Call:
    """One process, as long as it is heard."""

    def __init__(self, order: Order) -> None:
        self._ends = monotonic() + TOTAL
        self._handle = os.memfd_create("piece", os.MFD_CLOEXEC)
        self._link, theirs = socket.socketpair()
        with theirs:
            # THREAT T400: nothing is inherited but the one socket: no key, no file, no variable
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", "sealhold.compute.live.answering"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                start_new_session=True,
            )
        self._link.settimeout(PATIENCE)
        try:
            Up(self._link).send(order)
        except OSError:
            self.__exit__()
            _stop("cut")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()
        self._process.kill()
        self._process.wait()
        os.close(self._handle)

    def piece(self, known: tuple[str, str]) -> Piece | None:
        """Return the next piece, None behind the last."""
        os.lseek(self._handle, 0, os.SEEK_SET)
        os.ftruncate(self._handle, 0)
        size = 0
        while True:
            match self.next():
                case Part(data):
                    size += len(data)
                    if size > MAX_PIECE:  # THREAT T400: what is too large costs its pull
                        _stop("size")
                    os.write(self._handle, data)
                case Ended(name, cursor, gone, complete):
                    return Piece(
                        path=Path(f"/proc/self/fd/{self._handle}"),
                        name=name[:LONGEST_NAME],
                        known=known,
                        cursor=cursor,
                        gone=tuple(gone[:MAX_GONE]),
                        complete=complete,
                        is_empty=not size,
                    )
                case Done():
                    return None
                case _:
                    _stop("cut")

    def next(self) -> Frame:
        """Return the next frame."""
        length = int.from_bytes(self._take(HEAD), "big")
        if length > MAX_FRAME:  # THREAT T400: nor can a process that was taken over send more
            _stop("cut")
        try:
            frame: Frame = _DECODER.decode(self._take(length))
        except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
            _stop("cut")
        if isinstance(frame, Failed):
            _stop(frame.word if frame.word in WORDS else "cut", frame.names, frame.wait)
        return frame

    def _take(self, count: int) -> bytes:
        data, patience = bytearray(), monotonic() + PATIENCE
        while len(data) < count:
            # THREAT T400: a server that drips gets one total time, like any other
            left = min(patience, self._ends) - monotonic()
            if left <= 0:
                _stop("slow")
            self._link.settimeout(left)
            try:
                more = self._link.recv(min(count - len(data), _CHUNK))
            except TimeoutError:
                _stop("slow")
            except OSError:
                _stop("cut")
            if not more:
                _stop("cut")
            data += more
        return bytes(data)


_DECODER: Final = msgspec.msgpack.Decoder(Frame)


def _stop(word: str, names: list[str] | tuple[()] = (), wait: int = 0) -> NoReturn:
    kind, sentence = WORDS[word]
    told = ", ".join(f"`{each[:LONGEST_NAME]}`" for each in names[:5])
    told = f"{sentence}: {told}" if told else sentence
    if kind is SourceAwayError:
        # THREAT T400: a server puts its own pull off, and not for ever
        raise SourceAwayError(told, wait_s=max(0, min(wait, MAX_WAIT)))
    raise kind(told)
