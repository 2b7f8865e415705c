"""The clock of a breach: 72 hours from awareness, and what the events of an entry come to.

- Hours run on: through nights, weekends, holidays and clocks that are moved.
- Awareness is said once, with the entry, and is never later than it.
- Events are kept for good and only added to; no event takes an entry, a notice or a reason away.
- For the authority and for the persons alike: they are told, or a justification says why not. That
  they are not told can be overtaken by a notice; a notice can be overtaken by nothing.

Source: docs/spec/23-deadlines.md section 6; Regulation (EU) 2016/679, articles 33 and 34.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, assert_never

from sealhold.model.errors import OutOfOrderError
from sealhold.model.quantities import HOUR, Instant, Millis
from sealhold.policy.justifications import (
    SPARING_AUTHORITY,
    SPARING_PERSONS,
    Ground,
    Justification,
    require,
)

TERM: Final = Millis(72 * HOUR)
_DELAY: Final = frozenset({Ground.BREACH_DELAY})


class BreachNotice(StrEnum):
    """A notice of a breach; the value is the DPV term."""

    INITIAL = "eu-gdpr:DPABreachInitialNotice"  # the first to the authority
    PHASED = "eu-gdpr:DPAPhasedBreachNotice"  # what the authority learns later
    PERSONS = "eu-gdpr:DataSubjectBreachNotice"


class Addressee(StrEnum):
    """Who is to be told of a breach."""

    AUTHORITY = "authority"
    PERSONS = "persons"


class Told(StrEnum):
    """How it stands with telling somebody."""

    OPEN = "open"  # neither told, nor said why not
    NOTIFIED = "notified"
    NOT_NEEDED = "not needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A breach was entered."""

    at: Instant  # when it was entered, by the vault's clock
    aware_at: Instant  # when the controller became aware of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """A notice went out."""

    at: Instant
    notice: BreachNotice
    justification: Justification | None = None  # of the delay, for a first notice that is late


@dataclass(frozen=True, slots=True, kw_only=True)
class NotNotified:
    """It was decided that somebody need not be told."""

    at: Instant
    addressee: Addressee
    justification: Justification


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Nothing remains to be done."""

    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """Something came to light."""

    at: Instant


Following = Notified | NotNotified | Closed | Reopened
BreachEvent = Opened | Following


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachStanding:
    """What the events of one breach come to."""

    aware_at: Instant
    at: Instant  # when the last event was entered
    authority: Told = Told.OPEN
    persons: Told = Told.OPEN
    late: bool = False  # the authority was told after the term
    is_closed: bool = False

    @property
    def due(self) -> Instant:
        """Return the last instant at which the first notice to the authority is in time."""
        return Instant(self.aware_at + TERM)

    def is_overdue(self, now: Instant) -> bool:
        """Return whether the term is over at `now`, and the authority neither told nor spared."""
        return self.authority is Told.OPEN and now > self.due


def fold(events: Iterable[BreachEvent]) -> BreachStanding:
    """Return what `events`, all of one breach and as they were entered, come to.

    Raises:
        OutOfOrderError: there is no event, or one that may not follow those before it.
        UnjustifiedError: one lacks its justification.
    """
    standing: BreachStanding | None = None
    for event in events:
        standing = begin(event) if standing is None else step(standing, event)
    if standing is None:
        raise OutOfOrderError("an entry of a breach begins with awareness of it")
    return standing


def begin(event: BreachEvent) -> BreachStanding:
    """Return how a breach stands after its first event.

    Raises:
        OutOfOrderError: `event` does not open an entry, or was entered before awareness.
    """
    if not isinstance(event, Opened):
        raise OutOfOrderError("an entry of a breach begins with awareness of it")
    # THREAT T208: awareness that is yet to come would be a term that has not begun.
    if not 0 <= event.aware_at <= event.at:
        raise OutOfOrderError("a breach is entered when somebody is aware of it")
    return BreachStanding(aware_at=event.aware_at, at=event.at)


def step(standing: BreachStanding, event: BreachEvent) -> BreachStanding:
    """Return how a breach stands after `event`.

    Raises:
        OutOfOrderError: `event` may not follow.
        UnjustifiedError: `event` lacks its justification, or has one that does not fit.
    """
    # THREAT T208: awareness is said once, and no event is entered before one that stands there.
    if isinstance(event, Opened) or event.at < standing.at:
        raise OutOfOrderError("awareness is entered once, and no event before another")
    if standing.is_closed is not isinstance(event, Reopened):
        raise OutOfOrderError("an entry that is closed is opened again first, and no other is")
    return replace(_follow(standing, event), at=event.at)


def _follow(standing: BreachStanding, event: Following) -> BreachStanding:
    match event:
        case Notified(notice=BreachNotice.INITIAL):
            return _first_notice(standing, event)
        case Notified():
            return _further_notice(standing, event)
        case NotNotified():
            return _spare(standing, event)
        case Closed():
            if Told.OPEN in {standing.authority, standing.persons}:
                raise OutOfOrderError("authority or persons are neither told nor spared")
            return replace(standing, is_closed=True)
        case Reopened():
            return replace(standing, is_closed=False)
        case _:
            assert_never(event)


def _first_notice(standing: BreachStanding, event: Notified) -> BreachStanding:
    if standing.authority is Told.NOTIFIED:
        raise OutOfOrderError("the authority was told; what is new is a phased notice")
    late = event.at > standing.due
    # THREAT T208: a late notice says that it is late, and why.
    if late or event.justification is not None:
        require(event.justification, _DELAY, event.notice.value)
    return replace(standing, authority=Told.NOTIFIED, late=late)


def _further_notice(standing: BreachStanding, event: Notified) -> BreachStanding:
    if event.justification is not None:
        require(event.justification, frozenset(), event.notice.value)
    if event.notice is BreachNotice.PERSONS:
        return replace(standing, persons=Told.NOTIFIED)
    if standing.authority is not Told.NOTIFIED:
        raise OutOfOrderError("a phased notice follows a first one")
    return standing


def _spare(standing: BreachStanding, event: NotNotified) -> BreachStanding:
    authority = event.addressee is Addressee.AUTHORITY
    if (standing.authority if authority else standing.persons) is not Told.OPEN:
        raise OutOfOrderError(f"{event.addressee.value}: told already, or said already why not")
    # THREAT T207: silence has one of few reasons, and which they are depends on who is not told.
    require(
        event.justification,
        SPARING_AUTHORITY if authority else SPARING_PERSONS,
        f"{event.addressee.value} not notified",
    )
    if authority:
        return replace(standing, authority=Told.NOT_NEEDED)
    return replace(standing, persons=Told.NOT_NEEDED)
