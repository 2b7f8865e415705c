"""What a preview of a share shows is what its recipient can open once it is made, and no other."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from sealhold.model.errors import DeniedError, InvalidError, StaleError
from sealhold.model.ids import ContactId, Id16, Purpose
from sealhold.model.quantities import DAY, Instant
from sealhold.node.sharedraft import Draft as Looked
from sealhold.node.sharework import ShareWork
from sealhold.policy.share import Bar, Clauses, Count, Per, What
from sealhold.policy.shareterms import Action, Tier
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.reading import Digests
from sealhold.sharing.devices.treeops import ROOT
from sealhold.sharing.peers.answering import Answering
from sealhold.sharing.peers.asking import Asking, Wish
from sealhold.sharing.peers.sharepaper import papers, records
from sealhold.vault.sharedrows import SharedRows
from tests.unit.owned_devices import Machine, machine
from tests.unit.people import meet, sync
from tests.unit.replicas import Shelf
from tests.unit.two_people import Person, person

PURPOSES = (Purpose("ServiceProvision"), Purpose("Marketing"))
ACTIONS = (Action.VIEW, Action.SEARCH, Action.EXPORT)
NAME = "shared"


class NoPlaces:
    """The places of a device that syncs through none."""

    def reached(self) -> list[Any]:
        return []


@dataclass
class Work:
    """What shares are made with."""

    devices: Any
    core: Any
    shared_rows: SharedRows
    places: NoPlaces
    answers: Any = None  # files are read by no program


@dataclass(frozen=True)
class Case:
    """A share as it is drawn: by numbers of files and folders."""

    files: tuple[int | None, ...]  # in which folder each lies
    shared: frozenset[int]  # numbers of files, then of folders, then the top
    actions: frozenset[Action]
    purposes: frozenset[Purpose]
    bars: tuple[tuple[frozenset[int], frozenset[Action], frozenset[Purpose]], ...]
    begins: int  # days from now
    ends: int | None
    tier: Tier
    is_late: bool  # a file comes between the preview and the making


FOLDERS, FILES = 2, 5
bars = st.tuples(
    st.frozensets(st.integers(0, FILES - 1), max_size=3),
    st.frozensets(st.sampled_from(ACTIONS), max_size=2),
    st.frozensets(st.sampled_from(PURPOSES), max_size=1),
).filter(any)
cases = st.builds(
    Case,
    files=st.lists(st.sampled_from([None, 0, 1]), min_size=1, max_size=FILES).map(tuple),
    shared=st.frozensets(st.integers(0, FILES + FOLDERS), min_size=1, max_size=4),
    actions=st.frozensets(st.sampled_from(ACTIONS), min_size=1),
    purposes=st.frozensets(st.sampled_from(PURPOSES), min_size=1),
    bars=st.lists(bars, max_size=2).map(tuple),
    begins=st.sampled_from([-1, -1, -1, 1]),
    ends=st.sampled_from([None, 0, 1]),
    tier=st.sampled_from([Tier.COPY, Tier.THEIR_NODE, Tier.KEY_PER_USE]),
    is_late=st.booleans(),
)


@dataclass
class World:
    """Two people, files of one of them, and a share that may be made."""

    anna: Person
    ben: Person
    case: Case

    def __post_init__(self) -> None:
        owner = self.owner
        owner.devices.create(Holds.FILES, "papers")
        top, draft = owner.files(), Draft(owner.files().replica)
        folders = [draft.add(f"folder {n}", is_folder=True) for n in range(FOLDERS)]
        draft.commit()
        self.files = [
            self.write(f"{n}.txt", ROOT if inside is None else folders[inside])
            for n, inside in enumerate(self.case.files)
        ]
        self.all = [*self.files, *[b"-" * 16] * (FILES - len(self.files)), *folders, top.about.id]
        vault = owner.vault
        rows = SharedRows(vault.core, vault.index, vault.firewall)
        work = Work(owner.devices, vault.core, rows, NoPlaces())
        self.work = ShareWork(work)  # type: ignore[arg-type]  # reason: what shares need of it

    @property
    def owner(self) -> Machine:
        return self.anna.device

    @property
    def guest(self) -> Machine:
        return self.ben.device

    def write(self, name: str, folder: bytes) -> bytes:
        opened = self.owner.files()
        digest = Digests(opened.about.secret).start()
        digest.update(name.encode())
        with opened.bodies.packer() as packer:
            pending = packer.take(iter([name.encode()]))
            packer.finish()
            content = packer.content(pending, digest.digest())
        draft = Draft(opened.replica)
        thing = draft.add(name, folder)
        draft.put(thing, content, ())
        draft.commit()
        return thing

    def clauses(self) -> Clauses:
        case, now = self.case, self.owner.devices.now()
        return Clauses(
            who=frozenset({ContactId(self.guest.devices.me.root)}),
            what=What(ids=frozenset(Id16(self.all[n]) for n in case.shared)),
            actions=case.actions,
            purposes=case.purposes,
            not_before=Instant(now + case.begins * DAY),
            not_after=None if case.ends is None else Instant(now + case.ends * DAY + 2 * DAY),
            bars=tuple(
                Bar(
                    ids=frozenset(Id16(self.all[n]) for n in ids),
                    actions=actions,
                    purposes=purposes,
                )
                for ids, actions, purposes in case.bars
            ),
            count=Count(most=100, per=Per.GRANT) if case.tier is Tier.KEY_PER_USE else None,
            tier=case.tier,
        )

    def shown(self, looked: Looked) -> set[str]:
        """Return the names of what a preview says appears."""
        names = {each.id: each.item.name for each in looked.offered.values()}
        return {names[one] for sets in looked.effect.of.values() for one in sets.appears}

    def opened(self) -> set[str]:
        """Return the names of what the guest opens, in whatever way the share has."""
        shelf, there = Shelf(), self.owner.devices.collection(NAME)
        meet(self.owner, self.guest, there)
        sync(self.owner, shelf)
        sync(self.guest, shelf)
        here = self.guest.devices.collection(NAME)
        asking, found = Asking(self.guest.devices, here), set[str]()
        (paper,) = papers(here)
        asked: dict[bytes, str] = {}
        for thing, each in here.replica.state.tree.shown().items():
            for action in sorted(self.case.actions) if not each.is_folder else ():
                for purpose in sorted(self.case.purposes):
                    wish = Wish(
                        grant=paper.grant, thing=Id16(thing), action=action, purpose=purpose
                    )
                    try:
                        if self.case.tier is Tier.KEY_PER_USE:
                            asked[asking.ask(wish)] = each.path[-1]
                        else:
                            assert b"".join(asking.opened(wish)) == each.path[-1].encode()
                            found.add(each.path[-1])
                    except DeniedError:
                        continue
        sync(self.guest, shelf)
        sync(self.owner, shelf)
        for record in list(records(self.owner.devices)):
            Answering(self.owner.devices, self.work.ledgers).answer(there, record)
        sync(self.owner, shelf)
        sync(self.guest, shelf)
        for key, name in asked.items():
            content = asking.used(key)
            assert content is not None
            assert b"".join(content) == name.encode()
            found.add(name)
        return found


def check(case: Case) -> None:
    with ExitStack() as stack:
        anna, ben = (
            person(stack.enter_context(machine(name.encode())), name) for name in ("Anna", "Ben")
        )
        anna.knows(ben)
        world = World(anna, ben, case)
        try:
            looked = world.work.draft(NAME, world.clauses())
        except InvalidError:
            reject()
        if case.is_late:
            world.write("late.txt", world.all[FILES])
            again = world.work.draft(NAME, looked.clauses)
            if world.shown(again) != world.shown(looked):
                with pytest.raises(StaleError):
                    world.work.create(looked, looked.effect.digest, looked.found)
                assert list(records(world.owner.devices)) == []
            looked = again
        world.work.create(looked, looked.effect.digest, looked.found)

        assert world.opened() == world.shown(looked)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases)
def test_a_share_gives_what_its_preview_showed(case: Case) -> None:
    check(case)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases)
def test_a_thousand_shares_give_what_their_previews_showed(case: Case) -> None:
    check(case)
