"""Each partition is evaluated once by each function and version, and what it said is kept for good.

- One fresh instance per partition, a value or the default for each member, and that is kept: asking
  again reads the memo, so an answer is deterministic and a second look tells nothing new.
- A later version of a member is a further evaluation of the whole partition, as long as
  `max_versions` of the task that runs allows; used up, the old value stays.
- Timeout, crash and a foreign value are the default, kept like any other. Only if the host itself
  failed is nothing kept, and it is evaluated later.

Source: docs/spec/08-task-manifest.md section 6; docs/spec/09-leakage.md sections 7 and 8.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

import msgspec

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.compute import memo, partition
from sealhold.compute.broker import Broker
from sealhold.compute.declassify import gate
from sealhold.compute.memo import About, Entry, Told
from sealhold.compute.resources import NONE, Bound
from sealhold.compute.spec import Limits
from sealhold.compute.task import Scope, Task, function_id
from sealhold.model.encoding import Plain, pack
from sealhold.model.errors import StoppedError
from sealhold.model.ids import Collection, FunctionId, Id16, RecordId
from sealhold.policy.decision import Decision
from sealhold.stores.spec import Op
from sealhold.vault.core import Core
from sealhold.vault.firewall import Firewall
from sealhold.vault.ingest import IDENTITIES
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

BATCH = 2_000  # objects evaluated and kept at once
BATCH_BYTES = 33_554_432  # of their fields, for objects may have a mebibyte each

Progress = Callable[[int, int], None]  # objects done, objects in all


class Member(msgspec.Struct, frozen=True):  # one per object of a set
    """One object of a task's set, in the version that counts."""

    record: RecordId
    version: int
    logical: bytes  # 16: the name that it keeps when it is deleted and comes again


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is run: the code and the one function that it is under a parameter and a view."""

    scope: Scope
    code: bytes
    bound: Bound = NONE  # the third parties' files that it gets

    @property
    def task(self) -> Task:
        """The manifest."""
        return self.scope.task

    @property
    def f(self) -> FunctionId:
        """The function's id."""
        scope = self.scope
        return function_id(self.task, scope.params[0], scope.fields, self.bound.digests)

    @property
    def res(self) -> dict[str, Plain]:
        """What the program gets beside an object."""
        return {"param": self.scope.params[0].value, "resources": dict(self.bound.contents)}

    @property
    def limits(self) -> Limits:
        """What one run may use."""
        found = self.task.limits
        return Limits(
            ms_per_partition=found.ms_per_partition,
            memory_mib=found.memory_mib,
            tier=self.task.code.tier,
            fuel=found.fuel or 0,
        )


_Shown = Mapping[bytes, tuple[int, dict[str, Plain]]]  # version and fields, by name


@dataclass(slots=True)
class _Batch:
    """Partitions that are evaluated and kept together."""

    objects: list[list[Mapping[str, Plain]]] = field(default_factory=list)  # k of each
    places: list[list[tuple[int, bytes, int]]] = field(default_factory=list)  # who stands where
    numbers: list[int] = field(default_factory=list)  # the how-manieth evaluation of each
    failed: list[Entry] = field(default_factory=list)  # too large to be shown: the default
    size: int = 0

    @property
    def is_full(self) -> bool:
        """Whether it is time to evaluate."""
        return sum(map(len, self.objects)) >= BATCH or self.size >= BATCH_BYTES

    @property
    def read(self) -> int:
        """How many objects it holds."""
        return sum(map(len, self.places)) + len(self.failed)

    def add(self, task: Task, number: int, mates: Sequence[bytes], shown: _Shown) -> None:
        """Take in one partition; where a member is absent or too large, a null object stands."""
        empty: dict[str, Plain] = dict.fromkeys(task.input.fields)
        objects: list[Mapping[str, Plain]] = [empty] * task.partition.k
        places: list[tuple[int, bytes, int]] = []
        for at, name in enumerate(mates):
            if name not in shown:
                continue
            version, fields = shown[name]
            size = len(pack(fields))
            if size > task.input.max_object_bytes:
                self.failed.append(Entry(name, number, version, task.evaluate.default))
                continue
            objects[at] = fields
            places.append((at, name, version))
            self.size += size
        if places:
            self.objects.append(objects)
            self.places.append(places)
            self.numbers.append(number)


class Replay:
    """The memo of one vault, and how it is filled."""

    def __init__(self, core: Core, firewall: Firewall, isolation: Callable[[], Broker]) -> None:
        self._core = core
        self._firewall = firewall
        self._broker = isolation
        self._teller = Teller(core.keys)
        self._turn = Lock()  # two that evaluate the same object would both write it

    def values(
        self,
        decision: Decision,
        program: Program,
        members: Sequence[Member],
        progress: Progress = lambda _done, _all: None,
    ) -> list[int]:
        """Return the function's value of each member; those not known yet are evaluated now.

        Raises:
            DeniedError: the decision is none that permits.
            UnavailableError: the host could not run it; what was evaluated before is kept.
        """
        with self._turn:
            told = memo.read(self._core, program.f)
            versions = program.task.partition.max_versions
            missing = {each.logical: each for each in members if _lacks(told, each, versions)}
            if missing:
                self._fill(decision, program, told, missing, lambda n: progress(n, len(members)))
        default = program.task.evaluate.default
        found = [told.at(member.logical, member.version) for member in members]
        return [default if each is None else each[1] for each in found]

    @contextmanager
    def still(self) -> Iterator[None]:
        """Let nothing be evaluated or kept while the block runs."""
        with self._turn:
            yield

    def erase(self, collection: Collection, logical: bytes) -> tuple[Op, ...]:
        """Return the operations after which no value tells of an object, in one commit.

        Every value of every partition that it is in, for every function, becomes the default: its
        neighbours' values may hold it.
        """
        core = self._core

        def mates(k: int) -> tuple[bytes, ...]:
            return partition.read(core, collection, k).mates(logical)

        return tuple(memo.erasing(core, collection, logical, mates))

    def _fill(
        self,
        decision: Decision,
        program: Program,
        told: Told,
        missing: Mapping[bytes, Member],
        progress: Callable[[int], None],
    ) -> None:
        done = 0
        with ExitStack() as held:
            broker = None
            for batch in self._batches(decision, program, told, missing):
                broker = broker or held.enter_context(self._broker())
                self._evaluate(broker, program, told, batch, partial(_further, progress, done))
                done += batch.read
                progress(done)

    def _batches(
        self, decision: Decision, program: Program, told: Told, missing: Mapping[bytes, Member]
    ) -> Iterator[_Batch]:
        task, core = program.task, self._core
        parts = partition.read(core, task.collection, task.partition.k)
        gone = memo.read(core, memo.presence_id(task.collection)).later
        groups = [
            mates
            for mates in dict.fromkeys(map(parts.mates, missing))
            # THREAT T168: v evaluations of a partition, all its members together, and no more
            if max(map(told.count, mates)) < task.partition.max_versions
        ]
        batch = _Batch()
        step = BATCH // task.partition.k
        for start in range(0, len(groups), step):
            some = groups[start : start + step]
            names = [name for mates in some for name in mates if name not in gone]
            shown = self._shown(decision, task, names, missing)
            for mates in some:
                if any(name in shown and _is_wanted(missing, name, shown) for name in mates):
                    batch.add(task, max(map(told.count, mates)), mates, shown)
                if batch.is_full:
                    yield batch
                    batch = _Batch()
        if batch.read:
            yield batch

    def _shown(
        self, decision: Decision, task: Task, names: Sequence[bytes], known: Mapping[bytes, Member]
    ) -> _Shown:
        """Return version and granted fields of each named object that is there now."""
        others = [name for name in names if name not in known]
        rows = self._core.store.get(IDENTITIES.name, [(name,) for name in others])
        records = {known[name].record: name for name in names if name in known}
        for name, row in zip(others, rows, strict=True):
            if row is not None:
                records[RecordId(Id16(row.row[1]))] = name
        opened = self._firewall.objects_for_task(decision, task.collection, list(records))
        return {records[record]: (version, fields) for record, version, fields in opened}

    def _evaluate(
        self,
        broker: Broker,
        program: Program,
        told: Told,
        batch: _Batch,
        progress: Callable[[int], None],
    ) -> None:
        """Evaluate a batch and keep what it said; also what it said until it was stopped.

        Raises:
            StoppedError: it was stopped before its end.
        """
        task, evaluate = program.task, program.task.evaluate
        raw = _said(broker, program, batch, progress)
        # THREAT T44: nothing that a cell said is kept before it passed the gate
        entries = [
            Entry(name, number, version, gate(said[place], evaluate.range, evaluate.default))
            for at, said in raw.items()
            for number in [batch.numbers[at]]
            for place, name, version in batch.places[at]
        ]
        about = About(
            f=program.f, collection=task.collection, k=task.partition.k, default=evaluate.default
        )
        event = Event(
            kind=EventKind.RUN,
            actor=Actor.VAULT,
            subject=self._teller.subject,
            collection=task.collection,
            task=task.digest,
            rows_read=len(entries) + len(batch.failed),
        )
        # INVARIANT: an entry is written once; a second evaluation of it fails whole
        puts = memo.writing(self._core, about, told, [*entries, *batch.failed])
        self._core.writer.commit(Work(tuple(puts), (self._teller.entry(event),)))
        if len(raw) < len(batch.objects):
            raise StoppedError("stopped between two objects")


def _further(progress: Callable[[int], None], before: int, done: int) -> None:
    progress(before + done)


def _said(
    broker: Broker, program: Program, batch: _Batch, progress: Callable[[int], None]
) -> dict[int, list[int | None]]:
    """Return by place in the batch what each partition said; fewer if it was stopped."""
    code, res, limits = program.code, program.res, program.limits
    if program.task.partition.k > 1:
        return dict(enumerate(broker.evaluate_partitions(code, res, batch.objects, limits)))
    raw: dict[int, list[int | None]] = {}
    alone = (objects[0] for objects in batch.objects)
    for at, answer in broker.answers(code, res, alone, limits):
        raw[at] = [answer]
        progress(len(raw))
    return raw


def _lacks(told: Told, member: Member, versions: int) -> bool:
    """Return whether a further evaluation could say more of a member than is kept."""
    found = told.at(member.logical, member.version)
    if found is None:
        return True
    return found[0] != member.version and told.count(member.logical) < versions


def _is_wanted(missing: Mapping[bytes, Member], name: bytes, shown: _Shown) -> bool:
    """Return whether an object that lacks a value is there in the version that counts."""
    return name in missing and missing[name].version == shown[name][0]
