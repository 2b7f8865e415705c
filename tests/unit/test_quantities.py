"""How amounts are told: never less than was taken, never more than is left."""

import pytest

from sealhold.model.quantities import MicroBits, show_bits, show_bits_left


@pytest.mark.parametrize(
    ("bits", "taken", "left"),
    [
        (0, "0", "0"),
        (1, "0.001", "0"),
        (5_000_000, "5", "5"),
        (2_584_963, "2.585", "2.584"),
        (28_956_500, "28.957", "28.956"),
        (999_999, "1", "0.999"),
    ],
)
def test_what_was_taken_is_rounded_up_and_what_is_left_down(
    bits: int, taken: str, left: str
) -> None:
    assert show_bits(MicroBits(bits)) == taken
    assert show_bits_left(MicroBits(bits)) == left
