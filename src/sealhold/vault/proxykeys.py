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
from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain
from sealhold.model.errors import NotFoundError, TakenError
from sealhold.stores.spec import Expect
from sealhold.vault.core import Core
from sealhold.vault.proxyrows import Kept, ProxyRows, Thing
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

_DATASET: Final = "proxy-data-"  # and a number: names in a key set are short
_STATES: Final = "proxy-state"
_SIGNER: Final = "proxy-sign"
_PEER: Final = "proxy-peer"


class ProxyKeys:
    """Makes, opens and destroys the keys of one vault's proxies."""

    def __init__(self, core: Core) -> None:
        self._core, self._ring = core, core.keyring
        self._rows = ProxyRows(core)

    def add(self, datasets: Iterable[str]) -> None:
        """Make the key of each dataset that has none.

        Raises:
            TakenError: the key of one was destroyed.
            AuditUnavailableError: the log cannot be written.
        """
        for name in datasets:
            kept = self._rows.get(Thing.DATASET, name)
            if kept is None:
                number = 1 + sum(1 for _ in self._rows.all(Thing.DATASET))
                self._ring.add_named(f"{_DATASET}{number}")
                self._put(name, number, None)
            elif kept.paper["destroyed"]:
                raise TakenError(f"the key of dataset `{name}` was destroyed")

    def of(self, datasets: Iterable[str]) -> Mapping[str, Secret]:
        """Return the 32-byte key of each dataset.

        Raises:
            NotFoundError: one has none, or it was destroyed.
        """
        return {name: self._dataset(name) for name in datasets}

    def has(self, dataset: str) -> bool:
        """Return whether a dataset has its key; one that was destroyed is gone once this returns.

        Raises:
            StoreUnavailableError: a destruction was broken off, and the disk refuses still.
        """
        kept = self._rows.get(Thing.DATASET, dataset)
        if kept is None:
            return False
        if kept.paper["destroyed"]:
            self._ring.forget_named(_name(kept))
            return False
        return self._ring.has_named(_name(kept))

    def destroy(self, dataset: str) -> None:
        """Destroy the key of a dataset: nothing of it opens any more, wherever it lies.

        Raises:
            NotFoundError: it has none.
            AuditUnavailableError: the log cannot be written; nothing was destroyed.
            StoreUnavailableError: the disk refuses; the key goes at the next use.
        """
        kept = self._rows.get(Thing.DATASET, dataset)
        if kept is None or not self.has(dataset):
            raise NotFoundError(f"no key of dataset `{dataset}`")
        self._put(dataset, int(kept.paper["number"]), kept)
        self._ring.forget_named(_name(kept))

    def state(self, proxy: str) -> Secret:
        """Return the 32-byte key of the file in which a proxy keeps its state."""
        return derive(self._own(_STATES), Tag.PROXY_STATE, proxy.encode())

    def strangers(self) -> Secret:
        """Return the 32-byte key of what is said to those whose name nobody has."""
        return derive(self._own(_STATES), Tag.PROXY_STRANGERS)

    def signer(self) -> SigningKey:
        """Return the key that signs the policies of this vault's proxies."""
        return SigningKey(self._own(_SIGNER))

    def peer(self) -> SigningKey:
        """Return the key by which other proxies know this vault's."""
        return SigningKey(self._own(_PEER))

    def _own(self, name: str) -> Secret:
        self._ring.add_named(name)
        return self._ring.lies_in.named(name)

    def _dataset(self, name: str) -> Secret:
        kept = self._rows.get(Thing.DATASET, name)
        if kept is None:
            raise NotFoundError(f"no key of dataset `{name}`")
        if not self.has(name):
            raise NotFoundError(f"the key of dataset `{name}` was destroyed")
        return self._ring.lies_in.named(_name(kept))

    def _put(self, name: str, number: int, destroyed: Kept | None) -> None:
        """Note that the key of a dataset was made; or, of the row that says so, destroyed."""
        is_over = destroyed is not None
        paper: dict[str, Plain] = {"name": name, "number": number, "destroyed": is_over}
        expect = Expect.ABSENT if destroyed is None else destroyed.found.v
        teller = Teller(self._core.keys)
        event = Event(
            kind=EventKind.PROXY,
            actor=Actor.OWNER,
            subject=teller.subject,
            records=self._rows.tag(Thing.DATASET, name),
            reason=f"the key of a dataset was {'destroyed' if is_over else 'made'}",
        )
        put = self._rows.put(Thing.DATASET, name, paper, expect=expect)
        self._core.writer.commit(Work((put,), (teller.entry(event),), right=is_over))


def _name(kept: Kept) -> str:
    return f"{_DATASET}{kept.paper['number']}"
