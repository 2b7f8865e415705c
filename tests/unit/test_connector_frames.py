"""Frames between the jailed reader and the importer."""

import msgspec
import pytest

from sealhold.connectors.frames import (
    MAX_FRAME,
    Broken,
    Deframer,
    Finished,
    Frame,
    Known,
    Portion,
    Unconfined,
    decode,
    encode,
)
from sealhold.connectors.spec import BATCH_ROWS, Batch, Item, Reject, Why
from sealhold.model.errors import InvalidEncodingError

ITEM = Item(
    dataset="rows",
    fields={"a": 1, "b": [None, True, -2.5, "x", b"\x00", {"c": []}]},
    raw=None,
    original_id=None,
    position="line 2",
)
REJECT = Reject(position="line 3", why=Why.MALFORMED, detail="no number", raw=b"\xff")
FRAMES: list[Frame] = [
    Known("csv", "1", "CSV, 2 columns", 60),
    Portion(Batch(items=[ITEM], rejects=[REJECT], cursor="1:2"), 40),
    Finished(),
    Broken("cut off"),
    Unconfined(),
]


def portion(**changes: object) -> bytes:
    whole = {"items": [ITEM], "rejects": [REJECT], "cursor": "1:2"} | changes
    return encode(Portion(Batch(**whole), 0))[4:]  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_a_frame_arrives_as_it_was_sent(frame: Frame) -> None:
    assert decode(encode(frame)[4:]) == frame


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_frames_arrive_whole_whatever_the_pieces(size: int) -> None:
    sent = b"".join(map(encode, FRAMES))
    deframer = Deframer()

    got = [f for at in range(0, len(sent), size) for f in deframer.feed(sent[at : at + size])]

    assert got == FRAMES


def test_a_frame_that_has_begun_waits_for_its_rest() -> None:
    sent = encode(Finished())
    deframer = Deframer()

    assert list(deframer.feed(sent[:5])) == []
    assert list(deframer.feed(sent[5:])) == [Finished()]


def test_a_frame_over_the_limit_is_not_sent() -> None:
    huge = msgspec.structs.replace(ITEM, raw=b"x" * MAX_FRAME)

    with pytest.raises(InvalidEncodingError, match="at most"):
        encode(Portion(Batch(items=[huge], rejects=[], cursor=""), 0))


@pytest.mark.parametrize(
    "body",
    [
        portion(items=[ITEM] * (BATCH_ROWS + 1)),
        portion(cursor="x" * 5000),
        portion(rejects=[msgspec.structs.replace(REJECT, raw=b"x" * 5000)]),
        portion(rejects=[msgspec.structs.replace(REJECT, detail="x" * 500)]),
        portion(rejects=[msgspec.structs.replace(REJECT, why="boredom")]),
        portion(items=[msgspec.structs.replace(ITEM, position="a\nb")]),
        portion(items=[msgspec.structs.replace(ITEM, raw=msgspec.msgpack.Ext(5, b"x"))]),
        portion(items=[msgspec.structs.replace(ITEM, fields=[1])]),
        portion(items=[5]),
        encode(Broken("x"))[4:] + b"\xc0",
        msgspec.msgpack.encode(["unheard-of", 1]),
        b"",
    ],
    ids=[
        "too many", "cursor", "raw", "detail", "reason", "position", "extension", "fields",
        "item", "tail", "kind", "empty",
    ],
)  # fmt: skip
def test_what_no_honest_reader_sends_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEncodingError):
        decode(body)


def test_a_value_nested_too_deep_is_refused() -> None:
    deep: object = 1
    for _ in range(100):
        deep = [deep]

    with pytest.raises(InvalidEncodingError):
        decode(portion(items=[msgspec.structs.replace(ITEM, raw=deep)]))
