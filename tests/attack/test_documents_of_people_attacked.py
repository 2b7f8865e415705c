"""T561 to T563: a document with other people, some of whom do what they may not."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from sealhold.model.errors import DeniedError, TamperedError
from sealhold.net.relay.papers import Rights
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.docbegun import begin, body, going_on
from sealhold.sharing.devices.doclineage import Base, Lineage, seal_edits
from sealhold.sharing.devices.docops import Change, Entry, Insert, Kind, Place, packed
from sealhold.sharing.devices.documentbook import author_in, lineages_of
from sealhold.sharing.devices.documents import Document
from sealhold.sharing.devices.documentshelf import DECIDED
from sealhold.sharing.devices.documentwork import Documents
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.joinpapers import Way, carrier_id
from sealhold.sharing.devices.keybag import NAME, KeyName
from sealhold.sharing.devices.ops import DocOp, EraseOp
from sealhold.sharing.devices.reaching import by_relay, token_for
from sealhold.sharing.devices.syncing import Reached, Syncing
from sealhold.sharing.peers import admitting, spaces
from tests.relayed_devices import way_of
from tests.relaying import NOW, Running, running
from tests.unit.owned_devices import Machine, machine
from tests.unit.people import card
from tests.unit.together import SPACE, Together, together

TEXT = Place(Kind.TEXT)
Hostile = Callable[[Together, Machine], list[DocOp]]


@pytest.fixture
def people() -> Iterator[Together]:
    with together() as found:
        yield found


def told(found: Together, by: Machine, data: bytes, turn: int = 0) -> DocOp:
    """Return an operation as somebody with the keys of a space can write it."""
    replica, lineage = found.opened(by).replica, found.lineage(by)
    key = replica.state.keys[KeyName(lineage, NAME)]
    return DocOp(lineage, turn, seal_edits(data, replica.collection, lineage, key, replica.entropy))


def inserted(author: int, start: int, text: str = "EVIL") -> bytes:
    return packed(Entry(author, start, (Change((), (Insert(TEXT, 0, text),)),)))


def texts(found: Together) -> set[str]:
    return {found.text(each) for each in (found.ada, found.bo, found.cy)}


def _as_another(found: Together, by: Machine) -> list[DocOp]:
    ada = found.author(found.ada)
    end = found.version(found.ada)[ada]
    spans = [inserted(ada, start) for start in (0, end)]
    cy = [inserted(found.author(found.cy), 0)]
    return [told(found, by, data) for data in (*spans, *cy)]


def _cut_short(found: Together, by: Machine) -> list[DocOp]:
    whole = inserted(found.author(by), 0)
    op = told(found, by, whole)
    ends = [DocOp(op.lineage, 0, op.sealed[:length]) for length in (40, len(op.sealed) - 1)]
    return [*(told(found, by, whole[:length]) for length in range(1, len(whole), 4)), *ends]


def _with_a_gap(found: Together, by: Machine) -> list[DocOp]:
    return [told(found, by, inserted(found.author(by), start)) for start in (3, 1_000_000)]


HOSTILE: dict[str, Hostile] = {
    "as another": _as_another,
    "cut short": _cut_short,
    "with a gap": _with_a_gap,
}


@pytest.mark.threat("T561")
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_forged_edits_of_an_editor_count_for_nobody_and_others_go_on(
    people: Together, hostile: Hostile
) -> None:
    people.opened(people.bo).replica.write(hostile(people, people.bo), {})
    people.rounds()
    people.write(people.ada, 0, "all of ")
    people.rounds()
    assert people.text(people.ada) == people.text(people.cy) == "all of what was agreed"
    written = people.documents(people.cy).written_by(people.thing)
    assert written == [(people.ada.devices.me.id, 22)]


@pytest.mark.threat("T561")
def test_edits_of_somebody_who_may_look_count_nowhere_also_once_loaded_again(
    people: Together,
) -> None:
    cy = people.opened(people.cy).replica
    cy.write([told(people, people.cy, inserted(people.author(people.cy), 0))], {})
    people.rounds()
    assert texts(people) == {"what was agreed"}
    for each in (people.ada, people.bo, people.cy):
        each.again()
        opened = people.opened(each)
        assert any("role" in why for why in opened.replica.state.refused)
        assert cy.own.log not in opened.replica.documents.turns
    assert texts(people) == {"what was agreed"}


@pytest.mark.threat("T561")
def test_nobody_but_the_owner_begins_a_document_ends_one_or_decides(people: Together) -> None:
    opened = people.opened(people.bo)
    lineage, state = people.lineage(people.bo), opened.replica.state
    heads = state.versions.standing(people.thing).heads
    draft = Draft(opened.replica)
    # a lineage whose base would go to the engine of everybody who reads the document
    hostile = Base((), b"LORO" + bytes(200))
    fresh = draft.lineage(body(opened, hostile))
    used = {people.author(people.ada): 1 << 30}
    draft.put(people.thing, going_on(opened, Lineage(fresh, used)), heads)
    draft.note(DECIDED, bytes(16), [people.thing, 1, 0, True])
    draft.commit()
    opened.replica.write([EraseOp(people.thing), EraseOp(lineage)], {})
    begin(opened, "another", content={"text": "mine", "map": {}, "list": []})
    people.rounds()
    people.write(people.ada, 0, "still ")
    people.rounds()
    for each in (people.ada, people.cy):
        state = people.opened(each).replica.state
        assert people.text(each) == "still what was agreed"
        assert [one.id for one in lineages_of(state, people.thing)] == [lineage]
        assert people.documents(each).things() == [people.thing]
        assert not list(state.notes(DECIDED))
        assert sum("begins" in why for why in state.refused) == 4  # two lineages, two documents


@pytest.mark.threat("T562")
def test_a_state_that_another_persons_engine_made_is_not_loaded(people: Together) -> None:
    # Ada's program was changed, and begins a document with a state
    opened = people.opened(people.ada)
    made = Document(7)
    made.write("a state")
    made.outgoing()
    draft = Draft(opened.replica)
    thing = draft.add("with a state")
    base = Base((), made.snapshot())
    draft.put(
        thing, going_on(opened, Lineage(draft.lineage(body(opened, base)), made.version())), ()
    )
    draft.commit()
    people.rounds()
    assert people.documents(people.ada).text(thing) == "a state"
    for each in (people.bo, people.cy):
        with pytest.raises(TamperedError, match="state"):
            people.documents(each).text(thing)
        assert people.text(each) == "what was agreed"


@pytest.mark.threat("T562")
def test_a_document_that_was_taken_back_opens_with_no_key_that_is_left(people: Together) -> None:
    people.write(people.bo, 0, "Bo: ")
    people.rounds()
    opened, lineage = people.opened(people.ada), people.lineage(people.ada)
    spaces.empty(people.ada.devices, opened)
    people.rounds()
    for each in (people.ada, people.bo, people.cy):
        keys = people.opened(each).replica.state.keys
        assert not [name for name in keys if name.object in {people.thing, lineage}]


@pytest.mark.threat("T563")
def test_who_was_let_go_and_goes_on_writing_changes_nothing_for_anybody(people: Together) -> None:
    people.write(people.bo, 0, "Bo: ")
    people.rounds()
    bo = people.opened(people.bo)
    epoch = bo.members.current()[0]
    people.let_go(people.bo)
    people.rounds(people.ada, people.cy)
    # Bo's program was changed: it writes under the epoch that it has, and gives it to the place
    start = people.version(people.bo)[people.author(people.bo)]
    bo.replica.write([told(people, people.bo, inserted(people.author(people.bo), start))], {})
    people.rounds(people.bo)
    for each in (people.ada, people.cy):
        assert people.text(each) == "Bo: what was agreed"
        assert people.opened(each).members.current()[0] != epoch
    people.write(people.ada, 0, "without ")
    people.rounds(people.ada, people.cy, people.bo)
    assert people.text(people.cy) == "without Bo: what was agreed"
    known = {bytes(name) for kind, name, _ in bo.members.known() if kind == "epoch"}
    assert people.opened(people.ada).members.current()[0] not in known


@pytest.mark.threat("T563")
def test_nobody_comes_back_under_another_role(people: Together) -> None:
    for one, other in ((people.bo, Role.GUEST), (people.cy, Role.EDITOR)):
        people.let_go(one)
        opened = people.opened(people.ada)
        before = len(opened.members.objects)
        with pytest.raises(DeniedError):
            admitting.follow(people.ada.devices, opened, card(one), other)
        assert len(opened.members.objects) == before


# --- through a relay that is blind ---


def round_at(one: Machine, relay: Running) -> list[str]:
    """Do a round over a relay, with the tokens that this person has; return its troubles."""
    devices = one.devices

    def at(way: Way, only: bytes | None = None) -> Reached:
        id_ = carrier_id(way, devices.base)
        found = by_relay(id_, way, relay.address, devices, lambda: NOW, lambda _: relay.caller())
        return replace(found, only=only)

    foreign = [each for each in devices.collections() if each.is_foreign]
    reached = [at(way, each.about.id) for each in foreign for way in each.about.ways]
    return Syncing(devices, reached or [at(way_of(relay))]).round().troubles


def invite(ada: Machine, one: Machine, relay: Running) -> None:
    way = way_of(relay)
    paper = admitting.invitation(
        ada.devices.collection(SPACE),
        [way],
        lambda opened, _way: token_for(
            opened, way, relay.address, lambda: NOW, lambda _: relay.caller(), Rights.WRITE
        ),
    )
    admitting.accept(one.devices, paper, ada.devices.me.root)


@pytest.mark.threat("T562")
def test_a_blind_relay_carries_edits_of_people_who_come_and_go_and_reads_none() -> None:
    seen: list[bytes] = []

    def watch(head: object, data: bytes) -> None:
        seen.append(repr(head).encode() + bytes(data))

    with ExitStack() as stack:
        ada, bo, cy = (stack.enter_context(machine(each)) for each in (b"ada", b"bo", b"cy"))
        for name, each in (("ada", ada), ("bo", bo), ("cy", cy)):
            each.devices.begin(f"{name}'s laptop", None)
        relay = stack.enter_context(running(watch=watch))
        opened = admitting.space(ada.devices, SPACE)
        content = {"text": "CANARY one", "map": {}, "list": []}
        thing = begin(opened, "CANARY plan", content=content)
        admitting.follow(ada.devices, opened, card(bo), Role.EDITOR)
        admitting.follow(ada.devices, opened, card(cy), Role.GUEST)
        assert round_at(ada, relay) == []
        for one in (bo, cy):
            invite(ada, one, relay)
            assert round_at(one, relay) == []

        def documents(one: Machine) -> Documents:
            return Documents(one.devices, one.devices.collection(SPACE))

        documents(ada).edit(thing, lambda found: found.insert(0, "CANARY two "))
        documents(bo).edit(thing, lambda found: found.insert(10, " CANARY three"))
        for one in (ada, bo, ada, bo, cy):
            assert round_at(one, relay) == []
        text = "CANARY two CANARY one CANARY three"
        assert [documents(each).text(thing) for each in (ada, bo, cy)] == [text] * 3

        # Bo is let go: the relay takes his token no more, and Cy gets another
        admitting.dismiss(ada.devices, opened, bo.devices.me.root)
        documents(ada).edit(thing, lambda found: found.insert(0, "CANARY four "))
        assert round_at(ada, relay) == []
        invite(ada, cy, relay)
        assert round_at(cy, relay) == []
        assert documents(cy).text(thing) == "CANARY four " + text
        assert round_at(bo, relay) != []
        assert documents(bo).text(thing) == text

        assert len(seen) > 20
        lineage = lineages_of(opened.replica.state, thing)[0].id
        ids = (thing, lineage, bytes(bo.devices.me.root), bytes(cy.devices.me.root))
        for call in seen:
            assert b"CANARY" not in call
            assert not any(one in call or one.hex().encode() in call for one in ids)
        author = author_in(opened.replica, opened.replica.own.log, 0)
        assert not any(author.to_bytes(8, "big") in call for call in seen)
