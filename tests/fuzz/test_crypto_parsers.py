"""Whatever bytes or text come in, a parser answers with a value or its one refusal."""

from hypothesis import example, given
from hypothesis import strategies as st

from sealhold.crypto import clientproof
from sealhold.crypto.chunkid import ChunkId, open_chunk
from sealhold.crypto.digest import framed, tagged
from sealhold.crypto.entropy import seeded
from sealhold.crypto.kdf import Stretch
from sealhold.crypto.roots import env, keyfile, passphrase, tpm2
from sealhold.crypto.seal import seal_once
from sealhold.crypto.secret import Secret
from sealhold.crypto.slot import read_slot
from sealhold.crypto.tags import Tag
from sealhold.crypto.token import Caveat, CaveatKind, mint, parse
from sealhold.model.encoding import pack
from sealhold.model.errors import BadTokenError, SealBrokenError, TamperedError, WeakRootError
from sealhold.model.ids import Id16

KEY = Secret(b"k" * 32, "key")
PHRASE_SLOT = passphrase.create_slot(KEY, KEY, seeded(b"1"), Stretch(memory_kib=8192, passes=1))
SLOTS = (PHRASE_SLOT, keyfile.create_slot(KEY, KEY, seeded(b"2")))
TOKEN = mint(KEY, Id16(b"i" * 16), [Caveat(CaveatKind.PURPOSE, "ServiceProvision")])

PROOF = ".".join(("v1", "0a" * 32, "1763700000000", "0b" * 16, "0c" * 32, "0d" * 64))
TPM_SLOT = tpm2._Slot(
    place=tpm2.PLACES[0],
    count=bytes(8),
    registers=(7,),
    values=bytes(32),
    parent=bytes(34),
    public=bytes(80),
    private=bytes(160),
)

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(max_size=64),
    st.text(max_size=9),
)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4), max_leaves=6)


@st.composite
def edited(draw: st.DrawFn, whole: bytes) -> bytes:
    """Draw `whole` with a run of bytes replaced by others."""
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, len(whole)))
    return whole[:start] + draw(st.binary(max_size=20)) + whole[end:]


def read(slot: bytes) -> None:
    try:
        read_slot(slot, "fuzzed")
    except TamperedError as err:
        assert str(err) == "unlock slot `fuzzed` is damaged"  # noqa: PT017  # any other is a bug


@given(st.binary(max_size=2_000))
@example(b"\x5b" + b"\xff" * 8)
@example(b"\xd8\x1c\x81\xd8\x1d\x00")
@example(b"\x81" * 1_000)
@example(b"\xc4\x82\x1b" + b"\xff" * 8 + b"\x01")
@example(b"\xd8\x23\x61(")
def test_any_bytes_are_read_as_a_slot_or_refused(slot: bytes) -> None:
    read(slot)


@given(st.sampled_from(SLOTS).flatmap(edited))
def test_an_edited_slot_is_read_or_refused(slot: bytes) -> None:
    read(slot)


@given(st.dictionaries(st.integers(0, 4), values, min_size=5))
def test_any_entries_with_a_fitting_checksum_are_read_or_refused(
    fields: dict[int, object],
) -> None:
    read(pack(fields | {5: tagged(Tag.SLOT_CHECK, pack(fields))[:16]}))


@given(st.text(max_size=200))
def test_any_text_is_a_token_or_refused(text: str) -> None:
    try:
        parse(text)
    except BadTokenError:
        return
    raise AssertionError("a token by chance")


@given(st.one_of(st.text(), edited(PROOF.encode()).map(lambda each: each.decode(errors="replace"))))
@example(PROOF)
def test_a_proof_of_a_client_is_parsed_or_refused(text: str) -> None:
    try:
        proof = clientproof.parse(text)
    except BadTokenError:
        assert text != PROOF
        return
    numbers = (str(proof.at), proof.nonce.hex(), proof.body.hex(), proof.signature.hex())
    assert ".".join(("v1", proof.key.hex(), *numbers)) == text  # there is one written form


@given(edited(TOKEN.encode()))
def test_an_edited_token_is_itself_again_when_read(text: bytes) -> None:
    try:
        token = parse(text.decode(errors="replace"))
    except BadTokenError:
        return
    assert len(token.id) == 16
    assert len(token.signature) == 32


@given(st.binary(max_size=200))
def test_any_body_of_a_chunk_is_content_or_refused(body: bytes) -> None:
    name = ChunkId(bytes(32))

    try:
        open_chunk(KEY, name, KEY, seal_once(KEY, body, framed(Tag.CHUNK, name)))
    except SealBrokenError:
        return
    raise AssertionError("content of a made-up name")


def read_tpm(document: bytes) -> None:
    try:
        found = tpm2._Slot.of(document)
    except SealBrokenError:
        return
    assert found.document() == document
    assert found.place in tpm2.PLACES
    assert found.selection.startswith("sha256:")


@given(st.binary(max_size=500))
def test_any_bytes_are_a_slot_in_a_tpm_or_refused(document: bytes) -> None:
    read_tpm(document)


@given(edited(TPM_SLOT.document()))
def test_an_edited_slot_in_a_tpm_is_read_or_refused(document: bytes) -> None:
    read_tpm(document)


@given(st.lists(values, min_size=7, max_size=9))
@example([1, tpm2.PLACES[0], b"", [7, True], b"", b"", b"", b""])
@example([1, tpm2.PLACES[0], b"", [], b"", b"", b"", b""])
@example([True, tpm2.PLACES[0], b"", [7], b"", b"", b"", b""])
def test_any_entries_are_a_slot_in_a_tpm_or_refused(entries: list[object]) -> None:
    read_tpm(pack(entries))


@given(st.text(max_size=60))
@example("A" * 43 + "=")
def test_any_text_is_a_root_value_or_refused(text: str) -> None:
    try:
        key = env.parse(text)
    except WeakRootError:
        return
    assert env.text_of(key) == text
