"""Laws of a pairing: no changed byte ends in a certificate, and readers answer or refuse."""

from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.model.errors import SealholdError
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.pairingchannel import PART_BYTES, Inbox, Outbox
from sealhold.sharing.devices.pairingcode import Way, invite, read_invitation
from sealhold.sharing.devices.pairingside import State
from sealhold.sharing.devices.pairingwire import (
    Direction,
    Kind,
    Posted,
    Said,
    read_said,
    read_step,
    write_said,
)
from tests.unit.two_devices import NOW, Two, ways_by_code, ways_by_qr

WAYS: dict[str, Callable[[], tuple[Way, Way]]] = {"qr": ways_by_qr, "code": ways_by_code}
MESSAGES = 11
HINT = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="@")
SESSION = Secret(b"k" * 32, "session")


@cache
def lengths(way: str) -> tuple[int, ...]:
    return tuple(len(each.data) for each in Two(WAYS[way]()).go().wire)


@pytest.mark.parametrize("way", list(WAYS))
@given(nth=st.integers(0, MESSAGES - 1), at=st.integers(0), change=st.integers(1, 255))
@settings(max_examples=60)
@example(nth=0, at=0, change=1)  # the version
@example(nth=1, at=1, change=7)  # the kind
@example(nth=0, at=2, change=3)  # the side
@example(nth=2, at=33, change=128)
@example(nth=10, at=59, change=1)  # the end of the receipt, which is the last message
def test_one_changed_byte_of_any_message_certifies_nobody(
    way: str, nth: int, at: int, change: int
) -> None:
    place = at % lengths(way)[nth]

    def bend(number: int, posted: Posted) -> list[Posted]:
        if number != nth:
            return [posted]
        data = bytearray(posted.data)
        data[place] ^= change
        return [Posted(posted.room, bytes(data))]

    two = Two(WAYS[way](), bend).go()

    assert not {State.CERTIFIED, State.SYNCED} & set(two.states)
    if way == "qr":
        assert two.states == (State.NOTHING, State.NOTHING)


@given(sizes=st.lists(st.integers(0, 3 * PART_BYTES), max_size=6))
def test_what_is_said_is_heard_whole_and_in_order(sizes: list[int]) -> None:
    out = Outbox(SESSION, Direction.MEMBER, seeded(b"law"))
    into = Inbox(SESSION, Direction.MEMBER)
    said = [Said(Kind.REVEAL, (bytes([n]) * 32, b"x" * (size + 1))) for n, size in enumerate(sizes)]

    heard = []
    for each in said:
        for posted in out.send(each):
            assert posted.room == into.room
            if (message := into.take(posted.data)) is not None:
                heard.append(message)

    assert heard == said


@given(data=st.binary(max_size=200))
@example(data=b"\x82\xf5\x40")  # a kind that is true
@example(data=b"\x82\x07\xf4")
@example(data=b"\x81\x07")
@example(data=b"\x80")
def test_bytes_are_a_message_in_its_one_form_or_refused(data: bytes) -> None:
    for read in (read_said, read_step):
        try:
            found = read(data)
        except SealholdError:
            continue
        if isinstance(found, Said) and found.kind is not Kind.FAILED:
            assert write_said(found) == data


@given(carrier=st.text(HINT, min_size=1, max_size=96), seed=st.binary(max_size=8))
def test_an_invitation_comes_back_as_it_was(carrier: str, seed: bytes) -> None:
    made = invite(b"chain", carrier, NOW, seeded(seed))

    assert read_invitation(made.text(), NOW) == made


@given(at=st.integers(0, 180), letter=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567=-01"))
def test_a_changed_letter_of_an_invitation_is_refused(at: int, letter: str) -> None:
    way: Way = ways_by_qr()[0]
    made = invite(b"chain", "usb", NOW, seeded(b"x"))
    text = made.text()
    place = at % len(text)
    changed = text[:place] + letter + text[place + 1 :]

    try:
        found = read_invitation(changed, Instant(NOW))
    except SealholdError:
        assert changed != text
    else:
        assert changed == text
        assert found == made != way
