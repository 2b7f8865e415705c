"""Envelopes: what opens, and every other way to write or sign one, which does not."""

import json
from base64 import b64encode
from collections.abc import Callable

import pytest

from sealhold.crypto import dsse
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey, key_digest
from sealhold.model.encoding import Plain
from sealhold.model.errors import BadSignatureError, InvalidEncodingError, InvalidError

TYPE = "application/vnd.example+json"
ALICE, BOB = (SigningKey(Secret(bytes([n]) * 32, "key")) for n in (1, 2))


def test_what_was_signed_opens_under_the_signers_key() -> None:
    envelope = dsse.sign(TYPE, b'{"a":1}', [ALICE])

    opened = dsse.open(envelope, TYPE, [ALICE.public])

    assert (opened.payload, opened.signers) == (b'{"a":1}', (ALICE.public,))


def test_an_empty_payload_and_any_bytes_can_be_signed() -> None:
    for payload in (b"", bytes(range(256))):
        assert dsse.open(dsse.sign(TYPE, payload, [BOB]), TYPE, [BOB.public]).payload == payload


def test_of_two_signers_those_are_named_whom_the_reader_knows() -> None:
    envelope = dsse.sign(TYPE, b"x", [ALICE, BOB])

    assert dsse.open(envelope, TYPE, [BOB.public]).signers == (BOB.public,)
    assert set(dsse.open(envelope, TYPE, [ALICE.public, BOB.public]).signers) == {
        ALICE.public,
        BOB.public,
    }


def test_the_order_of_the_signers_makes_no_difference() -> None:
    assert dsse.sign(TYPE, b"x", [ALICE, BOB]) == dsse.sign(TYPE, b"x", [BOB, ALICE])


def test_a_signature_added_later_gives_the_same_bytes_as_one_made_at_once() -> None:
    alone = dsse.sign(TYPE, b"x", [ALICE])

    assert dsse.add_signature(alone, TYPE, BOB) == dsse.sign(TYPE, b"x", [ALICE, BOB])


def test_reading_unverified_tells_type_payload_and_key_ids() -> None:
    envelope = dsse.sign(TYPE, b"x", [ALICE])

    assert dsse.read_unverified(envelope) == (TYPE, b"x", (key_digest(ALICE.public),))


def test_a_document_that_no_known_key_signed_is_refused() -> None:
    with pytest.raises(BadSignatureError):
        dsse.open(dsse.sign(TYPE, b"x", [ALICE]), TYPE, [BOB.public])
    with pytest.raises(BadSignatureError):
        dsse.open(dsse.sign(TYPE, b"x", [ALICE]), TYPE, [])


def test_a_document_of_another_type_is_refused_even_if_it_is_signed() -> None:
    with pytest.raises(InvalidEncodingError):
        dsse.open(dsse.sign("application/other", b"x", [ALICE]), TYPE, [ALICE.public])


def test_a_signature_does_not_move_to_another_type() -> None:
    envelope = dsse.sign("application/other", b"x", [ALICE]).replace(
        b"application/other", TYPE.encode()
    )

    with pytest.raises(BadSignatureError):
        dsse.open(envelope, TYPE, [ALICE.public])


def test_type_and_payload_cannot_trade_bytes() -> None:
    assert dsse.pae("a", b"b c") != dsse.pae("a b", b"c")
    assert dsse.pae("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "


def test_one_wrong_signature_in_a_known_name_refuses_the_whole() -> None:
    tree = json.loads(dsse.sign(TYPE, b"x", [ALICE, BOB]))
    first, second = tree["signatures"]
    first["sig"] = second["sig"]

    with pytest.raises(BadSignatureError):
        dsse.open(canonical(tree), TYPE, [ALICE.public, BOB.public])


def canonical(tree: Plain) -> bytes:
    return json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()


def edited(change: Callable[[Plain], None]) -> bytes:
    tree = json.loads(dsse.sign(TYPE, b"xy", [ALICE, BOB]))
    change(tree)
    return canonical(tree)


WHOLE = dsse.sign(TYPE, b"xy", [ALICE, BOB])
OTHER_FORMS = {
    "a space": WHOLE.replace(b":", b": ", 1),
    "a line end": WHOLE + b"\n",
    "unsorted keys": json.dumps(dict(reversed(json.loads(WHOLE).items()))).encode(),
    "an escape": WHOLE.replace(b"application", b"\\u0061pplication"),
    "a byte order mark": b"\xef\xbb\xbf" + WHOLE,
    "a further field": edited(lambda tree: tree.update(more=1)),
    "a field in a signature": edited(lambda tree: tree["signatures"][0].update(cert="")),
    "base64 without padding": edited(lambda tree: tree.update(payload="eHk")),
    "base64 with unused bits": edited(lambda tree: tree.update(payload="eHl=")),
    "base64 for addresses": edited(lambda tree: tree.update(payload="_-8=")),
    "base64 with a line end": edited(lambda tree: tree.update(payload="eHk=\n")),
    "signatures in another order": edited(lambda tree: tree["signatures"].reverse()),
    "a signature twice": edited(lambda tree: tree["signatures"].append(tree["signatures"][0])),
    "no signature": edited(lambda tree: tree["signatures"].clear()),
    "a short signature": edited(
        lambda tree: tree["signatures"][0].update(sig=b64encode(b"s" * 63).decode())
    ),
    "a payload that is no text": edited(lambda tree: tree.update(payload=7)),
    "a type that is no text": edited(lambda tree: tree.update(payloadType=None)),
    "signatures that are no list": edited(lambda tree: tree.update(signatures={})),
    "too many signatures": edited(
        lambda tree: tree.update(
            signatures=[
                {"keyid": f"{n:02}", "sig": b64encode(b"s" * 64).decode()} for n in range(17)
            ]
        )
    ),
    "a list": b"[]",
    "nothing": b"",
    "no JSON": b"\xff\xfe",
}


@pytest.mark.parametrize("envelope", OTHER_FORMS.values(), ids=OTHER_FORMS.keys())
def test_any_other_form_of_an_envelope_is_refused(envelope: bytes) -> None:
    with pytest.raises(InvalidEncodingError):
        dsse.open(envelope, TYPE, [ALICE.public, BOB.public])
    with pytest.raises(InvalidEncodingError):
        dsse.read_unverified(envelope)


def test_nobody_signs_twice() -> None:
    with pytest.raises(InvalidError):
        dsse.sign(TYPE, b"x", [ALICE, ALICE])
    with pytest.raises(InvalidError):
        dsse.add_signature(dsse.sign(TYPE, b"x", [ALICE]), TYPE, ALICE)


def test_a_document_without_a_signature_is_not_made() -> None:
    with pytest.raises(InvalidError):
        dsse.sign(TYPE, b"x", [])
