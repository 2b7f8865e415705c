"""People in a share space: what they read, what they cannot say, and what ends."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from sealhold.model.errors import DeniedError, TamperedError
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.joinpapers import Holds, Way
from sealhold.sharing.devices.saying import ASK, own_key
from sealhold.sharing.peers import admitting
from sealhold.sharing.peers.admitting import Person
from tests.unit.owned_devices import PLACE, Machine, machine
from tests.unit.people import card, meet, sync
from tests.unit.replicas import Shelf


@pytest.fixture
def people() -> Iterator[tuple[Machine, Machine]]:
    with ExitStack() as stack:
        ada, bo = (stack.enter_context(machine(seed)) for seed in (b"ada", b"bo"))
        ada.devices.begin("ada's laptop", None)
        bo.devices.begin("bo's laptop", None)
        yield ada, bo


def shared(ada: Machine, bo: Machine, role: Role = Role.GUEST) -> None:
    opened = admitting.space(ada.devices, "for bo")
    assert admitting.follow(ada.devices, opened, card(bo), role)
    meet(ada, bo, opened)


def test_a_guest_reads_what_the_owner_writes(people: tuple[Machine, Machine]) -> None:
    ada, bo = people
    shelf = Shelf()
    shared(ada, bo)
    ada.write("plan.txt", b"the plan", "for bo")

    assert sync(ada, shelf) == []
    assert sync(bo, shelf) == []

    assert bo.shown("for bo") == {"plan.txt": b"the plan"}
    assert bo.devices.collection("for bo").is_foreign
    assert admitting.guests(ada.devices.collection("for bo")) == {
        bo.devices.me.id: bo.devices.me.root
    }


def test_what_a_guest_writes_counts_nowhere(people: tuple[Machine, Machine]) -> None:
    ada, bo = people
    shelf = Shelf()
    shared(ada, bo)
    ada.write("plan.txt", b"the plan", "for bo")
    sync(ada, shelf)
    sync(bo, shelf)

    bo.write("mine.txt", b"smuggled in", "for bo")
    sync(bo, shelf)
    sync(ada, shelf)

    assert ada.shown("for bo") == {"plan.txt": b"the plan"}
    assert bo.shown("for bo") == {"plan.txt": b"the plan"}
    assert len(ada.devices.collection("for bo").replica.state.refused) == 3  # keys, place, put


def test_a_guest_asks_under_its_own_name_alone(people: tuple[Machine, Machine]) -> None:
    ada, bo = people
    shelf = Shelf()
    shared(ada, bo)
    sync(ada, shelf)
    sync(bo, shelf)
    opened = bo.devices.collection("for bo")
    own = own_key(bo.devices.me.id, b"12345678")
    draft = Draft(opened.replica)
    draft.note(ASK, own, "may I")
    draft.note(ASK, own_key(ada.devices.me.id, b"12345678"), "as ada")
    draft.note(admitting.GUEST_KIND, bo.devices.me.id, ada.devices.me.root)
    draft.commit()

    sync(bo, shelf)
    sync(ada, shelf)

    state = ada.devices.collection("for bo").replica.state
    assert [(key, note.told) for key, note in state.notes(ASK)] == [(own, "may I")]
    assert admitting.guests(ada.devices.collection("for bo"))[bo.devices.me.id] == (
        bo.devices.me.root
    )


def test_an_editor_writes(people: tuple[Machine, Machine]) -> None:
    ada, bo = people
    shelf = Shelf()
    shared(ada, bo, Role.EDITOR)
    sync(ada, shelf)
    sync(bo, shelf)

    bo.write("mine.txt", b"let in", "for bo")
    sync(bo, shelf)
    assert sync(ada, shelf) == []

    assert ada.shown("for bo") == {"mine.txt": b"let in"}


def test_who_was_dismissed_reads_nothing_later(people: tuple[Machine, Machine]) -> None:
    ada, bo = people
    shelf = Shelf()
    shared(ada, bo)
    ada.write("before.txt", b"before", "for bo")
    sync(ada, shelf)
    sync(bo, shelf)

    gone = admitting.dismiss(ada.devices, ada.devices.collection("for bo"), bo.devices.me.root)
    ada.write("after.txt", b"after", "for bo")
    sync(ada, shelf)
    sync(bo, shelf)

    assert gone == [bo.devices.me.id]
    assert bo.shown("for bo") == {"before.txt": b"before"}


def test_a_card_that_lost_a_device_takes_it_out(people: tuple[Machine, Machine]) -> None:
    ada, bo = people
    shared(ada, bo)
    opened = ada.devices.collection("for bo")

    changed = admitting.follow(
        ada.devices, opened, Person(root=bo.devices.me.root, devices=()), Role.GUEST
    )

    assert changed
    assert opened.members.state.certificate(bo.devices.me.id) is None
    assert not admitting.follow(
        ada.devices, opened, Person(root=bo.devices.me.root, devices=()), Role.GUEST
    )


def test_an_invitation_by_another_is_refused(people: tuple[Machine, Machine]) -> None:
    ada, bo = people
    opened = admitting.space(ada.devices, "for bo")
    paper = admitting.invitation(opened, [PLACE], lambda _opened, _way: "")

    with pytest.raises(DeniedError):
        admitting.accept(bo.devices, paper, bo.devices.me.root)
    assert [each.about.holds for each in bo.devices.collections()] == [Holds.HOME]


def test_an_invitation_tells_no_token_of_the_owner(people: tuple[Machine, Machine]) -> None:
    ada, _ = people
    opened = admitting.space(ada.devices, "for bo")
    way = Way(kind="relay", address="https://relay.test", token="the account of ada")

    paper = admitting.invitation(opened, [way], lambda _opened, _way: "for this space")

    assert b"the account of ada" not in paper
    assert admitting.read_invitation(paper).ways[0].token == "for this space"


def test_a_card_with_a_strangers_device_is_refused(people: tuple[Machine, Machine]) -> None:
    ada, bo = people
    opened = admitting.space(ada.devices, "for bo")
    mine = card(ada).devices

    with pytest.raises(TamperedError):
        admitting.follow(
            ada.devices, opened, Person(root=bo.devices.me.root, devices=mine), Role.GUEST
        )


def test_a_guest_whose_prekey_is_gone_by_then_reads_all_the_same(
    people: tuple[Machine, Machine],
) -> None:
    ada, bo = people
    shelf = Shelf()
    opened = admitting.space(ada.devices, "for bo")
    admitting.follow(ada.devices, opened, card(bo), Role.GUEST)
    ada.write("plan.txt", b"the plan", "for bo")
    me = bo.devices.me
    turned = me.keys.turned(bo.devices.now(), bo.devices.entropy)
    newest = max(each.number for each in turned.prekeys)
    bo.devices.keep_keys(turned.forgotten({me.id: newest}, {me.id}))
    assert len(bo.devices.me.keys.prekeys) == 1

    meet(ada, bo, opened)
    told = [sync(one, shelf) for one in (ada, bo, ada, bo)]

    assert told[-1] == []
    assert bo.shown("for bo") == {"plan.txt": b"the plan"}
