"""A vault in memory that grants queries, another that asks, and a clock that a test turns."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sealhold.audit.event import Event, EventKind
from sealhold.audit.reading import read_entries
from sealhold.crypto.seal import Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.protect.peers.receipt import Ask
from sealhold.vault.proxyanswering import Answering
from sealhold.vault.proxygrants import KeptGrant, QueryGrants
from tests.unit.memory_vault import NOON, MemoryVault, memory_vault
from tests.unit.peer_grants import ROWS

REQUESTER = SigningKey(Secret(b"r" * 32, "a requester's key"))
STRANGER = SigningKey(Secret(b"s" * 32, "a stranger's key"))


@dataclass
class PeerVault:
    """What a test of grants looks at."""

    vault: MemoryVault
    now: list[int]
    grants: QueryGrants = field(init=False)
    answering: Answering = field(init=False)

    def __post_init__(self) -> None:
        self.grants = QueryGrants(self.vault.core)
        self.answering = Answering(self.vault.core, lambda: b"the newest checkpoint")

    def grant(self, days: int = 30) -> KeptGrant:
        """Grant rows to the requester."""
        return self.grants.make(ROWS, days, REQUESTER.public)

    def ask(self, kept: KeptGrant, nonce: int = 1, later: int = 0) -> Ask:
        """Return a statement under a grant."""
        return Ask(
            grant=kept.grant.id,
            sql="SELECT id FROM patient",
            values=(),
            nonce=nonce.to_bytes(16, "big"),
            at=Instant(self.now[0] + later),
        )

    def told(self, *kinds: EventKind) -> list[Event]:
        """Return what the log says, the oldest first."""
        core = self.vault.core
        core.writer.submit([]).result()

        def opener(subject: Id16) -> Sealer | None:
            return core.keys.events if subject == core.owner else Sealer(core.keyring.named("log"))

        found = [line.logged.event for line in read_entries(core.store, opener) if line.logged]
        return [event for event in reversed(found) if event.kind in kinds]


@contextmanager
def peer_vault() -> Iterator[PeerVault]:
    now: list[int] = [NOON]
    with memory_vault(clock=lambda: Instant(now[0])) as vault:
        yield PeerVault(vault, now)
