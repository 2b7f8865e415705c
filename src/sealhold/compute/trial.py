"""A task run over made-up objects, in the same cell and with the same gate as over real ones.

- What is larger than the manifest allows is not run and gets the default, as it would in earnest.
- With `tightened`, a run has 30 % less time and memory: what fails only then is near a limit.

Source: docs/spec/08-task-manifest.md section 8.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sealhold.compute.aggregates import Kind, answer, custom_answer
from sealhold.compute.broker import Broker
from sealhold.compute.manifest import Param, Selection
from sealhold.compute.reasons import Reason, probe, reason_of
from sealhold.compute.selections import parse_selection
from sealhold.compute.spec import Limits
from sealhold.compute.synthetic import synthetic
from sealhold.compute.task import Task
from sealhold.model.encoding import Plain, pack
from sealhold.model.records import Dataset
from sealhold.policy.rowfilter import matches

NEAR = (7, 10)  # of a limit: what needs more of it is told to be near

Fields = Mapping[str, Plain]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A task, its program, and the collection that made-up objects are of."""

    task: Task
    code: bytes
    dataset: Dataset
    files: Mapping[str, bytes] = field(default_factory=dict)  # for the task's resources

    def objects(self, count: int, seed: int = 1) -> list[Fields]:
        """Return `count` made-up objects, each with the fields that the task asks for."""
        return [
            {name: each[name] for name in sorted(self.task.fields)}
            for each in synthetic(self.dataset, count, seed)
        ]

    def selected(self, selection: Selection, objects: Sequence[Fields]) -> list[bool]:
        """Return for each object whether `selection` holds it.

        Raises:
            InvalidFilterError: the selection is not in the filter language.
            InvalidManifestError: it tests a field that it does not declare.
        """
        asked = parse_selection(selection, self.dataset, self.task.input.fields)
        return [matches(asked, each) for each in objects]

    def held(self, objects: Sequence[Fields]) -> list[Fields]:
        """Return the objects that at least one selection of the task holds.

        Raises:
            InvalidFilterError: a selection is not in the filter language.
            InvalidManifestError: it tests a field that it does not declare.
        """
        found = [self.selected(selection, objects) for selection in self.task.selections]
        return [each for place, each in enumerate(objects) if any(held[place] for held in found)]

    def run(
        self,
        broker: Broker,
        param: Param,
        objects: Sequence[Fields],
        *,
        tightened: bool = False,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> list[int | None]:
        """Return what the program says of each object, ungated; None where it failed.

        `progress` is told how many objects are done.
        """
        share = NEAR if tightened else (1, 1)
        return self._run(broker, self.code, param, objects, share, progress)

    def reasons(
        self,
        broker: Broker,
        param: Param,
        objects: Sequence[Fields],
        raw: Sequence[int | None],
    ) -> dict[int, str]:
        """Return by index why an object gets the default, for the values that `run` gave."""
        found = {
            index: Reason.OUT_OF_RANGE.of(str(value))
            for index, value in enumerate(raw)
            if value is not None and value not in self.task.evaluate.range
        }
        failed = [index for index, value in enumerate(raw) if value is None]
        again = [objects[index] for index in failed]
        if self.task.code.tier == "wasm":  # there are no lines that could be put behind it
            why = [Reason.TRAP.of() for _ in failed]
        else:
            told = self._run(broker, probe(self.code), param, again, (1, 1)) if failed else []
            why = [reason_of(number) for number in told]
        for index, sentence in zip(failed, why, strict=True):
            found[index] = sentence if self._fits(objects[index]) else Reason.TOO_LARGE.of()
        return dict(sorted(found.items()))

    def aggregate(self, broker: Broker, results: Sequence[int]) -> int:
        """Return the answer for gated `results`."""
        task = self.task
        if task.aggregate.kind is not Kind.CUSTOM:
            return answer(task.aggregate, task.evaluate.range, task.input.max_objects, results, 1)
        raw = broker.aggregate(self.code, sorted(results), self._limits((1, 1)))
        return custom_answer(task.aggregate, raw, 1)

    def _run(
        self,
        broker: Broker,
        code: bytes,
        param: Param,
        objects: Sequence[Fields],
        share: tuple[int, int],
        progress: Callable[[int], None] = lambda _done: None,
    ) -> list[int | None]:
        res = {"param": param.value, "resources": dict(self.files)}
        fitting = [index for index, each in enumerate(objects) if self._fits(each)]
        found: list[int | None] = [None] * len(objects)
        some = [objects[at] for at in fitting]
        values = broker.evaluate(code, res, some, self._limits(share), progress=progress)
        for index, value in zip(fitting, values, strict=True):
            found[index] = value
        return found

    def _fits(self, each: Fields) -> bool:
        return len(pack(dict(each))) <= self.task.input.max_object_bytes

    def _limits(self, share: tuple[int, int]) -> Limits:
        above, below = share
        return Limits(
            ms_per_partition=self.task.limits.ms_per_partition * above // below,
            memory_mib=max(1, self.task.limits.memory_mib * above // below),
            tier=self.task.code.tier,
            fuel=(self.task.limits.fuel or 0) * above // below,
        )
