"""What a face may ask of the vault as a service: a part of the contract in `seam.py`.

Source: docs/spec/29-operations.md sections 3 and 5.
"""

from typing import Protocol

from sealhold.model.shown.backups import BackupView
from sealhold.model.shown.serving import Gauges


class Service(Protocol):
    """How the service does, and its backups."""

    def gauges(self) -> Gauges:
        """Return numbers of how the service does."""
        ...

    def back_up(self, place: str) -> BackupView:
        """Copy the vault to a place, while it is used.

        Raises:
            InvalidError: the place lies in the vault, or is none.
            StoreUnavailableError: a store or the place does not answer.
        """
        ...
