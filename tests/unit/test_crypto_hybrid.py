"""Sealing to a person's or device's public key."""

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.hybrid import BOX_PUBLIC_BYTES, BoxKey, seal_to
from sealhold.crypto.secret import Secret
from sealhold.model.errors import InvalidError, SealBrokenError

ENTROPY = seeded(b"box")
KEY = BoxKey.generate(ENTROPY)


@pytest.mark.parametrize("plain", [b"", b"a key", b"x" * 100_000])
def test_the_holder_of_the_key_opens_what_was_sealed_to_it(plain: bytes) -> None:
    assert KEY.open(seal_to(KEY.public, plain, b"share"), b"share") == plain


def test_a_key_comes_back_from_its_secret() -> None:
    again = BoxKey.from_secret(Secret(KEY.secret.reveal(), "kept"))

    assert again.public == KEY.public
    assert again.open(seal_to(KEY.public, b"a key", b""), b"") == b"a key"


def test_two_generated_keys_differ() -> None:
    assert BoxKey.generate(ENTROPY).public != BoxKey.generate(ENTROPY).public


def test_sealing_twice_gives_two_ciphertexts() -> None:
    assert seal_to(KEY.public, b"a key", b"") != seal_to(KEY.public, b"a key", b"")


def test_another_key_does_not_open() -> None:
    with pytest.raises(SealBrokenError):
        BoxKey.generate(ENTROPY).open(seal_to(KEY.public, b"a key", b""), b"")


def test_another_info_does_not_open() -> None:
    with pytest.raises(SealBrokenError):
        KEY.open(seal_to(KEY.public, b"a key", b"share"), b"link")


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(1120), bytes(1136), bytes(5000)])
def test_bytes_that_were_never_sealed_do_not_open(sealed: bytes) -> None:
    with pytest.raises(SealBrokenError):
        KEY.open(sealed, b"")


@pytest.mark.parametrize(
    "public",
    [
        pytest.param(b"", id="empty"),
        pytest.param(KEY.public[:-1], id="cut"),
        pytest.param(KEY.public + b"\0", id="long"),
        pytest.param(b"\xff" * BOX_PUBLIC_BYTES, id="coefficients out of range"),
        pytest.param(KEY.public[:-32] + bytes(32), id="a point of low order"),
    ],
)
def test_nothing_is_sealed_to_bytes_that_are_no_key(public: bytes) -> None:
    with pytest.raises(InvalidError):
        seal_to(public, b"a key", b"")
