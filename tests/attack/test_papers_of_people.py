"""Papers of other people that are made to stop this vault, or to lead it elsewhere."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from sealhold.crypto.hybrid import BOX_PUBLIC_BYTES, BoxPublic
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack
from sealhold.model.errors import (
    CarrierAwayError,
    InvalidEncodingError,
    InvalidError,
    NoEpochError,
    SealBrokenError,
)
from sealhold.model.ids import DeviceId
from sealhold.node.deviceplaces import Places
from sealhold.node.devicework import DeviceWork
from sealhold.node.sharedwithme import MAX_OFFERS, Offer, SharedWithMe, kinds_of_shares
from sealhold.node.world import World
from sealhold.policy.sharepapers import to_document
from sealhold.policy.shareterms import Tier
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.joining import add, has, remove_from
from sealhold.sharing.devices.joinpapers import (
    MAX_ADDRESS,
    MAX_NAME,
    MAX_TOKEN,
    Holds,
    Way,
    mailbox,
)
from sealhold.sharing.devices.membercircle import Thing
from sealhold.sharing.devices.memberentries import Certified
from sealhold.sharing.devices.ops import MAX_SEALED
from sealhold.sharing.devices.saying import ASK, own_key
from sealhold.sharing.peers import admitting
from sealhold.sharing.peers.admitting import follow
from sealhold.sharing.peers.answering import Answering, key_for_use
from sealhold.sharing.peers.card import Told, write_card
from sealhold.sharing.peers.letter import Kind, Sender, write
from sealhold.sharing.peers.letters import Post
from sealhold.sharing.peers.sharepaper import SHARE_KIND, Record, papers
from sealhold.sharing.peers.usenotes import Ask
from tests.unit.owned_devices import Machine
from tests.unit.people import card, sync
from tests.unit.shares import paper_of, people, shared
from tests.unit.together import together
from tests.unit.two_people import Person, anna_and_ben

NO_KEY = BoxPublic(b"\xff" * BOX_PUBLIC_BYTES)
RELAY = "https://relay.example"


def bad_prekey(one: Machine) -> bytes:
    """Return a prekey that its device signed, and that nothing can be sealed to."""
    me = one.devices.me
    told = pack([1, me.id, 99, 5, NO_KEY])
    return told + me.keys.signer.sign(Tag.PREKEY, told)


# --- T594: bytes that are no key, and clauses that nobody knows ---


@pytest.mark.threat("T594")
def test_an_ask_with_a_key_that_is_none_holds_up_no_other() -> None:
    with people("ada", "bo") as (ada, bo):
        it = shared(ada, bo, Tier.KEY_PER_USE, most=3)
        good = it.asking().ask(it.wish())
        (asked,) = [note.told for _, note in it.here.replica.state.notes(ASK)]
        assert isinstance(asked, list)
        draft = Draft(it.here.replica)
        draft.note(ASK, own_key(bo.devices.me.id, bytes(8)), [*asked[:6], NO_KEY, asked[7]])
        draft.commit()

        assert it.answered().released == 1
        assert it.asking().given(good) is not None


@pytest.mark.threat("T594")
def test_an_ask_that_cannot_be_answered_is_told_and_the_others_are_answered() -> None:
    with people("ada", "bo") as (ada, bo):
        it = shared(ada, bo, Tier.KEY_PER_USE, most=3)
        keys = [it.asking().ask(it.wish()) for _ in range(3)]
        sync(bo, it.shelf)
        sync(ada, it.shelf)
        first: list[int] = []

        def give(record: Record, ask: Ask, number: int) -> bytes:
            first.append(number)
            if len(first) == 1:
                raise SealBrokenError("what was kept does not open")
            return key_for_use(record, ask, number)

        done = Answering(ada.devices, it.ledgers, give).answer(it.there, it.record)
        it.carry()

        assert done.released == 2
        assert [each.endswith("what was kept does not open") for each in done.troubles] == [True]
        assert len([key for key in keys if it.asking().given(key) is not None]) == 2
        assert it.ledgers.ledger(it.record.grant).spent == 2


@pytest.mark.threat("T594")
def test_a_card_and_a_letter_with_a_key_that_is_none_are_none() -> None:
    with anna_and_ben() as (anna, ben, _, _):
        theirs, me = ben.card(), ben.device.devices.me
        told = Told(
            root=theirs.root,
            box=theirs.box,
            name="Ben",
            number=theirs.number + 1,
            devices=[(each.chain, each.prekey) for each in theirs.devices],
            gone=[],
            doors=theirs.doors,
        )
        for bent in (
            replace(told, box=NO_KEY),
            replace(told, devices=[(me.chain, bad_prekey(ben.device))]),
        ):
            with pytest.raises(InvalidEncodingError):
                write_card(bent, me.keys.signer, 0)
        sender = Sender(name="Ben", box=NO_KEY, chain=me.chain, signer=me.keys.signer)
        to = anna.card()
        sealed = write(to, sender, b"l" * 16, "note", b"hello", ben.device.devices.now())
        with pytest.raises(InvalidEncodingError):
            anna.letters.bring(sealed, Post())


@pytest.mark.threat("T594")
def test_a_person_with_a_prekey_that_is_none_is_not_let_in_and_others_are() -> None:
    with people("ada", "bo", "cy") as (ada, bo, cy):
        opened = admitting.space(ada.devices, "docs")
        before = set(opened.members.objects)
        bent = replace(card(bo), devices=((bo.devices.me.chain, bad_prekey(bo)),))
        with pytest.raises(InvalidEncodingError):
            follow(ada.devices, opened, bent, Role.GUEST)

        assert set(opened.members.objects) == before
        assert follow(ada.devices, opened, card(cy), Role.GUEST)
        ada.again()
        ada.write("a.txt", b"a text", "docs")
        assert set(ada.shown("docs")) == {"a.txt"}


@pytest.mark.threat("T594")
def test_a_member_whose_prekey_is_none_keeps_nobody_in() -> None:
    with together() as it:
        bent = bytes([Thing.PREKEY]) + bad_prekey(it.bo)
        it.bo.devices.save(it.opened(it.bo), [bent])
        assert sync(it.bo, it.shelf) == []
        assert sync(it.ada, it.shelf) == []
        assert it.opened(it.ada).members.prekeys[it.bo.devices.me.id].number < 99

        it.let_go(it.cy)
        it.ada.again()
        assert not has(it.opened(it.ada), it.cy.devices.me.id)


@pytest.mark.threat("T594")
@pytest.mark.parametrize("removes", [True, False])
def test_a_change_of_members_that_cannot_be_finished_is_not_begun(*, removes: bool) -> None:
    with together() as it:
        opened = it.opened(it.ada)
        bo, cy = (one.devices.me for one in (it.bo, it.cy))
        certificate = opened.members.state.members[cy.id].certificate
        entry = next(
            body
            for node in opened.members.log._graph.nodes
            if isinstance(body := node.entry.draft.body, Certified)
            and body.signed.certificate == certificate
        )
        del opened.members.prekeys[DeviceId(bo.id)]
        before = set(opened.members.objects)
        prekey = bytes([Thing.PREKEY]) + cy.keys.published()
        changes = {
            True: partial(remove_from, it.ada.devices, opened, [cy.id]),
            False: partial(add, it.ada.devices, opened, entry, prekey),
        }
        with pytest.raises(NoEpochError):
            changes[removes]()

        assert set(opened.members.objects) == before
        assert has(opened, cy.id)


@pytest.mark.threat("T594")
@pytest.mark.parametrize(("field", "value"), [("v", 2), ("purposes", ["of-my-own"])])
def test_clauses_that_nobody_knows_are_passed_over(field: str, value: object) -> None:
    with people("ada", "bo") as (ada, bo):
        it = shared(ada, bo, Tier.COPY)
        me = ada.devices.me
        told = pack(
            {
                "c": {**to_document(it.record.clauses), field: value},
                "d": me.id,
                "e": 1,
                "g": b"x" * 16,
                "n": ada.devices.now(),
                "p": b"",
                "r": me.root,
                "v": 1,
            }
        )
        draft = Draft(it.there.replica)
        draft.note(SHARE_KIND, b"x" * 16, told + me.keys.signer.sign(Tag.SHARE, told))
        draft.commit()
        it.carry()

        assert list(papers(it.here)) == [paper_of(it)]


# --- T595: too long, and too many ---


@contextmanager
def invited() -> Iterator[tuple[Person, Person]]:
    """Return Anna and Ben, who takes her invitations."""
    with anna_and_ben() as (anna, ben, _, _):
        letting_in(ben)
        yield anna, ben


def letting_in(one: Person) -> None:
    one.letters._kinds.update(kinds_of_shares(work_of(one)))


def work_of(one: Person) -> DeviceWork:
    return cast("DeviceWork", SimpleNamespace(devices=one.device.devices))


def send(
    anna: Person, ben: Person, ways: list[list[str]], name: str = "album", space: int = 0
) -> Post:
    """Bring an invitation of Anna's to Ben."""
    root = bytes(anna.device.devices.me.root)
    about = [1, space.to_bytes(16, "big"), "share", name, b"k" * 32, root, [*ways]]
    sealed = anna.letters.to_file(anna.one("Ben"), Kind.INVITATION, pack([1, [*about]]))
    post = Post()
    ben.letters.bring(sealed, post)
    return post


def offers(ben: Person) -> list[Offer]:
    return SharedWithMe(work_of(ben), {}).offers()


def begun_again(ben: Person) -> list[Holds]:
    ben.device.again()
    return [each.about.holds for each in ben.device.devices.collections()]


@pytest.mark.threat("T595")
@pytest.mark.parametrize(
    ("name", "way"),
    [
        pytest.param("n" * 200_000, ["relay", RELAY, ""], id="name"),
        pytest.param("n" * (MAX_NAME + 1), ["relay", RELAY, ""], id="name by one"),
        pytest.param("a\x1b[2Jb", ["relay", RELAY, ""], id="name that clears a screen"),
        pytest.param("album", ["r" * 200_000, RELAY, ""], id="kind"),
        pytest.param("album", ["relay", "h" * (MAX_ADDRESS + 1), ""], id="address"),
        pytest.param("album", ["relay", RELAY, "t" * (MAX_TOKEN + 1)], id="token"),
    ],
)
def test_an_invitation_that_is_too_long_leaves_nothing(name: str, way: list[str]) -> None:
    with invited() as (anna, ben):
        post = send(anna, ben, [way], name)

        assert (post.taken, len(post.troubles)) == (0, 1)
        assert offers(ben) == []
        assert begun_again(ben) == [Holds.HOME]


@pytest.mark.threat("T595")
def test_the_longest_invitation_is_taken_in_and_opens_at_the_next_start() -> None:
    with invited() as (anna, ben):
        long = chr(0x1D538)  # four bytes
        ways = [
            ["relay", f"{at:02}{long * (MAX_ADDRESS - 2)}", "t" * MAX_TOKEN] for at in range(16)
        ]
        assert send(anna, ben, ways, long * MAX_NAME).taken == 1
        assert begun_again(ben) == [Holds.HOME]
        ben.begin()
        (offer,) = offers(ben)
        SharedWithMe(work_of(ben), {}).take(offer)
        assert begun_again(ben) == [Holds.HOME, Holds.SHARE]


@pytest.mark.threat("T595")
def test_what_no_reader_takes_is_not_written() -> None:
    with people("ada") as (ada,):
        draft = Draft(ada.devices.home.replica)
        with pytest.raises(InvalidError):
            draft.note("note", b"n" * 16, bytes(MAX_SEALED))
        with pytest.raises(InvalidError):
            ada.devices.create(Holds.SHARE, "n" * (MAX_NAME + 1))
        with pytest.raises(InvalidError):
            Way(kind="relay", address=RELAY, token="t" * (MAX_TOKEN + 1))
        draft.commit()
        ada.again()
        assert [each.about.holds for each in ada.devices.collections()] == [Holds.HOME]


@pytest.mark.threat("T595")
def test_so_many_invitations_of_one_person_wait_and_no_more() -> None:
    with invited() as (anna, ben):
        for space in range(MAX_OFFERS):
            assert send(anna, ben, [["relay", RELAY, ""]], space=space).taken == 1
        more = send(anna, ben, [["relay", RELAY, ""]], space=MAX_OFFERS)
        assert (more.taken, len(more.troubles), len(offers(ben))) == (0, 1, MAX_OFFERS)
        assert send(anna, ben, [["relay", RELAY, "new"]], space=0).taken == 1

        SharedWithMe(work_of(ben), {}).take(offers(ben)[0])
        post = Post()
        ben.letters.retry(post)
        assert post.taken == 1


# --- T536: where an invitation leads ---


def called(ben: Person) -> list[tuple[str, str]]:
    """Return the places that a round of Ben's calls, and opens."""
    devices = ben.device.devices
    world = cast("World", SimpleNamespace(entropy=os.urandom, outside=lambda: b""))
    found: list[tuple[str, str]] = []
    (opened,) = (each for each in devices.collections() if each.is_foreign)
    for each in Places(devices, world, devices.now).reached():
        try:
            each.at(opened, mailbox(opened.about.secret, each.way))
        except CarrierAwayError:
            continue
        found.append((each.way.address, each.way.token))
    return found


@pytest.mark.threat("T536")
@pytest.mark.parametrize("kind", ["relay", "folder", "bucket", "endless"])
def test_a_later_invitation_leads_nowhere_before_another_yes(kind: str, tmp_path: Path) -> None:
    place = {
        "relay": ["relay", "https://attacker.example", ""],
        "folder": ["folder", f"folder:{tmp_path}", ""],
        "bucket": ["bucket", "s3://b/f?endpoint=https://attacker.example", ""],
        "endless": ["bucket", "s3://", ""],
    }[kind]
    with invited() as (anna, ben):
        send(anna, ben, [["relay", RELAY, "old"]])
        SharedWithMe(work_of(ben), {}).take(offers(ben)[0])
        assert called(ben) == [(RELAY, "old")]
        assert offers(ben) == []

        assert send(anna, ben, [["relay", RELAY, "new"], place], "another name").taken == 1
        assert called(ben) == [(RELAY, "new")]
        (opened,) = (each for each in ben.device.devices.collections() if each.is_foreign)
        assert opened.about.name == "album"
        (offer,) = offers(ben)
        assert offer.places == (RELAY, place[1])

        SharedWithMe(work_of(ben), {}).take(offer)
        assert offers(ben) == []
        wanted = {RELAY, place[1]} if kind == "relay" else {RELAY}
        assert {address for address, _ in called(ben)} == wanted


@pytest.mark.threat("T536")
def test_a_folder_is_opened_that_is_used_already(tmp_path: Path) -> None:
    with invited() as (anna, ben):
        devices = ben.device.devices
        way = Way(kind="folder", address=f"folder:{tmp_path}")
        send(anna, ben, [[way.kind, way.address, ""]])
        SharedWithMe(work_of(ben), {}).take(offers(ben)[0])
        assert called(ben) == []
        world = cast("World", SimpleNamespace(entropy=os.urandom))
        devices.keeping.put_carrier(Places(devices, world, devices.now).id_of(way), way.told())
        assert {address for address, _ in called(ben)} == {way.address}


@pytest.mark.threat("T536")
def test_a_later_invitation_renews_and_takes_back_places() -> None:
    with invited() as (anna, ben):
        other = "https://other.example"
        send(anna, ben, [["relay", RELAY, "one"], ["relay", other, "one"]])
        SharedWithMe(work_of(ben), {}).take(offers(ben)[0])
        send(anna, ben, [["relay", other, "two"]])

        assert called(ben) == [(other, "two")]
        assert offers(ben) == []
