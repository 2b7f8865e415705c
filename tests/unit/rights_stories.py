"""Stories of rights requests and breaches, told in the time of Berlin in 2026."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sealhold.model.quantities import Instant
from sealhold.policy.deadlines import Calendar
from sealhold.policy.justifications import Ground, Justification
from sealhold.policy.rights_events import (
    Accepted,
    Acknowledged,
    ActionDelayed,
    ActionPerformed,
    ActionRequired,
    Extended,
    Fulfilled,
    Initiated,
    Rejected,
    Right,
    RightsEvent,
    RightsState,
    Unfulfilled,
)

ZONE = ZoneInfo("Europe/Berlin")
HOLIDAYS = frozenset(
    {
        date(2026, 1, 1),
        date(2026, 4, 3),  # Good Friday
        date(2026, 4, 6),  # Easter Monday
        date(2026, 5, 1),
        date(2026, 5, 14),
        date(2026, 5, 25),
        date(2026, 10, 3),
        date(2026, 12, 25),
        date(2026, 12, 26),
    }
)
BERLIN = Calendar(zone=ZONE, holidays=HOLIDAYS)


def utc(text: str) -> Instant:
    """Return the instant of an RFC 3339 time."""
    moment = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    return Instant(moment // timedelta(milliseconds=1))


def local(text: str, zone: ZoneInfo = ZONE) -> Instant:
    """Return the instant of a time on the clocks of `zone`: `2026-03-02 10:00`."""
    return utc(datetime.fromisoformat(text).replace(tzinfo=zone).isoformat())


def end_of(day: str, zone: ZoneInfo = ZONE) -> Instant:
    """Return the last millisecond of a day without a clock change at midnight."""
    return local(f"{day} 23:59:59.999", zone)


def because(ground: Ground) -> Justification:
    return Justification(ground=ground, text="the reason, in words")


def received(text: str, right: Right = Right.ACCESS) -> Initiated:
    return Initiated(at=local(text), received_at=local(text), right=right)


def acknowledged(text: str) -> Acknowledged:
    return Acknowledged(at=local(text))


def accepted(text: str) -> Accepted:
    return Accepted(at=local(text))


def asked(text: str, ground: Ground = Ground.IDENTITY_REQUIRED) -> ActionRequired:
    return ActionRequired(at=local(text), justification=because(ground))


def answered(text: str) -> ActionPerformed:
    return ActionPerformed(at=local(text), came_at=local(text))


def extended(text: str, ground: Ground = Ground.COMPLEXITY) -> Extended:
    return Extended(at=local(text), noticed_at=local(text), justification=because(ground))


def to_acceptance(receipt: str, acceptance: str) -> list[RightsEvent]:
    """Return a story that needs no answer of the person."""
    return [received(receipt), acknowledged(receipt), accepted(acceptance)]


_LEADING: dict[RightsState, Callable[[Instant], RightsEvent]] = {
    RightsState.INITIATED: lambda at: Initiated(at=at, received_at=at, right=Right.ACCESS),
    RightsState.ACKNOWLEDGED: lambda at: Acknowledged(at=at),
    RightsState.REQUIRES_ACTION: lambda at: ActionRequired(
        at=at, justification=because(Ground.IDENTITY_REQUIRED)
    ),
    RightsState.ACTION_PERFORMED: lambda at: ActionPerformed(at=at, came_at=at),
    RightsState.ACCEPTED: lambda at: Accepted(at=at),
    RightsState.DELAYED: lambda at: ActionDelayed(at=at, justification=because(Ground.DELAY)),
    RightsState.REJECTED: lambda at: Rejected(
        at=at, justifications=(because(Ground.EXCESSIVE), because(Ground.DELAY))
    ),
    RightsState.FULFILLED: lambda at: Fulfilled(at=at, justifications=(because(Ground.DELAY),)),
    RightsState.UNFULFILLED: lambda at: Unfulfilled(
        at=at, justifications=(because(Ground.RIGHTS_OF_OTHERS), because(Ground.DELAY))
    ),
}


def leading_to(state: RightsState, at: Instant) -> RightsEvent:
    """Return an event that leads to `state`, with all that it could need."""
    return _LEADING[state](at)
