"""A key from a short password: both have it, or neither is given one."""

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.pake import CONFIRMATION_BYTES, SHARE_BYTES, Pake, Side
from sealhold.crypto.secret import Secret
from sealhold.model.errors import WrongCodeError

CODE = Secret(b"982114", "code")


def pair(first: Secret = CODE, second: Secret = CODE, context: bytes = b"try 1") -> list[Pake]:
    return [
        Pake(Side.FIRST, first, b"try 1", seeded(b"1")),
        Pake(Side.SECOND, second, context, seeded(b"2")),
    ]


def test_both_sides_get_one_key() -> None:
    one, two = pair()

    by_two, by_one = two.take(one.share), one.take(two.share)

    assert one.session(by_two) == two.session(by_one)
    assert (len(one.share), len(by_one)) == (SHARE_BYTES, CONFIRMATION_BYTES)


def test_another_code_gives_neither_side_a_key() -> None:
    one, two = pair(second=Secret(b"982115", "code"))
    by_two, by_one = two.take(one.share), one.take(two.share)

    for side, confirmation in ((one, by_two), (two, by_one)):
        with pytest.raises(WrongCodeError):
            side.session(confirmation)


def test_another_context_gives_neither_side_a_key() -> None:
    one, two = pair(context=b"try 2")
    by_two, by_one = two.take(one.share), one.take(two.share)

    for side, confirmation in ((one, by_two), (two, by_one)):
        with pytest.raises(WrongCodeError):
            side.session(confirmation)


def test_there_is_no_key_before_a_share_was_taken() -> None:
    one, _two = pair()

    with pytest.raises(WrongCodeError):
        one.session(bytes(CONFIRMATION_BYTES))


def test_a_side_takes_one_share() -> None:
    one, two = pair()
    one.take(two.share)

    with pytest.raises(WrongCodeError):
        one.take(two.share)


@pytest.mark.parametrize(
    "share",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"B" + bytes(31), id="too short"),
        pytest.param(b"B" + b"\x01" + bytes(31), id="zero"),
        pytest.param(b"B" + bytes(32), id="of order 4"),
        pytest.param(b"B" + b"\x02" + bytes(31), id="not on the curve"),
        pytest.param(b"X" + b"\x09" * 32, id="of no side"),
    ],
)
def test_a_share_that_is_none_is_refused(share: bytes) -> None:
    one, _two = pair()

    with pytest.raises(WrongCodeError):
        one.take(share)


def test_a_share_with_more_bytes_behind_it_is_refused() -> None:
    one, two = pair()

    with pytest.raises(WrongCodeError):
        one.take(two.share + b"\x00")
