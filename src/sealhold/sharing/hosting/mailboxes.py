"""Mailboxes over a store of rows and a store of objects: what a blind relay keeps, and how.

- An object is durable before its row, and its row before anybody is told of either.
- Room is charged in the commit of the row; what does not fit is taken away again.
- Of a token its id and rights are kept; what makes it good is computed from the relay's key.
- One process has a relay's stores open at a time; in it, one thread works on a name at a time.

Source: docs/spec/14-relay.md section 3.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, cast

from sealhold.crypto.secret import Secret
from sealhold.crypto.token import Seen, mint
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import (
    BadTokenError,
    ConflictError,
    InvalidError,
    ObjectNotFoundError,
)
from sealhold.model.ids import Id16, SealedBytes, random_id
from sealhold.net.relay.names import Item, Sort, run_of
from sealhold.net.relay.papers import Rights
from sealhold.net.relay.spec import Bearer, Box, News, Stored, Usage
from sealhold.sharing.hosting.committing import MOST, Committing
from sealhold.sharing.hosting.tables import (
    ACCOUNT,
    BOX,
    ITEM,
    TOKEN,
    behind,
    item_at,
    key_of,
    span,
)
from sealhold.stores.spec import (
    Bump,
    Delete,
    DeleteWhere,
    Expect,
    Fence,
    Guard,
    Kept,
    ObjectStore,
    Op,
    Outcome,
    Put,
    RecordStore,
    Unit,
)

ROW_ROOM: Final = 256  # bytes charged for a row, so that small objects are not free
MAX_BOXES: Final = 1_000  # of an account
MAX_TOKENS: Final = 256  # of a mailbox; five devices need ten
REMEMBERED: Final = 10_000  # tokens and mailboxes
STRIPES: Final = 64
AT_ONCE: Final = 1_000  # objects of an ended mailbox that are looked up together

Quotas = Callable[[Id16], int | None]  # bytes of an account, None if there is no such account


@dataclass(slots=True)
class Mailboxes:
    """All mailboxes of one relay."""

    rows: RecordStore
    objects: ObjectStore
    key: Secret  # mints tokens
    quotas: Quotas
    clock: Clock
    entropy: Entropy
    fence: Fence
    committing: Committing = field(init=False)
    _seen: Seen = field(init=False)
    _bearers: dict[Id16, Bearer] = field(default_factory=dict)
    _accounts: dict[Id16, Id16] = field(default_factory=dict)  # of mailboxes
    _known: Lock = field(default_factory=Lock)
    _stripes: tuple[Lock, ...] = field(
        default_factory=lambda: tuple(Lock() for _ in range(STRIPES))
    )

    def __post_init__(self) -> None:
        self.committing = Committing(self.rows, self.fence)
        self._seen = Seen(self.key)

    # --- who asks ---

    def bearer(self, token: str) -> Bearer:
        # THREAT T445: a token holds by the relay's key, and only while its row is there; whoever
        # steals the rows can mint none
        found = self._seen.check(token, now=self.clock(), admits=lambda _: False)
        if self.quotas(found.id) is not None:
            return Bearer(found.id, None, found.id)
        with self._known:
            if found.id not in self._bearers:
                [row] = self.rows.get(TOKEN.name, [(found.id,)])
                if row is None:
                    raise BadTokenError("an access token does not hold")
                if len(self._bearers) >= REMEMBERED:
                    self._bearers.clear()
                _, box, rights = row.row
                self._bearers[found.id] = Bearer(found.id, Rights(rights), Id16(box))
            return self._bearers[found.id]

    def usage(self, account: Id16) -> Usage:
        [found] = self.rows.get(ACCOUNT.name, [(account,)])
        _, used, boxes = found.row if found else (account, 0, 0)
        return Usage(self.quotas(account) or 0, used, boxes)

    # --- mailboxes and their tokens ---

    def box(self, box: Id16) -> Box | None:
        [found] = self.rows.get(BOX.name, [(box,)])
        return Box(found.row[2], found.row[3]) if found else None

    def open(self, account: Id16, box: Id16, key: bytes, number: int) -> bool:
        if self.rows.get(ACCOUNT.name, [(account,)])[0] is None:
            self._try(Put(ACCOUNT.name, (account, 0, 0), Expect.ABSENT))
        row = Put(BOX.name, (box, account, key, number), Expect.ABSENT)
        outcome = self._try(Bump(ACCOUNT.name, (account,), "boxes", 1, MAX_BOXES), row)
        if outcome is Outcome.CONFLICT:
            raise ConflictError("this mailbox is there")
        return outcome is Outcome.APPLIED

    def mint(self, box: Id16, rights: Rights, number: int) -> str | None:
        page = self.rows.scan(TOKEN.name, "box", (box,), _next(box), limit=MAX_TOKENS)
        if len(page.rows) >= MAX_TOKENS:
            return None
        fresh = random_id(self.entropy)
        self._with_paper(
            box, number, lambda _key: [Put(TOKEN.name, (fresh, box, rights.value), Expect.ABSENT)]
        )
        return mint(self.key, fresh)

    def drop(self, box: Id16, tokens: Sequence[Id16], number: int) -> None:
        found = self.rows.get(TOKEN.name, [(each,) for each in tokens])
        mine = [row.row[0] for row in found if row is not None and row.row[1] == box]
        with self._known:
            self._with_paper(
                box, number, lambda _key: [Delete(TOKEN.name, (each,)) for each in mine]
            )
            for each in mine:
                self._bearers.pop(each, None)

    def rekey(self, box: Id16, key: bytes, number: int) -> None:
        # THREAT T446: whoever was removed and has the old key minted tokens; all of them end
        with self._known:
            self._with_paper(
                box, number, lambda _key: [DeleteWhere(TOKEN.name, "box", (box,))], key=key
            )
            self._forget_tokens(box)

    def end(self, box: Id16, number: int) -> None:
        with self._known:
            self._with_paper(box, number, lambda _key: [DeleteWhere(TOKEN.name, "box", (box,))])
            self._forget_tokens(box)
        account = self._account_of(box)
        self._empty(box, account)
        self._try(
            Delete(BOX.name, (box,), Expect.PRESENT),
            Bump(ACCOUNT.name, (account,), "boxes", -1, MOST),
        )
        self._accounts.pop(box, None)
        self._empty(box, account)  # what was under way until then

    def _empty(self, box: Id16, account: Id16) -> None:
        while page := self.names(box, "", None, AT_ONCE):
            shared = defaultdict[int, list[Item]](list)
            for item, _size in page:
                shared[_stripe(item)].append(item)
            for stripe, items in shared.items():
                with self._stripes[stripe]:
                    self._take_away(items, account)

    def _take_away(self, items: Sequence[Item], account: Id16) -> None:
        """Forget objects whose lock is held, and free the room of those that are there."""
        found = self.rows.get(ITEM.name, [key_of(each) for each in items])
        there = [item_at(row) for row in found if row is not None]
        for each in items:
            self.objects.delete(each.whole())  # before its row: who is told so can rely on it
        if there:
            freed = -sum(_room(size) for _, size in there)
            # THREAT T607: room is freed with the row that took it, so once
            rows = (Delete(ITEM.name, key_of(each), Expect.PRESENT) for each, _ in there)
            self._try(*rows, Bump(ACCOUNT.name, (account,), "used", freed, MOST))

    # --- what lies in them ---

    def put(self, item: Item, data: bytes | bytearray) -> Stored:
        with self._alone(item):
            [found] = self.rows.get(ITEM.name, [key_of(item)])
            if found is None:
                return self._put_new(item, data)
            if self.objects.put(item.whole(), _sealed(data)) is Kept.CREATED:
                return Stored.CREATED  # its deletion was begun and never ended
            return self._compared(item, data)

    def _put_new(self, item: Item, data: bytes | bytearray) -> Stored:
        account = self._account_of(item.box)
        usage = self.usage(account)
        # THREAT T447: no more than the account's room, whatever comes at once
        if usage.used + _room(len(data)) > usage.quota:
            return Stored.FULL
        is_new = self.objects.put(item.whole(), _sealed(data)) is Kept.CREATED
        size = len(data) if is_new else self.objects.head(item.whole())

        def unit(arrival: int) -> Unit:
            counted = 0 if item.sort is Sort.PACK else arrival
            row = (*key_of(item), size, counted)
            return Unit(
                (
                    Guard(BOX.name, (item.box,), Expect.PRESENT),
                    Bump(ACCOUNT.name, (account,), "used", _room(size), usage.quota),
                    Put(ITEM.name, row, Expect.ABSENT),
                )
            )

        arrives = None if item.sort is Sort.PACK else item.box
        outcome = self.committing.commit(unit, arrives).outcome
        if outcome is Outcome.EXHAUSTED:
            self.objects.delete(item.whole())
            return Stored.FULL
        if outcome is Outcome.CONFLICT:  # the mailbox ended meanwhile
            self.objects.delete(item.whole())
            raise ObjectNotFoundError("no such mailbox")
        return Stored.CREATED if is_new else self._compared(item, data)

    def _compared(self, item: Item, data: bytes | bytearray) -> Stored:
        is_same = self.objects.get(item.whole()) == data
        return Stored.SAME if is_same else Stored.TAKEN

    def get(self, item: Item, offset: int = 0, length: int | None = None) -> bytes:
        return self.objects.get(item.whole(), offset, length)

    def size(self, item: Item) -> int:
        [found] = self.rows.get(ITEM.name, [key_of(item)])
        if found is None:
            raise ObjectNotFoundError("no such object")
        return item_at(found)[1]

    def delete(self, item: Item) -> None:
        with self._alone(item):
            self._take_away([item], self._account_of(item.box))

    def names(
        self, box: Id16, within: str, after: Item | None, limit: int
    ) -> Sequence[tuple[Item, int]]:
        bounds = span(box, within)
        if bounds is None:
            raise InvalidError("nothing of a mailbox begins like this")
        lo, hi = bounds
        if after is not None:
            lo = max(lo, behind(after))
        if lo >= hi:
            return []
        page = self.rows.scan(ITEM.name, "key", lo, hi, limit=limit)
        return [item_at(found) for found in page.rows]

    def news(self, box: Id16, after: int, limit: int) -> News:
        lo, hi = (box, min(after, MOST - 1) + 1), (box, MOST)
        page = self.rows.scan(ITEM.name, "arrival", lo, hi, limit=limit)
        newest: dict[tuple[Sort, bytes], tuple[Item, int]] = {}
        for found in page.rows:
            item, size = item_at(found)
            held = newest.get((item.sort, item.name))
            if held is None or held[0].seq < item.seq:
                newest[item.sort, item.name] = item, size
        # a cursor that is ahead of all is of a relay before it was put back to an older day
        cursor = page.rows[-1].row[-1] if page.rows else min(after, self.committing.newest(box))
        return News(cursor, list(newest.values()))

    def entries(self, box: Id16, log: bytes, first: int, most: int) -> list[bytes]:
        return run_of(self.objects.get, box, log, first, most)

    def wait(self, box: Id16, after: int, seconds: float) -> None:
        self.committing.wait(box, after, seconds)

    # --- within ---

    def _with_paper(
        self, box: Id16, number: int, ops: Callable[[bytes], list[Op]], key: bytes | None = None
    ) -> None:
        """Commit what a paper asks, once.

        Raises:
            ConflictError: a paper with this number or a later one came before.
        """
        [found] = self.rows.get(BOX.name, [(box,)])
        # THREAT T446: a paper counts once; whoever sends it again, or an older one, is refused
        if found is None or found.row[3] >= number:
            raise ConflictError("a later paper came before")
        _, account, held, _ = found.row
        row = Put(BOX.name, (box, account, key or held, number), found.v)
        if self._try(row, *ops(held)) is not Outcome.APPLIED:
            raise ConflictError("a later paper came before")

    def _try(self, *ops: Op) -> Outcome:
        return self.committing.commit(lambda _number: Unit(ops)).outcome

    def _account_of(self, box: Id16) -> Id16:
        if box not in self._accounts:
            [found] = self.rows.get(BOX.name, [(box,)])
            if found is None:
                raise ObjectNotFoundError("no such mailbox")
            if len(self._accounts) >= REMEMBERED:
                self._accounts.clear()
            self._accounts[box] = Id16(found.row[1])
        return self._accounts[box]

    def _forget_tokens(self, box: Id16) -> None:
        for each in [token for token, held in self._bearers.items() if held.of == box]:
            del self._bearers[each]

    def _alone(self, item: Item) -> Lock:
        return self._stripes[_stripe(item)]


def _stripe(item: Item) -> int:
    return hash(item) % STRIPES


def _room(size: int) -> int:
    return size + ROW_ROOM


def _next(box: Id16) -> tuple[bytes, ...]:
    past = int.from_bytes(box) + 1
    return () if past == 1 << 128 else (past.to_bytes(16),)


def _sealed(data: bytes | bytearray) -> SealedBytes:
    """Return the same buffer: a store only reads it, and a copy takes as long as writing it."""
    return SealedBytes(cast("bytes", data))  # reason: as above
