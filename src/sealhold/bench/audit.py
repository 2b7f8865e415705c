"""`sealhold bench audit`: appending to the log, proving an entry, and reading all of a long one.

Source: docs/benchmarks.md.
"""

from pathlib import Path
from typing import Final

from sealhold.audit import log
from sealhold.audit.bundle import prove_entry
from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Appender, Entry
from sealhold.audit.tables import TABLES
from sealhold.audit.verify import verify_log
from sealhold.bench.harness import Bench, per_call, seconds
from sealhold.crypto.entropy import system_entropy
from sealhold.crypto.seal import NOBODY, Sealer, new_key
from sealhold.crypto.sign import SigningKey
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.stores.backends.memory import MemoryRecords
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.spec import Fence, RecordStore

ORIGIN: Final = "sealhold/bench"
BATCH: Final = 100
ENTRIES: Final = 1_000_000
QUICK_ENTRIES: Final = 50_000
AT: Final = Instant(1_795_000_000_000)
MICRO: Final = 1_000_000  # microseconds per second
MILLI: Final = 1_000


class _Log:
    """A log of its own, in a store of its own."""

    def __init__(self, store: RecordStore) -> None:
        self.store = store
        file_key = new_key(system_entropy, "bench file key")
        store.open(TABLES, file_key.reveal, create=True)
        self.fence: Fence = store.lease(NOBODY, Id16(b"the bench itself"), 3_600, AT)
        self.sealer = Sealer(new_key(system_entropy, "bench log key"))
        signer = SigningKey(new_key(system_entropy, "bench signing key"))
        self.appender: Appender = log.load(store, log.Keys.first(ORIGIN, signer), self.sealer)

    def append(self, count: int) -> None:
        """Append one batch, durably."""
        event = Event(kind=EventKind.READ, actor=Actor.OWNER, rows_read=1, rows_out=1)
        prepared = self.appender.prepare([Entry(event=event)] * count, AT, system_entropy)
        self.store.commit((), lambda _: prepared.ops, self.fence)
        self.appender.adopt(prepared)

    def prepare(self) -> None:
        """Make one batch ready and drop it."""
        event = Event(kind=EventKind.READ, actor=Actor.OWNER, rows_read=1, rows_out=1)
        self.appender.prepare([Entry(event=event)] * BATCH, AT, system_entropy)


def measure(bench: Bench) -> None:
    """Time the parts, then a log of a million entries."""
    small = _Log(MemoryRecords())
    small.append(BATCH)
    taken = bench.median(per_call(small.prepare, 20))
    bench.figures["append_us_batch100"] = taken / BATCH * MICRO
    entries = bench.count(ENTRIES, QUICK_ENTRIES)
    bench.say(f"a log of {entries:,} entries")
    long = _Log(SqlCipherStore(Path(bench.folder) / "log.db"))
    for _ in range(entries // 1_000):
        long.append(1_000)
    keys = long.appender.known

    def prove() -> None:
        with long.store.snapshot() as view:
            prove_entry(view, entries // 3, lambda _: long.sealer, long.appender.known)

    bench.figures["inclusion_proof_ms"] = bench.median(per_call(prove, 20)) * MILLI

    def verify() -> None:
        with long.store.snapshot() as view:
            report = verify_log(view, lambda _: long.sealer, keys, long.appender.head.note)
        bench.check(report.whole and report.size == entries, "the log is not whole")

    bench.say("reading all of it")
    bench.figures["verify_1m_seconds"] = seconds(verify)
    bench.figures["verify_entries"] = entries
    long.store.close()
