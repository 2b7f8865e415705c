"""Slices of a budget: what a device may spend while nobody else can be asked.

- One device counts a budget for a term; slices that it leases add up to the cap at most, and what
  it spends itself is from a slice as well.
- A slice is of one device in one incarnation. What is not given back by that very holder counts as
  spent.
- A next term goes on from what was handed over. Without that it goes on from the highest sum that
  anybody shows, and from the cap if somebody who may hold a slice was not heard.

Source: docs/spec/12-membership.md section 8.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sealhold.crypto.sign import PublicKey, SigningKey, verify
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import (
    BadSignatureError,
    DeniedError,
    ExhaustedError,
    InvalidEncodingError,
    InvalidError,
)
from sealhold.model.ids import ID_BYTES, DeviceId, Id16
from sealhold.model.quantities import Instant

MAX_AMOUNT = 1 << 53  # millionths, or uses
MAX_TERM = (1 << 31) - 1
MAX_OPEN = 128  # slices that are out at a time
MAX_HAND_OVER = 16_384  # bytes; 128 slices have 12 KB
SIGNATURE_BYTES = 64

_FORM = 1
_SLICE_FIELDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A part of a budget that one device may spend."""

    ledger: Id16
    term: int
    number: int  # of the slice in its ledger, from 1; never used again
    device: DeviceId
    incarnation: Id16
    amount: int
    end: Instant  # from when on nothing is spent from it
    total: int  # what counted as spent when it was leased, with it

    def told(self) -> list[Plain]:
        """Return the slice as an entry of a log tells it."""
        where = [self.ledger, self.term, self.number, self.device, self.incarnation]
        return [*where, self.amount, self.end, self.total]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """What the holder of a slice did not spend and will not spend any more."""

    ledger: Id16
    number: int
    device: DeviceId
    incarnation: Id16
    unspent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A slice as its holder has it."""

    slice: Slice
    spent: int = 0

    def spend(self, amount: int, device: DeviceId, incarnation: Id16, now: Instant) -> "Holding":
        """Return the slice after spending from it.

        Raises:
            DeniedError: another device or incarnation has it, or it is over.
            ExhaustedError: less is left.
            InvalidError: a negative amount.
        """
        if amount < 0:
            raise InvalidError("a negative amount")
        # THREAT T459: what came back from a copy has another incarnation, and spends nothing
        if (device, incarnation) != (self.slice.device, self.slice.incarnation):
            raise DeniedError("a slice of another device or incarnation")
        if now >= self.slice.end:
            raise DeniedError("a slice that is over")
        if self.spent + amount > self.slice.amount:
            raise ExhaustedError("a slice does not cover the amount")
        return replace(self, spent=self.spent + amount)

    def given_back(self) -> GivenBack:
        """Return what the holder tells; it spends nothing from the slice from then on."""
        return GivenBack(
            ledger=self.slice.ledger,
            number=self.slice.number,
            device=self.slice.device,
            incarnation=self.slice.incarnation,
            unspent=self.slice.amount - self.spent,
        )


def taken(leased: Slice, term: int, *, acknowledged: bool) -> Holding:
    """Return a slice as its holder takes it.

    Args:
        leased: the slice as it was published.
        term: the highest term of the ledger that the holder knows.
        acknowledged: whether another device than the one that leased it has it in its log and knows
            no later term; the holder is one, and who has a single device needs none.

    Raises:
        DeniedError: of a term that is over, or known to nobody else: who counts next would not know
            of it.
    """
    if not acknowledged:
        raise DeniedError("a slice that no other device acknowledged")
    if leased.term != term:
        raise DeniedError("a slice of another term than the ledger's")
    return Holding(slice=leased)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """What the device of a term knew at its end."""

    ledger: Id16
    term: int
    charged: int
    out: tuple[Slice, ...]  # ascending by number
    last: int  # the highest number of a slice


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A budget as the device that counts it has it."""

    ledger: Id16
    term: int
    cap: int
    charged: int = 0  # spent for good
    out: Mapping[int, Slice] = field(default_factory=dict)  # leased and not given back
    last: int = 0  # the highest number of a slice

    @property
    def total(self) -> int:
        """What counts as spent: what is, and all that is leased."""
        return self.charged + sum(each.amount for each in self.out.values())

    @property
    def room(self) -> int:
        """What can still be leased."""
        return max(self.cap - self.total, 0)

    def lease(
        self, device: DeviceId, incarnation: Id16, amount: int, end: Instant
    ) -> tuple["Book", Slice]:
        """Return this book with one more slice, and the slice.

        Raises:
            ExhaustedError: there is no room for it, or as many are out as may be.
            InvalidError: no amount.
        """
        if amount <= 0:
            raise InvalidError("a slice of nothing")
        # THREAT T459: slices add up to the cap at most
        if amount > self.room or len(self.out) >= MAX_OPEN:
            raise ExhaustedError("a budget has no room for the slice")
        leased = Slice(
            ledger=self.ledger,
            term=self.term,
            number=self.last + 1,
            device=device,
            incarnation=incarnation,
            amount=amount,
            end=end,
            total=self.total + amount,
        )
        out = {**self.out, leased.number: leased}
        return replace(self, out=out, last=leased.number), leased

    def returned(self, back: GivenBack) -> "Book":
        """Return this book with what a holder gave back.

        Raises:
            DeniedError: the slice is not out, it is another's, or more than it had.
        """
        leased = self.out.get(back.number)
        if (
            leased is None
            or back.ledger != self.ledger
            or (back.device, back.incarnation) != (leased.device, leased.incarnation)
            or not 0 <= back.unspent <= leased.amount
        ):
            raise DeniedError("a slice is given back by its holder, once")
        return self._closed([leased], unspent=back.unspent)

    def lost(self, device: DeviceId, incarnation: Id16 | None = None) -> "Book":
        """Return this book with the slices of a device counted as spent.

        Args:
            device: that was lost, removed or restored.
            incarnation: the one that it goes on in, whose slices stay; None: no slice of it stays.
        """
        gone = [
            each
            for each in self.out.values()
            if each.device == device and each.incarnation != incarnation
        ]
        return self._closed(gone)

    def hand_over(self, signer: SigningKey) -> bytes:
        """Return what the next term's device goes on from; nothing is leased here afterwards."""
        out = [self.out[number].told() for number in sorted(self.out)]
        told = pack([_FORM, self.ledger, self.term, self.charged, self.last, out])
        return told + signer.sign(Tag.HAND_OVER, told)

    def _closed(self, gone: Iterable[Slice], unspent: int = 0) -> "Book":
        closed = {each.number: each for each in gone}
        spent = sum(each.amount for each in closed.values()) - unspent
        out = {number: each for number, each in self.out.items() if number not in closed}
        return replace(self, charged=self.charged + spent, out=out)


def first_term(ledger: Id16, cap: int) -> Book:
    """Return the book of a budget that nothing was ever spent of."""
    return Book(ledger=ledger, term=1, cap=cap)


def next_term(
    ledger: Id16,
    term: int,
    cap: int,
    *,
    handed: HandOver | None,
    shown: Iterable[Slice] = (),
    highest: int = 0,
    all_heard: bool = False,
) -> Book:
    """Return the book of a term after the first.

    Args:
        ledger: of which budget.
        term: the new one.
        cap: the most that may be spent.
        handed: what the device of the term before handed over, its signature checked.
        shown: all slices of earlier terms that any device or log shows.
        highest: the highest sum that a receipt or witness shows.
        all_heard: whether each device that was ever a member, but the one that counted, told its
            slices after it had seen the new term.

    Raises:
        InvalidError: it was handed over for another ledger or term.
    """
    known = list(shown)
    last = max((each.number for each in known), default=0)
    if handed is not None:
        if (handed.ledger, handed.term) != (ledger, term - 1):
            raise InvalidError("a hand-over of another ledger or term")
        out = {each.number: each for each in handed.out}
        charged, last = handed.charged, max(handed.last, last)
        return Book(ledger=ledger, term=term, cap=cap, charged=charged, out=out, last=last)
    # THREAT T459: what nobody can vouch for counts as spent
    sums = [each.total for each in known]
    charged = max([highest, *sums, 0 if all_heard else cap])
    return Book(ledger=ledger, term=term, cap=cap, charged=charged, last=last)


def read_hand_over(data: bytes, public: PublicKey) -> HandOver:
    """Return what the device whose key is `public` handed over.

    Raises:
        BadSignatureError: not by that device.
        InvalidEncodingError: signed, and not as a hand-over is.
    """
    if not SIGNATURE_BYTES < len(data) <= MAX_HAND_OVER:
        raise BadSignatureError("bytes that are no signed hand-over")
    told, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    verify(public, Tag.HAND_OVER, told, signature)
    match unpack(told):
        case [1, bytes(ledger), int(term), int(charged), int(last), list(out)] if (
            len(ledger) == ID_BYTES
            and 0 < term <= MAX_TERM
            and 0 <= charged <= MAX_AMOUNT
            and 0 <= last <= MAX_TERM
            and len(out) <= MAX_OPEN
        ):
            slices = tuple(read_slice(each) for each in out)
        case _:
            raise InvalidEncodingError("a hand-over does not tell what it must")
    numbers = [each.number for each in slices]
    if (
        numbers != sorted(set(numbers))
        or any(each.ledger != ledger or each.term > term for each in slices)
        or max(numbers, default=0) > last
    ):
        raise InvalidEncodingError("slices of a hand-over are not those of its ledger")
    return HandOver(ledger=Id16(ledger), term=term, charged=charged, out=slices, last=last)


def read_slice(told: Plain) -> Slice:
    """Return a slice as an entry of a log tells it.

    Raises:
        InvalidEncodingError: not as a slice is told.
    """
    match told:
        case [
            bytes(ledger),
            int(term),
            int(number),
            bytes(device),
            bytes(incarnation),
            int(amount),
            int(end),
            int(total),
        ] if (
            len(ledger) == len(device) == len(incarnation) == ID_BYTES
            and 0 < term <= MAX_TERM
            and 0 < number <= MAX_TERM
            and 0 < amount <= total <= MAX_AMOUNT
            and 0 <= end < MAX_AMOUNT
        ):
            return Slice(
                ledger=Id16(ledger),
                term=term,
                number=number,
                device=DeviceId(Id16(device)),
                incarnation=Id16(incarnation),
                amount=amount,
                end=Instant(end),
                total=total,
            )
        case _:
            raise InvalidEncodingError(f"a slice tells {_SLICE_FIELDS} values")
