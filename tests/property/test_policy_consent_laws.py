"""Laws of consent and of the request's states: what ended stays ended."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealhold.model.errors import ConflictError
from sealhold.model.ids import Id16
from sealhold.model.quantities import DAY, Instant
from sealhold.model.shown import RequestState
from sealhold.policy.consent import (
    FINAL,
    By,
    ConsentEvent,
    ConsentState,
    standing_of,
    state_of,
)
from sealhold.policy.fatigue import BLOCKED_FOR, Asked, Verdict, may_ask
from sealhold.policy.lifecycle import RequestEvent, is_final, step

# A busy machine is no failure.
law = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

instants = st.integers(0, 6).map(Instant)
events = st.builds(
    ConsentEvent,
    consent=st.just(Id16(b"c" * 16)),
    state=st.sampled_from(ConsentState),
    at=instants,
    by=st.sampled_from([By.SUBJECT, By.SUBJECT, *By]),
    notice=st.just("n"),
    starts=instants,
    ends=instants,
)
without_end = events.filter(lambda event: event.state not in FINAL)


@law
@given(st.lists(events, max_size=6), instants, st.data())
def test_the_order_of_events_does_not_matter(
    happened: list[ConsentEvent], now: Instant, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(happened))

    assert standing_of(happened, now) == standing_of(shuffled, now)


@law
@given(st.lists(events, max_size=6), instants)
def test_an_event_that_is_told_twice_counts_once(
    happened: list[ConsentEvent], now: Instant
) -> None:
    twice = [*happened, *happened]

    assert standing_of(twice, now) == standing_of(happened, now)


@law
@given(
    st.lists(events, max_size=5),
    instants,
    st.sampled_from([ConsentState.WITHDRAWN, ConsentState.REFUSED]),
    st.lists(events, max_size=5),
    instants,
)
def test_no_sequence_of_events_brings_back_what_the_person_ended(
    before: list[ConsentEvent],
    at: Instant,
    end: ConsentState,
    after: list[ConsentEvent],
    now: Instant,
) -> None:
    ended = ConsentEvent(
        consent=Id16(b"c" * 16),
        state=end,
        at=at,
        by=By.SUBJECT,
        notice="n",
        starts=at,
        ends=at,
    )

    standing = standing_of([*before, ended, *after], now)

    assert standing.state in FINAL
    assert not standing.permits(now, "n")


@law
@given(st.lists(events, max_size=6), instants)
def test_nothing_permits_without_a_yes_of_the_person_that_holds_now(
    happened: list[ConsentEvent], now: Instant
) -> None:
    if standing_of(happened, now).permits(now, "n"):
        assert any(
            event.by is By.SUBJECT
            and event.state in {ConsentState.GIVEN, ConsentState.RENEWED}
            and event.starts <= now < event.ends
            and event.at <= now
            for event in happened
        )


@law
@given(st.lists(without_end, max_size=6), instants)
def test_what_an_asker_claims_changes_nothing_but_that_it_asked(
    happened: list[ConsentEvent], now: Instant
) -> None:
    theirs = [
        event
        for event in happened
        if event.by is not By.ASKER or event.state is ConsentState.REQUESTED
    ]

    assert state_of(happened, now) is state_of(theirs, now)


@law
@given(st.lists(st.sampled_from(RequestEvent), max_size=12))
def test_no_event_leads_out_of_a_final_state(happened: list[RequestEvent]) -> None:
    state = RequestState.RECEIVED
    for event in happened:
        before = state
        try:
            state = step(before, event)
        except ConflictError:
            continue
        assert not is_final(before)


@law
@given(st.lists(st.sampled_from(RequestEvent), max_size=12))
def test_nothing_is_allowed_that_was_not_shown_first(happened: list[RequestEvent]) -> None:
    state, shown = RequestState.RECEIVED, False
    for event in happened:
        try:
            state = step(state, event)
        except ConflictError:
            continue
        shown = shown or event is RequestEvent.SHOWN
        assert shown or state is not RequestState.ALLOWED


days = st.integers(0, 200).map(lambda day: Instant(day * DAY))
wishes = st.sampled_from([b"a" * 32, b"b" * 32, b"c" * 32])
undecided = st.sampled_from(
    [
        RequestState.WAITING,
        RequestState.REFUSED,
        RequestState.EXPIRED,
        RequestState.WITHDRAWN,
        RequestState.SUPERSEDED,
    ]
)
histories = st.lists(
    st.builds(
        Asked,
        digest=wishes,
        state=undecided,
        received_at=days,
        expires_at=days,
        allowed_at=st.none(),
        ended_at=st.none() | days,
    ),
    max_size=6,
)


@law
@given(histories, wishes, days, st.data())
def test_an_asker_cannot_read_a_decision_off_the_limits(
    history: list[Asked], wish: bytes, now: Instant, data: st.DataObject
) -> None:
    decided_otherwise = [
        Asked(
            digest=one.digest,
            state=data.draw(undecided),
            received_at=one.received_at,
            expires_at=one.expires_at,
            allowed_at=None,
            ended_at=data.draw(st.none() | days),
        )
        for one in history
    ]

    assert may_ask(history, wish, now) is may_ask(decided_otherwise, wish, now)


@law
@given(histories, wishes, days)
def test_a_wish_that_ended_without_a_yes_is_not_shown_again_for_90_days(
    history: list[Asked], wish: bytes, now: Instant
) -> None:
    if may_ask(history, wish, now) is Verdict.SHOW:
        assert not any(one.digest == wish and now < one.expires_at + BLOCKED_FOR for one in history)
