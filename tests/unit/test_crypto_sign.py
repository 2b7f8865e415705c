"""Signatures and the words that people compare."""

import hashlib
from itertools import combinations

import pytest

from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import (
    PublicKey,
    SigningKey,
    key_digest,
    key_words,
    verify,
    verify_raw,
)
from sealhold.crypto.tags import Tag
from sealhold.crypto.words import WORDS
from sealhold.model.errors import BadSignatureError

KEY = SigningKey(Secret(b"s" * 32, "seed"))


def test_a_signature_holds_for_its_use_and_message() -> None:
    signature = KEY.sign(Tag.RECEIPT, b"m")

    verify(KEY.public, Tag.RECEIPT, b"m", signature)


def test_a_raw_signature_covers_exactly_the_bytes() -> None:
    verify_raw(KEY.public, b"m", KEY.sign_raw(b"m"))


def test_a_raw_signature_is_none_with_a_tag() -> None:
    with pytest.raises(BadSignatureError):
        verify(KEY.public, Tag.RECEIPT, b"m", KEY.sign_raw(b"m"))


@pytest.mark.parametrize("public", [b"", b"short", b"\xff" * 32, b"k" * 33])
def test_bytes_that_are_no_key_verify_nothing(public: bytes) -> None:
    with pytest.raises(BadSignatureError):
        verify(PublicKey(public), Tag.RECEIPT, b"m", KEY.sign(Tag.RECEIPT, b"m"))


def test_a_key_digest_is_the_sha256_in_hex() -> None:
    assert key_digest(KEY.public) == hashlib.sha256(KEY.public).hexdigest()


def test_a_key_has_four_words_that_follow_its_digest() -> None:
    digest = hashlib.sha256(KEY.public).digest()

    assert key_words(KEY.public) == tuple(WORDS[byte] for byte in digest[:4])


def test_the_words_are_256_short_ones_that_differ_early() -> None:
    assert len(WORDS) == 256
    assert all(word.isascii() and word.isalpha() and word.islower() for word in WORDS)
    assert all(2 < len(word) < 9 for word in WORDS)
    assert not [(a, b) for a, b in combinations(WORDS, 2) if a[:4] == b[:4]]
