"""Fetches one file over HTTPS, in a process that holds nothing: no key, no vault, no environment.

- The request for a file is a function of the address alone: byte for byte the same from every
  vault, with no cookie, no name of a program, and nothing that tells what is kept already.
- A provider of sign-ins is asked the same way; what it is told beside the address is `Said`.
- Only public addresses are connected to, on one port, and to the very address that was looked at.
  No redirect is followed, no encoding but the plain one is taken, and no byte beyond the limit.
- A server that drips is given up after a total time, a silent one after an idle time.
- What comes back is bytes, unchecked: whether they are the right ones says `compute.resources`.

Source: docs/spec/08-task-manifest.md section 9.
"""

import ipaddress
import os
import resource
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from http.client import HTTPException, HTTPResponse
from time import monotonic
from typing import Final, NoReturn

from sealhold.model.encoding import Plain, pack, unpack_own
from sealhold.model.errors import NotFetchedError

WORDS: Final[Mapping[str, str]] = {
    "name": "the name of the server is not known",
    "private": "the name leads to an address that is not public",
    "away": "the server cannot be reached",
    "certificate": "the server has no certificate for its name that is trusted here",
    "redirect": "the server points to another address, which is not followed",
    "status": "the server does not give the file out",
    "encoding": "the server sends the file in an encoding that was not asked for",
    "size": "the file is larger than its task allows",
    "slow": "the server took too long",
    "broken": "the server broke off, or what it sent is no answer",
}
PORT: Final = 443
IDLE: Final = 10.0  # seconds without a byte
TOTAL: Final = 60.0  # seconds for one file, however the server spreads it
GRACE: Final = 5.0  # seconds after which the process ends itself, should its parent be gone
MEMORY: Final = 512 * 1_048_576  # bytes of address space; Python with TLS needs about 60 MiB

_BODY, _WHY, _COUNT = 0, 1, 2  # kinds of frames from the process
_HEAD: Final = 5  # bytes of a frame's kind and length
_LONGEST_WORD: Final = 32
_PORTION: Final = 65_536  # bytes read at once, and between two counts
_NOT_PUBLIC: Final = (  # though the library says so of some: their addresses
    ipaddress.ip_network("::/8"),  # stand for IPv4 ones, private ones among them
    ipaddress.ip_network("64:ff9b::/32"),
    ipaddress.ip_network("2002::/16"),
    ipaddress.ip_network("2001::/32"),
    ipaddress.ip_network("fec0::/10"),  # are those of a site
)

Tell = Callable[[int], None]  # how many bytes came so far


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a name becomes a connection; only tests take another than the default."""

    roots: str | None = None  # PEM of the certificates to trust; None: those of the system
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # instead of the resolver
    port: int = PORT
    loopback: bool = False  # this machine counts as public
    idle: float = IDLE
    total: float = TOTAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a server is told beside the address."""

    accept: str = "application/octet-stream"
    form: bytes = b""  # what is sent, by POST; empty for GET
    authorization: str = ""
    port: int = PORT  # of the address


DIRECT: Final = Way()
NOTHING: Final = Said()


def fetch(
    host: str,
    path: str,
    most: int,
    tell: Tell | None = None,
    way: Way = DIRECT,
    said: Said = NOTHING,
) -> bytes:
    """Return what the server `host` gives out at `path`, of at most `most` bytes.

    Raises:
        NotFetchedError: it gives nothing out, or not in the way that is asked; `reason` is a key
            of `WORDS`.
    """
    order = pack(
        {"host": host, "path": path, "most": most, "way": asdict(way), "said": asdict(said)}
    )
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            # THREAT T185: nothing is inherited but the one socket, so there is nothing to lose
            process = subprocess.Popen(
                [sys.executable, "-I", "-m", "sealhold.net.fetch"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                start_new_session=True,
            )
        try:
            return _hear(ours, order, most, tell or _silent, way.total)
        except TimeoutError:
            _stop("slow")
        except OSError:
            _stop("broken")
        finally:
            process.kill()
            process.wait()


def request(host: str, path: str, said: Said = NOTHING) -> bytes:
    """Return the bytes that ask `host` for `path`, the same from whoever says the same.

    Raises:
        ValueError: a part of it would end its line.
    """
    # THREAT T184: nothing here tells one vault from another, or what it keeps already
    lines = [
        f"{'POST' if said.form else 'GET'} {path} HTTP/1.1",
        f"Host: {host}" if said.port == PORT else f"Host: {host}:{said.port}",
        f"Accept: {said.accept}",
        "Accept-Encoding: identity",
        "Connection: close",
    ]
    if said.authorization:
        lines.append(f"Authorization: {said.authorization}")
    if said.form:
        lines.append("Content-Type: application/x-www-form-urlencoded")
        lines.append(f"Content-Length: {len(said.form)}")
    if not all(map(str.isprintable, lines)):
        raise ValueError("a line of a request has a control character")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii") + said.form


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the public network."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if any(found in network for network in _NOT_PUBLIC):
            return False
    return found.is_global and not found.is_multicast


# --- the side of the vault ---


def _hear(link: socket.socket, order: bytes, most: int, tell: Tell, total: float) -> bytes:
    """Hand the order over and return the body.

    Raises:
        NotFetchedError: the process says why not, or breaks.
        TimeoutError: it took too long.
        OSError: it is gone.
    """
    ends = monotonic() + total
    link.settimeout(total)
    link.sendall(order)
    link.shutdown(socket.SHUT_WR)
    while True:
        head = _take(link, _HEAD, ends)
        kind, length = head[0], int.from_bytes(head[1:])
        # THREAT T185: a process that was taken over cannot make the vault take in more
        if length > (most if kind == _BODY else _LONGEST_WORD):
            _stop("broken")
        payload = _take(link, length, ends)
        match kind:
            case 0:
                return payload
            case 1:
                word = payload.decode("ascii", "replace")
                _stop(word if word in WORDS else "broken")
            case 2:
                tell(min(int.from_bytes(payload), most))
            case _:
                _stop("broken")


def _take(link: socket.socket, count: int, ends: float) -> bytes:
    data = bytearray()
    while len(data) < count:
        # THREAT T180: a server that drips a byte at a time gets one total time, like any other,
        # and a process that was taken over gets no more by always having something to say
        left = ends - monotonic()
        if left <= 0:
            raise TimeoutError
        link.settimeout(left)
        more = link.recv(min(count - len(data), _PORTION))
        if not more:
            _stop("broken")
        data += more
    return bytes(data)


def _stop(reason: str) -> NoReturn:
    raise NotFetchedError(WORDS[reason], reason=reason)


def _silent(_count: int) -> None:
    """Tell nobody how far it is."""


# --- the process that fetches ---


def main() -> None:
    """Read one order from standard input, do it, answer on the same socket, and end."""
    with socket.socket(fileno=os.dup(0)) as link:
        data = b"".join(iter(lambda: link.recv(_PORTION), b""))
        order: Mapping[str, Plain] = unpack_own(data)
        way, said = Way(**order["way"]), Said(**order["said"])
        _limit(way.total)
        try:
            asked = request(order["host"], order["path"], said)
            body = _get(order["host"], asked, order["most"], way, link)
            _send(link, _BODY, body)
        except NotFetchedError as err:
            _send(link, _WHY, err.reason.encode())


def _limit(total: float) -> None:
    signal.setitimer(signal.ITIMER_REAL, total + GRACE)
    for name, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, int(total) + 1),
    ):
        _, ceiling = resource.getrlimit(name)
        bound = most if ceiling == resource.RLIM_INFINITY else min(most, ceiling)
        resource.setrlimit(name, (bound, bound))


def _send(link: socket.socket, kind: int, payload: bytes) -> None:
    link.sendall(bytes([kind]) + len(payload).to_bytes(_HEAD - 1) + payload)


def _get(host: str, asked: bytes, most: int, way: Way, link: socket.socket) -> bytes:
    """Return what comes for the bytes that ask for it.

    Raises:
        NotFetchedError: it does not come.
    """
    try:
        with closing(_connected(host, way)) as server:
            server.sendall(asked)
            method = asked.partition(b" ")[0].decode()
            with closing(HTTPResponse(server, method=method)) as response:
                response.begin()
                _check(response, most)
                return _body(response, most, lambda n: _send(link, _COUNT, n.to_bytes(8)))
    except ssl.SSLCertVerificationError:
        _stop("certificate")
    except TimeoutError:
        _stop("slow")
    except (OSError, HTTPException, ValueError):
        _stop("broken")
    except MemoryError:
        _stop("size")


def _connected(host: str, way: Way) -> ssl.SSLSocket:
    addresses = _addresses(host, way)
    # THREAT T181: one address within the home is enough to refuse the name; what was looked at
    # here is what is connected to, so a second answer of the name service changes nothing.
    if not all(map(is_public, addresses)) and not way.loopback:
        _stop("private")
    context = ssl.create_default_context(cadata=way.roots)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for address in addresses:
        try:
            plain = socket.create_connection((address, way.port), timeout=way.idle)
        except OSError:
            continue
        # THREAT T182: the name is checked against the certificate, whatever address it led to
        return context.wrap_socket(plain, server_hostname=host, suppress_ragged_eofs=False)
    _stop("away")


def _addresses(host: str, way: Way) -> tuple[str, ...]:
    if host in way.names:
        return tuple(way.names[host])
    try:
        found = socket.getaddrinfo(host, way.port, type=socket.SOCK_STREAM)
    except OSError:
        _stop("name")
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


def _check(response: HTTPResponse, most: int) -> None:
    # THREAT T180: no second address, no compression, nothing that announces itself as too large
    if 300 <= response.status < 400:  # noqa: PLR2004  reason: what HTTP calls redirection
        _stop("redirect")
    if response.status != 200:  # noqa: PLR2004  reason: what HTTP calls OK
        _stop("status")
    encoded = response.headers.get_all("Content-Encoding", [])
    transfer = response.headers.get_all("Transfer-Encoding", [])
    if any(each.lower() != "identity" for each in encoded) or any(
        each.lower() != "chunked" for each in transfer
    ):
        _stop("encoding")
    if response.length is not None and response.length > most:
        _stop("size")


def _body(response: HTTPResponse, most: int, tell: Tell) -> bytes:
    announced, data = response.length, bytearray()
    while more := response.read(min(_PORTION, most + 1 - len(data))):
        data += more
        if len(data) > most:
            _stop("size")
        tell(len(data))
    if announced is None and not response.chunked and not data:
        _stop("broken")  # nothing announced and nothing sent: cut off before the file
    if announced is not None and len(data) != announced:
        _stop("broken")
    return bytes(data)


if __name__ == "__main__":
    main()
