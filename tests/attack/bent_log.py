"""A log in memory for attacks, and a hand that changes its rows behind the vault's back."""

from sealhold.audit.bundle import prove_entry
from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Appender, Entry, Keys
from sealhold.audit.tables import TABLES
from sealhold.audit.verify import Report, verify_log
from sealhold.crypto.entropy import seeded
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.stores.backends.memory import MemoryRecords
from sealhold.stores.spec import Op, Row

ORIGIN = "sealhold.example/log"
ALICE, BOB = Id16(b"alice".ljust(16)), Id16(b"bob".ljust(16))
NOON = Instant(1_790_000_000_000)


class Log:
    """A log in memory, and a hand that changes its rows behind the vault's back."""

    def __init__(self, seed: bytes = b"log") -> None:
        self.entropy = seeded(seed)
        self.keys = {name: self._sealer() for name in (NOBODY, ALICE, BOB)}
        self.signer = SigningKey(Secret(self.entropy(32), "log-sign"))
        self.store = MemoryRecords()
        self.store.open(TABLES, None, create=True)
        self.fence = self.store.lease(NOBODY, NOBODY, 60, NOON)
        self.appender = Appender(Keys.first(ORIGIN, self.signer), self.keys[NOBODY])

    def _sealer(self) -> Sealer:
        return Sealer(Secret(self.entropy(32), "events"))

    def entry(self, kind: EventKind = EventKind.READ, subject: Id16 = ALICE) -> Entry:
        event = Event(kind=kind, actor=Actor.OWNER, rows_read=1)
        return Entry(event=event, subject=subject, sealer=self.keys[subject])

    def write(self, *entries: Entry, now: Instant = NOON) -> None:
        prepared = self.appender.prepare(entries, now, self.entropy)
        self.change(*prepared.ops)
        self.appender.adopt(prepared)

    def fill(self, batches: int = 4, each: int = 5) -> "Log":
        for batch in range(batches):
            entries = [self.entry(subject=(ALICE, BOB)[n % 2]) for n in range(each)]
            self.write(*entries, now=Instant(NOON + batch))
        return self

    def change(self, *ops: Op) -> None:
        self.store.commit((), lambda _: ops, self.fence)

    def row(self, table: str, *key: int | str) -> Row:
        found = self.store.get(table, [key])[0]
        assert found is not None
        return found.row

    def check(self, newest: str | None = None) -> Report:
        return verify_log(self.store, self.keys.get, self.appender.known, newest)

    def bundle(self, seq: int) -> bytes:
        return prove_entry(self.store, seq, self.keys.get, self.appender.known)
