"""Attacks on what a proof hides, on what it says of the machine, and on what an opening costs."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.compute.compliance import Conduct
from sealhold.compute.credential import CLAIMS, MAX_BITS, MAX_INDEX, TOLD
from sealhold.compute.evidence import Claim, check_software
from sealhold.compute.evidence_first import appraise_first
from sealhold.compute.proof_forms import open_statement, read_file
from sealhold.compute.proof_rules import Policy
from sealhold.crypto import dsse, sdjwt
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import SealholdError
from sealhold.model.ids import Id16, ReceiptId
from tests.unit.sample_proof import AUDIENCE, NONCE, failed, one, sample, verify
from tests.unit.sample_task import AUTHOR

ATTACKER = SigningKey(Secret(b"x" * 32, "attacker"))
TASK = one().task.envelope
SHOWN = one().present()
OTHER = sample(b"another vault")


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts(text: str) -> tuple[str, list[str], str]:
    token, *disclosures, binding = text.split("~")
    return token, disclosures, binding


# --- T177: what is hidden says nothing ---


@pytest.mark.threat("T177")
def test_credentials_of_two_vaults_with_the_same_answer_differ_in_nothing_that_speaks() -> None:
    first, second = one(), replace(OTHER, own=replace(OTHER.own, objects=99, log_index=7))

    shown = []
    for each in (first, second):
        token, disclosures, binding = parts(each.present(["value"]))
        payload = json.loads(unb64(token.split(".")[1]))
        assert len(payload.pop("_sd")) == 16
        for varies in ("attestation", "cnf", "statement"):
            assert payload.pop(varies)
        assert len(payload["keys"].pop("proof")) == 64
        assert len(payload["evidence"].pop("digest")) == 64
        opened = [json.loads(unb64(each))[1:] for each in disclosures]
        told = json.loads(unb64(binding.split(".")[1]))
        assert told.pop("sd_hash")
        shown.append((payload, opened, told, len(token), len(binding)))

    assert shown[0] == shown[1]


@pytest.mark.threat("T177")
def test_a_credential_has_as_many_digests_whatever_it_hides() -> None:
    crowded = one()
    sparse = replace(
        crowded, own=replace(crowded.own, log_index=MAX_INDEX, object_bits=MAX_BITS + 1)
    )

    tokens = [each.credential().split("~")[0] for each in (crowded, sparse)]
    digests = [json.loads(unb64(token.split(".")[1]))["_sd"] for token in tokens]

    assert [len(each) for each in digests] == [16, 16]
    assert [each == sorted(each) for each in digests] == [True, True]
    assert len(tokens[0]) == len(tokens[1])


@pytest.mark.threat("T177")
def test_a_hidden_claim_cannot_be_guessed_without_its_salt() -> None:
    token = SHOWN.split("~")[0]
    digests = json.loads(unb64(token.split(".")[1]))["_sd"]

    guesses = {
        sdjwt.digest_of(b64(to_json([salt, "objects", count])))
        for count in range(101)
        for salt in ("", b64(bytes(32)), b64(b"\xff" * 32))
    }

    assert not guesses & set(digests)


@pytest.mark.threat("T177")
def test_what_was_not_opened_is_nowhere_in_a_presentation() -> None:
    shown = one().present(["value"])
    told = b"".join(unb64(each) for part in shown.split("~") for each in part.split("."))

    assert b"n-4711" not in told
    assert b"https://bonus.example" not in told
    assert b'"objects"' not in told
    assert one().own.entry.hex().encode() not in told


@pytest.mark.threat("T177")
def test_each_answer_has_a_holder_key_of_its_own() -> None:
    prover = one().prover
    ids = [one().receipt, ReceiptId(Id16(b"\x01" * 16))]

    assert len({prover.holder(each).public for each in ids}) == 2
    assert prover.holder(ids[0]).public != prover.key.public


# --- T178: software stays software ---


@pytest.mark.threat("T178")
@pytest.mark.parametrize("kind", ["tpm2", "sgx", "tdx", "snp", "nitro"])
def test_software_where_hardware_is_demanded_is_below_the_policy(kind: str) -> None:
    demand = Policy(evidence=kind, audience=AUDIENCE, nonce=NONCE)  # type: ignore[arg-type]  # reason: from the list above

    verdicts = [verify(one().proof(), policy=demand), verify(SHOWN, TASK, policy=demand)]

    assert [verdict.exit_code for verdict in verdicts] == [3, 3]
    assert failed(verdicts[0]) == ["evidence"]
    assert failed(verdicts[1]) == ["file 1, evidence"]


@pytest.mark.threat("T178")
def test_glass_where_sealed_is_demanded_is_below_the_policy() -> None:
    demand = Policy(confidentiality="sealed", audience=AUDIENCE, nonce=NONCE)

    assert failed(verify(one().proof(), policy=demand)) == ["confidentiality"]
    assert verify(SHOWN, TASK, policy=demand).exit_code == 3


@pytest.mark.threat("T178")
@pytest.mark.parametrize(
    "more", [{"hw_rooted": True}, {"integrity": "hw"}, {"confidentiality": "sealed"}], ids=str
)
def test_software_that_claims_more_is_an_altered_proof(more: dict[str, Plain]) -> None:
    found = one()
    claim = replace(found.prover.attester.claim, **more)
    lying = replace(found, conduct=replace(found.conduct, evidence=claim))

    with pytest.raises(SealholdError, match="claims to be more"):
        check_software(claim)
    assert failed(verify(lying.proof())) == ["evidence"]
    assert failed(verify(lying.present(), TASK)) == ["file 1, evidence"]
    assert failed(verify(lying.present(["value"]), TASK)) == ["file 1, evidence"]


@pytest.mark.threat("T178")
@pytest.mark.parametrize("kind", ["tpm2", "sgx", "tdx", "snp", "nitro"])
def test_software_that_calls_itself_hardware_is_an_altered_proof(kind: str) -> None:
    found = one()
    claim = Claim(
        kind=kind,  # type: ignore[arg-type]  # reason: from the list above
        digest=b"m" * 32,
        hw_rooted=True,
        integrity="hw",
        confidentiality="sealed",
    )
    lying = replace(found, conduct=replace(found.conduct, evidence=claim))

    assert failed(verify(lying.proof())) == ["evidence"]
    assert verify(lying.proof()).exit_code == 6
    assert failed(verify(lying.present(), TASK)) == ["file 1, evidence"]


# --- the token that proofs bore before ---

FIRST = Path(__file__).parents[1] / "vectors" / "10-proof" / "forms.json"


def first() -> tuple[bytes, Claim, bytes, bytes, PublicKey]:
    """Return a frozen token with all that it is judged by."""
    file = read_file(json.loads(FIRST.read_text())[0]["files"][0].encode())
    key = PublicKey(bytes.fromhex(file.keys.proof))
    signed = open_statement(file, key)
    assert isinstance(signed.told, Conduct)
    nonce = file.answer.nonce.encode()
    return file.evidence, signed.told.evidence, nonce, signed.digest, key


@pytest.mark.threat("T178")
def test_a_first_token_of_another_answer_device_or_nonce_is_refused() -> None:
    token, claim, nonce, statement, session = first()

    appraise_first(token, claim, nonce, statement, session)

    for evidence, said, about, of, by in (
        (token, claim, b"another nonce", statement, session),
        (token, claim, nonce, bytes(32), session),
        (token, claim, nonce, statement, AUTHOR.public),
        (token, OTHER.prover.attester.claim, nonce, statement, session),
        (b"", claim, nonce, statement, session),
        (token[1:], claim, nonce, statement, session),
        (token + b"\x00", claim, nonce, statement, session),
    ):
        with pytest.raises(SealholdError):
            appraise_first(evidence, said, about, of, by)


@pytest.mark.threat("T178")
def test_no_bit_of_a_first_token_can_be_flipped() -> None:
    token, claim, nonce, statement, session = first()

    passed = []
    for place in range(8 * len(token)):
        bent = bytearray(token)
        bent[place // 8] ^= 1 << place % 8
        try:
            appraise_first(bytes(bent), claim, nonce, statement, session)
        except SealholdError:
            continue
        passed.append(place)

    assert passed == []


@pytest.mark.threat("T42")
def test_evidence_put_from_one_proof_into_another_is_altered() -> None:
    found = one()
    again = replace(found, answer=replace(found.answer, nonce="another"))
    mine, other = json.loads(found.proof()), json.loads(again.proof())
    mine["evidence"] = other["evidence"]

    verdict = verify(to_json(mine))

    assert failed(verdict) == ["evidence"]
    assert verdict.exit_code == 6


@pytest.mark.threat("T42")
@pytest.mark.parametrize("schema", ["sealhold.proof/1", "sealhold.proof/3"])
def test_a_proof_of_one_format_does_not_pass_for_another(schema: str) -> None:
    mine = json.loads(one().proof())
    mine["$schema"] = schema

    assert verify(to_json(mine)).exit_code == 6
    del mine["evidence"]
    assert verify(to_json(mine)).exit_code == 6


@pytest.mark.threat("T42")
def test_a_second_signature_on_a_proof_is_altered() -> None:
    mine = json.loads(one().proof())
    twice = dsse.add_signature(to_json(mine["proof"]), "application/vnd.in-toto+json", ATTACKER)
    mine["proof"] = json.loads(twice)

    assert verify(to_json(mine)).exit_code == 6


# --- T179: an opening is an answer ---


@pytest.mark.threat("T179")
def test_what_the_app_was_not_told_has_a_price_and_what_it_was_told_has_none() -> None:
    task = one().task.task
    prices = {name: kind.price(task) for name, kind in CLAIMS.items()}

    assert {name for name, price in prices.items() if price} == {
        "objects",
        "object_bits",
        "log_index",
    }
    assert all(prices[name] == 0 for name in TOLD)


@pytest.mark.threat("T179")
@pytest.mark.parametrize(("name", "values"), [("objects", 101), ("object_bits", 17)])
def test_an_opening_costs_as_much_as_the_values_it_can_have(name: str, values: int) -> None:
    price = CLAIMS[name].price(one().task.task)

    assert 2 ** (price / 1_000_000) >= values
    assert 2 ** ((price - 2) / 1_000_000) < values
