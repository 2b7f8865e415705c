"""Logs of membership for tests: who writes what, behind which entries."""

from collections.abc import Iterable

from sealhold.model.ids import EpochId, Id16
from sealhold.sharing.devices.certs import Role, read_certificate
from sealhold.sharing.devices.logicaltime import LogicalTime
from sealhold.sharing.devices.memberentries import (
    SELF,
    Body,
    Certified,
    Draft,
    EntryId,
    EntryKind,
    Epoch,
    LedgerDevice,
    Removal,
    Setting,
    sign_entry,
)
from sealhold.sharing.devices.membership import MembershipLog
from sealhold.sharing.devices.memberstate import Membership, Standing
from tests.unit.member_devices import COLLECTION, NOW, ROOT_ID, by, by_root, device

After = Iterable[EntryId] | None


def certified(data: bytes) -> Certified:
    return Certified(read_certificate(data), data)


class Story:
    """All entries that devices wrote, whether others took them in or not."""

    def __init__(self) -> None:
        self.log = MembershipLog(COLLECTION, ROOT_ID)
        self.data: dict[EntryId, bytes] = {}
        self.grants: dict[str, EntryId] = {}  # the newest grant that a device knows of itself
        self._count = 0

    def enter(self, name: str, seq: int, after: After = None) -> EntryId:
        """Let a device enter that the root certified."""
        body = certified(by_root(name, seq))
        self.grants[name] = self.put(name, EntryKind.ADD, body, after, SELF)
        return self.grants[name]

    def add(
        self, actor: str, name: str, seq: int, role: Role = Role.ADMIN, after: After = None
    ) -> EntryId:
        """Let an admin add a device."""
        body = certified(by(actor, name, seq, role))
        found = self.put(actor, EntryKind.ADD, body, after)
        if role is Role.ADMIN:
            self.grants[name] = found
        return found

    def role(
        self, actor: str, name: str, seq: int, role: Role = Role.FULL, after: After = None
    ) -> EntryId:
        """Let an admin give a device another role."""
        return self.put(actor, EntryKind.ROLE, certified(by(actor, name, seq, role)), after)

    def remove(self, actor: str, name: str, after: After = None) -> EntryId:
        """Let an admin remove a device."""
        return self.put(actor, EntryKind.REMOVE, Removal(device(name).id), after)

    def epoch(self, actor: str, letter: str, to: str, after: After = None) -> EntryId:
        """Let an admin announce an epoch for devices, their names joined by spaces."""
        recipients = frozenset(device(name).id for name in to.split())
        name = EpochId(Id16(letter.encode() * 16))
        body = Epoch(name, letter.encode() * 32, frozenset(), recipients)
        return self.put(actor, EntryKind.EPOCH, body, after)

    def policy(self, actor: str, name: str, value: bytes, after: After = None) -> EntryId:
        """Let an admin set a policy."""
        return self.put(actor, EntryKind.POLICY, Setting(name, value), after)

    def ledger(self, actor: str, name: str, term: int, after: After = None) -> EntryId:
        """Let an admin name the device of a ledger."""
        body = LedgerDevice(Id16(b"l" * 16), device(name).id, term)
        return self.put(actor, EntryKind.LEDGER, body, after)

    def put(
        self,
        actor: str,
        kind: EntryKind,
        body: Body,
        after: After = None,
        grant: EntryId | None = None,
    ) -> EntryId:
        """Sign an entry and take it in; an actor that is no admin any more tries all the same."""
        data = self.signed(actor, kind, body, after, grant)
        (found,) = self.log.add(data)
        self.data[found] = data
        return found

    def signed(
        self,
        actor: str,
        kind: EntryKind,
        body: Body,
        after: After = None,
        grant: EntryId | None = None,
    ) -> bytes:
        """Return an entry that nobody took in yet."""
        self._count += 1
        parents = self.log.heads if after is None else frozenset(after)
        draft = Draft(
            collection=COLLECTION,
            parents=parents,
            actor=device(actor).id,
            grant=self.grants[actor] if grant is None else grant,
            kind=kind,
            body=body,
            time=LogicalTime(NOW, self._count),
        )
        return sign_entry(draft, device(actor).signer)

    def state(self, at: After = None) -> Membership:
        return self.log.state(at)

    def standing(self, *names: str) -> list[Standing | None]:
        """Return how devices stand, None for one that never counted."""
        members = self.state().members
        found = [members.get(device(name).id) for name in names]
        return [None if each is None else each.standing for each in found]

    def writes_under(self) -> str | None:
        """Return the letter of the epoch that wins."""
        epoch = self.state().epoch
        return None if epoch is None else epoch.id[:1].decode()


def family() -> Story:
    """Return the log of three admins, enrolled by each other, and an epoch for them."""
    story = Story()
    story.enter("laptop", 1)
    story.add("laptop", "desk", 2)
    story.add("desk", "server", 3)
    story.epoch("laptop", "a", "laptop desk server")
    return story
