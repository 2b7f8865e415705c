"""A TPM in software, started here: what is extended is quoted, and what was not asked is refused.

swtpm and tpm2-tools are system packages; without them these tests are left out, and with CI=true
that is a failure.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from sealhold.compute.attest import tpmforms, tpmtools
from sealhold.compute.attest.activation import accept, challenge
from sealhold.compute.attest.appraising import appraise, satisfies
from sealhold.compute.attest.collateral import TpmCollateral, load
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.nonces import ReplayGuard
from sealhold.compute.attest.policy import Policy
from sealhold.compute.attest.spec import Bound, Evidence, ReferenceValues, Result, Status
from sealhold.compute.attest.tpmtools import TpmProducer
from sealhold.crypto import x509 as ours
from sealhold.crypto.digest import sha256
from sealhold.crypto.entropy import system_entropy
from sealhold.model.errors import (
    BadChainError,
    DeniedError,
    EvidenceUnavailableError,
    InvalidError,
)
from tests.conformance.evidence_made import (
    ATTRIBUTES,
    NOW,
    area_of,
    certify,
    curve_key,
    spki,
    tpm_chain,
    trusting,
)
from tests.scenarios.tpms import tpm_in_software, vendor

TASK = sha256(b"the program of a task")
OTHER = sha256(b"a program that slipped in")
BINDING = Bound(statement=b"a statement", session_key=b"s" * 32)
REGISTER = 10


@pytest.fixture(scope="module")
def tcti() -> Iterator[str]:
    with tpm_in_software() as found:
        yield found


@pytest.fixture(scope="module")
def producer(tcti: str, tmp_path_factory: pytest.TempPathFactory) -> TpmProducer:
    made = TpmProducer(tmp_path_factory.mktemp("keys"), [0, REGISTER], tcti)
    made.extend(TASK)
    return made


@pytest.fixture
def nonce() -> bytes:
    return ReplayGuard(lambda: NOW, system_entropy).draw()


def measurement(*digests: bytes) -> bytes:
    return tpmforms.composite({0: bytes(32), REGISTER: tpmforms.extended(digests)})


def judged(
    producer: TpmProducer,
    evidence: Evidence,
    nonce: bytes,
    *,
    expected: bytes = b"",
    collateral: TpmCollateral | None = None,
    policy: Policy | None = None,
) -> Result:
    found = load(Kind.TPM2, [producer.area])
    return appraise(
        evidence,
        nonce,
        ReferenceValues(
            binding=BINDING,
            asked_at=NOW,
            measurements=frozenset({expected or measurement(TASK)}),
        ),
        now=NOW,
        collateral=collateral or found,
        policy=policy or Policy(),
    )


def test_a_quote_of_the_task_verifies_and_is_told_as_software(
    producer: TpmProducer, nonce: bytes
) -> None:
    result = judged(producer, producer.produce(nonce, BINDING), nonce)

    assert result.reasons == ("no hardware vouches for this",)
    assert (result.status, result.hw_rooted, result.integrity) == (Status.WARNING, False, "sw")
    assert result.measurement == measurement(TASK)


def test_under_a_vendor_that_is_pinned_the_same_key_is_hardware(
    producer: TpmProducer, nonce: bytes
) -> None:
    chain = tpm_chain()
    key = tpmforms.read_area(producer.area).key
    bound = TpmCollateral(key=key, area=producer.area, chain=chain)

    result = judged(
        producer,
        producer.produce(nonce, BINDING),
        nonce,
        collateral=bound,
        policy=trusting(Kind.TPM2, chain[-1].der),
    )

    assert (result.status, result.reasons) == (Status.AFFIRMING, ())
    assert (result.hw_rooted, result.confidentiality) == (True, "glass")
    assert satisfies(result, Kind.TPM2)


@pytest.mark.parametrize("kind", ["ecc", "rsa"])
def test_a_key_activated_under_its_endorsement_key_is_hardware_from_then_on(
    tcti: str, tmp_path: Path, producer: TpmProducer, nonce: bytes, kind: Literal["ecc", "rsa"]
) -> None:
    del producer  # it has extended the register
    machine = TpmProducer(tmp_path, [0, REGISTER], tcti, endorsement=kind)
    chain = vendor(machine.endorsement)
    asked = challenge(machine.area, chain, {chain[-1].digest}, now=NOW, entropy=system_entropy)

    known = accept(asked, machine.activate(asked.blob))
    result = judged(
        machine,
        machine.produce(nonce, BINDING),
        nonce,
        collateral=known,
        policy=trusting(Kind.TPM2, chain[-1].der),
    )

    assert (result.status, result.hw_rooted) == (Status.AFFIRMING, True)


@pytest.mark.threat("T157")
def test_a_key_beside_another_endorsement_key_cannot_answer(producer: TpmProducer) -> None:
    chain = vendor(spki(curve_key("the EK of another TPM", 256)))
    asked = challenge(producer.area, chain, {chain[-1].digest}, now=NOW, entropy=system_entropy)

    with pytest.raises(EvidenceUnavailableError):
        producer.activate(asked.blob)
    for guess in (b"", bytes(32), asked.secret[:-1]):
        with pytest.raises(DeniedError):
            accept(asked, guess)


@pytest.mark.threat("T157")
def test_a_key_that_does_not_lie_beside_the_endorsement_key_cannot_answer(
    producer: TpmProducer,
) -> None:
    chain = vendor(producer.endorsement)
    foreign = area_of(curve_key("a key in software", 256))
    asked = challenge(foreign, chain, {chain[-1].digest}, now=NOW, entropy=system_entropy)

    with pytest.raises(EvidenceUnavailableError):
        producer.activate(asked.blob)


@pytest.mark.threat("T157")
def test_a_key_that_may_sign_anything_is_not_challenged(producer: TpmProducer) -> None:
    chain = vendor(producer.endorsement)
    loose = area_of(curve_key("ak", 256), ATTRIBUTES & ~(1 << 16))

    with pytest.raises(BadChainError):
        challenge(loose, chain, {chain[-1].digest}, now=NOW, entropy=system_entropy)
    with pytest.raises(BadChainError):
        challenge(producer.area, chain, set(), now=NOW, entropy=system_entropy)


@pytest.mark.threat("T157")
def test_a_vendor_that_is_not_pinned_makes_no_hardware(producer: TpmProducer, nonce: bytes) -> None:
    forged = certify("TPM Root", curve_key("forged"), "TPM Root", curve_key("forged"))
    chain = (tpm_chain()[0], ours.read_der(forged))
    key = tpmforms.read_area(producer.area).key
    bound = TpmCollateral(key=key, area=producer.area, chain=chain)

    result = judged(producer, producer.produce(nonce, BINDING), nonce, collateral=bound)

    assert (result.status, result.hw_rooted) == (Status.CONTRAINDICATED, False)


@pytest.mark.threat("T150")
def test_a_quote_under_another_nonce_is_refused(producer: TpmProducer, nonce: bytes) -> None:
    evidence = producer.produce(nonce, BINDING)
    other = bytes(32)
    claimed = replace(evidence, nonce=other, report_data=BINDING.report_data(other))

    for each in (evidence, claimed):
        assert judged(producer, each, other).status is Status.CONTRAINDICATED


@pytest.mark.threat("T157")
def test_a_register_that_was_extended_once_more_is_refused(
    tcti: str, tmp_path: Path, nonce: bytes
) -> None:
    tampered = TpmProducer(tmp_path, [23], tcti)
    tampered.extend(TASK)
    expected = tpmforms.composite({23: tpmforms.extended([TASK])})
    before = judged(tampered, tampered.produce(nonce, BINDING), nonce, expected=expected)
    tampered.extend(OTHER)

    after = judged(tampered, tampered.produce(nonce, BINDING), nonce, expected=expected)

    assert before.status is Status.WARNING
    assert (after.status, after.integrity) == (Status.CONTRAINDICATED, "none")
    assert "a program that is not known" in after.reasons
    assert after.measurement == tpmforms.composite({23: tpmforms.extended([TASK, OTHER])})


@pytest.mark.threat("T157")
def test_a_quote_by_another_key_of_the_same_tpm_is_refused(
    tcti: str, producer: TpmProducer, tmp_path: Path, nonce: bytes
) -> None:
    second = TpmProducer(tmp_path, [0, REGISTER], tcti)

    assert tpmforms.read_area(second.area).signs_quotes_only
    result = judged(producer, second.produce(nonce, BINDING), nonce)
    assert result.status is Status.CONTRAINDICATED


def test_a_tpm_that_does_not_answer_is_said_and_nothing_weaker_is_made(tmp_path: Path) -> None:
    if not tpmtools.is_available():
        pytest.skip("swtpm or tpm2-tools are not installed")

    with pytest.raises(EvidenceUnavailableError):
        TpmProducer(tmp_path, [REGISTER], f"swtpm:path={tmp_path}/none")


def test_without_the_programs_a_tpm_is_not_available(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(EvidenceUnavailableError):
        TpmProducer(tmp_path, [REGISTER])


@pytest.mark.parametrize("registers", [[], [24], [-1]])
def test_registers_that_there_are_not_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, registers: list[int]
) -> None:
    monkeypatch.setattr(tpmtools, "is_available", lambda: True)

    with pytest.raises(InvalidError):
        TpmProducer(tmp_path, registers)
