"""Vaults for benches: new, in the bench's own folder, with the system's clock and entropy.

- The passphrase is stretched as little as the rules allow, because no bench times that.

Source: docs/benchmarks.md.
"""

from pathlib import Path
from typing import Final

from sealhold.crypto.kdf import MEMORY_KIB, Stretch
from sealhold.node import World, create

PASSPHRASE: Final = "nobody lives in this vault"  # noqa: S105  # reason: nobody does
LIGHT: Final = Stretch(memory_kib=MEMORY_KIB.start, passes=1, lanes=1)


def new_vault(folder: Path) -> None:
    """Make an empty vault."""
    create(folder, PASSPHRASE, headless=True, world=World(stretch=LIGHT))
