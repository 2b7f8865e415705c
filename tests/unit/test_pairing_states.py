"""The states of a pairing: their order, their ends, and what both screens are told."""

from collections.abc import Callable

import pytest

from sealhold.model.errors import InvalidError
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.pairing import Newcomer
from sealhold.sharing.devices.pairingcode import Way, six_digits
from sealhold.sharing.devices.pairingside import (
    AT_MOST_MS,
    Asked,
    Certified,
    Failed,
    State,
    Turn,
    WrongTry,
)
from sealhold.sharing.devices.pairingwire import MAX_PAYLOAD, Reason
from tests.unit.two_devices import (
    INTRODUCTION,
    KEYS,
    MINUTE,
    NOW,
    PAYLOAD,
    REQUEST,
    Two,
    ways_by_code,
    ways_by_qr,
)

PUBLIC = KEYS[0] + KEYS[1].public


@pytest.mark.parametrize("ways", [ways_by_qr(), ways_by_code()], ids=["qr", "code"])
def test_two_devices_that_confirm_are_certified_with_what_the_other_gave(
    ways: tuple[Way, Way],
) -> None:
    two = Two(ways).go()

    assert two.states == (State.CERTIFIED, State.CERTIFIED)
    assert two.words("member") == two.words("newcomer")
    assert Asked(PUBLIC, REQUEST) in two.told["member"]
    assert two.ended("member") == two.ended("newcomer") == Certified(PUBLIC, PAYLOAD)


def test_it_is_over_once_the_first_exchange_was_seen() -> None:
    two = Two(ways_by_qr()).go()

    for side in (two.member, two.newcomer):
        side.synced(NOW)
        assert side.is_over
        assert side.listening == ()
        assert side.tick(Instant(NOW + 60 * MINUTE)).event is None


def test_nothing_is_asked_before_the_newcomers_person_said_yes() -> None:
    two = Two(ways_by_qr()).go(confirming=False)
    two.carry("member", two.member.confirm(NOW))

    assert two.states == (State.CONFIRMED, State.CONTACTED)
    assert not [each for each in two.told["member"] if isinstance(each, Asked)]
    with pytest.raises(InvalidError):
        two.member.answer(PAYLOAD, NOW)


def test_nothing_is_answered_before_the_members_person_said_yes() -> None:
    two = Two(ways_by_qr()).go(confirming=False)
    two.carry("newcomer", two.newcomer.confirm(NOW))

    assert two.states == (State.CONTACTED, State.CONFIRMED)
    with pytest.raises(InvalidError):
        two.member.answer(PAYLOAD, NOW)

    two.carry("member", two.member.confirm(NOW))
    assert two.states == (State.CERTIFIED, State.CERTIFIED)


def test_words_are_confirmed_by_those_of_the_other_screen() -> None:
    two = Two(ways_by_qr()).go(confirming=False)
    two.carry("newcomer", two.newcomer.confirm(NOW, " ".join(two.words("member"))))
    two.carry("member", two.member.confirm(NOW, " ".join(two.words("newcomer")).upper()))

    assert two.states == (State.CERTIFIED, State.CERTIFIED)


@pytest.mark.parametrize("state", list(AT_MOST_MS))
@pytest.mark.parametrize("side", ["member", "newcomer"])
def test_each_state_has_an_end_that_both_sides_hear_of(state: State, side: str) -> None:
    two = Two(ways_by_qr())
    if state is not State.OFFERED:
        two.go(confirming=state is State.CERTIFIED)
    if state is State.CONFIRMED:
        mine = two.side(side)
        two.carry(side, mine.confirm(NOW))
    late = Instant(NOW + AT_MOST_MS[state])
    mine = two.side(side)
    assert mine.state is state
    assert mine.tick(Instant(late - 1)).event is None

    turn = mine.tick(late)
    two.carry(side, turn)

    assert turn.event == Failed(Reason.LATE, here=True)
    if state is not State.OFFERED:  # before, the other one has nobody yet
        other = "newcomer" if side == "member" else "member"
        assert two.ended(other) == Failed(Reason.LATE, here=False)
    assert mine.state is State.NOTHING


def test_an_offer_that_is_over_tells_who_comes_late() -> None:
    two = Two(ways_by_qr())
    over = two.member.tick(Instant(NOW + 10 * MINUTE))
    two.newcomer.start(NOW)

    assert two.newcomer.step(over.posts[0], NOW).event == Failed(Reason.LATE, here=False)


def test_a_clock_that_goes_back_stands_still() -> None:
    two = Two(ways_by_qr())
    two.member.tick(Instant(NOW + 9 * MINUTE))
    two.member.tick(NOW)

    assert two.member.tick(Instant(NOW + 10 * MINUTE)).event == Failed(Reason.LATE, here=True)


@pytest.mark.parametrize("side", ["member", "newcomer"])
@pytest.mark.parametrize("reason", [Reason.STOPPED, Reason.WORDS])
def test_who_stops_it_says_so_to_the_other(side: str, reason: Reason) -> None:
    two = Two(ways_by_code()).go(confirming=False)
    other = "newcomer" if side == "member" else "member"

    two.carry(side, two.side(side).end(NOW, reason))

    assert two.ended(side) == Failed(reason, here=True)
    assert two.ended(other) == Failed(reason, here=False)
    assert two.states == (State.NOTHING, State.NOTHING)


def test_a_failure_after_the_certificate_undoes_both_sides() -> None:
    two = Two(ways_by_code()).go()
    assert two.member.has_answered

    two.carry("newcomer", two.newcomer.end(NOW))

    assert two.states == (State.NOTHING, State.NOTHING)
    with pytest.raises(InvalidError):
        Two(ways_by_code()).member.synced(NOW)


def test_a_wrong_code_may_be_typed_again() -> None:
    two = Two(ways_by_code(typed="417203-000000")).go()
    assert two.told == {"member": [WrongTry(2)], "newcomer": [WrongTry(2)]}

    two.carry("newcomer", two.newcomer.retry(six_digits("982114"), NOW))

    assert two.states == (State.CERTIFIED, State.CERTIFIED)


def test_a_call_at_the_wrong_moment_is_refused_and_changes_nothing() -> None:
    two = Two(ways_by_code())
    calls: list[Callable[[], Turn]] = [
        lambda: two.member.confirm(NOW),
        lambda: two.newcomer.confirm(NOW),
        lambda: two.newcomer.retry(six_digits("982114"), NOW),
        lambda: two.member.synced(NOW),
    ]
    for call in calls:
        with pytest.raises(InvalidError):
            call()

    assert two.go().states == (State.CERTIFIED, State.CERTIFIED)


def test_a_payload_has_a_bound() -> None:
    two = Two(ways_by_qr()).go(confirming=False)
    two.carry("newcomer", two.newcomer.confirm(NOW))
    assert two.member.confirm(NOW).event == Asked(PUBLIC, REQUEST)

    with pytest.raises(InvalidError):
        two.member.answer(bytes(MAX_PAYLOAD + 1), NOW)
    assert two.member.answer(bytes(MAX_PAYLOAD), NOW).posts


def test_keys_of_a_wrong_length_are_refused() -> None:
    way = ways_by_qr()[1]

    with pytest.raises(InvalidError):
        Newcomer(way, (b"s" * 31, KEYS[1]), REQUEST, NOW, bytes)
    assert len(INTRODUCTION) > 4096  # so that the tests cut messages into frames
