"""What every sandbox must do. A plug-in joins by the entry point group below."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from time import monotonic
from typing import Any

import pytest

from sealhold.compute.sandboxes.monty import MontySandbox
from sealhold.compute.sandboxes.wasm import WasmSandbox
from sealhold.compute.spec import FAULT, HIGHEST, LOWEST, MOST_FUEL, Limits, Sandbox
from tests.conformance.programs import COMPONENT, CORE, PYTHON, Programs

GROUP = "sealhold.sandboxes.conformance"
# Each maker returns a sandbox and the programs that it takes; what runs Python takes `PYTHON`.
MAKERS: dict[str, tuple[Callable[[], Sandbox], Programs]] = {
    "monty": (MontySandbox, PYTHON),
    "wasm core": (WasmSandbox, CORE),
    "wasm component": (WasmSandbox, COMPONENT),
    **{point.name: point.load() for point in entry_points(group=GROUP)},
}
LIMITS = Limits(ms_per_partition=2000, memory_mib=16)
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


@pytest.fixture(params=MAKERS)
def tried(request: pytest.FixtureRequest) -> Iterator[Tried]:
    make, programs = MAKERS[request.param]
    sandbox = make()
    yield Tried(sandbox, programs)
    sandbox.close()


@pytest.fixture(params=[name for name, (_, each) in MAKERS.items() if each is PYTHON])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """One that runs Python source."""
    made = MAKERS[request.param][0]()
    yield made
    made.close()


def run(sandbox: Sandbox, body: str, obj: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
    code = f"def evaluate(obj, res):\n    {body}\n".encode()
    return sandbox.run(sandbox.compile(code, LIMITS), obj or {}, RES)


@pytest.mark.parametrize("value", [0, 1, -1, LOWEST, HIGHEST])
def test_an_answer_is_the_whole_number_that_was_returned(tried: Tried, value: int) -> None:
    answer = tried.run(tried.programs.answers(value))

    assert answer == value
    assert type(answer) is int


@pytest.mark.parametrize("text", ["4711", "0.5", "äß"])
def test_what_an_object_holds_reaches_the_program(tried: Tried, text: str) -> None:
    inside = "\\u00e4\\u00df" if tried.programs is PYTHON and text == "äß" else text
    code = tried.programs.reads(inside)

    assert tried.run(code, {"i": 4711, "f": 0.5, "s": "x äß"}) == 1
    assert tried.run(code, {"i": 815}) == 0


def test_a_param_reaches_the_program(tried: Tried) -> None:
    assert tried.run(tried.programs.reads("over")) == 1


def test_whatever_breaks_off_is_a_fault(tried: Tried) -> None:
    assert {tried.run(code) for code in tried.programs.fails()} == {FAULT}


def test_what_is_no_program_is_a_fault(tried: Tried) -> None:
    assert {tried.run(code) for code in tried.programs.not_programs} == {FAULT}


def test_the_time_limit_holds_and_the_next_run_is_as_if_nothing_was(tried: Tried) -> None:
    short = Limits(ms_per_partition=200, memory_mib=16, fuel=MOST_FUEL)
    began = monotonic()

    answer = tried.run(tried.programs.endless(), limits=short)

    assert answer is FAULT
    assert monotonic() - began < 3
    assert tried.run(tried.programs.answers(5)) == 5


def test_the_memory_limit_holds(tried: Tried) -> None:
    assert tried.run(tried.programs.takes(100)) in {FAULT, 0}
    assert tried.run(tried.programs.takes(2)) == 1
    assert tried.run(tried.programs.takes(2), limits=replace(LIMITS, memory_mib=1)) in {FAULT, 0}


def test_each_run_is_a_fresh_instance(tried: Tried) -> None:
    handle = tried.sandbox.compile(tried.programs.counts(), LIMITS)

    assert [tried.sandbox.run(handle, {}, RES) for _ in range(3)] == [1, 1, 1]
    assert [tried.sandbox.aggregate(handle, [1]) for _ in range(2)] == [1, 1]


@pytest.mark.parametrize("parts", [[], [7], [1, 2, 3], [LOWEST, HIGHEST], list(range(1000))])
def test_an_aggregate_sees_the_parts(tried: Tried, parts: list[int]) -> None:
    handle = tried.sandbox.compile(tried.programs.answers(1), LIMITS)

    assert tried.sandbox.aggregate(handle, parts) == sum(parts)


def test_a_program_without_an_entry_point_is_a_fault(tried: Tried) -> None:
    found = [tried.sandbox.compile(code, LIMITS) for code in tried.programs.without_entry()]

    assert {tried.sandbox.aggregate(handle, [1]) for handle in found} == {FAULT}


def test_two_programs_in_turn_do_not_meet(tried: Tried) -> None:
    one, two = (
        tried.sandbox.compile(code, LIMITS)
        for code in (tried.programs.counts(), tried.programs.answers(8))
    )

    assert [tried.sandbox.run(handle, {}, RES) for handle in (one, two, one)] == [1, 8, 1]


def test_a_sound_program_has_no_static_error(tried: Tried) -> None:
    handle = tried.sandbox.compile(tried.programs.answers(3), LIMITS)

    assert list(tried.sandbox.check(handle, ["evaluate", "aggregate"])) == []


def test_an_entry_point_that_does_not_fit_is_a_static_error(tried: Tried) -> None:
    for code in tried.programs.without_entry():
        found = tried.sandbox.check(tried.sandbox.compile(code, LIMITS), ["evaluate"])

        assert found
        assert all(error.line >= 1 and error.column >= 1 and error.message for error in found)


def test_what_is_no_program_is_a_static_error(tried: Tried) -> None:
    for code in tried.programs.not_programs:
        assert tried.sandbox.check(tried.sandbox.compile(code, LIMITS), ["evaluate"])


def test_closing_twice_is_no_error(tried: Tried) -> None:
    assert tried.run(tried.programs.answers(5)) == 5

    tried.sandbox.close()
    tried.sandbox.close()


def test_an_object_reaches_the_program_with_each_kind_of_value(sandbox: Sandbox) -> None:
    obj = {"i": 2**70, "f": 0.5, "s": "äß", "b": True, "n": None, "l": [1, [2]], "d": {"k": [3]}}
    body = (
        "return int(obj['i'] == 2**70 and obj['f'] == 0.5 and obj['s'] == 'äß' and obj['b'] is True"
        " and obj['n'] is None and obj['l'] == [1, [2]] and obj['d'] == {'k': [3]})"
    )

    assert run(sandbox, body, obj) == 1


def test_param_and_resources_reach_the_program(sandbox: Sandbox) -> None:
    assert run(sandbox, "return res['param']['over'] + res['resources']['table'][1]") == 4


@pytest.mark.parametrize(
    "value", ["True", "None", "'1'", "1.0", "[1]", str(HIGHEST + 1), str(LOWEST - 1)]
)
def test_any_other_answer_is_a_fault(sandbox: Sandbox, value: str) -> None:
    assert run(sandbox, f"return {value}") is FAULT


def test_what_is_printed_goes_nowhere(sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    answer = run(sandbox, "print('secret'); return 1")

    assert answer == 1
    assert capfd.readouterr() == ("", "")


def test_an_aggregate_sees_the_parts_and_is_a_fresh_instance(sandbox: Sandbox) -> None:
    code = (
        b"seen = []\ndef aggregate(parts):\n    seen.append(1)\n    return sum(parts) + len(seen)\n"
    )
    handle = sandbox.compile(code, LIMITS)

    assert [sandbox.aggregate(handle, [1, 2, 3]) for _ in range(2)] == [7, 7]
    assert sandbox.run(handle, {}, RES) is FAULT


def test_a_name_of_one_program_is_not_known_to_the_next(sandbox: Sandbox) -> None:
    one = sandbox.compile(b"kept = 1\ndef evaluate(obj, res):\n    return kept\n", LIMITS)
    two = sandbox.compile(b"def evaluate(obj, res):\n    return kept\n", LIMITS)

    assert [sandbox.run(handle, {}, RES) for handle in (one, two, one)] == [1, FAULT, 1]


def test_a_typed_program_has_no_static_error(sandbox: Sandbox) -> None:
    code = (
        b"from sealhold.compute.guest import Object, Resources\n\n"
        b"def evaluate(obj: Object, res: Resources) -> int:\n    return obj['x'] + res['param']\n\n"
        b"def aggregate(parts: list[int]) -> int:\n    return sum(parts)\n"
    )

    assert list(sandbox.check(sandbox.compile(code, LIMITS), ["evaluate", "aggregate"])) == []


@pytest.mark.parametrize(
    ("code", "line"),
    [
        pytest.param(b"x = 1\ndef evaluate(obj, res:\n    return 1\n", 2, id="syntax"),
        pytest.param(b"def evaluate(obj, res):\n    return missing\n", 2, id="name"),
        pytest.param(b"import socket\ndef evaluate(obj, res):\n    return 1\n", 1, id="import"),
        pytest.param(b"def evaluate(obj, res):\n    yield 1\n", 2, id="not in the language"),
        pytest.param(b"x = 1 // 0\ndef evaluate(obj, res):\n    return 1\n", 1, id="at loading"),
        pytest.param(b"\xff", 1, id="not text"),
    ],
)
def test_a_static_error_is_told_with_its_line(sandbox: Sandbox, code: bytes, line: int) -> None:
    found = sandbox.check(sandbox.compile(code, LIMITS), ["evaluate"])

    assert line in {error.line for error in found}
    assert all(error.line >= 1 and error.column >= 1 and error.message for error in found)


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(b"x = 1\n", id="missing"),
        pytest.param(b"def evaluate(obj):\n    return 1\n", id="one parameter"),
        pytest.param(b"def evaluate(obj, res) -> str:\n    return 'a'\n", id="returns a text"),
    ],
)
def test_an_entry_point_of_another_type_is_a_static_error(sandbox: Sandbox, code: bytes) -> None:
    assert sandbox.check(sandbox.compile(code, LIMITS), ["evaluate"])
