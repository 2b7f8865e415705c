"""Uses of a share that this device was lent: taken once, drawn from, given back.

- A use, its entry in the log and the lease that it is drawn from are one unit. What was given back
  is drawn from no more, and that is durable before it is told.
- A lease is of one incarnation: a device that was put back draws from none that it came with.

Source: docs/spec/52-share-spaces.md section 11; docs/spec/49-sharing.md section 10.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from sealhold.audit.event import EventKind
from sealhold.model.encoding import Plain
from sealhold.model.errors import ConflictError, DeniedError, TamperedError, UsesExhaustedError
from sealhold.model.ids import ID_BYTES, DeviceId, GrantId, Id16
from sealhold.model.quantities import Instant
from sealhold.policy.uses import Holding, Lease, draw
from sealhold.stores.spec import Delete, Expect, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.shareuses import AGAIN, Answer, Asked, Kept, ShareUses, kept_of
from sealhold.vault.syncrows import SHARE_LEASES

KEPT: Final = 8  # leases of a share that are kept, closed ones too


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as its holder keeps it."""

    holding: Holding
    before: int = 0  # uses that were drawn from leases that are kept no more
    is_closed: bool = False  # nothing more is drawn from it

    @property
    def left(self) -> int:
        """How many uses can still be drawn."""
        return 0 if self.is_closed else self.holding.lease.amount - self.holding.used


class ShareLeases(ShareUses):
    """The leases that this device was given, in the incarnation that it has."""

    def __init__(self, core: Core, incarnation: bytes) -> None:
        super().__init__(core)
        self._incarnation = Id16(incarnation)

    def held(self, grant: GrantId) -> list[Held]:
        """Return the leases of a share in the order of their numbers, closed ones too."""
        return [each for each, _ in self._rows(grant)]

    def take(self, grant: GrantId, lease: Lease) -> None:
        """Take a lease, durably; one that was taken before stays as it is."""
        held = self.held(grant)
        if any(each.holding.lease.first == lease.first for each in held):
            return
        old = [each for each in held[: 1 - KEPT] if each.is_closed]
        before = max((each.before for each in held), default=0)
        before += sum(each.holding.used for each in old)
        rows: list[Op] = [
            Delete(SHARE_LEASES.name, (grant, each.holding.lease.first)) for each in old
        ]
        rows.append(self._lease_row(grant, Held(Holding(lease=lease), before), Expect.ABSENT))
        self._write(rows, self._event(EventKind.SHARE, grant, "was lent uses"))

    def use(self, asked: Asked, now: Instant, answer: Answer) -> Kept:
        """Draw a use, durably, with the answer that it gets; or return the one that it got.

        Args:
            asked: which was permitted.
            now: the time.
            answer: makes what is told, from the number of the use.

        Raises:
            UsesExhaustedError: no lease has a use left; nothing was drawn.
            ConflictError: others write the leases without end.
        """
        for _ in range(AGAIN):
            if (known := self.kept(asked.grant, asked.nonce)) is not None:
                return known
            held, version, number = self._drawn(asked, now)
            kept = kept_of(asked, number, answer(number), now)
            # THREAT T549: draw, log and answer are one unit: none is without the others
            event = self._event(EventKind.SHARED_USE, asked.grant, "released", asked)
            rows = [self._lease_row(asked.grant, held, version), self._use_row(asked, kept)]
            try:
                self._write(rows, event, releases=True)
            except ConflictError:
                continue
            return kept
        raise ConflictError("leases that are written without end")

    def close(self, grant: GrantId, firsts: Iterable[int]) -> None:
        """Draw no more from leases, durably."""
        wanted = set(firsts)
        rows = [
            self._lease_row(grant, replace(each, is_closed=True), version)
            for each, version in self._rows(grant)
            if each.holding.lease.first in wanted and not each.is_closed
        ]
        if rows:
            self._write(rows, self._event(EventKind.SHARE, grant, "gave uses back"))

    # --- inside ---

    def _drawn(self, asked: Asked, now: Instant) -> tuple[Held, int, int]:
        for each, version in self._rows(asked.grant):
            if each.is_closed:
                continue
            try:
                holding, number = draw(each.holding, self._incarnation, asked.nonce, now)
            except (DeniedError, UsesExhaustedError):
                continue
            return replace(each, holding=replace(holding, answered={})), version, number
        raise UsesExhaustedError("no use of this share is lent to this device")

    def _rows(self, grant: GrantId) -> list[tuple[Held, int]]:
        papers, found = self._core.papers, list[tuple[Held, int]]()
        cursor = None
        while True:
            page = self._core.store.scan(SHARE_LEASES.name, "key", (grant,), (), after=cursor)
            for each in page.rows:
                if each.row[0] == grant:
                    told = papers.open(SHARE_LEASES.name, (grant, each.row[1]), each.row[2])
                    found.append((_held(told), each.v))
            cursor = page.cursor
            if cursor is None:
                return found

    def _lease_row(self, grant: GrantId, held: Held, expect: Expect | int) -> Put:
        first = held.holding.lease.first
        return self._row(SHARE_LEASES.name, (grant, first), _told(held), expect)


def told_lease(lease: Lease) -> Plain:
    """Return a lease as it is written."""
    return [lease.device, lease.incarnation, lease.first, lease.amount, lease.end]


def read_lease(told: Plain) -> Lease:
    """Return a lease that was written.

    Raises:
        TamperedError: it is none.
    """
    match told:
        case [bytes(device), bytes(incarnation), int(first), int(amount), int(end)] if (
            len(device) == len(incarnation) == ID_BYTES
            and first > 0 < amount
            and first + amount <= 1 << 31
            and end >= 0
        ):
            return Lease(
                device=DeviceId(Id16(device)),
                incarnation=Id16(incarnation),
                first=first,
                amount=amount,
                end=Instant(end),
            )
        case _:
            raise TamperedError("a lease of a share is not what was written")


def _told(held: Held) -> Plain:
    return [1, told_lease(held.holding.lease), held.holding.used, held.before, held.is_closed]


def _held(told: Plain) -> Held:
    match told:
        case [1, list(lease), int(used), int(before), bool(closed)]:
            return Held(Holding(lease=read_lease(lease), used=used), before, closed)
        case _:
            raise TamperedError("a lease of a share is not what was written")
