"""Sealing bodies and wrapping keys."""

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.seal import (
    KEY_BYTES,
    NOBODY,
    WRAP_BYTES,
    KeyKind,
    Sealer,
    body_aad,
    body_places,
    new_key,
    open_once,
    seal_once,
    wrap_aad,
    wrap_places,
)
from sealhold.crypto.secret import Secret
from sealhold.model.errors import SealBrokenError
from sealhold.model.ids import Collection

ENTROPY = seeded(b"seal")
KEY = Secret(b"k" * 32, "key")
AAD = b"place"


def test_a_new_key_has_32_bytes_and_a_name() -> None:
    key = new_key(ENTROPY, "subject key")

    assert len(key.reveal()) == KEY_BYTES
    assert key.name == "subject key"
    assert key != new_key(ENTROPY, "subject key")


def test_a_wrap_has_60_bytes_and_gives_the_key_back() -> None:
    inner = new_key(ENTROPY, "inner")

    wrapped = Sealer(KEY).wrap(inner, AAD, ENTROPY)

    assert len(wrapped) == WRAP_BYTES == 60
    assert Sealer(KEY).unwrap(wrapped, AAD, "inner") == inner


def test_two_wraps_of_one_key_differ() -> None:
    sealer, inner = Sealer(KEY), new_key(ENTROPY, "inner")

    assert sealer.wrap(inner, AAD, ENTROPY) != sealer.wrap(inner, AAD, ENTROPY)


def test_a_sealed_body_that_is_no_key_is_not_unwrapped() -> None:
    sealed = Sealer(KEY).seal(b"k" * 31, AAD, ENTROPY)

    with pytest.raises(SealBrokenError):
        Sealer(KEY).unwrap(sealed, AAD, "inner")


@pytest.mark.parametrize("plain", [b"", b"a", b"a" * 100_000])
def test_what_was_sealed_opens(plain: bytes) -> None:
    sealer = Sealer(KEY)

    assert sealer.open(sealer.seal(plain, AAD, ENTROPY), AAD) == plain
    assert open_once(KEY, seal_once(KEY, plain, AAD), AAD) == plain


def test_a_one_time_seal_adds_sixteen_bytes_and_a_seal_twenty_eight() -> None:
    assert len(seal_once(KEY, b"abc", AAD)) == 3 + 16
    assert len(Sealer(KEY).seal(b"abc", AAD, ENTROPY)) == 3 + 28


@pytest.mark.parametrize("length", range(29))
def test_bytes_too_few_for_a_seal_are_refused(length: int) -> None:
    with pytest.raises(SealBrokenError):
        Sealer(KEY).open(bytes(length), AAD)
    with pytest.raises(SealBrokenError):
        open_once(KEY, bytes(length), AAD)


def test_ids_in_associated_data_have_sixteen_bytes() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        wrap_aad(KeyKind.DEK, b"short", NOBODY, NOBODY, 1)
    with pytest.raises(ValueError, match="16 bytes"):
        body_aad(KeyKind.DEK, NOBODY, bytes(15), Collection("trips"), bytes(17), 0, 1)


def test_a_prepared_place_is_the_one_that_is_made_each_time() -> None:
    app, subject, record = b"a" * 16, b"s" * 16, b"r" * 16
    trips = Collection("trips")

    key_place = wrap_places(KeyKind.DEK, app, 3)
    body_place = body_places(KeyKind.DEK, app, subject, trips, 2, 5)

    assert key_place(subject, record) == wrap_aad(KeyKind.DEK, app, subject, record, 3)
    assert body_place(record) == body_aad(KeyKind.DEK, app, subject, trips, record, 2, 5)


def test_ids_in_prepared_places_have_sixteen_bytes() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        wrap_places(KeyKind.DEK, b"short", 1)
    for app, subject in ((bytes(15), NOBODY), (NOBODY, bytes(17))):
        with pytest.raises(ValueError, match="16 bytes"):
            body_places(KeyKind.DEK, app, subject, Collection("trips"), 0, 1)


def test_a_wrap_is_never_in_the_place_of_a_body() -> None:
    wrap = wrap_aad(KeyKind.DEK, NOBODY, NOBODY, NOBODY, 1)
    body = body_aad(KeyKind.DEK, NOBODY, NOBODY, Collection(""), NOBODY, 0, 1)

    assert wrap[:9] != body[:9]
    assert (len(wrap), len(body)) == (66, 72)


def test_an_envelope_is_a_fresh_key_wrapped_and_what_it_seals() -> None:
    sealer = Sealer(KEY)

    wrap, sealed = sealer.envelope(b"plain", b"key place", b"body place", ENTROPY)

    key = sealer.unwrap(wrap, b"key place", "dek")
    assert open_once(key, sealed, b"body place") == b"plain"
    assert sealer.open_envelope(wrap, sealed, b"key place", b"body place") == b"plain"
    assert sealer.envelope(b"plain", b"key place", b"body place", ENTROPY) != (wrap, sealed)


@pytest.mark.parametrize("part", range(4))
def test_an_envelope_opens_only_whole_and_in_its_places(part: int) -> None:
    sealer = Sealer(KEY)
    wrap, sealed = sealer.envelope(b"plain", b"key place", b"body place", ENTROPY)
    whole = [wrap, sealed, b"key place", b"body place"]
    for changed in (whole[part][:-1], whole[part] + b"x", b"y" + whole[part][1:]):
        parts = [*whole]
        parts[part] = changed
        one, other, key_place, body_place = parts
        with pytest.raises(SealBrokenError):
            sealer.open_envelope(one, other, key_place, body_place)
