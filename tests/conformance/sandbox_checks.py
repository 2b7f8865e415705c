"""What every sandbox must do, each rule a function; a sandbox that breaks one fails it.

`Tried` is a sandbox with programs that it takes, in whatever form. Rules: docs/spec/19-confinement
section 6 and `compute/spec.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import sleep
from typing import Any

from sealhold.compute.spec import FAULT, HIGHEST, LOWEST, MOST_FUEL, Limits, Sandbox
from tests.calm import Calm
from tests.conformance.programs import PYTHON, Programs

LIMITS = Limits(ms_per_partition=2000, memory_mib=16)
SHORT = Limits(ms_per_partition=200, memory_mib=16, fuel=MOST_FUEL)
RES: Mapping[str, Any] = {"param": {"over": 3}, "resources": {"table": b"\x00\x01"}}


@dataclass(frozen=True, slots=True)
class Tried:
    """A sandbox, and programs that it takes."""

    sandbox: Sandbox
    programs: Programs

    def run(
        self, code: bytes, obj: Mapping[str, Any] | None = None, limits: Limits = LIMITS
    ) -> Any:  # noqa: ANN401
        return self.sandbox.run(self.sandbox.compile(code, limits), obj or {}, RES)

    def together(self, code: bytes, count: int, limits: Limits = LIMITS) -> Any:  # noqa: ANN401
        """Run a partition of `count` objects without content."""
        handle = self.sandbox.compile(code, limits)
        return self.sandbox.run_partition(handle, [{}] * count, RES)


# --- answers ---


def an_answer_is_the_whole_number_that_was_returned(tried: Tried) -> None:
    for value in (0, 1, -1, LOWEST, HIGHEST):
        answer = tried.run(tried.programs.answers(value))

        assert answer == value
        assert type(answer) is int


def what_an_object_holds_reaches_the_program(tried: Tried) -> None:
    for text in ("4711", "0.5", "äß"):
        inside = "\\u00e4\\u00df" if tried.programs is PYTHON and text == "äß" else text
        code = tried.programs.reads(inside)

        assert tried.run(code, {"i": 4711, "f": 0.5, "s": "x äß"}) == 1
        assert tried.run(code, {"i": 815}) == 0


def a_param_reaches_the_program(tried: Tried) -> None:
    assert tried.run(tried.programs.reads("over")) == 1


def an_aggregate_sees_the_parts(tried: Tried) -> None:
    handle = tried.sandbox.compile(tried.programs.answers(1), LIMITS)

    for parts in ([], [7], [1, 2, 3], [LOWEST, HIGHEST], list(range(1000))):
        assert tried.sandbox.aggregate(handle, parts) == sum(parts)


# --- faults and limits ---


def whatever_breaks_off_is_a_fault(tried: Tried) -> None:
    assert {tried.run(code) for code in tried.programs.fails()} == {FAULT}


def what_is_no_program_is_a_fault(tried: Tried) -> None:
    assert {tried.run(code) for code in tried.programs.not_programs} == {FAULT}


def a_program_without_an_entry_point_is_a_fault(tried: Tried) -> None:
    found = [tried.sandbox.compile(code, LIMITS) for code in tried.programs.without_entry()]

    assert {tried.sandbox.aggregate(handle, [1]) for handle in found} == {FAULT}


def the_time_limit_holds(tried: Tried) -> None:
    began = Calm()

    answer = tried.run(tried.programs.endless(), limits=SHORT)

    assert answer is FAULT
    assert began.within(3)


def the_run_after_one_that_was_ended_is_as_if_nothing_was(tried: Tried) -> None:
    assert tried.run(tried.programs.endless(), limits=SHORT) is FAULT

    assert tried.run(tried.programs.answers(5)) == 5


def the_memory_limit_holds(tried: Tried) -> None:
    assert tried.run(tried.programs.takes(100)) in {FAULT, 0}
    assert tried.run(tried.programs.takes(2)) == 1
    assert tried.run(tried.programs.takes(2), limits=replace(LIMITS, memory_mib=1)) in {FAULT, 0}


# --- fresh instances, and nothing from outside ---


def each_run_is_a_fresh_instance(tried: Tried) -> None:
    handle = tried.sandbox.compile(tried.programs.counts(), LIMITS)

    assert [tried.sandbox.run(handle, {}, RES) for _ in range(3)] == [1, 1, 1]


def each_aggregate_is_a_fresh_instance(tried: Tried) -> None:
    handle = tried.sandbox.compile(tried.programs.counts(), LIMITS)

    assert [tried.sandbox.aggregate(handle, [1]) for _ in range(3)] == [1, 1, 1]


def two_programs_in_turn_do_not_meet(tried: Tried) -> None:
    one, two = (
        tried.sandbox.compile(code, LIMITS)
        for code in (tried.programs.counts(), tried.programs.answers(8))
    )

    assert [tried.sandbox.run(handle, {}, RES) for handle in (one, two, one)] == [1, 8, 1]


def neither_clock_nor_chance_reaches_a_program(tried: Tried) -> None:
    for code in tried.programs.looks_outside():
        first = tried.run(code)
        sleep(0.002)

        assert tried.run(code) == first


# --- partitions ---


def the_objects_of_a_partition_meet_one_instance(tried: Tried) -> None:
    assert list(tried.together(tried.programs.counts(), 3)) == [1, 2, 3]


def the_next_partition_is_a_fresh_instance(tried: Tried) -> None:
    found = [tried.together(tried.programs.counts(), 2) for _ in range(2)]

    assert [each[0] for each in found] == [1, 1]


def a_partition_has_an_answer_for_each_object(tried: Tried) -> None:
    for count in (1, 4, 32):
        assert list(tried.together(tried.programs.answers(7), count)) == [7] * count


def what_breaks_off_in_a_partition_is_a_fault_of_each_or_of_all(tried: Tried) -> None:
    for code in tried.programs.fails():
        found = tried.together(code, 2)

        assert found is FAULT or list(found) == [FAULT, FAULT]


def what_ends_the_instance_is_the_fault_of_the_whole_partition(tried: Tried) -> None:
    assert tried.together(tried.programs.endless(), 2, SHORT) is FAULT


# --- what is seen before a run ---


def a_sound_program_has_no_static_error(tried: Tried) -> None:
    handle = tried.sandbox.compile(tried.programs.answers(3), LIMITS)

    assert list(tried.sandbox.check(handle, ["evaluate", "aggregate"])) == []


def an_entry_point_that_does_not_fit_is_a_static_error(tried: Tried) -> None:
    for code in tried.programs.without_entry():
        found = tried.sandbox.check(tried.sandbox.compile(code, LIMITS), ["evaluate"])

        assert found
        assert all(error.line >= 1 and error.column >= 1 and error.message for error in found)


def what_is_no_program_is_a_static_error(tried: Tried) -> None:
    for code in tried.programs.not_programs:
        assert tried.sandbox.check(tried.sandbox.compile(code, LIMITS), ["evaluate"])


def closing_twice_is_no_error(tried: Tried) -> None:
    assert tried.run(tried.programs.answers(5)) == 5

    tried.sandbox.close()
    tried.sandbox.close()
