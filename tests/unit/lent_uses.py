"""A counted share that three devices of its owner answer for, and a guest who asks."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from sealhold.model.errors import DeniedError
from sealhold.model.ids import ContactId, DeviceId, Id16
from sealhold.model.quantities import Instant
from sealhold.policy.share import MAX_COUNT, Count, Per
from sealhold.policy.shareterms import Tier
from sealhold.policy.uses import Ledger, revoke
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.saying import ASK
from sealhold.sharing.peers import admitting, spaces
from sealhold.sharing.peers.answering import answers_by, answers_of
from sealhold.sharing.peers.asking import Asking, Wish
from sealhold.sharing.peers.mirror import mirror, shown_id
from sealhold.sharing.peers.sharepaper import Record, put_record, records
from sealhold.sharing.peers.usework import UseWork
from tests.unit.aged_devices import Time
from tests.unit.copied_devices import Copy, copy, put_back
from tests.unit.memory_vault import memory_vault
from tests.unit.owned_devices import Machine, pair
from tests.unit.people import card, meet, sync
from tests.unit.replicas import Shelf
from tests.unit.shares import NAME, SERVICE, clauses, item

TABLES = ("sync", "share")  # what a copy of a device has of its shares


@dataclass
class Lent:
    """The owner's devices, of which the first one looks after the share, and a guest."""

    own: list[Machine]
    guest: Machine
    time: Time
    record: Record
    thing: Id16
    shelf: Shelf = field(default_factory=Shelf)
    revoked: Instant | None = None

    def space(self, one: Machine) -> Open:
        """Return the space at a device."""
        return one.devices.collection(NAME)

    def round(self, number: int, *shelves: Shelf) -> int:
        """Have a device of the owner do a round; return how many uses it released."""
        one, places = self.own[number], shelves or (self.shelf,)
        one.sync(*places)
        released = 0
        for record in list(records(one.devices)):
            opened = spaces.space_of(one.devices, record)
            if opened is None:
                continue
            work = UseWork(one.devices, one.vault.core)
            if spaces.is_mine(one.devices, opened, record):
                if record.is_revoked and not work.ledgers.ledger(record.grant).is_revoked:
                    work.ledgers.change(record.grant, revoke, "revoked")
                    self.revoked = one.devices.now()
                released += work.look_after(opened, record)[0].released
            else:
                released += work.help(opened, record).released
        one.sync(*places)
        return released

    def ask(self) -> bytes | None:
        """Have the guest ask for a use; None if its own vault says no."""
        sync(self.guest, self.shelf)
        asking = Asking(self.guest.devices, self.space(self.guest))
        wish = Wish(
            grant=self.record.grant,
            thing=self.thing,
            action=next(iter(self.record.clauses.actions)),
            purpose=SERVICE,
        )
        try:
            key = asking.ask(wish)
        except DeniedError:
            return None
        sync(self.guest, self.shelf)
        return key

    def take_back(self, number: int = 0) -> None:
        """Write that the share was taken back; who looks after it hears of that in its round."""
        put_record(self.own[number].devices, replace(self.record, is_revoked=True))

    def ledger(self, number: int = 0) -> Ledger:
        """Return the ledger at a device."""
        one = self.own[number]
        return UseWork(one.devices, one.vault.core).ledgers.ledger(self.record.grant)

    def answers(self, one: Machine) -> dict[DeviceId, list[int]]:
        """Return the numbers of uses that were released, by device, as a device knows."""
        return answers_by(self.space(one), self.record.grant)

    def numbers(self, one: Machine) -> dict[bytes, int]:
        """Return the numbers of uses that were released, by ask, as a device knows."""
        found = answers_of(self.space(one)).items()
        return {key: each.number for key, each in found if each.number}

    def copied(self, number: int) -> Copy:
        """Return what is durable of a device."""
        return copy(self.own[number])

    def put_back(self, number: int, kept: Copy, token: bytes) -> None:
        """Put a device back to a copy: it begins in another incarnation."""
        one = self.own[number]
        put_back(one, kept, TABLES)
        one.token = token
        one.again()

    def asks(self, one: Machine) -> int:
        """Return how many asks a device knows of."""
        return len(list(self.space(one).replica.state.notes(ASK)))


@contextmanager
def lent(
    most: int | None,
    roles: Sequence[Role] = (Role.FULL, Role.FULL),
    per: Per = Per.GRANT,
    seed: bytes = b"",
) -> Iterator[Lent]:
    """Return a share that all devices know of, at T2 with a count."""
    time = Time()
    with ExitStack() as stack:

        def begun(name: bytes) -> Machine:
            vault = stack.enter_context(memory_vault(seed=name + seed, clock=time))
            return Machine(vault, Devices(vault.core, vault.packs))

        own, guest = [begun(b"own %d" % at) for at in range(len(roles) + 1)], begun(b"guest")
        own[0].devices.begin("laptop", None)
        guest.devices.begin("bo's", None)
        for at, role in enumerate(roles):
            pair(own[0], own[at + 1], f"device {at}", role)
        opened = admitting.space(own[0].devices, NAME)
        rules = clauses(guest, Tier.KEY_PER_USE)
        if most is not None:
            rules = replace(rules, count=Count(most=most, per=per))
        record = spaces.begun(own[0].devices, opened, NAME, rules)
        put_record(own[0].devices, record)
        admitting.follow(own[0].devices, opened, card(guest), Role.GUEST)
        meet(own[0], guest, opened)
        mirror(own[0].devices, opened, record, [item(b"1", b"the text", "one.txt")])
        thing = Id16(shown_id(record, b"1"))
        spaces.say(own[0].devices, opened, record, {b"o" * 16: thing})
        work = UseWork(own[0].devices, own[0].vault.core)
        here = own[0].devices.me.incarnation
        whole = MAX_COUNT if most is None or per is Per.DAY else most
        work.ledgers.open(record.grant, Ledger(most=whole, incarnation=here))
        found = Lent(own, guest, time, record, thing)
        assert ContactId(guest.devices.me.root) in record.clauses.who
        for _ in range(2):
            for at in range(len(own)):
                own[at].sync(found.shelf)
                own[at].devices.adopt()
        sync(guest, found.shelf)
        yield found
