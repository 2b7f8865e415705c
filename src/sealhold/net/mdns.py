"""Devices of a network announce themselves and find each other, by multicast DNS.

- What is announced: a service `_sealhold._tcp`, a name that is given, addresses and a port. The
  host is called by the same name; nothing else is said.
- What is found is a hint, made up by whoever likes: who it is shows when it is connected to.
- The library is an extra, loaded when it is needed.

Source: docs/spec/14-relay.md section 9; RFC 6762, RFC 6763.
"""

import ipaddress
import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition
from types import ModuleType
from typing import TYPE_CHECKING, Final

from sealhold.model.errors import CarrierAwayError, ExtraMissingError
from sealhold.net.fetch import is_public

if TYPE_CHECKING:  # an extra
    from zeroconf import ServiceInfo, Zeroconf

SERVICE: Final = "_sealhold._tcp.local."
TTL_SECONDS: Final = 120
TRIES: Final = 3
ASK_MS: Final = 1_000  # for the address of a name that was seen
MAX_SEEN: Final = 256  # names of one look; who announces more is not listened to
MAX_ADDRESSES: Final = 8
MISSING: Final = "finding devices in a network needs `sealhold[lan]`"
_NAME = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that was announced."""

    name: str  # 16 hex digits
    addresses: tuple[str, ...]  # none of them public
    port: int


class Announcer:
    """Announces one service at a time."""

    def __init__(self, addresses: Sequence[str], port: int) -> None:
        """Take the addresses of this machine to announce in their networks.

        Raises:
            ExtraMissingError: the library is not installed.
            CarrierAwayError: the network cannot be spoken in.
        """
        self._library = _library()
        self._addresses, self._port = tuple(addresses), port
        self._zeroconf = _opened(self._library, addresses)
        self._said: ServiceInfo | None = None

    def say(self, name: str) -> None:
        """Be announced by `name`, and by no other any more.

        Raises:
            CarrierAwayError: the network cannot be spoken in.
        """
        whole = f"{name}.{SERVICE}"
        if self._said is not None and self._said.name == whole:
            return
        self.withdraw()
        # THREAT T509: all that is said; no host name, no name of a device, no text
        said = self._library.ServiceInfo(
            SERVICE,
            whole,
            port=self._port,
            parsed_addresses=list(self._addresses),
            server=f"{name}.local.",
            host_ttl=TTL_SECONDS,
            other_ttl=TTL_SECONDS,
        )
        try:
            self._register(said)
        except (OSError, self._library.Error) as err:
            raise CarrierAwayError("the network takes no announcement") from err
        self._said = said

    def _register(self, said: "ServiceInfo") -> None:
        """Announce; a busy machine may be slow to say that it was done, so it is tried again.

        Raises:
            CarrierAwayError: it never said so.
        """
        for _ in range(TRIES):
            with suppress(self._library.EventLoopBlocked):
                # nobody is asked whether the name is taken, so nobody can say that it is
                with suppress(self._library.ServiceNameAlreadyRegistered):
                    self._zeroconf.register_service(said, cooperating_responders=True)
                return
        raise CarrierAwayError("the network takes no announcement")

    def withdraw(self) -> None:
        """Be announced no more."""
        if self._said is not None:
            with suppress(OSError, self._library.Error):
                self._zeroconf.unregister_service(self._said)
            self._said = None

    def close(self) -> None:
        """Be announced no more, and let go of the network."""
        self.withdraw()
        self._zeroconf.close()


class _Names:
    """The names that were seen so far."""

    def __init__(self, wanted: Collection[str]) -> None:
        self.seen: set[str] = set()
        self._wanted = frozenset(wanted)
        self._came = Condition()

    def hear(self, *, service_type: str, name: str, **_more: object) -> None:
        """Take in what the library tells; it tells it by these names."""
        label = name.removesuffix(f".{service_type}")
        # THREAT T509: names of one form, and no more than there is room for
        if _NAME.fullmatch(label) and (not self._wanted or label in self._wanted):
            with self._came:
                if len(self.seen) < MAX_SEEN:
                    self.seen.add(label)
                self._came.notify_all()

    def wait(self, enough: int, seconds: float) -> list[str]:
        """Return the names once there are `enough`, or after `seconds`."""
        with self._came:
            self._came.wait_for(lambda: len(self.seen) >= enough, seconds)
            return sorted(self.seen)


def browse(
    addresses: Sequence[str], seconds: float, *, wanted: Collection[str] = (), enough: int = 0
) -> list[Seen]:
    """Return what is announced in the networks of these addresses of this machine.

    Args:
        addresses: of this machine.
        seconds: how long to listen.
        wanted: the names that count; empty: all of the form.
        enough: with so many found it ends earlier; 0: it never does.

    Raises:
        ExtraMissingError: the library is not installed.
        CarrierAwayError: the network cannot be spoken in.
    """
    library = _library()
    names = _Names(wanted)
    opened = _opened(library, addresses)
    try:
        browser = library.ServiceBrowser(opened, SERVICE, handlers=[names.hear])
        told = names.wait(enough or MAX_SEEN + 1, seconds)
        found = [_seen(opened, name, addresses) for name in told]
        browser.cancel()
    finally:
        opened.close()
    return [each for each in found if each is not None]


def own_addresses() -> list[str]:
    """Return the addresses of this machine in its networks: version 4, private, not its own loop.

    Raises:
        ExtraMissingError: the library is not installed.
    """
    try:
        import ifaddr  # noqa: PLC0415  # reason: an extra
    except ImportError as err:
        raise ExtraMissingError(MISSING) from err
    found = [str(each.ip) for one in ifaddr.get_adapters() for each in one.ips if each.is_IPv4]
    return [each for each in found if is_near(each)]


def is_near(address: str) -> bool:
    """Return whether an address can be that of another machine in a network of one's own."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    is_other = found.is_loopback or found.is_multicast or found.is_unspecified
    return not is_other and not is_public(address)


def _seen(opened: "Zeroconf", name: str, addresses: Sequence[str]) -> Seen | None:
    info = opened.get_service_info(SERVICE, f"{name}.{SERVICE}", timeout=ASK_MS)
    if info is None or not info.port:
        return None
    # THREAT T509: what is told leads to no public address, and to this machine only if it is meant
    told = [each for each in info.parsed_addresses() if is_near(each) or each in addresses]
    return Seen(name, tuple(told[:MAX_ADDRESSES]), info.port) if told else None


def _opened(library: ModuleType, addresses: Sequence[str]) -> "Zeroconf":
    try:
        found: Zeroconf = library.Zeroconf(interfaces=list(addresses))
    except (OSError, RuntimeError, library.Error) as err:
        raise CarrierAwayError("the network cannot be spoken in") from err
    return found


def _library() -> ModuleType:
    try:
        import zeroconf as found  # noqa: PLC0415  # reason: an extra
    except ImportError as err:
        raise ExtraMissingError(MISSING) from err
    return found
