"""The keys of protected data: one for each dataset, under the vault's own, which can be destroyed.

- Keys of columns are derived from a dataset's; so whoever destroys that has destroyed every cell of
  the dataset at every provider, and every searchable companion.
- A dataset whose key was destroyed gets no other under its name: what is left of it at a provider
  would read as tampered with, and not as destroyed.
- The row comes first, the key goes then: a destruction that was broken off goes on at the next use.

Source: docs/spec/59-proxy-in-a-vault.md section 1; docs/spec/03-keys.md section 10.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import NotFoundError, TakenError
from sealhold.vault.core import Core
from sealhold.vault.proxyrows import ProxyRows, Thing
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

_DATASET: Final = "proxy-data/"
_STATE: Final = "proxy-state/"
_SIGNER: Final = "proxy-sign"


class ProxyKeys:
    """Makes, opens and destroys the keys of one vault's proxies."""

    def __init__(self, core: Core) -> None:
        self._core, self._ring = core, core.keyring
        self._rows = ProxyRows(core)

    def add(self, datasets: Iterable[str]) -> None:
        """Make the key of each dataset that has none.

        Raises:
            TakenError: the key of one was destroyed.
        """
        for name in datasets:
            if self.is_destroyed(name):
                raise TakenError(f"the key of dataset `{name}` was destroyed")
            self._ring.add_named(_DATASET + name)

    def of(self, datasets: Iterable[str]) -> Mapping[str, Secret]:
        """Return the 32-byte key of each dataset.

        Raises:
            NotFoundError: one has none, or it was destroyed.
        """
        return {name: self._dataset(name) for name in datasets}

    def has(self, dataset: str) -> bool:
        """Return whether a dataset has its key."""
        return not self.is_destroyed(dataset) and self._ring.has_named(_DATASET + dataset)

    def is_destroyed(self, dataset: str) -> bool:
        """Return whether the key of a dataset was destroyed; if so, it is gone once this returns.

        Raises:
            StoreUnavailableError: a destruction was broken off, and the disk refuses still.
        """
        if self._rows.get(Thing.DESTROYED, dataset) is None:
            return False
        self._ring.forget_named(_DATASET + dataset)
        return True

    def destroy(self, dataset: str) -> None:
        """Destroy the key of a dataset: nothing of it opens any more, wherever it lies.

        Raises:
            NotFoundError: it has none.
            AuditUnavailableError: the log cannot be written; nothing was destroyed.
            StoreUnavailableError: the disk refuses; the key goes at the next use.
        """
        if not self.has(dataset):
            raise NotFoundError(f"no key of dataset `{dataset}`")
        teller = Teller(self._core.keys)
        event = Event(
            kind=EventKind.PROXY,
            actor=Actor.OWNER,
            subject=teller.subject,
            records=self._rows.tag(Thing.DESTROYED, dataset),
            reason="the key of a dataset was destroyed",
        )
        put = self._rows.put(Thing.DESTROYED, dataset, {"name": dataset})
        self._core.writer.commit(Work((put,), (teller.entry(event),), right=True))
        self._ring.forget_named(_DATASET + dataset)

    def state(self, proxy: str) -> Secret:
        """Return the 32-byte key of the file in which a proxy keeps its state; made when needed."""
        self._ring.add_named(_STATE + proxy)
        return self._ring.lies_in.named(_STATE + proxy)

    def signer(self) -> SigningKey:
        """Return the key that signs the policies of this vault's proxies; made when needed."""
        self._ring.add_named(_SIGNER)
        return SigningKey(self._ring.lies_in.named(_SIGNER))

    def _dataset(self, name: str) -> Secret:
        if not self.has(name):
            raise NotFoundError(f"no key of dataset `{name}`")
        return self._ring.lies_in.named(_DATASET + name)
