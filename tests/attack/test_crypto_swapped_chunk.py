"""T04: chunks of a large object are exchanged, cut, or replaced by who holds the storage."""

import zlib

import pytest

from sealhold.crypto.chunkid import open_chunk, seal_chunk
from sealhold.crypto.digest import framed
from sealhold.crypto.entropy import seeded
from sealhold.crypto.seal import seal_once
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.errors import SealBrokenError

ENTROPY = seeded(b"chunks")
KEY = Secret(b"n" * 32, "naming key")
ONE = seal_chunk(KEY, b"first page " * 500, ENTROPY)
TWO = seal_chunk(KEY, b"second page " * 500, ENTROPY)


@pytest.mark.threat("T04")
def test_a_chunk_in_anothers_place_does_not_open() -> None:
    with pytest.raises(SealBrokenError):
        open_chunk(KEY, ONE.id, ONE.key, TWO.sealed)


@pytest.mark.threat("T04")
def test_a_chunk_with_its_own_key_does_not_open_under_anothers_name() -> None:
    with pytest.raises(SealBrokenError):
        open_chunk(KEY, ONE.id, TWO.key, TWO.sealed)


@pytest.mark.threat("T04")
def test_other_content_sealed_by_who_has_the_chunks_key_is_found_out() -> None:
    forged = seal_once(ONE.key, b"\0another page", framed(Tag.CHUNK, ONE.id))

    with pytest.raises(SealBrokenError):
        open_chunk(KEY, ONE.id, ONE.key, forged)


@pytest.mark.threat("T04")
@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, len(ONE.sealed) - 1])
def test_a_cut_chunk_does_not_open(length: int) -> None:
    with pytest.raises(SealBrokenError):
        open_chunk(KEY, ONE.id, ONE.key, ONE.sealed[:length])


@pytest.mark.threat("T04")
def test_a_chunk_that_would_inflate_without_end_stops_at_the_largest_size() -> None:
    bomb = b"\1" + zlib.compress(bytes(50_000_000), 9)
    forged = seal_once(ONE.key, bomb, framed(Tag.CHUNK, ONE.id))

    with pytest.raises(SealBrokenError):
        open_chunk(KEY, ONE.id, ONE.key, forged)
