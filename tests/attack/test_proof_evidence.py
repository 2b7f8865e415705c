"""Attacks on the evidence in a proof: of every kind, each bound to the one answer or refused."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sealhold.compute.attest import eat
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.compliance import Conduct
from sealhold.compute.evidence import Occasion, Software, challenge_of, measurement_of
from sealhold.compute.proof_forms import open_statement, read_file
from sealhold.compute.vouching import Terms
from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.quantities import DAY, HOUR, MINUTE, Instant, Millis
from tests.attack.proofs_with_evidence import (
    HARDWARE,
    HIDING,
    IN_DEBUG,
    MAKE,
    Machine,
    by,
    evidence_in,
    judged,
    other_statement,
    proof_by,
    report,
    seed_of,
    some_occasion,
    terms,
    told,
    with_evidence,
)
from tests.conformance.evidence_made import NOW, intel
from tests.unit.sample_proof import failed, one, verify

FLIPS = 25  # positions of each piece of evidence


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
def test_a_software_token_of_another_nonce_statement_or_key_is_refused(
    bend: Callable[[Occasion], Occasion],
) -> None:
    class Elsewhere(Software):
        def evidence(self, occasion: Occasion) -> bytes:
            return super().evidence(bend(occasion))

    device = SigningKey(derive(Secret(seed_of(), "proof"), Tag.DEVICE))
    verdict = judged(proof_by(Elsewhere(device)), Kind.SW, Terms())

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
        return intel(Kind.SGX, report(at), status="SWHardeningNeeded")

    proof = proof_by(Machine(Kind.SGX, make))  # type: ignore[arg-type]  # reason: makes evidence
    document = make(some_occasion()).collateral.document  # type: ignore[attr-defined]  # reason: Intel's
    brought = terms(Kind.SGX, collateral=(document,))

    refused = judged(proof, Kind.SGX, brought)
    listed = replace(brought, states=frozenset({"SWHardeningNeeded"}))

    assert (refused.exit_code, failed(refused)) == (6, ["evidence"])
    assert judged(proof, Kind.SGX, listed).exit_code == 0
    sealed = judged(proof, Kind.SGX, listed, confidentiality="sealed")
    assert (sealed.exit_code, failed(sealed)) == (3, ["confidentiality"])
