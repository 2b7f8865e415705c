"""What a root of all keys promises: the contract of each file in `roots/`.

- A root makes *epoch slots*. A key wrapped under a slot opens only while that slot exists; once
  it is destroyed, no backup of wrapped keys opens again. This is how erasure reaches backups.
- An *unlock slot* is another thing: it gives a software root its root key, for one passphrase,
  key file or recovery secret.
- What destruction is worth depends on where slots live, and the answer says it honestly.

Source: docs/spec/03-keys.md sections 8 and 9.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.model.ids import SealedBytes


class Strength(StrEnum):
    """How sure it is that a destroyed slot is gone."""

    HARDWARE_DESTROYED = "hardware-destroyed"  # the key never left a module that deleted it
    NV_COUNTER = "nv-counter"  # a counter in a chip moved on, and it cannot go back
    OVERWRITTEN_FILE = "overwritten-file"  # on flash or copy-on-write disks this is no proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """How a slot was destroyed; it stands in the receipt of an erasure."""

    method: str
    strength: Strength


class RootProvider(Protocol):
    """Keeps epoch slots. Methods block; one thread calls at a time.

    Any method raises `UnavailableError` if the token or chip that slots live in does not answer:
    then nothing was done, and the call may be repeated.
    """

    def create_slot(self, epoch: int, entropy: Entropy) -> None:
        """Make the slot of `epoch`, durably.

        Raises:
            ConflictError: it exists.
        """
        ...

    def wrap(self, epoch: int, key: Secret, entropy: Entropy) -> SealedBytes:
        """Return `key` wrapped under the slot of `epoch`: 60 bytes.

        Raises:
            NotFoundError: there is no such slot.
            TamperedError: the slot is damaged.
        """
        ...

    def unwrap(self, epoch: int, sealed: bytes, name: str) -> Secret:
        """Return the key inside `sealed`, called `name`.

        Raises:
            NotFoundError: there is no such slot.
            SealBrokenError: not a wrap under this slot, or the slot is damaged.
        """
        ...

    def destroy_slot(self, epoch: int) -> Destruction:
        """Destroy the slot for good, durably; a slot that is gone already is no error.

        Raises:
            TamperedError: what is known of it is damaged, so it cannot be found.
        """
        ...
