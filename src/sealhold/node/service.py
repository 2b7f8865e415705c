"""An open vault as a service: its numbers, and its backups while it is used.

Source: docs/spec/29-operations.md sections 3 and 5.
"""

import os
from dataclasses import dataclass

from sealhold.model.shown.backups import BackupView
from sealhold.model.shown.serving import Gauges
from sealhold.node.world import World
from sealhold.vault.backups import Backups
from sealhold.vault.core import Core
from sealhold.vault.epochs import Epochs
from sealhold.vault.home import Home
from sealhold.vault.reserves import Room


@dataclass(frozen=True, slots=True)
class Service:
    """What its operator watches and does; nothing in it is of anybody."""

    core: Core
    keys: Epochs
    backups: Backups
    home: Home
    world: World

    def gauges(self) -> Gauges:
        """Return numbers of how the service does."""
        load, disk = self.core.writer.load, os.statvfs(self.home.folder)
        reserves = self.core.keyring.reserves
        return Gauges(
            waiting=load.waiting,
            batches=load.batches,
            works=load.works,
            is_writing=load.is_writing,
            is_full=load.is_full,
            log_size=load.log_size,
            disk_free=disk.f_bavail * disk.f_frsize,
            disk_size=disk.f_blocks * disk.f_frsize,
            reads_reserve=reserves.left(Room.READS),
            rights_reserve=reserves.left(Room.RIGHTS),
            epoch=self.core.keyring.lies_in.epoch,
            epoch_due=self.keys.due(),
        )

    def back_up(self, place: str) -> BackupView:
        """Copy the vault to a place, while it is used.

        Raises:
            InvalidError: the place lies in the vault, or is none.
            StoreUnavailableError: a store or the place does not answer.
        """
        from sealhold.node import placing  # noqa: PLC0415  # reason: few services ever need it

        where, store = placing.backup_place(place, self.home, self.world)
        return self.backups.make(store, where, lambda _done, _every: None)
