"""Programs of the page on tasks in WebAssembly as compilers made them; the one form of JSON."""

import math
from pathlib import Path

import pytest

from sealhold.compute.sandboxes.wasm import WasmSandbox, json_text
from sealhold.compute.spec import FAULT, Limits
from sealhold.model.encoding import Plain

VECTORS = Path(__file__).parent / "19-wasm"
LIMITS = Limits(ms_per_partition=2000, memory_mib=4, tier="wasm", fuel=1_000_000)
RES: dict[str, Plain] = {"param": {"over_m": 500}, "resources": {}}


@pytest.mark.parametrize("name", ["ride-c.wasm", "ride-rust.wasm"])
def test_a_program_of_the_howto_says_what_it_says_there(name: str) -> None:
    sandbox = WasmSandbox()
    handle = sandbox.compile((VECTORS / name).read_bytes(), LIMITS)
    objects: list[dict[str, Plain]] = [{"distance_m": 499.5}, {"distance_m": 501}, {"x": 1}]

    assert list(sandbox.check(handle, ["evaluate", "aggregate"])) == []
    assert [sandbox.run(handle, each, RES) for each in objects] == [0, 1, FAULT]
    assert sandbox.aggregate(handle, [1, 2, -5]) == -2
    assert sandbox.aggregate(handle, []) == 0
    sandbox.close()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ({"b": 1, "a": None, "B": True, "\u00e4": 0}, '{"B":true,"a":null,"b":1,"\u00e4":0}'),
        ({"n": [0, -1, 2**70, 1.0, 0.5, 1e16, 1e-7, -0.0]},
         '{"n":[0,-1,1180591620717411303424,1.0,0.5,1e+16,1e-07,-0.0]}'),
        ({"t": 'quote " back \\ line \n bell \x07 sun \u2600'},
         '{"t":"quote \\" back \\\\ line \\n bell \\u0007 sun \u2600"}'),
        ({"r": b"\x00\x01\xff"}, '{"r":"AAH/"}'),
        ({"r": b""}, '{"r":""}'),
    ],
)  # fmt: skip
def test_json_has_one_form(value: Plain, text: str) -> None:
    assert json_text(value) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_without_a_form_is_a_fault(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_text({"x": value})
    sandbox = WasmSandbox()
    handle = sandbox.compile((VECTORS / "ride-c.wasm").read_bytes(), LIMITS)

    assert sandbox.run(handle, {"distance_m": value}, RES) is FAULT
    assert sandbox.run(handle, {"distance_m": 501, "s": "\ud800"}, RES) is FAULT
    sandbox.close()
