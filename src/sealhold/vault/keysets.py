"""The key set of each epoch: its slot under the root, its key under the slot, its file of wraps.

- At rest there is one epoch. While the next one is made there are two, and the file `epoch` names
  the one in force; whatever else lies there is an end that was not reached, and is cleared away.
- What is cleared loses its slot first: without it the rest is noise, wherever it was copied to.

Source: docs/spec/03-keys.md sections 9 and 13.
"""

from collections.abc import Callable

from sealhold.crypto.kdf import derive
from sealhold.crypto.rootspec import Destruction
from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import SealBrokenError, TamperedError
from sealhold.model.ids import Id16, SealedBytes
from sealhold.stores.spec import Fence, RecordStore
from sealhold.vault import wraps
from sealhold.vault.home import Home, read, replace
from sealhold.vault.keyring import Keyring
from sealhold.vault.roots import HomeRoot

LEASE_S = 3_600  # the file lock is what keeps others out; the lease numbers the writers
SHARD, HOLDER = Id16(bytes(16)), Id16(b"home's file lock")


def lease(store: RecordStore, clock: Clock) -> Fence:
    """Become the one writer of a store of this home."""
    return store.lease(SHARD, HOLDER, LEASE_S, clock())


class KeySets:
    """Makes, opens and ends the key sets of one home, whose lock is held."""

    def __init__(
        self,
        home: Home,
        root: HomeRoot,
        store: Callable[[int], RecordStore],
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self.home = home
        self.root = root
        self._store = store
        self._clock = clock
        self._entropy = entropy

    def under(self, root: HomeRoot) -> "KeySets":
        """Return the key sets of the same home under another root."""
        return KeySets(self.home, root, self._store, self._clock, self._entropy)

    def make_slot(self, epoch: int) -> None:
        """Make the slot of an epoch.

        Raises:
            ConflictError: there is one.
        """
        self.root.create_slot(epoch, self._entropy)

    def make(self, epoch: int) -> tuple[Keyring, Fence]:
        """Make the key of an epoch, which has a slot, and an empty set under it."""
        key = new_key(self._entropy, "epoch key")
        replace(self.home.epoch_key_of(epoch), self.root.wrap(epoch, key, self._entropy))
        return self._open(epoch, key, create=True)

    def open(self, epoch: int) -> Keyring:
        """Open the key set of an epoch from what lies on the disk.

        Raises:
            TamperedError: a part is missing, or not what was written.
        """
        ring, fence = self._open(epoch, self._epoch_key(epoch), create=False)
        try:
            ring.load(fence)
        except BaseException:
            ring.close()
            raise
        return ring

    def try_open(self, store: RecordStore, epoch: int, wrapped: bytes) -> None:
        """Open a copy of the key set in force, whose key is `wrapped`, and close it again.

        Raises:
            TamperedError: it is not this vault's.
        """
        try:
            key = self.root.unwrap(epoch, SealedBytes(wrapped), "epoch key")
        except SealBrokenError as err:
            raise TamperedError("the key in a backup is another vault's") from err
        store.open(wraps.TABLES, derive(key, Tag.KEYS_FILE).reveal, create=False)
        try:
            ring = Keyring(store, key, self._entropy, epoch)
            ring.load(lease(store, self._clock))
            ring.held()
        finally:
            store.close()

    def others(self, epoch: int) -> list[int]:
        """Return the epochs beside this one of which anything is left, the oldest first."""
        return sorted({*self.root.slots, *self.home.epochs_of_keys()} - {epoch})

    def destroy_slot(self, epoch: int) -> Destruction:
        """Destroy the slot of an epoch; one that is gone already is no error.

        Raises:
            RootAwayError: the device that it lies in does not answer.
        """
        return self.root.destroy_slot(epoch)

    def drop(self, epoch: int) -> None:
        """Clear away whatever is left of an epoch, its slot first."""
        self.destroy_slot(epoch)
        self.home.forget_keys(epoch)

    def _open(self, epoch: int, key: Secret, *, create: bool) -> tuple[Keyring, Fence]:
        store = self._store(epoch)
        store.open(wraps.TABLES, derive(key, Tag.KEYS_FILE).reveal, create=create)
        try:
            return Keyring(store, key, self._entropy, epoch), lease(store, self._clock)
        except BaseException:
            store.close()
            raise

    def _epoch_key(self, epoch: int) -> Secret:
        path = self.home.epoch_key_of(epoch)
        try:
            return self.root.unwrap(epoch, read(path), "epoch key")
        except SealBrokenError as err:
            names = f"`slot/{epoch}`, `{path.name}` or the slot in `unlock`"
            raise TamperedError(f"{names} is not what was written") from err
