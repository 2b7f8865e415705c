"""Devices of a network announce themselves and find each other, by multicast DNS.

- What is announced: a service `_sealhold._tcp`, a name that is given, addresses and a port. The
  host is called by the same name; nothing else is said.
- What is found is a hint, made up by whoever likes: who it is shows when it is connected to.
- The library is an extra, loaded when it is needed.

Source: docs/spec/14-relay.md section 9; RFC 6762, RFC 6763.
"""

import asyncio
import ipaddress
import re
from collections.abc import Collection, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sealhold.model.errors import CarrierAwayError, ExtraMissingError
from sealhold.net.fetch import is_public

if TYPE_CHECKING:  # an extra
    from zeroconf import ServiceInfo
    from zeroconf.asyncio import AsyncZeroconf

SERVICE: Final = "_sealhold._tcp.local."
TTL_SECONDS: Final = 120
ASK_MS: Final = 3_000  # for the addresses of all names that were seen
STARTING_SECONDS: Final = 120.0  # until two sockets are at work; it takes milliseconds
MAX_SEEN: Final = 256  # names of one look; who announces more is not listened to
MAX_ADDRESSES: Final = 8
MISSING: Final = "finding devices in a network needs `sealhold[lan]`"
_NAME = re.compile(r"[0-9a-f]{16}")

Came = TypeVar("Came")


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
        self._network = _Network(self._library, addresses)
        self._said: ServiceInfo | None = None

    def say(self, name: str) -> None:
        """Be announced by `name`, and by no other any more; return once it was said.

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
            self._network.do(self._tell(said))
        except (OSError, self._library.Error) as err:
            raise CarrierAwayError("the network takes no announcement") from err
        self._said = said

    def withdraw(self) -> None:
        """Be announced no more; return once that was said."""
        if self._said is not None:
            with suppress(OSError, self._library.Error):
                self._network.do(self._take_back(self._said))
            self._said = None

    def close(self) -> None:
        """Be announced no more, and let go of the network."""
        self.withdraw()
        self._network.close()

    async def _tell(self, said: "ServiceInfo") -> None:
        # nobody is asked whether the name is taken, so nobody can say that it is
        await (
            await self._network.at_work.async_register_service(said, cooperating_responders=True)
        )

    async def _take_back(self, said: "ServiceInfo") -> None:
        await (await self._network.at_work.async_unregister_service(said))


class _Network:
    """The library at work, in a loop and a thread of its own.

    Left to itself it would take the loop of the thread that calls, if there is one; that stands
    while the call blocks. Nothing here gives up after a time: a busy machine needs what it needs.
    """

    at_work: "AsyncZeroconf"  # only for what runs in the loop

    def __init__(self, library: ModuleType, addresses: Sequence[str]) -> None:
        """Open the sockets.

        Raises:
            CarrierAwayError: the network cannot be spoken in.
        """
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="mdns", daemon=True)
        self._thread.start()
        try:
            self.at_work = self.do(_opened(addresses))
        except (OSError, RuntimeError, library.Error) as err:
            self._end()
            raise CarrierAwayError("the network cannot be spoken in") from err

    def do(self, work: Coroutine[Any, Any, Came]) -> Came:
        """Do something in the loop; return what it gives once it is done."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Close the sockets, and end the loop and its thread."""
        try:
            self.do(self.at_work.async_close())
        finally:
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _opened(addresses: Sequence[str]) -> "AsyncZeroconf":
    from zeroconf.asyncio import AsyncZeroconf  # noqa: PLC0415  # reason: an extra

    found = AsyncZeroconf(interfaces=list(addresses))
    # what waits for this later finds it done, and none of its own, shorter times matters
    await found.zeroconf.async_wait_for_start(STARTING_SECONDS)
    return found


class _Names:
    """The names that were seen so far; of the loop alone."""

    def __init__(self, wanted: Collection[str], enough: int) -> None:
        self.seen: set[str] = set()
        self.is_enough = asyncio.Event()
        self._wanted, self._enough = frozenset(wanted), enough

    def hear(self, *, service_type: str, name: str, **_more: object) -> None:
        """Take in what the library tells; it tells it by these names."""
        label = name.removesuffix(f".{service_type}")
        # THREAT T509: names of one form, and no more than there is room for
        if _NAME.fullmatch(label) and (not self._wanted or label in self._wanted):
            if len(self.seen) < MAX_SEEN:
                self.seen.add(label)
            if self._enough and len(self.seen) >= self._enough:
                self.is_enough.set()


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
    network = _Network(_library(), addresses)
    try:
        return network.do(_found(network.at_work, addresses, seconds, _Names(wanted, enough)))
    finally:
        network.close()


async def _found(
    at_work: "AsyncZeroconf", addresses: Sequence[str], seconds: float, names: _Names
) -> list[Seen]:
    from zeroconf.asyncio import AsyncServiceBrowser  # noqa: PLC0415  # reason: an extra

    browser = AsyncServiceBrowser(at_work.zeroconf, SERVICE, handlers=[names.hear])
    with suppress(TimeoutError):
        await asyncio.wait_for(names.is_enough.wait(), seconds)
    asked = [_seen(at_work, name, addresses) for name in sorted(names.seen)]
    found = await asyncio.gather(*asked)
    await browser.async_cancel()
    return [each for each in found if each is not None]


async def _seen(at_work: "AsyncZeroconf", name: str, addresses: Sequence[str]) -> Seen | None:
    whole = f"{name}.{SERVICE}"
    info = await at_work.async_get_service_info(SERVICE, whole, timeout=ASK_MS)
    if info is None or not info.port:
        return None
    # THREAT T509: what is told leads to no public address, and to this machine only if it is meant
    told = [each for each in info.parsed_addresses() if is_near(each) or each in addresses]
    return Seen(name, tuple(told[:MAX_ADDRESSES]), info.port) if told else None


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


def _library() -> ModuleType:
    try:
        import zeroconf as found  # noqa: PLC0415  # reason: an extra
    except ImportError as err:
        raise ExtraMissingError(MISSING) from err
    return found
