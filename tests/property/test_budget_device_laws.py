"""Three devices that spend, meet, die and are put back at random: never over the cap together."""

from contextlib import ExitStack, suppress
from random import Random

import pytest

from sealhold.sharing.devices.certs import Role
from tests.unit.budget_devices import Spender
from tests.unit.copied_devices import Copy, KilledError, copy, put_back
from tests.unit.owned_devices import machine, pair
from tests.unit.replicas import Shelf

CAP = 40_000_000  # micro-bits of one purpose in a year
STEPS = 28


class Dying:
    """The writer of a vault that is killed at one of its next commits."""

    def __init__(self, spender: Spender, left: int) -> None:
        self._writer, self._left = spender.machine.vault.core.writer, left

    def __enter__(self) -> None:
        submit = self._writer.submit

        def counted(works):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  # reason: as it
            self._left -= 1
            if self._left < 0:
                raise KilledError
            return submit(works)

        self._writer.submit = counted  # type: ignore[method-assign]

    def __exit__(self, *_raised: object) -> None:
        del self._writer.submit


def act(  # reason: what a device may do, and what it does it with
    one: Spender, number: int, copies: dict[int, Copy], step: int, chance: Random, shelf: Shelf
) -> None:
    """Let a device do something."""
    match chance.choice(["charge", "charge", "sync", "sync", "sync", "copy", "back", "die"]):
        case "charge":
            one.charge(chance.choice([1, 3, 5, 9]))
        case "sync":
            one.sync(shelf)
        case "copy":
            copies[number] = copy(one.machine)
        case "back" if number in copies:
            put_back(one.machine, copies.pop(number))
            one.machine.token = b"start %d" % step
            one.machine.again()
        case "die":
            with suppress(KilledError), Dying(one, chance.randrange(6)):
                one.sync(shelf)
            one.machine.again()
        case _:
            pass


@pytest.mark.threat("T524")
@pytest.mark.parametrize("seed", [1, 2])
def test_no_schedule_of_three_devices_spends_more_than_the_cap(seed: int) -> None:
    chance, shelf = Random(seed), Shelf()
    with ExitStack() as stack:
        found = [Spender(stack.enter_context(machine(b"law %d %d" % (seed, n)))) for n in range(3)]
        found[0].begin()
        pair(found[0].machine, found[1].machine, "second", Role.ADMIN)
        pair(found[0].machine, found[2].machine, "third")
        copies: dict[int, Copy] = {}
        for step in range(STEPS):
            number = chance.randrange(3)
            act(found[number], number, copies, step, chance, shelf)
            assert sum(each.told for each in found) <= CAP
        for _ in range(7):  # they meet again, and spend all that they can
            for each in found:
                each.sync(shelf)
                while not each.charge(4) or not each.charge(1):
                    assert sum(each.told for each in found) <= CAP
        assert 0 < sum(each.told for each in found) <= CAP
