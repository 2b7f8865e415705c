"""Frames between the Core and a broker: a length of 4 bytes, then one CBOR value.

- To the broker goes any plain value; from it comes one bare scalar: null, an integer of 64 bits,
  or a short text. The Core decodes these three itself: no tag, map, array or float of a broken
  broker ever meets a general decoder.
- A frame that is longer than allowed, cut off, late or of another form ends the conversation.

Source: docs/spec/19-confinement.md section 5.
"""

import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import monotonic

from sealhold.model.encoding import Plain, pack
from sealhold.model.errors import BrokerLostError

PLACES = 4  # brokers at once under one keeper, at most
MAX_FRAME = 8_388_608  # bytes; one object is at most 1 MiB, and resources travel once
MAX_SCALAR = 2048  # bytes; the longest is the text of a static error, 300 letters
HEADER = 4
MEMBERS = 2  # bytes: before a partition, how many answers are due, also if it was too large to go
_PORTION = 65_536  # bytes taken from the socket at once
# What a broker says of itself first; the Core knows no other beginning.
UNJAILED, JAILED, JAILED_ALONE = 0, 1, 2  # the last: in namespaces of its own, too

_UNSIGNED, _NEGATIVE, _TEXT = 0, 1, 3  # CBOR major types
_NULL = b"\xf6"
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}
_LARGEST_INT = 2**63


class Channel:
    """One end of the socket; blocking."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._taken = bytearray()

    def send(self, payloads: Iterable[bytes], seconds: float | None = None) -> None:
        """Send each payload as one frame.

        Raises:
            BrokerLostError: the other end is gone, or did not read in time.
        """
        data = b"".join(map(framed, payloads))
        self._end.settimeout(seconds)
        try:
            self._end.sendall(data)
        except OSError as err:
            raise BrokerLostError("the broker does not read") from err

    def receive(self, most: int, seconds: float | None = None) -> bytes:
        """Return the payload of the next frame, of at most `most` bytes, within `seconds`.

        Raises:
            BrokerLostError: no whole frame came in time, or a longer one began.
        """
        ends = None if seconds is None else monotonic() + seconds
        length = int.from_bytes(self._take(HEADER, ends), "big")
        if length > most:
            raise BrokerLostError("a frame is too long")
        return self._take(length, ends)

    def close(self) -> None:
        """Close this end; the other reads that it is over."""
        self._end.close()

    def _take(self, count: int, ends: float | None) -> bytes:
        while len(self._taken) < count:
            if ends is not None:
                # A broker that drips bytes must not stretch the time it was given.
                self._end.settimeout(max(ends - monotonic(), 1e-6))
            try:
                part = self._end.recv(max(count - len(self._taken), _PORTION))
            except OSError as err:
                raise BrokerLostError("no answer in time") from err
            if not part:
                raise BrokerLostError("the broker ended")
            self._taken += part
        taken = bytes(self._taken[:count])
        del self._taken[:count]
        return taken


def framed(payload: bytes) -> bytes:
    """Return `payload` with its length before it."""
    return len(payload).to_bytes(HEADER, "big") + payload


def unframed(taken: bytearray, most: int) -> Iterator[bytes]:
    """Take each whole frame from the front of `taken`, and yield its payload.

    Raises:
        BrokerLostError: a frame of more than `most` bytes begins.
    """
    while len(taken) >= HEADER:
        length = int.from_bytes(taken[:HEADER], "big")
        if length > most:
            raise BrokerLostError("a frame is too long")
        if len(taken) < HEADER + length:
            return
        payload = bytes(taken[HEADER : HEADER + length])
        del taken[: HEADER + length]
        yield payload


def object_payload(obj: Mapping[str, Plain]) -> bytes:
    """Return the payload of one object; one that is too large goes empty, and is a fault."""
    payload = pack(dict(obj))
    return payload if len(payload) <= MAX_FRAME else b""


def partition_payload(members: Sequence[Mapping[str, Plain]]) -> bytes:
    """Return the payload of one partition: how many it holds, and they, if not too large."""
    count = len(members).to_bytes(MEMBERS, "big")
    payload = pack([dict(each) for each in members])
    return count + (payload if MEMBERS + len(payload) <= MAX_FRAME else b"")


def scalar(value: int | str | None) -> bytes:
    """Return the payload of one answer."""
    return pack(value)


def read_scalar(payload: bytes) -> int | str | None:
    """Return the integer, text or null that `payload` is, byte for byte in its one form.

    Raises:
        BrokerLostError: it is anything else.
    """
    # THREAT T34: what a broken broker sends is read here and nowhere else.
    if payload == _NULL:
        return None
    if not payload:
        raise BrokerLostError("an empty answer")
    major, short = payload[0] >> 5, payload[0] & 0x1F
    width = 0 if short < min(_WIDTHS) else _WIDTHS.get(short, -1)
    if width < 0 or major not in {_UNSIGNED, _NEGATIVE, _TEXT} or len(payload) < 1 + width:
        raise BrokerLostError("an answer of no known form")
    count = int.from_bytes(payload[1 : 1 + width], "big") if width else short
    value: int | str
    if major == _TEXT:
        value = payload[1 + width :].decode("utf-8", "replace")
    elif count < _LARGEST_INT:
        value = count if major == _UNSIGNED else -1 - count
    else:
        raise BrokerLostError("an integer beyond 64 bits")
    if pack(value) != payload:
        raise BrokerLostError("an answer not in its one form")
    return value
