"""What is told of a backup, and of going back to one.

Source: docs/spec/29-operations.md section 5.
"""

from dataclasses import dataclass

from sealhold.model.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupView:
    """One backup."""

    id: str
    where: str  # the place, as it was named
    at: Instant
    epoch: int  # its key set opens while this one is in force
    objects: int
    size: int  # bytes
    digest: str  # of its manifest, as the log names it


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """What was looked through, and found as it was written."""

    backups: int
    parts: int  # that they name
    size: int  # bytes of them
    read: int  # parts that were read whole
    read_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneView:
    """Which old backups go, or went."""

    kept: int  # backups
    dropped: tuple[str, ...]
    deleted: int  # objects that nobody has named for a day
    freed: int  # bytes of them
    waiting: int  # objects that go a day from now
    is_done: bool  # false: a look


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing that was tried, and what came of it."""

    name: str
    outcome: str  # "held", "failed" or "missing"
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillView:
    """What came of a drill."""

    tried: tuple[Tried, ...]
    envelope: str  # DSSE, signed by the log's key

    @property
    def has_failed(self) -> bool:
        """Whether something did not hold."""
        return any(each.outcome == "failed" for each in self.tried)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreView:
    """What going back to a backup does, or did."""

    backup: BackupView
    home: str
    log_key: str  # digest of the key that signed the backup
    keys: str  # "backup", "recovery", or "home": those of the vault's own older folder
    apps: int  # that were stopped
    consents: int  # that are unknown now
    tokens: int  # of people and officers that are dead
    people: int  # who were erased since, and whose rows went again
