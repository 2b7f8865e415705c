"""Schedules of five devices of one person: what each does in which order, drawn from a seed.

- A step is a word and three numbers; what the numbers choose among is what there is at that point,
  so any part of a schedule is a schedule. That is how a failing one is cut down.
- Devices are paired once; each run begins from copies of their rows, with entropy and clocks of its
  own, so a run depends on nothing but its steps.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from types import MappingProxyType

from tests.property.scheduled_devices import Base, Step, World

STEPS = 40


# how often each is drawn, of all
OFTEN = {
    "write": 5,
    "edit": 6,
    "rename": 2,
    "move": 3,
    "folder": 2,
    "delete": 3,
    "sync": 14,
    "away": 2,
    "back": 3,
    "clock": 1,
    "again": 2,
    "kill": 4,
    "copy": 2,
    "restore": 2,
    "lease": 2,
    "spend": 4,
    "give_back": 1,
    "remove": 0.3,
    "add": 0.3,
}


def drawn(
    seed: int, steps: int = STEPS, often: Mapping[str, float] = MappingProxyType(OFTEN)
) -> list[Step]:
    """Return the schedule of a seed."""
    random = Random(seed)
    words = random.choices(list(often), list(often.values()), k=steps)
    return [Step(word, *(random.randrange(1 << 16) for _ in range(3))) for word in words]


def tried(base: Base, seed: int, steps: Sequence[Step]) -> str | None:
    """Return what is wrong at the end of a schedule; None if nothing is."""
    world = World.begun(base, seed)
    try:
        world.run(steps)
        world.heal()
        world.check()
    except Exception as err:  # noqa: BLE001  # reason: whatever goes wrong is what was looked for
        return f"{type(err).__name__}: {err}"
    return None


def shrunk(base: Base, seed: int, steps: Sequence[Step]) -> list[Step]:
    """Return a failing schedule without what it does not need to fail."""
    return cut_down(steps, lambda left: tried(base, seed, left) is not None)


def cut_down(steps: Sequence[Step], fails: Callable[[Sequence[Step]], bool]) -> list[Step]:
    """Return the steps that are left of a failing schedule if it is to fail."""
    left, size = list(steps), max(len(steps) // 2, 1)
    while size:
        at = 0
        while at < len(left):
            without = left[:at] + left[at + size :]
            if fails(without):
                left = without
            else:
                at += size
        size //= 2
    return left
