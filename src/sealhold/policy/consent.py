"""Consent: its states, the events that make them, and the one question whether it permits.

- The states are those of DPV 2.3. Only Given and RenewedGiven permit, only from `starts` until just
  before `ends`, and only while the notice that the person saw is the one that still applies.
- Events are kept for good; the state is their fold, whatever order they come in.
- Refused, withdrawn, revoked and invalidated are final for a consent id, whatever their time says:
  a clock that is set back, or a forged later event, brings nothing back. A new yes is a new id.
- Who may cause what is fixed: an app may ask, and what it claims beyond that counts for nothing.

Source: docs/spec/07-grants.md section 5.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant


class ConsentState(StrEnum):
    """Where a consent stands; the value is the DPV term."""

    UNKNOWN = "ConsentUnknown"
    REQUESTED = "ConsentRequested"
    DEFERRED = "ConsentRequestDeferred"
    GIVEN = "ConsentGiven"
    RENEWED = "RenewedConsentGiven"
    EXPIRED = "ConsentExpired"
    REFUSED = "ConsentRefused"
    WITHDRAWN = "ConsentWithdrawn"  # by the person
    REVOKED = "ConsentRevoked"  # by the controller
    INVALIDATED = "ConsentInvalidated"


class By(StrEnum):
    """Who caused an event."""

    SUBJECT = "subject"  # the person, or who acts for a child
    CONTROLLER = "controller"
    ASKER = "asker"
    VAULT = "vault"


_C = ConsentState

FINAL: Final = frozenset({_C.REFUSED, _C.WITHDRAWN, _C.REVOKED, _C.INVALIDATED})
PERMITTING: Final = frozenset({_C.GIVEN, _C.RENEWED})

_MAY_CAUSE: Final = {
    _C.UNKNOWN: frozenset({By.VAULT, By.CONTROLLER}),  # after a restore; for what was imported
    _C.REQUESTED: frozenset({By.ASKER, By.CONTROLLER, By.VAULT}),
    _C.DEFERRED: frozenset({By.SUBJECT, By.VAULT}),
    _C.GIVEN: frozenset({By.SUBJECT}),
    _C.RENEWED: frozenset({By.SUBJECT}),
    _C.EXPIRED: frozenset({By.VAULT}),
    _C.REFUSED: frozenset({By.SUBJECT}),
    _C.WITHDRAWN: frozenset({By.SUBJECT}),
    _C.REVOKED: frozenset({By.CONTROLLER, By.VAULT}),
    _C.INVALIDATED: frozenset({By.CONTROLLER, By.VAULT}),
}
_MAY_FOLLOW: Final = {  # an event counts only after one of these states; None: it may be the first
    _C.UNKNOWN: frozenset({None, _C.REQUESTED, _C.DEFERRED, _C.GIVEN, _C.RENEWED}),
    _C.REQUESTED: frozenset({None, _C.DEFERRED}),
    _C.DEFERRED: frozenset({_C.REQUESTED}),
    _C.GIVEN: frozenset({None, _C.REQUESTED, _C.DEFERRED}),
    _C.RENEWED: frozenset({_C.GIVEN, _C.RENEWED, _C.EXPIRED, _C.UNKNOWN}),
    _C.EXPIRED: frozenset({_C.REQUESTED, _C.DEFERRED, _C.GIVEN, _C.RENEWED}),
}
_RANK: Final = {state: rank for rank, state in enumerate(ConsentState)}  # order within one instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEvent:
    """One thing that happened to one consent."""

    consent: Id16
    state: ConsentState  # what it led to
    at: Instant
    by: By
    notice: str  # digest of the notice that was shown, 64 hex digits
    starts: Instant  # for Given and RenewedGiven: permits from here ...
    ends: Instant  # ... until just before here


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the events of one consent come to at one moment."""

    state: ConsentState
    starts: Instant  # permits from here ...
    ends: Instant  # ... until just before here
    notice: str

    def permits(self, now: Instant, notice: str) -> bool:
        """Return whether this consent carries a use at `now` under the notice that applies."""
        return self.state in PERMITTING and self.starts <= now < self.ends and self.notice == notice


NEVER_GIVEN: Final = Standing(
    state=ConsentState.UNKNOWN, starts=Instant(0), ends=Instant(0), notice=""
)


def standing_of(events: Iterable[ConsentEvent], now: Instant) -> Standing:
    """Return what `events`, all of one consent, come to at `now`."""
    counted = [event for event in events if event.by in _MAY_CAUSE[event.state]]
    ends = [event for event in counted if event.state in FINAL]
    if ends:
        # INVARIANT: an end is final, whenever it says it was and whatever stands beside it.
        return _standing(min(ends, key=_order))
    standing: Standing | None = None
    for event in sorted(counted, key=_order):
        before = standing.state if standing else None
        if event.at <= now and before in _MAY_FOLLOW[event.state]:
            standing = _standing(event)
    if standing is None:
        return NEVER_GIVEN
    if standing.state in PERMITTING and now >= standing.ends:
        return replace(standing, state=ConsentState.EXPIRED)
    return standing


def state_of(events: Iterable[ConsentEvent], now: Instant) -> ConsentState:
    """Return the state that `events`, all of one consent, come to at `now`."""
    return standing_of(events, now).state


def _standing(event: ConsentEvent) -> Standing:
    return Standing(state=event.state, starts=event.starts, ends=event.ends, notice=event.notice)


def _order(event: ConsentEvent) -> tuple[int, int, str, int, int, str]:
    return (event.at, _RANK[event.state], event.by, event.starts, event.ends, event.notice)
