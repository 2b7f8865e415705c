"""The state machine of a request."""

import pytest

from sealhold.model.errors import ConflictError
from sealhold.model.shown import RequestState
from sealhold.policy.consent import FINAL, PERMITTING
from sealhold.policy.lifecycle import RequestEvent, consent_state, is_final, step

S, E = RequestState, RequestEvent
EDGES = {
    (S.RECEIVED, E.SHOWN): S.WAITING,
    (S.RECEIVED, E.EXPIRED): S.EXPIRED,
    (S.RECEIVED, E.WITHDRAWN): S.WITHDRAWN,
    (S.RECEIVED, E.SUPERSEDED): S.SUPERSEDED,
    (S.WAITING, E.ALLOWED): S.ALLOWED,
    (S.WAITING, E.REFUSED): S.REFUSED,
    (S.WAITING, E.EXPIRED): S.EXPIRED,
    (S.WAITING, E.WITHDRAWN): S.WITHDRAWN,
    (S.WAITING, E.SUPERSEDED): S.SUPERSEDED,
    (S.ALLOWED, E.SPENT): S.SPENT,
    (S.ALLOWED, E.SUSPENDED): S.SUSPENDED,
    (S.ALLOWED, E.REVOKED): S.REVOKED,
    (S.ALLOWED, E.EXPIRED): S.EXPIRED,
    (S.SUSPENDED, E.RESUMED): S.ALLOWED,
    (S.SUSPENDED, E.REVOKED): S.REVOKED,
    (S.SUSPENDED, E.EXPIRED): S.EXPIRED,
}


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("event", E)
def test_each_edge_leads_where_it_should_and_no_other_exists(
    state: RequestState, event: RequestEvent
) -> None:
    if (state, event) in EDGES:
        assert step(state, event) is EDGES[state, event]
    else:
        with pytest.raises(ConflictError, match=f"is {state.value} cannot be {event.value}"):
            step(state, event)


def test_the_final_states_are_those_without_a_way_on() -> None:
    assert {state for state in S if is_final(state)} == {
        S.REFUSED,
        S.EXPIRED,
        S.WITHDRAWN,
        S.SUPERSEDED,
        S.SPENT,
        S.REVOKED,
    }


def test_consent_permits_only_while_an_allowance_stands() -> None:
    permitting = {state for state in S if consent_state(state) in PERMITTING}

    assert permitting == {S.ALLOWED, S.SUSPENDED, S.SPENT}
    assert {state for state in S if consent_state(state) in FINAL} == {S.REFUSED, S.REVOKED}
