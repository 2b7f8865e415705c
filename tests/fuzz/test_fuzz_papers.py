"""Hostile notes, envelopes, bundles and receipts: each ends in an answer or in an error of ours."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from sealhold.audit.bundle import verify_bundle
from sealhold.audit.event import decode
from sealhold.audit.receipt import RECEIPT_TYPE, open_receipt, verify_receipt
from sealhold.crypto import dsse
from sealhold.crypto.note import (
    VerifierKey,
    make_note,
    open_note,
    parse_checkpoint,
    parse_verifier_key,
)
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import pack, to_json
from sealhold.model.errors import InvalidError, TamperedError

KEY = SigningKey(Secret(bytes(32), "key"))
NAME = "log"
NOTE = make_note(f"log\n7\n{'A' * 43}=\n", NAME, KEY)
ENVELOPE = dsse.sign(RECEIPT_TYPE, b"{}", [KEY])
NAMES = (
    *("payload", "payloadType", "signatures", "keyid", "sig"),
    *("event", "index", "key", "note", "proof", "salt", "type", "v"),
    *("about", "at", "audit", "body", "id", "issuer", "kind", "origin", "size"),
)

near_notes = st.lists(
    st.one_of(st.sampled_from([NOTE, NOTE[:40], "\u2014 log ", "\n", "\n\n", "=", "+"]), st.text()),
    max_size=6,
).map("".join)
leaves = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.text(max_size=12))
trees = st.recursive(
    leaves,
    lambda part: st.one_of(
        st.lists(part, max_size=4),
        st.dictionaries(
            st.sampled_from(NAMES),
            part,
            max_size=9,
        ),
    ),
    max_leaves=20,
)
near_envelopes = st.one_of(
    st.binary(),
    trees.map(to_json),
    st.tuples(st.integers(0, len(ENVELOPE)), st.binary(max_size=9)).map(
        lambda cut: ENVELOPE[: cut[0]] + cut[1] + ENVELOPE[cut[0] + len(cut[1]) :]
    ),
)


@given(near_notes)
def test_a_hostile_note_is_opened_or_refused(note: str) -> None:
    with suppress(InvalidError, TamperedError):
        assert open_note(note, [VerifierKey(NAME, KEY.public)]).text in note


@given(near_notes)
def test_a_hostile_key_or_checkpoint_is_read_or_refused(text: str) -> None:
    with suppress(InvalidError):
        assert str(parse_verifier_key(text)) == text
    with suppress(InvalidError):
        assert parse_checkpoint(text).text() == text


@given(near_envelopes)
def test_a_hostile_envelope_is_opened_or_refused(envelope: bytes) -> None:
    with suppress(InvalidError):
        dsse.read_unverified(envelope)
    with suppress(InvalidError, TamperedError):
        dsse.open(envelope, RECEIPT_TYPE, [KEY.public])
        assert envelope == ENVELOPE


@given(trees)
def test_a_signed_receipt_that_says_nonsense_is_refused(tree: object) -> None:
    paper = dsse.sign(RECEIPT_TYPE, to_json(tree), [KEY])

    assert verify_receipt(paper, [KEY.public]).exit_code == 6
    with suppress(InvalidError, TamperedError):
        open_receipt(paper, [KEY.public])
        raise AssertionError(tree)


@given(near_envelopes)
def test_a_hostile_paper_gets_a_verdict(data: bytes) -> None:
    assert verify_receipt(data, [KEY.public]).exit_code in {5, 6}
    assert verify_bundle(data, [KEY.public]).exit_code in {5, 6}


@given(st.one_of(st.binary(), st.dictionaries(st.integers(0, 31), leaves, max_size=32).map(pack)))
def test_a_hostile_event_is_read_or_refused(data: bytes) -> None:
    with suppress(InvalidError):
        decode(data)
