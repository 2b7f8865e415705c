"""A root in software: epoch slots are random keys, each sealed under the one root key.

- The mapping keeps one small document per epoch. Its owner decides where: a dict for a vault in
  memory, files in a home. Deleting an entry must overwrite it and be durable.
- A slot that was copied elsewhere beforehand, together with the root key, undoes destruction.
  The strength that receipts show says so.

Source: docs/spec/03-keys.md section 9.
"""

from collections.abc import MutableMapping

from sealhold.crypto.digest import framed
from sealhold.crypto.rootspec import Destruction, Strength
from sealhold.crypto.seal import Sealer, new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import ConflictError, NotFoundError
from sealhold.model.ids import SealedBytes


class SoftwareRoot:
    """Keeps epoch slots in `slots` under `root`."""

    def __init__(self, root: Secret, slots: MutableMapping[int, bytes]) -> None:
        self._sealer = Sealer(root)
        self._slots = slots

    def create_slot(self, epoch: int, entropy: Entropy) -> None:  # noqa: D102  # said in rootspec
        if epoch in self._slots:
            raise ConflictError(f"epoch slot {epoch} exists already")
        key = new_key(entropy, f"slot key of epoch {epoch}")
        self._slots[epoch] = self._sealer.wrap(key, _place(Tag.EPOCH_SLOT, epoch), entropy)

    def wrap(self, epoch: int, key: Secret, entropy: Entropy) -> SealedBytes:  # noqa: D102
        return self._slot(epoch).wrap(key, _place(Tag.EPOCH_KEY, epoch), entropy)

    def unwrap(self, epoch: int, sealed: bytes, name: str) -> Secret:  # noqa: D102
        return self._slot(epoch).unwrap(sealed, _place(Tag.EPOCH_KEY, epoch), name)

    def destroy_slot(self, epoch: int) -> Destruction:  # noqa: D102
        self._slots.pop(epoch, None)
        return Destruction(method="slot file overwritten", strength=Strength.OVERWRITTEN_FILE)

    def _slot(self, epoch: int) -> Sealer:
        try:
            sealed = self._slots[epoch]
        except KeyError as err:
            raise NotFoundError(f"no epoch slot {epoch}") from err
        name = f"slot key of epoch {epoch}"
        return Sealer(self._sealer.unwrap(sealed, _place(Tag.EPOCH_SLOT, epoch), name))


def _place(tag: Tag, epoch: int) -> bytes:
    return framed(tag, epoch.to_bytes(8))
