"""Objects of one partition: what each tier does beyond the rules of all sandboxes."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from wasmtime import wat2wasm

from sealhold.compute.sandboxes.monty import MontySandbox
from sealhold.compute.sandboxes.wasm import WasmSandbox
from sealhold.compute.spec import FAULT, Limits, Sandbox
from tests.calm import Calm

LIMITS = Limits(ms_per_partition=2000, memory_mib=16)
RES: Mapping[str, Any] = {"param": {}, "resources": {}}
TRAPPING = """(module
  (memory (export "memory") 2)
  (func (export "alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "evaluate") (param $at i32) (param $len i32) (result i64)
    (if (i32.gt_u (local.get $len) (i32.const 60)) (then (unreachable)))
    (i64.const 7)))"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = MontySandbox()
    yield made
    made.close()


@pytest.fixture
def compiled() -> Iterator[WasmSandbox]:
    made = WasmSandbox()
    yield made
    made.close()


def test_a_trap_is_the_fault_of_the_whole_partition(compiled: WasmSandbox) -> None:
    handle = compiled.compile(bytes(wat2wasm(TRAPPING)), LIMITS)

    assert compiled.run_partition(handle, [{}, {}], RES) == [7, 7]
    assert compiled.run_partition(handle, [{}, {"long": "x" * 60}], RES) is FAULT


def together(sandbox: Sandbox, code: bytes, *objects: Mapping[str, Any]) -> Any:  # noqa: ANN401
    return sandbox.run_partition(sandbox.compile(code, LIMITS), objects, RES)


def test_what_one_object_breaks_by_raising_is_its_own_fault(sandbox: Sandbox) -> None:
    code = b"def evaluate(obj, res):\n    return 10 // obj['n']\n"

    assert list(together(sandbox, code, {"n": 1}, {"n": 0}, {"n": 5})) == [10, FAULT, 2]


@pytest.mark.threat("T35")
@pytest.mark.parametrize(
    "said", ["True", "'1'", "None", "[1]", "1.0", "2 ** 63", "float('nan')", "{1: 2}"]
)
def test_a_foreign_value_among_whole_numbers_is_a_fault_at_most_of_all(
    sandbox: Sandbox, said: str
) -> None:
    code = f"def evaluate(obj, res):\n    return {said} if obj['n'] == 1 else 7\n".encode()

    found = together(sandbox, code, {"n": 0}, {"n": 1}, {"n": 2})

    assert found is FAULT or list(found) == [7, FAULT, 7]


@pytest.mark.threat("T30")
def test_what_ends_the_instance_is_the_fault_of_the_whole_partition(sandbox: Sandbox) -> None:
    code = b"def evaluate(obj, res):\n    while obj['n'] == 1:\n        pass\n    return 7\n"
    handle = sandbox.compile(code, Limits(ms_per_partition=200, memory_mib=16))
    begun = Calm()

    found = sandbox.run_partition(handle, [{"n": 0}, {"n": 1}], RES)

    assert found is FAULT
    assert begun.within(2)
