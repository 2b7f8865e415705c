"""Cutting large objects, naming and sealing the chunks."""

import pytest

from sealhold.crypto.chunkid import chunk_id, open_chunk, seal_chunk
from sealhold.crypto.cutter import MAX_CHUNK, MIN_CHUNK, Cutter
from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.model.errors import SealBrokenError

KEY = Secret(b"n" * 32, "naming key")
ENTROPY = seeded(b"chunks")
CUTTER = Cutter(Secret(b"s" * 32, "seed"))
NOISE = seeded(b"noise")(3_000_000)


def test_chunks_join_to_the_object_and_keep_their_bounds() -> None:
    chunks = list(CUTTER.cut(NOISE))

    assert b"".join(chunks) == NOISE
    assert all(MIN_CHUNK < len(chunk) <= MAX_CHUNK for chunk in chunks[:-1])
    assert 40_000 < len(NOISE) / len(chunks) < 80_000


def test_an_empty_object_has_no_chunk_and_a_small_one_has_one() -> None:
    assert list(CUTTER.cut(b"")) == []
    assert list(CUTTER.cut(b"a" * MIN_CHUNK)) == [b"a" * MIN_CHUNK]


def test_an_object_without_any_mark_is_cut_at_the_largest_size() -> None:
    lengths = {len(chunk) for chunk in Cutter(KEY).cut(bytes(4 * MAX_CHUNK))}

    assert lengths in ({MAX_CHUNK}, {MIN_CHUNK + 1})  # a constant has a mark everywhere or nowhere


def test_an_edit_changes_few_chunks() -> None:
    before = set(CUTTER.cut(NOISE))
    after = set(CUTTER.cut(NOISE[:1_500_000] + b"a word" + NOISE[1_500_000:]))

    assert len(after - before) <= 3


def test_another_secret_cuts_elsewhere() -> None:
    mine = set(CUTTER.cut(NOISE))
    yours = set(Cutter(Secret(b"y" * 32, "seed")).cut(NOISE))

    assert not mine & yours


@pytest.mark.parametrize("size", [1_000, 65_536, 262_144, 1_000_000])
def test_how_a_stream_comes_in_makes_no_difference(size: int) -> None:
    pieces = (NOISE[start : start + size] for start in range(0, len(NOISE), size))

    assert list(CUTTER.cut_stream(pieces)) == list(CUTTER.cut(NOISE))


@pytest.mark.parametrize("plain", [b"", b"short", b"again and " * 5_000, NOISE[:MAX_CHUNK]])
def test_a_sealed_chunk_opens(plain: bytes) -> None:
    chunk = seal_chunk(KEY, plain, ENTROPY)

    assert chunk.id == chunk_id(KEY, plain)
    assert open_chunk(KEY, chunk.id, chunk.key, chunk.sealed) == plain


def test_a_chunk_grows_by_seventeen_bytes_at_most() -> None:
    assert len(seal_chunk(KEY, NOISE[:50_000], ENTROPY).sealed) == 50_000 + 17
    assert len(seal_chunk(KEY, b"again and " * 5_000, ENTROPY).sealed) < 1_000


def test_equal_content_has_one_name_and_never_one_ciphertext() -> None:
    one, two = seal_chunk(KEY, b"photo", ENTROPY), seal_chunk(KEY, b"photo", ENTROPY)

    assert one.id == two.id
    assert one.sealed != two.sealed


def test_the_name_needs_the_naming_key() -> None:
    assert chunk_id(KEY, b"photo") != chunk_id(Secret(b"o" * 32, "other"), b"photo")


def test_a_chunk_opens_under_its_naming_key_alone() -> None:
    chunk = seal_chunk(KEY, b"photo", ENTROPY)

    with pytest.raises(SealBrokenError):
        open_chunk(Secret(b"o" * 32, "other"), chunk.id, chunk.key, chunk.sealed)


def test_more_than_a_chunk_is_not_sealed_as_one() -> None:
    with pytest.raises(ValueError, match="at most"):
        seal_chunk(KEY, bytes(MAX_CHUNK + 1), ENTROPY)
