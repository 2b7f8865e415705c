"""What a device sealed itself it knows without opening it: as it would have been opened."""

from hypothesis import given
from hypothesis import strategies as st

from sealhold.crypto.chunkid import SEAL_ADDS, ChunkId
from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import pack
from sealhold.model.errors import InvalidEncodingError
from sealhold.sharing.devices.contents import (
    FEW_CHUNKS,
    INLINE,
    MAX_LISTED,
    Content,
    Kind,
    is_sound,
    open_content,
    seal_content,
)
from sealhold.sharing.devices.ops import PlaceOp, PutOp, encode, size_of
from sealhold.sharing.devices.treeops import OpKind
from sealhold.vault.chunkplaces import Manifest, Place

KEY, ID = Secret(b"k" * 32, "version key"), b"i" * 16
hashes = st.binary(min_size=32, max_size=32)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    chunks = draw(
        st.lists(
            st.builds(
                Place,
                chunk=hashes.map(ChunkId),
                pack=hashes,
                offset=st.integers(0, 7_000_000),
                length=st.integers(SEAL_ADDS, 70_000),
                key=hashes.map(lambda key: Secret(key, "chunk key")),
            ),
            max_size=5,
        )
    )
    return Manifest(draw(st.integers(len(chunks), 1_000 * len(chunks))), tuple(chunks))


contents = st.builds(
    Content,
    kind=st.sampled_from(list(Kind)),
    size=st.integers(-1, 5_000),
    mode=st.integers(-1, 0o10000),
    mtime=st.integers(-(1 << 64), 1 << 64),
    digest=st.binary(min_size=31, max_size=33) | hashes,
    inline=st.none() | st.binary(max_size=INLINE + 1),
    manifest=st.none() | manifests(),
    is_list=st.booleans(),
)


def fitted(content: Content) -> Content:
    """Return a content that is more likely in order."""
    size = len(content.inline) if content.inline is not None else content.size
    if content.manifest is not None:
        size = content.manifest.size
    return Content(
        kind=content.kind,
        size=size,
        mode=content.mode & 0o777,
        mtime=content.mtime >> 2,
        digest=(content.digest * 2)[:32],
        inline=None if content.manifest is not None else content.inline,
        manifest=content.manifest,
        is_list=content.is_list and content.manifest is not None,
    )


@given(contents | contents.map(fitted))
def test_what_is_sound_opens_as_it_was(content: Content) -> None:
    if not is_sound(content):
        return
    sealed = seal_content(content, ID, ID, ID, KEY)
    assert open_content(sealed, ID, ID, ID, KEY) == content


@given(contents.map(fitted))
def test_what_opens_was_sound(content: Content) -> None:
    if content.inline is None and content.manifest is None:
        return
    sealed = seal_content(content, ID, ID, ID, KEY)
    try:
        opened = open_content(sealed, ID, ID, ID, KEY)
    except InvalidEncodingError:
        assert not is_sound(content)
    else:
        assert is_sound(opened)
        assert opened == content


@given(
    st.lists(st.binary(min_size=16, max_size=16), max_size=64, unique=True),
    st.binary(min_size=16, max_size=70_000),
)
def test_an_operation_is_never_longer_than_it_is_counted(
    parents: list[bytes], sealed: bytes
) -> None:
    for op in (
        PutOp(ID, b"v" * 16, tuple(parents), sealed),
        PlaceOp(OpKind.PLACE, ID, b"p" * 16, sealed),
        PlaceOp(OpKind.DELETE, ID, None, None),
    ):
        assert len(pack(encode(op))) <= size_of(op) <= len(pack(encode(op))) + 64


def test_the_manifest_of_few_chunks_stands_in_a_version() -> None:
    draw = seeded(b"few")
    chunks = tuple(
        Place(ChunkId(draw(32)), draw(32), 8_000_000, 262_144, Secret(draw(32), "chunk key"))
        for _ in range(FEW_CHUNKS)
    )
    assert len(Manifest(FEW_CHUNKS * 262_000, chunks).encoded()) <= MAX_LISTED
