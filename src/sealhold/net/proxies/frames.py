"""The frames between two proxies: one letter, four bytes of length, and the body.

    q  a statement          c  its columns        r  some of its rows
    e  why there is none    d  the receipt, with which the answer is done

- A frame has 1 MiB at most. Each has its time, so nobody who drips holds a place for long.

Source: docs/spec/67-proxy-to-proxy.md section 4.
"""

import struct
from typing import Final

from sealhold.model.errors import PeerAwayError, WireError
from sealhold.net.relay.link import BrokenOffError, Link, seconds_of

MAX_FRAME: Final = 2**20  # bytes of a body
ASK, COLUMNS, ROWS, ERROR, DONE = b"q", b"c", b"r", b"e", b"d"
KINDS: Final = ASK + COLUMNS + ROWS + ERROR + DONE
_head = struct.Struct(">cI")
_AHEAD: Final = 120.0  # seconds until an answer begins, or goes on


def send(link: Link, kind: bytes, body: bytes) -> None:
    """Send one frame.

    Raises:
        WireError: it is too long.
        BrokenOffError: the other end is away, or takes it too slowly.
    """
    if len(body) > MAX_FRAME:
        raise WireError("a frame of more than 1 MiB")
    link.send(_head.pack(kind, len(body)), body, seconds_of(len(body)))


def read(link: Link, wait: float, most: int = MAX_FRAME) -> tuple[bytes, bytes]:
    """Return kind and body of the next frame.

    Args:
        link: the connection.
        wait: seconds until it begins.
        most: bytes of its body.

    Raises:
        WireError: it is none, or too long.
        BrokenOffError: the other end is away, or too slow.
    """
    kind, length = _head.unpack(bytes(link.read(_head.size, wait)))
    # THREAT T761: nothing is put by for a length that somebody says
    if kind not in KINDS or length > most:
        raise WireError("no frame between proxies, or one that is too long")
    return kind, bytes(link.read(length, seconds_of(length)))


def asked(link: Link, wait: float, most: int) -> bytes:
    """Return what is asked next, of at most `most` bytes; it begins within `wait` seconds.

    Raises:
        WireError: it is no statement, or too long.
        BrokenOffError: the other end is away, or too slow.
    """
    kind, body = read(link, wait, most)
    if kind != ASK:
        raise WireError("a frame that no asker sends")
    return body


def answered(link: Link) -> tuple[bytes, bytes]:
    """Return the next frame of an answer.

    Raises:
        PeerAwayError: there is none, or it is no frame.
    """
    try:
        return read(link, _AHEAD)
    except (BrokenOffError, WireError) as err:
        raise PeerAwayError("the other proxy broke off before its answer was whole") from err
