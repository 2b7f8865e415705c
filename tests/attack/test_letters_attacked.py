"""Letters: floods, replays, strangers, other people's names."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealhold.crypto.digest import framed
from sealhold.crypto.hybrid import seal_to
from sealhold.crypto.tags import Tag
from sealhold.model.errors import (
    BadCertificateError,
    BadSignatureError,
    CarrierFullError,
    InvalidEncodingError,
)
from sealhold.model.ids import ObjectName
from sealhold.net.relay.boxdoors import MOST_LEFT
from sealhold.net.relay.papers import Rights
from sealhold.net.spec import Putting
from sealhold.net.transports.relay import RelayCarrier, RelayPlace
from sealhold.sharing.devices.identity import box_id
from sealhold.sharing.peers import letters as bounds
from sealhold.sharing.peers.inbox import mailbox_of
from sealhold.sharing.peers.letter import Kind, Sender, open_letter, write
from sealhold.sharing.peers.letters import Post
from tests.relaying import running
from tests.unit.two_people import Person, anna_and_ben, letters_at, people

REFUSED = (BadCertificateError, BadSignatureError, InvalidEncodingError)


@pytest.fixture(scope="module")
def three() -> Iterator[list[Person]]:
    """Anna, Ben who knows her, and Eve."""
    with people("Anna", "Ben", "Eve") as found:
        anna, ben, eve = found
        anna.knows(ben)
        ben.knows(anna)
        eve.card()
        yield found


# --- T540: floods ---


@pytest.mark.threat("T540")
def test_letters_at_a_relay_have_a_bound_that_a_flood_does_not_pass() -> None:
    with running() as relay:
        admin = relay.admin()
        place = RelayPlace(address=relay.address, box=admin.box, token=admin.mint(Rights.LEAVE))
        carrier = RelayCarrier(place, caller=relay.caller())
        names = [
            ObjectName(f"m/{admin.box.hex()}/key/{number:032x}") for number in range(MOST_LEFT + 1)
        ]
        for name in names[:-1]:
            assert carrier.put_new(name, b"junk") is Putting.CREATED
        with pytest.raises(CarrierFullError):
            carrier.put_new(names[-1], b"junk")


@pytest.mark.threat("T540")
def test_strangers_fill_a_bounded_room_and_it_is_told() -> None:
    with anna_and_ben("Eve") as (_anna, ben, _, (eve,)):
        eve.card()
        eve.contacts.add(ben.card())
        post = Post()
        for number in range(bounds.MAX_OF_ONE + 5):
            data = eve.letters.to_file(eve.one("Ben"), "note", bytes([number]))
            ben.letters.bring(data, post)

        assert (post.kept, post.refused) == (bounds.MAX_OF_ONE, 5)
        assert len(ben.letters.waiting()) == bounds.MAX_OF_ONE
        assert ben.got == []


@pytest.mark.threat("T540")
def test_a_contact_fills_no_vault_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_A_DAY", 3)
    with anna_and_ben() as (anna, ben, _, _):
        for number in range(5):
            anna.send("Ben", bytes([number]))
        anna.round()
        post = ben.round()

        assert (post.taken, post.refused) == (3, 2)
        assert any("more than" in each for each in post.troubles)


@pytest.mark.threat("T540")
def test_garbage_in_an_inbox_is_dropped_and_counted() -> None:
    with anna_and_ben() as (_anna, ben, shelf, _):
        (box,) = ben.own.boxes()
        inbox = mailbox_of(box.key, "store", "")
        for number, junk in enumerate((b"junk", bytes(5_000), bytes(2_000_000))):
            shelf.kept[f"{inbox.keys}{number:032x}"] = junk

        assert ben.round().refused == 3
        assert letters_at(shelf) == {}


# --- T542: letters again, to others, by strangers ---


@pytest.mark.threat("T542")
def test_a_letter_that_is_replayed_counts_once() -> None:
    with anna_and_ben() as (anna, ben, shelf, _):
        anna.send("Ben", b"once")
        anna.round()
        ((name, data),) = letters_at(shelf).items()
        assert ben.round().taken == 1
        for again in (name, name[:-32] + "0" * 32):
            shelf.kept[again] = data
            post = ben.round()
            assert (post.taken, post.kept) == (0, 0)
        ben.device.again()
        ben.begin()
        shelf.kept[name] = data
        assert ben.round().taken == 0
        assert ben.got == [("Anna", b"once")]


@pytest.mark.threat("T542")
def test_a_letter_that_is_sealed_again_to_another_is_none(three: list[Person]) -> None:
    anna, ben, eve = three
    ben.contacts.add(eve.card(), "Eve")
    data = ben.letters.to_file(ben.one("Eve"), "note", b"yours, Eve")
    keys = [each.key for each in eve.own.boxes()]
    letter = open_letter(data, keys, eve.device.devices.me.root)
    # Eve opens what she got, and seals the very same to Anna
    signed = len(letter.plain).to_bytes(4, "big") + letter.plain
    padded = signed.ljust(-(-len(signed) // 4_096) * 4_096, b"\x00")
    to = anna.card()
    again = seal_to(to.box, padded, framed(Tag.LETTER_BOX, to.id, box_id(to.box)))
    with pytest.raises(InvalidEncodingError):
        anna.letters.bring(bytes(again), Post())
    assert anna.got == []


@pytest.mark.threat("T542")
def test_a_letter_in_somebody_elses_name_is_refused() -> None:
    with anna_and_ben("Eve") as (anna, ben, _, (eve,)):
        _forge(anna, ben, eve)


def _forge(anna: Person, ben: Person, eve: Person) -> None:
    me = eve.device.devices.me
    chain = anna.device.devices.me.chain
    forged = Sender(name="Anna", box=anna.card().box, chain=chain, signer=me.keys.signer)
    now = eve.device.devices.now()
    data = write(ben.card(), forged, b"f" * 16, "note", b"I am Anna", now)

    with pytest.raises(BadSignatureError):
        ben.letters.bring(data, Post())
    own = replace(forged, chain=me.chain)
    post = Post()
    ben.letters.bring(write(ben.card(), own, b"g" * 16, "note", b"I am Anna", now), post)
    assert (post.taken, ben.got) == (0, [])


@pytest.mark.threat("T542")
def test_what_a_stranger_sends_shows_a_name_and_words_and_does_nothing() -> None:
    with anna_and_ben("Eve") as (_anna, ben, _, (eve,)):
        eve.card()
        eve.contacts.add(ben.card())
        for kind in ("note", Kind.CARD):
            data = eve.letters.to_file(eve.one("Ben"), kind, eve.card().data)
            ben.letters.bring(data, Post())

        assert [each.letter.words for each in ben.letters.waiting()] == [eve.card().words] * 2
        assert [each.name for each in ben.contacts.every()] == ["Anna"]
        assert ben.got == []


@pytest.mark.threat("T542")
def test_a_card_in_a_letter_is_taken_of_its_own_person_alone() -> None:
    with anna_and_ben("Eve") as (anna, ben, _, (eve,)):
        anna.send("Ben", eve.card().data, Kind.CARD)
        anna.round()
        ben.round()

        known = ben.one("Anna")
        assert known.contact.card.root == anna.card().root
        assert known.contact.is_paused  # another root: people decide
