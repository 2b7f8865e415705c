"""A budget whose devices are apart, lost, restored and follow each other is never overspent."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from sealhold.model.errors import DeniedError, ExhaustedError
from sealhold.model.ids import DeviceId, Id16
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.slices import (
    Book,
    Holding,
    Slice,
    first_term,
    next_term,
    read_hand_over,
    taken,
)
from tests.unit.member_devices import device

CAP = 6
LEDGER = Id16(b"l" * 16)
NOW, END = Instant(0), Instant(1)
DEVICES = 3
SIGNER = device("laptop").signer


@dataclass
class Replica:
    """A device, and what it knows of the budget."""

    id: DeviceId
    incarnation: Id16
    term: int = 1
    book: Book | None = None
    holdings: list[Holding] = field(default_factory=list)
    seen: list[Slice] = field(default_factory=list)
    copy: list[Holding] = field(default_factory=list)  # what a back-up has
    is_lost: bool = False


class Household:
    """Devices that meet in pairs; `spent` is what was truly spent."""

    def __init__(self) -> None:
        self.all = [
            Replica(DeviceId(Id16(bytes([n]) * 16)), Id16(bytes(16))) for n in range(DEVICES)
        ]
        self.all[0].book = first_term(LEDGER, CAP)
        self.newest, self.counter = 1, self.all[0]
        self.spent = self.restored = 0

    def lease(self, one: Replica, other: Replica, amount: int) -> None:
        """`other` gets a slice, or acknowledges the own one of `one`, if they are one device."""
        if one.book is None:
            return
        holder = one if amount % 2 else other
        one.book, leased = one.book.lease(holder.id, holder.incarnation, 1 + amount % CAP, END)
        one.seen.append(leased)
        known = other is not one and not other.is_lost and other.term == leased.term
        if known:
            other.seen.append(leased)
        holder.holdings.append(taken(leased, holder.term, acknowledged=known))

    def spend(self, one: Replica, nth: int) -> None:
        """Spend one, or all that is left."""
        held = one.holdings[nth % len(one.holdings)]
        amount = 1 if nth % 2 else held.slice.amount - held.spent
        place = one.holdings.index(held)
        one.holdings[place] = held.spend(amount, one.id, one.incarnation, NOW)
        self.spent += amount

    def give_back(self, one: Replica, other: Replica, nth: int) -> None:
        held = one.holdings[nth % len(one.holdings)]
        if other.book is not None and held.slice.incarnation == one.incarnation:
            other.book = other.book.returned(held.given_back())
            one.holdings.remove(held)

    def restore(self, one: Replica) -> None:
        self.restored += 1
        one.holdings = list(one.copy)
        one.incarnation = Id16(self.restored.to_bytes(16, "big"))
        one.book = None

    def hand_over(self, one: Replica, other: Replica) -> None:
        if one is not self.counter or one.book is None or one.is_lost or other.is_lost:
            return
        handed = read_hand_over(one.book.hand_over(SIGNER), SIGNER.public)
        self.newest += 1
        one.book, one.term, other.term, self.counter = None, self.newest, self.newest, other
        other.book = next_term(LEDGER, self.newest, CAP, handed=handed)

    def take_over(self, other: Replica, heard: int) -> None:
        """A device counts on without a hand-over, after it heard some of the others."""
        if other is self.counter or other.is_lost:
            return
        before, self.counter = self.counter, other
        self.newest += 1
        others = [each for each in self.all if each is not before]
        answered = [
            each
            for n, each in enumerate(others)
            if each is other or (heard >> n & 1 and not each.is_lost)
        ]
        for each in answered:
            each.term, each.book = self.newest, None
        other.book = next_term(
            LEDGER,
            self.newest,
            CAP,
            handed=None,
            shown=[one for each in answered for one in each.seen],
            all_heard=len(answered) == len(others),
        )


acts = st.tuples(
    st.sampled_from(
        ["lease"] * 4 + ["spend"] * 4 + ["give", "copy", "restore", "lose", "hand", "take", "take"]
    ),
    st.integers(0, DEVICES - 1),
    st.integers(0, DEVICES - 1),
    st.integers(0, 15),
)


def act(home: Household, kind: str, one: Replica, other: Replica, number: int) -> None:
    match kind:
        case "lease":
            home.lease(one, other, number)
        case "spend" if one.holdings:
            home.spend(one, number)
        case "give" if one.holdings:
            home.give_back(one, other, number)
        case "copy":
            one.copy = list(one.holdings)
        case "restore":
            home.restore(one)
        case "lose":
            one.is_lost = True
            if other.book is not None:
                other.book = other.book.lost(one.id)
        case "hand":
            home.hand_over(one, other)
        case "take":
            home.take_over(other, number)
        case _:
            pass


@given(st.lists(acts, min_size=20, max_size=60))
def test_no_history_of_devices_spends_more_than_the_cap(
    history: list[tuple[str, int, int, int]],
) -> None:
    home = Household()
    for kind, one, other, number in history:
        try:
            act(home, kind, home.all[one], home.all[other], number)
        except (DeniedError, ExhaustedError, ValueError):
            continue
        assert home.spent <= CAP
        assert all(each.book is None or each.book.total <= CAP for each in home.all)
        counted = home.counter.book
        assert counted is None or home.spent <= counted.total


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3)), max_size=30))
def test_two_devices_that_cannot_meet_spend_their_slices_and_no_more(
    spending: list[tuple[bool, int]],
) -> None:
    book, first = first_term(LEDGER, CAP).lease(DeviceId(Id16(b"a" * 16)), LEDGER, 4, END)
    book, second = book.lease(DeviceId(Id16(b"b" * 16)), LEDGER, 2, END)
    held = {False: taken(first, 1, acknowledged=True), True: taken(second, 1, acknowledged=True)}

    for which, amount in spending:
        one = held[which]
        try:
            held[which] = one.spend(amount, one.slice.device, LEDGER, NOW)
        except ExhaustedError:
            assert one.spent + amount > one.slice.amount

    assert sum(each.spent for each in held.values()) <= book.total == CAP
