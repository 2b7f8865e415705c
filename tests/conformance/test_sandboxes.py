"""What every sandbox must do, and what one that runs Python source must do besides.

The rules of all stand in `sandbox_checks.py`, one suite for both tiers and for plug-ins, which join
in `sandbox_makers.py`. Broken sandboxes are tried with them, too.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sealhold.compute.spec import FAULT, HIGHEST, LOWEST, Sandbox
from tests.conformance import sandbox_checks
from tests.conformance.checks import Check, checks_of
from tests.conformance.programs import PYTHON
from tests.conformance.sandbox_checks import LIMITS, RES, Tried
from tests.conformance.sandbox_makers import MAKERS

CHECKS = checks_of(sandbox_checks)


@pytest.fixture(params=MAKERS)
def tried(request: pytest.FixtureRequest) -> Iterator[Tried]:
    make, programs = MAKERS[request.param]
    sandbox = make()
    yield Tried(sandbox, programs)
    sandbox.close()


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_a_sandbox_keeps_the_rule(tried: Tried, check: Check[Tried]) -> None:
    check(tried)


# --- Python source ---


@pytest.fixture(params=[name for name, (_, each) in MAKERS.items() if each is PYTHON])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """One that runs Python source."""
    made = MAKERS[request.param][0]()
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
