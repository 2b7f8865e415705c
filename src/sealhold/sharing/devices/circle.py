"""What a replica asks about its collection's members and secrets.

- Who may write, and under which keys: answered from the membership log by whoever keeps it.

Source: docs/spec/12-membership.md.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.sharing.devices.keybag import BagKey
from sealhold.sharing.devices.oplog import MAX_SEQ, LogId
from sealhold.sharing.devices.ops import Operation

NOT_SAID: Final = MAX_SEQ  # where the log of a removed device ends, as long as nobody said it


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Who writes here."""

    log: LogId
    signer: SigningKey


class Circle(Protocol):
    """The members of one collection, as this device knows them."""

    def signer(self, device: bytes) -> PublicKey | None:
        """Return the key by which a device signs; None if it never was a member that may write."""
        ...

    def may(self, device: bytes, op: Operation) -> bool:
        """Return whether a member's role lets it say something."""
        ...

    def cut(self, log: LogId) -> int | None:
        """Return after which number nothing of a log counts; None if its device is a member."""
        ...

    def epoch(self, epoch: bytes, *, kept: bool = False) -> Secret | None:
        """Return the secret of an epoch; None if this device does not have it.

        Args:
            epoch: its id.
            kept: also one that counts no more, for what was taken in while it did.
        """
        ...

    def current(self) -> tuple[bytes, Secret]:
        """Return the epoch to write under, with its secret.

        Raises:
            NoEpochError: there is none that every member has: writing waits.
        """
        ...

    def bag(self, bag: bytes) -> BagKey | None:
        """Return a key of the key bag; None if this device does not have it, or has it no more."""
        ...

    def current_bag(self) -> BagKey:
        """Return the key of the bag to write under.

        Raises:
            NoEpochError: there is none that every member has: writing waits.
        """
        ...
