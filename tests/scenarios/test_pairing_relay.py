"""A pairing whose two devices meet at a relay, over real connections and without a token."""

from collections.abc import Iterator

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.model.errors import CarrierFullError, InvalidError
from sealhold.sharing.devices.conversation import Conversation
from sealhold.sharing.devices.pairing import Member, Newcomer
from sealhold.sharing.devices.pairingside import Asked, Certified, Compare, Event, Failed, State
from sealhold.sharing.devices.pairingwire import ROOM_BYTES, Reason, RoomId
from sealhold.sharing.devices.relayrooms import RelayMeetings
from tests.relaying import Running, running
from tests.unit.two_devices import INTRODUCTION, KEYS, NOW, PAYLOAD, REQUEST, ways_by_qr


@pytest.fixture(scope="module")
def relay() -> Iterator[Running]:
    with running() as found:
        yield found


def talks(relay: Running, seed: bytes) -> tuple[Conversation, Conversation]:
    shown, read = ways_by_qr(seed)
    member = Member(shown, INTRODUCTION, NOW, seeded(seed + b"m"))
    newcomer = Newcomer(read, KEYS, REQUEST, NOW, seeded(seed + b"n"))
    return (
        Conversation(member, RelayMeetings(relay.caller()), lambda: NOW),
        Conversation(newcomer, RelayMeetings(relay.caller()), lambda: NOW),
    )


def step(talk: Conversation) -> list[Event]:
    """Let one side look once, and do what its person would."""
    told = list(talk.turn())
    for event in told:
        match event:
            case Compare():
                talk.confirm()
            case Asked():
                talk.answer(PAYLOAD)
            case Certified():
                talk.synced()
            case _:
                pass
    return told


def test_two_devices_pair_at_a_relay(relay: Running) -> None:
    member, newcomer = talks(relay, b"relay")

    told = [event for _ in range(8) for talk in (newcomer, member) for event in step(talk)]

    assert member.side.state is newcomer.side.state is State.SYNCED
    assert [each.payload for each in told if isinstance(each, Certified)] == [PAYLOAD, PAYLOAD]


def test_a_room_that_somebody_burnt_ends_the_pairing(relay: Running) -> None:
    member, newcomer = talks(relay, b"burnt")
    step(newcomer)
    room = member.side.listening[0]
    RelayMeetings(relay.caller()).at(room)._meeting.burn()

    assert step(member) == [Failed(Reason.BURNT, here=True)]


def test_a_room_at_a_relay_keeps_to_the_contract(relay: Running) -> None:
    room = RelayMeetings(relay.caller()).at(RoomId(b"r" * 16))
    for message in (b"one", b"two", b"one", *(bytes([n]) for n in range(6))):
        room.post(message)

    assert room.fetch(0)[:2] == [b"one", b"two"]
    assert room.fetch(7) == [b"\x05"]
    with pytest.raises(CarrierFullError):
        room.post(b"nine")
    with pytest.raises(InvalidError):
        room.post(bytes(ROOM_BYTES + 1))
