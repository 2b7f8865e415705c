"""HTTP/1.1 as a relay speaks it: one strict form of a request, read within limits.

- A head of at most 8 KiB, each header once, a body of a told length: no transfer coding, no
  continuation line, no second meaning, so nothing can be smuggled past whoever stands in front.
- The body is read when a door asks for it, so what is refused is refused before it is read.
- Each part has its time; a client that drips gets no more of it than any other.

Source: docs/spec/14-relay.md section 5; RFC 9112.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import parse_qsl

from sealhold.net.relay.link import Link, TooLongError, seconds_of

MAX_HEADERS: Final = 32
HEAD_SECONDS: Final = 15.0  # from its first byte to its end
IDLE_SECONDS: Final = 90.0  # between two requests, the first of which was let in
NO: Final = 400  # from this status on

REASONS: Final[Mapping[int, str]] = {
    200: "OK",
    201: "Created",
    206: "Partial Content",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    410: "Gone",
    412: "Precondition Failed",
    413: "Content Too Large",
    416: "Range Not Satisfiable",
    428: "Precondition Required",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
    507: "Insufficient Storage",
}

_LINE = re.compile(r"(GET|HEAD|PUT|POST|DELETE) (/[!-~]{0,2000}) HTTP/1\.1")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}):[ \t]*([ -~]*?)[ \t]*")
_GOES_ON, _CLOSES = "", "Connection: close\r\n"
_LENGTH = re.compile(r"0|[1-9][0-9]{0,8}")


class RefusedError(Exception):
    """A request is refused, with a status and nothing else."""

    def __init__(self, status: int) -> None:
        super().__init__(REASONS[status])
        self.status = status


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    length: int  # bytes of the body


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a request."""

    status: int
    body: bytes = b""
    length: int | None = None  # of what HEAD tells of, and does not send
    headers: str = ""  # lines that a browser needs, each with its end
    lets_in: bool = True  # if it is a yes, whoever asked may stay idle


class Body(Protocol):
    """The body of a request, which is read when it is called for."""

    def __call__(self, most: int) -> bytes | bytearray:
        """Return it.

        Raises:
            RefusedError: it is longer than `most`, or there is no room for it now.
            BrokenOffError: it broke off or took too long.
        """
        ...

    def room(self) -> None:
        """Take room in memory for a long answer; whoever calls has checked who asks.

        Raises:
            RefusedError: there is none now.
        """
        ...


@dataclass(slots=True, eq=False)
class Wire:
    """One connection, as the relay reads it."""

    link: Link
    _is_welcome: bool = False  # its last request was answered with a yes
    _left: int = 0  # bytes of a body that nobody read

    def head(self) -> Head | None:
        """Return the next request, or None if the other end has none any more.

        Raises:
            RefusedError: what came is no request.
            BrokenOffError: it broke off or took too long.
        """
        try:
            # THREAT T447: only who was let in may stay idle for long
            idle = IDLE_SECONDS if self._is_welcome else HEAD_SECONDS
            told = self.link.head(idle, HEAD_SECONDS)
        except TooLongError as err:
            raise RefusedError(400) from err
        if told is None:
            return None
        head = parse(told)
        self._left = head.length
        return head

    def body(self, most: int) -> bytes | bytearray:
        """Return the body of the request.

        Raises:
            RefusedError: it is longer than `most`.
            BrokenOffError: it broke off or took too long.
        """
        if self._left > most:
            raise RefusedError(413)
        data = self.link.read(self._left, seconds_of(self._left))
        self._left = 0
        return data

    def say(self, answer: Answer, *, is_last: bool) -> bool:
        """Send an answer and return whether the connection can go on.

        Raises:
            BrokenOffError: the other end is away.
        """
        self._is_welcome = answer.status < NO and answer.lets_in
        goes_on = not is_last and not self._left  # a body that was not read ends the connection
        length = len(answer.body) if answer.length is None else answer.length
        told = (
            f"HTTP/1.1 {answer.status} {REASONS[answer.status]}\r\n"
            f"Content-Length: {length}\r\n{answer.headers}{_GOES_ON if goes_on else _CLOSES}\r\n"
        )
        self.link.send(told.encode("ascii"), answer.body, seconds_of(len(answer.body)))
        return goes_on


def parse(told: bytes) -> Head:
    """Return what the bytes of a head, without its last empty line, ask for.

    Raises:
        RefusedError: they are no head of the one form.
    """
    try:
        first, *lines = told.decode("ascii").split("\r\n")
        line = _LINE.fullmatch(first)
        # THREAT T448: each header once and in one form; two lengths, or a coding, are no request
        pairs = [_HEADER.fullmatch(each) for each in lines]
        if line is None or None in pairs or len(pairs) > MAX_HEADERS:
            raise RefusedError(400)
        headers = {each[1].lower(): each[2] for each in pairs if each is not None}
        path, _, query = line[2].partition("?")
        asked = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except (UnicodeDecodeError, ValueError) as err:
        raise RefusedError(400) from err
    length = headers.get("content-length", "0")
    if (
        len(headers) != len(pairs)
        or len(dict(asked)) != len(asked)
        or headers.keys() & {"transfer-encoding", "expect", "upgrade"}
        or "host" not in headers
        or not _LENGTH.fullmatch(length)
    ):
        raise RefusedError(400)
    return Head(line[1], path, dict(asked), headers, int(length))
