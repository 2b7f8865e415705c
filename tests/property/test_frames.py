"""Laws of what the Core reads from a broker, for any bytes."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealhold.compute.frames import read_scalar, scalar
from sealhold.compute.spec import HIGHEST, LOWEST
from sealhold.model.errors import BrokerLostError

scalars = st.none() | st.integers(LOWEST, HIGHEST) | st.text(max_size=300)


@given(scalars)
def test_a_scalar_reads_back_as_it_was_written(value: int | str | None) -> None:
    assert read_scalar(scalar(value)) == value


@given(st.binary(max_size=64) | st.tuples(scalars.map(scalar), st.binary(max_size=3)).map(b"".join))
def test_any_bytes_are_a_scalar_in_its_one_form_or_refused(payload: bytes) -> None:
    try:
        value = read_scalar(payload)
    except BrokerLostError:
        return

    assert value is None or type(value) in {int, str}
    assert cbor2.dumps(value, canonical=True) == payload


@given(st.integers(min_value=HIGHEST + 1) | st.integers(max_value=LOWEST - 1))
def test_an_integer_beyond_64_bits_is_refused(value: int) -> None:
    with pytest.raises(BrokerLostError):
        read_scalar(cbor2.dumps(value))
