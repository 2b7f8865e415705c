"""Programs of tier `wasm` made of a great many parts, or of very large ones."""

from collections.abc import Callable, Iterator

import pytest

from sealhold.compute.runner import Runner
from sealhold.compute.spec import Limits
from tests.calm import Calm
from tests.conformance.programs import core, wat

Made = Callable[[], bytes]  # in the test alone: megabytes, and seconds to translate
LIMITS = Limits(ms_per_partition=500, memory_mib=16, tier="wasm", fuel=20_000_000)
RES = {"param": 0, "resources": {}}
FIVE = core("(i64.const 5)")
SLACK = 30.0  # seconds for a machine that is busy with other things


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner() as entered:
        yield entered


def leb(number: int) -> bytes:
    """Return `number` as WebAssembly writes one."""
    low, high = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + leb(high) if high else bytes([low])


def beside(code: bytes, count: int) -> bytes:
    """Return `code` with a section that means nothing, of `count` bytes."""
    body = b"\x01x" + bytes(count)
    return code + b"\x00" + leb(len(body)) + body


def instances(count: int) -> bytes:
    """Return a component that begins a module `count` times."""
    return wat(f"(component (core module $m (func)) {'(core instance (instantiate $m))' * count})")


def nested(depth: int) -> bytes:
    """Return components in components, each an instance of the one within."""
    inner = ""
    for _ in range(depth):
        inner = f"(component $c {inner}) (instance (instantiate $c))"
    return wat(f"(component {inner})")


def jump(count: int) -> bytes:
    return core(f"(block (br_table {'0 ' * count} 0 (i32.const 3))) (i64.const 5)")


SERVED: dict[str, Made] = {  # large, and yet within the limits: it answers as a small one does
    "thousands of globals": lambda: core(
        "(i64.const 5)", before="(global i64 (i64.const 1))" * 20_000
    ),
    "thousands of types": lambda: core(
        "(i64.const 5)", before="".join(f"(type (func {'(param i64)' * n}))" for n in range(200))
    ),
    "a function of very many locals": lambda: core(f"(local {'i64 ' * 40_000}) (i64.const 5)"),
    "a jump to very many places": lambda: jump(60_000),
    "megabytes beside the program": lambda: beside(FIVE, 8 << 20),
    "megabytes of data": lambda: core(
        "(i64.const 5)",
        memory='(memory (export "memory") 200)',
        before=f'(data (i32.const 70000) "{"x" * (10 << 20)}")',
    ),
    "data that nobody asks for": lambda: core(
        "(i64.const 5)", before=f'(data "{"x" * (10 << 20)}")'
    ),
}
ENDED: dict[str, Made] = {  # each object gets the default
    "a jump to too many places": lambda: jump(100_000),
    "a million globals": lambda: core(
        "(i64.const 5)", before="(global i64 (i64.const 1))" * 1_000_001
    ),
    "data larger than the memory": lambda: core(
        "(i64.const 5)",
        memory='(memory (export "memory") 4)',
        before=f'(data (i32.const 0) "{"x" * (10 << 20)}")',
    ),
    "very many instances": lambda: instances(2_000),
    "components in components": lambda: nested(90),
    "a loop at the start of a part": lambda: wat(
        "(component (core module $m (func $go (loop (br 0))) (start $go))"
        " (core instance (instantiate $m)))"
    ),
}


@pytest.mark.threat("T148")
@pytest.mark.parametrize("made", SERVED.values(), ids=SERVED)
def test_a_program_of_a_great_many_parts_answers_like_a_small_one(
    runner: Runner, made: Made
) -> None:
    code = made()

    assert runner.check(code, ["evaluate"], "wasm") == []
    assert runner.evaluate(code, RES, [{"x": 1}, {"x": 2}], LIMITS) == [5, 5]


@pytest.mark.threat("T148")
@pytest.mark.parametrize("made", ENDED.values(), ids=ENDED)
def test_a_program_of_too_many_parts_is_told_and_the_next_is_served(
    runner: Runner, made: Made
) -> None:
    code = made()
    began = Calm()

    assert runner.check(code, ["evaluate"], "wasm")
    assert runner.evaluate(code, RES, [{"x": 1}, {"x": 2}], LIMITS) == [None, None]
    assert runner.evaluate(FIVE, RES, [{"x": 1}], LIMITS) == [5]
    assert began.within(SLACK)
