"""Times and costs as people type them, and numbers as they read them."""

import pytest

from sealhold.frontends.cli.words import counted, read_bits, read_time, spent_of
from sealhold.model.errors import UsageError
from sealhold.model.quantities import DAY, HOUR, MINUTE, Instant, MicroBits, rfc3339

NOW = Instant(1_795_269_900_000)  # 2026-11-21T14:05:00Z


@pytest.mark.parametrize(
    ("text", "length"), [("7d", 7 * DAY), ("12h", 12 * HOUR), ("90m", 90 * MINUTE), ("0d", 0)]
)
def test_a_length_counts_from_now(text: str, length: int) -> None:
    assert read_time(text, NOW) == NOW + length


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-12-31", "2027-01-01T00:00:00.000Z"),
        ("2026-12-31T12:00Z", "2026-12-31T12:00:00.000Z"),
        ("2026-12-31T12:00", "2026-12-31T12:00:00.000Z"),
        ("2026-12-31T12:00:00+02:00", "2026-12-31T10:00:00.000Z"),
    ],
)
def test_a_date_holds_until_it_is_over_and_an_instant_is_itself(text: str, at: str) -> None:
    assert rfc3339(read_time(text, NOW)) == at


@pytest.mark.parametrize("text", ["", "soon", "7", "7w", "-7d", "2026-13-01", "31.12.2026", "7d "])
def test_what_is_no_time_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        read_time(text, NOW)


@pytest.mark.parametrize(
    ("text", "cost"), [("5", 5_000_000), ("2.585", 2_585_000), ("0.000001", 1), ("1e1", 10_000_000)]
)
def test_a_cost_is_read_in_bits(text: str, cost: int) -> None:
    assert read_bits(text) == cost


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "five", "1e99", "0.0000001", "1,5"])
def test_what_is_no_cost_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        read_bits(text)


def test_numbers_carry_their_noun_and_their_groups() -> None:
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(1204, "entry", "entries") == "1,204 entries"
    assert counted(0, "item") == "0 items"
    assert spent_of(MicroBits(2_584_963), MicroBits(20_000_000)) == "2.585 of 20 bits"
