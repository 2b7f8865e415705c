"""Slices of a budget: leased, spent, given back, handed over."""

import pytest

from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import (
    BadSignatureError,
    DeniedError,
    ExhaustedError,
    InvalidEncodingError,
    InvalidError,
)
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.slices import (
    MAX_OPEN,
    Book,
    first_term,
    next_term,
    read_hand_over,
    read_slice,
    taken,
)
from tests.unit.member_devices import NOW, device

LEDGER, FIRST, SECOND = Id16(b"l" * 16), Id16(b"1" * 16), Id16(b"2" * 16)
LAPTOP, DESK = device("laptop"), device("desk")
END = Instant(NOW + 1)
BOOK, LEASED = first_term(LEDGER, 100).lease(DESK.id, FIRST, 60, END)


def test_slices_add_up_to_the_cap_at_most() -> None:
    assert (BOOK.total, BOOK.room) == (60, 40)
    with pytest.raises(ExhaustedError):
        BOOK.lease(LAPTOP.id, FIRST, 41, END)
    assert BOOK.lease(LAPTOP.id, FIRST, 40, END)[0].room == 0


def test_a_holder_spends_its_slice_and_no_more() -> None:
    held = taken(LEASED, 1, acknowledged=True).spend(50, DESK.id, FIRST, NOW)

    assert held.spend(10, DESK.id, FIRST, NOW).spent == 60
    with pytest.raises(ExhaustedError):
        held.spend(11, DESK.id, FIRST, NOW)
    with pytest.raises(DeniedError):
        held.spend(1, DESK.id, FIRST, END)
    with pytest.raises(DeniedError):
        held.spend(1, LAPTOP.id, FIRST, NOW)
    with pytest.raises(InvalidError):
        held.spend(-1, DESK.id, FIRST, NOW)


def test_what_was_not_spent_is_given_back_once() -> None:
    back = taken(LEASED, 1, acknowledged=True).spend(50, DESK.id, FIRST, NOW).given_back()
    book = BOOK.returned(back)

    assert (book.total, book.room) == (50, 50)
    with pytest.raises(DeniedError):
        book.returned(back)


def test_the_slice_of_a_device_that_was_lost_counts_as_spent() -> None:
    back = taken(LEASED, 1, acknowledged=True).given_back()

    assert BOOK.lost(LAPTOP.id) == BOOK
    assert BOOK.lost(DESK.id, FIRST) == BOOK
    assert BOOK.lost(DESK.id, SECOND) == BOOK.lost(DESK.id)
    assert BOOK.lost(DESK.id).charged == 60
    with pytest.raises(DeniedError):
        BOOK.lost(DESK.id).returned(back)


def test_a_slice_of_a_term_that_is_over_is_not_taken() -> None:
    with pytest.raises(DeniedError):
        taken(LEASED, 2, acknowledged=True)


def test_a_slice_that_no_other_device_knows_is_not_taken() -> None:
    with pytest.raises(DeniedError):
        taken(LEASED, 1, acknowledged=False)


def test_what_was_handed_over_goes_on_with_its_slices() -> None:
    handed = read_hand_over(BOOK.hand_over(LAPTOP.signer), LAPTOP.signer.public)
    book = next_term(LEDGER, 2, 100, handed=handed)

    assert (book.total, book.out, book.last) == (60, BOOK.out, 1)
    assert book.returned(taken(LEASED, 1, acknowledged=True).given_back()).room == 100
    with pytest.raises(InvalidError):
        next_term(LEDGER, 3, 100, handed=handed)


def test_without_a_hand_over_what_anybody_shows_counts_as_spent() -> None:
    def found(highest: int, *, all_heard: bool) -> int:
        book = next_term(
            LEDGER, 2, 100, handed=None, shown=[LEASED], highest=highest, all_heard=all_heard
        )
        assert book.last == LEASED.number
        return book.charged

    assert found(0, all_heard=True) == 60
    assert found(70, all_heard=True) == 70
    assert found(0, all_heard=False) == 100


def test_a_slice_is_read_as_it_was_told() -> None:
    assert read_slice(LEASED.told()) == LEASED


@pytest.mark.parametrize("place", range(8))
def test_a_slice_that_is_not_told_as_it_must_be_is_refused(place: int) -> None:
    told = LEASED.told()
    told[place] = -1 if isinstance(told[place], int) else b"short"

    with pytest.raises(InvalidEncodingError):
        read_slice(told)
    with pytest.raises(InvalidEncodingError):
        read_slice(told[:place])


@pytest.mark.parametrize(
    "bent",
    [
        pytest.param([1, LEDGER, 1, 0, 0, [LEASED.told()]], id="a number not given out"),
        pytest.param([1, LEDGER, 1, 0, 9, [LEASED.told()] * 2], id="a slice twice"),
        pytest.param([1, FIRST, 1, 0, 9, [LEASED.told()]], id="of another ledger"),
        pytest.param([1, LEDGER, 1, -1, 9, []], id="less than nothing"),
        pytest.param([2, LEDGER, 1, 0, 9, []], id="another form"),
    ],
)
def test_a_hand_over_that_does_not_fit_is_refused(bent: list[object]) -> None:
    told = pack(bent)
    with pytest.raises(InvalidEncodingError):
        read_hand_over(told + LAPTOP.signer.sign(Tag.HAND_OVER, told), LAPTOP.signer.public)


def test_a_hand_over_by_another_device_is_refused() -> None:
    with pytest.raises(BadSignatureError):
        read_hand_over(BOOK.hand_over(DESK.signer), LAPTOP.signer.public)
    with pytest.raises(BadSignatureError):
        read_hand_over(b"", LAPTOP.signer.public)


def test_as_many_slices_as_may_be_out_fit_a_hand_over() -> None:
    book = Book(ledger=LEDGER, term=1, cap=1 << 52)
    for _ in range(MAX_OPEN):
        book, _leased = book.lease(DESK.id, FIRST, 1 << 44, END)

    assert len(read_hand_over(book.hand_over(DESK.signer), DESK.signer.public).out) == MAX_OPEN
    with pytest.raises(ExhaustedError):
        book.lease(DESK.id, FIRST, 1, END)
    with pytest.raises(InvalidError):
        BOOK.lease(DESK.id, FIRST, 0, END)
    assert unpack(pack(LEASED.told())) == LEASED.told()
