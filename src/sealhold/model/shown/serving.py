"""How a served vault does: what its operator watches, with nothing in it of anybody's data.

Source: docs/spec/29-operations.md section 3.
"""

from dataclasses import dataclass

from sealhold.model.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """Numbers of an open vault, at this moment or since it was opened."""

    waiting: int  # pieces of work in the writer's queue
    batches: int
    works: int  # in all batches
    is_writing: bool  # if not, a failure of disk or server is not mended yet
    is_full: bool  # the disk; puts are refused
    log_size: int  # entries
    disk_free: int  # bytes, where the vault's folder lies
    disk_size: int
    reads_reserve: int  # bytes that are left of it
    rights_reserve: int
    epoch: int
    epoch_due: Instant | None  # by when it is to be closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether the service answers, and what it can do now."""

    status: str  # "ok": the service answers
    version: str
    vault: str  # "open" or "locked"
    writes: str  # "yes", "full" (the disk), "no"; of a locked vault "no"
