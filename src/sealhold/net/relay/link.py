"""One connection on which heads and bodies of HTTP/1.1 pass, each within its bytes and its time.

- A body is read straight into its place; nobody who drips gets more time than any other.

Source: docs/spec/14-relay.md section 5; RFC 9112.
"""

import socket
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

MAX_HEAD: Final = 8_192  # bytes; one of ours has about 300
PORTION: Final = 65_536  # bytes read at once of a head, and sent with one
SLOWEST: Final = 65_536  # bytes a second, and
AT_LEAST: Final = 30.0  # seconds beside: 158 for 8 MiB
STILL: Final = 30.0  # seconds in which nothing of a body passes, and the other end is away


def seconds_of(length: int) -> float:
    """Return how long so many bytes may take, all together."""
    return AT_LEAST + length / SLOWEST


class BrokenOffError(Exception):
    """The other end went away, or was too slow."""


class TooLongError(Exception):
    """A head has no end."""


@dataclass(slots=True, eq=False)
class Link:
    """One end of a connection."""

    sock: socket.socket
    is_idle: bool = True  # nothing of the next head came yet
    _held: bytearray = field(default_factory=bytearray)

    def head(self, first: float, whole: float) -> bytes | None:
        """Return the next head without its empty line; None if the other end closed before it.

        Args:
            first: seconds until its first byte.
            whole: seconds from there to its end.

        Raises:
            TooLongError: it has over MAX_HEAD bytes.
            BrokenOffError: it broke off or took too long.
        """
        self.is_idle = not self._held
        until = monotonic() + (first if self.is_idle else whole)
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            # THREAT T448: a head has an end, in bytes and in time
            if len(self._held) > MAX_HEAD:
                raise TooLongError
            self._wait_until(until)
            try:
                more = self.sock.recv(PORTION)
            except OSError as err:
                raise BrokenOffError from err
            if not more and not self._held:
                return None
            if not more:
                raise BrokenOffError
            if self.is_idle:
                self.is_idle, until = False, monotonic() + whole
            self._held += more
        if end > MAX_HEAD:
            raise TooLongError
        told = bytes(self._held[:end])
        del self._held[: end + 4]
        return told

    def read(self, length: int, seconds: float) -> bytes | bytearray:
        """Return the next bytes; many as the very array they came in, since a copy takes as long.

        Raises:
            BrokenOffError: they broke off or took too long.
        """
        data = bytearray(length)
        filled = min(len(self._held), length)
        data[:filled] = self._held[:filled]
        del self._held[:filled]
        until = monotonic() + seconds
        with memoryview(data) as view:
            while filled < length:
                self._wait_until(min(until, monotonic() + STILL))
                try:
                    count = self.sock.recv_into(view[filled:])
                except OSError as err:
                    raise BrokenOffError from err
                if not count:
                    raise BrokenOffError
                filled += count
        return data if length > PORTION else bytes(data)

    def send(self, head: bytes, body: bytes, seconds: float) -> None:
        """Send a head and a body.

        Raises:
            BrokenOffError: the other end is away, or takes it too slowly.
        """
        until = monotonic() + seconds
        is_short = len(body) <= PORTION
        try:
            self._send(head + body if is_short else head, until)
            if not is_short:
                self._send(body, until)
        except OSError as err:
            raise BrokenOffError from err

    def _send(self, data: bytes, until: float) -> None:
        # THREAT T448: who takes an answer drop by drop gets no more time than any other
        with memoryview(data) as view:
            sent = 0
            while sent < len(view):
                self._wait_until(min(until, monotonic() + STILL))
                sent += self.sock.send(view[sent:])

    def close(self) -> None:
        """Let go of it; whoever reads from it meanwhile is told that it broke off."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def _wait_until(self, until: float) -> None:
        left = until - monotonic()
        if left <= 0:
            raise BrokenOffError
        self.sock.settimeout(left)
