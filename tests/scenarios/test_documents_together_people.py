"""A document of three people, each with a vault of their own: edited apart, read the same."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from sealhold.model.errors import DeniedError, InvalidError, InvalidGrantError, NotFoundError
from sealhold.model.shown.documents import DocumentView
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork
from sealhold.node.documentsteps import DocumentSteps, Edits
from sealhold.node.sharechanges import ShareChanges
from sealhold.node.sharedwithme import SharedWithMe
from sealhold.node.shareforms import ShareForm, clauses_of
from sealhold.node.sharework import ShareWork
from sealhold.sharing.peers import spaces
from tests.scenarios.vaults import new_home, opened

NAMES = ("ada", "bo", "cy")
PLAN = "meeting/plan"  # the document in its share


@dataclass
class Vault:
    """A person's vault, as commands find it: each time opened anew."""

    home: Path

    def sync(self) -> list[tuple[str, str, int]]:
        """Do a round; return which edits came: document, person, how many."""
        with opened(self.home) as node:
            work = DeviceWork(node)
            with Rounds(work) as rounds:
                done = rounds.run()
        assert done.troubles == ()
        return [(each.document, each.by.person, each.edits) for each in done.documents]

    def edit(self, name: str, edits: Edits) -> DocumentView:
        with opened(self.home) as node:
            return DocumentSteps(DeviceWork(node)).edit(name, edits)

    def text(self, name: str = PLAN) -> str:
        with opened(self.home) as node:
            return DocumentSteps(DeviceWork(node)).show(name).text

    def by(self) -> list[tuple[str, str, str]]:
        """Return who wrote each version: person, name of the device, role."""
        with opened(self.home) as node:
            versions = DocumentSteps(DeviceWork(node)).history(PLAN)
        return [(each.by.person, each.by.name, each.by.role) for each in versions]

    def accept(self) -> None:
        with opened(self.home) as node:
            mine = SharedWithMe(DeviceWork(node), {})
            (offer,) = mine.offers()
            mine.take(offer)

    def change(
        self, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = (), may: str = "view"
    ) -> None:
        with opened(self.home) as node:
            work = DeviceWork(node)
            shares = ShareWork(work)
            changes = ShareChanges(work.devices, shares)
            record = shares.record("meeting")
            changes.put(changes.changed(record, add=add, remove=remove, may=may.split(",")))


@pytest.fixture
def people(tmp_path: Path) -> tuple[Vault, Vault, Vault]:
    place = tmp_path / "stick"
    place.mkdir()
    vaults, cards = list[Vault](), list[str]()
    for name in NAMES:
        vault = Vault(new_home(tmp_path / name))
        with opened(vault.home) as node:
            work = DeviceWork(node)
            work.begin(f"{name}'s laptop")
            work.add_carrier(f"folder:{place}")
            cards.append(ContactWork(work).card(name).text)
        vaults.append(vault)
    ada, bo, cy = vaults
    for vault, others in ((ada, (1, 2)), (bo, (0,)), (cy, (0,))):
        with opened(vault.home) as node:
            contacts = ContactWork(DeviceWork(node))
            for at in others:
                card = contacts.read(cards[at])
                contacts.add(card, NAMES[at])
                contacts.verify(NAMES[at], " ".join(card.words))
    return ada, bo, cy


def shared(ada: Vault) -> None:
    """Have Ada share a document that she wrote, with Bo who may edit it."""
    with opened(ada.home) as node:
        work = DeviceWork(node)
        steps, shares = DocumentSteps(work), ShareWork(work)
        steps.create("plan")
        steps.edit("plan", Edits(text="SECRET, then the plan\n"))
        steps.edit("plan", Edits(text="the plan\n", put={"room": "4"}))
        form = ShareForm(
            people=("bo",), objects=("documents/plan",), actions=("view", "edit"),
            purposes=("ServiceProvision",),
        )  # fmt: skip
        draft = shares.draft("meeting", clauses_of(form, shares, work.devices.now()))
        shares.create(draft, draft.effect.digest, draft.found)


def taken_on(ada: Vault, bo: Vault) -> None:
    """Have Bo take on what Ada shares, and both hear of it."""
    shared(ada)
    for vault in (ada, bo):
        vault.sync()
    bo.accept()
    for vault in (bo, ada, bo):
        vault.sync()


def test_a_document_is_edited_by_people_who_come_and_go(
    people: tuple[Vault, Vault, Vault],
) -> None:
    ada, bo, cy = people
    taken_on(ada, bo)
    assert bo.text() == ada.text() == "the plan\n"

    # nobody but the owner has what it said before
    assert ada.by() == [("you", "ada's laptop", "admin")] * 2
    assert bo.by() == [("ada", "", "admin")] * 2
    ada.change(add=("cy",))
    for vault in (ada, cy):
        vault.sync()
    cy.accept()
    for vault in (cy, ada, bo, cy):
        vault.sync()

    # both edit, and neither has what the other wrote
    ada.edit(PLAN, Edits(append="- by Ada\n"))
    bo.edit(PLAN, Edits(put={"room": "5"}, append="- by Bo\n"))
    with pytest.raises(DeniedError):
        cy.edit(PLAN, Edits(append="- by Cy\n"))
    bo.sync()
    assert ada.sync() == [("plan", "bo", 1)]
    assert bo.sync() == [("plan", "ada", 1)]
    assert set(cy.sync()) == {("plan", "ada", 1), ("plan", cy_calls_bo(bo), 1)}
    assert ada.text() == bo.text() == cy.text()
    assert sorted(ada.text().splitlines()) == ["- by Ada", "- by Bo", "the plan"]
    assert ada.text("documents/plan") == "the plan\n"  # the one at home is another
    assert {each[0] for each in ada.by()} == {"you", "bo"}
    let_go_and_back(ada, bo, cy)


def let_go_and_back(ada: Vault, bo: Vault, cy: Vault) -> None:
    """Bo is let go, has written something that nobody had, and comes back as what he was."""
    before = bo.text()
    bo.edit(PLAN, Edits(append="- too late\n"))
    ada.change(remove=("bo",))
    ada.sync()
    ada.edit(PLAN, Edits(append="- without Bo\n"))
    for vault in (bo, ada, cy, bo):
        vault.sync()
    assert ada.text() == cy.text() == before + "- without Bo\n"
    with pytest.raises(NotFoundError):
        bo.text()

    with pytest.raises(DeniedError):
        ada.change(add=("bo",), may="view")
    ada.change(add=("bo",), may="view,edit")
    for vault in (ada, bo):
        vault.sync()
    bo.edit(PLAN, Edits(append="- back\n"))
    for vault in (bo, ada):
        vault.sync()
    assert ada.text() == bo.text()
    assert sorted(ada.text().splitlines()[-3:]) == ["- back", "- too late", "- without Bo"]


def cy_calls_bo(bo: Vault) -> str:
    """Return how somebody is called whom a vault does not know: by the beginning of the id."""
    with opened(bo.home) as node:
        return DeviceWork(node).devices.me.root.hex()[:12]


def test_a_share_of_documents_says_what_it_is_and_is_taken_back(
    people: tuple[Vault, Vault, Vault],
) -> None:
    ada, bo, _ = people
    taken_on(ada, bo)
    with opened(bo.home) as node:
        mine = SharedWithMe(DeviceWork(node), {})
        (view,) = mine.every()
        opened_, paper = mine.named("meeting")
        wish = mine.wish(paper, mine.object(opened_, "plan"), "view", "")
        with pytest.raises(InvalidError):
            mine.open(opened_, paper, wish)
    assert view.objects == ("plan",)
    with opened(ada.home) as node:
        work = DeviceWork(node)
        shares = ShareWork(work)
        changes, record = ShareChanges(work.devices, shares), shares.record("meeting")
        with pytest.raises(InvalidError):
            changes.changed(record, add=("bo",))
        with pytest.raises(InvalidError):
            changes.changed(record, remove=("bo",))
        with pytest.raises(NotFoundError):
            changes.changed(record, remove=("cy",))
        with pytest.raises(InvalidGrantError):
            changes.changed(record, add=("cy",), may=["view", "export"])
        form = ShareForm(
            people=("bo",), objects=("documents/plan",), purposes=("ServiceProvision",), tier="T2"
        )
        with pytest.raises(InvalidGrantError):
            shares.draft("other", clauses_of(form, shares, work.devices.now()))
        space = work.devices.collection("meeting")
        assert shares.revoke(record).given.startswith("1 object")
        assert not [name for name in space.replica.state.keys if name.version == bytes(16)]
    for vault in (ada, bo):
        vault.sync()
    for vault in (ada, bo):
        with pytest.raises(NotFoundError):
            vault.text()
    assert ada.text("documents/plan") == "the plan\n"


@pytest.mark.threat("T563")
def test_who_is_let_go_on_a_device_that_looks_after_nothing_reads_nothing_more(
    people: tuple[Vault, Vault, Vault], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bo, _ = people
    taken_on(ada, bo)
    ada.change(add=("cy",))
    with monkeypatch.context() as patched:
        patched.setattr(spaces, "is_mine", lambda *_: False)
        ada.change(remove=("bo",))
        ada.edit(PLAN, Edits(append="after Bo\n"))
        ada.sync()
    bo.sync()

    with pytest.raises(NotFoundError):
        bo.text()
