"""Vaults for benches: new, in the bench's own folder, as `sealhold init` makes them.

Source: docs/benchmarks.md.
"""

from pathlib import Path
from typing import Final

from sealhold.node import create

PASSPHRASE: Final = "nobody lives in this vault"  # noqa: S105  # reason: nobody does


def new_vault(folder: Path) -> Path:
    """Make an empty vault and return its folder."""
    create(folder, PASSPHRASE, headless=True)
    return folder
