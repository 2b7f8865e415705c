"""Sandboxes that break one rule each, as a careless plug-in might, and the check that must notice.

Each stands in front of a sandbox that keeps all rules, so nothing else can be what a check
complains about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import monotonic_ns

from sealhold.compute.spec import (
    FAULT,
    Entry,
    Fault,
    Handle,
    Limits,
    Sandbox,
    StaticError,
)
from sealhold.model.encoding import Plain

Object = Mapping[str, Plain]
Answers = Sequence[int | Fault] | Fault


class Front:
    """Passes everything on."""

    def __init__(self, inner: Sandbox) -> None:
        self.inner = inner

    def compile(self, code: bytes, limits: Limits) -> Handle:
        return self.inner.compile(code, limits)

    def check(self, handle: Handle, entries: Sequence[Entry]) -> Sequence[StaticError]:
        return self.inner.check(handle, entries)

    def run(self, handle: Handle, obj: Object, res: Object) -> int | Fault:
        return self.inner.run(handle, obj, res)

    def run_partition(self, handle: Handle, objects: Sequence[Object], res: Object) -> Answers:
        return self.inner.run_partition(handle, objects, res)

    def aggregate(self, handle: Handle, parts: Sequence[int]) -> int | Fault:
        return self.inner.aggregate(handle, parts)

    def close(self) -> None:
        self.inner.close()


class SaysTrueForOne(Front):
    """Lets a truth value through."""

    def run(self, handle: Handle, obj: Object, res: Object) -> int | Fault:
        answer = super().run(handle, obj, res)
        return True if answer == 1 else answer


class CutsAnswers(Front):
    """Keeps the lower 32 bits."""

    def run(self, handle: Handle, obj: Object, res: Object) -> int | Fault:
        answer = super().run(handle, obj, res)
        return answer if isinstance(answer, Fault) else answer & 0xFFFF_FFFF


class LosesTheObject(Front):
    """Runs over nothing."""

    def run(self, handle: Handle, obj: Object, res: Object) -> int | Fault:  # noqa: ARG002
        return super().run(handle, {}, res)


class LosesTheParam(Front):
    """Hands in no parameter."""

    def run(self, handle: Handle, obj: Object, res: Object) -> int | Fault:  # noqa: ARG002
        return super().run(handle, obj, {"param": 0, "resources": {}})


class DropsParts(Front):
    """Aggregates the first hundred."""

    def aggregate(self, handle: Handle, parts: Sequence[int]) -> int | Fault:
        return super().aggregate(handle, parts[:100])


class TellsThatItFailed(Front):
    """Says a number where a run failed."""

    def run(self, handle: Handle, obj: Object, res: Object) -> int | Fault:
        answer = super().run(handle, obj, res)
        return -1 if answer is FAULT else answer


class AggregatesWithoutEntry(Front):
    """Sums up by itself what a program does not aggregate."""

    def aggregate(self, handle: Handle, parts: Sequence[int]) -> int | Fault:
        answer = super().aggregate(handle, parts)
        return sum(parts) if answer is FAULT else answer


class GivesMoreTime(Front):
    """Lets a run take five seconds."""

    def compile(self, code: bytes, limits: Limits) -> Handle:
        return super().compile(code, replace(limits, ms_per_partition=5_000))


class StaysDown(Front):
    """Answers nothing more once a run was ended."""

    is_down = False

    def run(self, handle: Handle, obj: Object, res: Object) -> int | Fault:
        answer = FAULT if self.is_down else super().run(handle, obj, res)
        self.is_down = answer is FAULT
        return answer


class GivesMoreMemory(Front):
    """Lets a run take what it wants."""

    def compile(self, code: bytes, limits: Limits) -> Handle:
        return super().compile(code, replace(limits, memory_mib=256))


class CountsRuns(Front):
    """Lets a number grow from run to run."""

    runs = 0

    def run(self, handle: Handle, obj: Object, res: Object) -> int | Fault:
        answer = super().run(handle, obj, res)
        self.runs += 1
        return answer if isinstance(answer, Fault) else answer + self.runs - 1


class CountsAggregates(Front):
    """Lets a number grow from aggregate to aggregate."""

    runs = 0

    def aggregate(self, handle: Handle, parts: Sequence[int]) -> int | Fault:
        answer = super().aggregate(handle, parts)
        self.runs += 1
        return answer if isinstance(answer, Fault) else answer + self.runs - 1


class KeepsTheFirstProgram(Front):
    """Runs what it was given first, whatever comes later."""

    kept: bytes | None = None

    def compile(self, code: bytes, limits: Limits) -> Handle:
        self.kept = self.kept or code
        return super().compile(self.kept, limits)


class TellsTheTime(Front):
    """Answers with the clock of the host where a program asks for one."""

    def run(self, handle: Handle, obj: Object, res: Object) -> int | Fault:
        if b"time" in handle.code:
            return monotonic_ns()
        return super().run(handle, obj, res)


class TakesObjectsApart(Front):
    """Gives each object of a partition an instance of its own."""

    def run_partition(self, handle: Handle, objects: Sequence[Object], res: Object) -> Answers:
        return [self.run(handle, obj, res) for obj in objects]


class KeepsTheInstance(Front):
    """Lets a number grow from partition to partition."""

    seen = 0

    def run_partition(self, handle: Handle, objects: Sequence[Object], res: Object) -> Answers:
        found = super().run_partition(handle, objects, res)
        before, self.seen = self.seen, self.seen + len(objects)
        if isinstance(found, Fault):
            return found
        return [each if isinstance(each, Fault) else each + before for each in found]


class LosesTheLast(Front):
    """Answers for one object fewer."""

    def run_partition(self, handle: Handle, objects: Sequence[Object], res: Object) -> Answers:
        found = super().run_partition(handle, objects, res)
        return found if isinstance(found, Fault) else found[:-1]


class FillsUpPartitions(Front):
    """Puts a number where a partition failed."""

    def run_partition(self, handle: Handle, objects: Sequence[Object], res: Object) -> Answers:
        found = super().run_partition(handle, objects, res)
        if isinstance(found, Fault):
            return [0] * len(objects)
        return [0 if isinstance(each, Fault) else each for each in found]


class BlamesEachOfThem(Front):
    """Tells an instance that was ended as a fault of each object."""

    def run_partition(self, handle: Handle, objects: Sequence[Object], res: Object) -> Answers:
        found = super().run_partition(handle, objects, res)
        return [FAULT] * len(objects) if isinstance(found, Fault) else found


class FindsNothing(Front):
    """Passes every program."""

    def check(self, handle: Handle, entries: Sequence[Entry]) -> Sequence[StaticError]:  # noqa: ARG002
        return []


class FindsAlways(Front):
    """Passes no program."""

    def check(self, handle: Handle, entries: Sequence[Entry]) -> Sequence[StaticError]:  # noqa: ARG002
        return [StaticError(1, 1, "not so")]


class FindsNoPlace(Front):
    """Tells a static error without a line."""

    def check(self, handle: Handle, entries: Sequence[Entry]) -> Sequence[StaticError]:
        return [replace(error, line=0) for error in super().check(handle, entries)]


class ClosesOnce(Front):
    """Does not let itself be closed again."""

    is_closed = False

    def close(self) -> None:
        if self.is_closed:
            raise RuntimeError("closed already")
        self.is_closed = True
        super().close()


BROKEN: dict[type[Front], tuple[str, ...]] = {
    SaysTrueForOne: ("an_answer_is_the_whole_number_that_was_returned",),
    CutsAnswers: ("an_answer_is_the_whole_number_that_was_returned",),
    LosesTheObject: ("what_an_object_holds_reaches_the_program",),
    LosesTheParam: ("a_param_reaches_the_program",),
    DropsParts: ("an_aggregate_sees_the_parts",),
    TellsThatItFailed: ("whatever_breaks_off_is_a_fault", "what_is_no_program_is_a_fault"),
    AggregatesWithoutEntry: ("a_program_without_an_entry_point_is_a_fault",),
    StaysDown: ("the_run_after_one_that_was_ended_is_as_if_nothing_was",),
    GivesMoreMemory: ("the_memory_limit_holds",),
    CountsRuns: ("each_run_is_a_fresh_instance",),
    CountsAggregates: ("each_aggregate_is_a_fresh_instance",),
    KeepsTheFirstProgram: ("two_programs_in_turn_do_not_meet",),
    TellsTheTime: ("neither_clock_nor_chance_reaches_a_program",),
    TakesObjectsApart: ("the_objects_of_a_partition_meet_one_instance",),
    KeepsTheInstance: ("the_next_partition_is_a_fresh_instance",),
    LosesTheLast: ("a_partition_has_an_answer_for_each_object",),
    FillsUpPartitions: ("what_breaks_off_in_a_partition_is_a_fault_of_each_or_of_all",),
    BlamesEachOfThem: ("what_ends_the_instance_is_the_fault_of_the_whole_partition",),
    FindsNothing: (
        "an_entry_point_that_does_not_fit_is_a_static_error",
        "what_is_no_program_is_a_static_error",
    ),
    FindsAlways: ("a_sound_program_has_no_static_error",),
    FindsNoPlace: ("an_entry_point_that_does_not_fit_is_a_static_error",),
    ClosesOnce: ("closing_twice_is_no_error",),
}
