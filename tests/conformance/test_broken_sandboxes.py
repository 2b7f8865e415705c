"""The suite notices a sandbox that breaks a rule, in each tier: it fails the check of that rule."""

import time
from collections.abc import Iterator

import pytest

from sealhold.compute.sandboxes.monty import MontySandbox
from sealhold.compute.spec import Sandbox
from tests.conformance import sandbox_checks
from tests.conformance.broken_sandboxes import BROKEN, Front, GivesMoreTime
from tests.conformance.checks import checks_of
from tests.conformance.programs import PYTHON, Programs
from tests.conformance.sandbox_checks import Tried
from tests.conformance.sandbox_makers import MAKERS

CHECKS = checks_of(sandbox_checks)


@pytest.fixture(params=MAKERS)
def sound(request: pytest.FixtureRequest) -> Iterator[tuple[Sandbox, Programs]]:
    make, programs = MAKERS[request.param]
    sandbox = make()
    yield sandbox, programs
    sandbox.close()


def fails(name: str, sandbox: Sandbox, programs: Programs) -> bool:
    try:
        CHECKS[name](Tried(sandbox, programs))
    except (AssertionError, RuntimeError):
        return True
    return False


@pytest.mark.parametrize(
    ("broken", "name"),
    [(broken, name) for broken, names in BROKEN.items() for name in names],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_sandbox_that_breaks_a_rule_fails_its_check(
    sound: tuple[Sandbox, Programs], broken: type[Front], name: str
) -> None:
    sandbox, programs = sound

    assert fails(name, broken(sandbox), programs)
    assert not fails(name, Front(sandbox), programs)


class Wall:
    """Counts all time, also that in which others had the processor: five seconds are five then."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def within(self, seconds: float) -> bool:
        """Return whether less than `seconds` went by."""
        return time.monotonic() - self._began < seconds


def test_a_sandbox_that_gives_more_time_fails_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = MontySandbox()
    monkeypatch.setattr("tests.conformance.sandbox_checks.Calm", Wall)

    assert fails("the_time_limit_holds", GivesMoreTime(sandbox), PYTHON)
    sandbox.close()


def test_each_check_is_failed_by_a_sandbox() -> None:
    tried = {name for names in BROKEN.values() for name in names}

    assert tried | {"the_time_limit_holds"} == CHECKS.keys()
