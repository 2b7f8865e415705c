"""The root identity: two signatures, and both must hold."""

import pytest

from sealhold.crypto.rootid import (
    ED25519_SIGNATURE_BYTES,
    ROOT_PUBLIC_BYTES,
    ROOT_SIGNATURE_BYTES,
    RootIdentity,
    verify,
)
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.errors import BadSignatureError

ME = RootIdentity(Secret(b"m" * 32, "root identity"))
YOU = RootIdentity(Secret(b"y" * 32, "root identity"))
TAG = Tag.ROOT_SIGNATURE
MINE = ME.sign(TAG, b"device 1 is mine")
YOURS = YOU.sign(TAG, b"device 1 is mine")


def test_a_signature_holds() -> None:
    verify(ME.public, TAG, b"device 1 is mine", MINE)


def test_the_same_secret_gives_the_same_identity() -> None:
    again = RootIdentity(Secret(b"m" * 32, "from the cards"))

    assert again.public == ME.public
    assert (len(ME.public), len(MINE)) == (ROOT_PUBLIC_BYTES, ROOT_SIGNATURE_BYTES)


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(YOURS, id="both by another"),
        pytest.param(
            YOURS[:ED25519_SIGNATURE_BYTES] + MINE[ED25519_SIGNATURE_BYTES:],
            id="Ed25519 by another",
        ),
        pytest.param(
            MINE[:ED25519_SIGNATURE_BYTES] + YOURS[ED25519_SIGNATURE_BYTES:],
            id="ML-DSA by another",
        ),
        pytest.param(MINE[:ED25519_SIGNATURE_BYTES], id="Ed25519 alone"),
        pytest.param(MINE[ED25519_SIGNATURE_BYTES:], id="ML-DSA alone"),
        pytest.param(MINE + b"\0", id="too long"),
        pytest.param(b"", id="none"),
    ],
)
def test_one_good_half_is_not_enough(signature: bytes) -> None:
    with pytest.raises(BadSignatureError):
        verify(ME.public, TAG, b"device 1 is mine", signature)


def test_a_signature_holds_for_its_message_and_use_alone() -> None:
    with pytest.raises(BadSignatureError):
        verify(ME.public, TAG, b"device 2 is mine", MINE)
    with pytest.raises(BadSignatureError):
        verify(ME.public, Tag.RECEIPT, b"device 1 is mine", MINE)


def test_a_public_key_of_two_people_is_nobodys() -> None:
    mixed = ME.public[:32] + YOU.public[32:]

    with pytest.raises(BadSignatureError):
        verify(mixed, TAG, b"device 1 is mine", MINE)


def test_bytes_of_another_length_are_no_public_key() -> None:
    with pytest.raises(BadSignatureError):
        verify(ME.public[:-1], TAG, b"device 1 is mine", MINE)
