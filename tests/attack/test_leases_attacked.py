"""Counted uses at three devices of an owner: raced, copied, put back, claimed, and cut off."""

from contextlib import suppress
from random import Random

import pytest

from sealhold.model.ids import DeviceId, Id16
from sealhold.model.quantities import HOUR, MINUTE, Instant
from sealhold.policy.uses import Lease
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.peers.leasenotes import LEASE, key_of, tell_lease
from sealhold.vault.shareleases import ShareLeases, told_lease
from tests.property.test_budget_device_laws import Dying
from tests.unit.budget_devices import Spender
from tests.unit.copied_devices import KilledError
from tests.unit.lent_uses import Lent, lent
from tests.unit.people import sync
from tests.unit.replicas import Shelf

MOST, ASKS = 40, 100


def lend(it: Lent) -> None:
    """Have both other devices be lent some."""
    it.ask()
    for number in (1, 2, 0, 1, 2):
        it.round(number)
    assert len(it.ledger().lent) == 2


def leases(it: Lent, number: int) -> ShareLeases:
    """Return what a device was lent."""
    one = it.own[number]
    return ShareLeases(one.vault.core, one.devices.me.incarnation)


@pytest.mark.threat("T590")
@pytest.mark.parametrize("kills", [0.0, 0.5])
def test_of_a_hundred_asks_at_three_devices_forty_are_released(kills: float) -> None:
    """A device that stopped between charge and answer may have charged what others answer."""
    chance = Random(7)
    with lent(MOST) as it:
        lend(it)
        keys = [it.ask() for _ in range(ASKS - 1)]
        assert None not in keys
        it.time.now += MINUTE
        for turn in range(36):
            number = (turn + 1) % 3
            if chance.random() < kills:
                with suppress(KilledError), Dying(Spender(it.own[number]), chance.randrange(12)):
                    it.round(number)
                it.own[number].again()
            else:
                it.round(number)
            it.time.now += 3 * MINUTE
        sync(it.guest, it.shelf)

        numbers = it.numbers(it.guest)
        assert len(set(numbers.values())) == len(numbers) <= MOST
        assert kills or len(numbers) == MOST
        assert it.ledger().spent == MOST
        by_others = [use for n in (1, 2) for use in leases(it, n).uses(it.record.grant)]
        assert any(use.number for use in by_others)
        for number in range(3):  # who asks again, or looks again, is charged nothing
            assert it.round(number) == 0
        assert it.numbers(it.guest) == numbers


@pytest.mark.threat("T590")
def test_a_lease_that_another_device_claims_to_give_is_drawn_from_by_nobody() -> None:
    with lent(MOST) as it:
        it.ask()
        me, other = it.own[1].devices.me, it.own[2].devices
        forged = Lease(
            device=me.id,
            incarnation=Id16(me.incarnation),
            first=1,
            amount=MOST,
            end=Instant(it.time.now + HOUR),
        )
        tell_lease(other, it.record.grant, 1, forged)
        it.time.now += MINUTE
        for number in (2, 1):
            assert it.round(number) == 0

        assert leases(it, 1).held(it.record.grant) == []


@pytest.mark.threat("T590")
def test_a_lease_of_another_device_or_share_is_no_lease() -> None:
    with lent(MOST) as it:
        it.ask()
        keeper, me = it.own[0].devices, it.own[1].devices.me
        for device, incarnation in ((it.own[2].devices.me.id, me.incarnation), (me.id, b"x" * 16)):
            lease = Lease(
                device=DeviceId(device),
                incarnation=Id16(incarnation),
                first=1,
                amount=5,
                end=Instant(it.time.now + HOUR),
            )
            draft = Draft(keeper.home.replica)
            key = key_of(keeper, LEASE, it.record.grant, me.id)
            draft.note(LEASE, key, [1, it.record.grant, 1, told_lease(lease)])
            draft.commit()
            it.own[0].sync(it.shelf)
            it.time.now += MINUTE
            assert it.round(1) == 0

        assert leases(it, 1).held(it.record.grant) == []


@pytest.mark.threat("T590")
def test_a_copy_of_a_device_draws_nothing_of_what_the_device_was_lent() -> None:
    with lent(MOST) as it:
        lend(it)
        kept = it.copied(1)
        it.put_back(1, kept, b"another machine")
        it.time.now += MINUTE
        it.ask()
        it.time.now += MINUTE

        assert it.round(1, Shelf()) == 0  # apart from all
        assert it.round(1) == 0
        it.round(0)
        assert it.ledger().spent == 1 + 1 + MOST // 8  # what was lent to it is spent


@pytest.mark.threat("T590")
def test_a_ledger_that_was_put_back_charges_nothing_before_all_were_heard() -> None:
    with lent(8) as it:
        kept = it.copied(0)  # before anything was charged or lent
        lend(it)
        it.put_back(0, kept, b"restored")
        for _ in range(9):
            it.ask()
        it.time.now += MINUTE

        assert it.round(0) == 0
        it.round(1)
        assert it.round(0) == 0  # the third device was not heard yet
        for number in (2, 0, 1, 2, 0, 1, 2, 0):
            it.round(number)
            it.time.now += MINUTE
        it.time.now += 2 * HOUR
        for number in (1, 2, 0, 1, 2, 0):
            it.round(number)
        sync(it.guest, it.shelf)

        numbers = it.numbers(it.guest)
        assert len(numbers) == 8
        assert len(set(numbers.values())) == 8


@pytest.mark.threat("T591")
def test_a_device_that_missed_the_revocation_answers_for_an_hour_at_most() -> None:
    with lent(MOST) as it:
        lend(it)
        it.take_back()
        it.round(0, Shelf())  # nobody hears of it
        assert it.revoked is not None
        it.time.now += 2 * MINUTE
        it.ask()
        it.time.now += MINUTE
        assert it.round(1) == 1  # in its lease

        it.ask()
        it.time.now += HOUR

        assert it.round(1) == 0
        assert it.round(2) == 0


@pytest.mark.threat("T591")
def test_a_clock_that_is_behind_does_not_make_a_lease_longer() -> None:
    with lent(MOST) as it:
        it.ask()
        for number in (1, 0):
            it.round(number)
        (lease,) = it.ledger().lent
        it.time.now -= 5 * HOUR
        it.round(1)
        (held,) = leases(it, 1).held(it.record.grant)

        assert held.holding.lease.end <= it.time.now + HOUR < lease.end
