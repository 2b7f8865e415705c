"""Sums that somebody adds up who cannot read them are the sums of what was given."""

import pytest

from sealhold.crypto.bfv import SLOTS, BfvAdder, BfvKey
from sealhold.crypto.entropy import seeded
from sealhold.crypto.paillier import SEALED_BYTES, PaillierAdder, PaillierKey
from sealhold.crypto.secret import Secret
from sealhold.model.errors import InvalidError, SealBrokenError, TamperedError
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.techniques.he_sum import Block, HeSum
from sealhold.protect.techniques.paillier_sum import PaillierSum
from tests.protecting import KEY

BITS = 20
VALUES = [-(2**19), 2**19 - 1, 0, -1, 1, 123_456]
BLOCK = Block(tuple(range(1, 7)), (1,) * 6)
OTHER = Block((11, 12), (1, 1))


@pytest.fixture(scope="module")
def key() -> BfvKey:
    return BfvKey.load(BfvKey.new().secret())


@pytest.fixture(scope="module")
def adder(key: BfvKey) -> BfvAdder:
    return BfvAdder(key.public())


@pytest.fixture
def sums(key: BfvKey) -> HeSum:
    return HeSum(KEY, key, BITS)


def added(adder: BfvAdder, *blocks: tuple[list[bytes], bytes | None]) -> list[bytes]:
    planes = zip(*(planes for planes, _ in blocks), strict=True)
    masks = [mask for _, mask in blocks]
    return [adder.add(zip(plane, masks, strict=True)) for plane in planes]


def test_blocks_add_up_to_the_sum_of_their_values(sums: HeSum, adder: BfvAdder) -> None:
    first, second = sums.planes(BLOCK, VALUES), sums.planes(OTHER, [5, -7])

    answer = added(adder, (first, None), (second, None))

    assert sums.total(answer, [(BLOCK, BLOCK.all), (OTHER, OTHER.all)]) == sum(VALUES) - 2


def test_a_mask_leaves_rows_out(sums: HeSum, adder: BfvAdder) -> None:
    mask = bytes([0, 1, 0, 1, 1, 0]) + bytes(SLOTS - 6)

    answer = added(adder, (sums.planes(BLOCK, VALUES), mask))

    assert sums.total(answer, [(BLOCK, mask)]) == 2**19 - 1


def test_a_changed_value_is_added_as_a_difference(sums: HeSum, adder: BfvAdder) -> None:
    after = Block(BLOCK.rows, (1, 2, 1, 1, 1, 2))
    delta = sums.delta(BLOCK, after, {1: (VALUES[1], -9), 5: (VALUES[5], 0)})

    answer = added(adder, (sums.planes(BLOCK, VALUES), None), (delta, None))

    assert sums.total(answer, [(after, after.all)]) == -(2**19) - 9


def test_a_change_takes_another_turn(sums: HeSum) -> None:
    with pytest.raises(InvalidError):
        sums.delta(BLOCK, BLOCK, {1: (VALUES[1], -9)})


@pytest.mark.parametrize("value", [2**19, -(2**19) - 1])
def test_a_value_of_more_bits_is_refused(sums: HeSum, value: int) -> None:
    with pytest.raises(TypeRefusedError):
        sums.planes(OTHER, [0, value])


def test_after_a_wrong_sum_nothing_is_opened_any_more(sums: HeSum, adder: BfvAdder) -> None:
    answer = added(adder, (sums.planes(BLOCK, VALUES), None))
    with pytest.raises(TamperedError):
        sums.total(answer[:1], [(BLOCK, BLOCK.all)])

    with pytest.raises(TamperedError, match="used no more"):
        sums.total(answer, [(BLOCK, BLOCK.all)])
    assert sums.ended


@pytest.mark.parametrize("sealed", [b"", b"x" * 100, bytes(300_000)])
def test_what_is_no_ciphertext_is_refused(key: BfvKey, adder: BfvAdder, sealed: bytes) -> None:
    with pytest.raises(SealBrokenError):
        key.decrypt(sealed)
    with pytest.raises(InvalidError):
        adder.add([(sealed, None)])


def test_a_sum_of_nothing_or_under_a_bad_mask_is_refused(key: BfvKey, adder: BfvAdder) -> None:
    sealed = key.encrypt([1])

    for blocks in ([], [(sealed, b"\1")], [(sealed, bytes(SLOTS))], [(sealed, b"\2" * SLOTS)]):
        with pytest.raises(InvalidError):
            adder.add(blocks)
    with pytest.raises(ValueError, match="slots"):
        key.encrypt([0] * (SLOTS + 1))


def test_what_is_no_key_of_sums_is_refused(key: BfvKey) -> None:
    with pytest.raises(InvalidError):
        BfvKey.load(Secret(key.public(), "public part"))
    with pytest.raises(InvalidError):
        BfvKey.load(Secret(b"nonsense", "nonsense"))


@pytest.fixture(scope="module")
def paillier() -> PaillierKey:
    return PaillierKey.load(PaillierKey.new(seeded(b"primes")).secret())


def test_paillier_adds_up(paillier: PaillierKey) -> None:
    sums = PaillierSum(paillier, seeded(b"veils"))
    sealed = sums.sealed([*VALUES, 1])

    answer = PaillierAdder(paillier.public()).add(sealed)

    assert sums.opened(answer) == sum(VALUES) + 1
    assert [sums.opened(each) for each in sealed] == [*VALUES, 1]
    assert len(set(map(len, sealed)) | {SEALED_BYTES}) == 1


def test_equal_values_look_different_under_paillier(paillier: PaillierKey) -> None:
    one, other = PaillierSum(paillier, seeded(b"veils")).sealed([5, 5])

    assert one != other


def test_paillier_refuses_what_is_none_of_its_own(paillier: PaillierKey) -> None:
    adder = PaillierAdder(paillier.public())

    for sealed in (b"", bytes(SEALED_BYTES), b"\xff" * SEALED_BYTES):
        with pytest.raises(InvalidError):
            adder.add([sealed])
    with pytest.raises(SealBrokenError):
        paillier.decrypt(b"1")
    with pytest.raises(InvalidError):
        PaillierAdder(b"\1")
    with pytest.raises(InvalidError):
        PaillierKey.load(Secret(bytes(256), "nothing"))
    with pytest.raises(ValueError, match="room"):
        paillier.encrypt([1 << 2047], seeded(b"x"))
