"""Devices of one person in one process: vaults in memory that were paired without a screen."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sealhold.model.clock import Clock
from sealhold.model.ids import CollectionId
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.contents import Kind
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.identity import DeviceKeys
from sealhold.sharing.devices.joinpapers import Holds, Way, request
from sealhold.sharing.devices.reading import Digests
from sealhold.sharing.devices.syncing import Reached, Round, Syncing
from tests.unit.memory_vault import NOON, MemoryVault, memory_vault
from tests.unit.replicas import Shelf, ticking

PLACE = Way(kind="folder", address="shelf")


@dataclass
class Machine:
    """A device, and the vault that it is."""

    vault: MemoryVault
    devices: Devices
    token: bytes = b""  # what lies on it outside the vault's folder

    def files(self, name: str = "papers") -> Open:
        """Return the collection of files."""
        return self.devices.collection(name)

    def sync(self, *shelves: Shelf) -> Round:
        """Do a round over shelves that are called `shelf`, `shelf1`, `shelf2` ..."""
        reached = [
            Reached(
                bytes([at]) * 16,
                Way(kind="folder", address=f"shelf{at or ''}"),
                lambda _opened, _box, here=shelf: here,  # type: ignore[misc]
            )
            for at, shelf in enumerate(shelves)
        ]
        return Syncing(self.devices, reached).round()

    def again(self) -> None:
        """Begin from what is durable."""
        self.devices = Devices(self.vault.core, self.vault.packs, self.token)

    def write(self, name: str, text: bytes, collection: str = "papers") -> bytes:
        """Write a new file; return its object."""
        opened = self.files(collection)
        digest = Digests(opened.about.secret).start()
        digest.update(text)
        with opened.bodies.packer() as packer:
            pending = packer.take(iter([text]))
            packer.finish()
            content = packer.content(pending, digest.digest())
        draft = Draft(opened.replica)
        thing = draft.add(name)
        draft.put(thing, content, ())
        draft.commit()
        return thing

    def shown(self, collection: str = "papers") -> dict[str, bytes]:
        """Return the files that there are, by path."""
        opened = self.files(collection)
        state = opened.replica.state
        found: dict[str, bytes] = {}
        for thing, each in state.tree.shown(state.versions.edited_over_deletes()).items():
            standing = state.versions.standing(thing)
            if standing.shown is not None:
                content = state.content(standing.shown.id)
                assert content.kind is Kind.FILE
                found["/".join(each.path)] = b"".join(opened.bodies.read(content))
        return found


@contextmanager
def machine(seed: bytes = b"another machine", clock: Clock | None = None) -> Iterator[Machine]:
    """Return a vault that is no device yet; each seed gives other keys."""
    with memory_vault(seed=seed, clock=clock or ticking()) as vault:
        yield Machine(vault, Devices(vault.core, vault.packs))


@contextmanager
def machines(
    count: int, roles: Sequence[Role] = (), clock: Clock | None = None
) -> Iterator[list[Machine]]:
    """Return paired devices, the first of which began; they have one collection, `papers`."""
    with ExitStack() as stack:
        found = [stack.enter_context(machine(b"machine %d" % at, clock)) for at in range(count)]
        first = found[0]
        first.devices.begin("first", None)
        first.devices.create(Holds.FILES, "papers")
        for at, other in enumerate(found[1:], 1):
            pair(first, other, f"device {at}", roles[at - 1] if roles else Role.FULL)
        yield found


def pair(
    member: Machine,
    newcomer: Machine,
    name: str,
    role: Role = Role.FULL,
    only: frozenset[CollectionId] | None = None,
) -> None:
    """Take a newcomer in, as a pairing does once the words were compared."""
    keys = DeviceKeys.generate(NOON, newcomer.vault.core.entropy)
    public = keys.signer.public + keys.box.public
    asked = request(name, keys.published())
    payload = joining.certify(member.devices, public, asked, role, [PLACE], only)
    theirs = joining.introduction(member.devices)
    joining.accept(newcomer.devices, keys, name, theirs, payload, newcomer.vault.core.entropy)
