"""Uses of a share over three devices that part, are restored and miss a revocation."""

from random import Random

import pytest

from sealhold.model.errors import DeniedError, SealholdError, UsesExhaustedError
from sealhold.model.ids import DeviceId, Id16
from sealhold.model.quantities import HOUR, MINUTE, Instant
from sealhold.policy.uses import (
    LONGEST,
    Holding,
    Ledger,
    charge,
    draw,
    lend,
    lose,
    revoke,
    settle,
    unconfirmed,
)

DEVICES = [DeviceId(Id16(bytes([number]) * 16)) for number in (1, 2, 3)]


class World:
    """A ledger, two devices beside it, and all uses that were ever made."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.now = Instant(0)
        self.ledger = Ledger(
            most=rng.randint(1, 12), not_after=rng.choice([None, Instant(9 * HOUR)])
        )
        self.holdings: dict[DeviceId, list[Holding]] = {each: [] for each in DEVICES}
        self.incarnation: dict[DeviceId, Id16] = {each: each for each in DEVICES}
        self.uses: list[tuple[int, Instant]] = []
        self.revoked_at: Instant | None = None

    def step(self) -> None:
        self.now = Instant(self.now + self.rng.randint(0, 9) * MINUTE)
        act = self.rng.choice([self.charge, self.lend, self.draw, self.draw, self.settle,
                               self.restore, self.clone, self.revoke])  # fmt: skip
        try:
            act(self.rng.choice(DEVICES))
        except (DeniedError, UsesExhaustedError):
            return

    def charge(self, _: DeviceId) -> None:
        self.ledger, number = charge(self.ledger, self.nonce(), self.now)
        self.note(number)

    def lend(self, device: DeviceId) -> None:
        amount = self.rng.randint(0, 4)
        self.ledger, lease = lend(self.ledger, device, self.incarnation[device], amount, self.now)
        self.holdings[device].append(Holding(lease=lease))

    def draw(self, device: DeviceId) -> None:
        place = self.rng.randrange(max(1, len(self.holdings[device])))
        for holding in self.holdings[device][place : place + 1]:
            after, number = draw(holding, self.incarnation[device], self.nonce(), self.now)
            self.holdings[device][place] = after
            self.note(number)

    def settle(self, device: DeviceId) -> None:
        for holding in self.holdings[device][:1]:
            self.ledger = settle(self.ledger, holding, self.incarnation[device])
            self.holdings[device].remove(holding)

    def restore(self, device: DeviceId) -> None:
        """Put a device back, under a new incarnation; the ledger may hear of it."""
        if self.rng.random() < 0.8:
            return
        self.incarnation[device] = Id16(self.rng.randbytes(16))
        self.holdings[device] = [Holding(lease=one.lease) for one in self.holdings[device]]
        if self.rng.random() < 0.5:
            self.ledger = lose(self.ledger, device)

    def clone(self, device: DeviceId) -> None:
        """Let another device have all that one has; what it becomes is another incarnation."""
        other = self.rng.choice(DEVICES)
        if other != device and self.rng.random() < 0.2:
            self.holdings[other] = list(self.holdings[device])
            self.incarnation[other] = Id16(self.rng.randbytes(16))

    def revoke(self, _: DeviceId) -> None:
        if self.rng.random() < 0.15 and self.revoked_at is None:
            self.ledger, self.revoked_at = revoke(self.ledger), self.now

    def nonce(self) -> bytes:
        return self.rng.randbytes(8)

    def note(self, number: int) -> None:
        self.uses.append((number, self.now))


def test_no_schedule_makes_a_use_too_many_or_one_later_than_a_lease() -> None:
    rng, uses, full, late = Random(15), 0, 0, 0

    for _ in range(600):
        world = World(rng)
        for _ in range(60):
            world.step()
        numbers = {number for number, _ in world.uses}
        uses += len(numbers)
        full += len(numbers) == world.ledger.most
        assert len(numbers) <= world.ledger.most
        assert len(numbers) == len(world.uses)  # each number once: no nonce is used again here
        assert world.ledger.left >= 0
        for _, at in world.uses:
            if world.revoked_at is not None:
                assert at < world.revoked_at + LONGEST
                late += at > world.revoked_at
            assert world.ledger.not_after is None or at < world.ledger.not_after

    assert uses > 1_000
    assert full > 20
    assert late > 5


def test_the_same_nonce_gets_the_same_number_and_is_charged_once() -> None:
    now = Instant(0)
    ledger, first = charge(Ledger(most=3), b"n", now)
    again, second = charge(ledger, b"n", now)
    again, lease = lend(again, DEVICES[0], DEVICES[0], 2, now)
    holding, third = draw(Holding(lease=lease), DEVICES[0], b"n", now)
    holding, fourth = draw(holding, DEVICES[0], b"n", now)

    assert (first, second, third, fourth) == (1, 1, 2, 2)
    assert again.left == 0
    assert holding.used == 1
    assert settle(again, holding, DEVICES[0]).left == 1


def test_a_lease_of_another_incarnation_or_given_back_twice_is_refused() -> None:
    ledger, lease = lend(Ledger(most=3), DEVICES[0], DEVICES[0], 2, Instant(0))
    holding = Holding(lease=lease)
    settled = settle(ledger, holding, DEVICES[0])

    for act in (
        lambda: draw(holding, DEVICES[1], b"n", Instant(0)),
        lambda: draw(holding, DEVICES[0], b"n", Instant(LONGEST)),
        lambda: settle(ledger, holding, DEVICES[1]),
        lambda: settle(settled, holding, DEVICES[0]),
        lambda: charge(revoke(ledger), b"n", Instant(0)),
        lambda: lend(ledger, DEVICES[0], DEVICES[0], 0, Instant(0)),
    ):
        with pytest.raises(SealholdError):
            act()


def test_who_may_still_use_a_revoked_share_is_named_until_the_lease_ends() -> None:
    ledger, _ = lend(Ledger(most=3), DEVICES[0], DEVICES[0], 2, Instant(0))
    ended = revoke(ledger)

    assert unconfirmed(ended, Instant(LONGEST - 1)) == {DEVICES[0]}
    assert unconfirmed(ended, Instant(LONGEST)) == frozenset()
    assert unconfirmed(lose(ended, DEVICES[0]), Instant(0)) == frozenset()
