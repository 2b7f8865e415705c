"""The keys of protected data: one for each dataset, under the vault's own, which can be destroyed.

- Keys of columns are derived from a dataset's; so whoever destroys that has destroyed every cell of
  the dataset at every provider, and every searchable companion.
- A dataset that lost its key gets no new one under its name: what is left of it at a provider would
  read as tampered with, and not as destroyed.

Source: docs/spec/59-proxy-in-a-vault.md section 1; docs/spec/03-keys.md section 10.
"""

from sealhold.crypto.secret import Secret
from sealhold.model.errors import NotFoundError
from sealhold.vault.keyring import Keyring

_DATASET, _STATE = "proxy-data/", "proxy-state/"


class ProxyKeys:
    """Makes, opens and destroys the keys of one vault's proxies."""

    def __init__(self, ring: Keyring) -> None:
        self._ring = ring

    def dataset(self, name: str) -> Secret:
        """Return the 32-byte key of a dataset.

        Raises:
            NotFoundError: it has none, or it was destroyed.
        """
        return self._held(_DATASET + name, f"no key of dataset `{name}`")

    def add_dataset(self, name: str) -> None:
        """Make the key of a dataset, unless it has one."""
        self._ring.add_named(_DATASET + name)

    def has_dataset(self, name: str) -> bool:
        """Return whether a dataset has its key."""
        return self._ring.has_named(_DATASET + name)

    def forget_dataset(self, name: str) -> None:
        """Destroy the key of a dataset: nothing of it opens any more, wherever it lies."""
        self._ring.forget_named(_DATASET + name)

    def state(self, proxy: str) -> Secret:
        """Return the 32-byte key of the file in which a proxy keeps its state; made when needed."""
        self._ring.add_named(_STATE + proxy)
        return self._held(_STATE + proxy, f"no key of the state of `{proxy}`")

    def _held(self, name: str, missing: str) -> Secret:
        if not self._ring.has_named(name):
            raise NotFoundError(missing)
        return self._ring.lies_in.named(name)
