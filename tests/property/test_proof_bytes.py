"""A proof file is one exact string of bytes: whichever of them is changed, it is altered."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sample_proof import one, verify


def proof() -> bytes:
    return one().proof()


def code(data: bytes) -> int:
    """Verify without any pinned key: the reader who knows least must still see the change."""
    return verify(data, pins={}).exit_code


def test_the_sample_holds() -> None:
    assert code(proof()) == 0


def test_a_flipped_bit_in_any_byte_is_altered() -> None:
    sample = proof()

    passed = [
        place
        for place in range(len(sample))
        if code(
            sample[:place]
            + bytes([sample[place] ^ (1 << (place * 5 + 3) % 8)])
            + sample[place + 1 :]
        )
        != 6
    ]

    assert passed == []


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_other_byte_in_any_place_is_altered(data: st.DataObject) -> None:
    sample = proof()
    place = data.draw(st.integers(0, len(sample) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != sample[place]))

    assert code(sample[:place] + bytes([other]) + sample[place + 1 :]) == 6


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_byte_put_in_or_left_out_is_altered(data: st.DataObject) -> None:
    sample = proof()
    place = data.draw(st.integers(0, len(sample) - 1))
    more = data.draw(st.binary(min_size=1, max_size=3) | st.sampled_from([b" ", b"\n", b"=", b"0"]))

    assert code(sample[:place] + more + sample[place:]) == 6
    assert code(sample + more) == 6
    assert code(sample[:place] + sample[place + 1 :]) == 6
