"""Laws of documents on several devices: whatever happens between, they meet."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.model.errors import ConflictError, InvalidEditError
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.documentwork import Documents
from sealhold.sharing.devices.docversions import within
from tests.property.edited import edit
from tests.unit.owned_devices import Machine, machines
from tests.unit.replicas import Shelf

STEPS = 24
SEEDS = st.integers(0, 1 << 32)


def documents(machine: Machine) -> Documents:
    return Documents(machine.devices, machine.files())


def step(
    chance: Random, each: Machine, thing: bytes, shelves: list[Shelf], written: dict[int, int]
) -> None:
    """Let one device do something: edit, sync over one shelf or both, be killed, erase, cut."""
    kind = chance.randrange(10)
    if kind < 4:
        work = documents(each)
        work.edit(thing, lambda found: edit(found, chance, 2))
        document = work.document(thing)
        written[document.author] = document.version().get(document.author, 0)
    elif kind < 7:
        each.sync(*chance.sample(shelves, chance.choice([1, 1, 2])))
    elif kind == 7:
        each.again()
    elif each.devices.me.certificate.role is Role.ADMIN:
        work = documents(each)
        size = len(work.text(thing))
        try:
            if kind == 8 and size:
                work.erase(thing, work.document(thing).units_at(chance.randrange(size), 1))
            else:
                work.cut(thing)
        except (InvalidEditError, ConflictError):
            return  # it was cut before


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_edits_on_several_devices_meet_whatever_happens_between(seed: int) -> None:
    chance = Random(seed)
    with machines(3, (Role.ADMIN, Role.FULL)) as three:
        shelves = [Shelf(), Shelf()]
        for each in three * 2:
            each.sync(*shelves)
        thing = documents(three[0]).new("notes")
        for each in three:
            each.sync(*shelves)
        written: dict[int, int] = {}
        for _ in range(STEPS):
            step(chance, chance.choice(three), thing, shelves, written)
        for each in three * 5:
            each.sync(*shelves)
            documents(each).finish()
        assert three[-1].sync(*shelves).troubles == []
        found = [documents(each).content(thing) for each in three]
        assert found[0] == found[1] == found[2]
        for each in three:
            each.again()
        assert [documents(each).content(thing) for each in three] == found
        assert all(within(written, documents(each).document(thing).version()) for each in three)
        assert all(documents(each).waiting(thing) == 0 for each in three)
        assert not any(documents(each).refused(thing) for each in three)
