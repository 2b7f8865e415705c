"""An unlocked vault in memory: the real parts over the stores that leave nothing behind."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sealhold.audit.log import Appender
from sealhold.connectors.spec import Batch, Item, Reject, Why
from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.model.clock import Clock
from sealhold.model.encoding import Plain
from sealhold.model.errors import StoreFullError
from sealhold.model.ids import AppId, Collection, Id16, JobId, SourceId, SubjectId
from sealhold.model.quantities import Instant
from sealhold.model.records import Dataset
from sealhold.stores.backends.memory import MemoryObjects, MemoryRecords
from sealhold.stores.spec import Fence
from sealhold.vault import wraps
from sealhold.vault.catalogue import JobRow, SourceRow
from sealhold.vault.core import Core
from sealhold.vault.deciding import Deciding
from sealhold.vault.firewall import Firewall
from sealhold.vault.index import Index
from sealhold.vault.keyring import Keyring
from sealhold.vault.logkeys import end_of_log
from sealhold.vault.objects import Objects
from sealhold.vault.opening import COUNTERS, DECIDING, TABLES
from sealhold.vault.papers import Papers
from sealhold.vault.reserves import Reserves
from sealhold.vault.writer import Writer

NOON = Instant(1_795_262_400_000)
SHARD, HOLDER = Id16(bytes(16)), Id16(b"the unit tests".ljust(16))


@dataclass
class Heads:
    """The checkpoints that were written beside the database."""

    notes: list[str] = field(default_factory=list)
    is_full: bool = False

    def __call__(self, note: str) -> None:
        if self.is_full:
            raise StoreFullError("no room beside the database")
        self.notes.append(note)


@dataclass(frozen=True)
class MemoryVault:
    """The parts that a test looks at."""

    core: Core
    appender: Appender
    heads: Heads
    index: Index
    objects: Objects
    packs: MemoryObjects
    fence: Fence
    keys: MemoryRecords

    @property
    def firewall(self) -> Firewall:
        return Firewall(self.core, self.objects)

    def fresh_index(self) -> Index:
        """Return the index as the next process would read it."""
        return Index(self.core.store, self.core.keys, self.core.entropy)


@contextmanager
def memory_vault(
    store: MemoryRecords | None = None,
    datasets: Mapping[Collection, Dataset] | None = None,
    clock: Clock = lambda: NOON,
    reserves: Reserves | None = None,
    seed: bytes = b"memory vault",
) -> Iterator[MemoryVault]:
    entropy = seeded(seed)
    keys = MemoryRecords()
    keys.open(wraps.TABLES, None, create=True)
    ring = Keyring(keys, Secret(entropy(32), "epoch key"), entropy)
    ring.begin(keys.lease(SHARD, HOLDER, 60, NOON))
    app, owner = AppId(Id16(entropy(16))), SubjectId(Id16(entropy(16)))
    ring.add_app(app)
    ring.add_subject(app, owner)
    data, packs, heads = store or MemoryRecords(), MemoryObjects(), Heads()
    data.open(TABLES, None, create=True)
    fence = data.lease(SHARD, HOLDER, 60, NOON)
    appender = end_of_log(data, ring)
    deciding = Deciding(DECIDING, ring.named("set-hash"), COUNTERS)
    writer = Writer(
        store=data,
        appender=appender,
        deciding=deciding,
        fence=fence,
        set_key=ring.named("set-hash"),
        keys_generation=lambda: ring.generation,
        write_head=heads,
        written=0,
        clock=clock,
        entropy=entropy,
        reserves=reserves,
    )
    subject = ring.subject(owner)
    core = Core(
        store=data,
        objects=packs,
        keyring=ring,
        deciding=deciding,
        writer=writer,
        clock=clock,
        entropy=entropy,
        app=app,
        owner=owner,
        keys=subject,
        papers=Papers(subject, entropy),
        datasets=dict(datasets or {}),
        headless=True,
    )
    try:
        yield MemoryVault(
            core=core,
            appender=appender,
            heads=heads,
            index=Index(data, subject, entropy),
            objects=Objects(data, packs, subject, entropy),
            packs=packs,
            fence=fence,
            keys=keys,
        )
    finally:
        writer.close()


SOURCE = SourceRow(id=SourceId(Id16(b"source".ljust(16))), name="Things", connector="things")


def job_row(name: str = "job") -> JobRow:
    """Return a job that has read nothing yet."""
    return JobRow(
        id=JobId(Id16(name.encode().ljust(16))),
        source=SOURCE.id,
        input=name.encode().ljust(16, b"-"),
        state="running",
        file=f"{name}.txt",
        what="things",
        started=NOON,
        ended=None,
        new=0,
        changed=0,
        same=0,
        rejected=0,
        rejects=(),
        by_collection={},
        error=None,
        remedy=None,
    )


def item(text: str, *, own: str | None = None, **more: Plain) -> Item:
    """Return an item that its source calls `own`."""
    fields = {"text": text, **more}
    return Item(dataset="things", fields=fields, raw=None, original_id=own, position="line 1")


def batch(items: Sequence[Item], rejects: int = 0) -> Batch:
    bad = [Reject(position="line 9", why=Why.MALFORMED, detail="odd", raw=b"")] * rejects
    return Batch(items=list(items), rejects=bad, cursor="1:1")
