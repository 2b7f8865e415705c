"""Laws of a reader's frames: what is let in is what a look at each single value lets in."""

import datetime as dt
import math
from contextlib import suppress
from typing import NoReturn

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from sealhold.connectors.frames import HEAD, Portion, decode, encode
from sealhold.connectors.spec import Batch, Item, Reject, Why
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidEncodingError

DEEPEST = 80
EDGE = 2**63
numbers = st.sampled_from(
    [0, 1, -1, EDGE - 1, EDGE, 2 * EDGE - 1, -EDGE, 0.0, 1.0, -2.5, 1e308, math.inf, math.nan]
)
foreign = st.sampled_from(
    [msgspec.msgpack.Ext(5, b"x"), dt.datetime(2026, 1, 2, tzinfo=dt.UTC), b"", b"\x00"]
)
singles = st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=3))
names = st.one_of(st.text(max_size=2), st.text(max_size=2), st.integers(0, 2))
trees = st.recursive(
    st.one_of(singles, singles, foreign),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=8,
)
items = st.lists(
    st.tuples(
        st.dictionaries(st.text(max_size=2), trees, max_size=3),
        trees,
        st.one_of(st.none(), st.text(max_size=2)),
        st.booleans(),
    ),
    max_size=3,
)


def nested(depth: int, value: Plain = 1) -> Plain:
    for n in range(depth):
        value = [value] if n % 2 else {"a": value}
    return value


def portion(drawn: list[tuple[Plain, Plain, str | None, bool]], bytes_read: int = 7) -> Portion:
    made = [
        Item(dataset="rows", fields=f, raw=raw, original_id=name, position="line 1", coarse=coarse)
        for f, raw, name, coarse in drawn
    ]
    reject = Reject(position="line 2", why=Why.MALFORMED, detail="no number", raw=b"\xff")
    return Portion(Batch(items=made, rejects=[reject], cursor="1:2"), bytes_read)


def is_plain(value: Plain, depth: int = DEEPEST) -> bool:
    """Return whether a value is plain, looking at each in turn and in no hurry."""
    if isinstance(value, dict):
        named = all(type(name) is str for name in value)
        return named and is_plain([*value.values()], depth)
    if isinstance(value, list):
        return depth > 0 and all(is_plain(each, depth - 1) for each in value)
    if type(value) is int:
        return -EDGE <= value < EDGE
    if type(value) is float:
        return math.isfinite(value)
    return value is None or type(value) in (str, bytes, bool)


def no_extension(_code: int, _data: memoryview) -> NoReturn:
    raise ValueError


def by_each_value(body: bytes) -> Portion | None:
    """Return the portion that a body holds, if it may come in."""
    with suppress(msgspec.MsgspecError, ValueError, TypeError, RecursionError):
        found = msgspec.msgpack.decode(body, type=Portion, ext_hook=no_extension)
        batch = found.batch
        told = [text for each in batch.rejects for text in (each.position, each.detail)]
        texts = [*told, *(item.position for item in batch.items)]
        values = [value for item in batch.items for value in (item.fields, item.raw)]
        if all(text.isprintable() for text in texts) and all(map(is_plain, values)):
            return found
    return None


def let_in(body: bytes) -> Portion | None:
    with suppress(InvalidEncodingError):
        frame = decode(body)
        assert isinstance(frame, Portion)
        return frame
    return None


def exactly(found: Portion | None) -> str:
    """Return what tells 1, 1.0 and True apart."""
    return repr(found)


@given(items)
@example([({"a": math.nan}, None, None, False)])
@example([({"a": EDGE}, None, None, False)])
@example([({}, {1: 2}, None, False)])
def test_a_batch_is_let_in_if_each_value_is_plain(
    drawn: list[tuple[Plain, Plain, str | None, bool]],
) -> None:
    body = encode(portion(drawn))[HEAD:]

    assert exactly(let_in(body)) == exactly(by_each_value(body))


@given(items, st.integers(0), st.integers(0, 255))
def test_a_batch_with_a_byte_changed_is_let_in_if_each_value_is_plain(
    drawn: list[tuple[Plain, Plain, str | None, bool]], at: int, byte: int
) -> None:
    body = bytearray(encode(portion(drawn))[HEAD:])
    at %= len(body)
    kept = 1 + 1 + len("portion")  # another kind of frame is no portion
    if at >= kept:
        body[at] = byte

    assert exactly(let_in(bytes(body))) == exactly(by_each_value(bytes(body)))


@given(
    st.one_of(st.integers(0, 6), st.integers(76, 84)),
    st.sampled_from([1, math.inf, EDGE, "x", b"x", {1: 2}]),
)
@example(3, {1: 2})
def test_how_deep_a_value_stands_makes_no_difference_until_it_is_too_deep(
    depth: int, value: Plain
) -> None:
    deep = nested(depth, value)
    body = encode(portion([({"a": deep}, deep, None, False)]))[HEAD:]

    found = let_in(body)

    assert found is None or depth < DEEPEST
    assert exactly(found) == exactly(by_each_value(body))
