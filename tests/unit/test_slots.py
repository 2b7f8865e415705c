"""When an answer leaves, how long work may take, and how large a reply is."""

import pytest

from sealhold.compute.slots import (
    REPLY_BYTES,
    boundary,
    epoch_of,
    fits_epoch,
    fits_first_slot,
    gives_up_at,
    pad,
    unpad,
    work_limit,
)
from sealhold.model.errors import InvalidError
from sealhold.model.quantities import DAY, Instant, Millis

CALLED = Instant(1_790_000_000_123)


@pytest.mark.parametrize(
    ("took", "slots"), [(0, 1), (1, 1), (1000, 1), (1001, 2), (2000, 2), (2999, 3), (3000, 3)]
)
def test_an_answer_leaves_at_the_next_boundary(took: int, slots: int) -> None:
    left = boundary(Instant(CALLED + 1000), 1, Instant(CALLED + took))

    assert left == CALLED + slots * 1000


def test_what_is_not_ready_by_the_last_boundary_is_given_up_at_it() -> None:
    assert gives_up_at(CALLED, 1, 3) == boundary(Instant(CALLED + 1000), 1, Instant(CALLED + 3000))


def test_work_may_fill_three_fifths_of_its_time() -> None:
    assert work_limit(Millis(1000)) == 600
    assert fits_first_slot(6, 100, 1)
    assert not fits_first_slot(7, 100, 1)
    assert fits_epoch(518_400, 100)
    assert not fits_epoch(518_401, 100)


def test_an_epoch_is_a_utc_day() -> None:
    midnight = Instant(20_000 * DAY)

    assert (epoch_of(Instant(midnight - 1)), epoch_of(midnight)) == (19_999, 20_000)


@pytest.mark.parametrize("content", [b"", b"x", b"ends in zeros\x00\x00", b"\x01" * 100])
def test_every_reply_has_one_size_and_gives_its_content_back(content: bytes) -> None:
    padded = pad(content)

    assert len(padded) == REPLY_BYTES
    assert unpad(padded) == content


def test_content_that_does_not_fit_is_refused() -> None:
    assert len(pad(b"x" * (REPLY_BYTES - 1))) == REPLY_BYTES
    with pytest.raises(InvalidError):
        pad(b"x" * REPLY_BYTES)


def test_bytes_without_padding_are_no_reply() -> None:
    with pytest.raises(InvalidError):
        unpad(b"plain\x00\x00")
