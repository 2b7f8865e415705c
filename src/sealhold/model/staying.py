"""What an erasure leaves of a person, under a duty to keep it, and on what ground.

Source: docs/spec/32-holds.md sections 3 and 7.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sealhold.model.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class StayView:
    """What stays, or would stay, of a person under one hold."""

    ground: str
    letter: str
    why: str  # the ground in words
    purpose: str
    law: str
    until: Instant
    items: Mapping[str, int]
