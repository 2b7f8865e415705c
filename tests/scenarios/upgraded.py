"""Vaults that a program of the form before made, and that were brought to ours."""

from pathlib import Path

from sealhold.node import backing
from sealhold.vault.home import FORM, Home
from tests.scenarios.vaults import PASSPHRASE, world

OLDER = FORM - 1


def made_older(home: Path, form: int = OLDER) -> None:
    """Leave a vault as the program of an older form would have made it: without snapshots."""
    backing.roll_back(home, world(), PASSPHRASE, form)
    Home(home).snapshots.unlink()


def made_older_and_upgraded(home: Path) -> None:
    """Leave a vault as one that came from the form before."""
    made_older(home)
    backing.upgrade(home, world(), PASSPHRASE)
