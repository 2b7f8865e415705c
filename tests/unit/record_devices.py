"""Devices of one person whose vaults hold records, in one process."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.connectors.spec import Item
from sealhold.model.ids import RecordId, SourceId
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.recordsync import NAME, Doors, Moved, RecordSync
from sealhold.vault.catalogue import Catalogue, SourceRow
from sealhold.vault.deciding import scan_all
from sealhold.vault.ingest import Ingest
from sealhold.vault.owned import RECORDS
from sealhold.vault.recordfeed import RecordFeed
from sealhold.vault.removing import place_of, removing
from sealhold.vault.synced import Synced
from sealhold.vault.telling import Teller
from sealhold.vault.undoing import undo
from sealhold.vault.writer import Work
from tests.unit.memory_vault import SOURCE, batch, item, job_row
from tests.unit.owned_devices import Machine, machine, pair
from tests.unit.replicas import Shelf


@dataclass
class Keeper:
    """A device whose vault holds records."""

    machine: Machine
    source: SourceRow
    records: RecordSync | None = None

    def opened(self) -> RecordSync:
        """Return what keeps vault and collection equal."""
        opened = self.machine.devices.collection(NAME)
        if self.records is None or self.records.opened is not opened:
            self.records = RecordSync(self.machine.devices, opened, self.doors())
        return self.records

    def doors(self) -> Doors:
        vault = self.machine.vault
        synced = Synced(vault.core, vault.index, vault.objects)
        return Doors(RecordFeed(vault.core), vault.firewall, synced, self.erase)

    def reads(self, name: str, items: Sequence[Item]) -> None:
        """Import a file."""
        core, vault = self.machine.vault.core, self.machine.vault
        catalogue = Catalogue(core.store, core.papers, core.owner)
        known = [each for each in catalogue.sources() if each.name == self.source.name]
        source = known[0] if known else self.source
        job = replace(job_row(name), source=source.id, state="done")
        core.writer.commit(Work((catalogue.put_source(source),), (self._entry("source"),)))
        ingest = Ingest(core, vault.index, vault.objects, source)
        ingest.take(job, batch(items), "1.0")
        ingest.finish()

    def undoes(self, name: str) -> None:
        """Take an import back."""
        core = self.machine.vault.core
        catalogue = Catalogue(core.store, core.papers, core.owner)
        undo(core, self.machine.vault.index, catalogue.job(job_row(name).id))

    def erase(self, record: RecordId) -> None:
        """Erase one record."""
        core, index = self.machine.vault.core, self.machine.vault.index
        _, logical = place_of(core, record)
        ops = (*removing(core, index, record, logical),)
        core.writer.commit(Work(ops, (self._entry("erased", EventKind.ERASE),)))
        index.forget()

    def texts(self) -> list[str]:
        """Return what the records say, sorted."""
        ids = [RecordId(found.row[0]) for found in scan_all(self.machine.vault.core.store, RECORDS)]
        return sorted(str(each.fields["text"]) for each in self.machine.vault.firewall.get(ids))

    def record_of(self, text: str) -> RecordId:
        """Return the record that says `text`."""
        for found in scan_all(self.machine.vault.core.store, RECORDS):
            (each,) = self.machine.vault.firewall.get([RecordId(found.row[0])])
            if each.fields["text"] == text:
                return each.id
        raise AssertionError(text)

    def finds(self, word: str) -> int:
        """Return how many records the index finds."""
        return len(self.machine.vault.fresh_index().search(word))

    def sync(self, *shelves: Shelf) -> Moved:
        """Do a round, as the program does."""
        if self.opened().is_new:
            self.machine.sync(*shelves)
        before = self.opened().take()
        self.opened().give()
        self.machine.sync(*shelves)
        return before + self.opened().take()

    def again(self) -> None:
        """Begin from what is durable."""
        self.machine.again()
        self.records = None

    def _entry(self, reason: str, kind: EventKind = EventKind.SOURCE):  # type: ignore[no-untyped-def]  # noqa: ANN202  # reason: an entry of the log
        teller = Teller(self.machine.vault.core.keys)
        return teller.entry(
            Event(kind=kind, actor=Actor.OWNER, subject=teller.subject, reason=reason)
        )


@contextmanager
def keepers(count: int, roles: Sequence[Role] = ()) -> Iterator[list[Keeper]]:
    """Return paired devices with a collection of records, each with a source of its own id."""
    from contextlib import ExitStack  # noqa: PLC0415  # reason: beside its only use

    with ExitStack() as stack:
        found = [stack.enter_context(machine(b"keeper %d" % at)) for at in range(count)]
        found[0].devices.begin("first", None)
        found[0].devices.create(Holds.RECORDS, NAME)
        for at, other in enumerate(found[1:], 1):
            pair(found[0], other, f"device {at}", roles[at - 1] if roles else Role.FULL)
        ids = [SourceId(bytes([at + 1]) * 16) for at in range(count)]  # type: ignore[arg-type]
        yield [Keeper(each, replace(SOURCE, id=id_)) for each, id_ in zip(found, ids, strict=True)]


def several(*texts: str) -> list[Item]:
    """Return items that their source names by their first word."""
    return [item(text, own=text.split()[0]) for text in texts]
