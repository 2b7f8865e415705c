"""People who edit a document together, in one process: an owner, an editor, somebody who looks."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.docbegun import begin
from sealhold.sharing.devices.documentbook import author_in, lineages_of
from sealhold.sharing.devices.documentwork import Documents
from sealhold.sharing.devices.docversions import Version
from sealhold.sharing.peers import admitting
from tests.unit.owned_devices import Machine, machine
from tests.unit.people import card, meet, sync
from tests.unit.replicas import Shelf

SPACE = "plan of all"


@dataclass
class Together:
    """A space with one document, and the place that all have."""

    ada: Machine  # whose it is
    bo: Machine  # edits
    cy: Machine  # looks
    thing: bytes = b""
    shelf: Shelf = field(default_factory=Shelf)

    def opened(self, one: Machine) -> Open:
        return one.devices.collection(SPACE)

    def documents(self, one: Machine) -> Documents:
        return Documents(one.devices, self.opened(one))

    def text(self, one: Machine) -> str:
        return self.documents(one).text(self.thing)

    def write(self, one: Machine, at: int, text: str) -> None:
        self.documents(one).edit(self.thing, lambda found: found.insert(at, text))

    def rounds(self, *some: Machine) -> None:
        every = some or (self.ada, self.bo, self.cy)
        for each in (*every, *every):
            assert sync(each, self.shelf) == []

    def let_in(self, one: Machine, role: Role) -> None:
        opened = self.opened(self.ada)
        admitting.follow(self.ada.devices, opened, card(one), role)
        meet(self.ada, one, opened)

    def let_go(self, one: Machine) -> None:
        admitting.dismiss(self.ada.devices, self.opened(self.ada), one.devices.me.root)

    def author(self, one: Machine, turn: int = 0) -> int:
        replica = self.opened(one).replica
        return author_in(replica, replica.own.log, turn)

    def lineage(self, one: Machine) -> bytes:
        return lineages_of(self.opened(one).replica.state, self.thing)[0].id

    def version(self, one: Machine) -> Version:
        return self.documents(one).document(self.thing).version()


@contextmanager
def together(text: str = "what was agreed") -> Iterator[Together]:
    """Have three people in a space with a document."""
    with ExitStack() as stack:
        ada, bo, cy = (stack.enter_context(machine(seed)) for seed in (b"ada", b"bo", b"cy"))
        found = Together(ada, bo, cy)
        for name, each in (("ada", found.ada), ("bo", found.bo), ("cy", found.cy)):
            each.devices.begin(f"{name}'s laptop", None)
        opened = admitting.space(found.ada.devices, SPACE)
        content = {"text": text, "map": {"when": "noon"}, "list": [1, 2]}
        found.thing = begin(opened, "plan", content=content)
        found.let_in(found.bo, Role.EDITOR)
        found.let_in(found.cy, Role.GUEST)
        found.rounds()
        yield found
