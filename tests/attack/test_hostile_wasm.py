"""Programs of tier `wasm` that use up, reach out, lie or remember: each runs in the jail."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealhold.compute.broker import Mode
from sealhold.compute.runner import Runner
from sealhold.compute.spec import Limits
from tests.attack import hostile_wasm as hostile
from tests.calm import Calm
from tests.conformance.programs import MEMORY, SUM, component, core, wat

LIMITS = Limits(ms_per_partition=200, memory_mib=16, tier="wasm", fuel=20_000_000)
RES = {"param": 7, "resources": {}}
HONEST = core("(i64.const 5)")
SLACK = 5.0  # seconds for a machine that is busy with other things


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner() as entered:
        yield entered


def run(runner: Runner, code: bytes, limits: Limits = LIMITS) -> int | None:
    (answer,) = runner.evaluate(code, RES, [{"x": 1}], limits)
    return answer


def told(runner: Runner, code: bytes) -> str:
    return " ".join(error.message for error in runner.check(code, ["evaluate"], "wasm"))


@pytest.mark.threat("T143")
@pytest.mark.parametrize("code", hostile.USES_UP.values(), ids=hostile.USES_UP)
def test_a_program_that_uses_up_is_ended_and_the_next_is_served(
    runner: Runner, code: bytes
) -> None:
    began = Calm()

    assert runner.evaluate(code, RES, [{"x": 1}, {"x": 2}], LIMITS) == [None, None]
    assert run(runner, HONEST) == 5
    assert began.within(2 * LIMITS.ms_per_partition / 1000 + SLACK)


@pytest.mark.threat("T143")
def test_the_clock_ends_what_fuel_would_let_run(runner: Runner) -> None:
    ample = replace(LIMITS, fuel=0)
    began = Calm()

    assert run(runner, hostile.USES_UP["loop"], ample) is None
    assert began.within(SLACK)


@pytest.mark.petrus("P7")
@pytest.mark.threat("T143")
def test_where_fuel_ends_a_run_is_the_same_each_time(runner: Runner) -> None:
    count = core("(local i64) (loop (local.set 2 (i64.add (local.get 2) (i64.const 1)))"
                 " (br_if 0 (i64.lt_u (local.get 2) (i64.const 1000)))) (local.get 2)")  # fmt: skip
    low, high = 1, 1_000_000
    while high - low > 1:  # the least fuel with which it comes to its end
        middle = (low + high) // 2
        if run(runner, count, replace(LIMITS, fuel=middle)) is None:
            low = middle
        else:
            high = middle

    for fuel, answer in ((low, None), (high, 1000)):
        limits = replace(LIMITS, fuel=fuel)
        assert runner.evaluate(count, RES, [{}] * 20, limits) == [answer] * 20


@pytest.mark.parametrize("body", hostile.TRAPS.values(), ids=hostile.TRAPS)
def test_a_trap_is_a_fault_like_any_other(runner: Runner, body: str) -> None:
    assert run(runner, core(body)) is None


@pytest.mark.parametrize("body", hostile.TABLE_TRAPS.values(), ids=hostile.TABLE_TRAPS)
def test_a_call_into_nothing_is_a_fault(runner: Runner, body: str) -> None:
    before = "(table 2 funcref) (func $other (param f32)) (elem (i32.const 1) $other)"

    assert run(runner, core(body, before=before)) is None


@pytest.mark.threat("T145")
@pytest.mark.parametrize("mebibytes", [4, 16, 64])
def test_memory_grows_to_its_limit_and_no_page_further(runner: Runner, mebibytes: int) -> None:
    most = mebibytes * 16
    fits, too_much = (
        core(f"(i64.extend_i32_s (memory.grow (i32.const {pages - 4})))")
        for pages in (most, most + 1)
    )
    limits = replace(LIMITS, memory_mib=mebibytes)

    assert run(runner, fits, limits) == 4
    assert run(runner, too_much, limits) == -1


@pytest.mark.threat("T145")
def test_a_second_memory_in_a_component_is_one_too_many(runner: Runner) -> None:
    two = wat(f"""(component (core module $inner {MEMORY})
      (core instance (instantiate $inner)) (core instance (instantiate $inner)))""")

    assert "within the limits" in " ".join(error.message for error in runner.check(two, [], "wasm"))


@pytest.mark.threat("T147")
@pytest.mark.parametrize("place", hostile.PLACES.values(), ids=hostile.PLACES)
def test_a_place_outside_the_memory_is_a_fault(runner: Runner, place: str) -> None:
    alloc = f'(func (export "alloc") (param i32) (result i32) {place})'
    code = core("(i64.const 1)", alloc=alloc, before=SUM)

    assert run(runner, code) is None
    assert runner.aggregate(code, [1, 2, 3], LIMITS) is None


@pytest.mark.threat("T147")
def test_the_very_last_place_that_holds_the_input_is_taken(runner: Runner) -> None:
    alloc = ('(func (export "alloc") (param i32) (result i32)'
             " (i32.sub (i32.const 262144) (local.get 0)))")  # fmt: skip

    assert run(runner, core("(i64.extend_i32_u (local.get $count))", alloc=alloc)) == len(
        '{"object":{"x":1},"res":{"param":7,"resources":{}}}'
    )


@pytest.mark.threat("T147")
def test_memory_that_grows_while_room_is_made_is_looked_at_anew(runner: Runner) -> None:
    alloc = ('(func (export "alloc") (param i32) (result i32)'
             " (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)))")  # fmt: skip

    assert run(runner, core("(i64.load8_u (local.get $at))", alloc=alloc)) == ord("{")


@pytest.mark.threat("T141")
@pytest.mark.parametrize("given", hostile.IMPORTS.values(), ids=hostile.IMPORTS)
def test_a_program_that_imports_is_none(runner: Runner, given: str) -> None:
    code = wat(f"(module {given})")

    assert "a program imports nothing" in told(runner, code)
    assert run(runner, code) is None


@pytest.mark.threat("T141")
@pytest.mark.parametrize("name", hostile.WASI)
def test_no_call_of_wasi_is_there(runner: Runner, name: str) -> None:
    code = wat(f'(module (import "wasi_snapshot_preview1" "{name}" (func (result i32))))')

    assert f"imports `wasi_snapshot_preview1 {name}`" in told(runner, code)
    assert run(runner, code) is None


@pytest.mark.threat("T141")
@pytest.mark.parametrize("name", hostile.WASI_INTERFACES)
def test_no_interface_of_wasi_is_there(runner: Runner, name: str) -> None:
    code = wat(f'(component (import "{name}" (instance (export "f" (func)))))')

    assert f"imports `{name}`" in told(runner, code)
    assert run(runner, code) is None


@pytest.mark.threat("T146")
@pytest.mark.parametrize("code", hostile.OTHER_TYPES.values(), ids=hostile.OTHER_TYPES)
def test_an_export_of_another_type_is_a_fault(runner: Runner, code: bytes) -> None:
    assert "exports no" in told(runner, code)
    assert run(runner, code) is None


@pytest.mark.threat("T146")
@pytest.mark.parametrize("code", hostile.OTHER_WORLDS.values(), ids=hostile.OTHER_WORLDS)
def test_a_component_of_another_world_is_a_fault(runner: Runner, code: bytes) -> None:
    assert "exports no function `evaluate`" in told(runner, code)
    assert run(runner, code) is None


@pytest.mark.petrus("P6")
@pytest.mark.threat("T142")
@pytest.mark.parametrize("code", hostile.REMEMBERS.values(), ids=hostile.REMEMBERS)
def test_nothing_is_left_for_the_next_object(runner: Runner, code: bytes) -> None:
    assert runner.evaluate(code, RES, [{"x": 1}] * 4, LIMITS) == [1, 1, 1, 1]


@pytest.mark.threat("T142")
def test_what_an_object_held_is_not_in_the_memory_of_the_next(runner: Runner) -> None:
    # It looks for any byte in the room that the next input does not reach.
    look = core("(local i64) (loop (local.set 2 (i64.or (local.get 2) (i64.load (i32.add"
                " (local.get $at) (i32.const 1024))))) (local.set $at (i32.add (local.get $at)"
                " (i32.const 8))) (br_if 0 (i32.lt_u (local.get $at) (i32.const 200000))))"
                " (i64.extend_i32_u (i64.ne (local.get 2) (i64.const 0)))")  # fmt: skip

    assert runner.evaluate(look, RES, [{"x": "y" * 5000}, {"x": 1}], LIMITS) == [1, 0]


@pytest.mark.petrus("P7")
@pytest.mark.threat("T144")
@pytest.mark.parametrize(("body", "bits"), hostile.BITS.values(), ids=hostile.BITS)
def test_a_nan_has_one_form(runner: Runner, body: str, bits: int) -> None:
    assert run(runner, core(body)) == bits


@pytest.mark.threat("T144")
@pytest.mark.parametrize("text", hostile.SWITCHED_OFF.values(), ids=hostile.SWITCHED_OFF)
def test_what_is_not_the_same_everywhere_is_switched_off(runner: Runner, text: str) -> None:
    assert "not valid" in told(runner, wat(text))


@pytest.mark.threat("T144")
@pytest.mark.parametrize("form", [core, component], ids=["core", "component"])
def test_many_processes_say_the_same(form: object) -> None:
    make = component if form is component else core
    code = make("(i64.add (i64.extend_i32_u (local.get $at)) (i64.extend_i32_u (memory.size)))")
    with Runner(Mode.PARANOID) as alone:
        answers = alone.evaluate(code, RES, [{"x": 1}] * 4, LIMITS)

    assert None not in answers
    assert len(set(answers)) == 1
