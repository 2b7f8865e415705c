"""Counted uses of a share at T2: a ledger, and leases out of it, that together never exceed it.

- One device holds the ledger. It charges uses itself and lends parts of what is left to others, for
  an hour at most; what is lent counts as used until its holder gives it back.
- Only the holder in the same incarnation gives back, and only what it did not use. The lease of a
  device that was lost, restored or removed stays used up, and so does one that was never settled.
- A use has a number of its own among all devices. The same nonce gets the same number again and is
  charged once.
- After a revocation nothing is lent or charged, so no use is later than the longest lease.
- A ledger that was put back to an earlier state charges and lends nothing until every other device
  told what it was lent and what it used.

Source: docs/spec/49-sharing.md section 10.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sealhold.model.errors import DeniedError, UsesExhaustedError
from sealhold.model.ids import DeviceId, Id16
from sealhold.model.quantities import HOUR, Instant

LONGEST: Final = HOUR  # of a lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Some uses, for one incarnation of one device, until an end."""

    device: DeviceId
    incarnation: Id16
    first: int  # number of its first use; the others follow
    amount: int
    end: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What became of a share's uses, as its ledger device knows."""

    most: int
    spent: int = 0  # charged, or lent and never given back
    lent: tuple[Lease, ...] = ()
    following: int = 1  # the number that no use has yet
    answered: Mapping[bytes, int] = field(default_factory=dict)  # numbers, by nonce
    not_after: Instant | None = None
    is_revoked: bool = False
    incarnation: bytes = b""  # of the device that counts; empty: it never said
    is_back: bool = False  # put back to an earlier state, and not all others were heard since

    @property
    def left(self) -> int:
        """How many uses are neither spent nor lent."""
        return self.most - self.spent - sum(lease.amount for lease in self.lent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A lease in the hands of its device."""

    lease: Lease
    used: int = 0
    answered: Mapping[bytes, int] = field(default_factory=dict)


def charge(ledger: Ledger, nonce: bytes, now: Instant) -> tuple[Ledger, int]:
    """Return the ledger after a use at the ledger device, and the number of the use.

    Raises:
        DeniedError: the share was taken back, or is over.
        UsesExhaustedError: nothing is left.
    """
    _require_open(ledger, now)
    if nonce in ledger.answered:
        return ledger, ledger.answered[nonce]
    _require_left(ledger, 1)
    number = ledger.following
    charged = replace(
        ledger,
        spent=ledger.spent + 1,
        following=number + 1,
        answered={**ledger.answered, nonce: number},
    )
    return charged, number


def lend(
    ledger: Ledger, device: DeviceId, incarnation: Id16, amount: int, now: Instant
) -> tuple[Ledger, Lease]:
    """Return the ledger after lending `amount` uses, and the lease.

    Raises:
        DeniedError: the share was taken back, or is over.
        UsesExhaustedError: less is left, or nothing is asked for.
    """
    _require_open(ledger, now)
    _require_left(ledger, amount)
    # THREAT T591: an hour, so that a revocation that does not reach a device holds all the same
    end = Instant(
        now + LONGEST if ledger.not_after is None else min(now + LONGEST, ledger.not_after)
    )
    lease = Lease(
        device=device, incarnation=incarnation, first=ledger.following, amount=amount, end=end
    )
    after = replace(ledger, lent=(*ledger.lent, lease), following=ledger.following + amount)
    return after, lease


def draw(holding: Holding, incarnation: Id16, nonce: bytes, now: Instant) -> tuple[Holding, int]:
    """Return the lease after a use at its device, and the number of the use.

    Raises:
        DeniedError: it is over, or of another incarnation.
        UsesExhaustedError: it is used up.
    """
    # THREAT T479: a device that was restored or cloned begins with nothing
    if incarnation != holding.lease.incarnation or now >= holding.lease.end:
        raise DeniedError
    if nonce in holding.answered:
        return holding, holding.answered[nonce]
    if holding.used >= holding.lease.amount:
        raise UsesExhaustedError("a lease of a share is used up")
    number = holding.lease.first + holding.used
    answered = {**holding.answered, nonce: number}
    return replace(holding, used=holding.used + 1, answered=answered), number


def settle(ledger: Ledger, holding: Holding, incarnation: Id16) -> Ledger:
    """Return the ledger after a holder gave back what it did not use; it draws no more from it.

    Raises:
        DeniedError: the lease is not out, or another incarnation gives it back.
    """
    lease = holding.lease
    if lease not in ledger.lent or incarnation != lease.incarnation:
        raise DeniedError
    left = tuple(each for each in ledger.lent if each != lease)
    return replace(ledger, lent=left, spent=ledger.spent + holding.used)


def lose(ledger: Ledger, device: DeviceId) -> Ledger:
    """Return the ledger after a device was lost, restored or removed: its leases are used up."""
    gone = sum(lease.amount for lease in ledger.lent if lease.device == device)
    left = tuple(lease for lease in ledger.lent if lease.device != device)
    return replace(ledger, lent=left, spent=ledger.spent + gone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a device tells of the uses that it was lent."""

    holdings: tuple[Holding, ...]  # that it did not give back
    used: int  # from leases that it gave back


def put_back(ledger: Ledger, incarnation: bytes) -> Ledger:
    """Return the ledger of a device that goes on in another incarnation."""
    return replace(ledger, incarnation=incarnation, is_back=bool(ledger.incarnation))


def heard(ledger: Ledger, own: int, last: int, told: Mapping[DeviceId, Told]) -> Ledger:
    """Return a ledger that was put back, after every other device told what it has.

    Args:
        ledger: as it was put back.
        own: how many uses its own device is known to have charged.
        last: the highest number that a use is known to have.
        told: what each other device said since.
    """
    # THREAT T590: what was lent after the copy was made is out all the same
    lent = {each.lease.first: each.lease for one in told.values() for each in one.holdings}
    known = {each.first: each for each in ledger.lent} | lent
    ends = [each.first + each.amount for each in known.values()]
    used = own + sum(each.used for each in told.values())
    return replace(
        ledger,
        lent=tuple(known[first] for first in sorted(known)),
        spent=max(ledger.spent, used),
        following=max(ledger.following, last + 1, *ends),
        is_back=False,
    )


def revoke(ledger: Ledger) -> Ledger:
    """Return the ledger of a share that was taken back."""
    return replace(ledger, is_revoked=True)


def unconfirmed(ledger: Ledger, now: Instant) -> frozenset[DeviceId]:
    """Return the devices that could still use what they were lent: those to name to the owner."""
    return frozenset(lease.device for lease in ledger.lent if now < lease.end)


def _require_open(ledger: Ledger, now: Instant) -> None:
    is_over = ledger.not_after is not None and now >= ledger.not_after
    if ledger.is_revoked or ledger.is_back or is_over:
        raise DeniedError


def _require_left(ledger: Ledger, amount: int) -> None:
    if not 1 <= amount <= ledger.left:
        raise UsesExhaustedError(f"{ledger.left} uses of a share are left")
