"""Laws of cutting much content: nothing is lost, and how it comes in makes no difference."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.crypto.cutter import MAX_CHUNK, MIN_CHUNK
from sealhold.crypto.entropy import seeded
from sealhold.crypto.fastcutter import FastCutter
from sealhold.crypto.secret import Secret

NOISE = seeded(b"fast cuts")(1_500_000)


def cutter(seed: bytes) -> FastCutter:
    return FastCutter(Secret(seed.ljust(32, b"\0"), "seed"))


@settings(max_examples=30, deadline=None)
@given(
    seed=st.binary(max_size=4),
    length=st.integers(0, len(NOISE)),
    piece=st.integers(500, 700_000),
)
def test_pieces_join_to_the_content_within_bounds(seed: bytes, length: int, piece: int) -> None:
    data = NOISE[:length]
    chunks = list(cutter(seed).cut(data))

    streamed = cutter(seed).cut_stream(data[at : at + piece] for at in range(0, length, piece))

    assert b"".join(chunks) == data
    assert all(MIN_CHUNK <= len(chunk) <= MAX_CHUNK for chunk in chunks[:-1])
    assert all(0 < len(chunk) <= MAX_CHUNK for chunk in chunks)
    assert list(streamed) == chunks


@settings(max_examples=10, deadline=None)
@given(at=st.integers(0, len(NOISE)), word=st.binary(min_size=1, max_size=100))
def test_an_edit_moves_few_cuts(at: int, word: bytes) -> None:
    before = set(cutter(b"s").cut(NOISE))

    after = set(cutter(b"s").cut(NOISE[:at] + word + NOISE[at:]))

    assert len(after - before) <= 6


@settings(max_examples=10, deadline=None)
@given(one=st.binary(max_size=4), other=st.binary(max_size=4))
def test_two_seeds_have_hardly_a_chunk_in_common(one: bytes, other: bytes) -> None:
    mine = set(cutter(b"1" + one).cut(NOISE))
    yours = set(cutter(b"2" + other).cut(NOISE))

    assert len(mine & yours) <= 1
