"""Devices of one person whose vaults charge one budget, in one process."""

from dataclasses import dataclass

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.errors import BudgetAwayError, SealholdError
from sealhold.model.ids import AppId, Id16, Purpose
from sealhold.model.quantities import MicroBits, year_of
from sealhold.sharing.devices.budgets import BudgetSync
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.recordsync import NAME
from sealhold.vault.budget import Budget
from sealhold.vault.core import Core
from sealhold.vault.shares import wanting
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work
from tests.unit.owned_devices import Machine
from tests.unit.replicas import Shelf

CARE = Purpose("dpv:ServiceProvision")


@dataclass
class Spender:
    """A device that is asked for answers."""

    machine: Machine
    told: int = 0  # micro-bits that left it, ever

    def begin(self) -> None:
        """Be the first device, which counts."""
        self.machine.devices.begin("first", None)
        opened = self.machine.devices.create(Holds.RECORDS, NAME)
        BudgetSync(self.machine.devices, opened, self.machine.vault.core).appoint()

    def charge(self, bits: int) -> str:
        """Answer something that costs so many bits; return why not, or nothing."""
        why = charged(self.machine.vault.core, bits)
        self.told += 0 if why else bits * 1_000_000
        return why

    def sync(self, *shelves: Shelf) -> None:
        """Do a round, as the program does."""
        self.machine.sync(*shelves)
        opened = self.machine.devices.collection(NAME)
        if BudgetSync(self.machine.devices, opened, self.machine.vault.core).settle():
            self.machine.sync(*shelves)


def charged(core: Core, bits: int) -> str:
    """Charge an answer that costs so many bits, durably; return why not, or nothing."""
    teller = Teller(core.keys)
    event = Event(kind=EventKind.CHARGE, actor=Actor.OWNER, subject=teller.subject)
    budget = Budget(core.deciding, core.keys)
    try:
        # apps have budgets of their own: here each answer is another one's
        app = AppId(Id16(core.entropy(16)))
        ops = budget.query_ops(MicroBits(bits * 1_000_000), app, CARE, year_of(core.clock()))
        core.writer.commit(Work(ops, (teller.entry(event),), releases=True))
    except BudgetAwayError as err:
        event = Event(kind=EventKind.DECISION, actor=Actor.VAULT, subject=teller.subject)
        wanted = wanting(core.papers, core.keys.budgets, err)
        core.writer.commit(Work(wanted, (teller.entry(event),)))
        return type(err).__name__
    except SealholdError as err:
        return type(err).__name__
    return ""
