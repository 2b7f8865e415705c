"""Attacks on taking in a device: by whoever holds the place, saw the code, or guesses it."""

from collections.abc import Callable
from itertools import count

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.hybrid import BoxKey
from sealhold.crypto.pake import Pake, Side
from sealhold.crypto.secret import Secret
from sealhold.model.errors import InvalidError
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.conversation import Conversation
from sealhold.sharing.devices.pairing import Member, Newcomer
from sealhold.sharing.devices.pairingcode import invite, read_code, read_invitation, six_digits
from sealhold.sharing.devices.pairingside import Certified, Compare, Failed, State, WrongTry
from sealhold.sharing.devices.pairingwire import (
    ROOM_BYTES,
    Direction,
    Posted,
    Reason,
    RoomId,
    Step,
    room,
    write_step,
)
from sealhold.sharing.devices.rendezvous import MemoryMeetings, Rendezvous
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

CODE = Secret(b"982114", "code")


def certified(two: Two) -> list[str]:
    return [
        side
        for side in ("member", "newcomer")
        if any(isinstance(each, Certified) for each in two.told[side])
    ]


# --- a code that is not known ---


@pytest.mark.threat("T460")
def test_a_wrong_code_shows_no_words_and_moves_no_secret() -> None:
    two = Two(ways_by_code(typed="417203-982115")).go()

    assert two.told == {"member": [WrongTry(2)], "newcomer": [WrongTry(2)]}
    assert len(two.wire) == 3  # two shares, one notice: nothing was sealed under any key


@pytest.mark.threat("T460")
def test_what_the_member_sends_to_a_guesser_tests_that_one_guess_alone() -> None:
    """All other codes are tried on what was said: no recorded byte tells whether they fit."""
    member = Member(ways_by_code()[0], INTRODUCTION, NOW, seeded(b"member"))
    way = read_code("417203-000000", NOW)
    guess = Pake(Side.FIRST, way.secret, way.context(1), seeded(b"guess"))
    share = Posted(member.listening[0], write_step(Step.SHARE, guess.share))
    answer = member.step(share, NOW).posts[0].data[2:]
    guess.take(answer[:33])
    mine = guess._confirmation(Side.SECOND)

    for other in ("982113", "982114", "982115"):
        again = Pake(Side.FIRST, six_digits(other), way.context(1), seeded(b"guess"))
        assert again.share != guess.share  # another code would have needed another share
    assert mine != answer[33:]


# --- sent back ---


@pytest.mark.threat("T461")
@pytest.mark.parametrize("side", [b"", b"A", b"B"])
def test_a_newcomers_share_sent_back_is_a_wrong_try(side: bytes) -> None:
    """As it is, and put together as the member's answer under either side's name."""
    way = ways_by_code()[1]
    newcomer = Newcomer(way, KEYS, REQUEST, NOW, seeded(b"n"))
    mine = newcomer.start(NOW).posts[0].data
    back = mine if not side else write_step(Step.ANSWER, side + mine[3:] + bytes(32))

    turn = newcomer.step(Posted(newcomer.listening[0], back), NOW)

    assert turn.event == WrongTry(2)
    assert newcomer.state is State.OFFERED


@pytest.mark.threat("T461")
def test_a_members_answer_sent_back_is_a_wrong_try() -> None:
    two = Two(ways_by_code())
    here = two.member.listening[0]
    first = two.member.step(two.newcomer.start(NOW).posts[0], NOW).posts[0]

    turn = two.member.step(Posted(here, first.data), NOW)

    assert turn.event == WrongTry(2)


@pytest.mark.threat("T461")
def test_a_sealed_message_sent_back_ends_the_pairing() -> None:
    two = Two(ways_by_qr()).go(confirming=False)
    mine = two.newcomer.confirm(NOW).posts[0]

    turn = two.newcomer.step(Posted(two.newcomer.listening[0], mine.data), NOW)

    assert turn.event == Failed(Reason.BROKEN, here=True)


# --- invitations that are over, used, or of somebody else ---


@pytest.mark.threat("T462")
def test_a_qr_code_that_was_used_certifies_nobody_else() -> None:
    shown, read = ways_by_qr()
    two = Two((shown, read)).go()
    second = Newcomer(read, KEYS, REQUEST, NOW, seeded(b"second"))
    share = second.start(NOW).posts[0]

    assert two.member.step(share, NOW).event is None
    assert second.step(Posted(second.listening[0], two.wire[1].data), NOW).event == Failed(
        Reason.BURNT, here=True
    )


@pytest.mark.threat("T462")
def test_a_qr_code_that_is_over_is_not_read_and_not_answered() -> None:
    shown = ways_by_qr()[0]
    late = Instant(NOW + 10 * MINUTE)

    with pytest.raises(InvalidError):
        read_invitation(invite(INTRODUCTION, "usb", NOW, seeded(b"x")).text(), late)
    share = Newcomer(shown, KEYS, REQUEST, NOW, seeded(b"n")).start(NOW).posts[0]
    turn = Member(shown, INTRODUCTION, NOW, seeded(b"m")).step(share, late)
    assert turn.event == Failed(Reason.LATE, here=True)


@pytest.mark.threat("T462")
def test_an_invitation_for_longer_than_ten_minutes_is_refused() -> None:
    far = invite(INTRODUCTION, "usb", Instant(NOW + 3 * MINUTE), seeded(b"x")).text()

    with pytest.raises(InvalidError):
        read_invitation(far, NOW)


@pytest.mark.threat("T462")
def test_whoever_photographed_the_qr_code_cannot_answer_in_the_members_name() -> None:
    shown, read = ways_by_qr()
    thief = invite(b"another chain", "usb", NOW, seeded(b"x"))
    with pytest.raises(InvalidError):
        Member(shown, b"another chain", NOW, seeded(b"thief"))
    two = Two((shown, read))
    two.member._introduction = b"another chain"  # a member that does not keep to the rule
    two.go()

    assert two.ended("newcomer") == Failed(Reason.KEYS, here=True)
    assert two.ended("member") == Failed(Reason.KEYS, here=False)
    assert thief.keys != shown.keys


# --- in the middle, with the code ---


def in_the_middle(attempt: int) -> tuple[Two, Two]:
    """Return two pairings of somebody who knows the code: with the newcomer, with the member."""
    seed = f"middle {attempt}".encode()
    theirs = (b"t" * 32, BoxKey.from_secret(Secret(seeded(seed)(32), "box key")))
    to_newcomer, to_member = Two(ways_by_code(), seed=seed), Two(ways_by_code(), seed=seed)
    to_newcomer.member = Member(ways_by_code()[0], b"their chain", NOW, seeded(seed + b" m"))
    to_member.newcomer = Newcomer(ways_by_code()[1], theirs, REQUEST, NOW, seeded(seed + b" n"))
    return to_newcomer.go(confirming=False), to_member.go(confirming=False)


@pytest.mark.threat("T463")
def test_somebody_in_the_middle_with_the_code_is_seen_by_the_words() -> None:
    for attempt in range(5):
        to_newcomer, to_member = in_the_middle(attempt)
        shown = to_newcomer.words("newcomer")

        assert shown != to_member.words("member")
        to_member.carry("member", to_member.member.confirm(NOW, " ".join(shown)))
        assert to_member.ended("member") == Failed(Reason.WORDS, here=True)
        assert not certified(to_member)
        assert PAYLOAD not in b"".join(each.data for each in to_member.wire)


@pytest.mark.threat("T463")
def test_a_newcomer_cannot_choose_its_keys_once_it_saw_the_members_part() -> None:
    """A newcomer that opens another thing than it committed to, as it would to hit given words."""
    two = Two(ways_by_code())
    two.newcomer._keys = b"other keys"[:1] * len(two.newcomer._keys)

    two.go()

    assert two.ended("member") == Failed(Reason.KEYS, here=True)
    assert not certified(two)


@pytest.mark.threat("T463")
def test_commitments_that_were_exchanged_do_not_open() -> None:
    """Two newcomers, and a commitment of the one before the keys of the other."""
    two = Two(ways_by_code(), seed=b"one")
    other = Newcomer(ways_by_code()[1], KEYS, REQUEST, NOW, seeded(b"other"))
    two.newcomer._commitment = other._commitment

    two.go()

    assert two.ended("member") == Failed(Reason.KEYS, here=True)


# --- guessing ---


@pytest.mark.threat("T464")
def test_three_wrong_codes_burn_it_on_both_sides() -> None:
    two = Two(ways_by_code(typed="417203-000001")).go()
    for wrong in ("000002", "000003"):
        two.carry("newcomer", two.newcomer.retry(six_digits(wrong), NOW))

    for side in ("member", "newcomer"):
        assert two.told[side][:2] == [WrongTry(2), WrongTry(1)]
    assert two.ended("newcomer") == Failed(Reason.BURNT, here=True)
    assert isinstance(two.ended("member"), Failed)
    assert two.states == (State.NOTHING, State.NOTHING)


@pytest.mark.threat("T464")
def test_a_fourth_guess_is_answered_by_nobody_even_if_it_is_right() -> None:
    two = Two(ways_by_code(typed="417203-000001")).go()
    for wrong in ("000002", "000003"):
        two.carry("newcomer", two.newcomer.retry(six_digits(wrong), NOW))
    shown = ways_by_code()[0]

    for attempt in (3, 4):
        here = room(shown.rendezvous, Direction.NEWCOMER, attempt)
        guess = Pake(Side.FIRST, CODE, shown.context(attempt), seeded(b"guess"))
        turn = two.member.step(Posted(here, write_step(Step.SHARE, guess.share)), NOW)
        assert turn.posts == ()
    two.newcomer.retry(six_digits("982114"), NOW)
    assert two.newcomer.state is State.NOTHING


@pytest.mark.threat("T464")
def test_somebody_elses_guesses_burn_the_code_and_both_screens_say_so() -> None:
    """Three guesses by a stranger; the newcomer comes with the right code and hears of it."""
    shown, typed = ways_by_code()
    member = Member(shown, INTRODUCTION, NOW, seeded(b"m"))
    guesses = count()
    said = []
    while not member.is_over:
        attempt = next(guesses) + 1
        guess = Pake(Side.FIRST, six_digits("000000"), shown.context(attempt), seeded(b"g"))
        here = member.listening[0]
        member.step(Posted(here, write_step(Step.SHARE, guess.share)), NOW)
        turn = member.step(Posted(here, write_step(Step.CONFIRM, bytes(32))), NOW)
        said.append(turn.posts[0])
    newcomer = Newcomer(typed, KEYS, REQUEST, NOW, seeded(b"n"))
    newcomer.start(NOW)

    assert next(guesses) == 3
    assert newcomer.step(Posted(newcomer.listening[0], said[-1].data), NOW).event == Failed(
        Reason.BURNT, here=False
    )


# --- changed, mixed, left out ---


@pytest.mark.threat("T465")
def test_a_changed_payload_is_not_taken_and_both_sides_forget() -> None:
    two = Two(ways_by_qr()).go(confirming=False)
    two.carry("newcomer", two.newcomer.confirm(NOW))
    two.member.confirm(NOW)
    first, second = two.member.answer(PAYLOAD, NOW).posts
    changed = second.data[:-1] + bytes([second.data[-1] ^ 1])

    two.newcomer.step(first, NOW)
    two.carry("newcomer", two.newcomer.step(Posted(second.room, changed), NOW))

    assert not certified(two)
    assert two.ended("newcomer") == Failed(Reason.BROKEN, here=True)
    assert two.ended("member") == Failed(Reason.BROKEN, here=False)


MESSAGES = 11  # of a pairing by QR whose introduction and payload take two frames each


@pytest.mark.threat("T465")
@pytest.mark.parametrize("nth", range(MESSAGES))
def test_a_message_of_another_pairing_ends_this_one(nth: int) -> None:
    """Each message in turn, exchanged for the one that another pairing had there."""
    other = Two(ways_by_qr(b"other"), seed=b"other").go()

    def bend(at: int, posted: Posted) -> list[Posted]:
        return [Posted(posted.room, other.wire[at].data) if at == nth else posted]

    two = Two(ways_by_qr(), bend).go()

    assert len(other.wire) == MESSAGES
    assert two.states == (State.NOTHING, State.NOTHING)


@pytest.mark.threat("T465")
@pytest.mark.parametrize("nth", range(MESSAGES))
def test_a_message_that_comes_twice_ends_the_pairing(nth: int) -> None:
    two = Two(ways_by_qr(), lambda at, posted: [posted, posted] if at == nth else [posted]).go()

    assert two.states == (State.NOTHING, State.NOTHING)


@pytest.mark.threat("T465")
@pytest.mark.parametrize("nth", range(MESSAGES))
def test_a_message_that_is_kept_back_certifies_nobody_at_the_member(nth: int) -> None:
    two = Two(ways_by_qr(), lambda at, posted: [] if at == nth else [posted]).go()

    assert "member" not in certified(two)
    for mine in (two.member, two.newcomer):
        mine.tick(Instant(NOW + 30 * MINUTE))
    assert two.states == (State.NOTHING, State.NOTHING)


# --- too much ---


class Flooded:
    """A place that answers each look with more than a room can hold."""

    def __init__(self, message: bytes) -> None:
        self.message = message
        self.shown = 0

    def at(self, room: RoomId) -> Rendezvous:
        assert room
        return self

    def post(self, message: bytes) -> None:
        pass

    def fetch(self, after: int) -> list[bytes]:
        self.shown += 1
        return [self.message] * (1_000 - after)


@pytest.mark.threat("T466")
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: bytes(ROOM_BYTES + 1), id="too large"),
        pytest.param(lambda: write_step(Step.SHARE, bytes(33)), id="many"),
        pytest.param(lambda: b"", id="empty"),
    ],
)
def test_a_place_that_floods_ends_the_pairing_and_is_asked_no_more(
    make: Callable[[], bytes],
) -> None:
    place = Flooded(make())
    talk = Conversation(
        Member(ways_by_code()[0], INTRODUCTION, NOW, seeded(b"m")), place, lambda: NOW
    )

    for _ in range(20):
        talk.turn()

    assert talk.side.is_over
    assert place.shown <= 4


@pytest.mark.threat("T466")
def test_a_room_that_strangers_filled_ends_the_pairing_on_the_side_that_finds_it() -> None:
    meetings = MemoryMeetings()
    shown, typed = ways_by_code()
    for number in range(8):
        meetings.at(room(typed.rendezvous, Direction.NEWCOMER, 1)).post(bytes([number]))
    talk = Conversation(Newcomer(typed, KEYS, REQUEST, NOW, seeded(b"n")), meetings, lambda: NOW)

    assert talk.turn() == (Failed(Reason.BROKEN, here=True),)
    assert not [each for each in talk.turn() if isinstance(each, Compare)]
    assert shown == typed
