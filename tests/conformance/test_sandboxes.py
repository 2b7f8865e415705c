"""What every sandbox must do. A plug-in joins by the entry point group below."""

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from time import monotonic
from typing import Any

import pytest

from sealhold.compute.sandboxes.monty import MontySandbox
from sealhold.compute.spec import FAULT, HIGHEST, LOWEST, Limits, Sandbox

GROUP = "sealhold.sandboxes.conformance"
# Each maker returns a sandbox that runs Python source; one of another tier brings its compiler.
MAKERS: dict[str, Callable[[], Sandbox]] = {
    "monty": MontySandbox,
    **{point.name: point.load() for point in entry_points(group=GROUP)},
}
LIMITS = Limits(ms_per_partition=2000, memory_mib=16)
RES: Mapping[str, Any] = {"param": {"over": 3}, "resources": {"table": b"\x00\x01"}}


@pytest.fixture(params=MAKERS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    made = MAKERS[request.param]()
    yield made
    made.close()


def run(sandbox: Sandbox, body: str, obj: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
    code = f"def evaluate(obj, res):\n    {body}\n".encode()
    return sandbox.run(sandbox.compile(code, LIMITS), obj or {}, RES)


def test_an_object_reaches_the_program_with_each_kind_of_value(sandbox: Sandbox) -> None:
    obj = {"i": 2**70, "f": 0.5, "s": "äß", "b": True, "n": None, "l": [1, [2]], "d": {"k": [3]}}
    body = (
        "return int(obj['i'] == 2**70 and obj['f'] == 0.5 and obj['s'] == 'äß' and obj['b'] is True"
        " and obj['n'] is None and obj['l'] == [1, [2]] and obj['d'] == {'k': [3]})"
    )

    assert run(sandbox, body, obj) == 1


def test_param_and_resources_reach_the_program(sandbox: Sandbox) -> None:
    assert run(sandbox, "return res['param']['over'] + res['resources']['table'][1]") == 4


@pytest.mark.parametrize("value", [0, 1, -1, LOWEST, HIGHEST])
def test_an_answer_is_the_whole_number_that_was_returned(sandbox: Sandbox, value: int) -> None:
    answer = run(sandbox, f"return {value}")

    assert answer == value
    assert type(answer) is int


@pytest.mark.parametrize(
    "value", ["True", "None", "'1'", "1.0", "[1]", str(HIGHEST + 1), str(LOWEST - 1)]
)
def test_any_other_answer_is_a_fault(sandbox: Sandbox, value: str) -> None:
    assert run(sandbox, f"return {value}") is FAULT


@pytest.mark.parametrize(
    "body", ["raise ValueError", "return 1 // 0", "return missing", "assert False", "exit(0)"]
)
def test_an_exception_is_a_fault(sandbox: Sandbox, body: str) -> None:
    assert run(sandbox, body) is FAULT


@pytest.mark.parametrize(
    "code", [b"", b"def evaluate(obj, res)", b"\xff\xfe", b"\x00", b"evaluate = 1"]
)
def test_a_program_that_is_none_is_a_fault(sandbox: Sandbox, code: bytes) -> None:
    assert sandbox.run(sandbox.compile(code, LIMITS), {}, RES) is FAULT


def test_the_time_limit_holds_and_the_next_run_is_as_if_nothing_was(sandbox: Sandbox) -> None:
    short = Limits(ms_per_partition=200, memory_mib=16)
    endless = sandbox.compile(b"def evaluate(obj, res):\n    while True: pass\n", short)
    began = monotonic()

    answer = sandbox.run(endless, {}, RES)

    assert answer is FAULT
    assert monotonic() - began < 3
    assert run(sandbox, "return 5") == 5


def test_the_memory_limit_holds(sandbox: Sandbox) -> None:
    assert run(sandbox, "return len([0] * 10**8)") is FAULT
    assert run(sandbox, "return len([0] * 10**5)") == 10**5


def test_what_is_printed_goes_nowhere(sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    answer = run(sandbox, "print('secret'); return 1")

    assert answer == 1
    assert capfd.readouterr() == ("", "")


def test_each_run_is_a_fresh_instance(sandbox: Sandbox) -> None:
    code = b"seen = []\ndef evaluate(obj, res):\n    seen.append(1)\n    return len(seen)\n"
    handle = sandbox.compile(code, LIMITS)

    assert [sandbox.run(handle, {}, RES) for _ in range(3)] == [1, 1, 1]


def test_an_aggregate_sees_the_parts_and_is_a_fresh_instance(sandbox: Sandbox) -> None:
    code = (
        b"seen = []\ndef aggregate(parts):\n    seen.append(1)\n    return sum(parts) + len(seen)\n"
    )
    handle = sandbox.compile(code, LIMITS)

    assert [sandbox.aggregate(handle, [1, 2, 3]) for _ in range(2)] == [7, 7]
    assert sandbox.run(handle, {}, RES) is FAULT


def test_two_programs_in_turn_do_not_meet(sandbox: Sandbox) -> None:
    one = sandbox.compile(b"kept = 1\ndef evaluate(obj, res):\n    return kept\n", LIMITS)
    two = sandbox.compile(b"def evaluate(obj, res):\n    return kept\n", LIMITS)

    assert [sandbox.run(handle, {}, RES) for handle in (one, two, one)] == [1, FAULT, 1]


def test_a_sound_program_has_no_static_error(sandbox: Sandbox) -> None:
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
def test_an_entry_point_that_does_not_fit_is_a_static_error(sandbox: Sandbox, code: bytes) -> None:
    assert sandbox.check(sandbox.compile(code, LIMITS), ["evaluate"])


def test_closing_twice_is_no_error(sandbox: Sandbox) -> None:
    assert run(sandbox, "return 5") == 5

    sandbox.close()
    sandbox.close()


# --- objects of one partition ---


def together(sandbox: Sandbox, code: bytes, *objects: Mapping[str, Any]) -> Any:  # noqa: ANN401
    return sandbox.run_partition(sandbox.compile(code, LIMITS), objects, RES)


def test_the_objects_of_a_partition_meet_one_instance_and_the_next_a_fresh_one(
    sandbox: Sandbox,
) -> None:
    code = b"seen = []\ndef evaluate(obj, res):\n    seen.append(1)\n    return len(seen)\n"

    assert [list(together(sandbox, code, {}, {}, {})) for _ in range(2)] == [[1, 2, 3]] * 2


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
    begun = monotonic()

    found = sandbox.run_partition(handle, [{"n": 0}, {"n": 1}], RES)

    assert found is FAULT
    assert monotonic() - begun < 2
