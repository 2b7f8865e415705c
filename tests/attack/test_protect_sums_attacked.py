"""Who adds up changes, leaves out and puts back: a wrong sum is refused, once, and then no more."""

import pytest

from sealhold.crypto.bfv import PRIME, SLOTS, BfvAdder, BfvKey
from sealhold.model.errors import InvalidError, TamperedError
from sealhold.protect.techniques.he_sum import Block, HeSum
from tests.protecting import KEY

SUMS_KEY = BfvKey.new()
ADDER = BfvAdder(SUMS_KEY.public())
FIRST, SECOND = Block((1, 2, 3), (1, 1, 1)), Block((4, 5), (1, 1))
CHOSEN = [(FIRST, FIRST.all), (SECOND, SECOND.all)]


def sums() -> HeSum:
    return HeSum(KEY, SUMS_KEY, 20)


PLANES = sums().planes(FIRST, [10, 20, 30]), sums().planes(SECOND, [-4, 5])


def summed(*blocks: list[bytes]) -> list[bytes]:
    return [ADDER.add([(plane, None) for plane in planes]) for planes in zip(*blocks, strict=True)]


def spoilt() -> dict[str, list[bytes]]:
    """Return answers of an agent that does not add up what it was asked for."""
    one = SUMS_KEY.encrypt([0, 1])  # anybody can: the public part encrypts
    honest = summed(*PLANES)
    after = Block(FIRST.rows, (1, 2, 1))
    return {
        "one slot changed": [ADDER.add([(honest[0], None), (one, None)]), *honest[1:]],
        "one slot of the check changed": [
            *honest[:-1],
            ADDER.add([(honest[-1], None), (one, None)]),
        ],
        "a block left out": summed(PLANES[0]),
        "a block twice": summed(PLANES[0], *PLANES),
        "a block for another": summed(PLANES[1], PLANES[1]),
        "planes exchanged": [honest[1], honest[0], honest[2]],
        "a value of another turn": summed(sums().planes(after, [10, 20, 30]), PLANES[1]),
        "nothing at all": [SUMS_KEY.encrypt([])] * 3,
        "no ciphertext": [b"", b"", b""],
        "too few planes": honest[:2],
    }


@pytest.mark.threat("T614")
def test_an_honest_sum_is_taken() -> None:
    assert sums().total(summed(*PLANES), CHOSEN) == 61


@pytest.mark.threat("T614")
@pytest.mark.parametrize("how", spoilt())
def test_a_spoilt_sum_is_refused_and_ends_the_key(how: str) -> None:
    reader = sums()

    with pytest.raises(TamperedError):
        reader.total(spoilt()[how], CHOSEN)
    with pytest.raises(TamperedError, match="used no more"):
        reader.total(summed(*PLANES), CHOSEN)


@pytest.mark.threat("T614")
def test_a_change_of_a_check_must_be_guessed_out_of_a_million() -> None:
    honest = summed(*PLANES)
    limb = ADDER.add([(honest[0], None), (SUMS_KEY.encrypt([1]), None)])

    for guess in (1, 2, PRIME - 1, 12_345):
        check = ADDER.add([(honest[-1], None), (SUMS_KEY.encrypt([guess]), None)])
        with pytest.raises(TamperedError):
            sums().total([limb, honest[1], check], CHOSEN)


@pytest.mark.threat("T616")
def test_who_adds_up_refuses_the_secret_part() -> None:
    with pytest.raises(InvalidError, match="secret"):
        BfvAdder(SUMS_KEY.secret().reveal())


@pytest.mark.threat("T616")
def test_the_public_part_does_not_hold_the_secret_one() -> None:
    public, whole = SUMS_KEY.public(), SUMS_KEY.secret().reveal()

    assert len(public) < len(whole)
    with pytest.raises(InvalidError):
        BfvKey.load(type(KEY)(public, "public part"))
    assert len(SUMS_KEY.encrypt([0] * SLOTS)) < 100_000
