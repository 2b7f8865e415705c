"""Whose program is at the other end of a loopback connection.

- A program of another user of this machine is told neither the label nor a page: on Linux the
  kernel says which user owns the other socket.
- Where the platform does not tell, or the peer is not on this machine, the answer is None.

Source: docs/spec/20-faces.md section 6; proc(5).
"""

import os
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LOCAL, REMOTE, USER = 1, 2, 7  # columns

PeerCheck = Callable[[tuple[str, int] | None, tuple[str, int | None] | None], bool | None]


def is_owner(client: tuple[str, int] | None, server: tuple[str, int | None] | None) -> bool | None:
    """Return whether the socket at `client` belongs to the user who runs this process."""
    if client is None or server is None or server[1] is None:
        return None
    if not ip_address(client[0]).is_loopback:
        return None
    for table in TABLES:
        try:
            text = table.read_text("ascii")
        except OSError:
            continue
        user = owner_in(text, client, (server[0], server[1]))
        if user is not None:
            return user == os.getuid()
    return None


def owner_in(table: str, client: tuple[str, int], server: tuple[str, int]) -> int | None:
    """Return the user id of the socket from `client` to `server` in a kernel `table`."""
    wanted = (_places(client), _places(server))
    for line in table.splitlines()[1:]:
        columns = line.split()
        if columns[LOCAL] in wanted[0] and columns[REMOTE] in wanted[1]:
            return int(columns[USER])
    return None


def _places(place: tuple[str, int]) -> frozenset[str]:
    """Return the ways in which the kernel writes an address and port."""
    address = ip_address(place[0])
    ways = {_hex(address)}
    if isinstance(address, IPv4Address):
        ways.add(_hex(IPv6Address(f"::ffff:{address}")))
    return frozenset(f"{way}:{place[1]:04X}" for way in ways)


def _hex(address: IPv4Address | IPv6Address) -> str:
    """Return `address` as 32-bit words in this machine's byte order, which is little-endian."""
    packed = address.packed
    words = (packed[at : at + 4][::-1] for at in range(0, len(packed), 4))
    return b"".join(words).hex().upper()
