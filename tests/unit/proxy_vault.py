"""A vault in memory with users of a proxy, a gate, and a clock that a test turns."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sealhold.audit.event import Event, EventKind
from sealhold.audit.reading import read_entries
from sealhold.crypto.seal import Sealer
from sealhold.model.ids import Id16
from sealhold.protect.gate import Use
from sealhold.protect.policy import ColumnPolicy, Policy, TablePolicy
from sealhold.stores.backends.memory import MemoryRecords
from sealhold.vault.proxygate import ProxyGate
from sealhold.vault.proxyusers import Right, Users
from sealhold.vault.reserves import Reserves
from tests.unit.memory_vault import MemoryVault, memory_vault

ALL = frozenset(Right)
PASSWORD = "correct horse"
POLICY = Policy(
    name="clinic",
    version=1,
    tables=(
        TablePolicy(
            dataset="clinic",
            name="patient",
            columns=(
                ColumnPolicy(name="name", type="text"),
                ColumnPolicy(name="hiv", type="bool", audit="all"),
                ColumnPolicy(name="dose", type="int4", audit="write"),
            ),
        ),
        TablePolicy(
            dataset="clinic",
            name="visit",
            columns=(ColumnPolicy(name="note", type="text"),),
            rows_per_minute=1_000,
        ),
    ),
)


@dataclass
class Turned:
    """Seconds, as a test says."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class ProxyVault:
    """What a test of the gate looks at."""

    vault: MemoryVault
    users: Users
    gate: ProxyGate
    seconds: Turned = field(default_factory=Turned)

    def told(self, *kinds: EventKind) -> list[Event]:
        """Return what the log says, the oldest first."""
        core = self.vault.core
        core.writer.submit([]).result()

        def opener(subject: Id16) -> Sealer | None:
            return core.keys.events if subject == core.owner else Sealer(core.keyring.named("log"))

        found = [line.logged.event for line in read_entries(core.store, opener) if line.logged]
        return [event for event in reversed(found) if event.kind in kinds]


@contextmanager
def proxy_vault(
    store: MemoryRecords | None = None, reserves: Reserves | None = None
) -> Iterator[ProxyVault]:
    with memory_vault(store, reserves=reserves) as vault:
        users, seconds = Users(vault.core), Turned()
        users.add("anna", PASSWORD, ALL, frozenset())
        yield ProxyVault(vault, users, ProxyGate(vault.core, users, POLICY, seconds), seconds)


def use(principal: str = "anna", verb: str = "SELECT", *opens: str, table: str = "patient") -> Use:
    """Return a kind of statement on one table."""
    return Use(principal, "clinic", verb, (table,), opens, ())
