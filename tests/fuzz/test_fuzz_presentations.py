"""Hostile bytes at the readers of proofs: a verdict comes out, and never anything else."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.compute.credential import KIND
from sealhold.compute.evidence import Kind
from sealhold.compute.evidence_first import appraise_first
from sealhold.compute.vouching import Terms, Vouched, worth_of
from sealhold.crypto import sdjwt
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import SealholdError
from sealhold.model.quantities import Instant
from tests.unit.sample_proof import LEFT, one, verify

HOSTILE = SigningKey(Secret(b"z" * 32, "a vault that lies"))
SHOWN = one().present()
CLAIMS: dict[str, Plain] = json.loads(
    urlsafe_b64decode(SHOWN.split("~")[0].split(".")[1] + "==").decode()
)
strange = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just(10**40),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


def jws(kind: str, payload: Plain) -> str:
    text = [
        urlsafe_b64encode(to_json(each)).rstrip(b"=").decode()
        for each in ({"alg": "EdDSA", "typ": kind}, payload)
    ]
    signed = ".".join(text)
    return f"{signed}.{urlsafe_b64encode(HOSTILE.sign_raw(signed.encode())).rstrip(b'=').decode()}"


def signed_by_a_liar(claims: dict[str, Plain], binding: dict[str, Plain]) -> str:
    """Sign whatever claims as a vault and its holder would."""
    keys = {"keys": {"author": "00" * 32, "proof": HOSTILE.public.hex()}}
    holder = {"cnf": {"jwk": sdjwt.jwk(HOSTILE.public)}}
    shown = jws(KIND, {**claims, **keys, **holder}) + "~"
    told = {"aud": "a", "iat": LEFT // 1000, "nonce": "n", **binding}
    return shown + jws("kb+jwt", {**told, "sd_hash": sdjwt.digest_of(shown)})


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(CLAIMS)), strange)
def test_a_claim_of_any_shape_gets_a_verdict(name: str, value: Plain) -> None:
    text = signed_by_a_liar({**CLAIMS, name: value}, {})

    assert verify(text, one().task.envelope, pins={}).exit_code in {0, 3, 6}


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["task", "bounds", "evidence", "runtime"]), st.data())
def test_a_part_of_a_claim_of_any_shape_gets_a_verdict(name: str, data: st.DataObject) -> None:
    part = data.draw(st.sampled_from(sorted(CLAIMS[name])))
    claims = {**CLAIMS, name: {**CLAIMS[name], part: data.draw(strange)}}
    text = signed_by_a_liar(claims, {})

    assert verify(text, one().task.envelope, pins={}).exit_code in {0, 3, 6}
    assert verify(text, pins={}).exit_code in {0, 3, 6}


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["aud", "iat", "nonce", "exp"]), strange))
def test_a_binding_of_any_shape_gets_a_verdict(binding: dict[str, Plain]) -> None:
    text = signed_by_a_liar(CLAIMS, binding)

    assert verify(text, pins={}, at=Instant(2**45)).exit_code in {0, 3, 6}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_pieces_of_presentations_put_together_get_a_verdict(data: st.DataObject) -> None:
    pieces = data.draw(
        st.lists(st.sampled_from(SHOWN.replace("~", " ~ ").replace(".", " . ").split()))
    )
    text = data.draw(st.just("".join(pieces)) | st.just(f"{SHOWN.split('~')[0]}{''.join(pieces)}"))

    assert verify(text, pins={}).exit_code in {5, 6}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_are_evidence_by_chance(evidence: bytes) -> None:
    claim, key = one().prover.attester.claim, one().prover.key.public

    for data in (evidence, b"\xd2" + evidence):
        with pytest.raises(SealholdError):
            appraise_first(data, claim, b"n", bytes(32), key)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["sw", "tpm2", "sgx", "tdx", "snp", "nitro"]), st.binary(max_size=300))
def test_no_bytes_beside_a_statement_are_evidence_by_chance(kind: Kind, evidence: bytes) -> None:
    vouched = Vouched(
        claim=replace(one().prover.attester.claim, kind=kind),
        evidence=evidence,
        nonce="n",
        statement=bytes(32),
        session=one().prover.key.public,
        runtime=bytes(32),
        code=bytes(32),
        left=LEFT,
    )

    with pytest.raises(SealholdError):
        worth_of(vouched, Terms(), LEFT)
