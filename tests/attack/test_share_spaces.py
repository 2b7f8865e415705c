"""Share spaces in the hands of guests, of strangers, and of the place where they lie."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from msgspec import structs

from sealhold.crypto.rootid import RootId
from sealhold.crypto.seal import new_key
from sealhold.model.encoding import pack
from sealhold.model.errors import (
    DeniedError,
    InvalidEncodingError,
    SealholdError,
)
from sealhold.model.ids import CollectionId, Id16
from sealhold.model.quantities import Instant
from sealhold.policy.shareterms import Tier
from sealhold.sharing.devices.certs import Certificate, Role, issue
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.ops import EraseOp, PlaceOp
from sealhold.sharing.devices.saying import ASK, USE, own_key
from sealhold.sharing.devices.treeops import OpKind
from sealhold.sharing.peers import admitting
from sealhold.sharing.peers.admitting import Person, dismiss
from sealhold.sharing.peers.answering import Answering, answers_of
from sealhold.sharing.peers.sharepaper import (
    SHARE_KIND,
    papers,
    write_paper,
)
from sealhold.sharing.peers.usenotes import ANSWER_KIND, RECEIPT_KIND
from sealhold.sharing.peers.withdrawals import (
    CLOSED_KIND,
    is_withdrawn,
    withdraw,
    withdrawal,
)
from tests.unit.owned_devices import PLACE, Machine
from tests.unit.people import card, meet, sync
from tests.unit.replicas import Shelf
from tests.unit.shares import NAME, Shared, let_in, paper_of, people, shared


@pytest.fixture
def both() -> Iterator[tuple[Machine, Machine]]:
    with people("ada", "bo") as (ada, bo):
        yield ada, bo


def standing(it: Shared, one: Machine) -> bytes:
    """Return the version of the shared object that stands at somebody."""
    found = one.devices.collection(NAME).replica.state.versions.standing(it.thing).shown
    assert found is not None
    return found.id


# --- T546: a guest who writes, or speaks for another ---


@pytest.mark.threat("T546")
def test_nothing_that_a_guest_says_of_the_owners_things_counts_anywhere(
    both: tuple[Machine, Machine],
) -> None:
    it = shared(*both, Tier.KEY_PER_USE, most=2)
    cy = it.guest
    version, before = standing(it, it.owner), paper_of(it)
    more = replace(before, clauses=replace(before.clauses, count=None), said=Instant(1 << 42))
    replica = it.here.replica
    key = it.asking().ask(it.wish())
    answer = [1, it.record.grant, 1, b"sealed"]
    draft = Draft(replica)
    draft.put(it.thing, structs.replace(replica.state.content(version), size=1), [version])
    draft.note(SHARE_KIND, before.grant, write_paper(more, cy.devices.me.keys.signer))
    draft.note(admitting.GUEST_KIND, cy.devices.me.id, it.owner.devices.me.root)
    draft.note(ANSWER_KIND, key, answer)
    draft.note(RECEIPT_KIND, key, b"signed by nobody")
    draft.commit()
    replica.write([EraseOp(it.thing)], {})
    replica.write([PlaceOp(OpKind.DELETE, it.thing, None, None)], {})
    sync(it.guest, it.shelf)
    sync(it.owner, it.shelf)

    for one in (it.owner, it.guest):
        one.again()
        opened = one.devices.collection(NAME)
        state = opened.replica.state
        assert it.thing in state.tree.shown()
        assert standing(it, one) == version
        assert list(papers(opened)) == [before]
        assert admitting.guests(opened) == {cy.devices.me.id: cy.devices.me.root}
        assert answers_of(opened) == {}
        assert list(state.notes(RECEIPT_KIND)) == []
        # put and its keys, four notes, an erasure, a deletion
        assert len(state.refused) == 8
    assert Answering(it.owner.devices, it.ledgers).answer(it.there, it.record).released == 1


@pytest.mark.threat("T546")
@pytest.mark.parametrize("role", [Role.GUEST, Role.EDITOR])
def test_a_key_that_somebody_tells_anew_replaces_none(role: Role) -> None:
    with people("ada", "bo", "cy") as (ada, bo, cy):
        opened = admitting.space(ada.devices, NAME)
        shelf = Shelf()
        for one in (bo, cy):
            admitting.follow(ada.devices, opened, card(one), role)
            meet(ada, one, opened)
        things = [ada.write(f"{n}.txt", b"text %d" % n, NAME) for n in range(6)]
        sync(ada, shelf)
        sync(bo, shelf)
        replica = bo.devices.collection(NAME).replica
        for thing in things:
            for _ in range(2):  # segments come in the order of random ids
                names = [name for name in replica.state.keys if name.object == thing]
                replica.write([], {name: new_key(replica.entropy, "key") for name in names})
        sync(bo, shelf)
        sync(ada, shelf)
        sync(cy, shelf)  # hears of all of it at once

        expected = {f"{n}.txt": b"text %d" % n for n in range(6)}
        for one in (ada, cy, bo):
            assert one.shown(NAME) == expected
            one.again()
            assert one.shown(NAME) == expected
            assert one.devices.collection(NAME).replica.state.waiting() == 0


@pytest.mark.threat("T546")
def test_nobody_asks_or_tells_of_uses_in_anothers_name(both: tuple[Machine, Machine]) -> None:
    with people("cy") as (cy,):
        it = shared(*both, Tier.KEY_PER_USE, most=5)
        let_in(it, cy)
        asked = it.asking().ask(it.wish())
        it.answered()
        sync(cy, it.shelf)
        theirs = cy.devices.collection(NAME)
        ask, answer = (theirs.replica.state.note(kind, asked) for kind in (ASK, ANSWER_KIND))
        assert ask is not None
        assert answer is not None

        in_their_name = own_key(it.guest.devices.me.id, b"cy wrote")
        again = own_key(cy.devices.me.id, asked[8:])
        draft = Draft(theirs.replica)
        draft.note(ASK, in_their_name, ask.told)  # as Bo
        draft.note(USE, in_their_name, b"as Bo")
        draft.note(ASK, again, ask.told)  # Bo's ask once more, as Cy
        draft.note(ANSWER_KIND, again, answer.told)
        draft.commit()
        sync(cy, it.shelf)
        it.answered()
        sync(cy, it.shelf)

        assert {key for key, _ in it.there.replica.state.notes(ASK)} == {asked, again}
        denied = it.ledgers.kept(it.record.grant, again)
        assert denied is not None
        assert denied.number == 0  # the paper is for Bo alone
        assert it.ledgers.ledger(it.record.grant).spent == 1
        content = it.asking().used(asked)
        assert content is not None
        assert b"".join(content) == b"the text"


@pytest.mark.threat("T546")
def test_a_replayed_ask_is_the_same_use(both: tuple[Machine, Machine]) -> None:
    it = shared(*both, Tier.KEY_PER_USE, most=5)
    key = it.asking().ask(it.wish())
    it.answered()
    (first,) = answers_of(it.there).values()
    told = it.here.replica.state.note(ASK, key)
    assert told is not None
    for _ in range(3):
        draft = Draft(it.here.replica)
        draft.note(ASK, key, told.told)
        draft.commit()
        it.answered()

    assert answers_of(it.there) == {key: first}
    assert it.ledgers.ledger(it.record.grant).spent == 1


# --- T547: a place in a space for somebody else ---


@pytest.mark.threat("T547")
def test_an_invitation_by_another_opens_nothing(both: tuple[Machine, Machine]) -> None:
    with people("eve") as (eve,):
        it = shared(*both, Tier.THEIR_NODE)
        meet(it.owner, eve, it.there)  # she got the paper; nobody let her in
        paper = admitting.invitation(it.there, [PLACE], lambda _opened, _way: "")
        sync(eve, it.shelf)

        assert eve.shown(NAME) == {}
        with pytest.raises(DeniedError):  # passed on in her name, to whoever knows her
            admitting.accept(it.guest.devices, paper, eve.devices.me.root)
        about = replace(it.there.about, root=eve.devices.me.root, ways=())
        with pytest.raises(DeniedError):  # and as a space of hers, under an id that is known
            admitting.accept(it.guest.devices, pack([1, about.told()]), eve.devices.me.root)
        home = replace(about, holds=Holds.HOME)
        with pytest.raises(InvalidEncodingError):
            admitting.accept(it.guest.devices, pack([1, home.told()]), eve.devices.me.root)


@pytest.mark.threat("T547")
def test_a_card_lets_in_no_device_of_others(both: tuple[Machine, Machine]) -> None:
    ada, bo = both
    opened = admitting.space(ada.devices, NAME)
    ((chain, prekey),) = card(bo).devices
    ((hers, her_prekey),) = card(ada).devices
    for devices in (((hers, her_prekey),), ((chain, her_prekey),), ((hers, prekey),)):
        with pytest.raises(SealholdError):
            admitting.follow(
                ada.devices, opened, Person(root=bo.devices.me.root, devices=devices), Role.GUEST
            )
    assert admitting.guests(opened) == {}


@pytest.mark.threat("T547")
def test_a_card_that_claims_an_owners_device_takes_nothing_over(
    both: tuple[Machine, Machine],
) -> None:
    ada, bo = both
    opened = admitting.space(ada.devices, NAME)
    me = bo.devices.me
    hers = ada.devices.me
    mine = opened.members.state.members[hers.id].certificate
    claimed = Certificate(
        root=me.root,
        device=hers.id,
        signing=hers.keys.signer.public,
        box=hers.keys.box.public,
        role=Role.FULL,
        seq=9,
        issuer=me.id,
    )
    chain = (*me.chain, issue(claimed, me.keys.signer))
    person = Person(
        root=me.root,
        devices=((me.chain, me.keys.published()), (chain, hers.keys.published())),
    )

    admitting.follow(ada.devices, opened, person, Role.GUEST)
    assert admitting.guests(opened) == {me.id: me.root}
    assert dismiss(ada.devices, opened, me.root) == [me.id]
    assert opened.members.state.members[hers.id].certificate == mine
    assert opened.members.state.certificate(hers.id) is not None


@pytest.mark.threat("T547")
def test_a_guest_lets_nobody_in_and_removes_nobody(both: tuple[Machine, Machine]) -> None:
    with people("eve") as (eve,):
        it = shared(*both, Tier.THEIR_NODE)
        for act in (
            lambda: admitting.follow(it.guest.devices, it.here, card(eve), Role.GUEST),
            lambda: dismiss(it.guest.devices, it.here, it.guest.devices.me.root),
        ):
            with pytest.raises(SealholdError):
                act()
        sync(it.guest, it.shelf)
        sync(it.owner, it.shelf)

        assert admitting.guests(it.there) == {it.guest.devices.me.id: it.guest.devices.me.root}
        assert it.there.members.state.certificate(it.guest.devices.me.id) is not None


# --- T589: a share that somebody else takes back ---


@pytest.mark.threat("T589")
def test_a_share_is_taken_back_by_whoever_shares_it_and_by_nobody_else(
    both: tuple[Machine, Machine],
) -> None:
    it = shared(*both, Tier.THEIR_NODE)
    guest, owner = it.guest.devices, it.owner.devices.me.root
    eve = RootId(b"e" * 32)
    other = CollectionId(Id16(b"not known yet..."))

    with pytest.raises(DeniedError):
        withdraw(guest, withdrawal(it.here.about.id), eve)
    withdraw(guest, withdrawal(other), eve)
    assert not is_withdrawn(guest, it.here.about.id, owner)
    assert not is_withdrawn(guest, other, owner)

    withdraw(guest, withdrawal(it.here.about.id), owner)
    assert is_withdrawn(guest, it.here.about.id, owner)
    with pytest.raises(DeniedError):
        withdraw(guest, withdrawal(it.here.about.id), eve)
    assert is_withdrawn(guest, it.here.about.id, owner)


@pytest.mark.threat("T589")
@pytest.mark.parametrize("letter", [b"", b"\x80", pack([1]), pack([2, b"s" * 16]), pack([1, b"s"])])
def test_what_is_no_withdrawal_closes_nothing(both: tuple[Machine, Machine], letter: bytes) -> None:
    guest = both[1].devices

    with pytest.raises(InvalidEncodingError):
        withdraw(guest, letter, both[0].devices.me.root)

    assert list(guest.home.replica.state.notes(CLOSED_KIND)) == []
