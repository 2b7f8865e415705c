"""Three devices of an owner that answer, part, die, are put back and miss a revocation."""

from contextlib import suppress
from random import Random

import pytest

from sealhold.model.ids import DeviceId
from sealhold.model.quantities import HOUR, MINUTE, Instant
from tests.property.test_budget_device_laws import Dying
from tests.unit.budget_devices import Spender
from tests.unit.copied_devices import Copy, KilledError
from tests.unit.lent_uses import Lent, lent
from tests.unit.people import sync
from tests.unit.replicas import Shelf

STEPS = 60


class Seen:
    """All uses that ever left a device, whatever it knows of them now."""

    def __init__(self, it: Lent) -> None:
        self._it = it
        self.uses: dict[int, tuple[bytes, DeviceId]] = {}  # by number: ask and device

    def look(self) -> None:
        """Look at what every device knows of the others' answers, and the guest."""
        it = self._it
        for one in (*it.own, it.guest):
            authors = {n: who for who, all_ in it.answers(one).items() for n in all_}
            for key, number in it.numbers(one).items():
                if authors[number] != one.devices.me.id:
                    self._add(number, key, authors[number])

    def left(self, number: int) -> None:
        """Add all that a device answered, after it gave it on."""
        one = self._it.own[number]
        mine = set(self._it.answers(one).get(one.devices.me.id, ()))
        for key, use in self._it.numbers(one).items():
            if use in mine:
                self._add(use, key, one.devices.me.id)

    def _add(self, number: int, key: bytes, device: DeviceId) -> None:
        assert self.uses.setdefault(number, (key, device)) == (key, device)


def act(it: Lent, seen: Seen, copies: dict[int, Copy], chance: Random, step: int) -> None:
    """Let something happen."""
    number = chance.randrange(3)
    shelf = it.shelf if chance.random() < 0.8 else Shelf()  # a place that nobody else has
    match chance.choice(["ask", "ask", "round", "round", "round", "wait", "copy", "back", "die"]):
        case "ask":
            for _ in range(chance.choice([1, 1, 5])):
                it.ask()
        case "round":
            it.round(number, shelf)
            if shelf is it.shelf:
                seen.left(number)
        case "wait":
            it.time.now += chance.choice([1, 20, 50]) * MINUTE
        case "copy":
            copies[number] = it.copied(number)
        case "back" if number in copies:
            it.put_back(number, copies.pop(number), b"start %d" % step)
        case "die":
            with suppress(KilledError), Dying(Spender(it.own[number]), chance.randrange(8)):
                it.round(number)
            it.own[number].again()
        case _:
            pass
    seen.look()


@pytest.mark.threat("T590")
@pytest.mark.parametrize(
    "seed", [1, 2, 16, *(pytest.param(n, marks=pytest.mark.soak) for n in range(17, 200))]
)
def test_no_schedule_of_three_devices_releases_more_than_the_count(seed: int) -> None:
    chance = Random(seed)
    most = chance.choice([3, 16, 40])
    with lent(most, seed=b"%d" % seed) as it:
        seen, copies = Seen(it), dict[int, Copy]()
        for step in range(STEPS):
            act(it, seen, copies, chance, step)
            assert len(seen.uses) <= most
        for _ in range(4):  # they meet again
            it.ask()
            for number in range(3):
                it.round(number)
                seen.left(number)
            it.time.now += MINUTE
        seen.look()
        assert 0 < len(seen.uses) <= most


@pytest.mark.threat("T591")
@pytest.mark.parametrize("seed", [1, 2])
def test_no_use_is_later_than_a_lease_after_the_share_was_taken_back(seed: int) -> None:
    chance = Random(seed)
    with lent(40, seed=b"revoked %d" % seed) as it:
        for number in (0, 1, 2, 0, 1, 2):
            it.ask()
            it.round(number)
        it.take_back()
        it.round(0, Shelf())  # the others do not hear of it
        assert it.revoked is not None
        late: list[Instant] = []
        while it.time.now < it.revoked + 2 * HOUR:
            it.time.now += chance.choice([5, 10]) * MINUTE
            it.ask()
            it.time.now += MINUTE
            late += [Instant(it.time.now)] * it.round(chance.choice([1, 2]))
            sync(it.guest, it.shelf)
        assert late
        assert max(late) <= it.revoked + HOUR + MINUTE
