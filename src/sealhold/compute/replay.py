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
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import chain
from threading import Lock

import msgspec

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.compute import memo, partition
from sealhold.compute.broker import Broker
from sealhold.compute.declassify import gate
from sealhold.compute.liveruns import LiveRun
from sealhold.compute.memo import About, Entry, Told
from sealhold.compute.resources import NONE, Bound
from sealhold.compute.spec import Limits
from sealhold.compute.task import Scope, Task, function_id
from sealhold.model.encoding import Plain, pack
from sealhold.model.errors import StoppedError
from sealhold.model.ids import Collection, FunctionId, GrantId, Id16, RecordId
from sealhold.policy.decision import Decision
from sealhold.policy.sight import EVERYTHING, Sight
from sealhold.stores.spec import Op
from sealhold.vault.core import Core
from sealhold.vault.firewall import Firewall
from sealhold.vault.recognising import IDENTITIES
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

BATCH = 2_000  # objects kept at once; of partitions also evaluated at once
BATCH_BYTES = 33_554_432  # of their fields, for objects may have a mebibyte each
OPENED = 128  # objects opened at once: done before what was sent ahead is answered

Progress = Callable[[int, int], None]  # objects done, objects in all
Isolation = Callable[[Sequence[GrantId]], Broker]  # what a run under these grants goes to


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
    sight: Sight = EVERYTHING  # what it sees of rows; as `scope.said` says

    @property
    def task(self) -> Task:
        """The manifest."""
        return self.scope.task

    @property
    def f(self) -> FunctionId:
        """The function's id."""
        scope = self.scope
        param, digests = scope.params[0], self.bound.digests
        return function_id(self.task, param, scope.fields, digests, scope.said)

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


_Fields = dict[str, Plain] | None  # None: not among the rows that it may see
_Shown = Mapping[bytes, tuple[int, _Fields]]  # version and fields, by name


@dataclass(frozen=True, slots=True)
class _Part:
    """One partition as it is evaluated."""

    number: int  # the how-manieth evaluation of it
    objects: Sequence[Mapping[str, Plain]]  # k
    places: Sequence[tuple[int, bytes, int]]  # who stands where, and in which version
    size: int  # bytes of what is shown


@dataclass(slots=True, kw_only=True)
class _Keeping:
    """What was said of one function's objects, on its way into the memo."""

    core: Core
    teller: Teller
    program: Program
    told: Told
    progress: Callable[[int], None]  # objects done
    entries: list[Entry] = field(default_factory=list)  # said, and not kept yet
    done: int = 0

    def take(self, part: _Part, said: Sequence[int | None]) -> None:
        """Take in what was said of a partition, and keep what has gathered if that is much."""
        evaluate = self.program.task.evaluate
        # THREAT T44: nothing that a cell said is kept before it passed the gate
        self.entries += [
            Entry(name, part.number, version, gate(said[at], evaluate.range, evaluate.default))
            for at, name, version in part.places
        ]
        self._further(len(part.places))

    def fail(self, name: bytes, number: int, version: int) -> None:
        """Take in an object that is not to be shown, or too large: its value is the default."""
        self.entries.append(Entry(name, number, version, self.program.task.evaluate.default))
        self._further(1)

    def _further(self, objects: int) -> None:
        self.done += objects
        self.progress(self.done)
        if len(self.entries) >= BATCH:
            self.keep()

    def keep(self) -> None:
        """Keep what has gathered, in one commit."""
        if not self.entries:
            return
        task, some, self.entries = self.program.task, self.entries, []
        about = About(
            f=self.program.f,
            collection=task.collection,
            k=task.partition.k,
            default=task.evaluate.default,
        )
        event = Event(
            kind=EventKind.RUN,
            actor=Actor.VAULT,
            subject=self.teller.subject,
            collection=task.collection,
            task=task.digest,
            rows_read=len(some),
        )
        # INVARIANT: an entry is written once; a second evaluation of it fails whole
        puts = memo.writing(self.core, about, self.told, some)
        self.core.writer.commit(Work(tuple(puts), (self.teller.entry(event),)))


class Replay:
    """The memo of one vault, and how it is filled."""

    def __init__(self, core: Core, firewall: Firewall, isolation: Isolation) -> None:
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
        run: LiveRun | None = None,
    ) -> list[int]:
        """Return the function's value of each member; those not known yet are evaluated now.

        Raises:
            DeniedError: the decision is none that permits, or `run` was ended.
            UnavailableError: the host could not run it; what was evaluated before is kept.
        """
        with self._turn, self._firewall.held():
            told = memo.read(self._core, program.f)
            versions = program.task.partition.max_versions
            missing = {each.logical: each for each in members if _lacks(told, each, versions)}
            if missing:
                keeping = _Keeping(
                    core=self._core,
                    teller=self._teller,
                    program=program,
                    told=told,
                    progress=lambda n: progress(n, len(members)),
                )
                self._fill(decision, keeping, missing, run)
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
        keeping: _Keeping,
        missing: Mapping[bytes, Member],
        run: LiveRun | None,
    ) -> None:
        """Evaluate what is missing and keep what is said; also what was said until it was stopped.

        Raises:
            StoppedError: it was stopped before its end.
        """
        parts = self._parts(decision, keeping, missing)
        first = next(parts, None)
        if first is not None:
            with (
                self._broker(decision.because) as broker,
                run.over(broker) if run else nullcontext(),
            ):
                try:
                    for part, said in _said(broker, keeping.program, chain([first], parts)):
                        keeping.take(part, said)
                except StoppedError:
                    keeping.keep()
                    raise
        keeping.keep()

    def _parts(
        self, decision: Decision, keeping: _Keeping, missing: Mapping[bytes, Member]
    ) -> Iterator[_Part]:
        """Yield what is to be evaluated; objects are opened a few at a time, as there is room."""
        core, task, told = self._core, keeping.program.task, keeping.told
        kept = partition.read(core, task.collection, task.partition.k)
        gone = memo.read(core, memo.presence_id(task.collection)).later
        groups = [
            mates
            for mates in dict.fromkeys(map(kept.mates, missing))
            # THREAT T168: v evaluations of a partition, all its members together, and no more
            if max(map(told.count, mates)) < task.partition.max_versions
        ]
        step = max(1, OPENED // task.partition.k)
        for start in range(0, len(groups), step):
            some = groups[start : start + step]
            names = [name for mates in some for name in mates if name not in gone]
            shown = self._shown(decision, keeping.program, names, missing)
            for mates in some:
                if any(name in shown and _is_wanted(missing, name, shown) for name in mates):
                    part = _part(keeping, mates, shown)
                    if part.places:
                        yield part

    def _shown(
        self,
        decision: Decision,
        program: Program,
        names: Sequence[bytes],
        known: Mapping[bytes, Member],
    ) -> _Shown:
        """Return version and granted fields of each named object that is there now."""
        others = [name for name in names if name not in known]
        rows = self._core.store.get(IDENTITIES.name, [(name,) for name in others])
        records = {known[name].record: name for name in names if name in known}
        for name, row in zip(others, rows, strict=True):
            if row is not None:
                records[RecordId(Id16(row.row[1]))] = name
            elif self._firewall.is_elsewhere(name):  # what lies elsewhere is called as it is named
                records[RecordId(Id16(name))] = name
        opened = self._firewall.objects_for_task(
            decision, program.task.collection, list(records), program.sight
        )
        return {records[record]: (version, fields) for record, version, fields in opened}


def _part(keeping: _Keeping, mates: Sequence[bytes], shown: _Shown) -> _Part:
    """Return one partition; where a member is absent or too large, a null object stands."""
    task = keeping.program.task
    number = max(map(keeping.told.count, mates))
    empty: dict[str, Plain] = dict.fromkeys(task.input.fields)
    objects: list[Mapping[str, Plain]] = [empty] * task.partition.k
    places: list[tuple[int, bytes, int]] = []
    whole = 0
    for at, name in enumerate(mates):
        if name not in shown:
            continue
        version, fields = shown[name]
        size = 0 if fields is None else len(pack(fields))
        # THREAT T431: what is not seen is the default for good, and uses up a version like a value
        if fields is None or size > task.input.max_object_bytes:
            keeping.fail(name, number, version)
            continue
        objects[at] = fields
        places.append((at, name, version))
        whole += size
    return _Part(number, objects, places, whole)


def _said(
    broker: Broker, program: Program, parts: Iterator[_Part]
) -> Iterator[tuple[_Part, Sequence[int | None]]]:
    """Yield what each partition said, as it comes.

    Raises:
        StoppedError: it was stopped before its end.
    """
    code, res, limits = program.code, program.res, program.limits
    if program.task.partition.k > 1:
        for some in _batches(parts):
            together = [part.objects for part in some]
            yield from zip(
                some, broker.evaluate_partitions(code, res, together, limits), strict=True
            )
        return
    taken: dict[int, _Part] = {}

    def alone() -> Iterator[Mapping[str, Plain]]:
        for at, part in enumerate(parts):
            taken[at] = part
            yield part.objects[0]

    # One stream: while some are kept, and the next are opened, others are evaluated.
    for at, answer in broker.answers(code, res, alone(), limits):
        yield taken.pop(at), [answer]
    if taken or next(parts, None) is not None:
        raise StoppedError("stopped between two objects")


def _batches(parts: Iterator[_Part]) -> Iterator[list[_Part]]:
    some: list[_Part] = []
    objects = size = 0
    for part in parts:
        some.append(part)
        objects += len(part.objects)
        size += part.size
        if objects >= BATCH or size >= BATCH_BYTES:
            yield some
            some, objects, size = [], 0, 0
    if some:
        yield some


def _lacks(told: Told, member: Member, versions: int) -> bool:
    """Return whether a further evaluation could say more of a member than is kept."""
    found = told.at(member.logical, member.version)
    if found is None:
        return True
    return found[0] != member.version and told.count(member.logical) < versions


def _is_wanted(missing: Mapping[bytes, Member], name: bytes, shown: _Shown) -> bool:
    """Return whether an object that lacks a value is there in the version that counts."""
    return name in missing and missing[name].version == shown[name][0]
