"""Whatever bytes come in, the pack reader answers with a table that fits or with TAMPERED."""

import struct

from hypothesis import example, given
from hypothesis import strategies as st

from sealhold.model.ids import SealedBytes
from sealhold.stores.packs import PackWriter, padded

from .fuzz_pack import fuzz

HEAD = b"SHPK\x01" + bytes(32)
chunks = st.lists(st.binary(min_size=16, max_size=200), max_size=6)
entries = st.tuples(
    st.binary(min_size=32, max_size=32),
    st.one_of(st.integers(30, 120), st.integers(0, 2**32 - 1)),
    st.one_of(st.integers(0, 90), st.integers(0, 2**32 - 1)),
)


def _pack(bodies: list[bytes]) -> bytes:
    writer = PackWriter(bytes(32))
    for number, body in enumerate(bodies):
        writer.add(number.to_bytes(32, "big"), SealedBytes(body))
    return writer.finish(lambda _salt, table: SealedBytes(table))


def _whole(filled: bytes) -> bytes:
    return filled.ljust(padded(len(filled)), b"\x00")


@given(st.binary(max_size=2_000))
@example(b"")
@example(HEAD.ljust(512, b"\x00"))
@example((HEAD + b"\x80").ljust(512, b"\x00"))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    fuzz(data)
    fuzz(_whole(HEAD + data + b"\x80"))


@given(chunks, st.data())
def test_an_edited_pack_is_read_or_refused(bodies: list[bytes], data: st.DataObject) -> None:
    pack = _pack(bodies)
    start = data.draw(st.integers(0, len(pack)))
    end = data.draw(st.integers(start, len(pack)))
    edited = pack[:start] + data.draw(st.binary(max_size=20)) + pack[end:]

    fuzz(edited)
    fuzz(_whole(edited.rstrip(b"\x00")))


@given(st.binary(max_size=200), st.lists(entries, max_size=4), st.integers(-2, 2))
def test_any_table_behind_the_seal_is_read_or_refused(
    body: bytes, told: list[tuple[bytes, int, int]], off: int
) -> None:
    table = b"".join(struct.pack(">32sII", *entry) for entry in told)
    length = max(0, len(table) + off)

    fuzz(_whole(HEAD + body + table + struct.pack(">I", length) + b"\x80"))


@given(chunks)
def test_a_whole_pack_is_read(bodies: list[bytes]) -> None:
    assert fuzz(_pack(bodies)) == sum(map(len, bodies))
