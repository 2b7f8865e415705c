"""The surroundings of a vault: here, and only here, the system's clock and entropy enter.

Source: docs/architecture.md section 3.
"""

import os
import time
from dataclasses import dataclass, field

from sealhold.compute.retrieve import Fetch
from sealhold.model.clock import Clock, Entropy
from sealhold.model.quantities import Instant
from sealhold.net.fetch import fetch
from sealhold.vault.access import Stretch


def system_clock() -> Instant:
    """Return the machine's UTC time in milliseconds."""
    return Instant(time.time_ns() // 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the vault takes from its surroundings; tests and the demo bring their own."""

    clock: Clock = system_clock
    entropy: Entropy = os.urandom
    stretch: Stretch = field(default_factory=Stretch)
    fetch: Fetch = fetch
