"""What the vaults of these tests take from their process: keepers that are forked, and keys."""

from tests import stretched, warmkeeper

warmkeeper.install()
stretched.install()
