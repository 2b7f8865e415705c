"""Laws of third parties' files: tuples never return, versions open to what was signed, or not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealhold.compute.manifest import Resource
from sealhold.compute.resources import has_room, next_tuple, open_version, sign_version, tuples
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import NotFetchedError

SIGNER = SigningKey(Secret(b"s" * 32, "signer"))
URL = "https://data.example.org/file"

contents = st.sampled_from([b"a", b"b", b"c", b"d"])


def resource(name: str, versions: int) -> Resource:
    return Resource(
        id=name,
        url=URL,
        signer=SIGNER.public.hex(),
        max_bytes=64,
        refresh_s=3_600,
        max_versions=versions,
    )


@given(
    versions=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    steps=st.lists(st.lists(contents, min_size=3, max_size=3), max_size=30),
)
def test_no_tuple_returns_and_there_are_never_more_than_are_charged(
    versions: list[int], steps: list[list[bytes]]
) -> None:
    files = [resource(f"f{n}", most) for n, most in enumerate(versions)]
    history: list[dict[str, bytes]] = []
    for step in steps:
        newest = {each.id: content for each, content in zip(files, step, strict=False)}
        wanted = next_tuple(files, history, newest)
        if wanted is not None:
            history.append(wanted)

    assert len({tuple(sorted(each.items())) for each in history}) == len(history)
    assert len(history) <= tuples(files)
    for each in files:
        assert len({past[each.id] for past in history}) <= each.max_versions


@given(
    mine=st.lists(st.integers(1, 3), min_size=2, max_size=2),
    others=st.lists(st.integers(1, 3), min_size=2, max_size=2),
    steps=st.lists(st.tuples(st.booleans(), contents, contents), max_size=30),
)
def test_two_tasks_that_share_a_series_get_no_more_tuples_than_the_dearer_one_paid(
    mine: list[int], others: list[int], steps: list[tuple[bool, bytes, bytes]]
) -> None:
    both = [[resource(f"f{n}", most) for n, most in enumerate(each)] for each in (mine, others)]
    history: list[dict[str, bytes]] = []
    for is_other, one, two in steps:
        wanted = next_tuple(both[is_other], history, {"f0": one, "f1": two})
        if wanted is not None:
            history.append(wanted)

    assert len(history) <= max(map(tuples, both))


@given(versions=st.integers(1, 4), steps=st.lists(contents, max_size=12))
def test_without_room_nothing_is_bound(versions: int, steps: list[bytes]) -> None:
    files = [resource("f", versions)]
    history: list[dict[str, bytes]] = []
    for content in steps:
        room = not history or has_room(files[0], files, history)
        wanted = next_tuple(files, history, {"f": content})
        assert room or wanted is None
        if wanted is not None:
            history.append(wanted)


@given(serial=st.integers(1, 2**63 - 1), content=st.binary(max_size=64))
def test_a_version_opens_to_what_was_signed(serial: int, content: bytes) -> None:
    found = open_version(resource("f", 2), sign_version(URL, serial, content, SIGNER))

    assert (found.serial, found.content) == (serial, content)


@given(data=st.data(), content=st.binary(max_size=32))
def test_a_flipped_bit_in_any_byte_makes_it_no_version(data: st.DataObject, content: bytes) -> None:
    whole = bytearray(sign_version(URL, 9, content, SIGNER))
    at = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[at // 8] ^= 1 << at % 8

    with pytest.raises(NotFetchedError) as told:
        open_version(resource("f", 2), bytes(whole))
    assert told.value.reason in {"form", "signer"}
