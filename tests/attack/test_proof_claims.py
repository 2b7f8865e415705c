"""No claim of a vault about its machine counts for more than the evidence it brings."""

from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.compute.attest import eat
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.spec import Status
from sealhold.compute.evidence import Claim, measurement_of
from sealhold.compute.proof_rules import Policy
from sealhold.compute.proving import Prover
from sealhold.compute.vouching import Terms
from sealhold.crypto import cose
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from tests.attack.evidence_samples import OPENERS, instant
from tests.attack.proofs_with_evidence import (
    AT,
    HARDWARE,
    HIDING,
    MAKE,
    WORD,
    Fixed,
    Machine,
    by,
    evidence_in,
    judged,
    made,
    other_statement,
    proof_by,
    seed_of,
    some_occasion,
    terms,
    told,
    tpm_of,
)
from tests.conformance.evidence_made import NOW
from tests.unit.sample_proof import AUDIENCE, NONCE, failed, one, verify

# --- T178: no claim counts for more than its evidence ---


@pytest.mark.threat("T178")
@pytest.mark.parametrize("kind", HARDWARE)
def test_evidence_that_was_not_judged_counts_for_nothing(kind: Kind) -> None:
    for brought in (Terms(), Terms(collateral=(b"no", b"such", b"files"))):
        verdict = judged(by(kind), Kind.SW, brought)

        assert (verdict.exit_code, failed(verdict)) == (3, ["evidence"])
        assert "was not judged and counts for nothing" in told(verdict, "evidence")
        assert told(verdict, "confidentiality").startswith("none: ")


@pytest.mark.threat("T178")
@pytest.mark.parametrize("kind", HARDWARE)
def test_foreign_evidence_is_refused_also_by_a_reader_without_collateral(kind: Kind) -> None:
    verdict = judged(by(kind, bend=other_statement), Kind.SW, Terms())

    assert (verdict.exit_code, failed(verdict)) == (6, ["evidence"])


@pytest.mark.threat("T178")
@pytest.mark.parametrize("kind", HIDING)
def test_a_machine_with_a_doubt_is_glass_whatever_the_statement_claims(kind: Kind) -> None:
    unknown = terms(kind, measurements=frozenset())

    verdict = judged(by(kind), kind, unknown, confidentiality="sealed")

    assert (verdict.exit_code, failed(verdict)) == (3, ["confidentiality"])
    assert told(verdict, "confidentiality").startswith("glass: ")
    assert "by this vault's word" in told(verdict, "isolation")


@pytest.mark.threat("T178")
@pytest.mark.parametrize("kind", HIDING)
def test_a_machine_that_claims_to_be_glass_is_glass(kind: Kind) -> None:
    verdict = judged(by(kind, confidentiality="glass"), kind, terms(kind), confidentiality="sealed")

    assert (verdict.exit_code, failed(verdict)) == (3, ["confidentiality"])


@pytest.mark.threat("T178")
def test_a_tpm_never_makes_a_machine_sealed() -> None:
    verdict = judged(by(Kind.TPM2), Kind.TPM2, terms(Kind.TPM2), confidentiality="sealed")

    assert (verdict.exit_code, failed(verdict)) == (3, ["confidentiality"])


@pytest.mark.threat("T178")
def test_a_tpm_of_no_vendor_whom_the_reader_trusts_is_no_hardware() -> None:
    known = terms(Kind.TPM2)
    keyed = replace(known, collateral=known.collateral[:1], roots=frozenset())

    verdict = judged(by(Kind.TPM2), Kind.TPM2, keyed)

    assert (verdict.exit_code, failed(verdict)) == (3, ["evidence"])
    assert "a key of no vendor whom you trust" in told(verdict, "evidence")


@pytest.mark.threat("T157")
def test_a_tpm_whose_register_shows_another_program_is_refused() -> None:
    for ran in (lambda at: (at.runtime,), lambda at: (at.code,), lambda at: (at.code, at.runtime)):
        machine = Machine(Kind.TPM2, lambda at, ran=ran: tpm_of(at, ran(at)))  # type: ignore[misc]  # reason: bound now

        verdict = judged(proof_by(machine), Kind.TPM2, terms(Kind.TPM2))

        assert (verdict.exit_code, failed(verdict)) == (6, ["evidence"])


@pytest.mark.threat("T157")
def test_a_known_register_of_another_run_is_refused_all_the_same() -> None:
    machine = Machine(Kind.TPM2, lambda at: tpm_of(at, (at.code,)))
    other = tpm_of(some_occasion(), (one().task.task.code_digest,)).measurement

    known = terms(Kind.TPM2, measurements=frozenset({other}))
    verdict = judged(proof_by(machine), Kind.TPM2, known)

    assert (verdict.exit_code, failed(verdict)) == (6, ["evidence"])
    assert "does not show what the statement says ran" in told(verdict, "evidence")


@pytest.mark.threat("T178")
@pytest.mark.parametrize("kind", HARDWARE)
def test_evidence_of_another_machine_than_the_statement_names_is_refused(kind: Kind) -> None:
    claim = replace(Machine(kind, MAKE[kind]).claim, digest=bytes(32))

    class Moved(Machine):
        @property
        def claim(self) -> Claim:
            return claim

    verdict = judged(proof_by(Moved(kind, MAKE[kind])), kind, terms(kind))

    assert (verdict.exit_code, failed(verdict)) == (6, ["evidence"])
    assert "evidence of another device" in told(verdict, "evidence")


@pytest.mark.threat("T178")
@pytest.mark.parametrize("kind", HIDING)
def test_one_kind_does_not_stand_for_another_but_each_stands_for_a_tpm(kind: Kind) -> None:
    others = {each for each in HARDWARE if each not in {kind, Kind.TPM2}}

    codes = {judged(by(kind), each, terms(kind)).exit_code for each in others}

    assert codes == {3}
    assert judged(by(kind), Kind.TPM2, terms(kind)).exit_code == 0


@pytest.mark.threat("T178")
@pytest.mark.parametrize("kind", HARDWARE)
def test_in_a_presentation_evidence_is_judged_only_with_its_nonce(kind: Kind) -> None:
    machine = Machine(kind, MAKE[kind])
    found = replace(
        one(),
        answer=replace(one().answer, slot_time=NOW),
        conduct=replace(one().conduct, evidence=machine.claim),
        prover=Prover(Secret(seed_of(), "proof"), machine),
    )
    demand = Policy(
        evidence=WORD[kind],
        terms=terms(kind),
        audience=AUDIENCE,
        nonce=NONCE,
    )
    codes = {}
    for name in ("nonce", "value"):
        shown = found.present([name], at=NOW)
        codes[name] = verify(shown, found.task.envelope, policy=demand, at=AT).exit_code

    assert codes == {"nonce": 0, "value": 3}


# --- genuine samples: judged by themselves, refused in a proof ---


BAD_ALONE = {"sgx", "snp", "nitro"}  # for their platform's state, or debug


@pytest.mark.threat("T178")
@pytest.mark.parametrize("name", list(OPENERS))
def test_a_genuine_sample_in_a_proof_is_refused_for_what_it_is_bound_to(
    name: str, shared: Path
) -> None:
    sample = OPENERS[name](shared / "vectors" / "attestation")
    claim = Claim(
        kind=WORD[sample.kind],
        digest=sha256(*sample.measurements),
        hw_rooted=True,
        integrity="hw",
        confidentiality="sealed",
    )
    at = instant(sample.at)
    base = replace(one(), answer=replace(one().answer, slot_time=at))
    conduct = replace(base.conduct, evidence=claim)
    proof = replace(
        base,
        conduct=conduct,
        prover=Prover(Secret(seed_of(), "proof"), Fixed(sample.kind, sample.data, claim)),
    ).proof()
    brought = Terms(collateral=sample.files, measurements=sample.measurements)

    verdict = judged(proof, sample.kind, brought, at=at)

    refused_alone = sample.result().status is Status.CONTRAINDICATED
    assert refused_alone == (name in BAD_ALONE)
    assert (verdict.exit_code, failed(verdict)) == (6, ["evidence"])
    bound = {"tpm2": "the challenge in it is another"}
    assert bound.get(name, "the report data differs") in told(verdict, "evidence")


def test_what_software_and_a_tpm_measure_is_one_value() -> None:
    at = some_occasion()

    assert made(Kind.TPM2).measurement == sha256(at.ran)
    message = cose.read(evidence_in(one().proof()), tagged=True)
    task, runtime = one().task.task, one().conduct.runtime
    assert eat.read(message.payload).measurement == measurement_of(runtime.binary, task.code_digest)


def test_a_default_reader_takes_software_as_software() -> None:
    verdict = verify(one().proof(), policy=Policy())

    assert verdict.exit_code == 0
    assert told(verdict, "evidence") == "a software key vouches for the machine, no hardware does"
    assert "by this vault's word" in told(verdict, "isolation")
    assert verify(one().proof(), policy=Policy(evidence="tpm2")).exit_code == 3
