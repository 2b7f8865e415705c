"""Laws of sealing: a place is unambiguous, and a seal opens in its place alone."""

from hypothesis import given
from hypothesis import strategies as st

from sealhold.crypto.digest import framed
from sealhold.crypto.entropy import seeded
from sealhold.crypto.seal import KeyKind, Sealer, body_aad, open_once, seal_once, wrap_aad
from sealhold.crypto.secret import Secret
from sealhold.model.errors import SealBrokenError
from sealhold.model.ids import Collection

# Small alphabets, so that two places are often nearly the same.
ids = st.sampled_from([bytes(16), b"\1" + bytes(15), bytes(15) + b"\1", b"trips\0\0\0" * 2])
kinds = st.sampled_from([KeyKind.DEK, KeyKind.SUBJECT])
versions = st.sampled_from([0, 1, 256, 2**64 - 1])
numbers = st.sampled_from([0, 1, 2**32 - 1])
collections = st.sampled_from(["", "a", "aa", "trips", "\u00fc", "a\0"]).map(Collection)
wraps = st.tuples(kinds, ids, ids, ids, versions)
bodies = st.tuples(kinds, ids, ids, collections, ids, numbers, versions)
keys = st.binary(min_size=32, max_size=32).map(lambda value: Secret(value, "key"))
part_lists = st.lists(st.sampled_from([b"", b"\0", b"a", b"aa", bytes(8)]), max_size=4)


@given(one=wraps, two=wraps)
def test_two_places_of_wraps_are_equal_only_if_all_their_parts_are(
    one: tuple[KeyKind, bytes, bytes, bytes, int], two: tuple[KeyKind, bytes, bytes, bytes, int]
) -> None:
    assert (wrap_aad(*one) == wrap_aad(*two)) is (one == two)


@given(one=bodies, two=bodies)
def test_two_places_of_bodies_are_equal_only_if_all_their_parts_are(
    one: tuple[KeyKind, bytes, bytes, Collection, bytes, int, int],
    two: tuple[KeyKind, bytes, bytes, Collection, bytes, int, int],
) -> None:
    assert (body_aad(*one) == body_aad(*two)) is (one == two)


@given(one=part_lists, two=part_lists)
def test_two_lists_of_parts_frame_alike_only_if_they_are_equal(
    one: list[bytes], two: list[bytes]
) -> None:
    assert (framed(*one) == framed(*two)) is (one == two)


@given(key=keys, plain=st.binary(), aad=st.binary(), seed=st.binary())
def test_what_was_sealed_opens(key: Secret, plain: bytes, aad: bytes, seed: bytes) -> None:
    sealer = Sealer(key)

    assert open_once(key, seal_once(key, plain, aad), aad) == plain
    assert sealer.open(sealer.seal(plain, aad, seeded(seed)), aad) == plain


@given(key=keys, plain=st.binary(), aad=st.binary(), data=st.data())
def test_one_changed_bit_anywhere_breaks_the_seal(
    key: Secret, plain: bytes, aad: bytes, data: st.DataObject
) -> None:
    sealed = bytearray(seal_once(key, plain, aad))
    bit = data.draw(st.integers(0, 8 * len(sealed) - 1))
    sealed[bit // 8] ^= 1 << bit % 8

    try:
        open_once(key, bytes(sealed), aad)
    except SealBrokenError:
        return
    raise AssertionError("a changed seal opened")


@given(inner=keys, key=keys, other=keys, seed=st.binary())
def test_a_wrap_opens_under_its_key_alone(
    inner: Secret, key: Secret, other: Secret, seed: bytes
) -> None:
    wrapped = Sealer(key).wrap(inner, b"place", seeded(seed))

    try:
        opened = Sealer(other).unwrap(wrapped, b"place", "inner")
    except SealBrokenError:
        assert key != other
    else:
        assert (key, inner) == (other, opened)
