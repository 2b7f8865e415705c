"""Laws of cutting: nothing is lost, and the fast way finds the cuts of the definition."""

from collections.abc import Iterator

from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.crypto.cutter import MAX_CHUNK, MIN_CHUNK, TURN, Cutter
from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag


def cut_by_definition(seed: Secret, data: bytes) -> Iterator[bytes]:
    """Cut as docs/spec/02-sealing.md section 7 says, place by place."""
    tag = bytes(Tag.CHUNK_SEED)
    table = blake3(len(tag).to_bytes(8) + tag, key=seed.reveal()).digest(512)
    gear = [table[n] | table[256 + n] << 8 for n in range(256)]
    start = 0
    while start < len(data):
        stop = end = min(len(data), start + MAX_CHUNK)
        for place in range(start + MIN_CHUNK, stop):
            mark = 0
            for back in range(16):
                mark ^= gear[data[place - back]] << back & 0xFFFF
            if mark == 0 or (place >= start + TURN and mark < 4):
                end = place + 1
                break
        yield data[start:end]
        start = end


@settings(max_examples=5, deadline=None)
@given(seed=st.binary(max_size=4), length=st.integers(0, 300_000), values=st.integers(1, 256))
def test_the_fast_way_cuts_as_the_definition_does(seed: bytes, length: int, values: int) -> None:
    key = Secret(seed.ljust(32, b"\0"), "seed")
    data = bytes(byte % values for byte in seeded(seed)(length))

    assert list(Cutter(key).cut(data)) == list(cut_by_definition(key, data))


@settings(max_examples=20, deadline=None)
@given(sizes=st.lists(st.integers(0, 200_000), max_size=8), seed=st.binary(max_size=4))
def test_a_stream_is_cut_as_its_whole(sizes: list[int], seed: bytes) -> None:
    cutter = Cutter(Secret(seed.ljust(32, b"\0"), "seed"))
    draw = seeded(seed)
    pieces = [draw(size) for size in sizes]

    assert list(cutter.cut_stream(pieces)) == list(cutter.cut(b"".join(pieces)))
