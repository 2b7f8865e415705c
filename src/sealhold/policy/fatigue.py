"""Asking until the owner is tired is an attack: how often an app may ask, and when again.

- At most 3 wishes of an app wait at once, at most 5 new ones come in 24 hours, equal ones are one.
- A wish that ended without a yes is blocked for 90 days, and one whose yes was taken back too.
- An asker must not read the decision off the limits. So an undecided, a refused, an expired and a
  withdrawn wish count alike: as waiting until the term of the request ends, as blocked for 90 days
  from then. An allowance is told to the asker anyway, so it frees the place.
- SAME and BLOCKED are the owner's knowledge: the asker gets the bytes of `pending` for both.

Source: docs/spec/07-grants.md section 8.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sealhold.model.quantities import DAY, Instant
from sealhold.model.shown import RequestState

MAX_WAITING: Final = 3  # per app
MAX_NEW: Final = 5  # per app in 24 hours
BLOCKED_FOR: Final = 90 * DAY  # milliseconds


class Verdict(StrEnum):
    """What becomes of a wish that comes in."""

    SHOW = "show"
    SAME = "same"  # it waits already, or counts as waiting
    BLOCKED = "blocked"  # it had its answer
    TOO_MANY_WAITING = "too_many_waiting"
    TOO_MANY_NEW = "too_many_new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One earlier wish of the same app."""

    digest: bytes  # of `request.wish`
    state: RequestState
    received_at: Instant
    expires_at: Instant  # the request's own end, if nobody decides
    allowed_at: Instant | None  # when the owner said yes, if ever
    ended_at: Instant | None  # when it reached a final state


def may_ask(history: Sequence[Asked], digest: bytes, now: Instant) -> Verdict:
    """Return what becomes of a wish with `digest`, after all that its app asked before."""
    alike = [one for one in history if one.digest == digest]
    # THREAT T13: a no is not asked away; the block outweighs every limit and every other entry.
    if any(_blocks(one, now) for one in alike):
        return Verdict.BLOCKED
    if any(_waits(one, now) for one in alike):
        return Verdict.SAME
    if sum(_waits(one, now) for one in history) >= MAX_WAITING:
        return Verdict.TOO_MANY_WAITING
    if sum(now - one.received_at < DAY for one in history) >= MAX_NEW:
        return Verdict.TOO_MANY_NEW
    return Verdict.SHOW


def _waits(one: Asked, now: Instant) -> bool:
    return one.allowed_at is None and now < one.expires_at


def _blocks(one: Asked, now: Instant) -> bool:
    if one.allowed_at is None:
        return one.expires_at <= now < one.expires_at + BLOCKED_FOR
    if one.state is RequestState.REVOKED and one.ended_at is not None:
        return now < one.ended_at + BLOCKED_FOR
    return False
