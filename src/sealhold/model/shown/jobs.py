"""What the faces show of jobs that turn keys over.

Source: docs/spec/28-rotation.md section 4.
"""

from dataclasses import dataclass

from sealhold.model.ids import JobId
from sealhold.model.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """One job. Of one that was only planned, `id` is 16 zero bytes."""

    id: JobId
    kind: str  # subject | subjects | app | bodies | index
    scope: str  # whose keys: `all`, `owner`, or ids
    state: str  # planned | running | paused | verifying | done | done_with_quarantine | ...
    done: int  # rows that were looked at in this pass
    total: int  # that there were when it began, about
    changed: int  # rows that were written, in all passes
    quarantined: int  # rows that did not open, and were left as they are
    dry_run: bool
    compromised: bool  # nothing is kept of the old keys
    throttle: int  # rows in a second at most; 0 is as many as go
    started: Instant
    ended: Instant | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedView:
    """A row that did not open."""

    number: int
    table: str
    row: str  # its place in the table, in hex and numbers
    reason: str
    given_up: bool  # the owner said that its key may be destroyed all the same


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDetails:
    """One job, and what it left."""

    job: JobView
    quarantine: tuple[QuarantinedView, ...]
