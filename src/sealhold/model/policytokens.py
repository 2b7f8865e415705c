"""A policy token as the faces show it.

Source: docs/spec/41-snapshots.md section 1.
"""

from dataclasses import dataclass

from sealhold.model.ids import GrantId, Id16
from sealhold.model.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTokenView:
    """A token, and whether it is there."""

    id: Id16
    state: str  # standing | revoked
    effect: str  # widen | narrow
    grants: tuple[GrantId, ...]  # neither these nor rules: all
    rules: tuple[Id16, ...] = ()  # they hold only while it is there
    until: Instant
    folder: str  # where its medium was when it was made
    counter: int  # how often it was taken in, and one
    has_medium: bool  # whether its medium is told from others
    present: bool
