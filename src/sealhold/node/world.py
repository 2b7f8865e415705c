"""The surroundings of a vault: here, and only here, the system's clock and entropy enter.

Source: docs/architecture.md section 3.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sealhold.compute.readercell import ReaderCell
from sealhold.compute.retrieve import Fetch
from sealhold.config import state_folder
from sealhold.model.clock import Clock, Entropy
from sealhold.model.logins import Address
from sealhold.model.quantities import Instant
from sealhold.node.entropy import pooled_entropy
from sealhold.vault.access import Stretch
from sealhold.vault.sourcing import Cell

SPEAKING = 15.0  # seconds for one answer of a provider: somebody waits for it
Speak = Callable[[Address, int, bytes, str], bytes]


def system_clock() -> Instant:
    """Return the machine's UTC time in milliseconds."""
    return Instant(time.time_ns() // 1_000_000)


def fetched(host: str, path: str, most: int, tell: Callable[[int], None] | None = None) -> bytes:
    """Return what a server gives out; what speaks to servers is loaded with the first file.

    Raises:
        NotFetchedError: it gives nothing out, or not in the way that is asked.
    """
    from sealhold.net.fetch import fetch  # noqa: PLC0415  # reason: few vaults fetch anything

    return fetch(host, path, most, tell)


def spoken(address: Address, most: int, form: bytes, authorization: str) -> bytes:
    """Return what a provider of sign-ins answers, asked as files are fetched.

    Raises:
        NotFetchedError: it answers nothing, or not in the way that is asked.
    """
    from sealhold.net.fetch import Said, Way, fetch  # noqa: PLC0415  # reason: as above

    way = Way(port=address.port, loopback=address.is_near, idle=SPEAKING, total=SPEAKING)
    said = Said(
        accept="application/json", form=form, authorization=authorization, port=address.port
    )
    return fetch(address.host, address.path, most, None, way, said)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the vault takes from its surroundings; tests and the demo bring their own."""

    clock: Clock = system_clock
    entropy: Entropy = pooled_entropy
    stretch: Stretch = field(default_factory=Stretch)
    fetch: Fetch = fetched
    speak: Speak = spoken
    reader: Cell = ReaderCell  # for what is imported; one for each import
    outside: Callable[[], Path] = state_folder  # for tokens by which a copied vault is noticed
