"""HTTP to one server, as little of it as reading needs: bounded answers, no second server.

- Every connection of a pull goes to the server that was named; a redirect is followed on that
  same server only, and three times at most.
- A server that is busy may say when it may be asked again (`Retry-After`): told, and bounded.
- No cookie is kept, no encoding but the plain one is taken. The account is said to this server
  alone, and without TLS to nobody but this machine.

Source: docs/spec/37-live.md section 3; RFC 9110.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Final
from urllib.parse import urljoin, urlsplit

from sealhold.compute.live.saying import MAX_WAIT, FailedError, Order
from sealhold.net.dial import Server, dial

MAX_BODY: Final = 67_108_864  # bytes of one answer
MAX_REDIRECTS: Final = 3
LONGEST_PATH: Final = 8_192
_LONGEST_DATE: Final = 64  # characters of a date in a header
_PORTION: Final = 262_144
_BY_STATUS: Final[Mapping[int, str]] = {
    401: "login",
    403: "login",
    404: "absent",
    410: "absent",
    429: "busy",
    503: "busy",
}


class _Connection(HTTPConnection):
    """A connection to the very server that was dialled."""

    def __init__(self, to: Server, *, says_secret: bool) -> None:
        super().__init__(to.host, to.port, timeout=to.idle)
        self._to = to
        self._says_secret = says_secret

    def connect(self) -> None:
        """Dial the server.

        Raises:
            FailedError: it would hear a secret in the clear.
        """
        made = dial(self._to)
        # THREAT T402: nobody between here and there can read the account
        if self._to.tls == "none" and self._says_secret and not made.is_here:
            made.sock.close()
            raise FailedError("secret")
        made.sock.settimeout(self._to.idle)
        self.sock = made.sock


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server says."""

    status: int
    headers: Message
    body: bytes
    path: str  # where it was found, behind redirects


class Asker:
    """Asks one server."""

    def __init__(self, order: Order) -> None:
        self._server = order.server
        self._account = _account(order)
        self._line = _Connection(order.server, says_secret=bool(self._account))
        scheme = "http" if order.server.tls == "none" else "https"
        host = f"[{order.server.host}]" if ":" in order.server.host else order.server.host
        self._origin = (scheme, order.server.host, order.server.port)
        self._base = f"{scheme}://{host}:{order.server.port}"

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        fine: tuple[int, ...] = (200,),
    ) -> Answer:
        """Return what the server says, if its status is one of `fine`.

        Raises:
            FailedError: another status, another server, another encoding, or too much.
            OSError: it broke off.
        """
        for _ in range(MAX_REDIRECTS + 1):
            found = self._once(method, path, body, dict(headers or {}))
            if found.status in fine:
                return found
            if found.status in (301, 302, 307, 308):
                path = self.path_of(found.headers.get("Location", ""), path)
                continue
            is_fault = found.status >= 500  # noqa: PLR2004  reason: what HTTP calls the server's fault
            word = _BY_STATUS.get(found.status, "busy" if is_fault else "status")
            raise FailedError(word, wait=wait_of(found.headers) if word == "busy" else 0)
        raise FailedError("redirect")

    def path_of(self, address: str, base: str) -> str:
        """Return the path of an address that the server wrote, if it leads to the server itself.

        Raises:
            FailedError: it leads elsewhere, or is none.
        """
        try:
            parts = urlsplit(urljoin(self._base + base, address))
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            raise FailedError("cut") from None
        # THREAT T401: neither a redirect nor a link leads to another server, port or scheme
        if (parts.scheme, parts.hostname, port) != self._origin:
            raise FailedError("redirect")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if len(path) > LONGEST_PATH or not path.isascii() or not path.isprintable() or " " in path:
            raise FailedError("cut")
        return path

    def _once(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        headers |= {"Accept-Encoding": "identity"}
        if self._account:
            headers["Authorization"] = self._account
        for is_last in (False, True):
            is_used = self._line.sock is not None
            try:
                self._line.request(method, path, body or None, headers)
                return self._heard(path)
            except (ConnectionError, HTTPException):
                self._line.close()
                if is_last or not is_used:  # a line that was used may have been closed meanwhile
                    raise
        raise FailedError("cut")

    def _heard(self, path: str) -> Answer:
        response = self._line.getresponse()
        encoded = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoded != "identity":
            raise FailedError("cut")
        return Answer(
            status=response.status, headers=response.headers, body=_body(response), path=path
        )


def wait_of(headers: Message) -> int:
    """Return for how many seconds a server asks to be left alone, 0 if it does not say.

    A date counts from the one that the server gives its answer: its clock may be wrong.
    """
    said = headers.get("Retry-After", "").strip()[:_LONGEST_DATE]
    if said.isascii() and said.isdigit():
        return min(int(said), MAX_WAIT)
    try:
        until = parsedate_to_datetime(said)
        now = parsedate_to_datetime(headers.get("Date", "")[:_LONGEST_DATE])
        seconds = (until - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0
    return max(0, min(int(seconds), MAX_WAIT))


def _body(response: HTTPResponse) -> bytes:
    announced, data = response.length, bytearray()
    if announced is not None and announced > MAX_BODY:
        raise FailedError("size")
    while more := response.read(_PORTION):
        data += more
        if len(data) > MAX_BODY:  # THREAT T400: whatever was announced
            raise FailedError("size")
    if announced is not None and len(data) != announced:
        raise FailedError("cut")
    return bytes(data)


def _account(order: Order) -> str:
    """Return what stands for the account in a request.

    Raises:
        FailedError: it cannot stand in one.
    """
    if not order.secret:
        return ""
    if not order.secret.isprintable():
        raise FailedError("login")
    if order.user:
        return "Basic " + b64encode(f"{order.user}:{order.secret}".encode()).decode()
    if not order.secret.isascii():
        raise FailedError("login")
    return f"Bearer {order.secret}"
