"""Calls of a relay's HTTP API, as a device makes them: nothing said but what the call needs.

- No redirect is followed and no proxy asked; the address that the owner named is the only one.
- TLS 1.3 with the name checked, or no TLS on this machine alone: a token never goes in the clear.
- A call that may be repeated is, when a connection breaks; one that may not is sent once.
- What comes back is bounded before it is read, in bytes and in time.

Source: docs/spec/14-relay.md section 5.
"""

import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, cast
from urllib.parse import urlsplit

from sealhold.model.errors import (
    CarrierAwayError,
    CarrierFullError,
    CarrierRefusedError,
    ConflictError,
    InvalidError,
    InvalidSettingsError,
    ObjectNotFoundError,
)
from sealhold.net.dial import DialError, Server, dial
from sealhold.net.relay.link import BrokenOffError, Link, TooLongError, seconds_of

PATIENCE: Final = 30.0  # seconds for the head of an answer, and to connect
TRIES: Final = 3
PAUSES: Final = (0.0, 0.2, 1.0)  # seconds before each try
MOST: Final = 16_777_216  # bytes of an answer: a list of packs' names, or a run of entries
IDLE_KEPT: Final = 8  # connections for the next calls
FRESH: Final = 60.0  # seconds; the relay lets go of idle ones after 90

_STATUS = re.compile(r"HTTP/1\.1 ([1-5][0-9]{2}) [ -~]*")
_LENGTH = re.compile(r"0|[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayAddress:
    """Where a relay is."""

    host: str
    port: int
    is_plain: bool = False  # without TLS: on this machine alone
    private: bool = False  # in the home of its owner, who said so
    roots: str = ""  # PEM of the certificates to trust; empty: those of the system
    names: Mapping[str, list[str]] = field(default_factory=dict)  # instead of the resolver


def address_of(url: str, *, private: bool = False, roots: str = "") -> RelayAddress:
    """Return the address in `https://HOST[:PORT]`, or `http://` on this machine.

    Raises:
        InvalidSettingsError: it is none.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as err:
        raise InvalidSettingsError("the address of a relay is https://HOST:PORT") from err
    rest = (parts.username, parts.password, parts.path.strip("/"), parts.query, parts.fragment)
    if parts.scheme not in {"http", "https"} or not host or any(rest) or not url.isprintable():
        raise InvalidSettingsError("the address of a relay is https://HOST:PORT")
    is_plain = parts.scheme == "http"
    return RelayAddress(
        host=host,
        port=port or (80 if is_plain else 443),
        is_plain=is_plain,
        private=private or is_plain,
        roots=roots,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request."""

    method: str
    path: str
    token: str = field(default="", repr=False)
    body: bytes | None = None
    is_put_once: bool = False  # `If-None-Match: *`
    span: str = ""  # of a Range
    wait: float = 0.0  # seconds for which the relay may hold the answer back
    takes_array: bool = False  # the body may be the array that it came in: megabytes, once less
    is_repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    body: bytes
    length: int  # as told; of HEAD without a body


Connect = Callable[[RelayAddress, float], socket.socket]  # and how many seconds it may take


class Caller:
    """Calls one relay. Methods block; several threads may call at once."""

    def __init__(
        self,
        address: RelayAddress,
        *,
        patience: float = PATIENCE,
        pause: Callable[[float], None] = time.sleep,
        connect: Connect | None = None,
    ) -> None:
        """Take an address; nothing is connected to before the first call."""
        self._connect = connect or connected
        self._address = address
        self._patience = patience
        self._pause = pause
        self._idle: list[tuple[Link, float]] = []
        self._in_use: set[Link] = set()
        self._lock = Lock()
        self._is_closed = False

    def call(self, call: Call) -> Reply:
        """Return the answer to a call, whatever its status.

        Raises:
            CarrierAwayError: none came, or none in the form of the API; for a call that may not
                be repeated it is unknown whether it took effect.
        """
        asked = _written(call, self._address)
        for number in range(TRIES):
            if PAUSES[number]:
                self._pause(PAUSES[number])
            link = self._link()
            try:
                return self._exchange(link, asked, call)
            except (BrokenOffError, TooLongError) as err:
                self._drop(link)
                if not call.is_repeatable:
                    raise CarrierAwayError("the relay broke off") from err
        raise CarrierAwayError("the relay does not answer")

    def close(self) -> None:
        """Let go of all connections; a call under way ends as CarrierAwayError."""
        with self._lock:
            self._is_closed = True
            links = [*(link for link, _ in self._idle), *self._in_use]
            self._idle.clear()
        for link in links:
            link.close()

    def _exchange(self, link: Link, asked: bytes, call: Call) -> Reply:
        link.send(asked, call.body or b"", seconds_of(len(call.body or b"")))
        told = link.head(self._patience + call.wait, self._patience)
        if told is None:
            raise BrokenOffError
        status, length, closes = _answered(told)
        # THREAT T453: no more is read than an answer can have, and nothing at another address
        if length > MOST or status // 100 in {1, 3}:
            self._drop(link)
            raise CarrierAwayError("the relay answers in no form that is known")
        came = b"" if call.method == "HEAD" else link.read(length, seconds_of(length))
        body = cast("bytes", came) if call.takes_array else bytes(came)
        if closes:
            self._drop(link)
        else:
            self._keep(link)
        return Reply(status, body, length)

    def _link(self) -> Link:
        with self._lock:
            if self._is_closed:
                raise CarrierAwayError("this carrier is closed")
            while self._idle:
                link, since = self._idle.pop()
                if time.monotonic() - since < FRESH:
                    self._in_use.add(link)
                    return link
                link.close()
        link = Link(self._connect(self._address, self._patience))
        with self._lock:
            if self._is_closed:
                link.close()
                raise CarrierAwayError("this carrier is closed")
            self._in_use.add(link)
        return link

    def _keep(self, link: Link) -> None:
        with self._lock:
            self._in_use.discard(link)
            if not self._is_closed and len(self._idle) < IDLE_KEPT:
                self._idle.append((link, time.monotonic()))
                return
        link.close()

    def _drop(self, link: Link) -> None:
        with self._lock:
            self._in_use.discard(link)
        link.close()


def connected(address: RelayAddress, patience: float) -> socket.socket:
    """Return a connection to a relay.

    Raises:
        CarrierAwayError: there is none, or none that a token may be sent on.
    """
    try:
        dialled = dial(
            Server(
                host=address.host,
                port=address.port,
                tls="none" if address.is_plain else "tls",
                private=address.private,
                roots=address.roots,
                idle=patience,
                least=ssl.TLSVersion.TLSv1_3,
                names=dict(address.names),
            )
        )
    except DialError as err:
        raise CarrierAwayError(f"the relay cannot be reached ({err.reason})") from err
    # THREAT T451: a token never leaves this machine in the clear
    if address.is_plain and not dialled.is_here:
        dialled.sock.close()
        raise CarrierAwayError("a relay on another machine is reached by https alone")
    return dialled.sock


def checked(reply: Reply, what: str) -> Reply:
    """Return an answer that says yes; `what` names what was asked for.

    Raises:
        CarrierRefusedError: this token or signature is none for that.
        CarrierFullError: there is no room.
        ObjectNotFoundError: it is not there.
        ConflictError: a later paper came before.
        InvalidError: it has a form that the relay does not take.
        CarrierAwayError: the relay cannot do it now.
    """
    match reply.status:
        case 200 | 201 | 206:
            return reply
        case 403 | 405:
            raise CarrierRefusedError(f"the relay refuses {what}")
        case 404:
            raise ObjectNotFoundError(f"no {what}")
        case 409:
            raise ConflictError("the relay knows a later paper of this mailbox")
        case 507:
            raise CarrierFullError("the relay has no more room for this account")
        case 400 | 412 | 413 | 416 | 428:
            raise InvalidError(f"the relay does not take {what}")
        case _:
            raise CarrierAwayError(f"the relay cannot serve {what} now")


def _written(call: Call, address: RelayAddress) -> bytes:
    # THREAT T450: what stands here is all that a relay is told beside the body
    lines = [f"{call.method} {call.path} HTTP/1.1", f"Host: {_host(address)}"]
    if call.token:
        lines.append(f"Authorization: Bearer {call.token}")
    if call.is_put_once:
        lines.append("If-None-Match: *")
    if call.span:
        lines.append(f"Range: {call.span}")
    if call.body is not None:
        lines.append(f"Content-Length: {len(call.body)}")
    if not all(line.isascii() and line.isprintable() for line in lines):
        raise InvalidError("a call of a relay has a character that would end its line")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


def _host(address: RelayAddress) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return host if address.port == (80 if address.is_plain else 443) else f"{host}:{address.port}"


def _answered(told: bytes) -> tuple[int, int, bool]:
    """Return status, length of the body, and whether the connection ends.

    Raises:
        BrokenOffError: it is no answer.
    """
    first, *lines = told.decode("latin-1").split("\r\n")
    status = _STATUS.fullmatch(first)
    pairs = [line.partition(":") for line in lines]
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    length = headers.get("content-length", "")
    if (
        status is None
        or len(headers) != len(pairs)
        or not _LENGTH.fullmatch(length)
        or "transfer-encoding" in headers
    ):
        raise BrokenOffError
    return int(status[1]), int(length), headers.get("connection", "").lower() == "close"
