"""Counted uses among an owner's devices: one looks after a share, and lends uses to the others.

- A lease is of an eighth of the count, for an hour at most, and to a device that asked for one
  because somebody used the share of late. What it did not use it gives back.
- A device that was put back to an earlier state begins the next term, and charges nothing until
  every other one told what it has.
- What is durable comes before what is told, and what is told is told again only if it changed: a
  round that was cut off goes on with the next one.

Source: docs/spec/52-share-spaces.md section 11; docs/spec/49-sharing.md section 10.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from sealhold.model.errors import DeniedError, UsesExhaustedError
from sealhold.model.ids import DeviceId, Id16
from sealhold.model.quantities import DAY, HOUR, MINUTE, Instant
from sealhold.policy.share import Per
from sealhold.policy.shareterms import Tier
from sealhold.policy.uses import Lease, Ledger, Told, heard, lend, lose, put_back, settle
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.saying import ASK
from sealhold.sharing.peers.answering import answers_by
from sealhold.sharing.peers.leasenotes import (
    Has,
    has_told,
    lease_for_me,
    tell_has,
    tell_lease,
    what_others_have,
)
from sealhold.sharing.peers.sharepaper import Record
from sealhold.sharing.peers.spaces import name_keeper
from sealhold.vault.shareleases import Held, ShareLeases
from sealhold.vault.shareledger import ShareLedgers

PARTS: Final = 8  # a lease is this part of the count
NUMBERS: Final = 64  # of a share without a count
OF_LATE: Final = DAY  # since somebody asked
SOON: Final = 15 * MINUTE  # before a lease ends another one is asked for
HOLDING: Final = frozenset({Role.ADMIN, Role.FULL})


def is_lent(record: Record) -> bool:
    """Return whether uses of a share are lent; those that are counted by the day are not."""
    clauses = record.clauses
    by_day = clauses.count is not None and clauses.count.per is Per.DAY
    return clauses.tier is Tier.KEY_PER_USE and not by_day


class Lending:
    """At the device that looks after shares: what it lends. For one thread."""

    def __init__(self, devices: Devices, ledgers: ShareLedgers) -> None:
        self._devices, self._ledgers = devices, ledgers

    def keep_up(self, opened: Open, record: Record) -> tuple[DeviceId, ...]:
        """Settle what came back and lend what is asked for, durably.

        Returns:
            The devices that were not heard, while nothing is charged for that; else none.

        Raises:
            NotFoundError: the share has no ledger here.
            DeniedError: this device was put back, and may not begin the next term.
        """
        if not is_lent(record):
            return ()
        told = dict(what_others_have(self._devices, record.grant))
        if missing := self._goes_on(opened, record, told):
            return missing
        ledger = self._ledgers.ledger(record.grant)
        after = self._lent(opened, record, self._settled(ledger, told), told)
        if after != ledger:
            self._ledgers.change(
                record.grant,
                lambda now: self._lent(opened, record, self._settled(now, told), told),
                "lent",
            )
        newest = {each.device: each for each in self._ledgers.ledger(record.grant).lent}
        term = self._term(opened, record)
        for lease in newest.values():
            tell_lease(self._devices, record.grant, term, lease)
        return ()

    def _term(self, opened: Open, record: Record) -> int:
        named = opened.members.state.ledgers.get(Id16(record.grant))
        return 0 if named is None else named.term

    def _goes_on(
        self, opened: Open, record: Record, told: dict[DeviceId, Has]
    ) -> tuple[DeviceId, ...]:
        """Go on in this incarnation; return who has to be heard before."""
        me, grant = self._devices.me, record.grant
        ledger = self._ledgers.ledger(grant)
        if ledger.incarnation != me.incarnation:
            if ledger.incarnation:
                name_keeper(self._devices, opened, grant)
            ledger = self._ledgers.change(
                grant, lambda one: put_back(one, me.incarnation), "goes on"
            )
        if not ledger.is_back:
            return ()
        term = self._term(opened, record)
        others = self._others(opened) - {me.id}
        # THREAT T590: who was not heard since may have been lent what this copy does not know
        heard_of = {device for device, has in told.items() if has.term >= term}
        if missing := sorted(others - heard_of):
            return tuple(missing)
        answers = answers_by(opened, grant)
        last = max((each for numbers in answers.values() for each in numbers), default=0)
        own = len(answers.pop(me.id, ()))
        gone = sum(len(numbers) for device, numbers in answers.items() if device not in told)
        said = {device: _told(each, len(answers.get(device, ()))) for device, each in told.items()}
        self._ledgers.change(grant, lambda one: heard(one, own + gone, last, said), "goes on")
        return ()

    def _others(self, opened: Open) -> set[DeviceId]:
        """Return the devices of the owner that may answer in a space."""
        home = self._devices.home.members.state.holders()
        here = opened.members.state.holders()
        return {each for each, it in home.items() if it.role in HOLDING and each in here}

    def _settled(self, ledger: Ledger, told: dict[DeviceId, Has]) -> Ledger:
        """Return a ledger after what came back, and what never will."""
        holders = self._devices.home.members.state.holders()
        for device in {each.device for each in ledger.lent}:
            has = told.get(device)
            if device not in holders:
                ledger = lose(ledger, device)
            elif has is not None:
                for each in has.held:
                    if each.is_closed:
                        with suppress(DeniedError):  # it was settled before
                            ledger = settle(ledger, each.holding, has.incarnation)
                # THREAT T590: what another incarnation was lent is spent
                if any(_is_old(each, device, has) for each in ledger.lent):
                    ledger = lose(ledger, device)
        return ledger

    def _lent(
        self, opened: Open, record: Record, ledger: Ledger, told: dict[DeviceId, Has]
    ) -> Ledger:
        count, now = record.clauses.count, self._devices.now()
        part = NUMBERS if count is None else ledger.most // PARTS
        for device in sorted(self._others(opened) & told.keys()):
            has, out = told[device], [each for each in ledger.lent if each.device == device]
            is_known = all(each.first <= has.last for each in out)
            if has.wants and is_known and not record.is_revoked:
                amount = min(part, ledger.left // 2)
                with suppress(DeniedError, UsesExhaustedError):
                    ledger, _ = lend(ledger, device, has.incarnation, amount, now)
        return ledger


class Borrowing:
    """At another device of the owner: what it was lent. For one thread."""

    def __init__(self, devices: Devices, leases: ShareLeases) -> None:
        self._devices, self._leases = devices, leases

    def keep_up(self, opened: Open, record: Record) -> None:
        """Take what was lent, give back what is over, and ask for more, durably."""
        named = opened.members.state.ledgers.get(Id16(record.grant))
        me = self._devices.me
        may = self._devices.home.members.state.certificate(me.id)
        if named is None or not is_lent(record) or may is None or may.role not in HOLDING:
            return
        now, grant = self._devices.now(), record.grant
        lease = lease_for_me(self._devices, grant, named.device, named.term)
        if lease is not None and lease.end > now and not record.is_revoked:
            # THREAT T591: by a clock that is behind, no lease lasts longer than an hour either
            self._leases.take(grant, replace(lease, end=Instant(min(lease.end, now + HOUR))))
        held = self._leases.held(grant)
        self._leases.close(grant, _over(held, now, is_revoked=record.is_revoked))
        held = self._leases.held(grant)
        wants = not record.is_revoked and _is_short(held, now) and _is_asked(opened, now)
        if not held and not wants and named.term == 1 and not has_told(self._devices, grant):
            return
        has = Has(Id16(me.incarnation), named.term, wants, tuple(held))
        tell_has(self._devices, grant, has)


def _over(held: Sequence[Held], now: Instant, *, is_revoked: bool) -> list[int]:
    """Return the numbers of leases that nothing more is drawn from."""
    leases = [each.holding.lease for each in held if each.left]
    lasting = {each.first for each in leases if now < each.end and not is_revoked}
    return [each.holding.lease.first for each in held if each.holding.lease.first not in lasting]


def _is_short(held: Sequence[Held], now: Instant) -> bool:
    """Return whether a device lacks uses for some time to come."""
    return not any(
        2 * each.left >= each.holding.lease.amount and each.holding.lease.end - now > SOON
        for each in held
    )


def _is_asked(opened: Open, now: Instant) -> bool:
    """Return whether somebody asked of late."""
    times = (note.time.ms for _, note in opened.replica.state.notes(ASK))
    return any(now - OF_LATE < each for each in times)


def _is_old(lease: Lease, device: DeviceId, has: Has) -> bool:
    return lease.device == device and lease.incarnation != has.incarnation


def _told(has: Has, answers: int) -> Told:
    """Return what a device tells; one that was put back as well answered more than it knows."""
    holdings = tuple(each.holding for each in has.held)
    return Told(
        holdings=holdings, used=max(has.before, answers - sum(each.used for each in holdings))
    )
