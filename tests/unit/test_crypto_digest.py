"""Tagged, keyed and streamed hashes."""

import hashlib

import pytest

from sealhold.crypto.digest import (
    FileDigest,
    Keyed,
    equal,
    fingerprint,
    keyed,
    mac16,
    sha256,
    tagged,
)
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag

KEY = Secret(b"k" * 32, "key")
OTHER = Secret(b"o" * 32, "other key")


def test_sha256_is_the_plain_hash_of_the_parts_joined() -> None:
    assert sha256(b"ab", b"c") == hashlib.sha256(b"abc").digest()


def test_a_fingerprint_is_the_plain_blake3_of_the_bytes() -> None:
    empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"

    assert fingerprint(b"").hex() == empty


def test_where_parts_are_cut_makes_a_difference() -> None:
    assert tagged(Tag.EVENT, b"ab", b"c") != tagged(Tag.EVENT, b"a", b"bc")
    assert tagged(Tag.EVENT, b"") != tagged(Tag.EVENT)


def test_tag_and_key_make_a_difference() -> None:
    assert keyed(KEY, Tag.IDENTITY, b"a") != keyed(KEY, Tag.CONTENT, b"a")
    assert keyed(KEY, Tag.IDENTITY, b"a") != keyed(OTHER, Tag.IDENTITY, b"a")


def test_a_mac_is_half_a_keyed_digest() -> None:
    assert mac16(KEY, Tag.ROW_MAC, b"a") == keyed(KEY, Tag.ROW_MAC, b"a")[:16]


@pytest.mark.parametrize("parts", [(), (b"",), (b"a", b"bc"), (b"x" * 5000,)])
def test_the_prepared_form_gives_the_same(parts: tuple[bytes, ...]) -> None:
    prepared = Keyed(KEY, Tag.ROW_MAC)

    assert prepared.digest(*parts) == keyed(KEY, Tag.ROW_MAC, *parts)
    assert prepared.mac16(*parts) == mac16(KEY, Tag.ROW_MAC, *parts)
    assert prepared.after(b"a", b"").digest(*parts) == keyed(KEY, Tag.ROW_MAC, b"a", b"", *parts)
    assert prepared.after(*parts).mac16(b"b") == mac16(KEY, Tag.ROW_MAC, *parts, b"b")


def test_a_stream_may_come_in_any_pieces() -> None:
    whole, pieces = FileDigest(KEY, Tag.FILE_DIGEST), FileDigest(KEY, Tag.FILE_DIGEST)

    whole.update(b"abc" * 1000)
    for start in range(0, 3000, 7):
        pieces.update((b"abc" * 1000)[start : start + 7])

    assert whole.digest() == pieces.digest()


def test_a_stream_is_never_a_list_of_parts() -> None:
    stream = FileDigest(KEY, Tag.FILE_DIGEST)
    stream.update(b"abc")

    assert stream.digest() != keyed(KEY, Tag.FILE_DIGEST, b"abc")


def test_equal_compares_whole_values() -> None:
    assert equal(b"ab", b"ab")
    assert not equal(b"ab", b"ac")
    assert not equal(b"ab", b"abc")
