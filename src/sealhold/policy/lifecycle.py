"""The one state machine of a request, from its arrival to its end.

    received -> waiting -> allowed -> spent | revoked | expired
                                   <-> suspended -> revoked | expired
    received, waiting -> expired | withdrawn | superseded        waiting -> refused

- Nothing leads out of a final state: a new wish is a new request.
- A blocked repeat stays `received`, is never shown, and expires there.
- Consent follows: waiting = requested, allowed = given, refused, revoked = withdrawn, expired.

Source: docs/spec/07-grants.md section 7.
"""

from enum import StrEnum
from typing import Final

from sealhold.model.errors import ConflictError
from sealhold.model.shown import RequestState
from sealhold.policy.consent import ConsentState


class RequestEvent(StrEnum):
    """What can happen to a request."""

    SHOWN = "shown"  # it stands before the owner now
    ALLOWED = "allowed"  # by the owner
    REFUSED = "refused"  # by the owner
    EXPIRED = "expired"  # its own term, or the term of the allowance, ended
    WITHDRAWN = "withdrawn"  # by the asker
    SUPERSEDED = "superseded"  # by a request that differs in something that counts
    SPENT = "spent"  # its one answer was given
    SUSPENDED = "suspended"  # by the owner or the vault, for a while
    RESUMED = "resumed"  # by the owner
    REVOKED = "revoked"  # by the owner, for good


_S, _E = RequestState, RequestEvent

_UNDECIDED: Final = {
    _E.EXPIRED: _S.EXPIRED,
    _E.WITHDRAWN: _S.WITHDRAWN,
    _E.SUPERSEDED: _S.SUPERSEDED,
}
_HELD: Final = {_E.REVOKED: _S.REVOKED, _E.EXPIRED: _S.EXPIRED}

EDGES: Final[dict[RequestState, dict[RequestEvent, RequestState]]] = {
    _S.RECEIVED: {_E.SHOWN: _S.WAITING, **_UNDECIDED},
    _S.WAITING: {_E.ALLOWED: _S.ALLOWED, _E.REFUSED: _S.REFUSED, **_UNDECIDED},
    _S.ALLOWED: {_E.SPENT: _S.SPENT, _E.SUSPENDED: _S.SUSPENDED, **_HELD},
    _S.SUSPENDED: {_E.RESUMED: _S.ALLOWED, **_HELD},
    # INVARIANT: the final states have no edge.
    _S.REFUSED: {},
    _S.EXPIRED: {},
    _S.WITHDRAWN: {},
    _S.SUPERSEDED: {},
    _S.SPENT: {},
    _S.REVOKED: {},
}

_CONSENT: Final = {
    _S.RECEIVED: ConsentState.REQUESTED,
    _S.WAITING: ConsentState.REQUESTED,
    _S.ALLOWED: ConsentState.GIVEN,
    _S.SPENT: ConsentState.GIVEN,  # its own answer may be given again
    _S.SUSPENDED: ConsentState.GIVEN,  # the use stops; the consent stands
    _S.REFUSED: ConsentState.REFUSED,
    _S.REVOKED: ConsentState.WITHDRAWN,
    _S.EXPIRED: ConsentState.EXPIRED,
    _S.WITHDRAWN: ConsentState.EXPIRED,
    _S.SUPERSEDED: ConsentState.EXPIRED,
}


def step(state: RequestState, event: RequestEvent) -> RequestState:
    """Return the state after `event`.

    Raises:
        ConflictError: `event` cannot happen in `state`.
    """
    after = EDGES[state].get(event)
    if after is None:
        raise ConflictError(f"a request that is {state.value} cannot be {event.value}")
    return after


def is_final(state: RequestState) -> bool:
    """Return whether nothing can happen to a request in `state`."""
    return not EDGES[state]


def consent_state(state: RequestState) -> ConsentState:
    """Return the consent state that goes with `state`."""
    return _CONSENT[state]
