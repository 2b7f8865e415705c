"""Which objects a task is about: chosen at approval, or once an epoch, and kept as a set.

- A frozen set is the objects and versions that stood at approval: what comes later does not enter,
  so a count asked again tells nothing about when something came. An open one is chosen anew once an
  epoch, off the clock of whoever asks.
- In which selections an object is, is kept like a value: a version that is not evaluated keeps the
  old cell. Whoever was seen to be gone stays so, also if the same comes again.
- The owner's selection is evaluated here, by our own code, over the granted fields alone.
- What a proof commits to of the objects is worked out with the set and kept beside it: an answer
  that is made of kept values opens no object, and reads none.

Source: docs/spec/09-leakage.md sections 2, 3 and 8; docs/spec/10-proof.md section 3.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.compute import memo, partition
from sealhold.compute.allowing import event_of
from sealhold.compute.asked import Asked
from sealhold.compute.compliance import inputs_root
from sealhold.compute.leakage import family_id
from sealhold.compute.memo import About, Entry, Told
from sealhold.compute.office import Office
from sealhold.compute.replay import Member
from sealhold.compute.slots import epoch_of
from sealhold.crypto.digest import fingerprint
from sealhold.model.ids import FieldName, GrantId, Id16, RecordId
from sealhold.model.quantities import Instant
from sealhold.policy.filter_ast import Every, Filter
from sealhold.policy.rowfilter import matches
from sealhold.stores.spec import ColumnKind, Delete, Expect, Op, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of, scan_all
from sealhold.vault.owned import RECORDS
from sealhold.vault.placed import PLACED
from sealhold.vault.recognising import IDENTITIES
from sealhold.vault.writer import Work

FROZEN = TableSpec(
    name="frozen",
    columns={
        "grants": ColumnKind.ID16,
        "epoch": ColumnKind.I64,
        "part": ColumnKind.I64,
        "paper": ColumnKind.SEALED,
    },
    key=("grants", "epoch", "part"),
    indexes={},
)
PART = 5_000  # objects named in one row
ROWS = 4_000  # partitions written in one commit
ENTRIES = 100_000  # of a memo, likewise: 3 MB
ONE_EPOCH = 0  # of a frozen set
KEPT = "kept"  # why a commit was: what was seen of the objects
_MEMBER = struct.Struct(">16sI16s")  # record, version, name
_ROOTS = -1  # the part that holds, in place of objects, the roots over them
_ROOT = 32  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """What a proof commits to of a set of objects; none can be guessed from what they hold."""

    inputs: bytes  # 32: over the digests of the sealed objects
    provenance: bytes  # 32: over the ids of the imports that brought them


def choose(
    office: Office, asked: Asked, fields: frozenset[FieldName], actor: Actor
) -> list[Member]:
    """Return the objects that the request selects now, at most as many as the task reads.

    What is seen of the objects on the way is kept, so that it is not seen otherwise later.

    Raises:
        AuditUnavailableError: the log cannot be written; nothing was opened.
    """
    asks, core, task = asked.chosen(fields), office.core, asked.signed.task
    name = asked.dataset.name
    event = structs.replace(
        event_of(office, asked, EventKind.READ, actor), rows_read=office.count(name)
    )
    names = {found.row[1]: found.row[0] for found in scan_all(core.store, IDENTITIES)}
    standing: list[tuple[Member, bool]] = []
    for record in office.firewall.collection(name, event, noted=True):
        logical = names.get(record.id, record.id)
        member = Member(record.id, record.version, logical)
        standing.append((member, matches(asks, record.fields)))
    seen = _Seen(office, asked, structs.replace(event, reason=KEPT, rows_read=0))
    gone = seen.presence({member.logical for member, _ in standing})
    standing = [each for each in standing if each[0].logical not in gone]
    inside = seen.cells(asks, family_id(asked.scope(fields)), standing)
    seen.partitions([member.logical for member, _ in standing])
    chosen = (member for member, _ in standing if inside(member))
    return list(islice(chosen, task.input.max_objects))


class _Seen:
    """Keeps what a look at the objects showed, each kind in commits of its own."""

    def __init__(self, office: Office, asked: Asked, event: Event) -> None:
        self._core = office.core
        self._teller = office.teller
        self._event = event
        self._task = asked.signed.task

    def presence(self, there: AbstractSet[bytes]) -> AbstractSet[bytes]:
        """Keep who is there today; return who was seen to be gone, for good."""
        f, day = memo.presence_id(self._task.collection), epoch_of(self._core.clock())
        told = memo.read(self._core, f)
        entries = [Entry(name, 0, day, 1) for name in there if name not in told.first]
        lost = [name for name in told.first if name not in there and name not in told.later]
        entries += [Entry(name, 1, day, 0) for name in lost]
        # THREAT T169: who comes back after being seen gone would tell of more than one stay
        self._write(f, told, entries)
        return told.later.keys()

    def cells(
        self, asks: Filter, f: bytes, standing: Sequence[tuple[Member, bool]]
    ) -> Callable[[Member], bool]:
        """Keep who is selected; return what says so of a member."""
        if isinstance(asks, Every):
            return lambda _member: True  # one cell, which tells nothing
        told, versions = memo.read(self._core, f), self._task.partition.max_versions
        entries: list[Entry] = []
        for member, is_in in standing:
            found = told.at(member.logical, member.version)
            number = told.count(member.logical)
            # THREAT T170: an attribute that changes between two looks is not looked at for free
            if found is None or (found[0] != member.version and number < versions):
                entries.append(Entry(member.logical, number, member.version, int(is_in)))
        self._write(f, told, entries)

        def inside(member: Member) -> bool:
            found = told.at(member.logical, member.version)
            return found is not None and found[1] == 1

        return inside

    def partitions(self, names: Sequence[bytes]) -> None:
        """Keep in which partition each new object is."""
        task = self._task
        ops = partition.assigned(self._core, task.collection, task.partition.k, names)
        for start in range(0, len(ops), ROWS):
            self._commit(ops[start : start + ROWS])

    def _write(self, f: bytes, told: Told, entries: Sequence[Entry]) -> None:
        about = About(f=f, collection=self._task.collection, k=1, default=0)
        for start in range(0, len(entries), ENTRIES):
            some = entries[start : start + ENTRIES]
            self._commit(memo.writing(self._core, about, told, some))

    def _commit(self, ops: Sequence[Op]) -> None:
        self._core.writer.commit(Work(tuple(ops), (self._teller.entry(self._event),)))


def freeze(core: Core, grant: GrantId, epoch: int, members: Sequence[Member]) -> list[Op]:
    """Return the operations that keep a grant's set of objects in one epoch."""
    roots = _roots_now(core, members)
    papers = {_ROOTS: roots.inputs + roots.provenance}
    for part, start in enumerate(range(0, max(len(members), 1), PART)):
        papers[part] = b"".join(
            _MEMBER.pack(each.record, each.version, each.logical)
            for each in members[start : start + PART]
        )
    ops: list[Op] = []
    for part, paper in papers.items():
        clear = (grant, epoch, part)
        sealed = core.papers.seal(FROZEN.name, clear, paper)
        ops.append(Put(FROZEN.name, (*clear, sealed), Expect.ABSENT))
    return ops


def frozen(core: Core, grant: GrantId, epoch: int) -> list[Member]:
    """Return a grant's set of objects in one epoch, as it was kept."""
    return [
        Member(RecordId(Id16(record)), version, logical)
        for found in rows_of(core.store, FROZEN, "key", grant)
        if found.row[1] == epoch and found.row[2] != _ROOTS
        for record, version, logical in _MEMBER.iter_unpack(
            core.papers.open(FROZEN.name, found.row[:3], found.row[3])
        )
    ]


def roots_of(core: Core, grant: GrantId, epoch: int, members: Sequence[Member]) -> Roots:
    """Return what a proof commits to of a grant's set in one epoch, which is `members`.

    It is as the objects stood when the set was kept; one that was kept without it, by an earlier
    release, is looked at now.
    """
    [found] = core.store.get(FROZEN.name, [(grant, epoch, _ROOTS)])
    if found is None:
        return _roots_now(core, members)
    paper = core.papers.open(FROZEN.name, found.row[:3], found.row[3])
    return Roots(inputs=paper[:_ROOT], provenance=paper[_ROOT:])


def epochs(core: Core, grant: GrantId) -> list[int]:
    """Return the epochs of a grant whose set of objects is kept, in their order."""
    return sorted({found.row[1] for found in rows_of(core.store, FROZEN, "key", grant)})


def thaw(core: Core, grant: GrantId, kept: Iterable[int]) -> list[Op]:
    """Return the operations that forget a grant's sets of objects in all epochs but `kept`."""
    keep = set(kept)
    return [
        Delete(FROZEN.name, found.row[:3])
        for found in rows_of(core.store, FROZEN, "key", grant)
        if found.row[1] not in keep
    ]


def _roots_now(core: Core, members: Sequence[Member]) -> Roots:
    keys = [(member.record,) for member in members]
    contents: list[bytes] = []
    jobs: set[bytes] = set()
    for start in range(0, len(keys), PART):
        there = [row for row in core.store.get(RECORDS.name, keys[start : start + PART]) if row]
        contents += [fingerprint(found.row[-1]) for found in there]
        jobs.update(found.row[6] for found in there)
        known = {found.row[0] for found in there}
        left = [key for key in keys[start : start + PART] if key[0] not in known]
        placed = [row for row in core.store.get(PLACED.name, left) if row]  # where they lie
        contents += [fingerprint(found.row[0] + found.row[-1]) for found in placed]
        jobs.update(found.row[2] for found in placed)
    return Roots(inputs=inputs_root(contents), provenance=inputs_root(jobs))


def epoch_at(asked: Asked, now: Instant) -> int:
    """Return the epoch that a set of objects chosen now is of; a frozen one has a single epoch."""
    return ONE_EPOCH if asked.signed.task.input.objects == "frozen" else epoch_of(now)
