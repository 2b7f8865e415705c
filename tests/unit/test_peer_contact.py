"""Cards of people: read as they were written or refused, and verified by words."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import BadCertificateError, BadSignatureError, InvalidEncodingError
from sealhold.sharing.devices.pairing import Member, Newcomer
from sealhold.sharing.devices.pairingcode import invite
from sealhold.sharing.devices.pairingside import Asked, Certified, Compare, State
from sealhold.sharing.devices.pairingwire import Purpose
from sealhold.sharing.peers.armour import (
    Sort,
    armoured,
    is_short,
    read_short,
    short,
    unarmoured,
)
from sealhold.sharing.peers.card import MAX_CARD, Card, box_hash, read_card
from sealhold.sharing.peers.contact import Contact, learnt, read_out, verified
from tests.unit.two_devices import KEYS, NOW, PAYLOAD, Two, ways_by_code
from tests.unit.two_people import Person, people


@pytest.fixture(scope="module")
def anna() -> Iterator[Person]:
    with people("Anna") as (found,):
        yield found


@pytest.fixture(scope="module")
def card(anna: Person) -> Card:
    return anna.card()


@pytest.fixture(scope="module")
def other() -> Iterator[Card]:
    with people("Ben") as (found,):
        yield found.card()


def signed(person: Person, card: Card, change: Callable[[dict[int, object]], object]) -> bytes:
    """Return a card that was changed and signed again by the device that made it."""
    said, _ = unpack(card.data)
    fields = unpack(said)
    change(fields)
    told = pack(fields)
    return pack([told, person.device.devices.me.keys.signer.sign(Tag.CARD, told)])


def test_a_card_is_read_as_it_was_written(card: Card) -> None:
    assert read_card(card.data) == card
    assert len(card.words) == 12
    assert [each.certificate.role.value for each in card.devices] == ["admin"]
    assert len(card.data) < MAX_CARD


def test_a_card_goes_through_text(card: Card) -> None:
    text = armoured(Sort.CARD, card.data)

    assert unarmoured(Sort.CARD, f"Hello,\n{text}\nAnna", MAX_CARD) == card.data
    for bad in ("", text[:-20], text.replace("\n", "\n!", 2), armoured(Sort.LETTER, card.data)):
        with pytest.raises(InvalidEncodingError):
            unarmoured(Sort.CARD, bad, MAX_CARD)
    with pytest.raises(InvalidEncodingError):
        unarmoured(Sort.CARD, text, 100)


def test_a_card_in_short_names_its_keys(card: Card) -> None:
    text = short(card)

    assert is_short(text.lower())
    assert read_short(text.lower()) == (card.id, box_hash(card))
    for bad in (text[:-1], text[:-9] + "AAAAAAAAA", "SEALHOLD-CONTACT:", "SEALHOLD-CONTACT:1"):
        with pytest.raises(InvalidEncodingError):
            read_short(bad)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (1, 2),
        (1, True),
        (2, b"a" * 1983),
        (3, "b" * 1216),
        (4, ""),
        (4, " Anna"),
        (4, "Anna\u202egnp"),
        (4, "A" * 65),
        (4, b"Anna"),
        (5, 0),
        (5, True),
        (5, 1 << 60),
        (6, []),
        (6, [b"no certificate"]),
        (7, []),
        (7, [[[0], b"no prekey"]]),
        (7, [[[9], b""]]),
        (7, [[[True], b""]]),
        (8, [b"short"]),
        (8, [b"b" * 16, b"a" * 16]),
        (9, [["relay", "https://a@b", b"m" * 16, "token"]]),
        (9, [["relay", "https://a", b"m" * 16, ""]]),
        (9, [["store", "folder:here", b"m" * 16, ""]]),
        (9, [["store", "", b"m" * 15, ""]]),
        (9, [["store", "", b"m" * 16, ""]] * 2),
        (9, [["other", "", b"m" * 16, ""]]),
        (10, 1),
        (10, -1),
        (11, 0),
    ],
)
def test_a_card_of_another_form_is_refused(
    key: int, value: object, anna: Person, card: Card
) -> None:
    with pytest.raises((InvalidEncodingError, BadCertificateError, BadSignatureError)):
        read_card(signed(anna, card, lambda fields: fields.update({key: value})))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xa0", b"\x00", bytes(MAX_CARD + 1)], ids=len)
def test_bytes_that_are_no_card_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidEncodingError):
        read_card(data)


def test_a_contact_is_unverified_until_twelve_words_were_read_out(card: Card, other: Card) -> None:
    new = learnt(None, card)

    assert not new.is_verified
    assert read_out(new, " ".join(other.words)) == new
    assert read_out(new, " ".join(card.words[:6])) == new
    assert read_out(new, " ".join(card.words)) == Contact(card=card, is_verified=True)


def test_another_root_pauses_a_contact_until_one_is_verified(card: Card, other: Card) -> None:
    known = verified(learnt(None, card), card)
    paused = learnt(known, other)

    assert paused.is_paused
    assert paused.card == card
    assert read_out(paused, "acid " * 12) == paused
    assert read_out(paused, " ".join(card.words)) == known  # the other card was not theirs
    assert read_out(paused, " ".join(other.words)) == Contact(card=other, is_verified=True)


def test_each_key_of_a_card_is_under_its_words(card: Card, other: Card) -> None:
    assert replace(card, root=other.root).words != card.words
    assert replace(card, box=other.box).words != card.words


def test_a_newer_card_of_the_same_root_is_taken_in(anna: Person, card: Card) -> None:
    known = verified(learnt(None, card), card)
    newer = read_card(
        signed(anna, card, lambda fields: fields.update({4: "A", 5: card.number + 1}))
    )

    assert learnt(known, newer) == Contact(card=newer, is_verified=True)
    assert learnt(learnt(known, newer), card).card == newer


def meeting(purpose: Purpose) -> Two:
    """Two people meet: each shows the root id and box key of a card, by which it is verified."""
    shown = b"root id and box key of the one who invites"
    way = invite(shown, "usb", NOW, seeded(b"meet"))
    two = Two(ways_by_code())
    two.member = Member(way, shown, NOW, seeded(b"m"), Purpose.CONTACT)
    two.newcomer = Newcomer(way, KEYS, b"those of the other", NOW, seeded(b"n"), purpose)
    return two.go()


def test_two_people_who_meet_have_shown_each_other_something() -> None:
    two = meeting(Purpose.CONTACT)

    seen = next(each for each in two.told["newcomer"] if isinstance(each, Compare))
    asked = next(each for each in two.told["member"] if isinstance(each, Asked))
    assert seen.theirs.startswith(b"root id")
    assert asked.request == b"those of the other"
    assert two.ended("newcomer") == Certified(KEYS[0] + KEYS[1].public, PAYLOAD)


def test_who_came_to_be_taken_in_as_a_device_does_not_meet_a_person() -> None:
    assert meeting(Purpose.DEVICE).states == (State.NOTHING, State.NOTHING)
