"""How often an app may ask."""

from dataclasses import replace

import pytest

from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.model.shown import RequestState
from sealhold.policy.fatigue import BLOCKED_FOR, Asked, Verdict, may_ask

NOW = Instant(1_000 * DAY)
WISH, OTHER = b"w" * 32, b"o" * 32


def asked(
    state: RequestState,
    *,
    digest: bytes = WISH,
    days_ago: int = 2,
    expires_in: int = 5,
    ended_days_ago: int | None = None,
) -> Asked:
    was_allowed = state in {RequestState.ALLOWED, RequestState.SPENT, RequestState.REVOKED}
    return Asked(
        digest=digest,
        state=state,
        received_at=Instant(NOW - days_ago * DAY),
        expires_at=Instant(NOW + expires_in * DAY),
        allowed_at=Instant(NOW - days_ago * DAY) if was_allowed else None,
        ended_at=None if ended_days_ago is None else Instant(NOW - ended_days_ago * DAY),
    )


def test_a_first_wish_is_shown() -> None:
    assert may_ask((), WISH, NOW) is Verdict.SHOW


UNDECIDED_OR_ENDED = [
    RequestState.WAITING,
    RequestState.REFUSED,
    RequestState.WITHDRAWN,
    RequestState.EXPIRED,
    RequestState.SUPERSEDED,
]


@pytest.mark.parametrize("state", UNDECIDED_OR_ENDED)
@pytest.mark.parametrize(
    ("expires_in", "verdict"),
    [(5, Verdict.SAME), (0, Verdict.BLOCKED), (-89, Verdict.BLOCKED), (-90, Verdict.SHOW)],
)
def test_a_repeat_meets_the_same_verdict_whatever_became_of_the_first(
    state: RequestState, expires_in: int, verdict: Verdict
) -> None:
    history = [asked(state, days_ago=100, expires_in=expires_in, ended_days_ago=99)]

    assert may_ask(history, WISH, NOW) is verdict


def test_a_wish_whose_yes_was_taken_back_is_blocked_from_then_on_for_90_days() -> None:
    revoked = asked(RequestState.REVOKED, expires_in=-1, ended_days_ago=1)

    assert may_ask([revoked], WISH, NOW) is Verdict.BLOCKED
    assert may_ask([revoked], WISH, Instant(NOW - DAY + BLOCKED_FOR - 1)) is Verdict.BLOCKED
    assert may_ask([revoked], WISH, Instant(NOW - DAY + BLOCKED_FOR)) is Verdict.SHOW


def test_a_wish_that_had_its_answers_may_be_asked_again() -> None:
    over = replace(asked(RequestState.EXPIRED, ended_days_ago=1), allowed_at=Instant(0))

    assert may_ask([asked(RequestState.SPENT, ended_days_ago=1)], WISH, NOW) is Verdict.SHOW
    assert may_ask([over], WISH, NOW) is Verdict.SHOW
    assert may_ask([asked(RequestState.REVOKED)], WISH, NOW) is Verdict.SHOW  # no end is known


def test_a_wish_waits_until_just_before_it_expires() -> None:
    ending = [asked(RequestState.WAITING, digest=bytes([n]) * 32, expires_in=0) for n in range(3)]

    assert may_ask(ending, WISH, Instant(NOW - 1)) is Verdict.TOO_MANY_WAITING
    assert may_ask(ending, WISH, NOW) is Verdict.SHOW


@pytest.mark.parametrize("state", UNDECIDED_OR_ENDED)
def test_a_fourth_wish_has_to_wait_however_the_first_three_were_decided(
    state: RequestState,
) -> None:
    three = [asked(state, digest=bytes([n]) * 32) for n in range(3)]

    assert may_ask(three, WISH, NOW) is Verdict.TOO_MANY_WAITING
    assert may_ask(three[1:], WISH, NOW) is Verdict.SHOW


def test_an_allowance_frees_its_place() -> None:
    three = [asked(RequestState.ALLOWED, digest=bytes([n]) * 32) for n in range(3)]

    assert may_ask(three, WISH, NOW) is Verdict.SHOW


def test_a_sixth_new_wish_within_24_hours_is_too_many() -> None:
    five = [
        asked(RequestState.SPENT, digest=bytes([n]) * 32, days_ago=0, expires_in=1)
        for n in range(5)
    ]

    assert may_ask(five, WISH, NOW) is Verdict.TOO_MANY_NEW
    assert may_ask(five, WISH, Instant(NOW + 23 * HOUR)) is Verdict.TOO_MANY_NEW
    assert may_ask(five, WISH, Instant(NOW + DAY)) is Verdict.SHOW


def test_a_block_outweighs_the_limits() -> None:
    history = [
        asked(RequestState.REFUSED, expires_in=0),
        *(asked(RequestState.WAITING, digest=bytes([n]) * 32) for n in range(3)),
    ]

    assert may_ask(history, WISH, NOW) is Verdict.BLOCKED
    assert may_ask(history, OTHER, NOW) is Verdict.TOO_MANY_WAITING
