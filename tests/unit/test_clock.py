"""The vault's clock, whatever the machine's is set to."""

from sealhold.model.clock import Onward
from sealhold.model.quantities import Instant


def told(*machine: int, since: int = 0) -> list[int]:
    """Return what the vault's clock tells while the machine's tells this."""
    times = iter(machine)
    clock = Onward(lambda: Instant(next(times)), Instant(since))
    return [clock() for _ in machine]


def test_a_clock_that_goes_on_is_told_as_it_is() -> None:
    assert told(5, 6, 9) == [5, 6, 9]


def test_a_clock_that_is_behind_goes_on_from_what_was_told_last() -> None:
    assert told(10, 12, 20, since=100) == [100, 102, 110]


def test_a_clock_that_is_set_back_goes_on_and_follows_again_once_it_is_set_right() -> None:
    assert told(50, 20, 25, 60, 61) == [50, 50, 55, 60, 61]
