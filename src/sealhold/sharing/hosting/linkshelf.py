"""Link shares over a store of rows and a store of objects: who may open one, how often, how long.

- A try is charged before it is looked at, so no kill gives one away.
- What is over stops opening at once; its pieces go first, then their room, whenever that was cut
  off.
- Tickets are in memory alone.

Source: docs/spec/53-link-shares.md section 4.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, cast

from sealhold.crypto.digest import equal, sha256
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import (
    DeniedError,
    InvalidError,
    ObjectNotFoundError,
    StoreUnavailableError,
)
from sealhold.model.ids import Id16, ObjectName, SealedBytes, random_id
from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.net.relay.linkspec import MAX_MOST, MAX_WRONG, End, GoneError, LinkTerms, LinkTold
from sealhold.net.relay.spec import Stored
from sealhold.sharing.hosting.committing import MOST, Committing
from sealhold.sharing.hosting.linkrows import LINK, OPENING, HeldLink, held
from sealhold.sharing.hosting.tables import ACCOUNT
from sealhold.stores.spec import (
    Bump,
    Delete,
    Expect,
    Kept,
    ObjectStore,
    Op,
    Outcome,
    Put,
    RecordStore,
    Unit,
)

LONGEST: Final = 91 * DAY
BY_THEN: Final = DAY  # its pieces have come, or it ends
TICKET: Final = HOUR
REMEMBERED: Final = 30 * DAY  # an ended link, so that whoever has it is told why
ROOM: Final = 256  # bytes charged for a link, and for each piece
TICKETS: Final = 10_000
STRIPES: Final = 64
PAGE: Final = 500

Quotas = Callable[[Id16], int | None]


@dataclass(slots=True)
class LinkShelf:
    """All link shares of one relay."""

    rows: RecordStore
    objects: ObjectStore
    committing: Committing
    quotas: Quotas
    clock: Clock
    entropy: Entropy
    _tickets: dict[bytes, tuple[Id16, Instant]] = field(default_factory=dict)
    _known: Lock = field(default_factory=Lock)
    _stripes: tuple[Lock, ...] = field(
        default_factory=lambda: tuple(Lock() for _ in range(STRIPES))
    )

    # --- its owner ---

    def begin(self, account: Id16, link: Id16, terms: LinkTerms) -> Stored:
        now = self.clock()
        if not now < terms.until <= now + LONGEST:
            raise InvalidError("a link ends within 91 days")
        with self._alone(link):
            there = self._row(link)
            if there is not None:
                is_same = there.account == account and there.terms == terms
                return Stored.SAME if is_same and there.end is End.FILLING else Stored.TAKEN
            if self.rows.get(ACCOUNT.name, [(account,)])[0] is None:
                self._try(Put(ACCOUNT.name, (account, 0, 0), Expect.ABSENT))
            fresh = HeldLink(link, account, terms, now, End.FILLING, 0, 0, 0)
            # THREAT T559: no more than the account's room, charged before a byte of it comes
            outcome = self._try(
                Bump(ACCOUNT.name, (account,), "used", room_of(terms), self.quotas(account) or 0),
                Put(LINK.name, fresh.row(End.FILLING, terms.size), Expect.ABSENT),
            )
        return Stored.CREATED if outcome is Outcome.APPLIED else Stored.FULL

    def put(self, account: Id16, link: Id16, number: int, data: bytes | bytearray) -> Stored:
        with self._alone(link):
            there = self._owned(account, link)
            if there.end is not End.FILLING or len(data) != there.terms.length(number):
                return Stored.TAKEN
            name = name_of(link, number)
            sealed = SealedBytes(cast("bytes", data))  # reason: a store only reads it
            if self.objects.put(name, sealed) is Kept.CREATED:
                return Stored.CREATED
            return Stored.SAME if self.objects.get(name) == data else Stored.TAKEN

    def ready(self, account: Id16, link: Id16) -> bool:
        with self._alone(link):
            there = self._owned(account, link)
            if there.end is not End.FILLING:
                return there.end is End.READY
            try:
                for number in range(there.terms.pieces):
                    self.objects.head(name_of(link, number))
            except ObjectNotFoundError:
                return False
            self._ends(there, End.READY)
        return True

    def told(self, account: Id16, link: Id16) -> LinkTold:
        there = self._owned(account, link)
        page = self.rows.scan(OPENING.name, "key", (link,), (link, MOST), limit=PAGE, reverse=True)
        return LinkTold(
            end=self._end_of(there),
            until=there.terms.until,
            most=there.terms.most,
            opened=there.opened,
            wrong=there.wrong,
            pieces=there.terms.pieces,
            times=tuple(Instant(found.row[2]) for found in reversed(page.rows)),
        )

    def end(self, account: Id16, link: Id16) -> None:
        with self._alone(link), suppress(ObjectNotFoundError):
            there = self._owned(account, link)
            if there.end in {End.FILLING, End.READY}:
                self._ends(there, End.REVOKED)
            self._empty(self._owned(account, link))

    # --- whoever has it ---

    def open(self, link: Id16, proof: bytes) -> tuple[bytes, int]:
        with self._alone(link):
            there = self._row(link)
            if there is None:
                raise DeniedError("no such link, or another proof")
            # THREAT T557: a try is counted, durably, before it is looked at
            if self._try(Bump(LINK.name, (link,), "wrong", 1, MAX_WRONG)) is not Outcome.APPLIED:
                raise GoneError(End.CLOSED)
            if not equal(sha256(proof), there.terms.gate):
                raise DeniedError("no such link, or another proof")
            right = Bump(LINK.name, (link,), "wrong", -1, MAX_WRONG)
            end = self._end_of(there)
            if end is not End.READY:
                self._try(right)
                raise GoneError(end)
            # THREAT T558: an opening is counted and written down before it is one
            outcome = self._try(
                right,
                Bump(LINK.name, (link,), "opened", 1, there.terms.most or MAX_MOST),
                Put(OPENING.name, (link, there.opened + 1, self.clock()), Expect.ABSENT),
            )
            if outcome is not Outcome.APPLIED:
                raise GoneError(End.USED)
            return self._ticket(link), there.terms.pieces

    def piece(self, ticket: bytes, link: Id16, number: int) -> bytes:
        now = self.clock()
        with self._known:
            of, until = self._tickets.get(ticket, (None, now))
        # THREAT T558: nothing that is sealed leaves without an opening that was counted
        if of != link or until <= now:
            raise DeniedError("no such ticket")
        there = self._row(link)
        if there is None or there.end is not End.READY or there.terms.until <= now:
            raise GoneError(End.REVOKED if there is None else self._end_of(there))
        return self.objects.get(name_of(link, number))

    # --- what is over ---

    def sweep(self) -> None:
        """End what is over, and forget what was remembered for long enough."""
        after = None
        while True:
            page = self.rows.scan(LINK.name, "key", (), (), limit=PAGE, after=after)
            for found in page.rows:
                self._look(Id16(found.row[0]))
            after = page.cursor
            if after is None:
                return

    def _look(self, link: Id16) -> None:
        with self._alone(link):
            there = self._row(link)
            if there is None:
                return
            now = self.clock()
            end = self._end_of(there)
            if there.end is End.FILLING and there.begun + BY_THEN <= now:
                end = End.EXPIRED
            if end is End.USED and self._last(there) + TICKET > now:
                return
            if end in {End.FILLING, End.READY}:
                return
            if there.end in {End.FILLING, End.READY}:
                self._ends(there, end)
            self._empty(self._row(link))
            if there.terms.until + REMEMBERED <= now:
                openings = (
                    Delete(OPENING.name, (link, number)) for number in range(1, there.opened + 1)
                )
                self._try(Delete(LINK.name, (link,)), *openings)

    # --- within ---

    def _end_of(self, there: HeldLink) -> End:
        if there.end not in {End.FILLING, End.READY}:
            return there.end
        if there.wrong >= MAX_WRONG:
            return End.CLOSED
        if there.terms.until <= self.clock():
            return End.EXPIRED
        is_used = there.terms.most and there.opened >= there.terms.most
        return End.USED if is_used else there.end

    def _last(self, there: HeldLink) -> Instant:
        [found] = self.rows.get(OPENING.name, [(there.id, there.opened)])
        return Instant(found.row[2]) if found else Instant(0)

    def _ticket(self, link: Id16) -> bytes:
        now, fresh = self.clock(), bytes(random_id(self.entropy))
        with self._known:
            if len(self._tickets) >= TICKETS:
                over = [each for each, (_, until) in self._tickets.items() if until <= now]
                for each in over or [next(iter(self._tickets))]:
                    del self._tickets[each]
            self._tickets[fresh] = (link, Instant(now + TICKET))
        return fresh

    def _ends(self, there: HeldLink, end: End) -> None:
        row = Put(LINK.name, there.row(end, there.terms.size), there.version)
        if self._try(row) is not Outcome.APPLIED:
            raise StoreUnavailableError("a link was changed meanwhile")

    def _empty(self, there: HeldLink | None) -> None:
        """Delete the pieces of an ended link, and then give their room back."""
        if there is None or not there.terms.size:
            return
        for number in range(there.terms.pieces):
            self.objects.delete(name_of(there.id, number))
        self._try(
            Put(LINK.name, there.row(there.end, 0), there.version),
            Bump(ACCOUNT.name, (there.account,), "used", -room_of(there.terms), MOST),
        )

    def _owned(self, account: Id16, link: Id16) -> HeldLink:
        there = self._row(link)
        if there is None or there.account != account:
            raise ObjectNotFoundError("no such link")
        return there

    def _row(self, link: Id16) -> HeldLink | None:
        [found] = self.rows.get(LINK.name, [(link,)])
        return held(found) if found else None

    def _try(self, *ops: Op) -> Outcome:
        return self.committing.commit(lambda _number: Unit(ops)).outcome

    def _alone(self, link: Id16) -> Lock:
        return self._stripes[hash(link) % STRIPES]


def room_of(terms: LinkTerms) -> int:
    """Return the bytes that a link is charged for."""
    return terms.size + ROOM * (terms.pieces + 1)


def name_of(link: Id16, number: int) -> ObjectName:
    """Return the name of a piece in the store of objects."""
    return ObjectName(f"s/{link.hex()}/{number:08x}")
