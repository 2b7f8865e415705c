"""The clock of a rights request: what its events come to, and by when it is due.

- Due one month after it was received, or three if it was extended; on a working day, at its end.
- The term stands still while the person is asked who they are, day for day, if they were asked
  before the first term was over. While it stands still, it cannot run out.
- Events are kept for good and only added to; what may not follow is refused with an error.
- What is overdue is closed with a justification of the delay, or not at all.

Source: docs/spec/23-deadlines.md sections 2 to 4.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum
from typing import Final, assert_never

from sealhold.model.errors import OutOfOrderError, TermOverError, UnjustifiedError
from sealhold.model.quantities import Instant
from sealhold.policy.deadlines import Calendar, last_day
from sealhold.policy.justifications import (
    ASKING,
    DELAYING,
    EXTENDING,
    REFUSING,
    REFUSING_ERASURE,
    Ground,
    require,
)
from sealhold.policy.rights_events import (
    CLOSED,
    EDGES,
    Accepted,
    Acknowledged,
    ActionDelayed,
    ActionPerformed,
    ActionRequired,
    Closing,
    Extended,
    Fulfilled,
    Initiated,
    Moving,
    Rejected,
    Right,
    RightsEvent,
    RightsState,
    Unfulfilled,
)

FIRST_TERM: Final = 1  # months from the day of receipt
EXTENDED_TERM: Final = 3


class Urgency(IntEnum):
    """How near the end of the term is; a warning is due when it rises."""

    NONE = 0
    TEN_DAYS = 1
    THREE_DAYS = 2
    LAST_DAY = 3
    OVERDUE = 4


_WARNINGS: Final = ((0, Urgency.LAST_DAY), (3, Urgency.THREE_DAYS), (10, Urgency.TEN_DAYS))


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsStanding:
    """What the events of one rights request come to."""

    right: Right
    state: RightsState
    received_at: Instant
    at: Instant  # when the last event was entered
    extended: bool = False
    suspended: int = 0  # days for which the term stood still, as far as that is over
    waiting_since: Instant | None = None  # the term stands still since then

    @property
    def is_closed(self) -> bool:
        """Return whether nothing more can happen to it."""
        return self.state in CLOSED


# --- the story ---


def fold(events: Iterable[RightsEvent], calendar: Calendar) -> RightsStanding:
    """Return what `events`, all of one rights request and as they were entered, come to.

    Raises:
        OutOfOrderError: there is no event, or one that may not follow those before it.
        TermOverError: one extends a request whose first term was over.
        UnjustifiedError: one lacks its justification.
    """
    standing: RightsStanding | None = None
    for event in events:
        standing = begin(event) if standing is None else step(standing, event, calendar)
    if standing is None:
        raise OutOfOrderError("a rights request begins with its receipt")
    return standing


def begin(event: RightsEvent) -> RightsStanding:
    """Return how a rights request stands after its first event.

    Raises:
        OutOfOrderError: `event` is not the receipt, or was entered before it happened.
    """
    if not isinstance(event, Initiated):
        raise OutOfOrderError("a rights request begins with its receipt")
    if not 0 <= event.received_at <= event.at:
        raise OutOfOrderError("a rights request is received before it is entered")
    return RightsStanding(
        right=event.right, state=event.to, received_at=event.received_at, at=event.at
    )


def step(standing: RightsStanding, event: RightsEvent, calendar: Calendar) -> RightsStanding:
    """Return how a rights request stands after `event`.

    Raises:
        OutOfOrderError: `event` may not follow.
        TermOverError: `event` extends it, and its first term is over.
        UnjustifiedError: `event` lacks its justification, or has one that does not fit.
    """
    # THREAT T205: an entry of today cannot pass for one of the day before it was due.
    if event.at < standing.at:
        raise OutOfOrderError("an event is entered after those before it")
    if isinstance(event, Extended):
        return _extend(standing, event, calendar)
    if isinstance(event, Initiated) or event.to not in EDGES[standing.state]:
        raise OutOfOrderError(f"{event.to.value} does not follow {standing.state.value}")
    return replace(_move(standing, event, calendar), state=event.to, at=event.at)


def _move(standing: RightsStanding, event: Moving, calendar: Calendar) -> RightsStanding:
    match event:
        case Acknowledged() | Accepted():
            return standing
        case ActionRequired():
            require(event.justification, ASKING, event.to.value)
            who = event.justification.ground is Ground.IDENTITY_REQUIRED
            in_time = event.at <= _due(standing, FIRST_TERM, calendar, event.at)
            # THREAT T209: who asks only when the first term is over, stops no clock.
            return replace(standing, waiting_since=event.at if who and in_time else None)
        case ActionPerformed():
            return _resume(standing, event, calendar)
        case ActionDelayed():
            require(event.justification, DELAYING, event.to.value)
            return standing
        case Rejected() | Fulfilled() | Unfulfilled():
            _check_closing(standing, event, calendar)
            return standing
        case _:
            assert_never(event)


def _resume(standing: RightsStanding, event: ActionPerformed, calendar: Calendar) -> RightsStanding:
    asked_at = standing.at if standing.waiting_since is None else standing.waiting_since
    if not asked_at <= event.came_at <= event.at:
        raise OutOfOrderError("an answer comes after its question, and before it is entered")
    suspended = _suspended(standing, calendar, event.came_at)
    return replace(standing, suspended=suspended, waiting_since=None)


def _extend(standing: RightsStanding, event: Extended, calendar: Calendar) -> RightsStanding:
    if standing.is_closed or standing.extended:
        raise OutOfOrderError("a rights request is extended once, while it is open")
    if event.at > _due(standing, FIRST_TERM, calendar, event.at):
        raise TermOverError("the first term is over")
    if not standing.received_at <= event.noticed_at <= event.at:
        raise OutOfOrderError("the notice is given after the receipt, and before it is entered")
    require(event.justification, EXTENDING, "extension")
    return replace(standing, extended=True, at=event.at)


def _check_closing(standing: RightsStanding, event: Closing, calendar: Calendar) -> None:
    refusing = REFUSING_ERASURE if standing.right is Right.ERASURE else REFUSING
    refused = not isinstance(event, Fulfilled)
    grounds = {given.ground for given in event.justifications}
    if grounds - (DELAYING | (refusing if refused else frozenset())):
        raise UnjustifiedError(f"a justification does not fit {event.to.value}")
    if refused and not grounds & refusing:
        raise UnjustifiedError(f"{event.to.value} needs a justification of the refusal")
    # THREAT T205: what is late is not closed as if it were in time.
    if event.at > due(standing, calendar, event.at) and not grounds & DELAYING:
        raise UnjustifiedError("what is overdue is closed with a justification of the delay")


# --- the clock ---


def due(standing: RightsStanding, calendar: Calendar, now: Instant) -> Instant:
    """Return the last instant at which the answer is in time, as it is known at `now`.

    It moves with `now` only while the term stands still.
    """
    return _due(standing, EXTENDED_TERM if standing.extended else FIRST_TERM, calendar, now)


def is_overdue(standing: RightsStanding, calendar: Calendar, now: Instant) -> bool:
    """Return whether a rights request is open, and its term is over at `now`."""
    return not standing.is_closed and now > due(standing, calendar, now)


def days_left(standing: RightsStanding, calendar: Calendar, now: Instant) -> int:
    """Return how many days after today the last day is; below 0 it is over."""
    return (calendar.day_of(due(standing, calendar, now)) - calendar.day_of(now)).days


def urgency(standing: RightsStanding, calendar: Calendar, now: Instant) -> Urgency:
    """Return how near the end of the term is at `now`; a closed request is not urgent."""
    if standing.is_closed:
        return Urgency.NONE
    if is_overdue(standing, calendar, now):
        return Urgency.OVERDUE
    left = days_left(standing, calendar, now)
    return next((urgent for days, urgent in _WARNINGS if left <= days), Urgency.NONE)


def _due(standing: RightsStanding, months: int, calendar: Calendar, now: Instant) -> Instant:
    received: date = calendar.day_of(standing.received_at)
    until = standing.at if standing.is_closed else now
    return calendar.last_of(
        last_day(received, months, _suspended(standing, calendar, until), calendar)
    )


def _suspended(standing: RightsStanding, calendar: Calendar, until: Instant) -> int:
    """Return for how many days the term stood still up to `until`."""
    if standing.waiting_since is None:
        return standing.suspended
    waited = (calendar.day_of(until) - calendar.day_of(standing.waiting_since)).days
    return standing.suspended + max(0, waited)
