"""Rooms where devices meet, and a pairing carried out in them."""

from collections.abc import Callable
from itertools import count

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.model.errors import (
    CarrierAwayError,
    CarrierFullError,
    InvalidError,
    PairingFailedError,
)
from sealhold.sharing.devices.conversation import Conversation
from sealhold.sharing.devices.pairing import Member, Newcomer
from sealhold.sharing.devices.pairingcode import Way, six_digits
from sealhold.sharing.devices.pairingside import Certified, Compare, Event, Failed, State
from sealhold.sharing.devices.pairingwire import ROOM_BYTES, ROOM_MESSAGES, Reason, RoomId
from sealhold.sharing.devices.rendezvous import CarrierMeetings, Meetings, MemoryMeetings
from tests.unit.memory_carrier import MemoryCarrier
from tests.unit.two_devices import (
    INTRODUCTION,
    KEYS,
    NOW,
    PAYLOAD,
    REQUEST,
    ways_by_code,
    ways_by_qr,
)

ROOM = RoomId(b"r" * 16)
PLACES: dict[str, Callable[[], Meetings]] = {
    "memory": MemoryMeetings,
    "carrier": lambda: CarrierMeetings(MemoryCarrier()),
}


@pytest.fixture(params=list(PLACES))
def place(request: pytest.FixtureRequest) -> Meetings:
    return PLACES[request.param]()


# --- rooms ---


def test_what_is_posted_is_fetched_in_order_and_once(place: Meetings) -> None:
    for message in (b"one", b"two", b"one", b"three"):
        place.at(ROOM).post(message)

    assert place.at(ROOM).fetch(0) == [b"one", b"two", b"three"]
    assert place.at(ROOM).fetch(2) == [b"three"]
    assert place.at(ROOM).fetch(3) == place.at(RoomId(b"s" * 16)).fetch(0) == []


def test_a_room_has_eight_messages(place: Meetings) -> None:
    for number in range(ROOM_MESSAGES):
        place.at(ROOM).post(bytes([number]))

    with pytest.raises(CarrierFullError):
        place.at(ROOM).post(b"nine")
    assert len(place.at(ROOM).fetch(0)) == ROOM_MESSAGES


@pytest.mark.parametrize("size", [0, ROOM_BYTES + 1])
def test_a_message_has_a_length(place: Meetings, size: int) -> None:
    place.at(ROOM).post(bytes(ROOM_BYTES))

    with pytest.raises(InvalidError):
        place.at(ROOM).post(bytes(size))


def test_a_message_whose_answer_was_lost_is_not_there_twice() -> None:
    carrier = MemoryCarrier()
    carrier.loses_answers = True
    room = CarrierMeetings(carrier).at(ROOM)
    with pytest.raises(CarrierAwayError):
        room.post(b"once")
    carrier.loses_answers = False

    room.post(b"once")

    assert room.fetch(0) == [b"once"]


def test_what_is_too_large_in_a_carrier_is_fetched_as_nothing() -> None:
    carrier = MemoryCarrier()
    meetings = CarrierMeetings(carrier)
    meetings.at(ROOM).post(b"one")
    carrier.objects = {name: bytes(ROOM_BYTES + 1) for name in carrier.objects}

    assert meetings.at(ROOM).fetch(0) == [b""]


def test_a_side_takes_away_what_it_left() -> None:
    carrier = MemoryCarrier()
    mine, theirs = CarrierMeetings(carrier), CarrierMeetings(carrier)
    mine.at(ROOM).post(b"mine")
    theirs.at(ROOM).post(b"theirs")

    mine.clear()

    assert list(carrier.objects.values()) == [b"theirs"]


# --- a conversation ---


def talks(ways: tuple[Way, Way], place: Meetings) -> tuple[Conversation, Conversation]:
    member = Member(ways[0], INTRODUCTION, NOW, seeded(b"m"))
    newcomer = Newcomer(ways[1], KEYS, REQUEST, NOW, seeded(b"n"))
    return (
        Conversation(member, place, lambda: NOW),
        Conversation(newcomer, place, lambda: NOW),
    )


class Someone:
    """A person who does as the test says; `others` is where the other screen's words stand."""

    def __init__(self, same: bool | str = True, codes: tuple[str, ...] = ()) -> None:  # noqa: FBT001, FBT002
        self.same = same
        self.codes = [six_digits(code) for code in codes]
        self.synced: list[Certified] = []

    def wrong(self, left: int) -> Secret | None:
        return self.codes.pop(0) if self.codes and left else None

    def compare(self, words: tuple[str, ...], theirs: bytes) -> bool | str:
        assert len(words) == 6
        assert theirs
        return self.same

    def certify(self, keys: bytes, request: bytes) -> bytes:
        assert request == REQUEST
        assert keys == KEYS[0] + KEYS[1].public
        return PAYLOAD

    def sync(self, done: Certified) -> None:
        self.synced.append(done)


def driven(talk: Conversation, other: Conversation) -> Callable[[], None]:
    """Return a pause in which the other side goes on, confirming and answering by itself."""
    left = count(200, -1)

    def pause() -> None:
        assert next(left), "it does not end"
        for event in other.turn():
            carry(other, event)

    assert talk is not other
    return pause


def carry(talk: Conversation, event: Event) -> None:
    match event:
        case Compare():
            talk.confirm()
        case Certified():
            talk.synced()
        case Failed():
            pass
        case _ if isinstance(talk.side, Member) and talk.side.state is State.CONFIRMED:
            talk.answer(PAYLOAD)
        case _:
            pass


def test_a_newcomer_is_carried_through_to_the_first_exchange(place: Meetings) -> None:
    member, newcomer = talks(ways_by_qr(), place)
    someone = Someone()

    done = newcomer.run(someone, driven(newcomer, member))
    member.turn()

    assert done.payload == PAYLOAD
    assert someone.synced == [done]
    assert newcomer.side.state is State.SYNCED


def test_a_member_is_carried_through_to_the_first_exchange(place: Meetings) -> None:
    member, newcomer = talks(ways_by_code(), place)

    done = member.run(Someone(), driven(member, newcomer))

    assert done.keys == KEYS[0] + KEYS[1].public
    assert member.side.state is newcomer.side.state is State.SYNCED


def test_a_code_is_typed_again_until_it_is_right() -> None:
    member, newcomer = talks(ways_by_code(typed="417203-000000"), MemoryMeetings())
    someone = Someone(codes=("111111", "982114"))

    assert newcomer.run(someone, driven(newcomer, member)).payload == PAYLOAD


@pytest.mark.parametrize("same", [False, "acid " * 6])
def test_other_words_end_it_and_both_screens_say_why(same: bool | str) -> None:  # noqa: FBT001
    member, newcomer = talks(ways_by_qr(), MemoryMeetings())

    with pytest.raises(PairingFailedError, match=r"said to differ \(found here\)"):
        newcomer.run(Someone(same), driven(newcomer, member))

    assert Failed(Reason.WORDS, here=False) in member.turn()


def test_a_person_who_goes_away_ends_it_on_both_sides() -> None:
    member, newcomer = talks(ways_by_qr(), MemoryMeetings())

    class Leaving(Someone):
        def compare(self, words: tuple[str, ...], theirs: bytes) -> bool | str:
            raise KeyboardInterrupt(words, theirs)

    with pytest.raises(KeyboardInterrupt):
        newcomer.run(Leaving(), driven(newcomer, member))

    assert Failed(Reason.STOPPED, here=False) in member.turn()


def test_a_place_that_is_away_for_a_while_stops_nothing() -> None:
    carrier = MemoryCarrier()
    member, newcomer = talks(ways_by_qr(), CarrierMeetings(carrier))
    carrier.is_away = True
    assert newcomer.turn() == member.turn() == ()
    carrier.is_away = False

    assert newcomer.run(Someone(), driven(newcomer, member)).payload == PAYLOAD
