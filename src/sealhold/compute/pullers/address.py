"""What the owner says of a server: its address, and the few options that all live kinds have.

- A password in an address is refused: it would lie in settings that lists show.
- An address that names itself (`127.0.0.1`, `localhost`) means what it says; a name that leads
  into the home does so only if the owner says `private=yes`.

Source: docs/spec/37-live.md section 2.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from sealhold.compute.live.saying import Order
from sealhold.connectors.pulling import Where
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError
from sealhold.net.dial import Server

COMMON: Final[Mapping[str, str]] = {
    "trust": "a PEM file with the certificate that signs the server's, if no system knows it",
    "private": "`yes`: the name leads to an address within your home, and that is meant",
}
MAX_TRUST: Final = 262_144  # bytes; a bundle of a whole system has about 200 KB


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One way to write an address."""

    port: int
    tls: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How a kind is reached; only tests say another address for a name."""

    schemes: Mapping[str, Scheme]
    names: Mapping[str, list[str]] = field(default_factory=dict)


def order_of(kind: str, where: Where, ways: Ways, *, is_check: bool, cursor: str | None) -> Order:
    """Return what the process is told to do at a place.

    Raises:
        InvalidError: it is no address of this kind, or an option is not one of its values.
    """
    parts = _parts(where.settings.get("place"), ways)
    scheme = ways.schemes[parts.scheme]
    host = str(parts.hostname)
    server = Server(
        host=host,
        port=parts.port or scheme.port,
        tls=scheme.tls,
        private=_is_meant(host) or _yes(where.settings, "private"),
        roots=_roots(where.settings),
        names={name: list(found) for name, found in ways.names.items()},
    )
    return Order(
        kind=kind,
        is_check=is_check,
        server=server,
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        user=unquote(parts.username or ""),
        secret=where.secret,
        settings={k: v for k, v in where.settings.items() if k not in ("place", *COMMON)},
        cursor=cursor,
    )


def _parts(place: Plain, ways: Ways) -> SplitResult:
    example = " or ".join(f"`{each}://`" for each in ways.schemes)
    if not isinstance(place, str) or not place.isprintable() or " " in place:
        raise InvalidError(f"an address begins with {example}")
    try:
        parts = urlsplit(place)
        _ = parts.port
    except ValueError:
        raise InvalidError("that is no address") from None
    if parts.scheme not in ways.schemes or not parts.hostname:
        raise InvalidError(f"an address begins with {example} and names a server")
    if parts.password is not None:  # THREAT T402: settings are shown, a secret never is
        raise InvalidError("a password does not belong into an address: use `--login`")
    if not parts.hostname.isascii():
        raise InvalidError("write the name of the server in ASCII, as `xn--...`")
    return parts


def _is_meant(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _yes(settings: Mapping[str, Plain], name: str) -> bool:
    said = settings.get(name, "no")
    if said not in ("yes", "no"):
        raise InvalidError(f"`{name}` is `yes` or `no`")
    return bool(said == "yes")


def _roots(settings: Mapping[str, Plain]) -> str:
    said = settings.get("trust")
    if not said:
        return ""
    try:
        with Path(str(said)).expanduser().open(encoding="ascii") as file:
            found = file.read(MAX_TRUST + 1)
    except (OSError, ValueError):
        raise InvalidError("the file of `trust` cannot be read") from None
    if len(found) > MAX_TRUST:
        raise InvalidError("the file of `trust` is too large")
    return found
