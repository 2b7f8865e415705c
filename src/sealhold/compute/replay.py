"""Each object is evaluated once by each function: the write-once memo and how it is filled.

- One fresh instance per object (k = 1), a value or the default, and that is kept for good: asking
  again reads the memo, so an answer is deterministic and a second look tells nothing new.
- A value is sealed under the owner's memo key and bound to function, object and version.
- Timeout, crash and a foreign value are the default, kept like any other. Only if the host itself
  failed is an entry left empty, and filled later.

Source: docs/spec/08-task-manifest.md section 6; docs/spec/09-leakage.md section 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.compute.broker import Broker
from sealhold.compute.declassify import gate
from sealhold.compute.spec import Limits
from sealhold.compute.task import Scope, Task, function_id
from sealhold.model.encoding import Plain, pack, unpack_own
from sealhold.model.ids import FunctionId, RecordId
from sealhold.policy.decision import Decision
from sealhold.stores.spec import ColumnKind, Expect, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.firewall import Firewall
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

MEMO = TableSpec(
    name="memo",
    columns={
        "f": ColumnKind.HASH32,
        "obj": ColumnKind.TAG16,
        "ver": ColumnKind.I64,
        "value": ColumnKind.SEALED,
    },
    key=("f", "obj", "ver"),
    indexes={},
)
BATCH = 500  # objects evaluated and kept at once

Progress = Callable[[int, int], None]  # objects done, objects in all


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One object of a task's set, in the version that counts."""

    record: RecordId
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is run: the code and the one function that it is under a parameter and a view."""

    scope: Scope
    code: bytes

    @property
    def task(self) -> Task:
        """The manifest."""
        return self.scope.task

    @property
    def f(self) -> FunctionId:
        """The function's id."""
        return function_id(self.task, self.scope.params[0], self.scope.fields)

    @property
    def res(self) -> dict[str, Plain]:
        """What the program gets beside an object."""
        return {"param": self.scope.params[0].value, "resources": {}}

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


class Replay:
    """The memo of one vault."""

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
            known = self._known(program.f, members)
            pairs = zip(members, known, strict=True)
            missing = [member for member, value in pairs if value is None]
            if missing:
                self._fill(decision, program, missing, progress, len(members))
                known = self._known(program.f, members)
        default = program.task.evaluate.default
        return [default if value is None else value for value in known]

    def _fill(
        self,
        decision: Decision,
        program: Program,
        missing: Sequence[Member],
        progress: Progress,
        every: int,
    ) -> None:
        with self._broker() as broker:
            for start in range(0, len(missing), BATCH):
                some = missing[start : start + BATCH]
                self._evaluate(broker, decision, program, some)
                progress(every - len(missing) + start + len(some), every)

    def _known(self, f: FunctionId, members: Sequence[Member]) -> list[int | None]:
        keys = [(f, self._name(member.record), member.version) for member in members]
        found = self._core.store.get(MEMO.name, keys)
        return [
            None
            if row is None
            else unpack_own(self._core.keys.memo.open(row.row[3], pack(list(k))))
            for k, row in zip(keys, found, strict=True)
        ]

    def _evaluate(
        self, broker: Broker, decision: Decision, program: Program, members: Sequence[Member]
    ) -> None:
        task, f = program.task, program.f
        wanted = {member.record: member.version for member in members}
        objects: list[dict[str, object]] = []
        keys: list[tuple[bytes, bytes, int]] = []
        skipped: list[tuple[bytes, bytes, int]] = []
        opened = self._firewall.objects_for_task(
            decision, task.collection, [member.record for member in members]
        )
        for record, version, fields in opened:
            if wanted[record] != version:
                continue  # a later version is not the one that was approved
            key = (f, self._name(record), version)
            if len(pack(fields)) > task.input.max_object_bytes:
                skipped.append(key)
            else:
                objects.append(fields)
                keys.append(key)
        raw = broker.evaluate(program.code, program.res, objects, program.limits)
        evaluate = task.evaluate
        # THREAT T44: nothing that a cell said is kept before it passed the gate
        values = [gate(value, evaluate.range, evaluate.default) for value in raw]
        rows = [*zip(keys, values, strict=True), *((key, evaluate.default) for key in skipped)]
        event = Event(
            kind=EventKind.RUN,
            actor=Actor.VAULT,
            subject=self._teller.subject,
            collection=task.collection,
            task=task.digest,
            rows_read=len(rows),
        )
        # INVARIANT: an entry is written once; a second evaluation of it fails whole
        puts = tuple(self._put(key, value) for key, value in rows)
        self._core.writer.commit(Work(puts, (self._teller.entry(event),)))

    def _put(self, key: tuple[bytes, bytes, int], value: int) -> Put:
        sealed = self._core.keys.memo.seal(pack(value), pack(list(key)), self._core.entropy)
        return Put(MEMO.name, (*key, sealed), Expect.ABSENT)

    def _name(self, record: RecordId) -> bytes:
        return self._core.keys.identities.mac16(b"memo", record)
