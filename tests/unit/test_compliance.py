"""What a proof file says, how it is verified, and what its verdict is."""

import json
from dataclasses import replace

import pytest

from sealhold.compute.compliance import (
    MAX_OWN,
    MAX_PROOF,
    Answer,
    Conduct,
    build_proof,
    commitment,
    inputs_root,
    own_size,
)
from sealhold.compute.evidence import Software
from sealhold.compute.measuring import Measured
from sealhold.compute.proof_rules import SKEW, Policy
from sealhold.compute.task import task_digest
from sealhold.compute.verify import looks_like_proof, verify_files
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import InvalidError, InvalidManifestError
from sealhold.model.quantities import Instant
from sealhold.model.shown import Verdict
from tests.unit.sample_proof import LEFT, answer_to, conduct_of, failed
from tests.unit.sample_task import AUTHOR, signed_task

VAULT = SigningKey(Secret(b"v" * 32, "proof"))
LATER = Instant(LEFT + 1)
PINS = {"proof": [VAULT.public], "author": [AUTHOR.public]}


TASK = signed_task()
ANSWER = answer_to(TASK)
DEVICE = Software(SigningKey(Secret(b"d" * 32, "device")))
CONDUCT = conduct_of(DEVICE.claim, seeded(b"salts"))
PROOF = build_proof(TASK, ANSWER, CONDUCT, VAULT, DEVICE)


def verify(data: bytes, **more: Plain) -> Verdict:
    return verify_files([data], **{"pins": PINS, "at": LATER, **more})


def test_a_proof_holds_under_the_pinned_keys() -> None:
    verdict = verify(PROOF)

    assert verdict.exit_code == 0
    assert failed(verdict) == []


def test_a_proof_without_pinned_keys_holds_and_says_so() -> None:
    verdict = verify(PROOF, pins=None)

    assert verdict.exit_code == 0
    assert sum("key not pinned" in check.detail for check in verdict.checks) == 2


def test_a_reader_who_demands_pinned_keys_gets_less_than_that() -> None:
    verdict = verify(PROOF, pins=None, policy=Policy(pinned=True))

    assert verdict.exit_code == 3


def test_another_key_than_the_pinned_one_is_named() -> None:
    verdict = verify(PROOF, pins={"proof": [AUTHOR.public]})

    assert verdict.exit_code == 6
    assert failed(verdict) == ["proof key"]


def test_software_evidence_is_below_a_demand_for_hardware() -> None:
    verdict = verify(PROOF, policy=Policy(evidence="sgx"))

    assert verdict.exit_code == 3
    assert failed(verdict) == ["evidence"]


def test_language_only_isolation_is_below_a_demand_for_confinement() -> None:
    proof = build_proof(TASK, ANSWER, replace(CONDUCT, isolation="language-only"), VAULT, DEVICE)

    assert verify(proof).exit_code == 0
    assert verify(proof, policy=Policy(confined=True)).exit_code == 3


def test_an_answer_outside_the_permitted_ones_fails() -> None:
    proof = build_proof(TASK, replace(ANSWER, value=32), CONDUCT, VAULT, DEVICE)

    assert failed(verify(proof)) == ["value"]


def test_a_coarser_answer_is_one_of_the_kept_ones() -> None:
    coarser = replace(CONDUCT, coarsen=4)

    assert (
        verify(build_proof(TASK, replace(ANSWER, value=16), coarser, VAULT, DEVICE)).exit_code == 0
    )
    assert failed(verify(build_proof(TASK, ANSWER, coarser, VAULT, DEVICE))) == ["value"]


def test_an_answer_that_is_still_to_come_fails() -> None:
    assert failed(verify(PROOF, at=Instant(LEFT - SKEW - 1))) == ["time"]


def test_a_clock_that_is_a_little_late_is_no_fault() -> None:
    assert verify(PROOF, at=Instant(LEFT - SKEW)).exit_code == 0


def test_an_answer_from_after_the_tasks_end_fails() -> None:
    late = replace(ANSWER, slot_time=TASK.task.expires_at)
    proof = build_proof(TASK, late, CONDUCT, VAULT, DEVICE)

    assert failed(verify(proof, at=Instant(TASK.task.expires_at + 1))) == ["time"]


def test_an_answer_for_somebody_whom_the_task_does_not_name_fails() -> None:
    task = signed_task(output={"recipients": ["the employer"], "forms": ["dsse"]})
    answer = replace(ANSWER, task=task.task.digest)

    assert failed(verify(build_proof(task, answer, CONDUCT, VAULT, DEVICE))) == ["recipient"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (replace(ANSWER, task=task_digest(b"another")), InvalidError),
        (replace(ANSWER, param="other"), InvalidManifestError),
        (replace(ANSWER, selection="other"), InvalidManifestError),
        (replace(ANSWER, recipient=""), InvalidError),
        (replace(ANSWER, nonce="\n"), InvalidError),
    ],
)
def test_no_proof_is_made_of_an_answer_that_is_not_the_tasks(
    answer: Answer, error: type[Exception]
) -> None:
    with pytest.raises(error):
        build_proof(TASK, answer, CONDUCT, VAULT, DEVICE)


@pytest.mark.parametrize(
    "conduct",
    [
        replace(CONDUCT, terms=b"short"),
        replace(CONDUCT, runtime=Measured(name="monty 1.4.0", binary=b"short")),
        replace(CONDUCT, resources=(b"short",)),
        *(
            replace(CONDUCT, hidden=replace(CONDUCT.hidden, **{name: b"short"}))
            for name in ("account", "entry", "inputs", "provenance")
        ),
    ],
)
def test_no_proof_is_made_with_a_digest_of_another_length(conduct: Conduct) -> None:
    with pytest.raises(InvalidError):
        build_proof(TASK, ANSWER, conduct, VAULT, DEVICE)


def test_a_manifest_that_leaves_no_room_for_its_proof_is_refused() -> None:
    task = signed_task(params=[{"id": "standard", "value": "x" * MAX_PROOF}])

    with pytest.raises(InvalidError, match="at most 16384"):
        build_proof(task, replace(ANSWER, task=task.task.digest), CONDUCT, VAULT, DEVICE)


def test_a_commitment_hides_behind_a_full_salt_only() -> None:
    assert commitment(b"x", b"s" * 32) != commitment(b"x", b"t" * 32)
    with pytest.raises(InvalidError):
        commitment(b"x", b"s" * 31)


def test_the_root_of_inputs_does_not_know_their_order() -> None:
    digests = [sha256(bytes([n])) for n in range(5)]

    assert inputs_root(digests) == inputs_root(digests[::-1])


def test_the_statement_is_one_of_in_toto() -> None:
    file = json.loads(PROOF)

    statement = json.loads(dsse.read_unverified(to_json(file["proof"]))[1])
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "urn:sealhold:predicate:computation:2"
    assert statement["subject"][0]["digest"]["sha256"] == sha256(to_json(file["answer"])).hex()


def test_a_proof_is_small() -> None:
    assert own_size(PROOF) <= MAX_OWN
    assert len(PROOF) <= 8_192


@pytest.mark.parametrize("data", [b"", b"{}", b"hello", b"\x00" * 4000, b'{"answer":17}'])
def test_what_bears_no_mark_of_ours_is_no_proof(data: bytes) -> None:
    assert not looks_like_proof(data)
    assert verify(data).exit_code == 5


def test_no_file_at_all_is_no_proof() -> None:
    assert verify_files([], at=LATER).exit_code == 5


@pytest.mark.parametrize(
    ("files", "code"),
    [([PROOF, PROOF], 0), ([PROOF, b"hello"], 5), ([b"hello", PROOF[:-2]], 6)],
)
def test_of_several_files_the_worst_decides(files: list[bytes], code: int) -> None:
    assert verify_files(files, PINS, at=LATER).exit_code == code


def test_checks_of_several_files_are_told_apart() -> None:
    verdict = verify_files([PROOF, PROOF[:-1]], PINS, at=LATER)

    assert failed(verdict) == ["file 2, form"]
    assert verdict.sentence.startswith("2 files; of file 2:")


@pytest.mark.parametrize("length", [32, 100, 2000, len(PROOF) - 1])
def test_a_proof_that_is_cut_off_is_altered(length: int) -> None:
    assert verify(PROOF[:length]).exit_code == 6
