"""Letters between people: durable until they are left, taken once, kept where nobody is known."""

import pytest

from sealhold.model.errors import DeniedError, InvalidError, NotFoundError, TakenError
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.peers.letter import MAX_BODY, Kind
from sealhold.sharing.peers.letters import Post
from tests.unit.owned_devices import machine, pair
from tests.unit.replicas import Shelf
from tests.unit.two_people import Person, anna_and_ben, letters_at, people, person


def test_a_letter_reaches_somebody_while_both_are_seldom_on() -> None:
    with anna_and_ben() as (anna, ben, shelf, _):
        anna.send("Ben", b"first")
        shelf.is_away = True
        assert anna.round().left == 0  # the stick is away: it waits

        anna.device.again()
        anna.begin()
        shelf.is_away = False
        assert ben.round().taken == 0
        assert anna.round().left == 1
        assert ben.round().taken == 1
        assert ben.got == [("Anna", b"first")]
        assert (ben.round().taken, anna.round().left) == (0, 0)
        assert letters_at(shelf) == {}


def test_a_letter_of_nobody_known_waits_until_they_are_known() -> None:
    with people("Anna", "Ben") as (anna, ben):
        anna.card()
        anna.knows(ben)
        anna.send("Ben", b"hello")
        anna.round()

        assert (ben.round().kept, ben.got) == (1, [])
        (waits,) = ben.letters.waiting()
        assert (waits.known, waits.letter.name) == (None, "Anna")
        assert waits.letter.words == anna.card().words

        ben.knows(anna)
        assert ben.round().taken == 1
        assert (ben.got, ben.letters.waiting()) == ([("Anna", b"hello")], [])


def test_letters_of_a_sender_can_be_forgotten() -> None:
    with people("Anna", "Ben") as (anna, ben):
        anna.card()
        anna.knows(ben)
        anna.send("Ben", b"hello")
        anna.round()
        ben.round()

        assert ben.letters.dismiss(anna.card().id[:4]) == 1
        assert ben.letters.waiting() == []


def test_a_kind_that_nothing_takes_waits_and_its_handler_gets_it_later() -> None:
    with anna_and_ben() as (anna, ben, _, _):
        anna.send("Ben", b"later", "postcard")
        anna.round()
        assert ben.round().kept == 1

        ben.letters._kinds["postcard"] = ben._note
        assert ben.round().taken == 1
        assert ben.got == [("Anna", b"later")]


def test_a_letter_whose_handler_fails_waits() -> None:
    def fail(*_: object) -> None:
        raise NotFoundError("not yet")

    with anna_and_ben() as (anna, ben, _, _):
        ben.letters._kinds["postcard"] = fail
        anna.send("Ben", b"later", "postcard")
        anna.round()

        assert ben.round().taken == 0
        ben.letters._kinds["postcard"] = ben._note
        assert ben.round().taken == 1


def test_a_letter_goes_as_a_file_too() -> None:
    with anna_and_ben() as (anna, ben, shelf, _):
        data = anna.letters.to_file(anna.one("Ben"), "note", b"by hand")
        post = Post()
        ben.letters.bring(data, post)
        ben.letters.bring(data, post)

        assert (post.taken, ben.got) == (1, [("Anna", b"by hand")])
        assert letters_at(shelf) == {}


def test_a_newer_card_goes_to_contacts_and_is_taken_in_without_words() -> None:
    with anna_and_ben() as (anna, ben, _, _), machine(b"annas phone") as phone:
        pair(anna.device, phone, "phone")
        post = Post(is_new_card=anna.own.renew(anna.spots))
        assert post.is_new_card
        anna.send("Ben", anna.card().data, Kind.CARD)
        anna.round()
        ben.round()

        known = ben.one("Anna").contact
        assert known.is_verified
        assert [each.certificate.device for each in known.card.devices] == [
            each.certificate.device for each in anna.card().devices
        ]
        assert len(known.card.devices) == 2


def test_all_own_devices_know_contacts_and_take_letters() -> None:
    with anna_and_ben() as (anna, ben, shelf, _), machine(b"bens phone") as device:
        pair(ben.device, device, "phone")
        ben.device.sync(shelf)
        device.sync(shelf)
        phone = Person(device, ben.spots)
        assert phone.one("Anna").contact.is_verified

        anna.send("Ben", b"for any of you")
        anna.round()
        phone.letters.take(phone.spots, Post())
        assert phone.got == [("Anna", b"for any of you")]

        device.sync(shelf)
        ben.device.sync(shelf)
        assert ben.round().taken == 0


def test_a_full_device_shows_the_card_and_makes_none() -> None:
    with machine(b"admin") as first, machine(b"full") as second:
        anna = person(first, "Anna")
        pair(first, second, "phone", Role.FULL)
        shelf = Shelf()
        first.sync(shelf)
        second.sync(shelf)
        phone = Person(second)
        assert not phone.own.renew([])
        assert phone.own.card is None

        data = anna.card().data
        first.sync(shelf)
        second.sync(shelf)
        assert phone.own.card is not None
        assert phone.own.card.data == data


def test_nothing_is_renewed_while_nothing_changes() -> None:
    with people("Anna") as (anna,):
        first = anna.card()
        assert not anna.own.renew(anna.spots)
        anna.own.call("Anna Maria")
        assert anna.own.renew(anna.spots)
        assert anna.card().number > first.number


def test_contacts_have_one_name_each() -> None:
    with people("Anna", "Ben", "Cem") as (anna, ben, cem):
        anna.knows(ben)
        anna.knows(cem)
        with pytest.raises(TakenError):
            anna.contacts.rename(anna.one("Cem"), "Ben")
        with pytest.raises(InvalidError):
            anna.contacts.rename(anna.one("Cem"), "Cem\u202e")
        with pytest.raises(InvalidError):
            anna.contacts.add(anna.card())
        anna.contacts.remove(anna.one("Ben"))
        with pytest.raises(NotFoundError):
            anna.one("Ben")
        assert [each.name for each in anna.contacts.every()] == ["Cem"]


def test_a_letter_has_bounds() -> None:
    with anna_and_ben() as (anna, _ben, _, _):
        for kind, body in (("", b""), ("k" * 33, b""), ("ä", b""), ("note", bytes(MAX_BODY + 1))):
            with pytest.raises(InvalidError):
                anna.send("Ben", body, kind)


def test_words_of_nobody_verify_nobody() -> None:
    with people("Anna", "Ben") as (anna, ben):
        known = anna.contacts.add(ben.card())
        with pytest.raises(DeniedError):
            anna.contacts.read_out(known, " ".join(anna.card().words))
        assert not anna.one("Ben").contact.is_verified
