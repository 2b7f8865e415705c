"""Letters where there is little room: those that fail, a card for many, and one bad key."""

from types import SimpleNamespace

import pytest

from sealhold.model.errors import (
    AuditUnavailableError,
    DeniedError,
    ExhaustedError,
    InvalidEncodingError,
    InvalidError,
    NotFoundError,
    SealholdError,
)
from sealhold.model.quantities import Instant
from sealhold.node.contactwork import ContactWork
from sealhold.node.peoplerounds import PeopleRounds
from sealhold.sharing.peers import letters as bounds
from sealhold.sharing.peers.card import Card, Door
from sealhold.sharing.peers.inbox import Spot, leave_at
from sealhold.sharing.peers.letter import Kind, Sender, write
from sealhold.sharing.peers.letters import Post
from tests.unit.opening_people import Moved
from tests.unit.recovering_people import circle
from tests.unit.two_people import Person, anna_and_ben, people


def fail_with(ben: Person, err: SealholdError) -> list[bytes]:
    """Have a kind of letters fail at somebody; return what was tried."""
    tried: list[bytes] = []

    def fail(_known: object, letter: object) -> None:
        tried.append(letter.id)  # type: ignore[attr-defined]
        raise err

    ben.letters._kinds["postcard"] = fail
    return tried


def brought(anna: Person, ben: Person, count: int) -> Post:
    """Bring letters that fail to somebody."""
    post = Post()
    for number in range(count):
        data = anna.letters.to_file(anna.one("Ben"), "postcard", bytes([number]))
        ben.letters.bring(data, post)
    return post


def work_of(one: Person) -> ContactWork:
    """Return what a face and rounds do with somebody's contacts."""
    found = ContactWork.__new__(ContactWork)
    places = SimpleNamespace(spots=lambda: one.spots, reach=None)
    found._work = SimpleNamespace(places=places, devices=one.device.devices)  # type: ignore[assignment]
    found.own, found.contacts, found.letters = one.own, one.contacts, one.letters
    return found


def numbers(anna: Person, others: list[Person]) -> list[bool]:
    """Return who of several people has the newest card."""
    for each in others:
        each.letters.take(each.spots, Post())
    card = anna.own.card
    assert card is not None
    return [each.one("Anna").contact.card.number == card.number for each in others]


# --- T540: letters of a contact that fail ---


@pytest.mark.threat("T540")
def test_letters_of_a_contact_that_fail_wait_in_bounded_room() -> None:
    with anna_and_ben() as (anna, ben, _, _):
        fail_with(ben, NotFoundError("not yet"))
        post = brought(anna, ben, bounds.MAX_OF_ONE + 5)

        assert (post.taken, post.kept, post.refused) == (0, bounds.MAX_OF_ONE, 5)
        assert len(ben.letters.waiting()) == bounds.MAX_OF_ONE
        again = Post()
        ben.letters.retry(again)
        assert (again.kept, again.refused) == (0, 0)
        assert len(ben.letters.waiting()) == bounds.MAX_OF_ONE
        ben.letters._kinds["postcard"] = ben._note
        ben.letters.retry(again)
        assert again.taken == bounds.MAX_OF_ONE


@pytest.mark.threat("T540")
@pytest.mark.parametrize("err", [DeniedError("not theirs"), InvalidEncodingError("no form")])
def test_what_can_never_be_taken_is_dropped_once_and_counts_for_the_day(
    monkeypatch: pytest.MonkeyPatch, err: SealholdError
) -> None:
    monkeypatch.setattr(bounds, "MAX_A_DAY", 3)
    with anna_and_ben() as (anna, ben, _, _):
        tried = fail_with(ben, err)
        post = brought(anna, ben, 5)

        assert (post.kept, post.refused, len(tried)) == (0, 5, 3)
        assert ben.letters.waiting() == []
        assert sum("was dropped" in each for each in post.troubles) == 3
        anna.send("Ben", b"one too many")
        anna.round()
        assert (ben.round().taken, ben.got) == (0, [])


# --- T537: the card that tells that a device is gone ---


@pytest.mark.threat("T537")
def test_a_card_reaches_every_contact_however_many_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounds, "MAX_OUT", 4)
    with people("Anna", "B", "C", "D", "E", "F") as (anna, *others):
        for each in others:
            anna.knows(each)
            each.knows(anna)
        work = work_of(anna)
        anna.own.call("Anna Maria")
        for turn in range(3):
            assert work._renew(), turn
            assert len(anna.letters.waiting_out()) == min(2, 5 - 2 * turn)
            anna.send("B", b"beside cards")
            anna.letters.give(anna.spots, None, Post())  # type: ignore[arg-type]
        assert not work._renew()
        assert numbers(anna, others) == [True] * 5


@pytest.mark.threat("T537")
def test_a_card_goes_to_all_after_a_kill_and_to_who_was_paused_or_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with people("Anna", "Ben", "Cem", "Dia") as (anna, ben, cem, dia):
        for each in (ben, cem):
            anna.knows(each)
            each.knows(anna)
        work_of(anna)._renew()
        anna.letters.give(anna.spots, None, Post())  # type: ignore[arg-type]
        anna.own.call("Anna Maria")
        assert anna.own.renew(anna.spots)  # and killed before any letter was written
        anna.device.again()
        anna.begin()
        anna.contacts.add(dia.card(), "Cem")
        assert anna.one("Cem").contact.is_paused
        work = work_of(anna)
        assert work._renew()
        assert [known.name for known, _ in anna.letters.waiting_out() if known] == ["Ben"]
        anna.contacts.read_out(anna.one("Cem"), " ".join(cem.card().words))
        assert work._renew()
        # while nothing can be left, the newest card takes the place of those of before
        monkeypatch.setattr(bounds, "MAX_OUT", 2)
        anna.own.call("Anna")
        assert work._renew()
        assert len(anna.letters.waiting_out()) == 2
        assert not work._renew()
        anna.letters.give(anna.spots, None, Post())  # type: ignore[arg-type]
        assert numbers(anna, [ben, cem]) == [True, True]


@pytest.mark.threat("T537")
def test_contacts_who_are_out_of_reach_keep_no_card_from_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounds, "MAX_OUT", 4)
    clock = Moved()
    with circle("B", "C", "D", "E", clock=clock) as here:
        anna, others = here.owner, here.others
        away = {door.mailbox for name in "BC" for door in others[name].card().doors}

        def left(door: Door, spot: Spot, letter: bytes, sealed: bytes) -> bool:
            return door.mailbox not in away and leave_at(door, spot, letter, sealed)

        monkeypatch.setattr(bounds, "leave_at", left)
        work = work_of(anna)
        anna.own.call("Anna Maria")
        assert work._renew()
        for hours, sent in ((0, False), (0.5, False), (1, True), (2, True), (3, False)):
            anna.letters.give(anna.spots, None, Post())  # type: ignore[arg-type]
            clock.now += int(hours * 3_600_000)
            assert work._renew() is sent, hours
        assert numbers(anna, list(others.values())) == [False, False, True, True]
        away.clear()
        anna.letters.give(anna.spots, None, Post())  # type: ignore[arg-type]
        assert numbers(anna, list(others.values())) == [True] * 4


# --- T540: what keeps letters to others back ---


@pytest.mark.threat("T540")
def test_one_contact_without_a_good_key_keeps_back_no_letter_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with people("Anna", "Ben", "Eve") as (anna, ben, eve):
        for each in (ben, eve):
            anna.knows(each)
            each.knows(anna)

        def sealed(  # reason: as `write`
            card: Card, sender: Sender, letter: bytes, kind: str, body: bytes, at: Instant
        ) -> bytes:
            if card.id == eve.card().id:
                raise InvalidError("bytes that are no box key")
            return write(card, sender, letter, kind, body, at)

        monkeypatch.setattr(bounds, "write", sealed)
        anna.send("Eve", b"hers")
        anna.send("Ben", b"his")
        anna.send("Eve", b"hers again")
        post = anna.round()
        assert post.left == 1
        assert sum("a letter to Eve waits" in each for each in post.troubles) == 2
        ben.round()
        assert ben.got == [("Anna", b"his")]

        def full(_op: object) -> None:
            raise AuditUnavailableError

        anna.send("Ben", b"more")
        monkeypatch.setattr(anna.letters, "_save", full)
        with pytest.raises(AuditUnavailableError):
            anna.letters.give(anna.spots, None, Post())  # type: ignore[arg-type]


@pytest.mark.threat("T540")
def test_letters_are_left_when_there_is_no_room_for_what_shares_have_to_say() -> None:
    def crowded() -> None:
        raise ExhaustedError("too many letters wait to be left")

    rounds = PeopleRounds.__new__(PeopleRounds)
    rounds._shares = SimpleNamespace(round=crowded)  # type: ignore[assignment]
    rounds._contacts = SimpleNamespace(round=lambda: Post(left=256))  # type: ignore[assignment]
    rounds._devices = SimpleNamespace(home=None)  # type: ignore[assignment]
    met = rounds.run()
    assert met is not None
    assert met.post.left == 256
    assert met.has_written
    assert "too many letters wait" in met.troubles[0]


def test_a_letter_that_failed_is_said_to_be_tried_again() -> None:
    with anna_and_ben() as (anna, ben, _, _):
        fail_with(ben, NotFoundError("not yet"))
        brought(anna, ben, 1)
        (shown,) = work_of(ben).waiting()
        assert shown.why == "it is tried again with the next round"
        assert shown.kind != Kind.CARD
