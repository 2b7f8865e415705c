"""Devices of one person whose clock a test moves: for what depends on how old something is."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from sealhold.model.quantities import Instant
from sealhold.sharing.devices import clocks, tending
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.joinpapers import Holds, Way, mailbox
from sealhold.sharing.devices.names import Mailbox
from sealhold.sharing.devices.packlists import packs_at
from sealhold.sharing.devices.reading import Digests
from tests.unit.memory_vault import NOON, memory_vault
from tests.unit.owned_devices import PLACE, Machine, pair
from tests.unit.replicas import Shelf


@dataclass
class Time:
    """A clock that goes on by a second at each look, and that can be moved."""

    now: int = field(default=int(NOON))

    def __call__(self) -> Instant:
        self.now += 1_000
        return Instant(self.now)


@contextmanager
def aged(count: int) -> Iterator[tuple[list[Machine], Time]]:
    """Return paired devices with one clock; they have one collection, `papers`."""
    time = Time()
    with ExitStack() as stack:
        found: list[Machine] = []
        for at in range(count):
            vault = stack.enter_context(memory_vault(seed=b"aged %d" % at, clock=time))
            found.append(Machine(vault, Devices(vault.core, vault.packs)))
        found[0].devices.begin("first", None)
        found[0].devices.create(Holds.FILES, "papers")
        for at, other in enumerate(found[1:], 1):
            pair(found[0], other, f"device {at}")
        yield found, time


def rewrite(one: Machine, thing: bytes, text: bytes) -> bytes:
    """Write another version of a file; return its id."""
    opened = one.files()
    digest = Digests(opened.about.secret).start()
    digest.update(text)
    with opened.bodies.packer() as packer:
        pending = packer.take(iter([text]))
        packer.finish()
        content = packer.content(pending, digest.digest())
    draft = Draft(opened.replica)
    version = draft.put(thing, content, opened.replica.state.versions.standing(thing).heads)
    draft.commit()
    return version


def rounds(found: list[Machine], shelf: Shelf, count: int = 1) -> None:
    """Sync each device so many times, and have each say what it knows."""
    for _ in range(count):
        for each in found:
            assert each.sync(shelf).troubles == []
            is_told = clocks.tell(each.devices)
            if tending.acknowledge(each.devices, each.files()) or is_told:
                assert each.sync(shelf).troubles == []


def tend(one: Machine, shelf: Shelf) -> tending.Tended:
    """Tend the collection on one device."""
    done = tending.tend(one.devices, one.files(), [(shelf, box(one.files()))])
    assert done.troubles == []
    return done


def box(opened: Open, way: Way = PLACE) -> Mailbox:
    """Return the place of a collection on the shelf."""
    return mailbox(opened.about.secret, way)


def packs(one: Machine, shelf: Shelf) -> dict[bytes, int]:
    """Return the packs on the shelf, and how long they are."""
    return packs_at(shelf, box(one.files()))
