"""Laws of times as text: what is put together from days and parts is what the calendar says."""

from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from sealhold.model.quantities import Instant, rfc3339

FIRST = datetime(1, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
MILLI = timedelta(milliseconds=1)


@given(st.integers((FIRST - EPOCH) // MILLI, (LAST - EPOCH) // MILLI))
@example(0)
@example(-1)
@example(1_709_164_800_000)  # the 29th of February 2024
def test_a_time_is_the_one_of_the_calendar(at: int) -> None:
    told = rfc3339(Instant(at))

    assert told == (EPOCH + at * MILLI).isoformat(timespec="milliseconds")[:23] + "Z"
