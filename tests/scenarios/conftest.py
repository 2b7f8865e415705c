"""What the vaults of these tests take from their process: keepers that are forked, and keys."""

from tests import stretched, warmbrokers

warmbrokers.install()
stretched.install()
