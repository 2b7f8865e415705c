"""Attacks on the evidence in a proof: of every kind, each bound to the one answer or refused."""

import json
import random
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.compute.attest import eat
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.spec import Status
from sealhold.compute.compliance import Conduct
from sealhold.compute.evidence import Claim, Occasion, challenge_of, measurement_of
from sealhold.compute.proof_forms import open_statement, read_file
from sealhold.compute.proof_rules import Policy
from sealhold.compute.proving import Prover
from sealhold.compute.vouching import Terms
from sealhold.crypto import cose
from sealhold.crypto.digest import sha256
from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import to_json
from sealhold.model.quantities import DAY, HOUR, MINUTE, Instant, Millis
from tests.attack.evidence_samples import OPENERS, instant
from tests.attack.proofs_with_evidence import (
    AT,
    HARDWARE,
    HIDING,
    IN_DEBUG,
    MAKE,
    Fixed,
    Machine,
    _tpm,
    by,
    judged,
    made,
    proof_by,
    report,
    some_occasion,
    terms,
    told,
)
from tests.conformance.evidence_made import NOW, intel
from tests.unit.sample_proof import AUDIENCE, NONCE, failed, one, verify

FLIPS = 25  # positions of each piece of evidence


def with_evidence(proof: bytes, data: bytes) -> bytes:
    """Return a proof in its exact form with other evidence."""
    tree = json.loads(proof)
    tree["evidence"] = b64encode(data).decode()
    return to_json(tree)


def evidence_in(proof: bytes) -> bytes:
    return b64decode(json.loads(proof)["evidence"])


def flipped(data: bytes, seed: int) -> Iterator[bytes]:
    draw = random.Random(seed)
    for _ in range(FLIPS):
        bent = bytearray(data)
        bent[draw.randrange(len(bent))] ^= 1 << draw.randrange(8)
        yield bytes(bent)


# --- what holds ---


@pytest.mark.parametrize("kind", HARDWARE)
def test_hardware_that_is_bound_to_the_answer_meets_a_demand_for_it(kind: Kind) -> None:
    verdict = judged(by(kind), kind, terms(kind))

    assert (verdict.exit_code, failed(verdict)) == (0, [])
    assert told(verdict, "evidence").startswith(f"`{kind}`, ")
    assert "hardware vouches for the machine" in told(verdict, "evidence")


@pytest.mark.parametrize("kind", HIDING)
def test_a_machine_that_hides_its_memory_is_sealed_if_it_says_so_and_nothing_is_against_it(
    kind: Kind,
) -> None:
    verdict = judged(by(kind), kind, terms(kind), confidentiality="sealed")

    assert verdict.exit_code == 0
    assert told(verdict, "confidentiality").startswith("sealed: ")
    assert "by this vault's word" not in told(verdict, "isolation")


@pytest.mark.parametrize("kind", HARDWARE)
def test_evidence_is_judged_as_of_its_answer_for_good(kind: Kind) -> None:
    assert judged(by(kind), kind, terms(kind), at=Instant(NOW + 400 * DAY)).exit_code == 0


# --- T150, T178: bound to one answer ---


def other_nonce(at: Occasion) -> Occasion:
    return replace(at, nonce="another")


def other_statement(at: Occasion) -> Occasion:
    return replace(at, statement=sha256(at.statement))


def other_session(at: Occasion) -> Occasion:
    return replace(at, session=PublicKey(bytes(32)))


@pytest.mark.threat("T178")
@pytest.mark.parametrize("bend", [other_nonce, other_statement, other_session])
@pytest.mark.parametrize("kind", HARDWARE)
def test_evidence_of_another_nonce_statement_or_key_is_refused(kind: Kind, bend: object) -> None:
    verdict = judged(by(kind, bend=bend), kind, terms(kind))

    assert (verdict.exit_code, failed(verdict)) == (6, ["evidence"])


@pytest.mark.threat("T178")
@pytest.mark.parametrize("bend", [other_nonce, other_statement, other_session])
def test_a_software_token_of_another_nonce_statement_or_key_is_refused(bend: object) -> None:
    device = one().prover.attester

    class Elsewhere:
        kind, claim = device.kind, device.claim

        def evidence(self, occasion: Occasion) -> bytes:
            return device.evidence(bend(occasion))  # type: ignore[operator]  # reason: one of the list

    verdict = judged(proof_by(Elsewhere()), Kind.SW, Terms())  # type: ignore[arg-type]  # reason: vouches

    assert (verdict.exit_code, failed(verdict)) == (6, ["evidence"])


@pytest.mark.threat("T178")
@pytest.mark.parametrize("kind", HARDWARE)
def test_evidence_put_from_one_proof_into_another_is_refused(kind: Kind) -> None:
    mine = by(kind)
    answer = replace(one().answer, value=18)
    other = proof_by(Machine(kind, MAKE[kind]), replace(one(), answer=answer))

    verdict = judged(with_evidence(mine, evidence_in(other)), kind, terms(kind))

    assert (verdict.exit_code, failed(verdict)) == (6, ["evidence"])


@pytest.mark.threat("T151")
@pytest.mark.parametrize("kind", HARDWARE)
def test_no_flipped_bit_of_evidence_passes_in_a_proof(kind: Kind) -> None:
    proof = by(kind)

    codes = {
        judged(with_evidence(proof, data), kind, terms(kind)).exit_code
        for data in flipped(evidence_in(proof), 11)
    }

    assert codes == {6}


@pytest.mark.threat("T178")
def test_no_bit_of_a_software_token_can_be_flipped() -> None:
    proof = one().proof()
    token = evidence_in(proof)

    codes = set()
    for place in range(8 * len(token)):
        bent = bytearray(token)
        bent[place // 8] ^= 1 << place % 8
        codes.add(verify(with_evidence(proof, bytes(bent))).exit_code)

    assert codes == {6}


# --- T154, T155, T156: debug, stale, a platform that is out of date ---


@pytest.mark.threat("T154")
@pytest.mark.parametrize("kind", list(IN_DEBUG))
def test_a_machine_in_debug_is_refused_in_a_proof(kind: Kind) -> None:
    machine = Machine(kind, IN_DEBUG[kind])
    brought = terms(kind, measurements=frozenset({IN_DEBUG[kind](some_occasion()).measurement}))

    verdict = judged(proof_by(machine), Kind.SW, brought)

    assert (verdict.exit_code, failed(verdict)) == (6, ["evidence"])
    assert "debug" in told(verdict, "evidence")


def token_with(debug: eat.Debug = eat.Debug.DISABLED, made_at: Instant = NOW) -> bytes:
    """Return a proof with a token by the right device, which says something else."""
    found = one()
    answer = replace(found.answer, slot_time=NOW)
    draft = replace(found, answer=answer).proof()
    file = read_file(draft)
    signed = open_statement(file, found.prover.key.public)
    assert isinstance(signed.told, Conduct)
    device = SigningKey(derive(Secret(seed_of(), "proof"), Tag.DEVICE))
    nonce = challenge_of(answer.nonce)
    token = eat.SoftwareToken(
        made_at=made_at,
        nonce=nonce,
        device=eat.device_name(device.public),
        debug=debug,
        measurement=measurement_of(signed.told.runtime.binary, found.task.task.code_digest),
        report_data=report(replace(some_occasion(), nonce=answer.nonce, statement=signed.digest)),
    )
    return with_evidence(draft, eat.issue(token, device))


def seed_of() -> bytes:
    from sealhold.crypto.entropy import seeded  # noqa: PLC0415  # reason: as the sample draws it

    return seeded(b"one vault")(32)


@pytest.mark.threat("T154")
def test_a_software_token_in_debug_is_refused_in_a_proof() -> None:
    sound = judged(token_with(), Kind.SW, Terms())
    verdict = judged(token_with(debug=eat.Debug.ENABLED), Kind.SW, Terms())

    assert sound.exit_code == 0
    assert (verdict.exit_code, failed(verdict)) == (6, ["evidence"])
    assert "debug" in told(verdict, "evidence")


@pytest.mark.threat("T155")
@pytest.mark.parametrize("shift", [-DAY - MINUTE, 6 * MINUTE])
def test_a_software_token_of_another_day_or_of_the_future_is_refused(shift: int) -> None:
    verdict = judged(token_with(made_at=Instant(NOW + shift)), Kind.SW, Terms())

    assert (verdict.exit_code, failed(verdict)) == (6, ["evidence"])


@pytest.mark.threat("T155")
@pytest.mark.parametrize("kind", [Kind.SW, *HARDWARE])
def test_evidence_older_than_its_reader_allows_is_refused(kind: Kind) -> None:
    proof = token_with() if kind is Kind.SW else by(kind)
    known = Terms() if kind is Kind.SW else terms(kind)
    hour = replace(known, max_age=Millis(HOUR))

    assert judged(proof, kind, hour, at=Instant(NOW + HOUR // 2)).exit_code == 0
    late = judged(proof, kind, hour, at=Instant(NOW + 2 * HOUR))
    assert (late.exit_code, failed(late)) == (6, ["evidence"])


@pytest.mark.threat("T156")
def test_a_platform_in_a_bad_state_is_refused_and_in_a_listed_one_is_glass() -> None:
    def make(at: Occasion) -> object:
        return intel(Kind.SGX, report_data=report(at), status="SWHardeningNeeded")

    proof = proof_by(Machine(Kind.SGX, make))  # type: ignore[arg-type]  # reason: makes evidence
    document = make(some_occasion()).collateral.document  # type: ignore[attr-defined]  # reason: Intel's
    brought = terms(Kind.SGX, collateral=(document,))

    refused = judged(proof, Kind.SGX, brought)
    listed = replace(brought, states=frozenset({"SWHardeningNeeded"}))

    assert (refused.exit_code, failed(refused)) == (6, ["evidence"])
    assert judged(proof, Kind.SGX, listed).exit_code == 0
    sealed = judged(proof, Kind.SGX, listed, confidentiality="sealed")
    assert (sealed.exit_code, failed(sealed)) == (3, ["confidentiality"])


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
        machine = Machine(Kind.TPM2, lambda at, ran=ran: _tpm(at, ran(at)))  # type: ignore[misc]  # reason: bound now

        verdict = judged(proof_by(machine), Kind.TPM2, terms(Kind.TPM2))

        assert (verdict.exit_code, failed(verdict)) == (6, ["evidence"])


@pytest.mark.threat("T157")
def test_a_known_register_of_another_run_is_refused_all_the_same() -> None:
    machine = Machine(Kind.TPM2, lambda at: _tpm(at, (at.code,)))
    other = _tpm(some_occasion(), (one().task.task.code_digest,)).measurement

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
        evidence=kind.value,  # type: ignore[arg-type]  # reason: an enum of the same words
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
        kind=sample.kind.value,  # type: ignore[arg-type]  # reason: an enum of the same words
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
        prover=_Vouching(base.prover.key, Fixed(sample.kind, sample.data, claim)),
    ).proof()
    brought = Terms(collateral=sample.files, measurements=sample.measurements)

    verdict = judged(proof, sample.kind, brought, at=at)

    refused_alone = sample.result().status is Status.CONTRAINDICATED
    assert refused_alone == (name in BAD_ALONE)
    assert (verdict.exit_code, failed(verdict)) == (6, ["evidence"])
    bound = {"tpm2": "the challenge in it is another"}
    assert bound.get(name, "the report data differs") in told(verdict, "evidence")


class _Vouching:
    """A prover with other evidence than its own."""

    def __init__(self, key: SigningKey, attester: Fixed) -> None:
        self.key, self.attester = key, attester


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
    assert judged(token_with(), Kind.TPM2, Terms(), at=AT).exit_code == 3
