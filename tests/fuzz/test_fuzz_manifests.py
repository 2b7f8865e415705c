"""Whatever bytes come in, they are the one form of a manifest of a content, or refused."""

from hypothesis import example, given
from hypothesis import strategies as st

from sealhold.model.encoding import pack
from sealhold.model.errors import InvalidEncodingError
from sealhold.vault.chunkplaces import Manifest

hashes = st.one_of(st.binary(min_size=32, max_size=32), st.binary(max_size=3), st.none())
numbers = st.one_of(st.integers(-2, 300_000), st.integers(0, 2**64 - 1), st.booleans())
shaped = st.fixed_dictionaries(
    {
        1: st.sampled_from([1, 2, True]),
        2: numbers,
        3: st.lists(hashes, max_size=2),
        4: st.lists(st.tuples(hashes, numbers, numbers, numbers, hashes).map(list), max_size=3),
    }
)


@given(st.one_of(st.binary(max_size=300), shaped.map(pack)))
@example(pack({1: 1, 2: 0, 3: [], 4: []}))
def test_any_bytes_are_a_manifest_in_its_one_form_or_refused(data: bytes) -> None:
    try:
        found = Manifest.decoded(data)
    except InvalidEncodingError:
        return

    assert found.encoded() == data
    assert len(found.chunks) <= found.size or not found.chunks
