"""The short way through the API, for what programs ask most: one record or profile of a person.

- It is open to requests in their plainest form alone. Whatever is unusual in a head, or would be
  refused for it, goes the long way and is answered there; so does who is not let in.
- Nothing is left out of what the long way looks at: places, host, token, role, media type, lengths.
  An answer has the same status, headers and body, and is counted as any other.
- What is begun here is taken to its end together with all that came in at the same time.

Source: docs/spec/20-faces.md section 7.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from sealhold.frontends.http.api import (
    BEARER,
    JSON,
    PARTS,
    ApiDesk,
    ApiRoute,
    Call,
    Reply,
    Role,
    body_of,
    response_of,
    role_of,
    shown_error,
    written,
)
from sealhold.frontends.http.arriving import Calls
from sealhold.frontends.http.bodies import SECONDS, TooSlowError
from sealhold.frontends.http.counting import Counting, Seen
from sealhold.frontends.http.crowd import Crowd
from sealhold.frontends.http.entrance import Addresses
from sealhold.frontends.http.headers import RAW, hardened
from sealhold.frontends.http.site import Site
from sealhold.frontends.http.wire import LONG, is_long
from sealhold.frontends.web.visit import Fields
from sealhold.model.errors import SealholdError
from sealhold.model.underway import Underway

METHODS = frozenset({b"GET", b"PUT", b"PATCH"})
UNUSUAL = frozenset(
    {b"transfer-encoding", b"expect", b"upgrade", b"origin", b"sec-fetch-site", b"idempotency-key"}
)  # what says more than the short way understands
LONGEST = 512  # bytes of an address
NO_QUERY = Fields(())
HARD = b"".join(b"%b: %b\r\n" % pair for pair in RAW)
Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Taken:
    """A request that goes the short way, after its token was looked at."""

    route: ApiRoute
    begin: Callable[[Call], Underway[Reply]]
    names: Mapping[str, str]
    token: str
    role: Role
    headers: dict[str, str]
    begun: float  # on the clock of the counts
    seen: Seen


class Quick:
    """Says which requests go the short way, and begins them."""

    def __init__(
        self,
        desk: ApiDesk,
        addresses: Callable[[], Addresses],
        site: Site,
        crowd: Crowd,
        counting: Counting,
    ) -> None:
        self._desk = desk
        self._addresses = addresses
        self._hosts = frozenset(host.encode() for host in site.hosts)
        self._crowd = crowd
        self._counting = counting

    def take(self, method: bytes, url: bytes, headers: Headers) -> Taken | None:
        """Return a request that may go the short way; None for one that must go the long way."""
        if method not in METHODS or len(url) > LONGEST or not url.startswith(b"/v1/subjects/"):
            return None
        if b"%" in url or b"?" in url or b"#" in url or not url.isascii():
            return None
        given = dict(headers)
        if len(given) != len(headers) or not UNUSUAL.isdisjoint(given):
            return None  # nothing stands twice
        # THREAT T62: the long way tells a stranger's name what it is told there
        if given.get(b"host") not in self._hosts:
            return None
        try:
            return self._admitted(method.decode(), url.decode(), given)
        except (SealholdError, UnicodeDecodeError):  # it is told so the long way
            return None

    def _admitted(self, method: str, path: str, given: Mapping[bytes, bytes]) -> Taken | None:
        desk = self._desk
        found = self._addresses().find(path)
        route = found[0].get(method) if found is not None else None
        if found is None or route is None or route.begin is None:
            return None
        if not _fits(route, given) or not desk.vault.is_near:
            return None
        bearer = given.get(b"authorization", b"").decode("latin-1")
        token = bearer[len(BEARER) :].strip()
        # a token with bounds goes the long way: some are counted on the disk
        if bearer[: len(BEARER)].lower() != BEARER or token.count("_") != PARTS:
            return None
        headers = {
            name: given[name.encode()].decode("latin-1")
            for name in route.all_headers
            if name.encode() in given
        }
        # without bounds it is good for the same, whatever it is shown for
        # THREAT T194: whoever holds no token makes the server keep no body, of any length
        role = role_of(route, desk, token)
        if not self._crowd.enter():  # THREAT T203: told the long way that there is no place
            return None
        begun = self._counting.begin()
        return Taken(route, route.begin, found[1], token, role, headers, begun, Seen(route.path))

    def go(self, taken: Taken, body: bytes, told: Callable[[bytes], None]) -> None:
        """Begin a request whose body is whole; `told` hears the answer, without the first line."""
        desk = self._desk
        call = Call(
            vault=desk.vault,
            sign_ins=desk.sign_ins,
            token=taken.token,
            role=taken.role,
            names=taken.names,
            query=NO_QUERY,
            body=body,
            headers=taken.headers,
            counts=desk.counts,
        )
        over = partial(self._over, taken, told)
        if taken.route.many is not None:
            desk.arrivals.join(Calls(taken.begin, taken.route.many), call, over)
            return
        try:
            underway = taken.begin(call)
        except Exception as err:  # noqa: BLE001  # reason: whatever it is, somebody waits for it
            over(None, err)
        else:
            desk.arrivals.take(underway, over)

    def give_up(self, taken: Taken, err: SealholdError, told: Callable[[bytes], None]) -> None:
        """Answer a request whose body is not whole."""
        self._over(taken, told, None, err)

    def left(self, taken: Taken) -> None:
        """Give back the place of a request that was answered or given up, and count it."""
        self._crowd.leave()
        self._counting.end(taken.route.method, taken.names, taken.seen, taken.begun)

    def _over(
        self,
        taken: Taken,
        told: Callable[[bytes], None],
        reply: Reply | None,
        err: BaseException | None,
    ) -> None:
        if reply is not None and is_long(reply.value):
            # THREAT T330: nobody waits for an answer of somebody else that takes long to write
            writing = asyncio.get_running_loop().run_in_executor(None, written, reply)
            writing.add_done_callback(lambda over: self._over(taken, told, *_ended(over)))
            return
        try:
            status, answer = _answered(taken, reply, err)
        except Exception as fault:  # noqa: BLE001  # reason: told without a word of what it holds
            status, answer = _answered(taken, None, fault)
        taken.seen.status, taken.seen.size = status, len(answer) - answer.find(b"\r\n\r\n") - 4
        self.left(taken)
        told(answer)


class _Waits(Protocol):
    """A connection, as far as a request needs it."""

    loop: asyncio.AbstractEventLoop

    @property
    def quick(self) -> Quick:
        """What begins it."""
        ...

    def answer(self, short: "Short", data: bytes) -> None:
        """Send an answer, and go on with what comes next."""
        ...


class Short:
    """A request on the short way; stands where the server keeps what it is answering."""

    __slots__ = (
        "_going",
        "_is_first",
        "_of",
        "_timer",
        "body",
        "disconnected",
        "keep_alive",
        "message_event",
        "more_body",
        "response_complete",
        "taken",
    )

    def __init__(self, of: _Waits, taken: Taken, *, keep_alive: bool) -> None:
        self._of = of
        self.taken = taken
        self.keep_alive = keep_alive
        self.body = bytearray()
        self.more_body = True
        self.response_complete = False
        self.disconnected = False
        self.message_event = self  # which the server sets when something came, or nobody is left
        self._is_first = False  # whether all that came before is answered
        self._going = False
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Go on: all that came before on this connection is answered."""
        self._is_first = True
        self.set()

    def set(self) -> None:
        """Begin as soon as the body is whole."""
        if self._going or self.response_complete:
            return
        if self.disconnected:
            self._forget()
            self.response_complete = True
            self._of.quick.left(self.taken)
        elif self._is_first and not self.more_body:
            self._forget()
            self._going = True
            self._of.quick.go(self.taken, bytes(self.body), self._told)

    def wait(self) -> None:
        """Wait for the rest of the body, so long and no longer."""
        if self.more_body and self._timer is None and not self.response_complete:
            self._timer = self._of.loop.call_later(SECONDS, self._too_slow)

    def _too_slow(self) -> None:
        if not (self._going or self.response_complete):
            self.keep_alive = False
            self._going = True
            slow = TooSlowError("the body took too long")
            self._of.quick.give_up(self.taken, slow, self._told)

    def _told(self, data: bytes) -> None:
        self.response_complete = True
        if not self.disconnected:
            self._of.answer(self, data)

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _ended(over: asyncio.Future[Reply]) -> tuple[Reply | None, BaseException | None]:
    """Return what came of writing a reply."""
    err = over.exception()
    return (None, err) if err is not None else (over.result(), None)


def _fits(route: ApiRoute, given: Mapping[bytes, bytes]) -> bool:
    """Return whether a head says of a body what the route asks for, in its plainest form."""
    length = given.get(b"content-length")
    if route.is_long or route.in_thread or route.repeats is not None:
        return False
    if not route.takes:
        return route.body is None and length is None
    # THREAT T434: what is longer waits for room before it is read, on the long way
    if length is None or not length.isdigit() or int(length) > min(route.body_bytes, LONG):
        return False
    return given.get(b"content-type", b"").decode("latin-1") in route.takes


def _answered(taken: Taken, reply: Reply | None, err: BaseException | None) -> tuple[int, bytes]:
    """Return the status of an answer, and all of it but the first lines that the server adds."""
    if reply is None:
        if not isinstance(err, SealholdError):
            taken.seen.fault = type(err).__name__
            err = SealholdError(f"a fault of ours, {type(err).__name__}")
        return _rendered(shown_error(err, taken.role))
    if reply.chunks is not None or reply.value is None or reply.media != JSON:
        return _rendered(response_of(reply))
    if isinstance(reply.value, bytes) or reply.headers:
        return _rendered(response_of(reply))
    body = body_of(reply)
    tag = b"etag: %b\r\n" % reply.etag.encode() if reply.etag else b""
    head = b"%bcontent-length: %d\r\ncontent-type: application/json\r\n" % (tag, len(body))
    return reply.status, head + HARD + b"\r\n" + body


def _rendered(response: Response) -> tuple[int, bytes]:
    lines = [b"%b: %b\r\n" % pair for pair in hardened(response).raw_headers]
    return response.status_code, b"".join([*lines, b"\r\n", response.body])


def first_lines(status: int, defaults: Headers, *, keep_alive: bool) -> bytes:
    """Return the status line, the server's own headers, and whether the connection ends."""
    lines = [STATUS_LINE[status], *(b"%b: %b\r\n" % pair for pair in defaults)]
    if not keep_alive:
        lines.append(b"connection: close\r\n")
    return b"".join(lines)
