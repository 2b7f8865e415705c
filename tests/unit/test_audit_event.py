"""Events: what their encoding is, and what is not one."""

import pytest

from sealhold.audit.event import (
    MAX_AT,
    Actor,
    Event,
    EventKind,
    Logged,
    Outcome,
    decode,
    encode,
    place,
)
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import AppId, Collection, Id16, Purpose
from sealhold.model.quantities import Instant, MicroBits

NOON = Instant(1_790_000_000_000)
READ = Event(
    kind=EventKind.READ,
    actor=Actor.APP,
    outcome=Outcome.DENIED,
    subject=b"s" * 16,
    app=AppId(Id16(b"a" * 16)),
    purpose=Purpose("ServiceProvision"),
    collection=Collection("trips"),
    rows_read=3,
    cost=MicroBits(5_000_000),
    left=MicroBits(0),
)


def test_an_event_reads_back_in_its_place() -> None:
    assert decode(encode(READ, 9, NOON, 7)) == Logged(9, NOON, 7, READ)


def test_the_place_and_kind_of_an_event_are_read_without_the_rest() -> None:
    assert place(encode(READ, 9, NOON, 7)) == (9, NOON, 7, EventKind.READ)


def test_what_says_nothing_is_not_written() -> None:
    event = Event(kind=EventKind.START, actor=Actor.VAULT)

    assert unpack(encode(event, 0, NOON, 0)) == {1: 0, 2: NOON, 3: 0, 4: 1, 5: 3, 6: 1}


def test_a_budget_that_is_used_up_says_so_and_one_that_is_not_concerned_is_silent() -> None:
    spent = Event(kind=EventKind.CHARGE, actor=Actor.VAULT, left=MicroBits(0))
    silent = Event(kind=EventKind.CHARGE, actor=Actor.VAULT)

    assert decode(encode(spent, 0, NOON, 0)).event.left == 0
    assert decode(encode(silent, 0, NOON, 0)).event.left is None


def test_the_encoding_is_the_deterministic_one() -> None:
    data = encode(READ, 9, NOON, 7)

    assert pack(unpack(data)) == data


WHOLE = unpack(encode(READ, 9, NOON, 7))


@pytest.mark.parametrize(
    "tree",
    [
        7,
        [],
        {},
        {key: value for key, value in WHOLE.items() if key != 2},
        WHOLE | {1: -1},
        WHOLE | {1: True},
        WHOLE | {1: "9"},
        WHOLE | {3: 10},
        WHOLE | {2: MAX_AT + 1},
        WHOLE | {4: 0},
        WHOLE | {4: 999},
        WHOLE | {5: 99},
        WHOLE | {6: 4},
        WHOLE | {7: b"s" * 15},
        WHOLE | {7: "s" * 16},
        WHOLE | {9: ""},
        WHOLE | {9: b"ServiceProvision"},
        WHOLE | {16: []},
        WHOLE | {16: ["start", 7]},
        WHOLE | {17: 0},
        WHOLE | {17: -3},
        WHOLE | {17: True},
        WHOLE | {29: -1},
        WHOLE | {30: -1},
        WHOLE | {31: 1},
        WHOLE | {0: 1},
    ],
)
def test_what_is_not_an_event_is_refused(tree: Plain) -> None:
    with pytest.raises(InvalidEncodingError):
        decode(pack(tree))


def test_an_event_with_bytes_after_it_is_refused() -> None:
    with pytest.raises(InvalidEncodingError):
        decode(encode(READ, 9, NOON, 7) + b"\0")


@pytest.mark.parametrize("data", [b"", b"\x80", pack({1: 7}), pack("event")])
def test_what_has_no_place_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidEncodingError):
        place(data)
