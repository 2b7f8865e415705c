"""Cards of people: read as they were written or refused, and verified by words."""

from dataclasses import replace

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.hybrid import BoxPublic
from sealhold.crypto.rootid import RootPublic
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import InvalidEncodingError
from sealhold.sharing.devices.pairing import Member, Newcomer
from sealhold.sharing.devices.pairingcode import invite
from sealhold.sharing.devices.pairingside import Asked, Certified, Compare, State
from sealhold.sharing.devices.pairingwire import Purpose
from sealhold.sharing.peers.contact import (
    Card,
    Contact,
    learnt,
    read_card,
    read_out,
    verified,
    write_card,
)
from tests.unit.two_devices import KEYS, NOW, PAYLOAD, Two, ways_by_code

ANNA = Card(
    root=RootPublic(b"a" * 1984),
    box=BoxPublic(b"b" * 1216),
    carriers=("https://relay.example", "usb"),
    name="Anna Müller",
)
NEWER = replace(ANNA, root=RootPublic(b"c" * 1984))


def test_a_card_is_read_as_it_was_written() -> None:
    assert read_card(write_card(ANNA)) == ANNA
    assert len(ANNA.words) == 12


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (1, 2),
        (1, True),
        (2, b"a" * 1983),
        (3, "b" * 1216),
        (4, ["usb"] * 9),
        (4, ["https://a@b"]),
        (4, "usb"),
        (5, ""),
        (5, " Anna"),
        (5, "Anna\u202egnp"),
        (5, "A" * 65),
        (5, b"Anna"),
        (6, 0),
    ],
)
def test_a_card_of_another_form_is_refused(key: int, value: object) -> None:
    fields = {**unpack(write_card(ANNA)), key: value}

    with pytest.raises(InvalidEncodingError):
        read_card(pack(fields))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xa0", b"\x00", bytes(4097)])
def test_bytes_that_are_no_card_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidEncodingError):
        read_card(data)


def test_a_contact_is_unverified_until_twelve_words_were_read_out() -> None:
    new = learnt(None, ANNA)

    assert not new.is_verified
    assert read_out(new, " ".join(NEWER.words)) == new
    assert read_out(new, " ".join(ANNA.words[:6])) == new
    assert read_out(new, " ".join(ANNA.words)) == Contact(card=ANNA, is_verified=True)


def test_other_keys_pause_a_contact_until_they_are_verified() -> None:
    known = verified(learnt(None, ANNA), ANNA)
    paused = learnt(known, NEWER)

    assert paused.is_paused
    assert paused.card == ANNA
    assert read_out(paused, "acid " * 12) == paused
    assert read_out(paused, " ".join(ANNA.words)) == known  # the other card was not theirs
    assert read_out(paused, " ".join(NEWER.words)) == Contact(card=NEWER, is_verified=True)


@pytest.mark.parametrize("field", ["root", "box"])
def test_each_key_of_a_card_is_under_its_words(field: str) -> None:
    roots = replace(ANNA, root=RootPublic(b"x" * 1984))
    other = roots if field == "root" else replace(ANNA, box=BoxPublic(b"x" * 1216))

    assert other.words != ANNA.words
    assert learnt(Contact(card=ANNA), other).is_paused


def test_a_new_name_or_carrier_pauses_nobody() -> None:
    moved = replace(ANNA, name="Anna", carriers=())

    assert learnt(Contact(card=ANNA, is_verified=True), moved) == Contact(
        card=moved, is_verified=True
    )


def meeting(purpose: Purpose) -> Two:
    """Anna invites, somebody answers with a card of theirs."""
    card = write_card(ANNA)
    way = invite(card, "usb", NOW, seeded(b"meet"))
    two = Two(ways_by_code())
    two.member = Member(way, card, NOW, seeded(b"m"), Purpose.CONTACT)
    two.newcomer = Newcomer(way, KEYS, write_card(NEWER), NOW, seeded(b"n"), purpose)
    return two.go()


def test_two_people_who_meet_have_each_others_card() -> None:
    two = meeting(Purpose.CONTACT)

    seen = next(each for each in two.told["newcomer"] if isinstance(each, Compare))
    asked = next(each for each in two.told["member"] if isinstance(each, Asked))
    assert (read_card(seen.theirs), read_card(asked.request)) == (ANNA, NEWER)
    assert two.ended("newcomer") == Certified(KEYS[0] + KEYS[1].public, PAYLOAD)


def test_who_came_to_be_taken_in_as_a_device_does_not_meet_a_person() -> None:
    assert meeting(Purpose.DEVICE).states == (State.NOTHING, State.NOTHING)
