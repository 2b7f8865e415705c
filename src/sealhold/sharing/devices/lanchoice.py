"""What was chosen about a device's own network: whether, at which addresses, with how much room.

- Off until somebody says so: who listens in a network hears that the program runs there.

Source: docs/spec/14-relay.md section 9.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError, TamperedError
from sealhold.net.mdns import is_near, own_addresses
from sealhold.sharing.devices.lanshelf import ROOM

FORM: Final = 1
MAX_ADDRESSES: Final = 8  # of one machine
LEAST_ROOM: Final = 1 << 26  # bytes: some packs


@dataclass(frozen=True, slots=True, kw_only=True)
class LanChoice:
    """What the owner chose for this device."""

    is_on: bool = False
    addresses: tuple[str, ...] = ()  # of this machine; empty: all that are private
    room: int = ROOM  # bytes that are kept for the others

    def told(self) -> Plain:
        """Return this as it is kept."""
        return [FORM, self.is_on, list(self.addresses), self.room]

    def at_hand(self) -> list[str]:
        """Return the addresses among these that this machine has now.

        Raises:
            ExtraMissingError: the library is not installed.
        """
        own = own_addresses()
        if not self.addresses:
            return own[:MAX_ADDRESSES]
        return [each for each in self.addresses if each in own or ip_address(each).is_loopback]


def read_choice(told: Plain | None) -> LanChoice:
    """Return what was kept; off if nothing was.

    Raises:
        TamperedError: it is no such thing.
    """
    match told:
        case None:
            return LanChoice()
        case [1, bool(is_on), list(addresses), int(room)]:
            return LanChoice(is_on=is_on, addresses=tuple(map(str, addresses)), room=room)
        case _:
            raise TamperedError("what was chosen about the network is not what was written")


def chosen(addresses: Sequence[str], room: int) -> LanChoice:
    """Return a choice to be on.

    Raises:
        InvalidError: an address is public or none of version 4, or there is hardly any room.
    """
    for each in addresses:
        # THREAT T531: never at an address that the whole world may reach
        if not _is_fit(each):
            raise InvalidError("an address of a home network is private, and of version 4")
    if len(addresses) > MAX_ADDRESSES or room < LEAST_ROOM:
        raise InvalidError(f"at most {MAX_ADDRESSES} addresses, and {LEAST_ROOM:,} bytes or more")
    return LanChoice(is_on=True, addresses=tuple(dict.fromkeys(addresses)), room=room)


def _is_fit(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return isinstance(found, IPv4Address) and (found.is_loopback or is_near(address))
